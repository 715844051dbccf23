//! One target's deliveries: what is due is sent, several users at once, each user's events in their order.
//!
//! A failure may be the event's or the target's. The answers to other users' events show which, so the verdict on a failure
//! waits for the next success. What is the target's stops the sending and counts for no event.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::config::Config;
use super::queue::{self, Delivery, Due, Outcome, State};
use super::target::{Answer, Cause, Failure, Target};
use crate::error::Class;
use crate::text::ending;
use crate::upstreams::{Error, Scope};

/// When the requests of that many users fail in a row, it is the target that fails.
const SEVERAL_USERS: usize = 5;

/// What a pass did at one target.
#[derive(Clone, Debug, Default)]
pub struct DeliveryCounts {
    pub delivered: u64,
    /// The target knew of later events.
    pub superseded: u64,
    /// To be tried again.
    pub failed: u64,
    /// Given up in this pass.
    pub dead: u64,
    pub first_failure: Option<Failure>,
    /// Why it was left alone before all that was due was sent.
    pub stopped: Option<&'static str>,
}

/// One target, and what its deliveries are made with.
pub struct TargetWorker<'a> {
    pub scope: &'a Scope<'a>,
    pub target: &'a Target,
    pub config: &'a Config,
    pub progress: &'a PassProgress,
}

/// How far all targets of a pass are together.
#[derive(Debug, Default)]
pub struct PassProgress {
    pub delivered: AtomicU64,
    pub total: u64,
}

/// A request on its way: what it brings, its answer, how long that took.
type InFlight<'a> = BoxFuture<'a, (Vec<Delivery>, Answer, Duration)>;

/// How many requests are being stored, and the heads that come up behind them.
type Storing<'a> = (usize, BoxFuture<'a, Result<Vec<Delivery>, Error>>);

/// What a pass over one target holds.
#[derive(Default)]
struct WorkerState<'a> {
    /// Due heads not sent yet.
    ready: VecDeque<Delivery>,
    /// Of a batch that failed: each is sent alone, so that one bad event does not stop the others.
    alone: VecDeque<Delivery>,
    in_flight: FuturesUnordered<InFlight<'a>>,
    /// Failed since the last success: whose failure it is is not known yet.
    unexplained: Vec<(Vec<Delivery>, Failure)>,
    /// The outcomes of one request each, not given to the store yet.
    answered: Vec<Vec<(Delivery, Outcome)>>,
    storing: Option<Storing<'a>>,
    counts: DeliveryCounts,
    /// How long the target wants to be left alone.
    pause: Option<Duration>,
}

/// Whose failure it was, once that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    Event,
    Target,
}

impl WorkerState<'_> {
    /// A request counts until its outcome is stored: a crash repeats no more than these.
    fn busy(&self) -> usize {
        self.in_flight.len() + self.answered.len() + self.storing.as_ref().map_or(0, |(count, _)| *count)
    }

    fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.alone.is_empty() && self.busy() == 0
    }

    fn stop(&mut self, why: &'static str) {
        self.counts.stopped.get_or_insert(why);
    }
}

impl<'a> TargetWorker<'a> {
    /// Sends what is due until nothing is, the target fails, or the run ends.
    pub async fn run(&'a self) -> Result<DeliveryCounts, Error> {
        let mut state = WorkerState::default();
        let ended = self.drain(&mut state).await;
        // What was answered is stored, however the pass ends.
        if let Some((_, storing)) = state.storing.take() {
            storing.await?;
        }
        self.explain_lone(&mut state)?;
        let answered = std::mem::take(&mut state.answered);
        if !answered.is_empty() {
            self.store(answered).await?;
        }
        if let Some(pause) = state.pause {
            let (name, until) = (self.target.name.clone(), self.later(pause));
            self.scope.write(move |w| queue::postpone(w, &name, until)).await?;
        }
        ended.map(|()| state.counts)
    }

