//! An event in the form in which targets get it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::tables::StoredEvent;
use crate::upstreams::hmac::sha256_hex;

/// An idempotency key longer than this is replaced by its digest.
const MAX_KEY_CHARS: usize = 200;

/// One event, as it is sent.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the keys are the document's")]
pub struct Task<'a> {
    task_id: String,
    user_id: i64,
    username: Option<&'a str>,
    event_type: &'static str,
    data: &'a RawValue,
    timestamp: String,
    /// In a batch, which has no header for each; the same as the event's own header elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
}

impl<'a> Task<'a> {
    /// The event, if what is stored of it can be read.
    pub fn of(event: &'a StoredEvent) -> Result<Self, serde_json::Error> {
        Ok(Self {
            task_id: task_id(event),
            user_id: event.user_id,
            username: event.username.as_deref(),
            event_type: event.kind.name(),
            data: serde_json::from_str(&event.data)?,
            timestamp: event.occurred_at.to_string(),
            idempotency_key: None,
        })
    }

    /// With its key inside, where there is no header for it.
    #[must_use]
    pub fn with_key(self, event: &StoredEvent) -> Self {
        Self { idempotency_key: Some(idempotency_key(&event.id)), ..self }
    }
}

/// Names the user and the event's number.
pub fn task_id(event: &StoredEvent) -> String {
    format!("user_sync_{}_{}", event.user_id, event.seq)
}

/// The event's id where a header can carry it, else its digest: the same for every attempt either way.
pub fn idempotency_key(id: &str) -> String {
    let is_plain = id.len() <= MAX_KEY_CHARS && id.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain { id.to_owned() } else { sha256_hex(id) }
}

/// What we made ourselves can be written.
pub fn serialize(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
