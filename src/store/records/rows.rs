//! Writes the rows of `sync_records` and `sync_scopes`.

use jiff::Timestamp;

use super::types::{
    IS_FAILURE, Problem, RecordId, RunEnd, RunStart, SUMMARY_ASSIGNMENTS, ScopeEnd, SkippedScope, Status,
};
use crate::clock::{Clock, to_rfc3339_millis};
use crate::secret::scrub;
use crate::store::error::Error;
use crate::store::process::{self, HOST, INSTANCE};
use crate::store::sqlite::statement::{Reader, Writer};
use crate::store::value::Value;

/// A clock that jumped has to stay so for this many runs before anything is old by it.
const RECENT_COUNT: u64 = 10;

/// The error message of a run that did not close its record.
pub(super) const INTERRUPTED: &str = "the run ended without closing its record";

pub(super) fn save_opened(w: &Writer<'_>, start: &RunStart, clock: &Clock) -> Result<RecordId, Error> {
    let id = w.first(
        "INSERT INTO sync_records (sync, sync_type, trigger_type, status, start_time, max_retries,
                                   trace_id, host, pid, version, created_at, updated_at, process, is_read,
                                   instance)
         VALUES (?1, ?2, ?3, 'running', ?4, ?5, ?6, ?7, ?8, ?9, ?4, ?4, ?10, ?11, ?12)
         RETURNING id",
        &[
            start.sync.into(),
            start.sync_type.into(),
            start.trigger.name().into(),
            (&to_rfc3339_millis(clock.now())).into(),
            i64::from(start.max_retries).into(),
            (&*start.trace_id).into(),
            HOST.as_str().into(),
            i64::from(std::process::id()).into(),
            env!("CARGO_PKG_VERSION").into(),
            process::OWN.as_deref().into(),
            i64::from(!start.is_unread).into(),
            INSTANCE.as_str().into(),
        ],
        |row| row.int(0),
    )?;
    id.map(RecordId).ok_or_else(|| Error::Statement { source: "the insert returned no id".into() })
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

/// The place of a run that ends now among those of its type.
const NEXT_END: &str = "(SELECT MAX(ended.end_seq) + 1
                        FROM sync_records AS ended
                        WHERE ended.sync = sync_records.sync
                          AND ended.sync_type = sync_records.sync_type)";

/// Closes a record that is still open; returns the record that the run is kept in.
pub(super) fn save_closed(
    w: &Writer<'_>,
    id: RecordId,
    end: &RunEnd,
    duration_ms: i64,
    clock: &Clock,
) -> Result<RecordId, Error> {
    let now = to_rfc3339_millis(clock.now());
    let message = end.error_message.as_deref().map(scrub);
    let details = problems_json(&end.problems)?;
    let mut params = end.summary.counts().map(Value::from).to_vec();
    params.extend::<[Value<'_>; 10]>([
        id.0.into(),
        end.status.name().into(),
        (&now).into(),
        duration_ms.into(),
        message.as_deref().into(),
        (&details).into(),
        end.retry_count.into(),
        end.request_count.into(),
        i64::from(end.exit.code()).into(),
        end.exit.name().into(),
    ]);
    let closed = w.execute(
        &format!(
            "UPDATE sync_records
             SET {SUMMARY_ASSIGNMENTS},
                 status = ?12,
                 end_time = ?13,
                 end_seq = {NEXT_END},
                 duration_ms = ?14,
                 error_message = ?15,
                 error_details = ?16,
                 retry_count = ?17,
                 request_count = ?18,
                 exit_code = ?19,
                 exit_name = ?20,
                 updated_at = ?13
             WHERE id = ?11
               AND status = 'running'"
        ),
        &params,
    )?;
    if closed == 0 {
        return Ok(id);
    }
    w.execute(
        &format!(
            "UPDATE sync_records
             SET is_read = 0
             WHERE id = ?1
               AND {IS_FAILURE}"
        ),
        &[id.0.into()],
    )?;
    save_open_scopes_interrupted(w, id, &now)?;
    if end.is_idle { fold(w, id) } else { Ok(id) }
}

