//! Reading events: what is understood, what is refused, and that no message repeats a value.

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
                assert!(!message.contains("hunter2") && !outline.contains("hunter2"), "{text}: {message} {outline}");
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
