//! One task of a list answer, read by the configured field mapping.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::api::Page;
use super::config::Fields;
use crate::http::json::{DAMAGED_REASON, is_damaged};
use crate::http::strict::{Strict, fault_of, is_mark};
use crate::upstreams::digest::{Digest, of_meaning};
use crate::upstreams::mirror::{self, BadRow, Identified, ReadRow, Signs};

/// Numbers of 13 digits: seconds would be tens of thousands of years away.
const MILLISECONDS: Range<i64> = 1_000_000_000_000..10_000_000_000_000;

/// A task as the upstream sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// A number or a text upstream; kept as text.
    pub id: String,
    pub name: String,
    /// From 1 to 5 as far as is known; any other number is kept too.
    pub state: Option<i64>,
    pub total_number: Option<i64>,
    pub called_number: Option<i64>,
    pub connected_number: Option<i64>,
    pub success_number: Option<i64>,
    pub created_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The row exactly as it came.
    pub raw: Box<str>,
    pub digest: Digest,
}

impl Identified for Task {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Task {
    /// The task, as one that cannot be stored.
    pub fn refused(&self, reason: String) -> BadRow {
        BadRow { id: Some(self.id.clone()), name: Some(self.name.clone()), reason }
    }
}

/// The rows of a page; its number says where the next one is.
pub fn read_page_rows(page: &Page, fields: &Fields, zone: &TimeZone) -> mirror::Page<u32, ReadRow<Task>> {
    let rows = page.rows.iter().map(|raw| read_row(raw, fields, zone)).collect();
    let signs = Signs { is_garbled: page.is_garbled, ..Signs::default() };
    mirror::Page { rows, next: None, total: Some(page.total_count), signs }
}

/// Reads one row. Local times are those of `zone`.
pub fn read_row(raw: &RawValue, fields: &Fields, zone: &TimeZone) -> ReadRow<Task> {
    let row = serde_json::from_str(raw.get()).map_or(Value::Null, |Strict(row)| row);
    let Some(members) = row.as_object() else {
        return Err(BadRow { id: None, name: None, reason: "the row is not a JSON object".to_owned() });
    };
    let fault = fault_of(&row);
    let row = RowParser { members, fields, zone, fault };
    row.task(raw).map_err(|reason| BadRow { id: row.id().ok(), name: row.name().ok(), reason })
}

struct RowParser<'r> {
    members: &'r Map<String, Value>,
    fields: &'r Fields,
    zone: &'r TimeZone,
    /// Why the row cannot be used, whatever its fields hold.
    fault: Option<&'static str>,
}

