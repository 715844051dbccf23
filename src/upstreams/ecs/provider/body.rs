//! Bodies of answers as values: JSON or XML, however they are labelled.

use serde_json::Value;

use super::xml;

/// A body of either kind; `None` where it is neither.
pub fn decode_any(body: &[u8]) -> Option<Value> {
    let body = without_bom(body).trim_ascii_start();
    match body.first()? {
        b'<' => xml::decode(body).ok().map(|(_, document)| document),
        _ => serde_json::from_slice(body).ok(),
    }
}

pub fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}
