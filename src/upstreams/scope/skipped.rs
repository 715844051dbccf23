//! What is reported of a scope that was not run.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::Class;
use crate::store::records::SkippedScope;
use crate::store::{self, Holder, ScopeState, Status, Summary};
use crate::upstreams::adaptive;
use crate::upstreams::pass::{Failure, PassContext, ScopeReport, SkipReason};

impl PassContext {
    /// What is reported of a scope that was not due.
    pub(super) fn not_run(&self, state: &ScopeState, skip: (SkipReason, Timestamp)) -> ScopeReport {
        let mut report = skipped(&state.scope, skip, None);
        if skip.0 == SkipReason::Adaptive {
            self.outcome().requests_saved += state.request_count;
            report.note = state.last_changed_at.map(|at| adaptive::quiet_note(at, self.clock.now()));
        }
        report
    }

    pub(super) async fn save_skip(
        &self,
        scope: &str,
        (reason, until): (SkipReason, Timestamp),
    ) -> Result<(), store::Error> {
        tracing::info!(scope, reason = reason.name(), %until, "skipped");
        let row = SkippedScope { scope: scope.to_owned(), reason: reason.name().to_owned() };
        self.store.save_skipped_scope(self.record, row).await
    }
}

pub(super) fn skipped(scope: &str, (reason, until): (SkipReason, Timestamp), holder: Option<Holder>) -> ScopeReport {
    ScopeReport {
        scope: scope.to_owned(),
        status: Status::Skipped,
        summary: Summary::default(),
        duration: Duration::ZERO,
        skipped: Some((reason, Some(until))),
        holder,
        failure: None,
        note: None,
        parts: None,
    }
}

pub(super) fn busy_failure(holder: &Holder) -> Failure {
    let Holder { name, token, owner, pid, host, .. } = holder;
    Failure {
        hint: format!(
            "look with `tongbu locks list`; if that run is dead, `tongbu locks break {name} --token {token}`"
        ),
        ..Failure::plain(Class::Busy, format!("`{name}` is locked by {owner} (pid {pid} on {host})"))
    }
}
