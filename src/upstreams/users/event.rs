//! An event: one JSON object, read strictly. No message repeats a value of it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Map, Value};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::json::{self, quoted_key};

/// An event larger than this is none: a user's fields are a few hundred bytes.
pub const MAX_EVENT_BYTES: usize = 64 << 10;

/// The keys an emitted event may have.
const KEYS: [&str; 8] = ["id", "type", "user_id", "username", "email", "data", "timestamp", "source"];

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantNames)]
#[strum(const_into_str)]
pub enum Kind {
    #[strum(serialize = "user.created")]
    Created,
    #[strum(serialize = "user.updated")]
    Updated,
    #[strum(serialize = "user.deleted")]
    Deleted,
    #[strum(serialize = "user.status_changed")]
    StatusChanged,
}

impl Kind {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|_| Invalid::UnknownType(is_plausible_type(text).then(|| format!("`{text}`"))))
    }

    /// The name used in JSON and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// An event as it was emitted; what it leaves out is filled in when it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Identifies the event: emitted twice, it is stored once.
    pub id: Option<String>,
    pub kind: Kind,
    pub user_id: i64,
    pub username: Option<String>,
    pub email: Option<String>,
    pub data: Map<String, Value>,
    pub occurred_at: Option<Timestamp>,
    pub source: Option<String>,
}

/// Why a text is no event; no variant holds a value of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("cannot read it as a JSON object: {0}")]
    Json(#[from] json::Error),
    #[error("it is longer than {MAX_EVENT_BYTES} bytes")]
    TooLong,
    #[error("{} is not a key of an event; known are {}", quoted_key(.0), KEYS.join(", "))]
    UnknownKey(String),
    #[error("{} is not a type of event; known are {}", .0.as_deref().unwrap_or("`type`"), Kind::VARIANTS.join(", "))]
    UnknownType(Option<String>),
    #[error("missing field `{0}`")]
    Missing(&'static str),
    #[error("it has the field {}: passwords and their hashes are neither stored nor sent on", quoted_key(.0))]
    Password(String),
    #[error("`{key}` {reason}")]
    Field { key: &'static str, reason: &'static str },
}

/// Whether unknown keys are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A key that is not known is a typing mistake.
    KnownKeys,
    /// Another program's events may carry more.
    AnyKeys,
}

impl Event {
    /// Reads one event; a time without a zone is in this one.
    pub fn parse(text: &str, strictness: Strictness, zone: &TimeZone) -> Result<Self, Invalid> {
        let keys = parse_object(text)?;
        if strictness == Strictness::KnownKeys
            && let Some(unknown) = keys.keys().find(|key| !KEYS.contains(&key.as_str()))
        {
            return Err(Invalid::UnknownKey(unknown.clone()));
        }
        let kind = optional_text(&keys, "type")?.ok_or(Invalid::Missing("type"))?;
        let user_id = value(&keys, "user_id").ok_or(Invalid::Missing("user_id"))?;
        let data = match value(&keys, "data") {
            None => Map::new(),
            Some(Value::Object(data)) => data.clone(),
            Some(_) => return Err(Invalid::Field { key: "data", reason: "must be an object" }),
        };
        Self {
            id: optional_text(&keys, "id")?,
            kind: Kind::parse(&kind)?,
            user_id: user_id.as_i64().ok_or(INVALID_USER_ID)?,
            username: optional_text(&keys, "username")?,
            email: optional_text(&keys, "email")?,
            data,
            occurred_at: optional_timestamp(&keys, zone)?,
            source: optional_text(&keys, "source")?,
        }
        .checked()
    }

