//! What a run says at its end.

use std::time::Duration;

use jiff::Timestamp;

use crate::exit::Exit;
use crate::store::{Holder, Problem, RecordId, Status, Summary, Trigger};
use crate::upstreams::{Failure, ScopeReport};

/// A finished run, ready to be shown.
#[derive(Clone, Debug)]
pub struct Report {
    pub record: RecordId,
    pub trace_id: String,
    pub sync: &'static str,
    pub sync_type: &'static str,
    pub trigger: Trigger,
    pub dry_run: bool,
    pub status: Status,
    pub exit: Exit,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub duration: Duration,
    pub summary: Summary,
    pub scopes: Vec<ScopeReport>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
    pub retry_count: u64,
    pub request_count: u64,
    /// What the exit code stands for, where it is no success.
    pub failure: Option<Failure>,
    /// Who held the lock, for exit 11.
    pub holder: Option<Holder>,
}
