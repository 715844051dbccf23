//! A pass: read new events, bring every target what is due, report what is left.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::config::Config;
use super::delivery::{DeliveryCounts, PassProgress, TargetWorker};
use super::ingest::EventStream;
use super::queries;
use super::queue;
use super::tables;
use super::target::{Failure, Target};
use crate::error::{Class, full_message};
use crate::http::Retry;
use crate::store::{self, ScopeState, cursors};
use crate::text::{ending, shell_word};
use crate::upstreams::{Error, Scope, ScopeWork, UpstreamSpecific};

/// Old events deleted in one transaction.
const DELETED_AT_ONCE: u64 = 2000;

/// What the scope `users/deliver` works with, or that of one target beside it.
pub struct Deliver<'a> {
    pub config: &'a Config,
    pub targets: Vec<&'a Target>,
    /// Other targets are left out.
    pub is_part: bool,
    pub stream: Option<&'a EventStream>,
    /// What is not about its target is done by the scope beside it.
    pub is_alone: bool,
}

impl ScopeWork for Deliver<'_> {
    fn parts(&self) -> Option<Vec<String>> {
        parts_of(&self.targets, self.is_part)
    }

    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        if scope.context.store.is_dry_run() {
            return self.report_due(scope);
        }
        let started_at = scope.context.clock.now();
        let earlier = scope.context.store.read(queue::load_newest_at)?.max(scope.state.last_success_at);
        self.read_stream(scope).await?;
        let progress = PassProgress { total: self.count_open(scope)?, ..PassProgress::default() };
        let workers: Vec<TargetWorker<'_>> = self
            .targets
            .iter()
            .map(|target| TargetWorker { scope, target, config: self.config, progress: &progress })
            .collect();
        let ends = join_all(workers.iter().map(TargetWorker::run)).await;
        let mut counts = Vec::new();
        for (worker, end) in workers.iter().zip(ends) {
            counts.push((worker.target, end?));
        }
        if !self.is_alone {
            self.delete_settled(scope, earlier).await?;
        }
        self.report(scope, &counts)?;
        save_success(scope, started_at).await
    }
}

