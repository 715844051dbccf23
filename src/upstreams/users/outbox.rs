//! Taking events in: numbered, made whole, and the local users brought up to them, in one transaction.
//!
//! The order of arrival decides which event is the later one; the time an event names decides nothing.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::event::{Event, Kind};
use super::tables::{
    StoredEvent, StoredUser, delete_user, has_event, load_last_seq, load_outbox_name, load_user, save_event,
    save_last_seq, save_user,
};
use super::user::{Version, reduce, whole_data};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Writer};
use crate::text::ending;

/// Where events come from that name no source.
pub const SOURCE: &str = "tongbu";

/// Where the events of a check come from.
pub const REPAIR_SOURCE: &str = "tongbu-check";

/// A `timestamp` that is further in the future than this is an error of its sender's clock.
const TOLERATED_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    pub stored: u64,
    /// Their ids were stored before.
    pub known: u64,
    /// Their `timestamp` was too far in the future.
    pub clamped: u64,
    /// The `seq` of the last stored one; 0 where none was.
    pub last_seq: i64,
}

impl Ingested {
    /// Adds what came after.
    pub fn add(&mut self, later: Self) {
        self.stored += later.stored;
        self.known += later.known;
        self.clamped += later.clamped;
        self.last_seq = self.last_seq.max(later.last_seq);
    }

    /// What a person should know about the times of these events.
    pub fn warning(self) -> Option<String> {
        let Self { clamped, .. } = self;
        (clamped > 0).then(|| {
            let s = ending(clamped);
            format!(
                "{clamped} event{s} came with a `timestamp` more than 5 minutes in the future; their time of arrival is used instead: \
                 check the clock of the program that sends them"
            )
        })
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
        // Looked up first: an event that is known must not use up a number or change a user.
        if let Some(id) = &event.id
            && has_event(w, id)?
        {
            ingested.known += 1;
            continue;
        }
        seq += 1;
        let is_clamped = save(w, event, seq, &context)?;
        ingested.stored += 1;
        ingested.clamped += u64::from(is_clamped);
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

/// Returns whether the event's time was clamped.
fn save(w: &Writer<'_>, event: &Event, seq: i64, context: &IngestContext<'_>) -> Result<bool, Error> {
    let IngestContext { recipients, record, now, .. } = *context;
    let known = load_user(w, event.user_id)?;
    // Never before the user's last event, even if the clock was set back meanwhile.
    let at_ms = known.as_ref().map_or(i64::MIN, |known| known.version.at_ms).max(now.as_millisecond());
    let version = Version { at_ms, seq };
    let is_clamped = event.occurred_at.is_some_and(|at| at.duration_since(now) > TOLERATED_AHEAD);
    let occurred_at = event.occurred_at.filter(|_| !is_clamped).unwrap_or(now);
    let before = known.as_ref().filter(|known| !known.is_deleted).map(|known| &known.user);
    let after = reduce(before, event, &to_rfc3339_millis(occurred_at));
    let data = whole_data(event, before, after.as_ref());
    if let Recipients::All = recipients {
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
    save_event(
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
            version_ms: version.at_ms,
        },
    )?;
    Ok(is_clamped)
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
        // The time of the user's last event, so that no target takes it for later than it is.
        occurred_at: known.and_then(|known| Timestamp::from_millisecond(known.version.at_ms).ok()),
        source: None,
    }
}

/// The id of an event that has none: derived, so that a transaction done again gives it again, and with its time, so
/// that a database brought back from a backup does not give it to another event.
fn own_id(outbox: &str, seq: i64, now: Timestamp) -> String {
    format!("{outbox}-{seq}-{:x}", now.as_millisecond())
}
