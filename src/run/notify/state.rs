//! The state of a sync before a run.

use jiff::Timestamp;

use crate::exit::Exit;
use crate::store::records::{Failing, SyncState};

/// What earlier runs of the same sync say about when a failure is news.
#[derive(Clone, Copy, Debug, Default)]
pub struct PreviousState {
    pub consecutive_failures: u64,
    /// When the first of them began.
    pub failing_since: Option<Timestamp>,
    /// The last run ended because its credentials were rejected.
    pub was_auth: bool,
    pub has_succeeded: bool,
    /// Nothing is known of earlier runs.
    pub is_unknown: bool,
}

impl PreviousState {
    pub fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    pub fn of(state: &SyncState, failing: Failing) -> Self {
        Self {
            consecutive_failures: state.consecutive_failures + failing.deadline_count,
            failing_since: failing.since,
            was_auth: state.last.as_ref().is_some_and(|last| last.exit_code == Some(Exit::Auth.code().into())),
            has_succeeded: state.last_success_at.is_some(),
            is_unknown: false,
        }
    }
}
