//! The outbox for people to read: events with their deliveries, queues, statistics.

use jiff::Timestamp;

use super::queue::{State, load_enqueued_seq, state};
use super::tables::{EVENT_COLUMN_COUNT, EVENT_COLUMNS, StoredEvent, stored_event};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Reader, Row, Value};

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    pub state: Option<State>,
    pub target: Option<String>,
    pub user_id: Option<i64>,
    pub since: Option<Timestamp>,
    /// From 1.
    pub page: u64,
    pub per_page: u64,
}

/// One event at one target; one that is not enqueued yet has no delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub event: StoredEvent,
    pub delivery: Option<DeliveryStatus>,
}

/// The state of an event at a target.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryStatus {
    pub target: String,
    pub state: State,
    pub attempts: u64,
    pub next_attempt_at: Timestamp,
    pub last_error: Option<String>,
    pub class: Option<String>,
    pub latency_ms: Option<i64>,
    pub finished_at: Option<Timestamp>,
}

/// A page of rows, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPage {
    pub rows: Vec<EventRow>,
    /// On all pages.
    pub total: u64,
}

/// The queue of one target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetQueue {
    pub target: String,
    pub counts: Counts,
    /// When the oldest open event came in.
    pub oldest_at: Option<Timestamp>,
    /// When the first of those that wait for another attempt is due.
    pub next_attempt_at: Option<Timestamp>,
    /// Whether it is in the configuration; no statement knows that.
    pub is_enabled: bool,
}

/// How deliveries to one target went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetStats {
    pub target: String,
    pub delivered: u64,
    pub dead: u64,
    pub retrying: u64,
    pub total: u64,
    /// Of the request that was accepted, in milliseconds.
    pub latency_p50_ms: Option<i64>,
    pub latency_p95_ms: Option<i64>,
}

const DELIVERY_COLUMNS: &str = "d.target, d.state, d.attempts, d.next_attempt_at, d.last_error, d.class, d.latency_ms, \
                                d.finished_at";

/// A page of the matching deliveries.
pub fn load_page(r: &Reader<'_>, filter: &EventFilter) -> Result<EventPage, Error> {
    let since = filter.since.map(to_rfc3339_millis);
    let mut params: Vec<Value<'_>> = Vec::new();
    let mut clauses = Vec::new();
    let mut clause = |text: &str, value| {
        params.push(value);
        clauses.push(text.replace("{}", &format!("?{}", params.len())));
    };
    if let Some(state) = filter.state {
        clause("d.state = {}", state.name().into());
    }
    if let Some(target) = &filter.target {
        clause("d.target = {}", target.into());
    }
    if let Some(user_id) = filter.user_id {
        clause("e.user_id = {}", user_id.into());
    }
    if let Some(since) = &since {
        clause("e.stored_at >= {}", since.into());
    }
    let clauses = if clauses.is_empty() { String::new() } else { format!("WHERE {}", clauses.join(" AND ")) };
    let from = format!("FROM user_events AS e LEFT JOIN user_deliveries AS d ON d.seq = e.seq {clauses}");
    let total = r.first(&format!("SELECT COUNT(*) {from}"), &params, |row| row.count(0))?.unwrap_or_default();
    let (limit, offset) = (params.len() + 1, params.len() + 2);
    let sql = format!(
        "
        SELECT {EVENT_COLUMNS}, {DELIVERY_COLUMNS}
        {from}
        ORDER BY e.seq DESC, d.target
        LIMIT ?{limit}
        OFFSET ?{offset}"
    );
    params.push(filter.per_page.into());
    params.push(filter.page.saturating_sub(1).saturating_mul(filter.per_page).into());
    let rows =
        r.rows(&sql, &params, |row| Ok(EventRow { event: stored_event(row)?, delivery: delivery_status(row)? }))?;
    Ok(EventPage { rows, total })
}

/// One event at every target; empty where there is none of that number.
pub fn load_event(r: &Reader<'_>, seq: i64) -> Result<Vec<EventRow>, Error> {
    let sql = format!(
        "
        SELECT {EVENT_COLUMNS}, {DELIVERY_COLUMNS}
        FROM user_events AS e
        LEFT JOIN user_deliveries AS d ON d.seq = e.seq
        WHERE e.seq = ?1
        ORDER BY d.target"
    );
    r.rows(&sql, &[seq.into()], |row| Ok(EventRow { event: stored_event(row)?, delivery: delivery_status(row)? }))
}

/// How many deliveries of the target are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events whose delivery is not enqueued yet, too.
    pub pending: u64,
    pub retrying: u64,
    pub delivered: u64,
    pub superseded: u64,
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
            State::Superseded => counts.superseded = count,
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

