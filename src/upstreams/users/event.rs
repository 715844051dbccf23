//! An event: one JSON object, read strictly. No message repeats a value of it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Map, Value};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::json::{self, quoted_key};
use crate::http::json::{DAMAGED_REASON, is_damaged, repaired};

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
        if self.id.as_deref().is_some_and(is_damaged) {
            return field("id", DAMAGED_REASON);
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
            serde_json::from_slice(&repaired(text.as_bytes())).map_or(Ok(()), |inner| refuse_in(&inner))
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
#[path = "event_tests.rs"]
mod tests;
