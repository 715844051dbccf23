//! The record of every run and of its scopes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Error, Reader, Store};
use crate::error::Class;
use crate::exit::Exit;

/// The primary key of `sync_records`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub i64);

/// The counts of a pass or of one of its scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

    /// Adds another scope's counts.
    pub const fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.new += other.new;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.restored += other.restored;
        self.matched += other.matched;
        self.pending += other.pending;
        self.idle += other.idle;
        self.failed += other.failed;
    }
}

/// One thing that went wrong inside a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub scope: String,
    #[serde(with = "class_name")]
    pub class: Class,
    /// The item's id and name, where the problem is about one item.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    #[serde(rename = "error")]
    pub message: String,
    pub at: Timestamp,
}

/// Who started the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    Auto,
    Manual,
}

/// How a run stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Running,
    Success,
    Partial,
    Failed,
    Cancelled,
    Interrupted,
    Skipped,
}

impl Status {
    /// The word in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
        }
    }
}

/// How a scope stands or ended.
pub type ScopeStatus = Status;

/// What is known when a run begins.
#[derive(Clone, Debug)]
pub struct RunStart<'a> {
    pub sync: &'a str,
    pub sync_type: &'a str,
    pub trigger: Trigger,
    pub trace_id: &'a str,
    pub max_retries: u32,
}

/// The open record of the run in hand; alive for other processes as long as this value is.
#[derive(Debug)]
pub struct RunRecord {}

impl RunRecord {
    pub fn id(&self) -> RecordId {
        unimplemented!()
    }
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
    pub duration_ms: Option<i64>,
    pub summary: Summary,
    pub error_message: Option<String>,
    pub problems: Vec<Problem>,
    pub retry_count: i64,
    pub max_retries: i64,
    pub request_count: i64,
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

/// One row of `sync_scopes`.
#[derive(Clone, Debug)]
pub struct ScopeRecord {
    pub scope: String,
    pub status: ScopeStatus,
    pub reason: Option<String>,
    pub summary: Summary,
    pub duration_ms: Option<i64>,
    pub error: Option<String>,
    pub token: Option<i64>,
}

/// Which records to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub sync: Option<String>,
    pub sync_type: Option<String>,
    pub status: Option<Status>,
    pub trigger: Option<Trigger>,
    pub failed_only: bool,
    pub unread_only: bool,
    pub since: Option<Timestamp>,
}

/// One page of records, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    pub records: Vec<Record>,
    pub total: u64,
    pub unread_count: u64,
}

/// What `status` tells of one sync type.
#[derive(Clone, Debug)]
pub struct SyncState {
    pub sync: String,
    pub sync_type: String,
    /// The newest record, running or ended.
    pub last: Option<Record>,
    pub last_success_at: Option<Timestamp>,
    pub consecutive_failures: u64,
    pub unread_count: u64,
}

impl Store {
    /// Opens a run's record. Runs found dead (their process is gone, another boot) become `interrupted` in the same
    /// transaction.
    pub async fn open_record(&self, _start: RunStart<'_>) -> Result<RunRecord, Error> {
        unimplemented!()
    }

    /// Writes the row of a scope that was skipped.
    pub async fn save_skipped_scope(&self, _record: RecordId, _skipped: SkippedScope) -> Result<(), Error> {
        unimplemented!()
    }

    /// Closes the record, unless another run has marked it `interrupted` meanwhile.
    pub async fn close_record(&self, _record: RunRecord, _end: RunEnd) -> Result<(), Error> {
        unimplemented!()
    }

    /// Marks records as read (`ids` empty: all); answers how many changed.
    pub fn mark_read(&self, _ids: &[RecordId]) -> Result<u64, Error> {
        unimplemented!()
    }

    /// Deletes records that ended before `before`, and beyond the newest `keep` of each sync type where given; each
    /// sync type's last success and last failure stay, cursors are not touched. Answers how many went.
    pub fn prune_records(&self, _before: Option<Timestamp>, _keep: Option<u64>) -> Result<u64, Error> {
        unimplemented!()
    }
}

/// One page (from 1) of the records that fit the filter, newest first.
pub fn load_page(_r: &Reader<'_>, _filter: &Filter, _page: u64, _per_page: u64) -> Result<Page, Error> {
    unimplemented!()
}

/// One record.
pub fn load_record(_r: &Reader<'_>, _id: RecordId) -> Result<Option<Record>, Error> {
    unimplemented!()
}

/// The scopes of a record, in the order they began.
pub fn load_scopes(_r: &Reader<'_>, _id: RecordId) -> Result<Vec<ScopeRecord>, Error> {
    unimplemented!()
}

/// One row per sync type that ever ran.
pub fn load_states(_r: &Reader<'_>) -> Result<Vec<SyncState>, Error> {
    unimplemented!()
}

mod class_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::error::Class;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(class: &Class, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(class.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Class, D::Error> {
        let name = String::deserialize(deserializer)?;
        // A newer tongbu may know classes this one does not.
        Ok(Class::from_name(&name).unwrap_or(Class::Internal))
    }
}
