//! The state of a sync before a run.

use crate::store::records::{Record, SyncState};

/// How the earlier runs of the same sync ended.
#[derive(Clone, Debug, Default)]
pub struct PreviousState {
    pub consecutive_failures: u64,
    pub has_succeeded: bool,
    /// The last run, where it died: nobody has heard of that yet.
    pub died: Option<Record>,
}

impl From<SyncState> for PreviousState {
    fn from(SyncState { consecutive_failures, last_success_at, last, .. }: SyncState) -> Self {
        let died = last.filter(Record::is_died);
        Self { consecutive_failures, has_succeeded: last_success_at.is_some(), died }
    }
}
