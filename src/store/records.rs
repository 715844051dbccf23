//! The record of every run and of its scopes.

pub(super) mod dead;
pub(super) mod ending;
mod list;
mod monitor;
mod reports;
pub(super) mod rows;
mod run;
pub(super) mod types;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::list::{Filter, Page, SyncState, load_newest, load_newest_durations, load_scopes};
pub use self::monitor::{CounterRow, load_counters, load_warnings};
pub use self::reports::{REPORTS, ReportRow, STATUS_RECEIVER, WELL, load_reports};
pub use self::run::{Change, PruneOf, Retention, RunEnd, RunStart};
pub use self::types::{Record, RecordId, ScopeEnd, ScopeRecord, SkippedScope};
use super::error::Error;
use super::handle::{GATE, Store};
use super::history;
use super::options::TxEnd;
use super::oslock::RunLock;
use super::statement::Reader;
use crate::clock::{BootInstant, to_rfc3339_millis};

/// This many records of each sync type stay, whatever their age.
const KEPT_COUNT: u64 = 50;

/// The open record of the current run; other processes see the run as alive while this value exists.
#[derive(Debug)]
pub struct RunRecord {
    id: RecordId,
    began: BootInstant,
    /// Dropped after the record was closed; `None` in a dry run.
    _lock: Option<RunLock>,
    /// The heartbeat renews the record as long as this exists; `None` where there is a lock.
    _beat: Option<Arc<RecordId>>,
}

impl RunRecord {
    /// 0 in a dry run: nothing is stored under it.
    pub fn id(&self) -> RecordId {
        self.id
    }
}

impl Store {
    /// Opens a run's record. Runs found dead (their process is gone, another boot) become `interrupted` in the same
    /// transaction.
    pub async fn open_record(&self, start: RunStart) -> Result<RunRecord, Error> {
        let began = self.clock().boot();
        if self.is_dry_run() {
            return Ok(RunRecord { id: RecordId(0), began, _lock: None, _beat: None });
        }
        let evidence = self.evidence().clone();
        self.on_writer(move |writer| {
            let clock = &writer.clock;
            let (id, lock) = writer.connection.transact(
                TxEnd::Commit,
                Some(GATE),
                |w| {
                    history::fill(w, &start.zone)?;
                    dead::save_dead_runs(w, &evidence.look(w)?, clock)?;
                    let folder = evidence.folder();
                    folder.inspect(|folder| folder.delete_leftover_runs());
                    let id = rows::save_opened(w, &start, clock)?;
                    // Locked before anybody can see the record: it never looks dead.
                    let lock = folder.map(|folder| folder.lock_run(id.0, &start.trace_id)).transpose()?;
                    Ok::<_, Error>((id, lock))
                },
                |r, (id, _)| rows::is_running(r, *id, &start.trace_id),
            )?;
            let beat = evidence.folder().is_none().then(|| writer.heartbeat.watch_run(id));
            Ok(RunRecord { id, began, _lock: lock, _beat: beat })
        })
        .await?
    }

    /// Writes the row of a scope that was skipped.
    pub async fn save_skipped_scope(&self, record: RecordId, skipped: SkippedScope) -> Result<(), Error> {
        if self.is_dry_run() {
            return Ok(());
        }
        let clock = self.clock().clone();
        self.transact_async(move |w| rows::save_skipped_scope(w, record, &skipped, &clock)).await
    }

    /// Closes the record, unless another run marked it `interrupted` meanwhile, and returns the record that the run is kept
    /// in: one that did nothing is folded into the one before. Fails where the database file was moved or replaced since
    /// it was opened: what the run wrote is not at its path.
    pub async fn close_record(&self, record: RunRecord, end: RunEnd) -> Result<RecordId, Error> {
        self.check_identity()?;
        let clock = self.clock().clone();
        let id = record.id;
        let saved = self
            .transact_async(move |w| {
                let duration_ms = clock.boot().0 - record.began.0;
                ending::save_closed(w, id, &end, duration_ms, &clock)
            })
            .await?;
        self.check_identity()?;
        Ok(saved)
    }

    /// Deletes the record of a run that came to nothing because its command line was refused.
    pub async fn discard_record(&self, record: RunRecord) -> Result<(), Error> {
        self.transact_async(move |w| rows::delete(w, record.id)).await
    }

    /// The records of runs that are over without having closed them; the next run ends them as `interrupted`.
    pub fn load_dead_runs(&self) -> Result<Vec<RecordId>, Error> {
        self.read(|r| self.dead_runs(r))
    }

    /// One page (from 1) of the records that match the filter, newest first.
    pub fn load_page(&self, filter: &Filter, page: u64, per_page: u64) -> Result<Page, Error> {
        self.read(|r| list::load_page(r, filter, &self.dead_runs(r)?, page, per_page))
    }

    /// One record.
    pub fn load_record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        self.read(|r| list::load_record(r, id, &self.dead_runs(r)?))
    }

    /// One row per sync type that ever ran.
    pub fn load_states(&self) -> Result<Vec<SyncState>, Error> {
        self.read(|r| list::load_states(r, &self.dead_runs(r)?))
    }

    fn dead_runs(&self, r: &Reader<'_>) -> Result<Vec<RecordId>, Error> {
        dead::load_dead_runs(r, &self.evidence().look(r)?, self.clock())
    }

    /// Marks records as read (`ids` empty: all); returns how many changed.
    pub fn mark_read(&self, ids: &[RecordId]) -> Result<u64, Error> {
        let ids = ids.to_vec();
        let clock = self.clock().clone();
        self.transact(move |w| rows::save_read(w, &ids, &clock))
    }

    /// Deletes records that ended before `before`, but for the newest 50 of each sync type; where `keep` is given, all
    /// records beyond the newest `keep`, too. Each sync type's last success and last failure stay, cursors are not
    /// touched. Returns how many were deleted.
    pub fn prune_records(&self, before: Timestamp, keep: Option<u64>) -> Result<u64, Error> {
        self.transact(move |w| {
            let beyond = keep.map_or(Ok(0), |keep| rows::delete_beyond(w, keep, None))?;
            Ok(beyond + rows::delete_beyond(w, KEPT_COUNT, Some(before))?)
        })
    }

    /// Deletes what is older than it is kept, at the end of a run; of the records not the newest 50 of each sync type.
    /// Their age does not depend on this run's clock alone: if it has jumped ahead, nothing is old by that. Returns how many
    /// records were deleted.
    pub fn prune_aged(&self, kept: Retention) -> Result<u64, Error> {
        let now = self.clock().now();
        self.transact(move |w| {
            let present = rows::load_recent_end(w)?.map_or(now, |end| end.min(now));
            let before = present.checked_sub(kept.records).ok();
            let count = before.map_or(Ok(0), |before| rows::delete_beyond(w, KEPT_COUNT, Some(before)))?;
            if let Ok(before) = present.checked_sub(kept.days) {
                history::delete_before(w, history::day_in(before, &TimeZone::UTC))?;
            }
            if let Ok(before) = present.checked_sub(kept.changes) {
                let before = to_rfc3339_millis(before);
                kept.prune_changes.iter().try_for_each(|prune| prune(w, &before).map(drop))?;
            }
            Ok(count)
        })
    }
}