/// Adds a closed record of a run that did nothing to the record before it, where that is about the same: its count
/// rises, its end and its process become those of the newer run.
fn fold(w: &Writer<'_>, id: RecordId) -> Result<RecordId, Error> {
    let scopes = |record: &str| format!("SELECT scope, status, reason FROM sync_scopes WHERE record_id = {record}.id");
    let (its, ours) = (scopes("earlier"), scopes("newer"));
    let earlier = w.first(
        &format!(
            "SELECT earlier.id
             FROM sync_records AS newer
             JOIN sync_records AS earlier
               ON earlier.id = (SELECT MAX(id)
                                FROM sync_records
                                WHERE sync = newer.sync
                                  AND sync_type = newer.sync_type
                                  AND id < newer.id)
             WHERE newer.id = ?1
               AND earlier.status = newer.status
               AND earlier.exit_code = newer.exit_code
               AND earlier.trigger_type = newer.trigger_type
               AND earlier.error_message IS NULL
               AND earlier.error_details = '[]'
               AND earlier.request_count = 0
               AND earlier.total + earlier.new + earlier.updated + earlier.unchanged + earlier.deleted
                   + earlier.restored + earlier.matched + earlier.pending + earlier.idle + earlier.failed = 0
               AND NOT EXISTS ({its} EXCEPT {ours})
               AND NOT EXISTS ({ours} EXCEPT {its})"
        ),
        &[id.0.into()],
        |row| row.int(0),
    )?;
    let Some(earlier) = earlier else { return Ok(id) };
    w.execute(
        "UPDATE sync_records
         SET run_count = sync_records.run_count + 1,
             end_time = newer.end_time,
             end_seq = newer.end_seq,
             duration_ms = newer.duration_ms,
             trace_id = newer.trace_id,
             host = newer.host,
             pid = newer.pid,
             process = newer.process,
             instance = newer.instance,
             version = newer.version,
             updated_at = newer.updated_at
         FROM sync_records AS newer
         WHERE sync_records.id = ?1
           AND newer.id = ?2",
        &[earlier.into(), id.0.into()],
    )?;
    delete(w, id)?;
    Ok(RecordId(earlier))
}

/// Deletes a record with its scopes.
pub(super) fn delete(w: &Writer<'_>, id: RecordId) -> Result<(), Error> {
    w.execute(
        "DELETE FROM sync_records
         WHERE id = ?1",
        &[id.0.into()],
    )
    .map(drop)
}

/// Ends a record that nobody will close, with its running scopes. How long it ran is not known.
pub(in crate::store) fn save_interrupted(w: &Writer<'_>, id: Option<RecordId>, clock: &Clock) -> Result<(), Error> {
    let Some(id) = id else { return Ok(()) };
    let now = to_rfc3339_millis(clock.now());
    w.execute(
        &format!(
            "UPDATE sync_records
             SET status = 'interrupted',
                 end_time = ?2,
                 end_seq = {NEXT_END},
                 error_message = ?3,
                 is_read = 0,
                 updated_at = ?2
             WHERE id = ?1
               AND status = 'running'"
        ),
        &[id.0.into(), (&now).into(), INTERRUPTED.into()],
    )?;
    save_open_scopes_interrupted(w, id, &now)
}

pub(in crate::store) fn save_scope_start(
    w: &Writer<'_>,
    record: RecordId,
    scope: &str,
    token: i64,
    clock: &Clock,
) -> Result<(), Error> {
    w.execute(
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
    .map(drop)
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
    w.execute(
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
    .map(drop)
}

pub(super) fn save_skipped_scope(
    w: &Writer<'_>,
    record: RecordId,
    skipped: &SkippedScope,
    clock: &Clock,
) -> Result<(), Error> {
    w.execute(
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
    .map(drop)
}

fn save_open_scopes_interrupted(w: &Writer<'_>, record: RecordId, now: &str) -> Result<(), Error> {
    w.execute(
        "UPDATE sync_scopes
         SET status = 'interrupted',
             end_time = ?2
         WHERE record_id = ?1
           AND status = 'running'",
        &[record.0.into(), now.into()],
    )
    .map(drop)
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

/// The problems as stored: secrets are taken out of each text first, so that the JSON stays whole.
fn problems_json(problems: &[Problem]) -> Result<String, Error> {
    let clean = |text: &String| scrub(text).into_owned();
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| Problem {
            scope: problem.scope.clone(),
            class: problem.class,
            id: problem.id.as_ref().map(clean),
            name: problem.name.as_ref().map(clean),
            message: clean(&problem.message),
            at: problem.at,
            details: problem.details.iter().map(|(name, detail)| (name.clone(), clean_detail(detail))).collect(),
        })
        .collect();
    serde_json::to_string(&problems).map_err(|source| Error::Statement { source: source.into() })
}

fn clean_detail(detail: &serde_json::Value) -> serde_json::Value {
    detail.as_str().map_or_else(|| detail.clone(), |text| scrub(text).into())
}