/// How many events are for the target and not enqueued yet.
fn count_not_enqueued(r: &Reader<'_>, target: &str) -> Result<u64, Error> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM user_events
        WHERE seq > ?1
        AND (only_target IS NULL OR only_target = ?2)";
    let enqueued = load_enqueued_seq(r, target)?;
    Ok(r.first(SQL, &[enqueued.into(), target.into()], |row| row.count(0))?.unwrap_or_default())
}

/// How many deliveries of the target are dead; cheap, for the end of every pass.
pub fn count_dead(r: &Reader<'_>, target: &str) -> Result<u64, Error> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM user_deliveries
        WHERE target = ?1
        AND state = 'dead'";
    Ok(r.first(SQL, &[target.into()], |row| row.count(0))?.unwrap_or_default())
}

/// The target's queue.
pub fn load_queue(r: &Reader<'_>, target: &str) -> Result<TargetQueue, Error> {
    const OLDEST: &str = "
        SELECT stored_at
        FROM user_events
        WHERE seq = (
            SELECT MIN(seq)
            FROM user_deliveries
            WHERE target = ?1
            AND finished_at IS NULL
        )";
    const NOT_ENQUEUED: &str = "
        SELECT stored_at
        FROM user_events
        WHERE seq > COALESCE((SELECT planned_seq FROM user_targets WHERE name = ?1), 0)
        AND (only_target IS NULL OR only_target = ?1)
        ORDER BY seq
        LIMIT 1";
    const NEXT: &str = "
        SELECT MIN(next_attempt_at)
        FROM user_deliveries
        WHERE target = ?1
        AND is_head = 1
        AND state = 'retrying'";
    let oldest_at = match r.first(OLDEST, &[target.into()], |row| row.instant(0))? {
        None => r.first(NOT_ENQUEUED, &[target.into()], |row| row.instant(0))?,
        oldest => oldest,
    };
    let next_attempt_at = r.first(NEXT, &[target.into()], |row| row.opt_instant(0))?.flatten();
    Ok(TargetQueue {
        target: target.to_owned(),
        counts: load_counts(r, target)?,
        oldest_at,
        next_attempt_at,
        is_enabled: false,
    })
}

/// How the target's deliveries went that are still kept.
pub fn load_stats(r: &Reader<'_>, target: &str) -> Result<TargetStats, Error> {
    let counts = load_counts(r, target)?;
    let percentile = |share: f64| {
        const SQL: &str = "
            SELECT latency_ms
            FROM user_deliveries
            WHERE target = ?1
            AND state = 'delivered'
            ORDER BY latency_ms NULLS FIRST
            LIMIT 1
            OFFSET ?2";
        r.first(SQL, &[target.into(), rank(counts.delivered, share).into()], |row| row.opt_int(0)).map(Option::flatten)
    };
    Ok(TargetStats {
        target: target.to_owned(),
        delivered: counts.delivered,
        dead: counts.dead,
        retrying: counts.retrying,
        total: counts.open() + counts.delivered + counts.dead,
        latency_p50_ms: percentile(0.50)?,
        latency_p95_ms: percentile(0.95)?,
    })
}

/// The enabled targets; without any, those with deliveries in the database.
pub fn load_reported_targets(r: &Reader<'_>, enabled: Vec<String>) -> Result<Vec<String>, Error> {
    const SQL: &str = "
        SELECT name
        FROM user_targets
        ORDER BY name";
    if !enabled.is_empty() {
        return Ok(enabled);
    }
    r.rows(SQL, &[], |row| row.text(0).map(str::to_owned))
}

/// How many values precede the one at that share of them: the nearest rank.
fn rank(count: u64, share: f64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of rows are far below 2^52, and never negative"
    )]
    let rank = (count as f64 * share).ceil() as u64;
    rank.saturating_sub(1)
}

fn delivery_status(row: &Row<'_>) -> Result<Option<DeliveryStatus>, Error> {
    let first = EVENT_COLUMN_COUNT;
    let Some(target) = row.opt_text(first)? else { return Ok(None) };
    Ok(Some(DeliveryStatus {
        target: target.to_owned(),
        state: state(row, first + 1)?,
        attempts: row.count(first + 2)?,
        next_attempt_at: row.instant(first + 3)?,
        last_error: row.opt_text(first + 4)?.map(str::to_owned),
        class: row.opt_text(first + 5)?.map(str::to_owned),
        latency_ms: row.opt_int(first + 6)?,
        finished_at: row.opt_instant(first + 7)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        for (count, share, expected) in [(0, 0.5, 0), (1, 0.5, 0), (1, 0.95, 0), (4, 0.5, 1), (100, 0.95, 94)] {
            assert_eq!(rank(count, share), expected, "{count} {share}");
        }
    }
}
