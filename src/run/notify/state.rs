//! The state of a sync before a run.

use jiff::Timestamp;

use crate::exit::Exit;
use crate::store::records::{Record, SyncState};

/// What earlier runs of the same sync say about when a failure is news.
#[derive(Clone, Debug, Default)]
pub struct PreviousState {
    pub consecutive_failures: u64,
    /// When the first of them began.
    pub failing_since: Option<Timestamp>,
    /// The last run ended because its credentials were rejected.
    pub was_auth: bool,
    pub has_succeeded: bool,
    /// The last run, where it died: nobody has heard of that yet.
    pub died: Option<Record>,
    /// Nothing is known of earlier runs.
    pub is_unknown: bool,
}

impl PreviousState {
    pub fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    pub fn of(state: SyncState, failing_since: Option<Timestamp>) -> Self {
        let died = state.last.as_ref().filter(|last| last.is_died()).cloned();
        Self {
            consecutive_failures: state.consecutive_failures,
            failing_since: failing_since.or_else(|| died.as_ref().map(|died| died.start_time)),
            was_auth: state.last.is_some_and(|last| last.exit_code == Some(Exit::Auth.code().into())),
            has_succeeded: state.last_success_at.is_some(),
            died,
            is_unknown: false,
        }
    }
}
