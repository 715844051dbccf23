//! The pieces that several JSON documents share.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::labels;
use crate::exit::Exit;
use crate::present::style::Style;
use crate::secret;
use crate::store::{Holder, Problem, ProblemDetails, Status, Trigger};
use crate::upstreams::{self, Failure};

/// `"error"` in a document: why there is no success.
#[derive(Debug, Serialize)]
pub struct ErrorPart<'a> {
    class: &'static str,
    exit_code: u8,
    message: &'a str,
    causes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<LockPart<'a>>,
    hint: String,
}

impl<'a> ErrorPart<'a> {
    pub fn new(failure: &'a Failure, holder: Option<&'a Holder>, style: &Style) -> Self {
        Self {
            class: failure.class.name(),
            exit_code: Exit::from(failure.class).code(),
            message: &failure.message,
            causes: &failure.causes,
            lock: holder.map(|holder| LockPart::new(holder, style)),
            hint: holder.map_or_else(|| failure.hint.clone(), super::errors::lock_hint),
        }
    }
}

/// A lock and who holds it.
#[derive(Debug, Serialize)]
pub struct LockPart<'a> {
    name: &'a str,
    token: i64,
    state: LockState,
    locked_by: &'a str,
    pid: i64,
    host: &'a str,
    trace_id: &'a str,
    locked_at: String,
    renewed_at: String,
    expires_at: String,
}

impl<'a> LockPart<'a> {
    pub fn new(holder: &'a Holder, style: &Style) -> Self {
        Self {
            name: &holder.name,
            token: holder.token,
            state: LockState::of(holder),
            locked_by: &holder.owner,
            pid: holder.pid,
            host: &holder.host,
            trace_id: &holder.trace_id,
            locked_at: style.rfc3339(holder.locked_at),
            renewed_at: style.rfc3339(holder.renewed_at),
            expires_at: style.rfc3339(holder.expires_at),
        }
    }
}

/// How a lock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LockState {
    Held,
    Stale,
    Released,
}

impl LockState {
    pub const fn of(holder: &Holder) -> Self {
        match (holder.released, holder.is_stale) {
            (true, _) => Self::Released,
            (false, true) => Self::Stale,
            (false, false) => Self::Held,
        }
    }
}

/// One problem of a run.
#[derive(Debug, Serialize)]
pub struct ProblemPart<'a> {
    scope: &'a str,
    class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    message: &'a str,
    error: &'a str,
    at: String,
    #[serde(flatten)]
    details: &'a ProblemDetails,
}

impl<'a> ProblemPart<'a> {
    pub fn all(problems: &'a [Problem], style: &Style) -> Vec<Self> {
        let part = |problem: &'a Problem| Self {
            scope: &problem.scope,
            class: problem.class.name(),
            id: problem.id.as_deref(),
            name: problem.name.as_deref(),
            message: &problem.message,
            error: &problem.message,
            at: style.rfc3339(problem.at),
            details: &problem.details,
        };
        problems.iter().map(part).collect()
    }
}

/// What a run is, as a sync's own document and `records` both tell it.
#[derive(Debug, Serialize)]
pub struct KindPart<'a> {
    sync: &'a str,
    sync_type: &'a str,
    sync_type_label: &'a str,
    trigger_type: Trigger,
    trigger_type_label: &'static str,
    status: Status,
    status_label: &'static str,
}

impl<'a> KindPart<'a> {
    pub fn new(sync: &'a str, sync_type: &'a str, trigger: Trigger, status: Status, style: &Style) -> Self {
        Self {
            sync,
            sync_type,
            sync_type_label: upstreams::sync_type_label(sync_type, style.language),
            trigger_type: trigger,
            trigger_type_label: style.label(labels::trigger(trigger)),
            status,
            status_label: style.label(labels::status(status)),
        }
    }
}

/// The document in one line, exact but for secrets.
pub fn render(document: &impl Serialize) -> String {
    match serde_json::to_string(document) {
        Ok(text) => scrub_document(&text).into_owned(),
        // Only a map with keys that are no text could fail, and no document has one.
        Err(error) => format!("{{\"error\":\"{error}\"}}"),
    }
}

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

    use super::render;
    use crate::secret::Secret;

    #[test]
    fn secrets_are_masked_and_the_document_stays_one() {
        let _numeric = Secret::new("987654".to_owned());
        let _quoted = Secret::new("p\"w\u{1}dé".to_owned());
        let document = json!({"count": 987_654, "text": "the key 987654!", "list": ["xp\"w\u{1}déx"]});
        let masked: serde_json::Value = serde_json::from_str(&render(&document)).unwrap();
        assert_eq!(masked, json!({"count": 987_654, "text": "the key ***!", "list": ["x***x"]}));
    }
}
