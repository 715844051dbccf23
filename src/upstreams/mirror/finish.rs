//! How a scope that mirrors a set ends: what may be deleted, the scope's state, its counts, its note and log line.

use super::paginator::Ending;
use crate::clock::to_rfc3339_millis;
use crate::error::Class;
use crate::store::{self, ScopeState, Writer, cursors};
use crate::upstreams::guard::Withheld;
use crate::upstreams::{Error, Scope, guard};

/// What a scope's rows are called in its messages, and whose they are.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub account: Option<&'a str>,
    /// In the plural: `records`, `instances`.
    pub rows: &'a str,
}

/// The sizes the guard weighs.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Live rows that did not come.
    pub missing: u64,
    /// Live rows before the reading.
    pub live: u64,
    /// Rows that came, unreadable ones included.
    pub received: u64,
    /// Rows that came and cannot be distinguished from missing ones.
    pub unreadable: u64,
}

/// Whether the missing rows may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletions {
    Allowed,
    /// Any missing row may still be there: the end is not proved, or a row cannot be read.
    Unproved,
    Withheld(Withheld),
}

impl Deletions {
    /// Weighs the end of the reading, then the guard. An end that proves nothing makes the scope *partial*.
    pub fn check(scope: &Scope<'_>, subject: Subject<'_>, ending: Ending, counts: Counts) -> Self {
        if !ending.is_proved() {
            let rows = subject.rows;
            scope.scope_problem(
                Class::Contract,
                format!("the end of the {rows} is not proved, so nothing is deleted: {ending}"),
            );
            return Self::Unproved;
        }
        if counts.unreadable > 0 {
            return Self::Unproved;
        }
        match guard::check(counts.missing, counts.live, counts.received, scope.context.flags.accept_deletes) {
            Ok(()) => Self::Allowed,
            Err(withheld) => Self::Withheld(withheld),
        }
    }

    pub const fn are_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }
}

/// Ends the scope in one transaction: `delete` marks what is gone and answers how much that was, then `state` is saved
/// if the scope is as the upstream has it. Withheld deletions are the error the scope ends with.
pub async fn finish(
    scope: &Scope<'_>,
    subject: Subject<'_>,
    deletions: Deletions,
    state: ScopeState,
    delete: impl FnOnce(&Writer<'_>) -> Result<u64, store::Error> + Send + 'static,
) -> Result<(), Error> {
    let is_complete = deletions.are_allowed() && scope.summary().failed == 0;
    let now = to_rfc3339_millis(scope.context.clock.now());
    let end = move |w: &Writer<'_>| {
        let deleted = delete(w)?;
        if is_complete {
            cursors::save_state(w, &state)?;
        }
        if deleted > 0 {
            cursors::save_changed(w, &state.scope, &now)?;
        }
        Ok(deleted)
    };
    let deleted = if scope.summary().is_changed() { scope.write(end).await? } else { scope.write_lazily(end).await? };
    scope.count(|summary| summary.deleted += deleted);
    report(scope, subject);
    match deletions {
        Deletions::Withheld(withheld) => Err(withheld.into()),
        Deletions::Allowed | Deletions::Unproved => Ok(()),
    }
}

fn report(scope: &Scope<'_>, Subject { account, rows }: Subject<'_>) {
    let summary = scope.summary();
    if !summary.is_changed() && summary.failed == 0 && summary.total > 0 {
        let rows = if summary.total == 1 { rows.trim_end_matches('s') } else { rows };
        scope.note(format!("no change, nothing saved: {} {rows}", summary.total));
    }
    tracing::info!(
        scope = scope.name,
        account,
        fetched = summary.total,
        new = summary.new,
        changed = summary.updated + summary.restored,
        unchanged = summary.unchanged,
        deleted = summary.deleted,
        failed = summary.failed,
        previous = scope.state.record_count.unwrap_or(0),
        "{}",
        if summary.is_changed() { "saved" } else { "no change, nothing saved" }
    );
}
