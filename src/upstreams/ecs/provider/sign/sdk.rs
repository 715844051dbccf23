//! `SDK-HMAC-SHA256`, the signature of Huawei Cloud.

use jiff::Timestamp;

use super::{Canonical, canonical, hex, hmac_sha256, sha256_hex};
use crate::upstreams::ecs::provider::call::{Credential, Headers, Unsigned};

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// The headers to send beside `host` and the content type. The path is signed with a slash at its end, which is not sent.
pub fn sign(credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp) -> Headers {
    let at = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut sent = vec![("x-sdk-date", at.clone())];
    if let Some(token) = &credential.token {
        sent.push(("x-security-token", token.expose().to_owned()));
    }
    let mut signed = sent.clone();
    signed.push(("host", host.to_owned()));
    if let Some(content_type) = unsigned.content_type {
        signed.push(("content-type", content_type.to_owned()));
    }
    let signed_path = Some(format!("{}/", unsigned.path.trim_end_matches('/')));
    let Canonical { text, signed_headers } = canonical(&Unsigned { signed_path, ..unsigned.clone() }, &signed);
    let to_sign = format!("{ALGORITHM}\n{at}\n{}", sha256_hex(text));
    let signature = hex(&hmac_sha256(credential.secret.expose().as_bytes(), &to_sign));
    let id = credential.id.expose();
    sent.push((
        "authorization",
        format!("{ALGORITHM} Access={id}, SignedHeaders={signed_headers}, Signature={signature}"),
    ));
    sent
}

#[cfg(test)]
mod tests {
    use super::sign;
    use crate::upstreams::ecs::provider::call::Unsigned;
    use crate::upstreams::ecs::provider::call::tests::{credential, header};
    use crate::upstreams::ecs::provider::sign::encode_parameters;

    /// A request of the vendor's package: host, path, parameters, token, and its signature.
    fn check(host: &str, path: &str, parameters: &[(&str, &str)], token: Option<&str>, names: &str, signature: &str) {
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let query = encode_parameters(&parameters);
        let unsigned = Unsigned { method: "GET", path: path.to_owned().into(), query, ..Unsigned::default() };
        let credential = credential("AKEXAMPLE0000000HWC1", "SKexampleSecretKeyForTests0000000000001", token);
        let headers = sign(&credential, &unsigned, host, "2025-11-27T10:11:12Z".parse().unwrap());
        assert_eq!(
            header(&headers, "authorization"),
            format!("SDK-HMAC-SHA256 Access=AKEXAMPLE0000000HWC1, SignedHeaders={names}, Signature={signature}")
        );
        assert_eq!(header(&headers, "x-sdk-date"), "20251127T101112Z");
        assert_eq!(header(&headers, "x-security-token"), token.unwrap_or_default());
    }

    #[test]
    fn the_signatures_of_the_vendors_package_come_out() {
        let ecs = "ecs.cn-north-4.myhuaweicloud.com";
        check(
            ecs,
            "/v1/0a1b2c3d4e5f60718293a4b5c6d7e8f9/cloudservers/detail",
            &[("limit", "1000")],
            None,
            "host;x-sdk-date",
            "a9998ec6062b060dd02b1fc765626ebfe397d1e9ca6345c22e5c5748528c5137",
        );
        check(
            "iam.myhuaweicloud.com",
            "/v3/projects",
            &[("name", "cn-north-4")],
            None,
            "host;x-sdk-date",
            "fe6e971e4e827b5961bbcb5c584237d40ace47776198c975b17f4f68496b2180",
        );
        check(
            "127.0.0.1:9443",
            "/v3/regions",
            &[],
            Some("ggpjb24tbm9ydGgtNEi="),
            "host;x-sdk-date;x-security-token",
            "622d016b2ad14a08083901ec923e778ef38f7de6a7293f0c2551de78430aee5c",
        );
        check(
            ecs,
            "/v1/p/cloudservers/detail",
            &[("name", "a b~c*"), ("limit", "2"), ("tags", "env=测试")],
            None,
            "host;x-sdk-date",
            "ae1c559dbb719f2c7064d91ec68a9c70ec8476252dc3a6f956216bd47e64d7c8",
        );
    }

    /// The vendor's published example.
    #[test]
    fn the_published_signature_with_a_content_type_comes_out() {
        let unsigned = Unsigned {
            method: "GET",
            path: "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs".into(),
            query: "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0".to_owned(),
            content_type: Some("application/json"),
            ..Unsigned::default()
        };
        let credential = credential("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc", None);
        let headers =
            sign(&credential, &unsigned, "service.region.example.com", "2019-11-15T03:36:55Z".parse().unwrap());
        let authorization = header(&headers, "authorization");
        let expected = "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe";
        assert!(authorization.ends_with(expected), "{authorization}");
    }
}
