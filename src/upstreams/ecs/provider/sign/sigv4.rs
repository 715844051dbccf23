//! `AWS4-HMAC-SHA256`, signature version 4 of AWS, and `HMAC-SHA256`, which Volcengine made of it.

use jiff::Timestamp;

use super::{Canonical, canonical, hex, hmac_sha256, sha256_hex};
use crate::upstreams::ecs::provider::call::{Credential, Headers, Unsigned};

/// The words in which the two differ.
struct Scheme {
    algorithm: &'static str,
    /// Before the secret, for the first key.
    prefix: &'static str,
    /// What the scope ends with.
    end: &'static str,
    date: &'static str,
    token: &'static str,
    hash: &'static str,
}

const AWS: Scheme = Scheme {
    algorithm: "AWS4-HMAC-SHA256",
    prefix: "AWS4",
    end: "aws4_request",
    date: "x-amz-date",
    token: "x-amz-security-token",
    hash: "x-amz-content-sha256",
};

const VOLCENGINE: Scheme = Scheme {
    algorithm: "HMAC-SHA256",
    prefix: "",
    end: "request",
    date: "x-date",
    token: "x-security-token",
    hash: "x-content-sha256",
};

/// The headers to send beside `host` and the content type. The scope names the call's region and service, whatever the
/// host is. Of AWS's services only S3 needs the hash of the body in a header.
pub fn sign(credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp) -> Headers {
    sign_by(&AWS, unsigned.service == "s3", credential, unsigned, host, now)
}

/// The same for Volcengine, which needs that hash always.
pub fn sign_volcengine(credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp) -> Headers {
    sign_by(&VOLCENGINE, true, credential, unsigned, host, now)
}

fn sign_by(
    scheme: &Scheme,
    is_hash_sent: bool,
    credential: &Credential,
    unsigned: &Unsigned,
    host: &str,
    now: Timestamp,
) -> Headers {
    let Scheme { algorithm, prefix, end, .. } = scheme;
    let at = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = now.strftime("%Y%m%d").to_string();
    let mut sent = vec![(scheme.date, at.clone())];
    if is_hash_sent {
        sent.push((scheme.hash, sha256_hex(&unsigned.body)));
    }
    if let Some(token) = &credential.token {
        sent.push((scheme.token, token.expose().to_owned()));
    }
    sent.extend(unsigned.target.map(|target| ("x-amz-target", target.to_owned())));
    let mut signed = sent.clone();
    signed.push(("host", host.to_owned()));
    if let Some(content_type) = unsigned.content_type {
        signed.push(("content-type", content_type.to_owned()));
    }
    let Canonical { text, signed_headers } = canonical(unsigned, &signed);
    let Unsigned { region, service, .. } = unsigned;
    let scope = format!("{date}/{region}/{service}/{end}");
    let to_sign = format!("{algorithm}\n{at}\n{scope}\n{}", sha256_hex(text));
    let first = format!("{prefix}{}", credential.secret.expose()).into_bytes();
    let key =
        [&date, region.as_str(), service, end].into_iter().fold(first, |key, part| hmac_sha256(&key, part).to_vec());
    let signature = hex(&hmac_sha256(&key, &to_sign));
    let id = credential.id.expose();
    let authorization =
        format!("{algorithm} Credential={id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}");
    sent.push(("authorization", authorization));
    sent
}

