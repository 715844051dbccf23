//! Digests of rows as upstreams send them: of their bytes, and of their meaning.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::{Xxh3, xxh3_128, xxh3_128_with_seed};

/// 128 bits: over billions of rows, two different ones meet less often than disks lie.
pub type Digest = u128;

/// The digest of a row as it came. Equal bytes need no parsing; `seed` is of the settings a stored row depends on.
pub fn of_bytes(row: &[u8], seed: u64) -> Digest {
    xxh3_128_with_seed(row, seed)
}

/// The digest of what a JSON value means: the order of keys, white space and the way strings are escaped do not matter;
/// numbers count as written, so that no precision is lost.
pub fn of_meaning(json: &str) -> Result<Digest, serde_json::Error> {
    of_nested(json, MAX_DEPTH)
}

/// Whether two JSON values mean the same; what is no JSON means nothing.
pub fn is_same_meaning(one: &str, other: &str) -> bool {
    matches!((of_meaning(one), of_meaning(other)), (Ok(one), Ok(other)) if one == other)
}

/// How deeply values may be nested; the rows of all upstreams are nearly flat.
pub const MAX_DEPTH: usize = 64;

/// One level less, or the error that ends a recursion into too deep a value.
pub fn deeper(levels: usize) -> Result<usize, serde_json::Error> {
    levels.checked_sub(1).ok_or_else(|| serde::de::Error::custom(format!("nested more than {MAX_DEPTH} levels deep")))
}

/// What is stored of a digest.
pub const fn stored(digest: Digest) -> [u8; 16] {
    digest.to_le_bytes()
}

/// A stored digest; `None` where the bytes are none.
pub fn from_stored(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok().map(Digest::from_le_bytes)
}

/// What one member adds to the digest of its object. The object's digest is the sum, so their order does not matter.
fn of_member(key: &str, value: Digest) -> Digest {
    let mut hash = Xxh3::with_seed(1);
    hash.update(key.as_bytes());
    hash.update(&value.to_le_bytes());
    hash.digest128()
}

fn of_nested(json: &str, levels: usize) -> Result<Digest, serde_json::Error> {
    match json.as_bytes().first() {
        Some(b'{') => {
            let members: Members<'_> = serde_json::from_str(json)?;
            let mut sum = xxh3_128(b"{");
            for (key, value) in &members.0 {
                sum = sum.wrapping_add(of_member(key, of_nested(value.get(), deeper(levels)?)?));
            }
            Ok(xxh3_128(&sum.to_le_bytes()))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json)?;
            let mut hash = Xxh3::with_seed(2);
            for item in items {
                hash.update(&of_nested(item.get(), deeper(levels)?)?.to_le_bytes());
            }
            Ok(hash.digest128())
        }
        Some(b'"') => {
            let text: Text<'_> = serde_json::from_str(json)?;
            Ok(xxh3_128_with_seed(text.0.as_bytes(), 3))
        }
        _ => Ok(xxh3_128_with_seed(json.as_bytes(), 4)),
    }
}

/// The members of a JSON object in their order, values unparsed.
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(48);
                while let Some(Text(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{from_stored, of_meaning, stored};

    fn check(one: &str, other: &str, is_equal: bool) {
        assert_eq!(of_meaning(one).unwrap() == of_meaning(other).unwrap(), is_equal, "{one} and {other}");
    }

    #[test]
    fn order_of_keys_white_space_and_escapes_do_not_matter() {
        check(r#"{"a":1,"b":[1,2]}"#, r#"{ "b" : [1, 2] , "a" : 1 }"#, true);
        check(r#"{"a":"\u00e9/"}"#, r#"{"a":"é\/"}"#, true);
        check(r#"{"a":{"x":null,"y":true}}"#, r#"{"a":{"y":true,"x":null}}"#, true);
    }

    #[test]
    fn everything_else_matters() {
        check(r#"{"a":1}"#, r#"{"a":1.0}"#, false);
        check(r#"{"a":12345678901234567890123}"#, r#"{"a":12345678901234567890124}"#, false);
        check(r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false);
        check(r#"{"a":"1"}"#, r#"{"a":1}"#, false);
        check(r#"{"a":null}"#, "{}", false);
        check(r#"{"a":{"b":1}}"#, r#"{"b":{"a":1}}"#, false);
        check(r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#, false);
        check("[[1],[2]]", "[[1,2]]", false);
    }

    #[test]
    fn a_stored_digest_comes_back() {
        let digest = of_meaning("{}").unwrap();
        assert_eq!(from_stored(&stored(digest)), Some(digest));
        assert_eq!(from_stored(b"short"), None);
    }

    #[test]
    fn nesting_beyond_the_parsers_limit_is_an_error_not_a_crash() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(of_meaning(&deep).is_err());
    }
}
