//! One target's deliveries: what is due is sent, several users at once, each user's events in their order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::config::Config;
use super::queue::{self, Delivery, Due, Outcome};
use super::target::{Answer, Target};
use crate::error::Class;
use crate::upstreams::{Error, Scope};

/// A target that failed so often in a row, with no success between, is left alone until the next pass.
const MAX_FAILURES_IN_A_ROW: u32 = 10;

/// What a pass did at one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    pub delivered: u64,
    /// To be tried again.
    pub failed: u64,
    /// Given up in this pass.
    pub dead: u64,
    /// How the first of those that failed did.
    pub first_failure: Option<(Class, String)>,
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

/// How far all lines of a pass are together.
#[derive(Debug, Default)]
pub struct PassProgress {
    pub delivered: AtomicU64,
    pub total: u64,
}

/// Requests that were answered, and how.
type Answered = Vec<(Delivery, Outcome)>;

/// A request on its way: what it brings, what is answered, how long that took.
type InFlight<'a> = BoxFuture<'a, (Vec<Delivery>, Answer, Duration)>;

/// How many requests are being stored, and the heads that come up behind them.
type Storing<'a> = (usize, BoxFuture<'a, Result<Vec<Delivery>, Error>>);

/// What a pass over one target holds.
#[derive(Default)]
struct WorkerState<'a> {
    /// Due heads not sent yet.
    ready: VecDeque<Delivery>,
    /// Of a batch that was refused: each goes by itself, for one bad event must not stop the others.
    alone: VecDeque<Delivery>,
    /// Requests on their way.
    in_flight: FuturesUnordered<InFlight<'a>>,
    /// Answered, and not handed to the store yet.
    answered: Vec<Answered>,
    storing: Option<Storing<'a>>,
    failures_in_a_row: u32,
    counts: DeliveryCounts,
}

impl WorkerState<'_> {
    /// A request counts until its outcome is stored: a crash repeats no more than these.
    fn busy(&self) -> usize {
        self.in_flight.len() + self.answered.len() + self.storing.as_ref().map_or(0, |(count, _)| *count)
    }
}

impl<'a> TargetWorker<'a> {
    /// Sends what is due until nothing is, or the target or the run has had enough.
    pub async fn run(&'a self) -> Result<DeliveryCounts, Error> {
        let mut state = WorkerState::default();
        let ended = self.drain(&mut state).await;
        // What was answered is stored, however the pass ends.
        if let Some((_, storing)) = state.storing.take() {
            storing.await?;
        }
        if !state.answered.is_empty() {
            let answered = std::mem::take(&mut state.answered);
            self.store(answered).await?;
        }
        ended.map(|()| state.counts)
    }

    async fn drain(&'a self, state: &mut WorkerState<'a>) -> Result<(), Error> {
        let cancel = &self.scope.context.cancel;
        loop {
            if state.ready.is_empty() && state.alone.is_empty() && state.busy() == 0 {
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
                    self.record_answer(state, deliveries, &answer, latency);
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

    /// The next due heads; lays out further events where there are few.
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
        if state.counts.stopped.is_none() && self.scope.remaining() < self.config.margin() {
            state.counts.stopped = Some("little of the lock's time is left");
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
    fn record_answer(
        &self,
        state: &mut WorkerState<'a>,
        deliveries: Vec<Delivery>,
        answer: &Answer,
        latency: Duration,
    ) {
        match answer {
            Answer::Ended => return,
            Answer::Refused { .. } if deliveries.len() > 1 => return state.alone.extend(deliveries),
            Answer::Failed { asked: Some(_), .. } => state.counts.stopped = Some("it asked for time"),
            Answer::Accepted | Answer::Refused { .. } | Answer::Failed { .. } => {}
        }
        let record_answer = |delivery: Delivery| {
            let outcome = self.outcome(&delivery, answer, latency)?;
            self.count(state, &delivery, &outcome);
            Some((delivery, outcome))
        };
        let answered: Answered = deliveries.into_iter().filter_map(record_answer).collect();
        state.answered.push(answered);
    }

    fn outcome(&self, delivery: &Delivery, answer: &Answer, latency: Duration) -> Option<Outcome> {
        let attempts = delivery.attempts + 1;
        Some(match answer {
            Answer::Ended => return None,
            Answer::Accepted => Outcome::Delivered { latency },
            Answer::Refused { class, error } => Outcome::Dead { class: *class, error: error.clone() },
            Answer::Failed { class, error, .. } if attempts >= self.config.max_attempts => {
                Outcome::Dead { class: *class, error: format!("given up after {attempts} attempts: {error}") }
            }
            Answer::Failed { class, error, asked } => Outcome::Retrying {
                class: *class,
                error: error.clone(),
                next_attempt_at: self.next_attempt_at(attempts, *asked),
            },
        })
    }

    fn count(&self, state: &mut WorkerState<'a>, delivery: &Delivery, outcome: &Outcome) {
        let (target, seq) = (self.target.name.as_str(), delivery.event.seq);
        let failure = match outcome {
            Outcome::Delivered { .. } => {
                state.counts.delivered += 1;
                self.progress.delivered.fetch_add(1, Ordering::Relaxed);
                state.failures_in_a_row = 0;
                return;
            }
            Outcome::Dead { class, error } => {
                state.counts.dead += 1;
                (*class, error.clone())
            }
            Outcome::Retrying { class, error, .. } => {
                state.counts.failed += 1;
                (*class, error.clone())
            }
        };
        tracing::debug!(target_name = target, event.seq = seq, class = failure.0.name(), "{}", failure.1);
        // A refused event is its own fault; whatever else is the target's.
        if failure.0 == Class::Contract && matches!(outcome, Outcome::Dead { .. }) {
            state.failures_in_a_row = 0;
        } else {
            state.failures_in_a_row += 1;
        }
        if state.failures_in_a_row >= MAX_FAILURES_IN_A_ROW {
            state.counts.stopped = Some("it failed time after time");
        }
        if failure.0 == Class::Auth {
            state.counts.stopped = Some("it rejects our credentials");
        }
        state.counts.first_failure.get_or_insert(failure);
    }

    fn next_attempt_at(&self, attempts: u32, asked: Option<Duration>) -> Timestamp {
        let wait = self.config.backoff().wait(attempts, asked, fastrand::f64());
        let now = self.scope.context.clock.now();
        SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
    }

    /// Stores how all these ended in one transaction; answers the heads that come up behind them.
    async fn store(&'a self, answered: Vec<Answered>) -> Result<Vec<Delivery>, Error> {
        let (name, now) = (self.target.name.clone(), self.scope.context.clock.now());
        self.scope
            .write(move |w| {
                let mut next = Vec::new();
                for (delivery, outcome) in answered.iter().flatten() {
                    next.extend(queue::save_outcome(w, &name, delivery, outcome, now)?);
                }
                Ok(next)
            })
            .await
    }
}

/// Waits for what is being stored; for ever where nothing is.
async fn stored(storing: &mut Option<Storing<'_>>) -> Result<Vec<Delivery>, Error> {
    match storing {
        Some((_, storing)) => storing.await,
        None => std::future::pending().await,
    }
}