impl Deliver<'_> {
    /// A dry run sends nothing and reads no stream: both have effects elsewhere.
    fn report_due(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let open = self.count_open(scope)?;
        scope.count(|summary| summary.pending += open);
        scope.note(format!("open deliveries: {open}; nothing is sent, and no stream is read, in a dry run"));
        Ok(())
    }

    /// Reads the stream. Where that fails, what is stored already is delivered all the same.
    async fn read_stream(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let Some(stream) = self.stream else { return Ok(()) };
        match stream.read(scope).await {
            Ok(read) => {
                scope.count(|summary| summary.new += read.ingested.stored);
                tracing::info!(
                    stored = read.ingested.stored,
                    known = read.ingested.known,
                    rejected = read.rejected,
                    "read"
                );
                Ok(())
            }
            Err(error) if error.class().is_fatal() => Err(error),
            Err(error) => {
                let message = format!("cannot read the stream of events: {}", full_message(&error));
                scope.scope_problem(error.class(), message);
                Ok(())
            }
        }
    }

    fn count_open(&self, scope: &Scope<'_>) -> Result<u64, Error> {
        let open = scope.context.store.read(|r| {
            let counts = self.targets.iter().map(|target| queries::count_open(r, &target.name));
            counts.sum::<Result<u64, store::Error>>()
        })?;
        Ok(open)
    }

    /// Deletes events that every target has had for long enough. This run's clock may be far ahead, so what happened
    /// before it, at `earlier`, has to say the same.
    async fn delete_settled(&self, scope: &Scope<'_>, earlier: Option<Timestamp>) -> Result<(), Error> {
        let keep = SignedDuration::try_from(self.config.keep_delivered.0).unwrap_or(SignedDuration::MAX);
        let Some(earlier) = earlier else { return Ok(()) };
        let Ok(before) = scope.context.clock.now().min(earlier).checked_sub(keep) else { return Ok(()) };
        let mut deleted = 0;
        loop {
            let targets = self.config.target_names();
            let count =
                scope.write(move |w| queue::delete_settled_events(w, before, &targets, DELETED_AT_ONCE)).await?;
            deleted += count;
            if count < DELETED_AT_ONCE {
                break;
            }
        }
        if deleted > 0 {
            tracing::info!(deleted, "deleted events that were delivered long ago");
        }
        Ok(())
    }

    /// Counts what was done, and reports what went wrong at each target. Where no target could be reached, that is the scope's
    /// failure.
    fn report(&self, scope: &Scope<'_>, counts: &[(&Target, DeliveryCounts)]) -> Result<(), Error> {
        for (target, counts) in counts {
            let DeliveryCounts { delivered, superseded, failed, dead, stopped, .. } = *counts;
            scope.count(|summary| {
                summary.total += delivered + superseded + failed + dead;
                summary.updated += delivered;
                summary.unchanged += superseded;
                summary.failed += failed + dead;
            });
            tracing::info!(target_name = target.name, delivered, superseded, failed, dead, stopped, "delivered");
        }
        let open = self.count_open(scope)?;
        scope.count(|summary| summary.pending += open);
        if let Some(error) = out_of_reach(scope, counts) {
            return Err(error);
        }
        for (target, counts) in counts {
            if let Some(Failure { class, error, .. }) = &counts.first_failure {
                let count = counts.failed + counts.dead;
                let stopped = counts.stopped.map(|why| format!(", then left alone: {why}")).unwrap_or_default();
                let message =
                    format!("target `{}`: failed deliveries: {count}{stopped}; the first: {error}", target.name);
                scope.part_problem(*class, Some(&target.name), message);
            } else if let Some(why) = counts.stopped {
                let message = format!("target `{}` was left before its end: {why}", target.name);
                scope.part_problem(Class::Deadline, Some(&target.name), message);
            }
        }
        self.report_dead(scope)
    }

    /// Dead letters keep every run partial until they are retried or dropped.
    fn report_dead(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let store = &scope.context.store;
        for target in &self.targets {
            let dead = store.read(|r| queries::count_dead(r, &target.name))?;
            if dead > 0 {
                scope.part_problem(
                    Class::Contract,
                    Some(&target.name),
                    format!(
                        "target `{0}` has {dead} dead letter{s}; later events of the same users wait: see `tongbu users events list --state dead --target {1}`, \
                         then `tongbu users events retry --all --target {1}` or `drop`",
                        target.name,
                        shell_word(&target.name),
                        s = ending(dead)
                    ),
                );
            }
        }
        if self.is_alone {
            return Ok(());
        }
        let rejected = store.read(tables::count_rejections)?;
        if rejected > 0 {
            scope.scope_problem(
                Class::Contract,
                format!(
                    "entries of the stream that are no events: {rejected}; see `tongbu users events list --rejected`, then \
                     `tongbu users events drop --entry ID` or `--all`"
                ),
            );
        }
        Ok(())
    }
}

/// The failure of a pass that stored no event and reached no target. A target for which nothing was due has not failed.
fn out_of_reach(scope: &Scope<'_>, counts: &[(&Target, DeliveryCounts)]) -> Option<Error> {
    if scope.summary().is_changed() || counts.iter().any(|(_, counts)| counts.first_failure.is_none()) {
        return None;
    }
    counts.iter().find_map(|(target, counts)| {
        let Failure { class, error: reason, hint, .. } = counts.first_failure.clone()?;
        let context = format!("cannot deliver to `{}`", target.name);
        if class == Class::Auth {
            return Some(Error::Auth { context, reason });
        }
        if class == Class::Config {
            let error = format!("{context}: {reason}").into();
            return Some(UpstreamSpecific { class, hint: Some(hint), error }.into());
        }
        (class == Class::Unavailable).then_some(Error::Unavailable { context, reason, retry: Retry::Never })
    })
}

/// The names of the targets, where they are not all.
pub fn parts_of(targets: &[&Target], is_part: bool) -> Option<Vec<String>> {
    is_part.then(|| targets.iter().map(|target| target.name.clone()).collect())
}

/// Saves when the scope last came to its end.
pub async fn save_success(scope: &Scope<'_>, started_at: Timestamp) -> Result<(), Error> {
    let state = ScopeState { last_success_at: Some(started_at), not_before: None, ..scope.state.clone() };
    scope.write(move |w| cursors::save_state(w, &state)).await
}
