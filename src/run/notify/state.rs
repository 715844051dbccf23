//! The state of a sync: before a run, and what `status` shows of it afterwards.

use super::news::Outcome;
use crate::run::report::Report;
use crate::store::records::{self, Record, ReportRow, STATUS_RECEIVER, SyncState, WELL};
use crate::store::{Error, Store};
use crate::upstreams::Registration;

/// How the earlier runs of the same sync ended.
#[derive(Clone, Debug, Default)]
pub struct PreviousState {
    pub consecutive_failures: u64,
    pub has_succeeded: bool,
    /// Whether anything fails still that this run did not work on.
    pub is_failing: bool,
    /// The last run, where it died: nobody has heard of that yet.
    pub died: Option<Record>,
}

impl From<SyncState> for PreviousState {
    fn from(SyncState { consecutive_failures, last_success_at, last, .. }: SyncState) -> Self {
        let died = last.filter(Record::is_died);
        Self { consecutive_failures, has_succeeded: last_success_at.is_some(), is_failing: false, died }
    }
}

/// Keeps what fails of the sync, for `status` and the metrics; whether anything does.
pub fn save_failing(store: &Store, registration: &Registration, report: &Report) -> Result<bool, Error> {
    let Some(outcome) = Outcome::of(report) else { return Ok(false) };
    let sync = report.sync;
    let load = |sync_type: &str| {
        let rows = store.read(|r| records::load_reports(r, sync, sync_type))?;
        Ok::<_, Error>(rows.into_iter().filter(|row| row.receiver == STATUS_RECEIVER).collect::<Vec<_>>())
    };
    let known = load(report.sync_type)?;
    let count = known.len();
    let (failing, gone) = outcome.news(known, STATUS_RECEIVER, u32::MAX).into_rows(false);
    let is_failing = !failing.is_empty() || count > gone.len();
    store.save_reports(sync, report.sync_type, failing, gone)?;
    for other in other_types(registration, report.sync_type) {
        let (_, gone) = outcome.news_of_other_type(load(other)?).into_rows(false);
        // Its own records go on to say that it failed.
        let is_over = gone.iter().any(|row| row.subject.is_empty());
        let well = is_over.then(|| ReportRow::new(WELL, "", report.ended_at));
        store.save_reports(sync, other, well.into_iter().collect(), gone)?;
    }
    Ok(is_failing)
}

/// The other types of runs of that upstream.
pub fn other_types<'a>(registration: &'a Registration, sync_type: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    let own = registration.sync_types.iter().map(|known| known.name);
    own.chain([registration.name]).filter(move |known| *known != sync_type)
}
