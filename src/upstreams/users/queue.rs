//! Every statement on `user_deliveries` and `user_targets`: the state of each event at each target.
//!
//! Of each user's open events at a target only the first is the *head*, and only heads are sent; behind a dead one there
//! is no head. That keeps the order per user, and one user's failures from delaying the others.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use strum::{EnumString, IntoStaticStr};

use super::tables::{EVENT_COLUMN_COUNT, EVENT_COLUMNS, StoredEvent, load_last_event_seq, stored_event};
use crate::clock::to_rfc3339_millis;
use crate::error::Class;
use crate::store::{Error, Reader, Row, Value, Writer};

/// The state of an event at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, clap::ValueEnum)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum State {
    Pending,
    Retrying,
    Delivered,
    /// The target knew of a later event of the user and left everything as it is.
    Superseded,
    Dead,
    Dropped,
}

impl State {
    /// The name used in JSON and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// Whether the delivery is still to be made.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Retrying)
    }
}

/// One event due at one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub event: StoredEvent,
    /// Made so far.
    pub attempts: u32,
    pub next_attempt_at: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub state: State,
    /// Whether the attempt counts for the event: a failure of its target does not.
    pub is_counted: bool,
    pub next_attempt_at: Timestamp,
    pub failure: Option<(Class, String)>,
    pub latency: Option<Duration>,
}

/// When deliveries count as due.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub now: Timestamp,
    /// No wait is longer: what is due later than this was postponed before the clock was set back.
    pub cap: Duration,
}

/// The heads that are due at the target, at most that many, those that waited longest first.
pub fn load_due(r: &Reader<'_>, target: &str, due: Due, limit: u64) -> Result<Vec<Delivery>, Error> {
    let sql = format!(
        "
        SELECT {EVENT_COLUMNS}, d.attempts, d.next_attempt_at
        FROM user_deliveries AS d
        JOIN user_events AS e ON e.seq = d.seq
        WHERE d.target = ?1
        AND d.is_head = 1
        AND (d.next_attempt_at <= ?2 OR d.next_attempt_at > ?3)
        ORDER BY d.next_attempt_at, d.seq
        LIMIT ?4"
    );
    let cap = SignedDuration::try_from(due.cap).unwrap_or(SignedDuration::MAX);
    let latest = due.now.checked_add(cap).unwrap_or(Timestamp::MAX);
    r.rows(
        &sql,
        &[target.into(), (&to_rfc3339_millis(due.now)).into(), (&to_rfc3339_millis(latest)).into(), limit.into()],
        delivery,
    )
}

/// Enqueues the target's deliveries of the next events, at most that many; returns whether there may be more.
pub fn enqueue_deliveries(w: &Writer<'_>, target: &str, limit: u64, now: Timestamp) -> Result<bool, Error> {
    const INSERT: &str = "
        INSERT INTO user_deliveries (target, seq, user_id, state, is_head, attempts, next_attempt_at)
        VALUES (?1, ?2, ?3, 'pending', CASE WHEN EXISTS (
            SELECT 1
            FROM user_deliveries
            WHERE target = ?1
            AND user_id = ?3
            AND finished_at IS NULL
        ) OR EXISTS (
            SELECT 1
            FROM user_deliveries
            WHERE target = ?1
            AND user_id = ?3
            AND state = 'dead'
        ) THEN 0 ELSE 1 END, 0, ?4)
        ON CONFLICT (target, seq) DO NOTHING";
    const SAVE: &str = "
        INSERT INTO user_targets (name, planned_seq)
        VALUES (?1, ?2)
        ON CONFLICT (name) DO UPDATE SET planned_seq = excluded.planned_seq";
    const NEXT: &str = "
        SELECT seq, user_id, only_target IS NULL OR only_target = ?3
        FROM user_events
        WHERE seq > ?1
        ORDER BY seq
        LIMIT ?2";
    let enqueued = load_enqueued_seq(w, target)?;
    let events = w.rows(NEXT, &[enqueued.into(), limit.into(), target.into()], |row| {
        Ok((row.int(0)?, row.int(1)?, row.flag(2)?))
    })?;
    let now = to_rfc3339_millis(now);
    for (seq, user_id, is_for_target) in &events {
        if *is_for_target {
            w.write(INSERT, &[target.into(), (*seq).into(), (*user_id).into(), (&now).into()])?;
        }
    }
    if let Some((last, ..)) = events.last() {
        w.write(SAVE, &[target.into(), (*last).into()])?;
    }
    Ok(events.len() as u64 == limit)
}