    async fn drain(&'a self, state: &mut WorkerState<'a>) -> Result<(), Error> {
        let cancel = &self.scope.context.cancel;
        loop {
            if state.is_idle() {
                self.explain_lone(state)?;
            }
            if state.is_idle() {
                if state.counts.stopped.is_some() || cancel.is_cancelled() {
                    break;
                }
                state.ready = self.load_due().await?.into();
                if state.ready.is_empty() {
                    break;
                }
            }
            self.send_ready(state);
            if state.storing.is_none() && !state.answered.is_empty() {
                let answered = std::mem::take(&mut state.answered);
                state.storing = Some((answered.len(), Box::pin(self.store(answered))));
            }
            if state.busy() == 0 {
                continue;
            }
            tokio::select! {
                Some((deliveries, answer, latency)) = state.in_flight.next(), if !state.in_flight.is_empty() => {
                    self.record_answer(state, deliveries, answer, latency);
                }
                stored = stored(&mut state.storing) => {
                    state.storing = None;
                    state.ready.extend(stored?);
                    let PassProgress { delivered, total } = self.progress;
                    self.scope.advance(delivered.load(Ordering::Relaxed), Some(*total), None);
                }
            }
        }
        if cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// The next due heads; enqueues further events where there are few.
    async fn load_due(&self) -> Result<Vec<Delivery>, Error> {
        let limit = self.config.queue_size;
        loop {
            let (name, now) = (self.target.name.clone(), self.scope.context.clock.now());
            let due = Due { now, cap: self.config.backoff_cap.0 };
            let (found, has_more) = self
                .scope
                .write(move |w| {
                    let found = queue::load_due(w, &name, due, limit)?;
                    if !found.is_empty() {
                        return Ok((found, false));
                    }
                    let has_more = queue::enqueue_deliveries(w, &name, limit, now)?;
                    Ok((queue::load_due(w, &name, due, limit)?, has_more))
                })
                .await?;
            if !found.is_empty() || !has_more {
                return Ok(found);
            }
        }
    }

    fn send_ready(&'a self, state: &mut WorkerState<'a>) {
        if self.scope.remaining() < self.config.margin() {
            state.stop("little of the lock's time is left");
        }
        if state.counts.stopped.is_some() || self.scope.context.cancel.is_cancelled() {
            state.ready.clear();
            state.alone.clear();
        }
        while state.busy() < self.config.workers {
            let deliveries: Vec<Delivery> = match state.alone.pop_front() {
                Some(delivery) => vec![delivery],
                None => state.ready.drain(..self.target.batch().min(state.ready.len())).collect(),
            };
            if deliveries.is_empty() {
                return;
            }
            state.in_flight.push(Box::pin(async move {
                let begun = Instant::now();
                let answer = self.target.send(&deliveries).await;
                (deliveries, answer, begun.elapsed())
            }));
        }
    }

    /// What the answer means for the deliveries and for the target. What was cut off by the run's end stays due.
    fn record_answer(&self, state: &mut WorkerState<'a>, deliveries: Vec<Delivery>, answer: Answer, latency: Duration) {
        match answer {
            Answer::Ended => {}
            Answer::Accepted => self.record_success(state, deliveries, State::Delivered, latency),
            Answer::Superseded => self.record_success(state, deliveries, State::Superseded, latency),
            Answer::Failed(failure) => self.record_failure(state, deliveries, failure),
        }
    }

    fn record_success(&self, state: &mut WorkerState<'a>, deliveries: Vec<Delivery>, to: State, latency: Duration) {
        self.explain(state, Blame::Event);
        let count = deliveries.len() as u64;
        if to == State::Delivered {
            state.counts.delivered += count;
            self.progress.delivered.fetch_add(count, Ordering::Relaxed);
        } else {
            state.counts.superseded += count;
        }
        let next_attempt_at = self.scope.context.clock.now();
        let outcome = Outcome { state: to, is_counted: true, next_attempt_at, failure: None, latency: Some(latency) };
        state.answered.push(deliveries.into_iter().map(|delivery| (delivery, outcome.clone())).collect());
    }

    fn record_failure(&self, state: &mut WorkerState<'a>, deliveries: Vec<Delivery>, failure: Failure) {
        let Failure { cause, class, error, retry_after, .. } = &failure;
        let seqs: Vec<i64> = deliveries.iter().map(|delivery| delivery.event.seq).collect();
        tracing::debug!(target_name = self.target.name, event.seq = ?seqs, class = class.name(), "{error}");
        if deliveries.len() > 1 && *cause != Cause::Target && retry_after.is_none() {
            state.alone.extend(deliveries);
            return;
        }
        state.counts.first_failure.get_or_insert_with(|| failure.clone());
        match (cause, class) {
            (Cause::Target, Class::Auth) => state.stop("it rejects our credentials"),
            (Cause::Target, _) => state.stop("it cannot be reached"),
            (Cause::Unclear | Cause::Event | Cause::Permanent, _) => {}
        }
        state.unexplained.push((deliveries, failure));
        let users = state.unexplained.iter().filter_map(|(deliveries, _)| Some(deliveries.first()?.event.user_id));
        if users.collect::<HashSet<_>>().len() >= SEVERAL_USERS {
            state.stop("it failed for several users in a row");
            state.pause = state.unexplained.iter().filter_map(|(_, failure)| failure.retry_after).max();
        }
        if state.counts.stopped.is_some() {
            self.explain(state, Blame::Target);
        }
    }

    /// Failures that no further answer explains are the events', where the target has accepted another event since they were
    /// stored, or says itself that it is the event.
    fn explain_lone(&self, state: &mut WorkerState<'a>) -> Result<(), Error> {
        if state.unexplained.is_empty() {
            return Ok(());
        }
        let delivered_at = self.scope.context.store.read(|r| queue::load_delivered_at(r, &self.target.name))?;
        let is_event = |(deliveries, failure): &(Vec<Delivery>, Failure)| {
            let worked = |delivery: &Delivery| delivered_at.is_some_and(|at| at > delivery.event.stored_at);
            failure.cause != Cause::Unclear || deliveries.iter().all(worked)
        };
        let (events, targets): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.unexplained).into_iter().partition(is_event);
        state.unexplained = events;
        self.explain(state, Blame::Event);
        if !targets.is_empty() {
            state.unexplained = targets;
            state.stop("it accepts nothing");
            self.explain(state, Blame::Target);
        }
        Ok(())
    }

