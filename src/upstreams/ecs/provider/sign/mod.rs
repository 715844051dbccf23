//! Signatures: what they have in common, and one file for each provider's own.

pub mod acs3;
pub mod cos;
pub mod oss4;
pub mod sdk;
pub mod sigv4;
pub mod tc3;

use std::fmt::Write as _;

use super::call::Unsigned;
pub use crate::text::hex;
pub use crate::upstreams::hmac::{hmac_sha256, sha256_hex};

/// Percent-encodes all but RFC 3986's unreserved characters, which is what every provider signs.
pub fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The parameters as a query or a form: encoded, sorted by name, joined by `&`.
pub fn encode_parameters(parameters: &[(String, String)]) -> String {
    let mut pairs: Vec<_> =
        parameters.iter().map(|(name, value)| (percent_encode(name), percent_encode(value))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The request as it is hashed, and the names of the headers that go into it.
pub struct Canonical {
    pub text: String,
    pub signed_headers: String,
}

/// Method, path, query, headers, names of headers, hash of the body, one a line. `headers` are in lower case; they are
/// sorted here.
pub fn canonical(unsigned: &Unsigned, headers: &[(&'static str, String)]) -> Canonical {
    let mut headers: Vec<_> = headers.iter().collect();
    headers.sort_unstable_by_key(|(name, _)| *name);
    let lines = headers.iter().fold(String::new(), |mut lines, (name, value)| {
        let _ = writeln!(lines, "{name}:{}", value.trim());
        lines
    });
    let signed_headers = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let Unsigned { method, query, body, .. } = unsigned;
    let path = unsigned.signed_path.as_deref().unwrap_or(&unsigned.path);
    let hash = sha256_hex(body);
    Canonical { text: format!("{method}\n{path}\n{query}\n{lines}\n{signed_headers}\n{hash}"), signed_headers }
}

#[cfg(test)]
mod tests {
    use super::{encode_parameters, hmac_sha256, percent_encode, sha256_hex};

    #[test]
    fn only_unreserved_characters_stay_literal() {
        for (text, expected) in
            [("aZ9-_.~", "aZ9-_.~"), (" +*/=&", "%20%2B%2A%2F%3D%26"), ("名", "%E5%90%8D"), ("'()", "%27%28%29")]
        {
            assert_eq!(percent_encode(text), expected);
        }
    }

    #[test]
    fn parameters_are_sorted_by_their_encoded_names() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let parameters = [pair("InstanceId.2", "b"), pair("Z", "1"), pair("InstanceId.1", "a b"), pair("a", "")];
        assert_eq!(encode_parameters(&parameters), "InstanceId.1=a%20b&InstanceId.2=b&Z=1&a=");
    }

    /// Test case 2 of RFC 4231, and the digest of nothing.
    #[test]
    fn the_hashes_are_the_published_ones() {
        let mac = hmac_sha256(b"Jefe", "what do ya want for nothing?");
        assert_eq!(super::hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
