//! One scope of a pass: due, locked, worked on, ended.

mod skipped;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use self::skipped::{busy_failure, skipped};
use super::adaptive::{self, Bounds};
use super::error::Error;
use super::pass::{Failure, OnLock, PassContext, ScopeReport, SkipReason};
use super::row_changes::{PREVIEWED, tables::load_preview};
use super::scope_name::ScopeName;
use crate::error::Class;
use crate::progress::{self, Event};
use crate::store::{
    self, Acquisition, Holder, Lease, LeaseRequest, Problem, ProblemDetails, ScopeEnd, ScopeState, Status, Summary,
    Writer, cursors,
};

/// How often a lock that is waited for is tried.
const LOCK_POLL: Duration = Duration::from_millis(100);
/// A scheduler's jitter: what is due within this share of its interval is due, or an hourly run would find itself a
/// second early every other hour. A tenth of an hour is more than a timer's random delay, and leaves room for a scope that
/// had to wait for its turn in the run before.
pub const INTERVAL_SLACK: u32 = 10;
/// A scope keeps no more problems than this; the summary counts them all.
const MAX_PROBLEMS: usize = 100;

/// The detail of a problem that names the part of its scope that fails by itself, such as a target.
pub const PROBLEM_PART: &str = "target";

/// What decides whether and how a scope runs.
#[derive(Clone, Debug)]
pub struct ScopeRules {
    pub name: ScopeName,
    /// The lease's expiry without renewal.
    pub ttl: Duration,
    /// A scope whose last success is younger is skipped; `None`: always due.
    pub min_interval: Option<Duration>,
    /// Instead of it: how long a success serves depends on when something changed last.
    pub adaptive: Option<Bounds>,
}

/// What is to be done in a scope once it is due and locked.
pub trait ScopeWork: Sync {
    /// Does it. What goes wrong with one item is recorded by the scope; an error ends the scope.
    fn run(&self, scope: &Scope<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// The parts of the scope that it works on, where it leaves others out.
    fn parts(&self) -> Option<Vec<String>> {
        None
    }
}

/// A scope in hand, under its lease.
pub struct Scope<'a> {
    pub context: &'a PassContext,
    pub name: &'a str,
    /// Where its last pass left it, read under the lease.
    pub state: ScopeState,
    lease: Lease,
    parts: Option<Vec<String>>,
    totals: Mutex<ScopeTotals>,
}

#[derive(Default)]
struct ScopeTotals {
    summary: Summary,
    problems: Vec<Problem>,
    note: Option<String>,
}

/// How far the way to the lock led.
enum Locked {
    Held(Lease),
    Busy(Holder),
}

