//! `ACS3-HMAC-SHA256`, the third signature of Alibaba Cloud.
//!
//! Every `x-acs-` header that is sent has to be signed, and the nonce is accepted once: a retry is signed afresh.

use jiff::Timestamp;

use super::{Canonical, canonical, hex, hmac_sha256, sha256_hex};
use crate::upstreams::ecs::provider::call::{Credential, Headers, Unsigned};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The headers to send beside `host`.
pub fn sign(credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, nonce: &str) -> Headers {
    let mut headers = vec![
        ("host", host.to_owned()),
        ("x-acs-action", unsigned.action.to_owned()),
        ("x-acs-content-sha256", sha256_hex(&unsigned.body)),
        ("x-acs-date", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("x-acs-signature-nonce", nonce.to_owned()),
        ("x-acs-version", unsigned.version.to_owned()),
    ];
    if let Some(token) = &credential.token {
        headers.push(("x-acs-security-token", token.expose().to_owned()));
    }
    let Canonical { text, signed_headers } = canonical(unsigned, &headers);
    let to_sign = format!("{ALGORITHM}\n{}", sha256_hex(text));
    let signature = hex(&hmac_sha256(credential.secret.expose().as_bytes(), &to_sign));
    let id = credential.id.expose();
    let authorization = format!("{ALGORITHM} Credential={id},SignedHeaders={signed_headers},Signature={signature}");
    headers.retain(|(name, _)| *name != "host");
    headers.push(("authorization", authorization));
    headers
}

#[cfg(test)]
mod tests {
    use super::{canonical, sha256_hex, sign};
    use crate::upstreams::ecs::provider::call::tests::{credential, header};
    use crate::upstreams::ecs::provider::call::{Headers, Unsigned};
    use crate::upstreams::ecs::provider::sign::encode_parameters;

    const HOST: &str = "ecs.cn-shanghai.aliyuncs.com";

    /// The vendor's published example.
    fn run_instances() -> Unsigned {
        let query = encode_parameters(&[
            ("RegionId".to_owned(), "cn-shanghai".to_owned()),
            ("ImageId".to_owned(), "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd".to_owned()),
        ]);
        Unsigned { action: "RunInstances", version: "2014-05-26", query, ..Unsigned::default() }
    }

    fn signed(host: &str, date: &str, nonce: &str, token: Option<&str>) -> Headers {
        let credential = credential("YourAccessKeyId", "YourAccessKeySecret", token);
        sign(&credential, &run_instances(), host, date.parse().unwrap(), nonce)
    }

    #[test]
    fn the_published_signatures_come_out() {
        for (date, nonce, expected) in [
            (
                "2023-10-26T10:22:32Z",
                "3156853299f313e23d1673dc12e1703d",
                "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
            ),
            (
                "2023-10-26T09:01:01Z",
                "d410180a5abf7fe235dd9b74aca91fc0",
                "e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804",
            ),
        ] {
            assert_eq!(
                header(&signed(HOST, date, nonce, None), "authorization"),
                format!(
                    "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;\
                     x-acs-date;x-acs-signature-nonce;x-acs-version,Signature={expected}"
                )
            );
        }
    }

    #[test]
    fn the_published_canonical_request_comes_out() {
        let mut headers = signed(HOST, "2023-10-26T10:22:32Z", "3156853299f313e23d1673dc12e1703d", None);
        headers.retain(|(name, _)| *name != "authorization");
        headers.push(("host", HOST.to_owned()));
        assert_eq!(
            sha256_hex(canonical(&run_instances(), &headers).text),
            "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
        );
    }

    #[test]
    fn host_port_nonce_date_and_token_are_all_signed() {
        let date = "2023-10-26T10:22:32Z";
        let base = signed("127.0.0.1:5000", date, "a", None);
        for other in [
            signed("127.0.0.1", date, "a", None),
            signed("127.0.0.1:5000", date, "b", None),
            signed("127.0.0.1:5000", "2023-10-26T10:22:33Z", "a", None),
        ] {
            assert_ne!(header(&base, "authorization"), header(&other, "authorization"));
        }
        let with_token = signed("127.0.0.1:5000", date, "a", Some("sts-5f1c77"));
        assert_eq!(header(&with_token, "x-acs-security-token"), "sts-5f1c77");
        assert!(header(&with_token, "authorization").contains("x-acs-date;x-acs-security-token;x-acs-signature-nonce"));
    }
}
