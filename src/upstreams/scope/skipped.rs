//! What is reported of a scope that was not run.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::Class;
use crate::store::{Holder, Status, Summary};
use crate::upstreams::pass::{Failure, ScopeReport, SkipReason};

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
