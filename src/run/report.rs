//! What a run says at its end.

use std::time::Duration;

use jiff::Timestamp;

use crate::exit::Exit;
use crate::store::history::LevelsOf;
use crate::store::records::{Change, RunEnd};
use crate::store::{self, Holder, Problem, RecordId, Status, Summary, Trigger};
use crate::upstreams::RowChange;
use crate::upstreams::{Failure, ScopeReport, SkipReason};

/// A finished run, ready to be shown.
#[derive(Clone, Debug)]
pub struct Report {
    pub record: RecordId,
    pub trace_id: String,
    pub sync: &'static str,
    pub sync_type: &'static str,
    pub trigger: Trigger,
    pub dry_run: bool,
    /// Whether no flag left out a part of what is configured.
    pub is_whole: bool,
    pub status: Status,
    pub exit: Exit,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub duration: Duration,
    pub summary: Summary,
    pub scopes: Vec<ScopeReport>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
    /// The first of what a dry run would change.
    pub preview: Vec<RowChange>,
    pub retry_count: u64,
    pub request_count: u64,
    /// Answers that there were too many requests.
    pub throttle_count: u64,
    /// By scopes that were left alone because nothing had changed there for long.
    pub requests_saved: u64,
    /// Time spent waiting for responses; that of requests at the same time adds up.
    pub api_time: Duration,
    /// The failure behind the exit code, where it is no success.
    pub failure: Option<Failure>,
    /// Who held the lock, for exit 11.
    pub holder: Option<Holder>,
}

impl Report {
    /// Whether a record keeps it: none does in a dry run, and where the database cannot be used.
    pub const fn has_record(&self) -> bool {
        self.record.0 > 0
    }

    /// The scope behind the failure, which the failure then names; none where the run as a whole failed.
    pub fn failed_scope(&self) -> Option<&str> {
        let failure = self.failure.as_ref()?;
        let is_its = |scope: &&ScopeReport| {
            let own = scope.failure.as_ref().filter(|own| own.class == failure.class);
            own.is_some_and(|own| own.message == failure.message || failure.message.contains(&scope.scope))
        };
        let scopes = self.scopes.iter().filter(is_its).map(|scope| scope.scope.as_str());
        scopes.max_by_key(|scope| scope.len())
    }

    /// What it adds to the sums behind the metrics.
    fn counters(&self) -> Vec<(&'static str, &'static str, Change)> {
        let waited = u64::try_from(self.api_time.as_micros()).unwrap_or(u64::MAX);
        let mut counters = vec![
            ("runs", self.exit.name(), Change::Add(1)),
            ("requests", "", Change::Add(self.request_count)),
            ("retries", "", Change::Add(self.retry_count)),
            ("throttles", "", Change::Add(self.throttle_count)),
            ("api_us", "", Change::Add(waited)),
            ("last_api_us", "", Change::Set(waited)),
        ];
        counters.extend(self.summary.changes().map(|(change, count)| ("rows", change, Change::Add(count))));
        counters.extend(self.problems.iter().map(|problem| ("problems", problem.class.name(), Change::Add(1))));
        counters
    }

    /// One line of the log for the whole run.
    pub(super) fn log_end(&self) {
        let Summary { total, new, updated, unchanged, deleted, restored, failed, .. } = self.summary;
        let (status, exit, exit_code) = (self.status.name(), self.exit.name(), self.exit.code());
        let error = self.failure.as_ref().map(Failure::full_message);
        let duration_ms = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            record.id = self.record.0,
            sync_type = self.sync_type,
            status,
            exit,
            exit_code,
            total,
            new,
            updated,
            unchanged,
            deleted,
            restored,
            failed,
            requests = self.request_count,
            retries = self.retry_count,
            duration_ms,
            error,
            "run ended"
        );
    }

    /// What the record keeps of it.
    pub(super) fn to_end(&self, levels: Option<LevelsOf>) -> RunEnd {
        RunEnd {
            status: self.status,
            summary: self.summary,
            exit: self.exit,
            error_message: self.failure.as_ref().map(|failure| failure.message.clone()),
            problems: self.problems.clone(),
            retry_count: self.retry_count,
            request_count: self.request_count,
            throttle_count: self.throttle_count,
            requests_saved: self.requests_saved,
            is_idle: self.is_idle(),
            counters: self.counters(),
            levels,
        }
    }

    /// Whether nothing was due or nothing was there, and nothing was done.
    fn is_idle(&self) -> bool {
        let is_quiet = self.failure.is_none() && self.problems.is_empty() && self.warnings.is_empty();
        let is_locked = |scope: &ScopeReport| matches!(scope.skipped, Some((SkipReason::Locked, _)));
        let is_ok = matches!(self.status, Status::Success | Status::Skipped);
        is_quiet
            && is_ok
            && self.request_count == 0
            && self.summary == Summary::default()
            && !self.scopes.iter().any(is_locked)
    }

    /// The record could not be closed: that is the verdict, unless there is a worse one.
    pub(super) fn record_lost(&mut self, error: &store::Error) {
        let class = error.class();
        if self.exit.worst(class.into()) == self.exit {
            self.warnings.push(format!("cannot close the record: {error}"));
            return;
        }
        self.exit = class.into();
        self.status = Status::Failed;
        let plain = Failure::plain(class, format!("cannot close the record: {error}"));
        self.failure = Some(Failure { hint: error.hint().unwrap_or(plain.hint), ..plain });
    }
}
