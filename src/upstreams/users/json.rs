//! Reads JSON objects without repeating a value in any message, and without choosing between equal keys.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::http::json::{UNREADABLE_REASON, repaired};
use crate::http::strict::fault_of;
use crate::upstreams::digest::Members;

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
    #[error("{UNREADABLE_REASON}")]
    Unreadable,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("duplicate key {}", quoted_key(.0))]
    DuplicateKey(String),
}

/// Parses an object in which no key occurs twice, however deep. Half of a surrogate pair becomes U+FFFD.
pub fn parse_object(text: &str) -> Result<Map<String, Value>, Error> {
    // A byte order mark belongs to a file, not to a text inside it.
    let repaired = repaired(text.as_bytes());
    let text = if text.starts_with('\u{feff}') { Ok(text) } else { std::str::from_utf8(&repaired) };
    let text = text.map_err(|_| Error::NotUtf8)?;
    match serde_json::from_str(text) {
        Ok(value) if fault_of(&value).is_some() => Err(Error::Unreadable),
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

fn duplicate_key(text: &str) -> Option<String> {
    let text = text.trim_start();
    if text.starts_with('{') {
        let Members(members) = serde_json::from_str(text).ok()?;
        let mut keys = BTreeSet::new();
        return members.into_iter().find_map(|(key, value)| {
            let nested = duplicate_key(value.get());
            if nested.is_some() { nested } else { keys.replace(key).map(Cow::into_owned) }
        });
    }
    let values: Vec<&RawValue> = if text.starts_with('[') { serde_json::from_str(text).ok()? } else { return None };
    values.iter().find_map(|value| duplicate_key(value.get()))
}
