//! The end of a run: its record, its day, the sums behind the metrics.

use super::monitor::save_counters;
use super::rows::delete;
use super::run::{Change, RunEnd};
use super::types::{IS_FAILURE, Problem, RecordId, SUMMARY_ASSIGNMENTS, Status, Summary};
use crate::clock::{Clock, to_rfc3339_millis};
use crate::secret::scrub;
use crate::store::error::Error;
use crate::store::history;
use crate::store::history::totals::Finished;
use crate::store::statement::Writer;
use crate::store::value::Value;
use crate::zone;

/// The error message of a run that did not close its record.
pub(super) const INTERRUPTED: &str = "the run ended without closing its record";

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
    params.extend::<[Value<'_>; 11]>([
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
        end.requests_saved.into(),
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
                 requests_saved = ?21,
                 updated_at = ?13
             WHERE id = ?11
               AND status = 'running'"
        ),
        &params,
    )?;
    if closed == 0 {
        return Ok(id);
    }
    w.write(
        &format!(
            "UPDATE sync_records
             SET is_read = 0
             WHERE id = ?1
               AND {IS_FAILURE}"
        ),
        &[id.0.into()],
    )?;
    save_open_scopes_interrupted(w, id, &now)?;
    let run = Finished {
        status: end.status.name(),
        exit: end.exit.name(),
        duration_ms: u64::try_from(duration_ms).ok(),
        summary: &end.summary,
        classes: end.problems.iter().map(|problem| problem.class.name()).collect(),
        request_count: end.request_count,
        retry_count: end.retry_count,
        throttle_count: end.throttle_count,
        requests_saved: end.requests_saved,
        run_count: 1,
        is_idle: end.is_idle,
    };
    let (day, sync) = save_history(w, id, &run, &end.counters)?;
    if let Some(levels_of) = end.levels {
        history::save_levels(w, &day, &sync, end.summary.is_changed(), levels_of)?;
    }
    if end.is_idle { fold(w, id) } else { Ok(id) }
}

/// Adds the run to its day and to the sums behind the metrics; answers its day and its sync.
fn save_history(
    w: &Writer<'_>,
    id: RecordId,
    run: &Finished<'_>,
    counters: &[(&'static str, &'static str, Change)],
) -> Result<(String, String), Error> {
    let found = w.first(
        "SELECT COALESCE(day, substr(start_time, 1, 10)), sync, sync_type
         FROM sync_records
         WHERE id = ?1",
        &[id.0.into()],
        |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.text(2)?.to_owned())),
    )?;
    let (day, sync, sync_type) = found.ok_or_else(|| Error::Statement { source: "the record is gone".into() })?;
    history::save_finished(w, &day, (&sync, &sync_type), run)?;
    save_counters(w, (&sync, &sync_type), counters)?;
    Ok((day, sync))
}

/// Adds a closed record of a run that did nothing to the last one of the same trigger, where that is about the same and
/// all since then did nothing: its count rises, its end and its process become those of the newer run.
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
                                  AND trigger_type = newer.trigger_type
                                  AND id < newer.id)
             WHERE newer.id = ?1
               AND earlier.status = newer.status
               AND earlier.exit_code = newer.exit_code
               AND NOT EXISTS (SELECT 1
                               FROM sync_records AS between_them
                               WHERE sync = newer.sync
                                 AND sync_type = newer.sync_type
                                 AND id >= earlier.id
                                 AND id < newer.id
                                 AND (status <> newer.status
                                      OR exit_code <> newer.exit_code
                                      OR error_message IS NOT NULL
                                      OR error_details <> '[]'
                                      OR request_count + total + new + updated + unchanged + deleted
                                         + restored + matched + pending + idle + failed > 0))
               AND NOT EXISTS ({its} EXCEPT {ours})
               AND NOT EXISTS ({ours} EXCEPT {its})"
        ),
        &[id.0.into()],
        |row| row.int(0),
    )?;
    let Some(earlier) = earlier else { return Ok(id) };
    w.write(
        "UPDATE sync_records
         SET run_count = sync_records.run_count + 1,
             requests_saved = sync_records.requests_saved + newer.requests_saved,
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

/// Ends a record that nobody will close, with its running scopes. How long it ran is not known.
pub(in crate::store) fn save_interrupted(w: &Writer<'_>, id: Option<RecordId>, clock: &Clock) -> Result<(), Error> {
    let Some(id) = id else { return Ok(()) };
    let now = to_rfc3339_millis(clock.now());
    history::fill(w, &zone::system())?;
    let ended = w.execute(
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
    if ended > 0 {
        let died = Status::Died.name();
        let run = Finished {
            status: Status::Interrupted.name(),
            exit: died,
            duration_ms: None,
            summary: &Summary::default(),
            classes: Vec::new(),
            request_count: 0,
            retry_count: 0,
            throttle_count: 0,
            requests_saved: 0,
            run_count: 1,
            is_idle: false,
        };
        save_history(w, id, &run, &[("runs", died, Change::Add(1))])?;
    }
    save_open_scopes_interrupted(w, id, &now)
}

fn save_open_scopes_interrupted(w: &Writer<'_>, record: RecordId, now: &str) -> Result<(), Error> {
    w.write(
        "UPDATE sync_cursors
         SET is_unsettled = 1
         WHERE scope IN (SELECT scope
                         FROM sync_scopes
                         WHERE record_id = ?1
                           AND status = 'running')",
        &[record.0.into()],
    )?;
    w.write(
        "UPDATE sync_scopes
         SET status = 'interrupted',
             end_time = ?2
         WHERE record_id = ?1
           AND status = 'running'",
        &[record.0.into(), now.into()],
    )
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