    /// The event, if its values are valid together.
    pub fn checked(self) -> Result<Self, Invalid> {
        refuse_passwords(&self.data)?;
        let field = |key, reason| Err(Invalid::Field { key, reason });
        if self.user_id <= 0 {
            return Err(INVALID_USER_ID);
        }
        if self.id.as_deref().is_some_and(str::is_empty) {
            return field("id", "must not be empty");
        }
        match self.data.get("user") {
            None | Some(Value::Null) => {}
            Some(Value::Object(user)) => {
                if user.get("id").is_some_and(|id| id.as_i64() != Some(self.user_id)) {
                    return field("data.user.id", "differs from `user_id`");
                }
            }
            Some(_) => return field("data.user", "must be an object"),
        }
        if self.data.get("user_id").is_some_and(|id| id.as_i64() != Some(self.user_id)) {
            return field("data.user_id", "differs from `user_id`");
        }
        if self.data.get("changes").is_some_and(|changes| !changes.is_object()) {
            return field("data.changes", "must be an object");
        }
        Ok(self)
    }
}

const INVALID_USER_ID: Invalid = Invalid::Field { key: "user_id", reason: "must be a whole number above 0" };

/// Reads a JSON object without a password in it.
pub fn parse_object(text: &str) -> Result<Map<String, Value>, Invalid> {
    if text.len() > MAX_EVENT_BYTES {
        return Err(Invalid::TooLong);
    }
    let keys = json::parse_object(text)?;
    refuse_passwords(&keys)?;
    Ok(keys)
}

/// The keys of a rejected event. Of its values only a plausible type and the user's number are in it.
pub fn outline(text: &str) -> Option<String> {
    let Ok(Value::Object(keys)) = serde_json::from_str(text) else { return None };
    let outline = keys.into_iter().map(|(key, value)| {
        let is_shown = match key.as_str() {
            "type" => value.as_str().is_some_and(is_plausible_type),
            "user_id" => value.is_i64(),
            _ => false,
        };
        let key = if json::is_name(&key) { key } else { "…".to_owned() };
        (key, if is_shown { value } else { "…".into() })
    });
    Some(Value::Object(outline.collect()).to_string())
}

fn is_plausible_type(text: &str) -> bool {
    text.strip_prefix("user.").is_some_and(|kind| kind.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

/// The value under the key; `null` counts as missing.
fn value<'a>(keys: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    keys.get(key).filter(|value| !value.is_null())
}

fn optional_text(keys: &Map<String, Value>, key: &'static str) -> Result<Option<String>, Invalid> {
    match value(keys, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Invalid::Field { key, reason: "must be text" }),
    }
}

/// A time with or without its zone, or a number of seconds or milliseconds.
fn optional_timestamp(keys: &Map<String, Value>, zone: &TimeZone) -> Result<Option<Timestamp>, Invalid> {
    let Some(value) = value(keys, "timestamp") else { return Ok(None) };
    let at = match value {
        Value::String(text) => written_time(text.trim(), zone),
        Value::Number(number) => number.as_f64().and_then(unix_time),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    at.map(Some).ok_or(Invalid::Field {
        key: "timestamp",
        reason: "must be a time such as \"2026-01-02T03:04:05Z\", or a number of seconds or milliseconds since 1970",
    })
}

fn written_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    // Also a number in quotes; fewer digits could be a date.
    if text.len() > "20260102".len()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.parse()
    {
        return unix_time(number);
    }
    let with_zone = || text.parse::<Zoned>().ok().map(|at| at.timestamp());
    text.parse().ok().or_else(with_zone).or_else(|| local_time(text, zone))
}

/// A time without a zone; also one so far away, with a zone or not, that it becomes the first or the last possible time.
fn local_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let local = text.trim_end_matches(['Z', 'z']);
    let at: DateTime = local.parse().ok()?;
    match at.to_zoned(zone.clone()) {
        Ok(at) => (local == text).then(|| at.timestamp()),
        Err(_) => Some(if at.year() > 0 { Timestamp::MAX } else { Timestamp::MIN }),
    }
}

