//! Runs that are over without having closed their records.

use super::ending::save_interrupted;
use super::types::RecordId;
use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::evidence::Sight;
use crate::store::lock::rows::has_live_lock;
use crate::store::process;
use crate::store::statement::{Reader, Row, Writer};

/// An open record and the process that has to close it.
struct OpenRun {
    id: RecordId,
    trace_id: String,
    host: String,
    pid: i64,
    process: Option<String>,
    backend: Option<String>,
    expires_ms: Option<i64>,
}

/// Ends the records of all dead runs.
pub(in crate::store) fn save_dead_runs(w: &Writer<'_>, sight: &Sight<'_>, clock: &Clock) -> Result<(), Error> {
    load_dead_runs(w, sight, clock)?.into_iter().try_for_each(|id| save_interrupted(w, Some(id), clock))
}

/// Ends every open record, in a copy that no process works on.
pub(in crate::store) fn save_all_interrupted(w: &Writer<'_>, clock: &Clock) -> Result<(), Error> {
    load_open_runs(w)?.into_iter().try_for_each(|run| save_interrupted(w, Some(run.id), clock))
}

/// The dead runs.
pub(in crate::store) fn load_dead_runs(
    r: &Reader<'_>,
    sight: &Sight<'_>,
    clock: &Clock,
) -> Result<Vec<RecordId>, Error> {
    let mut dead = Vec::new();
    for run in load_open_runs(r)? {
        if run.is_over(r, sight, clock)? {
            dead.push(run.id);
        }
    }
    Ok(dead)
}

impl OpenRun {
    /// A locked file proves that the run lives. Where the file cannot be seen a live lock does.
    ///
    /// On a server the run renews its record: it is over once that has expired, unless the server still has its process.
    fn is_over(&self, r: &Reader<'_>, sight: &Sight<'_>, clock: &Clock) -> Result<bool, Error> {
        let folder = match sight {
            Sight::Files(folder) => folder,
            Sight::Server(backends) => {
                let is_expired = self.expires_ms.is_none_or(|expires| expires <= backends.now().0);
                return Ok(is_expired && self.backend.as_deref().is_none_or(|backend| backends.is_gone(backend)));
            }
        };
        if let Some(is_locked) = folder.is_run_locked(self.id.0, &self.trace_id) {
            return Ok(!is_locked);
        }
        let is_dead = process::is_dead(&self.host, self.pid, self.process.as_deref());
        Ok(is_dead || !has_live_lock(r, self.id, sight, clock)?)
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
            backend: row.opt_text(5)?.map(str::to_owned),
            expires_ms: row.opt_int(6)?,
        })
    };
    r.rows(
        "SELECT id, trace_id, host, pid, process, backend, expires_ms
         FROM sync_records
         WHERE status = 'running'
         ORDER BY id",
        &[],
        read,
    )
}