/// The `seq` of the last event whose delivery to the target is enqueued.
pub fn load_enqueued_seq(r: &Reader<'_>, target: &str) -> Result<i64, Error> {
    const SQL: &str = "
        SELECT planned_seq
        FROM user_targets
        WHERE name = ?1";
    Ok(r.first(SQL, &[target.into()], |row| row.int(0))?.unwrap_or_default())
}

/// Whether an event of the user is open at the target, or not even enqueued.
pub fn is_in_flight(r: &Reader<'_>, target: &str, user_id: i64) -> Result<bool, Error> {
    const OPEN: &str = "
        SELECT 1
        FROM user_deliveries
        WHERE target = ?1
        AND user_id = ?2
        AND finished_at IS NULL
        LIMIT 1";
    let is_open = r.first(OPEN, &[target.into(), user_id.into()], |_| Ok(()))?.is_some();
    Ok(is_open || load_last_event_seq(r, target, user_id)? > load_enqueued_seq(r, target)?)
}

/// Whether an event of the user is dead at the target, which keeps his later ones back.
pub fn has_dead(r: &Reader<'_>, target: &str, user_id: i64) -> Result<bool, Error> {
    const SQL: &str = "
        SELECT 1
        FROM user_deliveries
        WHERE target = ?1
        AND user_id = ?2
        AND state = 'dead'
        LIMIT 1";
    Ok(r.first(SQL, &[target.into(), user_id.into()], |_| Ok(()))?.is_some())
}

/// When the target last accepted an event.
pub fn load_delivered_at(r: &Reader<'_>, target: &str) -> Result<Option<Timestamp>, Error> {
    const SQL: &str = "
        SELECT delivered_at
        FROM user_targets
        WHERE name = ?1";
    Ok(r.first(SQL, &[target.into()], |row| row.opt_instant(0))?.flatten())
}

/// Keeps how attempts at the target ended; returns the heads that are due behind those that are settled.
pub fn save_outcomes(
    w: &Writer<'_>,
    target: &str,
    outcomes: &[(Delivery, Outcome)],
    now: Timestamp,
) -> Result<Vec<Delivery>, Error> {
    const DELIVERED: &str = "
        UPDATE user_targets
        SET delivered_at = ?2
        WHERE name = ?1";
    let mut next = Vec::new();
    for (delivery, outcome) in outcomes {
        save_outcome(w, target, delivery, outcome, now)?;
        next.extend(promote(w, target, delivery.event.user_id)?.filter(|next| next.next_attempt_at <= now));
    }
    if outcomes.iter().any(|(_, outcome)| outcome.state == State::Delivered) {
        w.write(DELIVERED, &[target.into(), (&to_rfc3339_millis(now)).into()])?;
    }
    Ok(next)
}

/// Changes nothing where a person gave the event up meanwhile, unless it was delivered.
fn save_outcome(
    w: &Writer<'_>,
    target: &str,
    delivery: &Delivery,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "
        UPDATE user_deliveries
        SET
            state = ?3,
            is_head = 0,
            attempts = attempts + ?4,
            next_attempt_at = ?5,
            last_error = ?6,
            class = ?7,
            latency_ms = ?8,
            finished_at = ?9
        WHERE target = ?1
        AND seq = ?2
        AND (finished_at IS NULL OR ?3 = 'delivered')";
    let Outcome { state, is_counted, next_attempt_at, failure, latency } = outcome;
    let latency_ms = latency.map(|latency| i64::try_from(latency.as_millis()).unwrap_or(i64::MAX));
    let (next_attempt_at, now) = (to_rfc3339_millis(*next_attempt_at), to_rfc3339_millis(now));
    let params: [Value<'_>; 9] = [
        target.into(),
        delivery.event.seq.into(),
        state.name().into(),
        (*is_counted).into(),
        (&next_attempt_at).into(),
        failure.as_ref().map(|(_, error)| error).into(),
        failure.as_ref().map(|(class, _)| class.name()).into(),
        latency_ms.into(),
        (!state.is_open()).then_some(&now).into(),
    ];
    w.write(SQL, &params)?;
    Ok(())
}

