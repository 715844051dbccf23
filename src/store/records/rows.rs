//! Writes the rows of `sync_records` and `sync_scopes`.

use jiff::Timestamp;

use super::run::RunStart;
use super::types::{IS_FAILURE, RecordId, SUMMARY_ASSIGNMENTS, ScopeEnd, SkippedScope, Status};
use crate::clock::{Clock, to_rfc3339_millis};
use crate::secret::scrub;
use crate::store::error::Error;
use crate::store::history::day_in;
use crate::store::process::{self, HOST, INSTANCE};
use crate::store::statement::{Reader, Writer};
use crate::store::value::Value;

/// A clock that jumped has to stay so for this many runs before anything is old by it.
const RECENT_COUNT: u64 = 10;

/// Where a server has the records, a run that does not renew its own for so long is over. The heartbeat does it three
/// times within.
pub(in crate::store) const RUN_TTL_MS: i64 = 90_000;

pub(super) fn save_opened(w: &Writer<'_>, start: &RunStart, clock: &Clock) -> Result<RecordId, Error> {
    let now = clock.now();
    let millis = w.millis();
    let id = w.first(
        &format!(
            "INSERT INTO sync_records (sync, sync_type, trigger_type, status, start_time, max_retries,
                                       trace_id, host, pid, version, created_at, updated_at, process, is_read,
                                       instance, day, backend, expires_ms)
             VALUES (?1, ?2, ?3, 'running', ?4, ?5, ?6, ?7, ?8, ?9, ?4, ?4, ?10, ?11, ?12, ?13, ?14,
                     {millis} + ?15)
             RETURNING id"
        ),
        &[
            start.sync.into(),
            start.sync_type.into(),
            start.trigger.name().into(),
            (&to_rfc3339_millis(now)).into(),
            i64::from(start.max_retries).into(),
            (&*start.trace_id).into(),
            HOST.as_str().into(),
            i64::from(std::process::id()).into(),
            env!("CARGO_PKG_VERSION").into(),
            process::OWN.as_deref().into(),
            i64::from(!start.is_unread).into(),
            INSTANCE.as_str().into(),
            (&day_in(now, &start.zone).to_string()).into(),
            w.backend().into(),
            w.has_own_clock().then_some(RUN_TTL_MS).into(),
        ],
        |row| row.int(0),
    )?;
    id.map(RecordId).ok_or_else(|| Error::Statement { source: "the insert returned no id".into() })
}

/// Says that this process still makes the run.
pub(in crate::store) fn save_beat(w: &Writer<'_>, id: RecordId) -> Result<(), Error> {
    let millis = w.millis();
    w.write(
        &format!(
            "UPDATE sync_records
             SET backend = ?2,
                 expires_ms = {millis} + ?3
             WHERE id = ?1
               AND instance = ?4
               AND status = 'running'"
        ),
        &[id.0.into(), w.backend().into(), RUN_TTL_MS.into(), INSTANCE.as_str().into()],
    )
}