impl Scope<'_> {
    /// Writes under the scope's lease: all of `f`, or nothing.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Writer<'_>) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Error> {
        if !self.context.store.is_dry_run() {
            return Ok(self.context.store.write(&self.lease, f).await?);
        }
        let (changes, record) = (self.context.changes, self.context.record);
        let room = PREVIEWED.saturating_sub(self.context.outcome().preview.len());
        let previewed = move |w: &Writer<'_>| {
            let value = f(w)?;
            // What was written is gone with the transaction.
            Ok::<_, store::Error>((value, load_preview(w, changes, record, room)?))
        };
        let (value, found) = self.context.store.write(&self.lease, previewed).await?;
        self.context.outcome().preview.extend(found);
        Ok(value)
    }

    /// The same of what the next pass finds again by itself: it waits for no disk.
    pub async fn write_lazily<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Writer<'_>) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.context.store.is_dry_run() {
            return self.write(f).await;
        }
        Ok(self.context.store.write_lazily(&self.lease, f).await?)
    }

    /// How long the lease holds by itself from now on.
    pub fn remaining(&self) -> Duration {
        self.lease.remaining()
    }

    /// Counts.
    pub fn count(&self, f: impl FnOnce(&mut Summary)) {
        f(&mut self.totals().summary);
    }

    /// Counts rows; the total is what became of them.
    pub fn count_rows(&self, f: impl FnOnce(&mut Summary)) {
        self.count(|summary| {
            f(summary);
            summary.total = summary.row_count();
        });
    }

    pub fn summary(&self) -> Summary {
        self.totals().summary
    }

    /// Keeps one thing that went wrong with an item; the scope goes on, and ends as *partial*.
    pub fn problem(&self, class: Class, id: Option<String>, name: Option<String>, message: String) {
        self.problem_with(class, id, name, message, ProblemDetails::new());
    }

    /// The same, with details under the upstream's own names.
    pub fn problem_with(
        &self,
        class: Class,
        id: Option<String>,
        name: Option<String>,
        message: String,
        details: ProblemDetails,
    ) {
        tracing::warn!(scope = self.name, class = class.name(), id, "{message}");
        self.count_rows(|summary| summary.failed += 1);
        self.keep_problem(Problem { id, name, details, ..self.new_problem(class, message) });
    }

    /// Keeps one thing that went wrong with the scope as a whole: no item failed, and still it ends as *partial*.
    pub fn scope_problem(&self, class: Class, message: String) {
        self.part_problem(class, None, message);
    }

    /// The same of a part of the scope that fails by itself.
    pub fn part_problem(&self, class: Class, part: Option<&str>, message: String) {
        let Failure { message, .. } = self.context.credentials.name_in(self.name, Failure::plain(class, message));
        tracing::warn!(scope = self.name, class = class.name(), "{message}");
        let details = part.map(|part| (PROBLEM_PART.to_owned(), part.into())).into_iter().collect();
        self.keep_problem(Problem { details, ..self.new_problem(class, message) });
    }

    /// Whether anything went wrong so far.
    pub fn has_problems(&self) -> bool {
        !self.totals().problems.is_empty()
    }

    /// One line for the report.
    pub fn note(&self, note: String) {
        self.totals().note = Some(note);
    }

    /// Shows the observer how far the scope is.
    pub fn advance(&self, done: u64, total: Option<u64>, note: Option<&str>) {
        self.context.observer.observe(&Event::ScopeAdvanced { scope: self.name, done, total, note });
    }

    fn new_problem(&self, class: Class, message: String) -> Problem {
        let (scope, at) = (self.name.to_owned(), self.context.clock.now());
        Problem { scope, class, id: None, name: None, message, at, details: ProblemDetails::new() }
    }

    fn keep_problem(&self, problem: Problem) {
        let problems = &mut self.totals().problems;
        if problems.len() < MAX_PROBLEMS {
            problems.push(problem);
        }
    }

    fn totals(&self) -> MutexGuard<'_, ScopeTotals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PassContext {
    /// Runs each work on its scope, `at_once` of them at a time. An error dooms the pass: it cancels the others, which
    /// end as they do on any cancellation, and is the one returned.
    pub async fn scopes<W: ScopeWork + Send>(&self, works: Vec<(ScopeRules, W)>, at_once: usize) -> Result<(), Error> {
        let scopes = stream::iter(works).map(|(rules, work)| async move { self.scope(rules, &work).await });
        let outcomes: Vec<Result<(), Error>> =
            scopes.buffer_unordered(at_once.max(1)).inspect_err(|_| self.cancel.cancel()).collect().await;
        outcomes.into_iter().collect()
    }

    /// Runs `work` on the scope if it is due and its lock is to be had; keeps how it ended. An error dooms the pass.
    pub async fn scope(&self, rules: ScopeRules, work: &impl ScopeWork) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let begun = Instant::now();
        let name = rules.name.as_str();
        let state = self.load_state(name)?;
        if let Some(skip) = self.not_due(&rules, &state) {
            self.save_skip(name, skip).await?;
            self.keep(self.not_run(&state, skip));
            return Ok(());
        }
        let lease = match self.lock(&rules).await? {
            Locked::Held(lease) => lease,
            Locked::Busy(holder) => return self.busy(name, holder).await,
        };
        // Another run may have done the work between the first look and the lock.
        let state = self.load_state(name)?;
        if let Some(skip) = self.not_due(&rules, &state) {
            let end = ScopeEnd { status: Status::Skipped, summary: Summary::default(), error: None };
            self.store.release(lease, Some(end)).await?;
            self.keep(self.not_run(&state, skip));
            return Ok(());
        }
        self.observer.observe(&Event::ScopeStarted { scope: name, total: state.record_count });
        let scope = Scope { context: self, name, state, lease, parts: work.parts(), totals: Mutex::default() };
        let outcome = {
            let work = progress::in_scope(name, Arc::clone(&self.observer), Box::pin(work.run(&scope)));
            let work = AssertUnwindSafe(work).catch_unwind();
            tokio::select! {
                outcome = work => outcome.unwrap_or_else(|panic| Err(Error::Panic { message: panic_text(&*panic) })),
                () = scope.lease.lost().cancelled() => Err(Error::Store(store::Error::LeaseLost {
                    name: name.to_owned(),
                    token: scope.lease.token(),
                })),
            }
        };
        self.end(scope, outcome, begun.elapsed()).await
    }

    fn load_state(&self, name: &str) -> Result<ScopeState, Error> {
        Ok(self.store.read(|r| cursors::load_state(r, name))?)
    }

    /// Why the scope is not to run now, and until when. A last success in the future means that the clock was set back:
    /// then the scope is due.
    fn not_due(&self, rules: &ScopeRules, state: &ScopeState) -> Option<(SkipReason, Timestamp)> {
        if self.flags.force {
            return None;
        }
        let now = self.clock.now();
        if let Some(until) = state.pause_end(now) {
            return Some((SkipReason::NotBefore, until));
        }
        let last = state.last_success_at.filter(|last| *last <= now)?;
        let (reason, interval) = match rules.adaptive {
            Some(bounds) => (SkipReason::Adaptive, adaptive::interval(state, last, bounds)),
            None => (SkipReason::MinInterval, rules.min_interval?),
        };
        let until = last
            .checked_add(SignedDuration::try_from(interval.saturating_sub(interval / INTERVAL_SLACK)).ok()?)
            .ok()?;
        (until > now).then_some((reason, until))
    }

    async fn lock(&self, rules: &ScopeRules) -> Result<Locked, Error> {
        let begun = Instant::now();
        loop {
            let request = LeaseRequest {
                name: rules.name.as_str(),
                ttl: rules.ttl,
                trace_id: &self.trace_id,
                record: Some(self.record),
                has_own_rows: self.has_own_rows,
            };
            let holder = match self.store.acquire(request).await? {
                Acquisition::Held(lease) => return Ok(Locked::Held(lease)),
                Acquisition::Busy(holder) => holder,
            };
            let OnLock::Wait(limit) = self.flags.on_lock else { return Ok(Locked::Busy(holder)) };
            if limit.is_some_and(|limit| begun.elapsed() >= limit) {
                return Ok(Locked::Busy(holder));
            }
            let reason = format!("locked by {}", holder.owner);
            let until = Some(holder.expires_at);
            self.observer.observe(&Event::ScopeWaiting { scope: rules.name.as_str(), reason: &reason, until });
            self.pause(LOCK_POLL).await?;
        }
    }

    /// The lock is held elsewhere: a skip with `--on-lock skip`, else a failure of this scope.
    async fn busy(&self, scope: &str, holder: Holder) -> Result<(), Error> {
        let skip = (SkipReason::Locked, holder.expires_at);
        self.save_skip(scope, skip).await?;
        let mut report = skipped(scope, skip, Some(holder));
        if self.flags.on_lock != OnLock::Skip {
            report.failure = report.holder.as_ref().map(busy_failure);
        }
        self.keep(report);
        Ok(())
    }

    /// Closes the scope: its row, its lock, its part of the outcome.
    async fn end(&self, scope: Scope<'_>, outcome: Result<(), Error>, duration: Duration) -> Result<(), Error> {
        let Scope { name, lease, totals, state, parts, .. } = scope;
        let ScopeTotals { summary, mut problems, note } = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failure = outcome.as_ref().err().map(|error| self.credentials.name_in(name, Failure::from(error)));
        let status = match &failure {
            None if summary.failed == 0 && problems.is_empty() => Status::Success,
            None => Status::Partial,
            Some(failure) => failure.status(),
        };
        if let Some(failure) = &failure {
            tracing::error!(scope = name, class = failure.class.name(), causes = ?failure.causes, "{}", failure.message);
            let (message, at) = (failure.full_message(), self.clock.now());
            let (scope, details) = (name.to_owned(), ProblemDetails::new());
            problems.push(Problem { scope, class: failure.class, id: None, name: None, message, at, details });
        }
        self.outcome().problems.append(&mut problems);
        self.observer.observe(&Event::ScopeFinished { scope: name, outcome: status.name() });
        self.keep(ScopeReport {
            scope: name.to_owned(),
            status,
            summary,
            duration,
            skipped: None,
            holder: None,
            failure: failure.clone(),
            note,
            parts,
        });
        let is_lost = failure.as_ref().is_some_and(|failure| failure.class == Class::LeaseLost);
        if !is_lost {
            self.close(
                lease,
                outcome.as_ref().err(),
                state,
                ScopeEnd { status, summary, error: failure.as_ref().map(Failure::full_message) },
            )
            .await?;
        }
        match outcome {
            Err(error) if error.class().is_fatal() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Stores the pause that the upstream requested, and releases the lock.
    async fn close(
        &self,
        lease: Lease,
        error: Option<&Error>,
        state: ScopeState,
        end: ScopeEnd,
    ) -> Result<(), store::Error> {
        if let Some(until) = error.and_then(Error::not_before) {
            // The work may have moved the cursor since `state` was read.
            let name = state.scope;
            self.store
                .write(&lease, move |w| {
                    let state = ScopeState { not_before: Some(until), ..cursors::load_state(w, &name)? };
                    cursors::save_state(w, &state)
                })
                .await?;
        }
        self.store.release(lease, Some(end)).await
    }

    fn keep(&self, report: ScopeReport) {
        self.outcome().scopes.push(report);
    }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests;
