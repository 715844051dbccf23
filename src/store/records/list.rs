//! Reads records: one, a page of them, and the state of each sync type.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use super::ending::INTERRUPTED;
use super::reports::{Failing, load_failing};
use super::types::{IS_FAILURE, Problem, Record, RecordId, SUMMARY_COLUMNS, ScopeRecord, Status, Summary, Trigger};
use crate::clock::to_rfc3339_millis;
use crate::store::error::Error;
use crate::store::statement::{Reader, Row};
use crate::store::value::Value;

/// The number of newest runs in a trend.
const TREND_LENGTH: u64 = 20;

/// After every instant as text.
const LATEST: &str = "9999";

/// Which records to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub sync: Option<String>,
    pub sync_type: Option<String>,
    pub status: Option<Status>,
    pub trigger: Option<Trigger>,
    pub failed_only: bool,
    pub unread_only: bool,
    pub since: Option<Timestamp>,
}

/// One page of records, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    pub records: Vec<Record>,
    /// How many match the filter on all pages.
    pub total: u64,
    /// How many are unread, whatever the filter.
    pub unread_count: u64,
}

/// The state of one sync type, as `status` shows it.
#[derive(Clone, Debug, Default)]
pub struct SyncState {
    pub sync: String,
    pub sync_type: String,
    /// The newest run that is under way.
    pub running: Option<Record>,
    /// The run that ended last, whatever began later.
    pub last: Option<Record>,
    pub last_success_at: Option<Timestamp>,
    pub consecutive_failures: u64,
    /// The last run failed, and a run of another type has found all of it well since.
    pub is_over: bool,
    /// The scopes that fail, and their parts that do by themselves, where runs were about some of them only.
    pub failing: Vec<String>,
    pub unread_count: u64,
}

/// One page (from 1) of the records that match the filter, newest first. `dead` are the open records of dead runs.
pub(super) fn load_page(
    r: &Reader<'_>,
    filter: &Filter,
    dead: &[RecordId],
    page: u64,
    per_page: u64,
) -> Result<Page, Error> {
    let since = filter.since.map(to_rfc3339_millis);
    let (condition, mut params) = filter.condition(since.as_deref(), dead);
    let total = load_count(r, &condition, &params)?;
    let unread_count = load_count(r, &or_dead("is_read = 0", dead), &[])?;
    params.push(per_page.into());
    params.push(page.saturating_sub(1).saturating_mul(per_page).into());
    let (limit, offset) = (params.len() - 1, params.len());
    // The ids first: sorting them reads an index, sorting whole rows would read the table.
    let records = r.rows(
        &format!(
            "SELECT {COLUMNS}, {SUMMARY_COLUMNS}
             FROM sync_records
             WHERE id IN (SELECT id
                          FROM sync_records
                          WHERE {condition}
                          ORDER BY id DESC
                          LIMIT ?{limit} OFFSET ?{offset})
             ORDER BY id DESC"
        ),
        &params,
        |row| read(row, dead),
    )?;
    Ok(Page { records, total, unread_count })
}

/// The number of the newest record.
pub fn load_newest(r: &Reader<'_>) -> Result<Option<RecordId>, Error> {
    r.first("SELECT MAX(id) FROM sync_records", &[], |row| row.opt_int(0)).map(|id| id.flatten().map(RecordId))
}

/// How long the newest runs took that began since then and came to their end, the oldest first.
pub fn load_newest_durations(
    r: &Reader<'_>,
    sync: &str,
    sync_type: &str,
    since: Timestamp,
) -> Result<Vec<Duration>, Error> {
    let mut spans = r.rows(
        "SELECT duration_ms
         FROM sync_records
         WHERE sync = ?1
           AND sync_type = ?2
           AND status IN ('success', 'partial')
           AND duration_ms IS NOT NULL
           AND start_time >= ?3
         ORDER BY id DESC
         LIMIT ?4",
        &[sync.into(), sync_type.into(), (&to_rfc3339_millis(since)).into(), TREND_LENGTH.into()],
        |row| Ok(Duration::from_millis(row.count(0)?)),
    )?;
    spans.reverse();
    Ok(spans)
}

/// One record.
pub(super) fn load_record(r: &Reader<'_>, id: RecordId, dead: &[RecordId]) -> Result<Option<Record>, Error> {
    r.first(
        &format!(
            "SELECT {COLUMNS}, {SUMMARY_COLUMNS}
             FROM sync_records
             WHERE id = ?1"
        ),
        &[id.0.into()],
        |row| read(row, dead),
    )
}

