//! JSON values in which no key is chosen among equal ones.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::json::{UNREADABLE, UNREADABLE_REASON};

/// In place of the values of a key that comes twice in its object: nobody knows which of them is meant.
const REPEATED: &str = "\u{ffff}\u{ffff}";

const REPEATED_REASON: &str = "it holds a key twice";

/// A value of a repaired document. Under a key that comes twice it holds a mark.
#[derive(Clone, Debug, PartialEq)]
pub struct Strict(pub Value);

/// Whether the text is in place of a value that cannot be used.
pub fn is_mark(text: &str) -> bool {
    text.starts_with(UNREADABLE)
}

/// Why a value that is, or holds, a mark cannot be used; `None` for every other one.
pub fn fault_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(text) if text == REPEATED => Some(REPEATED_REASON),
        Value::String(text) => is_mark(text).then_some(UNREADABLE_REASON),
        Value::Array(items) => items.iter().find_map(fault_of),
        Value::Object(members) => {
            members.iter().find_map(|(name, value)| fault_of(value).or(is_mark(name).then_some(UNREADABLE_REASON)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            let value = if object.contains_key(&name) { REPEATED.into() } else { value };
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{REPEATED_REASON, Strict, fault_of};
    use crate::http::json::{UNREADABLE_REASON, repaired};

    #[track_caller]
    fn check(json: &str, expected: Option<&str>) {
        let Strict(value) = serde_json::from_slice(&repaired(json.as_bytes())).unwrap();
        assert_eq!(fault_of(&value), expected, "{json}");
    }

    #[test]
    fn key_that_comes_twice_is_found_however_deep_and_however_it_is_written() {
        check(r#"{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}"#, None);
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":[{"c":{"a":{},"x":0,"a":null}}]}"#,
            r#"[{"a":1,"a":2,"a":3}]"#,
        ] {
            check(json, Some(REPEATED_REASON));
        }
        check(r#"{"a":NaN}"#, Some(UNREADABLE_REASON));
        check(r#"{"a":"\uffff\uffff"}"#, None);
    }

    proptest! {
        #[test]
        fn value_without_a_repeated_key_is_as_serde_reads_it(json in "[\\[{](\"[a-d]\":|[0-9]|,|null|-1.5e3|\"x\"|[\\[\\]{}]){0,12}[\\]}]") {
            if let Ok(value) = serde_json::from_str::<Value>(&json) {
                let Strict(strict) = serde_json::from_str(&json).unwrap();
                prop_assert!(strict == value || fault_of(&strict).is_some());
            }
        }
    }
}
