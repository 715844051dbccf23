//! `AWS4-HMAC-SHA256`, signature version 4 of AWS.

use jiff::Timestamp;

use super::{Canonical, canonical, hex, hmac_sha256, sha256_hex};
use crate::upstreams::ecs::provider::call::{Credential, Headers, Unsigned};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The headers to send beside `host` and the content type. The scope names the call's region and service, whatever the
/// host is.
pub fn sign(credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, _nonce: &str) -> Headers {
    let at = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = now.strftime("%Y%m%d").to_string();
    let mut sent = vec![("x-amz-date", at.clone())];
    if let Some(token) = &credential.token {
        sent.push(("x-amz-security-token", token.expose().to_owned()));
    }
    let mut signed = sent.clone();
    signed.push(("host", host.to_owned()));
    if let Some(content_type) = unsigned.content_type {
        signed.push(("content-type", content_type.to_owned()));
    }
    let Canonical { text, signed_headers } = canonical(unsigned, &signed);
    let Unsigned { region, service, .. } = unsigned;
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = format!("{ALGORITHM}\n{at}\n{scope}\n{}", sha256_hex(text));
    let first = format!("AWS4{}", credential.secret.expose()).into_bytes();
    let key = [&date, region.as_str(), service, "aws4_request"]
        .into_iter()
        .fold(first, |key, part| hmac_sha256(&key, part).to_vec());
    let signature = hex(&hmac_sha256(&key, &to_sign));
    let id = credential.id.expose();
    let authorization =
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}");
    sent.push(("authorization", authorization));
    sent
}

#[cfg(test)]
mod tests {
    use super::sign;
    use crate::upstreams::ecs::provider::call::Unsigned;
    use crate::upstreams::ecs::provider::call::tests::{credential, header};

    /// The form of a listing, as it is sent.
    fn describe_instances() -> Unsigned {
        Unsigned {
            service: "ec2",
            region: "us-east-1".to_owned(),
            content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
            body: "Action=DescribeInstances&MaxResults=1000&Version=2016-11-15".to_owned(),
            ..Unsigned::default()
        }
    }

    fn check(unsigned: &Unsigned, host: &str, token: Option<&str>, expected: &str) {
        let credential = credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token);
        let headers = sign(&credential, unsigned, host, "2015-08-30T12:36:00Z".parse().unwrap(), "");
        assert_eq!(header(&headers, "authorization"), expected);
        assert_eq!(header(&headers, "x-amz-date"), "20150830T123600Z");
    }

    #[test]
    fn the_published_signature_of_an_empty_request_comes_out() {
        let unsigned = Unsigned {
            method: "GET",
            body: String::new(),
            content_type: None,
            service: "service",
            ..describe_instances()
        };
        check(
            &unsigned,
            "example.amazonaws.com",
            None,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
    }

    #[test]
    fn the_published_signature_of_a_form_comes_out() {
        check(
            &describe_instances(),
            "ec2.us-east-1.amazonaws.com",
            None,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ec2/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=7693147772343bb005f353c6af4f3d66c27e9039ea9c26425553dabbe83facc6",
        );
    }

    #[test]
    fn port_and_token_are_signed() {
        let credential = credential("AKIDEXAMPLE", "key-5f1c77", Some("sts-5f1c77"));
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let with_port = sign(&credential, &describe_instances(), "127.0.0.1:5000", now, "");
        let without = sign(&credential, &describe_instances(), "127.0.0.1", now, "");
        assert_eq!(header(&with_port, "x-amz-security-token"), "sts-5f1c77");
        assert!(header(&with_port, "authorization").contains("host;x-amz-date;x-amz-security-token,"));
        assert_ne!(header(&with_port, "authorization"), header(&without, "authorization"));
    }
}
