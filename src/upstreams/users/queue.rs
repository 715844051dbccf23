//! Every statement on `user_deliveries` and `user_targets`: the state of each event at each target.
//!
//! Of each user's open events at a target only the first is the *head*, and only heads are sent. That keeps the order
//! per user, and one user's trouble his own.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use strum::{EnumString, IntoStaticStr};

use super::tables::{EVENT_COLUMNS, StoredEvent, stored_event};
use crate::clock::to_rfc3339_millis;
use crate::error::Class;
use crate::store::{Error, Reader, Row, Writer};

/// The state of an event at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, clap::ValueEnum)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum State {
    Pending,
    Retrying,
    Delivered,
    Dead,
    Dropped,
}

impl State {
    /// The name used in JSON and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// One event due at one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub event: StoredEvent,
    /// Made so far.
    pub attempts: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Delivered {
        latency: Duration,
    },
    /// Again at that time.
    Retrying {
        class: Class,
        error: String,
        next_attempt_at: Timestamp,
    },
    Dead {
        class: Class,
        error: String,
    },
}

/// When deliveries count as due.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub now: Timestamp,
    /// Nothing is put off for longer: what is due later than this was put off before the clock went back.
    pub cap: Duration,
}

/// The heads that are due at the target, at most so many, those that waited longest first.
pub fn load_due(r: &Reader<'_>, target: &str, due: Due, limit: u64) -> Result<Vec<Delivery>, Error> {
    let sql = format!(
        "
        SELECT {EVENT_COLUMNS}, d.attempts
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

/// Lays out the target's deliveries of the next events, at most so many; answers whether there may be more.
pub fn enqueue_deliveries(w: &Writer<'_>, target: &str, limit: u64, now: Timestamp) -> Result<bool, Error> {
    const INSERT: &str = "
        INSERT INTO user_deliveries (target, seq, user_id, state, is_head, attempts, next_attempt_at)
        VALUES (?1, ?2, ?3, 'pending', NOT EXISTS (
            SELECT 1
            FROM user_deliveries
            WHERE target = ?1
            AND user_id = ?3
            AND finished_at IS NULL
        ), 0, ?4)
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
    let planned = load_enqueued_seq(w, target)?;
    let events = w.rows(NEXT, &[planned.into(), limit.into(), target.into()], |row| {
        Ok((row.int(0)?, row.int(1)?, row.flag(2)?))
    })?;
    let now = to_rfc3339_millis(now);
    for (seq, user_id, is_for_target) in &events {
        if *is_for_target {
            w.execute(INSERT, &[target.into(), (*seq).into(), (*user_id).into(), (&now).into()])?;
        }
    }
    if let Some((last, ..)) = events.last() {
        w.execute(SAVE, &[target.into(), (*last).into()])?;
    }
    Ok(events.len() as u64 == limit)
}

/// The number of the last event whose delivery to the target is laid out.
pub fn load_enqueued_seq(r: &Reader<'_>, target: &str) -> Result<i64, Error> {
    const SQL: &str = "
        SELECT planned_seq
        FROM user_targets
        WHERE name = ?1";
    Ok(r.first(SQL, &[target.into()], |row| row.int(0))?.unwrap_or_default())
}

/// Whether an event of the user is open at the target.
pub fn has_open(r: &Reader<'_>, target: &str, user_id: i64) -> Result<bool, Error> {
    const SQL: &str = "
        SELECT 1
        FROM user_deliveries
        WHERE target = ?1
        AND user_id = ?2
        AND finished_at IS NULL
        LIMIT 1";
    Ok(r.first(SQL, &[target.into(), user_id.into()], |_| Ok(()))?.is_some())
}

/// Whether the user's last event at the target is a repair that was given up.
pub fn is_repair_dead(r: &Reader<'_>, target: &str, user_id: i64) -> Result<bool, Error> {
    const SQL: &str = "
        SELECT d.state = 'dead' AND e.only_target IS NOT NULL
        FROM user_events AS e
        JOIN user_deliveries AS d ON d.seq = e.seq AND d.target = ?1
        WHERE e.user_id = ?2
        ORDER BY e.seq DESC
        LIMIT 1";
    Ok(r.first(SQL, &[target.into(), user_id.into()], |row| row.flag(0))?.unwrap_or_default())
}

/// Keeps how an attempt ended, unless somebody gave the event up meanwhile. Where that settles the delivery, the user's
/// next one becomes the head, and is answered.
pub fn save_outcome(
    w: &Writer<'_>,
    target: &str,
    delivery: &Delivery,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Option<Delivery>, Error> {
    const SQL: &str = "
        UPDATE user_deliveries
        SET
            state = ?3,
            -- Not where a person has put an earlier event of the user in front meanwhile.
            is_head = ?4 AND NOT EXISTS (
                SELECT 1
                FROM user_deliveries AS earlier
                WHERE earlier.target = ?1
                AND earlier.user_id = user_deliveries.user_id
                AND earlier.seq < ?2
                AND earlier.finished_at IS NULL
            ),
            attempts = attempts + 1,
            next_attempt_at = ?5,
            last_error = ?6,
            class = ?7,
            latency_ms = ?8,
            finished_at = ?9
        WHERE target = ?1
        AND seq = ?2
        AND (finished_at IS NULL OR ?3 = 'delivered')";
    let (state, next_attempt_at, failure, latency) = match outcome {
        Outcome::Delivered { latency } => (State::Delivered, now, None, Some(millis(*latency))),
        Outcome::Retrying { class, error, next_attempt_at } => {
            (State::Retrying, *next_attempt_at, Some((error, class)), None)
        }
        Outcome::Dead { class, error } => (State::Dead, now, Some((error, class)), None),
    };
    let is_open = state == State::Retrying;
    let now_text = to_rfc3339_millis(now);
    w.execute(
        SQL,
        &[
            target.into(),
            delivery.event.seq.into(),
            state.name().into(),
            is_open.into(),
            (&to_rfc3339_millis(next_attempt_at)).into(),
            failure.map(|(error, _)| error).into(),
            failure.map(|(_, class)| class.name()).into(),
            latency.into(),
            (!is_open).then_some(&now_text).into(),
        ],
    )?;
    if is_open { Ok(None) } else { promote(w, target, delivery.event.user_id, now) }
}

/// Makes the user's first open delivery the head; answers it.
pub fn promote(w: &Writer<'_>, target: &str, user_id: i64, now: Timestamp) -> Result<Option<Delivery>, Error> {
    const SAVE: &str = "
        UPDATE user_deliveries
        SET is_head = 1, next_attempt_at = ?3
        WHERE target = ?1
        AND seq = ?2
        AND is_head = 0";
    let sql = format!(
        "
        SELECT {EVENT_COLUMNS}, d.attempts
        FROM user_deliveries AS d
        JOIN user_events AS e ON e.seq = d.seq
        WHERE d.target = ?1
        AND d.user_id = ?2
        AND d.finished_at IS NULL
        ORDER BY d.seq
        LIMIT 1"
    );
    let next = w.first(&sql, &[target.into(), user_id.into()], delivery)?;
    if let Some(next) = &next {
        w.execute(SAVE, &[target.into(), next.event.seq.into(), (&to_rfc3339_millis(now)).into()])?;
    }
    Ok(next)
}

/// How many deliveries of the target stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events whose delivery is not laid out yet, too.
    pub pending: u64,
    pub retrying: u64,
    pub delivered: u64,
    pub dead: u64,
    pub dropped: u64,
}

impl Counts {
    /// What is still to be done.
    pub const fn open(&self) -> u64 {
        self.pending + self.retrying
    }
}

/// Counts the target's deliveries.
pub fn load_counts(r: &Reader<'_>, target: &str) -> Result<Counts, Error> {
    const SQL: &str = "
        SELECT state, COUNT(*)
        FROM user_deliveries
        WHERE target = ?1
        GROUP BY state";
    let mut counts = Counts { pending: count_not_enqueued(r, target)?, ..Counts::default() };
    r.for_each(SQL, &[target.into()], |row| {
        let count = row.count(1)?;
        match state(row, 0)? {
            State::Pending => counts.pending += count,
            State::Retrying => counts.retrying = count,
            State::Delivered => counts.delivered = count,
            State::Dead => counts.dead = count,
            State::Dropped => counts.dropped = count,
        }
        Ok::<_, Error>(())
    })?;
    Ok(counts)
}

/// How many events are still to be delivered to the target; looks at no others.
pub fn count_open(r: &Reader<'_>, target: &str) -> Result<u64, Error> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM user_deliveries
        WHERE target = ?1
        AND finished_at IS NULL";
    Ok(count_not_enqueued(r, target)? + r.first(SQL, &[target.into()], |row| row.count(0))?.unwrap_or_default())
}

/// How many events are for the target and not laid out yet.
fn count_not_enqueued(r: &Reader<'_>, target: &str) -> Result<u64, Error> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM user_events
        WHERE seq > ?1
        AND (only_target IS NULL OR only_target = ?2)";
    let planned = load_enqueued_seq(r, target)?;
    Ok(r.first(SQL, &[planned.into(), target.into()], |row| row.count(0))?.unwrap_or_default())
}

/// How many deliveries of the target are dead, up to the moment: cheap, for the end of every pass.
pub fn count_dead(r: &Reader<'_>, target: &str) -> Result<u64, Error> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM user_deliveries
        WHERE target = ?1
        AND state = 'dead'";
    Ok(r.first(SQL, &[target.into()], |row| row.count(0))?.unwrap_or_default())
}

/// The state in that column.
pub fn state(row: &Row<'_>, column: usize) -> Result<State, Error> {
    let name = row.text(column)?;
    name.parse().map_err(|_| Error::Value { found: name.to_owned(), expected: "a state of a delivery" })
}

fn delivery(row: &Row<'_>) -> Result<Delivery, Error> {
    let attempts = u32::try_from(row.int(11)?).unwrap_or(u32::MAX);
    Ok(Delivery { event: stored_event(row)?, attempts })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
