//! Lenient reading of JSON fields: a missing, empty or oddly typed one is simply not there.

use serde_json::Value;

use super::normalize::{filled, leading_count, rating as plausible_rating, unique};
use crate::http::json::repaired;
use crate::http::strict::{Strict, is_mark};

/// An answer that does not have the shape it should have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// A JSON document.
pub fn document(body: &[u8]) -> Result<Value, Unreadable> {
    let document = serde_json::from_slice(&repaired(body)).map(|Strict(document)| document);
    document.map_err(|error| Unreadable(format!("no JSON: {error}")))
}

/// Text, or a number as text.
pub fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(plain)
}

/// A whole number above 0, which may be text.
pub fn count(value: &Value, key: &str) -> Option<u32> {
    leading_count(&text(value, key)?)
}

/// A rating, which may be text.
pub fn rating(value: &Value, key: &str) -> Option<f64> {
    plausible_rating(text(value, key)?.parse().ok()?)
}

/// The filled texts of a list, of one text, or the names of a list of objects; each once.
pub fn texts(value: &Value, key: &str) -> Vec<String> {
    let one = |item: &Value| plain(item).or_else(|| text(item, "name"));
    match value.get(key) {
        Some(Value::Array(items)) => unique(items.iter().filter_map(one).collect()),
        Some(item) => one(item).into_iter().collect(),
        None => Vec::new(),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if is_mark(text) => None,
        Value::String(text) => filled(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{count, rating, text, texts};

    #[test]
    fn odd_types_are_read_as_far_as_they_make_sense() {
        let value =
            json!({"a": "7.3", "b": 7.3, "c": "", "d": null, "e": 12, "f": [1, "x", "x", {"name": "y"}, null, []]});
        assert_eq!(rating(&value, "a"), Some(7.3));
        assert_eq!(rating(&value, "b"), Some(7.3));
        assert_eq!(rating(&value, "c"), None);
        assert_eq!(rating(&value, "d"), None);
        assert_eq!(count(&value, "e"), Some(12));
        assert_eq!(count(&value, "a"), None);
        assert_eq!(text(&value, "e").as_deref(), Some("12"));
        assert_eq!(texts(&value, "f"), ["1", "x", "y"]);
        assert_eq!(texts(&value, "a"), ["7.3"]);
        assert!(texts(&value, "zzz").is_empty());
    }
}
