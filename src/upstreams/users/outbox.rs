//! Taking events in: numbered, made whole, and the local users brought up to them, in one transaction.

use jiff::Timestamp;
use serde_json::Value;

use super::event::{Event, Kind};
use super::tables::{
    StoredEvent, StoredUser, delete_user, has_event, load_last_seq, load_outbox_name, load_user, save_event,
    save_last_seq, save_user,
};
use super::user::{Version, reduce, whole_data};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Writer};

/// Where events come from that name no source.
pub const SOURCE: &str = "tongbu";

/// Where the events of a check come from.
pub const REPAIR_SOURCE: &str = "tongbu-check";

/// What became of events that were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    pub stored: u64,
    /// Their ids were stored before.
    pub known: u64,
    /// The number of the last stored one; 0 where none was.
    pub last_seq: i64,
}

impl Ingested {
    /// Adds what came after.
    pub fn add(&mut self, later: Self) {
        self.stored += later.stored;
        self.known += later.known;
        self.last_seq = self.last_seq.max(later.last_seq);
    }
}

/// Who the events are for.
#[derive(Clone, Copy, Debug)]
pub enum Recipients<'a> {
    All,
    /// A repair of one target: the local users are what it is made from, and stay.
    Only(&'a str),
}

/// Stores the events that are not stored yet.
pub fn save_events(
    w: &Writer<'_>,
    events: &[Event],
    recipients: Recipients<'_>,
    record: Option<i64>,
    now: Timestamp,
) -> Result<Ingested, Error> {
    let mut ingested = Ingested::default();
    let context = IngestContext { outbox: load_outbox_name(w)?, recipients, record, now };
    let mut seq = load_last_seq(w)?;
    for event in events {
        // Looked up first: a number must not be used up, nor a user touched, by an event that is known.
        if let Some(id) = &event.id
            && has_event(w, id)?
        {
            ingested.known += 1;
            continue;
        }
        seq += 1;
        save(w, event, seq, &context)?;
        ingested.stored += 1;
        ingested.last_seq = seq;
    }
    save_last_seq(w, seq)?;
    Ok(ingested)
}

/// What is the same for all events of one transaction.
struct IngestContext<'a> {
    outbox: String,
    recipients: Recipients<'a>,
    record: Option<i64>,
    now: Timestamp,
}

fn save(w: &Writer<'_>, event: &Event, seq: i64, context: &IngestContext<'_>) -> Result<(), Error> {
    let IngestContext { recipients, record, now, .. } = *context;
    let known = load_user(w, event.user_id)?;
    let occurred_at = event.occurred_at.unwrap_or_else(|| not_before(now, known.as_ref()));
    let version = Version { at_ms: occurred_at.as_millisecond(), seq };
    let is_older = known.as_ref().is_some_and(|known| version < known.version);
    let at = to_rfc3339_millis(occurred_at);
    // An older event is passed on as it is told: what is known is from later.
    let before = known.as_ref().filter(|known| !known.is_deleted && !is_older).map(|known| &known.user);
    let after = reduce(before, event, &at);
    let data = whole_data(event, before, after.as_ref());
    if let Recipients::All = recipients
        && !is_older
    {
        match &after {
            Some(user) => save_user(w, event.user_id, user, version, now, record)?,
            None => delete_user(w, event, version, now)?,
        }
    }
    let name = |field: &Option<String>, key: &str| {
        field.clone().or_else(|| {
            let user = data.get("user").unwrap_or(&Value::Null);
            user.get(key).or_else(|| data.get(key)).and_then(Value::as_str).map(str::to_owned)
        })
    };
    let (username, email) = (name(&event.username, "username"), name(&event.email, "email"));
    let (only_target, source) = match recipients {
        Recipients::All => (None, SOURCE),
        Recipients::Only(target) => (Some(target.to_owned()), REPAIR_SOURCE),
    };
    let is_new = save_event(
        w,
        &StoredEvent {
            seq,
            id: event.id.clone().unwrap_or_else(|| own_id(&context.outbox, seq, now)),
            kind: event.kind,
            user_id: event.user_id,
            username,
            email,
            data: Value::Object(data).to_string(),
            occurred_at,
            source: event.source.clone().unwrap_or_else(|| source.to_owned()),
            only_target,
            stored_at: now,
        },
    )?;
    debug_assert!(is_new, "its id was looked up before");
    Ok(())
}

/// The time of an event that names none: now, but never before its user's last one, or a clock that was set back would
/// make the newest event look older than what is known.
fn not_before(now: Timestamp, known: Option<&StoredUser>) -> Timestamp {
    let last = known.and_then(|known| Timestamp::from_millisecond(known.version.at_ms).ok());
    last.map_or(now, |last| last.max(now))
}

/// The event that brings one target to what is known of the user.
pub fn repair_event(user_id: i64, known: Option<&StoredUser>) -> Event {
    let present = known.filter(|known| !known.is_deleted);
    let user = present.map(|known| Value::Object(known.user.to_object(user_id)));
    Event {
        id: None,
        kind: if user.is_some() { Kind::Updated } else { Kind::Deleted },
        user_id,
        username: None,
        email: None,
        data: user.map(|user| ("user".to_owned(), user)).into_iter().collect(),
        // As of when it is known, so that no target takes it for later than it is.
        occurred_at: known.and_then(|known| Timestamp::from_millisecond(known.version.at_ms).ok()),
        source: None,
    }
}

/// The id of an event that has none: derived, so that a transaction done again gives it again, and with its time, so
/// that a database brought back from a backup does not give it to another event.
fn own_id(outbox: &str, seq: i64, now: Timestamp) -> String {
    format!("{outbox}-{seq}-{:x}", now.as_millisecond())
}