impl RowParser<'_> {
    fn task(&self, raw: &RawValue) -> Result<Task, String> {
        if let Some(fault) = self.fault {
            return Err(fault.to_owned());
        }
        Ok(Task {
            id: self.id()?,
            name: self.name()?,
            state: self.integer(&self.fields.state)?,
            total_number: self.integer(&self.fields.total_number)?,
            called_number: self.integer(&self.fields.called_number)?,
            connected_number: self.integer(&self.fields.connected_number)?,
            success_number: self.integer(&self.fields.success_number)?,
            created_at: self.time(&self.fields.created_at)?,
            started_at: self.time(&self.fields.started_at)?,
            ended_at: self.time(&self.fields.ended_at)?,
            digest: of_meaning(raw.get()).map_err(|error| error.to_string())?,
            raw: raw.get().into(),
        })
    }

    fn id(&self) -> Result<String, String> {
        match self.find(&self.fields.id) {
            Some((_, Value::Number(number))) if !number.is_f64() => Ok(number.to_string()),
            Some((key, Value::String(id))) if is_damaged(id) => Err(format!("`{key}` `{id}` {DAMAGED_REASON}")),
            Some((_, Value::String(id))) if !id.trim().is_empty() => Ok(id.trim().to_owned()),
            Some((_, Value::String(_))) | None => Err(missing(&self.fields.id)),
            Some((key, other)) => Err(wrong_type(key, other, "a whole number or text")),
        }
    }

    fn name(&self) -> Result<String, String> {
        match self.find(&self.fields.name) {
            Some((_, Value::String(name))) if !name.trim().is_empty() => Ok(name.clone()),
            Some((_, Value::String(_))) | None => Err(missing(&self.fields.name)),
            Some((key, other)) => Err(wrong_type(key, other, "text")),
        }
    }

    fn integer(&self, keys: &[String]) -> Result<Option<i64>, String> {
        let Some((key, value)) = self.find(keys) else { return Ok(None) };
        if value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        whole_number(value).map(Some).ok_or_else(|| wrong_type(key, value, "a whole number"))
    }

    /// Unix seconds or milliseconds, as a number or as text, or local text. Zero and empty text mean that there is no
    /// time yet.
    fn time(&self, keys: &[String]) -> Result<Option<Timestamp>, String> {
        let Some((key, value)) = self.find(keys) else { return Ok(None) };
        let time = match (whole_number(value), value) {
            (Some(0), _) => return Ok(None),
            (Some(millis), _) if MILLISECONDS.contains(&millis) => Timestamp::from_millisecond(millis).ok(),
            (Some(seconds), _) => Timestamp::from_second(seconds).ok(),
            (None, Value::String(text)) if text.trim().is_empty() => return Ok(None),
            (None, Value::String(text)) => self.text_time(text.trim()),
            (None, _) => None,
        };
        time.map(Some).ok_or_else(|| wrong_type(key, value, "unix seconds, milliseconds or local time"))
    }

    fn text_time(&self, text: &str) -> Option<Timestamp> {
        if let Ok(exact) = text.parse() {
            return Some(exact);
        }
        let local: DateTime = text.parse().ok()?;
        local.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp())
    }

    /// The first of the names that has a value.
    fn find<'f>(&self, keys: &'f [String]) -> Option<(&'f str, &Value)> {
        let is_value = |value: &&Value| !value.is_null() && !value.as_str().is_some_and(is_mark);
        keys.iter().find_map(|key| self.members.get(key).filter(is_value).map(|value| (&**key, value)))
    }
}

fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn missing(keys: &[String]) -> String {
    format!("`{}` is missing", keys.join("` or `"))
}

