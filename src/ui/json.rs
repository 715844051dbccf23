//! Masks secrets in JSON documents.

use std::borrow::Cow;

use serde_json::Value;

use crate::secret;

/// One JSON document with its secrets masked value by value: masking its text could break it where a secret looks like
/// a number or a key.
pub fn scrub_document(text: &str) -> Cow<'_, str> {
    if matches!(secret::scrub(text), Cow::Borrowed(_)) {
        return Cow::Borrowed(text);
    }
    let end = if text.ends_with('\n') { "\n" } else { "" };
    let masked = serde_json::from_str(text).map(scrubbed).map_or_else(|_| secret::MASK.to_owned(), |v| v.to_string());
    Cow::Owned(masked + end)
}

fn scrubbed(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(secret::scrub(&text).into_owned()),
        Value::Array(items) => Value::Array(items.into_iter().map(scrubbed).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, scrubbed(value))).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::scrub_document;
    use crate::secret::Secret;

    #[test]
    fn secrets_are_masked_and_the_document_stays_one() {
        let _numeric = Secret::new("987654".to_owned());
        let _quoted = Secret::new("p\"w\u{1}dé".to_owned());
        let document = json!({"count": 987_654, "text": "the key 987654!", "list": ["xp\"w\u{1}déx"]});
        let masked: serde_json::Value = serde_json::from_str(&scrub_document(&document.to_string())).unwrap();
        assert_eq!(masked, json!({"count": 987_654, "text": "the key ***!", "list": ["x***x"]}));
    }
}
