//! `OSS4-HMAC-SHA256`, the signature of Alibaba Cloud's object storage. The host is no part of it.

use jiff::Timestamp;

use super::{hex, hmac_sha256, sha256_hex};
use crate::upstreams::ecs::provider::call::{Credential, Headers, Unsigned};

const ALGORITHM: &str = "OSS4-HMAC-SHA256";
const END: &str = "aliyun_v4_request";
/// No body is sent, and none is signed.
const PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The headers to send beside `host`.
pub fn sign(credential: &Credential, unsigned: &Unsigned, now: Timestamp) -> Headers {
    let at = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = now.strftime("%Y%m%d").to_string();
    let mut headers = vec![("x-oss-content-sha256", PAYLOAD.to_owned()), ("x-oss-date", at.clone())];
    if let Some(token) = &credential.token {
        headers.push(("x-oss-security-token", token.expose().to_owned()));
    }
    let lines: String = headers.iter().flat_map(|(name, value)| [*name, ":", value.as_str(), "\n"]).collect();
    let Unsigned { method, query, region, .. } = unsigned;
    let path = unsigned.signed_path.as_deref().unwrap_or(&unsigned.path);
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n\n{PAYLOAD}");
    let scope = format!("{date}/{region}/oss/{END}");
    let to_sign = format!("{ALGORITHM}\n{at}\n{scope}\n{}", sha256_hex(canonical));
    let first = format!("aliyun_v4{}", credential.secret.expose()).into_bytes();
    let key =
        [&date, region.as_str(), "oss", END].into_iter().fold(first, |key, part| hmac_sha256(&key, part).to_vec());
    let signature = hex(&hmac_sha256(&key, &to_sign));
    let id = credential.id.expose();
    headers.push(("authorization", format!("{ALGORITHM} Credential={id}/{scope},Signature={signature}")));
    headers
}

#[cfg(test)]
mod tests {
    use super::sign;
    use crate::upstreams::ecs::provider::call::Unsigned;
    use crate::upstreams::ecs::provider::call::tests::{credential, header};

    /// Made by the vendor's package.
    #[test]
    fn the_signatures_of_the_vendors_package_come_out() {
        for (region, path, query, token, signature) in [
            (
                "cn-hangzhou",
                None,
                "max-keys=1000",
                None,
                "2c26a58cf2adbbf9e6e220fc904114e90924dd5bbeb38f11ecd9c54f7b01d91e",
            ),
            (
                "cn-hangzhou",
                None,
                "marker=demo-bucket&max-keys=1000",
                None,
                "35c53106d1a2473196e5993f4e23a56159ef7408037c8c63742431bf6225f8b3",
            ),
            (
                "cn-hangzhou",
                None,
                "max-keys=1000",
                Some("CAISexample=="),
                "c84b7a7d338ce48ca52ab50e1e95d59aff8ddb9a0a0efec9b3670f7969f8f35c",
            ),
            (
                "cn-beijing",
                Some("/demo-bucket/"),
                "bucketInfo",
                None,
                "6dad1880000e63b0e54611252e0c4c28cf2c03f492279bf20a0cc65a211395a5",
            ),
            (
                "cn-beijing",
                Some("/demo-bucket/"),
                "tagging",
                None,
                "f8898e50ad3abdf3a09a2559bda1258a56a96e20dcf48bce86b6b4311f83ca60",
            ),
        ] {
            let unsigned = Unsigned {
                method: "GET",
                region: region.to_owned(),
                query: query.to_owned(),
                signed_path: path.map(str::to_owned),
                ..Unsigned::default()
            };
            let credential = credential("LTAI5tExampleKeyId", "ExampleSecretForTests000000001", token);
            let headers = sign(&credential, &unsigned, "2025-11-27T10:11:12Z".parse().unwrap());
            let authorization = header(&headers, "authorization");
            assert!(authorization.ends_with(signature), "{query}: {authorization}");
        }
    }
}
