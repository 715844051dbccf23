//! What became of a row, and what a row is written for.

use crate::clock::{Clock, to_rfc3339_millis};
use crate::store::Summary;
use crate::upstreams::Scope;

/// The run that writes a row, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteMeta {
    /// `None` where a person writes, outside of a run.
    pub record: Option<i64>,
    /// Wall time, as stored.
    pub at: String,
}

impl WriteMeta {
    /// For what the run in hand writes now.
    pub fn now(scope: &Scope<'_>) -> Self {
        Self { record: Some(scope.context.record.0), at: to_rfc3339_millis(scope.context.clock.now()) }
    }

    /// For what a person writes now.
    pub fn by_person(clock: &Clock) -> Self {
        Self { record: None, at: to_rfc3339_millis(clock.now()) }
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    New,
    Updated,
    Restored,
    Unchanged,
    /// It came a second time in one reading, now as it was stored before: the first time was no change after all.
    Reverted,
}

impl RowOutcome {
    /// Counts a row that came once.
    pub const fn count(self, summary: &mut Summary) {
        *match self {
            Self::New => &mut summary.new,
            Self::Updated => &mut summary.updated,
            Self::Restored => &mut summary.restored,
            Self::Unchanged | Self::Reverted => &mut summary.unchanged,
        } += 1;
    }
}
