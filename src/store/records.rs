//! The record of every run and of its scopes.

mod list;
pub(super) mod rows;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::list::{Filter, Page, SyncState, load_page, load_record, load_scopes, load_states};
use super::oslock::RunLock;
use super::sqlite::Ending;
use super::{Error, Store};
use crate::clock::BootInstant;
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
    /// What the upstream adds under its own field names, such as `task_id`.
    #[serde(flatten)]
    pub details: ProblemDetails,
}

/// What an upstream adds to a problem under its own field names.
pub type ProblemDetails = serde_json::Map<String, serde_json::Value>;

/// Who started the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    Auto,
    Manual,
}

/// The state of a run or of one of its scopes.
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

impl Trigger {
    /// The name used in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Auto, Self::Manual].into_iter().find(|trigger| trigger.name() == name)
    }
}

impl Status {
    pub const ALL: [Self; 7] =
        [Self::Running, Self::Success, Self::Partial, Self::Failed, Self::Cancelled, Self::Interrupted, Self::Skipped];

    /// The name used in JSON and in the database.
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

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

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
pub struct RunRecord {
    id: RecordId,
    began: BootInstant,
    /// Dropped after the record was closed; `None` in a dry run.
    _lock: Option<RunLock>,
}

impl RunRecord {
    /// 0 in a dry run: nothing is stored under it.
    pub fn id(&self) -> RecordId {
        self.id
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
    pub status: Status,
    pub reason: Option<String>,
    pub summary: Summary,
    pub duration_ms: Option<i64>,
    pub error: Option<String>,
    pub token: Option<i64>,
}

impl Store {
    /// Opens a run's record. Runs found dead (their process is gone, another boot) become `interrupted` in the same
    /// transaction.
    pub async fn open_record(&self, start: RunStart<'_>) -> Result<RunRecord, Error> {
        let began = self.clock().boot();
        if self.is_dry_run() {
            return Ok(RunRecord { id: RecordId(0), began, _lock: None });
        }
        let folder = self.lock_folder().clone();
        let new = rows::NewRecord::from(start);
        self.on_writer(move |desk| {
            let clock = &desk.clock;
            desk.connection.transact(
                Ending::Commit,
                |w| {
                    rows::save_dead_runs(w, &folder, clock)?;
                    folder.delete_leftover_runs();
                    let id = rows::save_opened(w, &new, clock)?;
                    // Locked before anybody can see the record, so that it never looks dead.
                    let lock = folder.lock_run(id.0, &new.trace_id)?;
                    Ok(RunRecord { id, began, _lock: Some(lock) })
                },
                |r, record| rows::is_running(r, record.id, &new.trace_id),
            )
        })
        .await?
    }

    /// Writes the row of a scope that was skipped.
    pub async fn save_skipped_scope(&self, record: RecordId, skipped: SkippedScope) -> Result<(), Error> {
        if self.is_dry_run() {
            return Ok(());
        }
        let clock = self.clock().clone();
        self.transact_soon(move |w| rows::save_skipped_scope(w, record, &skipped, &clock)).await
    }

    /// Closes the record, unless another run has marked it `interrupted` meanwhile.
    pub async fn close_record(&self, record: RunRecord, end: RunEnd) -> Result<(), Error> {
        let clock = self.clock().clone();
        self.transact_soon(move |w| {
            let duration_ms = clock.boot().0 - record.began.0;
            rows::save_closed(w, record.id, &end, duration_ms, &clock)
        })
        .await
    }

    /// The records of runs that are over without having closed them; the next run ends them as `interrupted`.
    pub fn load_dead_runs(&self) -> Result<Vec<RecordId>, Error> {
        self.read(|r| rows::load_dead_runs(r, self.lock_folder()))
    }

    /// Marks records as read (`ids` empty: all); answers how many changed.
    pub fn mark_read(&self, ids: &[RecordId]) -> Result<u64, Error> {
        let ids = ids.to_vec();
        let clock = self.clock().clone();
        self.transact(move |w| rows::save_read(w, &ids, &clock))
    }

    /// Deletes records that ended before `before`, and beyond the newest `keep` of each sync type where given; each
    /// sync type's last success and last failure stay, cursors are not touched. Answers how many went.
    pub fn prune_records(&self, before: Option<Timestamp>, keep: Option<u64>) -> Result<u64, Error> {
        self.transact(move |w| rows::delete_old(w, before, keep))
    }
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
