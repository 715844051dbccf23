//! What happened to a user: one JSON object, read strictly and told exactly.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// An event larger than this is none: a user's fields are a few hundred bytes.
pub const MAX_EVENT_BYTES: usize = 64 << 10;

/// The keys an emitted event may have.
const KEYS: [&str; 8] = ["id", "type", "user_id", "username", "email", "data", "timestamp", "source"];

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Kind {
    #[value(name = "user.created")]
    Created,
    #[value(name = "user.updated")]
    Updated,
    #[value(name = "user.deleted")]
    Deleted,
    #[value(name = "user.status_changed")]
    StatusChanged,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Deleted, Self::StatusChanged];

    /// The word in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "user.created",
            Self::Updated => "user.updated",
            Self::Deleted => "user.deleted",
            Self::StatusChanged => "user.status_changed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An event as somebody tells it; what it leaves out is filled in when it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Tells it apart from every other: told twice it is stored once.
    pub id: Option<String>,
    pub kind: Kind,
    pub user_id: i64,
    pub username: Option<String>,
    pub email: Option<String>,
    pub data: Map<String, Value>,
    pub occurred_at: Option<Timestamp>,
    pub source: Option<String>,
}

/// Why a text is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("cannot read it as a JSON object: {0}")]
    Json(String),
    #[error("it is longer than {MAX_EVENT_BYTES} bytes")]
    TooLong,
    #[error("`{0}` is not a key of an event; known are {known}", known = KEYS.join(", "))]
    UnknownKey(String),
    #[error("`{0}` is not a type of event; known are {known}", known = Kind::ALL.map(Kind::name).join(", "))]
    UnknownType(String),
    /// The value itself is never repeated.
    #[error("it has the field `{0}`: passwords and their hashes are neither stored nor sent on")]
    Password(String),
    #[error("`{key}` {reason}")]
    Field { key: &'static str, reason: &'static str },
}

/// How much is forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A key that is not known is a typing mistake.
    KnownKeys,
    /// Another program's events may carry more.
    AnyKeys,
}

/// The keys as they come, before their values are looked at.
#[derive(Deserialize)]
struct Draft {
    id: Option<String>,
    r#type: String,
    user_id: i64,
    username: Option<String>,
    email: Option<String>,
    data: Option<Map<String, Value>>,
    timestamp: Option<Timestamp>,
    source: Option<String>,
}

impl Event {
    /// Reads one event.
    pub fn parse(text: &str, strictness: Strictness) -> Result<Self, Invalid> {
        if text.len() > MAX_EVENT_BYTES {
            return Err(Invalid::TooLong);
        }
        let keys: Map<String, Value> = serde_json::from_str(text).map_err(|error| Invalid::Json(told(&error)))?;
        // First of all: no other error may repeat what should not be repeated.
        refuse_passwords(&keys)?;
        if strictness == Strictness::KnownKeys
            && let Some(unknown) = keys.keys().find(|key| !KEYS.contains(&key.as_str()))
        {
            return Err(Invalid::UnknownKey(unknown.clone()));
        }
        let draft: Draft = Draft::deserialize(Value::Object(keys)).map_err(|error| Invalid::Json(error.to_string()))?;
        let kind = Kind::from_name(&draft.r#type).ok_or(Invalid::UnknownType(draft.r#type))?;
        Self {
            id: draft.id,
            kind,
            user_id: draft.user_id,
            username: draft.username,
            email: draft.email,
            data: draft.data.unwrap_or_default(),
            occurred_at: draft.timestamp,
            source: draft.source,
        }
        .checked()
    }

    /// The event, if its values can be what they say.
    pub fn checked(self) -> Result<Self, Invalid> {
        refuse_passwords(&self.data)?;
        let field = |key, reason| Err(Invalid::Field { key, reason });
        if self.user_id <= 0 {
            return field("user_id", "must be a whole number above 0");
        }
        if self.id.as_deref().is_some_and(str::is_empty) {
            return field("id", "must not be empty");
        }
        match self.data.get("user") {
            None | Some(Value::Null) => {}
            Some(Value::Object(user)) => {
                if user.get("id").is_some_and(|id| id.as_i64() != Some(self.user_id)) {
                    return field("data.user.id", "is another than `user_id`");
                }
            }
            Some(_) => return field("data.user", "must be an object"),
        }
        if self.data.get("user_id").is_some_and(|id| id.as_i64() != Some(self.user_id)) {
            return field("data.user_id", "is another than `user_id`");
        }
        if self.data.get("changes").is_some_and(|changes| !changes.is_object()) {
            return field("data.changes", "must be an object");
        }
        Ok(self)
    }
}

/// What is wrong with the text and where, without the text itself.
fn told(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "it is another kind of JSON value".to_owned(),
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof | serde_json::error::Category::Io => {
            error.to_string()
        }
    }
}