/// The scopes of a record, in the order they began.
pub fn load_scopes(r: &Reader<'_>, id: RecordId) -> Result<Vec<ScopeRecord>, Error> {
    r.rows(
        &format!(
            "SELECT scope, status, reason, duration_ms, error, token, {SUMMARY_COLUMNS}
             FROM sync_scopes
             WHERE record_id = ?1
             ORDER BY id"
        ),
        &[id.0.into()],
        |row| {
            Ok(ScopeRecord {
                scope: row.text(0)?.to_owned(),
                status: read_name(row.text(1)?, "a status")?,
                reason: row.opt_text(2)?.map(str::to_owned),
                summary: read_summary(row, 6)?,
                duration_ms: row.opt_int(3)?,
                error: row.opt_text(4)?.map(str::to_owned),
                token: row.opt_int(5)?,
            })
        },
    )
}

/// One row per sync type that ever ran.
pub(super) fn load_states(r: &Reader<'_>, dead: &[RecordId]) -> Result<Vec<SyncState>, Error> {
    let mut states = Vec::new();
    let mut last = (String::new(), String::new());
    // From one sync type to the next through the index: a DISTINCT would read every record.
    while let Some(next) = load_next_type(r, &last)? {
        states.push(load_state(r, &next, dead)?);
        last = next;
    }
    Ok(states)
}

/// Two steps, because a comparison of both columns at once would walk through the first one's records.
fn load_next_type(r: &Reader<'_>, (sync, sync_type): &(String, String)) -> Result<Option<(String, String)>, Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    let same_sync = r.first(
        "SELECT sync, sync_type
         FROM sync_records
         WHERE sync = ?1
           AND sync_type > ?2
         ORDER BY sync_type
         LIMIT 1",
        &[sync.into(), sync_type.into()],
        read,
    )?;
    if same_sync.is_some() {
        return Ok(same_sync);
    }
    r.first(
        "SELECT sync, sync_type
         FROM sync_records
         WHERE sync > ?1
         ORDER BY sync, sync_type
         LIMIT 1",
        &[sync.into()],
        read,
    )
}

fn load_state(r: &Reader<'_>, (sync, sync_type): &(String, String), dead: &[RecordId]) -> Result<SyncState, Error> {
    let this_type = [Value::from(sync), sync_type.into()];
    let newest = |condition: &str| {
        r.first(
            &format!(
                "SELECT {COLUMNS}, {SUMMARY_COLUMNS}
                 FROM sync_records
                 WHERE sync = ?1
                   AND sync_type = ?2
                   AND {condition}
                 ORDER BY end_seq DESC, id DESC
                 LIMIT 1"
            ),
            &this_type,
            |row| read(row, dead),
        )
    };
    // When a dead run died is not known: it counts as the last to end.
    let last = match newest(&id_is_in(dead))? {
        Some(died) => Some(died),
        None => newest("status <> 'running'")?,
    };
    let running = newest(&format!("status = 'running' AND NOT {}", id_is_in(dead)))?;
    let Failing { since, subjects, well_since } = load_failing(r, sync, sync_type)?;
    // A success since something began to fail was about something else; a failure before all was well is over.
    let fails_since = since.map(to_rfc3339_millis);
    let well = well_since.map(to_rfc3339_millis).unwrap_or_default();
    let [sync_value, type_value] = this_type;
    let last_success = r.first(
        "SELECT end_seq, id, end_time
         FROM sync_records
         WHERE sync = ?1
           AND sync_type = ?2
           AND status = 'success'
           AND start_time < ?3
         ORDER BY end_seq DESC, id DESC
         LIMIT 1",
        &[sync_value, type_value, fails_since.as_deref().unwrap_or(LATEST).into()],
        |row| Ok((row.int(0)?, row.int(1)?, row.opt_instant(2)?)),
    )?;
    let (success_seq, success_id, last_success_at) = last_success.unwrap_or_default();
    let of_this_type = "sync = ?1 AND sync_type = ?2";
    let failed_since = format!("{of_this_type} AND {IS_FAILURE} AND (end_seq, id) > (?3, ?4) AND end_time > ?5");
    let died = load_count(r, &format!("{of_this_type} AND {}", id_is_in(dead)), &this_type)?;
    let since_success = [sync_value, type_value, success_seq.into(), success_id.into(), (&well).into()];
    let failed = load_count(r, &failed_since, &since_success)?;
    let consecutive_failures = died + failed.max(u64::from(fails_since.is_some()));
    let ended = last.as_ref().and_then(|last| last.end_time);
    Ok(SyncState {
        sync: sync.clone(),
        sync_type: sync_type.clone(),
        running,
        last,
        last_success_at,
        consecutive_failures,
        is_over: consecutive_failures == 0 && ended.is_some_and(|ended| well_since.is_some_and(|well| ended <= well)),
        failing: subjects,
        unread_count: load_count(r, &format!("{of_this_type} AND {}", or_dead("is_read = 0", dead)), &this_type)?,
    })
}

/// Whether a record is that of a dead run.
fn id_is_in(dead: &[RecordId]) -> String {
    if dead.is_empty() {
        return "FALSE".to_owned();
    }
    format!("id IN ({})", dead.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", "))
}