#[cfg(test)]
mod tests {
    use super::{sign, sign_volcengine};
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
        let headers = sign(&credential, unsigned, host, "2015-08-30T12:36:00Z".parse().unwrap());
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
        let with_port = sign(&credential, &describe_instances(), "127.0.0.1:5000", now);
        let without = sign(&credential, &describe_instances(), "127.0.0.1", now);
        assert_eq!(header(&with_port, "x-amz-security-token"), "sts-5f1c77");
        assert!(header(&with_port, "authorization").contains("host;x-amz-date;x-amz-security-token,"));
        assert_ne!(header(&with_port, "authorization"), header(&without, "authorization"));
    }

    /// Made by the vendor's package.
    fn at() -> jiff::Timestamp {
        "2025-11-27T10:11:12Z".parse().unwrap()
    }

    #[test]
    fn s3_gets_the_hash_of_the_body_in_a_signed_header() {
        for (query, signature) in [
            ("max-buckets=1000", "3b872d55b939288315be69a902c926c6088429f81327472175d80dca08d3251a"),
            (
                "continuation-token=eyJNYXJrZXIiOiBudWxsfQ%3D%3D&max-buckets=1000",
                "08e5153eb4ed7a6e5cd5567e054b20186e3b5780e7b7d62296edb64267428b91",
            ),
        ] {
            let unsigned = Unsigned {
                method: "GET",
                service: "s3",
                region: "us-east-1".to_owned(),
                query: query.to_owned(),
                ..Unsigned::default()
            };
            let credential = credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
            let headers = sign(&credential, &unsigned, "s3.us-east-1.amazonaws.com", at());
            assert_eq!(
                header(&headers, "authorization"),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251127/us-east-1/s3/aws4_request, \
                     SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"
                )
            );
        }
    }

    #[test]
    fn forms_of_other_services_are_signed_as_the_vendors_package_signs_them() {
        for (service, body, signature) in [
            (
                "rds",
                "Action=DescribeDBInstances&MaxRecords=100&Version=2014-10-31",
                "6139bde360893e855fd72e2b430d9f8e0ba53765d821f1b377d04f48afa3eb25",
            ),
            (
                "elasticache",
                "Action=DescribeReplicationGroups&MaxRecords=100&Version=2015-02-02",
                "d270485fd43ae9d8237aa48669d7eafa78b6f0a5a08523f9797eb4f3d440309a",
            ),
            (
                "elasticache",
                "Action=DescribeCacheClusters&MaxRecords=100&ShowCacheNodeInfo=true&Version=2015-02-02",
                "b1d25e5c6dc506a4b3d367afc109464b68f54cb8bf443c8a011e1a85b40c74d9",
            ),
        ] {
            let unsigned = Unsigned { service, body: body.to_owned(), ..describe_instances() };
            let credential = credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
            let host = format!("{service}.us-east-1.amazonaws.com");
            let headers = sign(&credential, &unsigned, &host, at());
            assert!(header(&headers, "authorization").ends_with(signature), "{body}");
        }
    }

    #[test]
    fn volcengines_signatures_come_out_as_its_package_makes_them() {
        let beijing = "ecs.cn-beijing.volcengineapi.com";
        for (host, region, service, query, token, signature) in [
            (
                beijing,
                "cn-beijing",
                "ecs",
                "Action=DescribeInstances&MaxResults=100&NextToken=aGVsbG8%2Bd29ybGQ%2FPQ%3D%3D&Version=2020-04-01",
                None,
                "7c2707ff72e4565160e9c0bd17733245c43067ec6adea52d7b093942ad21ebab",
            ),
            (
                beijing,
                "cn-beijing",
                "ecs",
                "Action=DescribeRegions&MaxResults=100&Version=2020-04-01",
                Some("STSabc.def/ghi=="),
                "6a2db045a784f03dcf852ee2960f720ecb99283b4ab0d3e1e4b852440a4997d2",
            ),
            (
                "127.0.0.1:9443",
                "cn-shanghai",
                "ecs",
                "Action=DescribeInstances&InstanceIds.1=i-abc&InstanceIds.2=i-def&MaxResults=100&Version=2020-04-01",
                None,
                "72f9cfc711ad70faeda231dd7997dcc1c4c52dfa915887caef18ecc975bf2a99",
            ),
            (
                "storage-ebs.cn-beijing.volcengineapi.com",
                "cn-beijing",
                "storage_ebs",
                "Action=DescribeVolumes&Kind=data&PageNumber=1&PageSize=100&Version=2020-04-01",
                None,
                "d966ea0583241f3d486e98adeb24ed77f233e35f23c1712c893cf328658a718f",
            ),
        ] {
            let unsigned = Unsigned {
                method: "GET",
                service,
                region: region.to_owned(),
                query: query.to_owned(),
                ..Unsigned::default()
            };
            let credential = credential("AKLTEXAMPLE", "c2VjcmV0LWtleS1mb3ItdGVzdHM=", token);
            let authorization = sign_volcengine(&credential, &unsigned, host, at());
            let token = token.map_or("", |_| ";x-security-token");
            assert_eq!(
                header(&authorization, "authorization"),
                format!(
                    "HMAC-SHA256 Credential=AKLTEXAMPLE/20251127/{region}/{service}/request, \
                     SignedHeaders=host;x-content-sha256;x-date{token}, Signature={signature}"
                )
            );
        }
    }
}