/// The value itself is not repeated: it may be of any length.
fn wrong_type(key: &str, value: &Value, expected: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "another number",
        Value::String(_) => "other text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("`{key}` must be {expected}, not {found}")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::{BadRow, ReadRow, Task, read_row};
    use crate::http::json::{UNREADABLE_REASON, repaired};
    use crate::mutate::mutated_json;
    use crate::upstreams::tasks::config::Fields;

    fn read(json: &str) -> ReadRow<Task> {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        read_row(&raw, &Fields::default(), &TimeZone::get("Asia/Shanghai").unwrap())
    }

    fn check(json: &str, id: Option<&str>, name: Option<&str>, reason: &str) {
        let expected = BadRow { id: id.map(str::to_owned), name: name.map(str::to_owned), reason: reason.to_owned() };
        assert_eq!(read(json), Err(expected), "{json}");
    }

    fn check_time(json: &str, expected: Option<&str>) {
        let task = read(&format!(r#"{{"id":1,"name":"n","createTime":{json}}}"#)).unwrap();
        assert_eq!(task.created_at.map(|time| time.to_string()).as_deref(), expected, "{json}");
    }

    #[test]
    fn a_row_is_read_by_the_default_mapping() {
        let json = r#"{"id": 900719925474099312, "TaskName":"禹州-1015A-高三-5000","state":"2","totalNumber":5000,
            "calledNumber":"12","connectedNumber":null,"startTime":1760688000,"endTime":0,"extra":{"kept":true}}"#;
        let task = read(json).unwrap();
        assert_eq!((task.id.as_str(), task.name.as_str()), ("900719925474099312", "禹州-1015A-高三-5000"));
        assert_eq!((task.state, task.total_number, task.called_number), (Some(2), Some(5000), Some(12)));
        assert_eq!((task.connected_number, task.success_number, task.ended_at), (None, None, None));
        assert_eq!(task.started_at.unwrap().to_string(), "2025-10-17T08:00:00Z");
        assert_eq!(&*task.raw, json);
    }

    #[test]
    fn the_first_name_with_a_value_wins() {
        assert_eq!(read(r#"{"id":1,"taskName":null,"TaskName":"b","name":"c"}"#).unwrap().name, "b");
        assert_eq!(read(r#"{"id":" x ","taskName":"a","name":"c"}"#).unwrap().id, "x");
    }

    #[test]
    fn times_are_unix_seconds_or_milliseconds_or_local_text() {
        check_time("1760688000", Some("2025-10-17T08:00:00Z"));
        check_time(r#""1760688000""#, Some("2025-10-17T08:00:00Z"));
        check_time("1760688000123", Some("2025-10-17T08:00:00.123Z"));
        check_time(r#""1760688000000""#, Some("2025-10-17T08:00:00Z"));
        check_time(r#""2025-10-17 16:00:00""#, Some("2025-10-17T08:00:00Z"));
        check_time(r#""2025-10-17T16:00:00+08:00""#, Some("2025-10-17T08:00:00Z"));
        check_time("0", None);
        check_time(r#""  ""#, None);
        check_time("null", None);
    }

    #[test]
    fn a_row_that_cannot_be_stored_says_why_and_whose_it_is() {
        check("[1]", None, None, "the row is not a JSON object");
        check(r#"{"name":"n"}"#, None, Some("n"), "`id` or `taskId` is missing");
        check(
            "{\"id\":\"7\u{fffd}\",\"name\":\"n\"}",
            None,
            Some("n"),
            "`id` `7\u{fffd}` holds no valid text: repaired, it might be another id",
        );
        check(r#"{"id":""}"#, None, None, "`id` or `taskId` is missing");
        check(r#"{"id":7}"#, Some("7"), None, "`taskName` or `TaskName` or `name` is missing");
        check(r#"{"id":7,"name":"  "}"#, Some("7"), None, "`taskName` or `TaskName` or `name` is missing");
        check(r#"{"id":1.5,"name":"n"}"#, None, Some("n"), "`id` must be a whole number or text, not another number");
        check(r#"{"id":7,"taskName":5}"#, Some("7"), None, "`taskName` must be text, not another number");
        check(
            r#"{"id":7,"name":"n","state":"open"}"#,
            Some("7"),
            Some("n"),
            "`state` must be a whole number, not other text",
        );
        check(
            r#"{"id":7,"name":"n","calledNumber":{}}"#,
            Some("7"),
            Some("n"),
            "`calledNumber` must be a whole number, not an object",
        );
        // Microseconds would be a year far away; a wrong unit is no time.
        check(
            r#"{"id":7,"name":"n","endTime":1760688000000000}"#,
            Some("7"),
            Some("n"),
            "`endTime` must be unix seconds, milliseconds or local time, not another number",
        );
    }

    #[test]
    fn a_row_with_a_value_that_is_no_json_is_refused_by_its_id() {
        for (json, id, name) in [
            (r#"{"id":7,"name":"n","extra":NaN}"#, Some("7"), Some("n")),
            (r#"{"id":NaN,"taskId":8,"name":Infinity}"#, Some("8"), None),
            (r#"{"id":NaN,"name":"n"}"#, None, Some("n")),
        ] {
            let row = String::from_utf8(repaired(json.as_bytes()).into_owned()).unwrap();
            check(&row, id, name, UNREADABLE_REASON);
        }
    }

    #[test]
    fn the_digest_ignores_order_and_white_space_only() {
        let digest = |json| read(json).unwrap().digest;
        let one = digest(r#"{"id":1,"name":"n","extra":1}"#);
        assert_eq!(one, digest(r#"{ "extra": 1, "name": "n", "id": 1 }"#));
        assert_ne!(one, digest(r#"{"id":1,"name":"n","extra":2}"#));
    }

    const ROW: &str = r#"{"id":1,"taskName":"禹州-1015A-高三-5000","TaskName":"a","state":"2","totalNumber":5000,
        "calledNumber":"12","connectedNumber":1,"successNumber":0,"createTime":"2026-01-02 03:04:05",
        "startTime":1760688000,"endTime":"1760688000","extra":{"kept":[true]}}"#;

    proptest! {
        #[test]
        fn any_row_is_read_or_reported_with_what_is_known_of_it(row in mutated_json(&[ROW])) {
            match read(&row.to_string()) {
                Ok(task) => {
                    prop_assert!(!task.id.trim().is_empty() && !task.name.trim().is_empty(), "{row}");
                    prop_assert_eq!(&*task.raw, row.to_string());
                }
                Err(bad) => prop_assert!(!bad.reason.is_empty()),
            }
        }
    }
}