/// The condition, which holds for dead runs too. Without any it stays as it is, for the sake of its index.
fn or_dead(condition: &str, dead: &[RecordId]) -> String {
    if dead.is_empty() { condition.to_owned() } else { format!("({condition} OR {})", id_is_in(dead)) }
}

fn load_count(r: &Reader<'_>, condition: &str, params: &[Value<'_>]) -> Result<u64, Error> {
    // Without a condition the engine counts whole pages.
    let filter = if condition == EVERY { String::new() } else { format!("WHERE {condition}") };
    let sql = format!(
        "SELECT COUNT(*)
         FROM sync_records
         {filter}"
    );
    Ok(r.first(&sql, params, |row| row.count(0))?.unwrap_or_default())
}

impl Filter {
    /// The filter as a condition with its parameters.
    fn condition<'a>(&'a self, since: Option<&'a str>, dead: &[RecordId]) -> (String, Vec<Value<'a>>) {
        // A folded record is as new as the last of its runs.
        let given = [
            ("sync = {}", self.sync.as_deref()),
            ("sync_type = {}", self.sync_type.as_deref()),
            ("trigger_type = {}", self.trigger.map(Trigger::name)),
            ("(start_time >= {} OR (run_count > 1 AND end_time >= {}))", since),
        ];
        let mut conditions = Vec::new();
        let mut params = Vec::new();
        for (comparison, value) in given {
            if let Some(value) = value {
                params.push(Value::Text(value));
                conditions.push(comparison.replace("{}", &format!("?{}", params.len())));
            }
        }
        conditions.extend(self.status.map(|status| match status {
            Status::Died => format!("(status = 'interrupted' AND exit_code IS NULL OR {})", id_is_in(dead)),
            Status::Running => format!("status = 'running' AND NOT {}", id_is_in(dead)),
            Status::Success
            | Status::Partial
            | Status::Failed
            | Status::Cancelled
            | Status::Interrupted
            | Status::Skipped => format!("status = '{}'", status.name()),
        }));
        if self.failed_only {
            conditions.push(or_dead(IS_FAILURE, dead));
        }
        if self.unread_only {
            conditions.push(or_dead("is_read = 0", dead));
        }
        let condition = if conditions.is_empty() { EVERY.to_owned() } else { conditions.join(" AND ") };
        (condition, params)
    }
}

/// The condition of every record.
const EVERY: &str = "TRUE";

const COLUMNS: &str = "id, sync, sync_type, trigger_type, status, start_time, end_time, duration_ms,
                       error_message, error_details, retry_count, max_retries, request_count, exit_code, exit_name,
                       trace_id, host, pid, version, is_read, read_at, created_at, updated_at, run_count, requests_saved";

fn read(row: &Row<'_>, dead: &[RecordId]) -> Result<Record, Error> {
    let id = RecordId(row.int(0)?);
    let is_dead = dead.contains(&id);
    let message = if is_dead { Some(INTERRUPTED) } else { row.opt_text(8)? };
    Ok(Record {
        id,
        sync: row.text(1)?.to_owned(),
        sync_type: row.text(2)?.to_owned(),
        trigger: read_name(row.text(3)?, "a trigger")?,
        status: if is_dead { Status::Died } else { read_name(row.text(4)?, "a status")? },
        start_time: row.instant(5)?,
        end_time: row.opt_instant(6)?,
        duration_ms: row.opt_int(7)?,
        run_count: row.count(23)?,
        summary: read_summary(row, 25)?,
        error_message: message.map(str::to_owned),
        problems: read_problems(row.text(9)?)?,
        retry_count: row.int(10)?,
        max_retries: row.int(11)?,
        request_count: row.int(12)?,
        requests_saved: row.count(24)?,
        exit_code: row.opt_int(13)?,
        exit_name: row.opt_text(14)?.map(str::to_owned),
        trace_id: row.text(15)?.to_owned(),
        host: row.text(16)?.to_owned(),
        pid: row.int(17)?,
        version: row.text(18)?.to_owned(),
        is_read: row.flag(19)? && !is_dead,
        read_at: row.opt_instant(20)?,
        created_at: row.instant(21)?,
        updated_at: row.instant(22)?,
    })
}

fn read_summary(row: &Row<'_>, first: usize) -> Result<Summary, Error> {
    let mut counts = [0; 10];
    for (index, count) in counts.iter_mut().enumerate() {
        *count = row.count(first + index)?;
    }
    Ok(Summary::from_counts(counts))
}

fn read_problems(json: &str) -> Result<Vec<Problem>, Error> {
    serde_json::from_str(json).map_err(|_| Error::Value { found: json.to_owned(), expected: "a list of problems" })
}

fn read_name<T: FromStr>(name: &str, expected: &'static str) -> Result<T, Error> {
    name.parse().map_err(|_| Error::Value { found: name.to_owned(), expected })
}
