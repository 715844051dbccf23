//! What is known of a run and of its scopes.

use clap::ValueEnum;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::error::Class;

/// Whether a record is of a failed run: to those who wait for its rows one that `--max-runtime` ended is.
pub(super) const IS_FAILURE: &str =
    "(status IN ('failed', 'partial', 'interrupted') OR (status = 'cancelled' AND exit_code = 10))";

/// The columns of a [`Summary`].
pub(in crate::store) const SUMMARY_COLUMNS: &str =
    "total, new, updated, unchanged, deleted, restored, matched, pending, idle, failed";

/// Sets them, from the first ten parameters.
pub(super) const SUMMARY_ASSIGNMENTS: &str =
    "total = ?1, new = ?2, updated = ?3, unchanged = ?4, deleted = ?5, restored = ?6, matched = ?7, pending = ?8,
             idle = ?9, failed = ?10";

/// The primary key of `sync_records`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub i64);

/// The counts of a pass or of one of its scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub total: u64,
    pub new: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub restored: u64,
    pub matched: u64,
    pub pending: u64,
    pub idle: u64,
    pub failed: u64,
}

impl Summary {
    /// Whether anything was written.
    pub const fn is_changed(&self) -> bool {
        self.new + self.updated + self.deleted + self.restored > 0
    }

    /// How many rows were met: each counts once, as what became of it.
    pub const fn row_count(&self) -> u64 {
        self.new + self.updated + self.unchanged + self.restored + self.failed
    }

    /// What became of rows, by name: parts that do not overlap.
    pub const fn changes(&self) -> [(&'static str, u64); 6] {
        [
            ("new", self.new),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("deleted", self.deleted),
            ("restored", self.restored),
            ("failed", self.failed),
        ]
    }

    /// Adds another scope's counts.
    pub fn add(&mut self, other: &Self) {
        let (counts, others) = (self.counts(), other.counts());
        *self = Self::from_counts(std::array::from_fn(|index| counts[index] + others[index]));
    }

    /// The counts in the order of [`SUMMARY_COLUMNS`].
    pub(super) const fn counts(&self) -> [u64; 10] {
        let Self { total, new, updated, unchanged, deleted, restored, matched, pending, idle, failed } = *self;
        [total, new, updated, unchanged, deleted, restored, matched, pending, idle, failed]
    }

    pub(in crate::store) const fn from_counts(counts: [u64; 10]) -> Self {
        let [total, new, updated, unchanged, deleted, restored, matched, pending, idle, failed] = counts;
        Self { total, new, updated, unchanged, deleted, restored, matched, pending, idle, failed }
    }
}

/// One thing that went wrong inside a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub scope: String,
    #[serde(deserialize_with = "class_or_internal")]
    pub class: Class,
    /// The item's id and name, where the problem is about one item.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    #[serde(rename = "error")]
    pub message: String,
    pub at: Timestamp,
    /// What the upstream adds under its own field names, such as `task_id`.
    #[serde(flatten)]
    pub details: ProblemDetails,
}

/// What an upstream adds to a problem under its own field names.
pub type ProblemDetails = serde_json::Map<String, serde_json::Value>;

/// Who started the run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Trigger {
    Auto,
    Manual,
}

/// The state of a run or of one of its scopes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Status {
    Running,
    Success,
    Partial,
    Failed,
    Cancelled,
    Interrupted,
    /// Still open, and its process is gone. Never stored: the next run makes it *interrupted*.
    Died,
    Skipped,
}

impl Trigger {
    /// The name used in JSON and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

impl Status {
    /// The name used in JSON and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// What a finished scope leaves in its row of `sync_scopes`.
#[derive(Clone, Debug)]
pub struct ScopeEnd {
    pub status: Status,
    pub summary: Summary,
    pub error: Option<String>,
}

/// A scope that was skipped or never locked: its row without a lease.
#[derive(Clone, Debug)]
pub struct SkippedScope {
    pub scope: String,
    /// `min-interval`, `not-before`, `locked`.
    pub reason: String,
}

/// One row of `sync_records`.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: RecordId,
    pub sync: String,
    pub sync_type: String,
    pub trigger: Trigger,
    pub status: Status,
    pub start_time: Timestamp,
    pub end_time: Option<Timestamp>,
    /// Of the last run.
    pub duration_ms: Option<i64>,
    /// How many runs it is about: from the one that began at `start_time` to the one that ended at `end_time`.
    pub run_count: u64,
    pub summary: Summary,
    pub error_message: Option<String>,
    pub problems: Vec<Problem>,
    pub retry_count: i64,
    pub max_retries: i64,
    pub request_count: i64,
    /// By scopes that were left alone because nothing had changed there for long.
    pub requests_saved: u64,
    pub exit_code: Option<i64>,
    pub exit_name: Option<String>,
    pub trace_id: String,
    pub host: String,
    pub pid: i64,
    pub version: String,
    pub is_read: bool,
    pub read_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Record {
    /// Whether the run ended without closing its record, found out or not yet.
    pub fn is_died(&self) -> bool {
        self.status == Status::Died || (self.status == Status::Interrupted && self.exit_code.is_none())
    }
}

/// One row of `sync_scopes`.
#[derive(Clone, Debug)]
pub struct ScopeRecord {
    pub scope: String,
    pub status: Status,
    pub reason: Option<String>,
    pub summary: Summary,
    pub duration_ms: Option<i64>,
    pub error: Option<String>,
    pub token: Option<i64>,
}

/// A newer tongbu may know classes that this one does not.
fn class_or_internal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Class, D::Error> {
    let name = String::deserialize(deserializer)?;
    Ok(name.parse().unwrap_or(Class::Internal))
}
