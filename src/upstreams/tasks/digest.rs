//! A digest of a JSON object that key order and white space do not change.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::Xxh3;

/// 128 bits: what a row's content comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of an object's content.
    pub fn of(members: &Map<String, Value>) -> Self {
        let mut hasher = Xxh3::new();
        feed_members(&mut hasher, members);
        Self(hasher.digest128().to_be_bytes())
    }

    /// A stored digest; `None` where the bytes are none.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Every value begins with its kind and every text with its length, so that no two values feed the same bytes.
fn feed(hasher: &mut Xxh3, value: &Value) {
    match value {
        Value::Null => hasher.update(b"z"),
        Value::Bool(true) => hasher.update(b"t"),
        Value::Bool(false) => hasher.update(b"f"),
        Value::Number(number) => feed_text(hasher, b"n", &number.to_string()),
        Value::String(text) => feed_text(hasher, b"s", text),
        Value::Array(items) => {
            hasher.update(b"a");
            hasher.update(&items.len().to_be_bytes());
            for item in items {
                feed(hasher, item);
            }
        }
        Value::Object(members) => feed_members(hasher, members),
    }
}

fn feed_members(hasher: &mut Xxh3, members: &Map<String, Value>) {
    hasher.update(b"o");
    hasher.update(&members.len().to_be_bytes());
    // The map keeps its members in the order of their keys.
    for (key, member) in members {
        feed_text(hasher, b"k", key);
        feed(hasher, member);
    }
}

fn feed_text(hasher: &mut Xxh3, kind: &[u8], text: &str) {
    hasher.update(kind);
    hasher.update(&text.len().to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::Digest;

    fn check(one: &str, other: &str, equal: bool) {
        let digest = |text: &str| Digest::of(&serde_json::from_str(text).unwrap());
        assert_eq!(digest(one) == digest(other), equal, "{one} {other}");
    }

    #[test]
    fn only_content_counts() {
        check(r#"{"a":1,"b":[true,null]}"#, r#"{ "b": [true, null], "a": 1 }"#, true);
        check(r#"{"a":1}"#, r#"{"a":"1"}"#, false);
        check(r#"{"a":1}"#, r#"{"a":2}"#, false);
        check(r#"{"a":[[1],2]}"#, r#"{"a":[[1,2]]}"#, false);
        check(r#"{"a":["ab","c"]}"#, r#"{"a":["a","bc"]}"#, false);
        check(r#"{"a":{"b":1},"c":2}"#, r#"{"a":{"b":1,"c":2}}"#, false);
    }

    #[test]
    fn a_stored_digest_comes_back() {
        let digest = Digest::of(&serde_json::Map::new());
        assert_eq!(Digest::from_stored(digest.as_bytes()), Some(digest));
        assert_eq!(Digest::from_stored(b"short"), None);
    }
}
