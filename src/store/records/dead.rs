//! Runs that are over without having closed their records.

use super::ending::save_interrupted;
use super::types::RecordId;
use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::lock::rows::has_live_lock;
use crate::store::oslock::LockFolder;
use crate::store::process;
use crate::store::sqlite::statement::{Reader, Row, Writer};

/// An open record and the process that has to close it.
struct OpenRun {
    id: RecordId,
    trace_id: String,
    host: String,
    pid: i64,
    process: Option<String>,
}

/// Ends the records of all dead runs.
pub(in crate::store) fn save_dead_runs(w: &Writer<'_>, folder: &LockFolder, clock: &Clock) -> Result<(), Error> {
    load_dead_runs(w, folder, clock)?.into_iter().try_for_each(|id| save_interrupted(w, Some(id), clock))
}

/// Ends every open record, in a copy that no process works on.
pub(in crate::store) fn save_all_interrupted(w: &Writer<'_>, clock: &Clock) -> Result<(), Error> {
    load_open_runs(w)?.into_iter().try_for_each(|run| save_interrupted(w, Some(run.id), clock))
}

/// The dead runs.
pub(in crate::store) fn load_dead_runs(
    r: &Reader<'_>,
    folder: &LockFolder,
    clock: &Clock,
) -> Result<Vec<RecordId>, Error> {
    let mut dead = Vec::new();
    for run in load_open_runs(r)? {
        if run.is_over(r, folder, clock)? {
            dead.push(run.id);
        }
    }
    Ok(dead)
}

impl OpenRun {
    /// A locked file proves that the run lives. Where the file cannot be seen a live lock does.
    fn is_over(&self, r: &Reader<'_>, folder: &LockFolder, clock: &Clock) -> Result<bool, Error> {
        if let Some(is_locked) = folder.is_run_locked(self.id.0, &self.trace_id) {
            return Ok(!is_locked);
        }
        let is_dead = process::is_dead(&self.host, self.pid, self.process.as_deref());
        Ok(is_dead || !has_live_lock(r, self.id, folder, clock)?)
    }
}

fn load_open_runs(r: &Reader<'_>) -> Result<Vec<OpenRun>, Error> {
    let read = |row: &Row<'_>| {
        Ok(OpenRun {
            id: RecordId(row.int(0)?),
            trace_id: row.text(1)?.to_owned(),
            host: row.text(2)?.to_owned(),
            pid: row.int(3)?,
            process: row.opt_text(4)?.map(str::to_owned),
        })
    };
    r.rows(
        "SELECT id, trace_id, host, pid, process
         FROM sync_records
         WHERE status = 'running'
         ORDER BY id",
        &[],
        read,
    )
}
