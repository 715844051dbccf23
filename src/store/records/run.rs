//! What is known when a run begins and when it ends, and what it leaves for how long.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::types::{Problem, Status, Summary, Trigger};
use crate::exit::Exit;
use crate::store::error::Error;
use crate::store::history::level::LevelsOf;
use crate::store::statement::Writer;

/// What is known when a run begins.
#[derive(Clone, Debug)]
pub struct RunStart {
    pub sync: &'static str,
    pub sync_type: &'static str,
    pub trigger: Trigger,
    pub trace_id: Arc<str>,
    pub max_retries: u32,
    /// Whether a person has to read it even if it does not fail.
    pub is_unread: bool,
    /// The zone of its day.
    pub zone: TimeZone,
}

/// What becomes of a sum.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Add(u64),
    /// It is no sum but the last value.
    Set(u64),
}

/// Deletes what an upstream keeps of changes from before that instant; returns how many rows.
pub type PruneOf = fn(&Writer<'_>, &str) -> Result<u64, Error>;

/// How long what runs leave is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    pub records: SignedDuration,
    pub days: SignedDuration,
    pub changes: SignedDuration,
    pub prune_changes: &'static [PruneOf],
}

/// What is known when a run ends.
#[derive(Clone, Debug)]
pub struct RunEnd {
    pub status: Status,
    pub summary: Summary,
    pub exit: Exit,
    pub error_message: Option<String>,
    pub problems: Vec<Problem>,
    pub retry_count: u64,
    pub request_count: u64,
    /// Answers that there were too many requests.
    pub throttle_count: u64,
    /// By scopes that were left alone because nothing had changed there for long.
    pub requests_saved: u64,
    /// It had nothing to do and did nothing.
    pub is_idle: bool,
    /// What it adds to the sums behind the metrics, each by its name and label.
    pub counters: Vec<(&'static str, &'static str, Change)>,
    /// What is kept of the upstream's tables for this day.
    pub levels: Option<LevelsOf>,
}
