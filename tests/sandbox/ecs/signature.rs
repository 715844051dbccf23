//! What both clouds compute to verify a signature.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use super::request::ApiRequest;

/// `name=value` behind the algorithm's name in `Authorization`.
pub fn part<'a>(authorization: &'a str, name: &str) -> &'a str {
    let parts = authorization.split_once(' ').map_or("", |(_, parts)| parts);
    let found = parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_default()
}

/// The instant that `20251127T101112Z` names.
pub fn compact_time(text: &str) -> Option<i64> {
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The canonical request, over the headers the request says it signed.
pub fn canonical(request: &ApiRequest<'_>, signed: &str) -> String {
    canonical_of(request.uri.path(), request, signed)
}

/// The same, of another path than the one that was sent.
pub fn canonical_of(path: &str, request: &ApiRequest<'_>, signed: &str) -> String {
    let mut pairs: Vec<&str> = request.query().split('&').collect();
    // By name: `InstanceId.1` comes before `InstanceId.10`, whatever their values.
    pairs.sort_unstable_by_key(|pair| pair.split_once('='));
    let headers = signed.split(';').fold(String::new(), |headers, name| {
        let value = request.header(name).trim();
        // One provider signs this one's value in lower case.
        let value = if name == "x-tc-action" { value.to_lowercase() } else { value.to_owned() };
        headers + name + ":" + &value + "\n"
    });
    let (method, query) = (request.method, pairs.join("&"));
    format!("{method}\n{path}\n{query}\n{headers}\n{signed}\n{}", sha256(request.body))
}

pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

pub fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub fn sha1(bytes: impl AsRef<[u8]>) -> String {
    sha1_smol::Sha1::from(bytes).digest().to_string()
}

/// HMAC-SHA1, in hexadecimal; for keys that fit into a block.
pub fn hmac_sha1(key: &str, message: &str) -> String {
    let block: Vec<u8> = key.bytes().chain(std::iter::repeat(0)).take(64).collect();
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = sha1_smol::Sha1::from([padded(0x36), message.into()].concat()).digest().bytes();
    sha1([padded(0x5c), inner.to_vec()].concat())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes everything");
        text
    })
}
