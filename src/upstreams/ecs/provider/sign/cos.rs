//! `q-sign-algorithm=sha1`, the signature of Tencent Cloud's object storage: SHA-1, for a span of time.

use jiff::Timestamp;

use super::hex;
use crate::upstreams::ecs::provider::call::{Credential, Headers, Unsigned};
use crate::upstreams::hmac::{hmac_sha1, sha1_hex};

/// The span begins before the request, for a clock that is a little ahead, and covers its waits.
const BEFORE_S: i64 = 60;
const AFTER_S: i64 = 600;

/// The headers to send beside `host`.
pub fn sign(credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp) -> Headers {
    let now = now.as_second();
    sign_for(&format!("{};{}", now - BEFORE_S, now + AFTER_S), credential, unsigned, host)
}

fn sign_for(span: &str, credential: &Credential, unsigned: &Unsigned, host: &str) -> Headers {
    let token = credential.token.as_ref().map(|token| ("x-cos-security-token", token.expose().to_owned()));
    let mut signed = vec![("host", host.to_owned())];
    signed.extend(token.clone());
    let headers: Vec<String> =
        signed.iter().map(|(name, value)| format!("{name}={}", super::percent_encode(value))).collect();
    let header_names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let pairs = unsigned.query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<(&str, &str)> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let parameters: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    // A bucket is in the host, or in the path that is sent.
    let is_in_path = unsigned.subdomain.as_ref().is_some_and(|bucket| !host.starts_with(&format!("{bucket}.")));
    let path = unsigned.signed_path.as_deref().filter(|_| is_in_path).unwrap_or(&unsigned.path);
    let method = unsigned.method.to_ascii_lowercase();
    let request = format!("{method}\n{path}\n{}\n{}\n", parameters.join("&"), headers.join("&"));
    let to_sign = format!("sha1\n{span}\n{}\n", sha1_hex(request));
    let key = hex(&hmac_sha1(credential.secret.expose().as_bytes(), span));
    let signature = hex(&hmac_sha1(key.as_bytes(), to_sign));
    let authorization = format!(
        "q-sign-algorithm=sha1&q-ak={}&q-sign-time={span}&q-key-time={span}&q-header-list={}&q-url-param-list={}\
         &q-signature={signature}",
        credential.id.expose(),
        header_names.join(";"),
        names.join(";"),
    );
    token.into_iter().chain([("authorization", authorization)]).collect()
}

#[cfg(test)]
mod tests {
    use super::sign_for;
    use crate::upstreams::ecs::provider::call::Unsigned;
    use crate::upstreams::ecs::provider::call::tests::{credential, header};

    /// Made by the vendor's package.
    #[test]
    fn the_signatures_of_the_vendors_package_come_out() {
        for (query, token, signature) in [
            ("", None, "dddb694747ef1a3b1209ff77829704f2b85ac7c5"),
            ("marker=&max-keys=2000", None, "25a0517d11245b6917433070c8dbea10bce35313"),
            ("marker=demo-1250000000&max-keys=2000", None, "d1d1af38e5545e477242e95f3d4804ea44c5eb29"),
            ("max-keys=2000", Some("tok/en=="), "33b486fdc53104e6740bb035f227af8c15eb7ae4"),
        ] {
            let unsigned = Unsigned { method: "GET", query: query.to_owned(), ..Unsigned::default() };
            let credential = credential("AKIDEXAMPLE0000000000000000000000", "ExampleCosSecretKey0000000000000", token);
            let headers = sign_for("1764238272;1764248332", &credential, &unsigned, "service.cos.myqcloud.com");
            let authorization = header(&headers, "authorization");
            assert!(authorization.ends_with(signature), "{query}: {authorization}");
            assert_eq!(header(&headers, "x-cos-security-token"), token.unwrap_or_default());
        }
    }
}