/// Looks into everything that is nested as well.
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
    use proptest::prelude::*;

    use super::{Event, Invalid, Kind, MAX_EVENT_BYTES, Strictness};
    use crate::mutate::{JSON_SNIPPETS, mutated_bytes, mutated_json};

    fn check(text: &str, expected: Result<Kind, &str>) {
        let read = Event::parse(text, Strictness::KnownKeys).map(|event| event.kind);
        match (read, expected) {
            (Ok(kind), Ok(expected)) => assert_eq!(kind, expected),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (read, expected) => panic!("{text}: {read:?}, not {expected:?}"),
        }
    }

    #[test]
    fn an_event_needs_its_type_and_its_user() {
        check(r#"{"type":"user.created","user_id":1}"#, Ok(Kind::Created));
        check(r#"{"type":"user.status_changed","user_id":1,"data":{"new_status":"active"}}"#, Ok(Kind::StatusChanged));
        check(r#"{"type":"user.created"}"#, Err("missing field `user_id`"));
        check(r#"{"user_id":1}"#, Err("missing field `type`"));
        check(r#"{"type":"user.moved","user_id":1}"#, Err("`user.moved` is not a type of event"));
        check(r#"{"type":"user.created","user_id":0}"#, Err("`user_id` must be a whole number above 0"));
        check(r#"{"type":"user.created","user_id":"1"}"#, Err("cannot read it as a JSON object"));
        check(r#"{"type":"user.created","user_id":1,"emial":"a"}"#, Err("`emial` is not a key of an event"));
        check(r#"{"type":"user.created","user_id":1"#, Err("EOF"));
        check("[]", Err("another kind of JSON value"));
        check(&" ".repeat(MAX_EVENT_BYTES + 1), Err("longer than"));
    }

    #[test]
    fn the_parts_must_agree_about_whom_they_are() {
        check(r#"{"type":"user.updated","user_id":1,"data":{"user":{"id":2}}}"#, Err("`data.user.id`"));
        check(r#"{"type":"user.deleted","user_id":1,"data":{"user_id":2}}"#, Err("`data.user_id`"));
        check(r#"{"type":"user.updated","user_id":1,"data":{"user":[]}}"#, Err("`data.user` must be an object"));
        check(r#"{"type":"user.updated","user_id":1,"data":{"changes":1}}"#, Err("`data.changes`"));
    }

    #[test]
    fn a_password_is_refused_wherever_it_stands_and_never_repeated() {
        for key in ["password", "Password", "passwordHash", "password_hash", "pwd", "hash", "hashed_secret", "passwd"] {
            for text in [
                format!(r#"{{"type":"user.created","user_id":1,"{key}":"hunter2"}}"#),
                format!(r#"{{"type":"user.created","user_id":1,"data":{{"user":{{"{key}":"hunter2"}}}}}}"#),
                format!(r#"{{"type":"user.created","user_id":"x","data":{{"a":[{{"{key}":"hunter2"}}]}}}}"#),
            ] {
                for strictness in [Strictness::KnownKeys, Strictness::AnyKeys] {
                    let error = Event::parse(&text, strictness).unwrap_err();
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
    fn another_programs_event_may_carry_more() {
        let text = r#"{"id":"e1","type":"user.created","user_id":1,"trace":"x","timestamp":"2026-01-02T03:04:05Z"}"#;
        let event = Event::parse(text, Strictness::AnyKeys).unwrap();
        assert_eq!((event.id.as_deref(), event.user_id), (Some("e1"), 1));
        assert_eq!(event.occurred_at.unwrap().to_string(), "2026-01-02T03:04:05Z");
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
                    if let Ok(event) = Event::parse(&text, strictness) {
                        let data = serde_json::Value::from(event.data).to_string();
                        prop_assert!(event.user_id > 0 && !data.contains("\"password\""), "{text}");
                    }
                }
            }
        }
    }
}