    /// Ends the failed attempts, now that it is known whose failure it was.
    fn explain(&self, state: &mut WorkerState<'a>, blame: Blame) {
        for (deliveries, failure) in std::mem::take(&mut state.unexplained) {
            let outcomes: Vec<_> = deliveries
                .into_iter()
                .map(|delivery| {
                    let outcome = self.failed(&delivery, &failure, blame);
                    let count =
                        if outcome.state == State::Dead { &mut state.counts.dead } else { &mut state.counts.failed };
                    *count += 1;
                    (delivery, outcome)
                })
                .collect();
            state.answered.push(outcomes);
        }
    }

    fn failed(&self, delivery: &Delivery, failure: &Failure, blame: Blame) -> Outcome {
        let Failure { cause, class, error, retry_after, .. } = failure;
        let attempts = delivery.attempts + 1;
        let now = self.scope.context.clock.now();
        let (state, next_attempt_at, error) = match blame {
            // Due at once, behind those that were not tried.
            Blame::Target => (State::Retrying, self.later(retry_after.unwrap_or_default()), error.clone()),
            Blame::Event if *cause == Cause::Permanent => (State::Dead, now, error.clone()),
            Blame::Event if attempts >= self.config.max_attempts => {
                let s = ending(u64::from(attempts));
                (State::Dead, now, format!("given up after {attempts} attempt{s}: {error}"))
            }
            Blame::Event => {
                let wait = self.config.backoff().wait(attempts, *retry_after, fastrand::f64());
                (State::Retrying, self.later(wait), error.clone())
            }
        };
        let is_counted = blame == Blame::Event;
        Outcome { state, is_counted, next_attempt_at, failure: Some((*class, error)), latency: None }
    }

    /// The end of a wait, which is no longer than the cap.
    fn later(&self, wait: Duration) -> Timestamp {
        let (now, wait) = (self.scope.context.clock.now(), wait.min(self.config.backoff_cap.0));
        SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
    }

    /// Stores how all these ended in one transaction; returns the heads that come up behind them.
    async fn store(&'a self, answered: Vec<Vec<(Delivery, Outcome)>>) -> Result<Vec<Delivery>, Error> {
        let (name, now) = (self.target.name.clone(), self.scope.context.clock.now());
        let outcomes = answered.concat();
        self.scope.write(move |w| queue::save_outcomes(w, &name, &outcomes, now)).await
    }
}

/// Waits for what is being stored; for ever where nothing is.
async fn stored(storing: &mut Option<Storing<'_>>) -> Result<Vec<Delivery>, Error> {
    match storing {
        Some((_, storing)) => storing.await,
        None => std::future::pending().await,
    }
}