/// Milliseconds where seconds would be a year beyond 5138.
fn unix_time(number: f64) -> Option<Timestamp> {
    let millis = if number.abs() < 1e11 { number * 1e3 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range becomes a number that is no time")]
    Timestamp::from_millisecond(millis.round() as i64).ok()
}

/// Looks into everything nested, JSON inside of text included.
fn refuse_passwords(keys: &Map<String, Value>) -> Result<(), Invalid> {
    for (key, value) in keys {
        if is_password(key) {
            return Err(Invalid::Password(key.clone()));
        }
        refuse_in(value)?;
    }
    Ok(())
}

fn refuse_in(value: &Value) -> Result<(), Invalid> {
    match value {
        Value::Object(keys) => refuse_passwords(keys),
        Value::Array(values) => values.iter().try_for_each(refuse_in),
        Value::String(text) if text.contains(['{', '[']) => {
            serde_json::from_str(text).map_or(Ok(()), |inner| refuse_in(&inner))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// `password`, `passwordHash`, `pwd`, `hashed_password`, `hash` and their kin, whatever the spelling.
fn is_password(key: &str) -> bool {
    let letters: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    ["password", "passwd", "pwd", "passphrase"].iter().any(|word| letters.contains(word))
        || letters.ends_with("hash")
        || letters.starts_with("hashed")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Event, Invalid, Kind, MAX_EVENT_BYTES, Strictness};
    use crate::mutate::{JSON_SNIPPETS, mutated_bytes, mutated_json};

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    fn check(text: &str, expected: Result<Kind, &str>) {
        let read = Event::parse(text, Strictness::KnownKeys, &shanghai()).map(|event| event.kind);
        match (read, expected) {
            (Ok(kind), Ok(expected)) => assert_eq!(kind, expected),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (read, expected) => panic!("{text}: {read:?}, not {expected:?}"),
        }
    }

    #[test]
    fn event_needs_its_type_and_user() {
        check(r#"{"type":"user.created","user_id":1}"#, Ok(Kind::Created));
        check(r#"{"type":"user.status_changed","user_id":1,"data":{"new_status":"active"}}"#, Ok(Kind::StatusChanged));
        check(r#"{"type":"user.created"}"#, Err("missing field `user_id`"));
        check(r#"{"user_id":1}"#, Err("missing field `type`"));
        check(r#"{"type":"user.moved","user_id":1}"#, Err("`user.moved` is not a type of event"));
        check(r#"{"type":"user.created","user_id":0}"#, Err("`user_id` must be a whole number above 0"));
        check(r#"{"type":"user.created","user_id":"1"}"#, Err("`user_id` must be a whole number above 0"));
        check(r#"{"type":"user.created","user_id":1,"emial":"a"}"#, Err("`emial` is not a key of an event"));
        check(r#"{"type":"user.created","user_id":1"#, Err("EOF"));
        check("[]", Err("another kind of JSON value"));
        check(&" ".repeat(MAX_EVENT_BYTES + 1), Err("longer than"));
    }

    #[test]
    fn parts_must_agree_on_the_user() {
        check(r#"{"type":"user.updated","user_id":1,"data":{"user":{"id":2}}}"#, Err("`data.user.id`"));
        check(r#"{"type":"user.deleted","user_id":1,"data":{"user_id":2}}"#, Err("`data.user_id`"));
        check(r#"{"type":"user.updated","user_id":1,"data":{"user":[]}}"#, Err("`data.user` must be an object"));
        check(r#"{"type":"user.updated","user_id":1,"data":{"changes":1}}"#, Err("`data.changes`"));
    }

    #[test]
    fn password_is_refused_at_any_depth_and_never_repeated() {
        for key in ["password", "Password", "passwordHash", "password_hash", "pwd", "hash", "hashed_secret", "passwd"] {
            for text in [
                format!(r#"{{"type":"user.created","user_id":1,"{key}":"hunter2"}}"#),
                format!(r#"{{"type":"user.created","user_id":1,"data":{{"user":{{"{key}":"hunter2"}}}}}}"#),
                format!(r#"{{"type":"user.created","user_id":"x","data":{{"a":[{{"{key}":"hunter2"}}]}}}}"#),
                format!(r#"{{"type":"user.created","user_id":1,"data":"{{\"{key}\":\"hunter2\"}}"}}"#),
            ] {
                for strictness in [Strictness::KnownKeys, Strictness::AnyKeys] {
                    let error = Event::parse(&text, strictness, &shanghai()).unwrap_err();
                    assert!(matches!(error, Invalid::Password(_)), "{text}: {error}");
                    assert!(!error.to_string().contains("hunter2"), "{error}");
                }
            }
        }
        check(
            r#"{"type":"user.created","user_id":1,"data":{"user":{"hashtags":"a","role":"passenger"}}}"#,
            Ok(Kind::Created),
        );
    }

    #[test]
    fn event_of_another_program_may_have_unknown_keys() {
        let text = r#"{"id":"e1","type":"user.created","user_id":1,"trace":"x","timestamp":"2026-01-02T03:04:05Z"}"#;
        let event = Event::parse(text, Strictness::AnyKeys, &shanghai()).unwrap();
        assert_eq!((event.id.as_deref(), event.user_id), (Some("e1"), 1));
        assert_eq!(event.occurred_at.unwrap().to_string(), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn no_message_repeats_a_value() {
        const CANARY: &str = "hunter2 canary";
        let encoded = json!({"user": {"secret": CANARY}}).to_string();
        let shapes = [
            json!(CANARY),
            json!(encoded),
            json!(json!(encoded).to_string()),
            json!([CANARY]),
            json!({CANARY: CANARY}),
            json!({"user": CANARY, "user_id": CANARY, "changes": CANARY}),
            json!({"user": encoded, "changes": [encoded]}),
            json!({encoded.as_str(): 1, "user": {"id": encoded}}),
            json!({format!("password {CANARY}"): CANARY}),
        ];
        let keys = super::KEYS.iter().copied().chain(["other", &encoded, "password_of hunter2 canary"]);
        let mut rejected = 0;
        for (key, shape) in keys.flat_map(|key| shapes.iter().map(move |shape| (key, shape))) {
            let mut event = json!({"type": "user.updated", "user_id": 1});
            event[key] = shape.clone();
            let text = event.to_string();
            let twice = format!("{},{}", &text[..text.len() - 1], &text[1..]);
            let cut = &text[..text.len() - 2];
            for text in [text.as_str(), &twice, cut, &format!("{text} {CANARY}"), &shape.to_string(), CANARY] {
                for strictness in [Strictness::KnownKeys, Strictness::AnyKeys] {
                    let Err(invalid) = Event::parse(text, strictness, &shanghai()) else { continue };
                    rejected += 1;
                    let message = format!("{invalid} {:?}", invalid.to_string());
                    let outline = super::outline(text).unwrap_or_default();
                    assert!(
                        !message.contains("hunter2") && !outline.contains("hunter2"),
                        "{text}: {message} {outline}"
                    );
                }
            }
        }
        assert!(rejected > 800, "{rejected}");
    }

    #[test]
    fn duplicate_key_is_refused_by_its_name() {
        check(r#"{"type":"user.created","user_id":1,"user_id":2}"#, Err("duplicate key `user_id`"));
        check(r#"{"type":"user.created","user_id":1,"data":{"user":{"role":"a","role":"b"}}}"#, Err("key `role`"));
        check(r#"{"type":"user.created","user_id":1,"data":{"list":[1,{"a":1,"a":1}]}}"#, Err("duplicate key `a`"));
        check(r#"{"type":"user.created","user_id":1,"data":{"a":{"b":1},"c":{"b":1}}}"#, Ok(Kind::Created));
    }

    fn check_time(timestamp: &str, expected: Option<&str>) {
        let text = format!(r#"{{"type":"user.created","user_id":1,"timestamp":{timestamp}}}"#);
        let read = Event::parse(&text, Strictness::KnownKeys, &shanghai());
        match (&read, expected) {
            (Ok(event), Some(expected)) => assert_eq!(event.occurred_at.unwrap().to_string(), expected, "{timestamp}"),
            (Err(error), None) => assert!(error.to_string().starts_with("`timestamp` must be a time"), "{error}"),
            _ => panic!("{timestamp}: {read:?}, not {expected:?}"),
        }
    }

    #[test]
    fn timestamp_may_lack_its_zone_or_be_a_number() {
        check_time(r#""2026-01-02T03:04:05Z""#, Some("2026-01-02T03:04:05Z"));
        check_time(r#""2026-01-02T03:04:05+01:00""#, Some("2026-01-02T02:04:05Z"));
        check_time(r#""2026-01-02T03:04:05[Europe/Paris]""#, Some("2026-01-02T02:04:05Z"));
        check_time(r#"" 2026-01-02 11:04:05.25 ""#, Some("2026-01-02T03:04:05.25Z"));
        check_time(r#""2026-01-02T11:04:05""#, Some("2026-01-02T03:04:05Z"));
        check_time(r#""2026-01-02""#, Some("2026-01-01T16:00:00Z"));
        check_time("1767323045", Some("2026-01-02T03:04:05Z"));
        check_time("1767323045000", Some("2026-01-02T03:04:05Z"));
        check_time("1767323045.5", Some("2026-01-02T03:04:05.5Z"));
        check_time("1767323045123", Some("2026-01-02T03:04:05.123Z"));
        check_time(r#""1767323045000""#, Some("2026-01-02T03:04:05Z"));
        check_time(r#""9999-12-31T23:59:59Z""#, Some("9999-12-30T22:00:00.999999999Z"));
        check_time(r#""9999-12-31T23:59:59+00:00""#, Some("9999-12-30T22:00:00.999999999Z"));
        check_time("0", Some("1970-01-01T00:00:00Z"));
        check_time("-1", Some("1969-12-31T23:59:59Z"));
    }

    #[test]
    fn timestamp_that_cannot_be_read_is_refused_by_its_name() {
        for timestamp in
            ["true", "[]", "{}", "1e300", "1e17", r#""""#, r#""soon""#, r#""2026-13-01""#, r#""99999999999999999999""#]
                .into_iter()
                .chain([r#""2026-01-02Z""#, r#""2026-01-02T03:04:05+30:00""#, r#""2026-01-02T25:00:00Z""#])
        {
            check_time(timestamp, None);
        }
    }

    const EVENTS: &[&str] = &[
        r#"{"id":"e1","type":"user.created","user_id":1,"username":"ann","email":"a@b","timestamp":"2026-01-02T03:04:05Z",
            "source":"s","data":{"user":{"id":1,"username":"ann","created_at":"2026-01-02T03:04:05Z"}}}"#,
        r#"{"type":"user.updated","user_id":1,"data":{"user":{"id":1},"changes":{"email":"b@c","tags":[{"password":"x"}]}}}"#,
    ];

    proptest! {
        #[test]
        fn any_event_is_read_or_refused_and_none_with_a_password_is_read(
            altered in mutated_json(EVENTS),
            damaged in mutated_bytes(EVENTS, JSON_SNIPPETS),
        ) {
            for text in [altered.to_string(), String::from_utf8_lossy(&damaged).into_owned()] {
                for strictness in [Strictness::KnownKeys, Strictness::AnyKeys] {
                    if let Ok(event) = Event::parse(&text, strictness, &shanghai()) {
                        let data = serde_json::Value::from(event.data).to_string();
                        prop_assert!(event.user_id > 0 && !data.contains("\"password\""), "{text}");
                    }
                }
            }
        }
    }
}
