//! `TC3-HMAC-SHA256`, the third signature of Tencent Cloud.

use jiff::Timestamp;

use super::{Canonical, canonical, hex, hmac_sha256, sha256_hex};
use crate::upstreams::ecs::provider::call::{Credential, Headers, Unsigned};

const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// The headers to send beside `host` and the content type. The token and the region are sent but not signed.
pub fn sign(credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp) -> Headers {
    let timestamp = now.as_second().to_string();
    let date = now.strftime("%Y-%m-%d").to_string();
    let mut signed = vec![("host", host.to_owned()), ("x-tc-action", unsigned.action.to_lowercase())];
    if let Some(content_type) = unsigned.content_type {
        signed.push(("content-type", content_type.to_owned()));
    }
    let Canonical { text, signed_headers } = canonical(unsigned, &signed);
    let service = unsigned.service;
    let scope = format!("{date}/{service}/tc3_request");
    let to_sign = format!("{ALGORITHM}\n{timestamp}\n{scope}\n{}", sha256_hex(text));
    let first = format!("TC3{}", credential.secret.expose()).into_bytes();
    let key = [&date, service, "tc3_request"].into_iter().fold(first, |key, part| hmac_sha256(&key, part).to_vec());
    let signature = hex(&hmac_sha256(&key, &to_sign));
    let id = credential.id.expose();
    let mut sent = vec![
        ("x-tc-action", unsigned.action.to_owned()),
        ("x-tc-version", unsigned.version.to_owned()),
        ("x-tc-timestamp", timestamp),
        (
            "authorization",
            format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"),
        ),
    ];
    if !unsigned.region.is_empty() {
        sent.push(("x-tc-region", unsigned.region.clone()));
    }
    if let Some(token) = &credential.token {
        sent.push(("x-tc-token", token.expose().to_owned()));
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::sign;
    use crate::upstreams::ecs::provider::call::tests::{credential, header};
    use crate::upstreams::ecs::provider::call::{Headers, Unsigned};

    /// The vendor's published example.
    fn signed(host: &str, token: Option<&str>) -> Headers {
        let stars = "*".repeat(32);
        let unsigned = Unsigned {
            service: "cvm",
            action: "DescribeInstances",
            version: "2017-03-12",
            region: "ap-guangzhou".to_owned(),
            content_type: Some("application/json; charset=utf-8"),
            body: r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#
                .to_owned(),
            ..Unsigned::default()
        };
        let credential = credential(&format!("AKID{stars}"), &stars, token);
        sign(&credential, &unsigned, host, jiff::Timestamp::from_second(1_551_113_065).unwrap())
    }

    #[test]
    fn the_published_signature_comes_out() {
        let headers = signed("cvm.tencentcloudapi.com", None);
        assert_eq!(
            header(&headers, "authorization"),
            "TC3-HMAC-SHA256 Credential=AKID********************************/2019-02-25/cvm/tc3_request, \
             SignedHeaders=content-type;host;x-tc-action, \
             Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
        );
        assert_eq!(header(&headers, "x-tc-action"), "DescribeInstances");
        assert_eq!(header(&headers, "x-tc-version"), "2017-03-12");
        assert_eq!(header(&headers, "x-tc-timestamp"), "1551113065");
        assert_eq!(header(&headers, "x-tc-region"), "ap-guangzhou");
    }

    #[test]
    fn the_port_is_signed_and_the_token_is_sent() {
        let plain = signed("127.0.0.1", None);
        let with_port = signed("127.0.0.1:5000", Some("sts-5f1c77"));
        assert_ne!(header(&plain, "authorization"), header(&with_port, "authorization"));
        assert_eq!(header(&with_port, "x-tc-token"), "sts-5f1c77");
    }

    #[test]
    fn databases_and_caches_are_signed_as_the_vendors_package_signs_them() {
        for (service, body, signature) in [
            (
                "cdb",
                r#"{"Offset":0,"Limit":2000,"OrderBy":"instanceId","OrderDirection":"ASC"}"#,
                "7c7ec93cd1f62b6f24243b5c4a02a298a43f1fd6024226455803b4e1b7ee0c01",
            ),
            (
                "redis",
                r#"{"Limit":1000,"Offset":0,"OrderBy":"createtime","OrderType":0}"#,
                "d82f36eef071b0922c2d44b8c0fed8ac151853cbf81563c88aee24df2ae8a378",
            ),
        ] {
            let unsigned = Unsigned {
                service,
                action: if service == "cdb" { "DescribeDBInstances" } else { "DescribeInstances" },
                content_type: Some("application/json; charset=utf-8"),
                body: body.to_owned(),
                ..Unsigned::default()
            };
            let credential = credential("AKIDEXAMPLE", "ExampleTencentSecretKey000000000", None);
            let now = jiff::Timestamp::from_second(1_764_238_272).unwrap();
            let headers = sign(&credential, &unsigned, &format!("{service}.tencentcloudapi.com"), now);
            assert!(header(&headers, "authorization").ends_with(signature), "{service}");
        }
    }
}