/// Whether it is this process's record with that number, and still open.
pub(super) fn is_running(r: &Reader<'_>, id: RecordId, trace_id: &str) -> Result<bool, Error> {
    let found = r.first(
        "SELECT 1
         FROM sync_records
         WHERE id = ?1
           AND trace_id = ?2
           AND instance = ?3
           AND status = 'running'",
        &[id.0.into(), trace_id.into(), INSTANCE.as_str().into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Deletes a record with its scopes.
pub(super) fn delete(w: &Writer<'_>, id: RecordId) -> Result<(), Error> {
    w.write(
        "DELETE FROM sync_records
         WHERE id = ?1",
        &[id.0.into()],
    )
}

pub(in crate::store) fn save_scope_start(
    w: &Writer<'_>,
    record: RecordId,
    scope: &str,
    token: i64,
    clock: &Clock,
) -> Result<(), Error> {
    w.write(
        "INSERT INTO sync_scopes (record_id, scope, status, start_time, token)
         VALUES (?1, ?2, 'running', ?3, ?4)
         ON CONFLICT (record_id, scope) DO UPDATE
         SET status = excluded.status,
             reason = NULL,
             start_time = excluded.start_time,
             end_time = NULL,
             token = excluded.token",
        &[record.0.into(), scope.into(), (&to_rfc3339_millis(clock.now())).into(), token.into()],
    )
}

pub(in crate::store) fn save_scope_end(
    w: &Writer<'_>,
    record: RecordId,
    scope: &str,
    end: &ScopeEnd,
    duration_ms: i64,
    clock: &Clock,
) -> Result<(), Error> {
    let now = to_rfc3339_millis(clock.now());
    let error = end.error.as_deref().map(scrub);
    let mut params = end.summary.counts().map(Value::from).to_vec();
    params.extend::<[Value<'_>; 6]>([
        record.0.into(),
        scope.into(),
        end.status.name().into(),
        (&now).into(),
        duration_ms.into(),
        error.as_deref().into(),
    ]);
    w.write(
        &format!(
            "UPDATE sync_scopes
             SET {SUMMARY_ASSIGNMENTS},
                 status = ?13,
                 end_time = ?14,
                 duration_ms = ?15,
                 error = ?16
             WHERE record_id = ?11
               AND scope = ?12
               AND status = 'running'"
        ),
        &params,
    )
}

pub(super) fn save_skipped_scope(
    w: &Writer<'_>,
    record: RecordId,
    skipped: &SkippedScope,
    clock: &Clock,
) -> Result<(), Error> {
    w.write(
        "INSERT INTO sync_scopes (record_id, scope, status, reason, start_time, end_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (record_id, scope) DO UPDATE
         SET status = excluded.status,
             reason = excluded.reason,
             end_time = excluded.end_time",
        &[
            record.0.into(),
            (&skipped.scope).into(),
            Status::Skipped.name().into(),
            (&skipped.reason).into(),
            (&to_rfc3339_millis(clock.now())).into(),
        ],
    )
}

pub(super) fn save_read(w: &Writer<'_>, ids: &[RecordId], clock: &Clock) -> Result<u64, Error> {
    const MARK: &str = "UPDATE sync_records
         SET is_read = 1,
             read_at = ?1,
             updated_at = ?1
         WHERE is_read = 0";
    let now = to_rfc3339_millis(clock.now());
    if ids.is_empty() {
        return w.execute(MARK, &[(&now).into()]);
    }
    let mark_one = format!("{MARK} AND id = ?2");
    ids.iter().map(|id| w.execute(&mark_one, &[(&now).into(), id.0.into()])).sum()
}

/// Deletes the records that ended before `before`, or all, but for the newest `kept` of each sync type and for its last
/// success and last failure.
pub(super) fn delete_beyond(w: &Writer<'_>, kept: u64, before: Option<Timestamp>) -> Result<u64, Error> {
    const NEWER: &str = "FROM sync_records AS newer
         WHERE newer.sync = sync_records.sync
           AND newer.sync_type = sync_records.sync_type
           AND newer.id > sync_records.id";
    let before = before.map(to_rfc3339_millis);
    // The start has an index, so that nothing else is looked at where no record is that old.
    let age = if before.is_some() { "AND start_time < ?2 AND end_time < ?2" } else { "" };
    let mut params: Vec<Value<'_>> = vec![kept.into()];
    params.extend(before.as_deref().map(Value::Text));
    w.execute(
        &format!(
            "DELETE FROM sync_records
             WHERE status <> 'running' {age}
               AND (SELECT COUNT(*) FROM (SELECT newer.id {NEWER} LIMIT ?1) AS counted) >= ?1
               AND (status <> 'success' OR EXISTS (SELECT newer.id {NEWER} AND newer.status = 'success'))
               AND (NOT {IS_FAILURE} OR EXISTS (SELECT newer.id {NEWER} AND {IS_FAILURE}))"
        ),
        &params,
    )
}

/// The earliest end among the newest records: no later than the present, even where some of them are from a clock that
/// was ahead.
pub(super) fn load_recent_end(r: &Reader<'_>) -> Result<Option<Timestamp>, Error> {
    let end = r.first(
        "SELECT MIN(end_time)
         FROM (SELECT end_time
               FROM sync_records
               WHERE end_time IS NOT NULL
               ORDER BY id DESC
               LIMIT ?1) AS newest",
        &[RECENT_COUNT.into()],
        |row| row.opt_instant(0),
    )?;
    Ok(end.flatten())
}