/// Makes the user's first open delivery the head, unless an earlier one is dead; returns it.
pub fn promote(w: &Writer<'_>, target: &str, user_id: i64) -> Result<Option<Delivery>, Error> {
    const SAVE: &str = "
        UPDATE user_deliveries
        SET is_head = 1
        WHERE target = ?1
        AND seq = ?2
        AND is_head = 0";
    let sql = format!(
        "
        SELECT {EVENT_COLUMNS}, d.attempts, d.next_attempt_at
        FROM user_deliveries AS d
        JOIN user_events AS e ON e.seq = d.seq
        WHERE d.target = ?1
        AND d.user_id = ?2
        AND d.finished_at IS NULL
        AND NOT EXISTS (
            SELECT 1
            FROM user_deliveries AS earlier
            WHERE earlier.target = ?1
            AND earlier.user_id = ?2
            AND earlier.state = 'dead'
            AND earlier.seq < d.seq
        )
        ORDER BY d.seq
        LIMIT 1"
    );
    let next = w.first(&sql, &[target.into(), user_id.into()], delivery)?;
    if let Some(next) = &next {
        w.write(SAVE, &[target.into(), next.event.seq.into()])?;
    }
    Ok(next)
}

/// Lets no head of the target be due before that time.
pub fn postpone(w: &Writer<'_>, target: &str, until: Timestamp) -> Result<(), Error> {
    const SQL: &str = "
        UPDATE user_deliveries
        SET next_attempt_at = ?2
        WHERE target = ?1
        AND is_head = 1
        AND next_attempt_at < ?2";
    w.write(SQL, &[target.into(), (&to_rfc3339_millis(until)).into()])?;
    Ok(())
}

/// When the newest event was stored.
pub fn load_newest_at(r: &Reader<'_>) -> Result<Option<Timestamp>, Error> {
    const SQL: &str = "
        SELECT stored_at
        FROM user_events
        ORDER BY seq DESC
        LIMIT 1";
    r.first(SQL, &[], |row| row.instant(0))
}

/// Deletes the first events stored before that time of which nothing is open or dead at these targets, at most that many;
/// returns how many.
pub fn delete_settled_events(w: &Writer<'_>, before: Timestamp, targets: &[String], limit: u64) -> Result<u64, Error> {
    const FIRST_YOUNG: &str = "
        SELECT seq
        FROM user_events
        WHERE stored_at >= ?1
        ORDER BY seq
        LIMIT 1";
    let before = to_rfc3339_millis(before);
    let mut end = w.first(FIRST_YOUNG, &[(&before).into()], |row| row.int(0))?.unwrap_or(i64::MAX);
    for target in targets {
        end = end.min(load_enqueued_seq(w, target)?.saturating_add(1));
    }
    // The names are bound one by one: as many as there are targets. No name is NULL: not every engine takes an empty list.
    let mut names = vec!["NULL".to_owned()];
    names.extend((0..targets.len()).map(|index| format!("?{}", index + 3)));
    let sql = format!(
        "
        DELETE FROM user_events
        WHERE seq IN (
            SELECT e.seq
            FROM user_events AS e
            WHERE e.seq < ?1
            AND NOT EXISTS (
                SELECT 1
                FROM user_deliveries AS d
                WHERE d.seq = e.seq
                AND d.state IN ('pending', 'retrying', 'dead')
                AND d.target IN ({})
            )
            ORDER BY e.seq
            LIMIT ?2
        )",
        names.join(", ")
    );
    let mut params: Vec<Value<'_>> = vec![end.into(), limit.into()];
    params.extend(targets.iter().map(Value::from));
    w.execute(&sql, &params)
}

/// The state in that column.
pub fn state(row: &Row<'_>, column: usize) -> Result<State, Error> {
    let name = row.text(column)?;
    name.parse().map_err(|_| Error::Value { found: name.to_owned(), expected: "a state of a delivery" })
}

fn delivery(row: &Row<'_>) -> Result<Delivery, Error> {
    let attempts = u32::try_from(row.int(EVENT_COLUMN_COUNT)?).unwrap_or(u32::MAX);
    Ok(Delivery { event: stored_event(row)?, attempts, next_attempt_at: row.instant(EVENT_COLUMN_COUNT + 1)? })
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
