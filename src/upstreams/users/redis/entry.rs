//! Entries of a stream, with or without an event in them.

use redis::Value;

use crate::upstreams::users::json::quoted_key;

/// The field that holds the event.
pub(super) const FIELD: &str = "event";

/// One entry of the stream, not yet acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id in the stream, `1700000000000-0`.
    pub id: String,
    /// The event's text, or why there is none. The reason repeats no value: it may be a password.
    pub event: Result<String, String>,
}

/// What a reading command answers: the entries, and the ids of entries that have been deleted from the stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub entries: Vec<Entry>,
    pub deleted: Vec<String>,
}

impl Entries {
    /// Reads `[[id, [name, value, …]], …]`; `None` if it is not of that shape. Only the shape is the server's to keep:
    /// names and values are any bytes.
    pub fn parse(value: Value) -> Option<Self> {
        let mut found = Self::default();
        for entry in list(value)? {
            // A server before Redis 7 says so of an entry that was deleted while it was pending, without its id.
            if matches!(entry, Value::Nil) {
                continue;
            }
            let [id, fields] = <[Value; 2]>::try_from(list(entry)?).ok()?;
            let id = text(id)?;
            if matches!(fields, Value::Nil) {
                found.deleted.push(id);
            } else {
                found.entries.push(Entry { id, event: event(list(fields)?) });
            }
        }
        Some(found)
    }
}

/// The event among an entry's fields.
fn event(fields: Vec<Value>) -> Result<String, String> {
    let mut names = Vec::new();
    let mut fields = fields.into_iter();
    while let (Some(name), value) = (fields.next(), fields.next()) {
        let name = bytes(name).unwrap_or_default();
        if name == FIELD.as_bytes() {
            let value = value.and_then(bytes).unwrap_or_default();
            return String::from_utf8(value).map_err(|_| format!("field `{FIELD}` is not UTF-8"));
        }
        names.push(name);
    }
    let names = names.iter().take(8).map(|name| {
        // It may be a value in the wrong place.
        quoted_key(&String::from_utf8_lossy(name))
    });
    let names: Vec<String> = names.collect();
    Err(format!("no field `{FIELD}`, only {}", names.join(", ")))
}

pub(super) fn list(value: Value) -> Option<Vec<Value>> {
    if let Value::Array(values) = value { Some(values) } else { None }
}

/// An id, which is the server's own and ASCII.
pub(super) fn text(value: Value) -> Option<String> {
    String::from_utf8(bytes(value)?).ok()
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    if let Value::BulkString(bytes) = value { Some(bytes) } else { None }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{Entries, Entry};

    fn bulk(text: &[u8]) -> Value {
        Value::BulkString(text.to_vec())
    }

    fn entry(id: &str, fields: &[&[u8]]) -> Value {
        Value::Array(vec![bulk(id.as_bytes()), Value::Array(fields.iter().map(|field| bulk(field)).collect())])
    }

    /// The fields of an entry → its event.
    fn check(fields: &[&[u8]], expected: Result<&str, &str>) {
        let found = Entries::parse(Value::Array(vec![entry("1-0", fields)])).unwrap();
        let event = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found.entries, [Entry { id: "1-0".to_owned(), event }]);
    }

    #[test]
    fn an_entry_has_its_event_or_a_reason() {
        check(&[b"event", b"{}"], Ok("{}"));
        check(&[b"source", b"crm", b"event", b"{}"], Ok("{}"));
        check(&[b"event", b"not json \x1b"], Ok("not json \u{1b}"));
        check(&[b"event", b"\xff\xfe"], Err("field `event` is not UTF-8"));
        check(&[b"Event", b"pw-canary"], Err("no field `event`, only `Event`"));
        check(&[b"\xff\x1b", b"x", b"b", b"y"], Err("no field `event`, only (its name is not shown), `b`"));
    }

    #[test]
    fn deleted_entry_is_recognised() {
        let value = Value::Array(vec![
            entry("1-0", &[b"event", b"a"]),
            Value::Nil,
            Value::Array(vec![bulk(b"2-0"), Value::Nil]),
        ]);
        let found = Entries::parse(value).unwrap();
        assert_eq!((found.entries.len(), found.deleted), (1, vec!["2-0".to_owned()]));
    }

    #[test]
    fn another_shape_is_no_list_of_entries() {
        for value in [Value::Nil, Value::Int(1), Value::Array(vec![bulk(b"1-0")]), Value::Array(vec![entry("", &[])])] {
            let is_empty_entry = matches!(&value, Value::Array(values) if matches!(values[0], Value::Array(_)));
            assert_eq!(Entries::parse(value).is_some(), is_empty_entry);
        }
    }
}
