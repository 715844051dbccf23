//! Reads JSON objects without repeating a value in any message, and without choosing between equal keys.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A longer key is not repeated in messages.
const MAX_KEY_CHARS: usize = 40;

/// Why a text is no JSON object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The parser's message about the syntax quotes nothing of the text.
    #[error("{0}")]
    Syntax(String),
    #[error("it is another kind of JSON value")]
    NotObject,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("duplicate key {}", quoted_key(.0))]
    DuplicateKey(String),
}

/// Parses an object in which no key occurs twice, however deep.
pub fn parse_object(text: &str) -> Result<Map<String, Value>, Error> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => match duplicate_key(text) {
            None => Ok(object),
            Some(key) => Err(Error::DuplicateKey(key)),
        },
        Ok(_) => Err(Error::NotObject),
        Err(error) => Err(Error::Syntax(error.to_string())),
    }
}

/// A key for a message. What does not look like a name may be a value in the wrong place and is not repeated.
pub fn quoted_key(key: &str) -> String {
    if is_name(key) { format!("`{key}`") } else { "(its name is not shown)".to_owned() }
}

/// Whether the key looks like a name.
pub fn is_name(key: &str) -> bool {
    key.len() <= MAX_KEY_CHARS
        && key.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character))
}

/// The keys and values of an object, equal keys included.
struct Pairs(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor)
    }
}

fn duplicate_key(text: &str) -> Option<String> {
    let text = text.trim_start();
    if text.starts_with('{') {
        let Pairs(pairs) = serde_json::from_str(text).ok()?;
        let mut keys = BTreeSet::new();
        return pairs.into_iter().find_map(|(key, value)| {
            let nested = duplicate_key(value.get());
            if nested.is_some() { nested } else { keys.replace(key) }
        });
    }
    let values: Vec<Box<RawValue>> =
        if text.starts_with('[') { serde_json::from_str(text).ok()? } else { return None };
    values.iter().find_map(|value| duplicate_key(value.get()))
}
