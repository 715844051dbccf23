//! What a run lends to its clients, and the limits it puts on every wait.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::proxy::Proxies;
use super::skew::Skew;
use crate::clock::Clock;

/// What a run lends to every client it makes.
#[derive(Clone, Debug)]
pub struct Context {
    pub clock: Clock,
    /// Cancelled by a signal or a lost lease: every wait and every transfer ends at once.
    pub cancel: CancellationToken,
    /// `--max-runtime`: no wait or transfer goes beyond it.
    pub deadline: Option<Instant>,
    pub trace_id: Arc<str>,
    /// Requests sent, retries included.
    pub requests: Arc<AtomicU64>,
    /// Of these, retries.
    pub retries: Arc<AtomicU64>,
    /// Answers that there were too many requests.
    pub throttles: Arc<AtomicU64>,
    /// Microseconds spent waiting for responses; those of requests at the same time add up.
    pub waited: Arc<AtomicU64>,
    /// How far the upstreams' clocks were from ours.
    pub skew: Skew,
    pub proxies: Proxies,
}

impl Context {
    /// Outside any run: nothing ends it early.
    pub fn detached(clock: Clock, trace_id: &str) -> Self {
        Self {
            clock,
            cancel: CancellationToken::new(),
            deadline: None,
            trace_id: trace_id.into(),
            requests: Arc::default(),
            retries: Arc::default(),
            throttles: Arc::default(),
            waited: Arc::default(),
            skew: Skew::default(),
            proxies: Proxies::default(),
        }
    }

    /// What `work` gives, unless the run's cancellation or its deadline comes first.
    pub(super) async fn bounded<T>(&self, upstream: &'static str, work: impl Future<Output = T>) -> Result<T, Error> {
        match self.cancel.run_until_cancelled(within(self.deadline, work)).await {
            Some(Some(value)) => Ok(value),
            Some(None) => Err(Error::Deadline { upstream }),
            None => Err(Error::Cancelled { upstream }),
        }
    }

    /// How long the run may still last; `None` if for ever.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// What `work` gives, or `None` once `end` has passed.
pub(super) async fn within<T>(end: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    let Some(end) = end else { return Some(work.await) };
    // Work that is always ready would never let the timer speak, so a passed end is looked for beforehand.
    if end <= Instant::now() {
        return None;
    }
    timeout_at(end, work).await.ok()
}

/// Whole milliseconds, for logs.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{Context, within};
    use crate::clock::Clock;
    use crate::error::Class;

    /// A context whose wall clock does not move.
    pub fn context(deadline: Option<Instant>) -> Context {
        let clock = Clock::manual("2026-01-02T03:04:05Z".parse().unwrap());
        Context { deadline, ..Context::detached(clock, "test") }
    }

    const SECOND: Duration = Duration::from_secs(1);

    async fn check(context: &Context, work: impl Future<Output = ()>, expected: Result<(), Class>) {
        assert_eq!(context.bounded("fairing", work).await.map_err(|error| error.class()), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_deadline_or_the_cancellation() {
        let context = context(Some(Instant::now() + 5 * SECOND));
        check(&context, sleep(SECOND), Ok(())).await;
        check(&context, sleep(9 * SECOND), Err(Class::Deadline)).await;
        assert_eq!(context.remaining(), Some(Duration::ZERO));
        check(&context, async {}, Err(Class::Deadline)).await;
        context.cancel.cancel();
        check(&context, async {}, Err(Class::Interrupted)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_always_ready_does_not_outlast_its_end() {
        assert_eq!(within(Some(Instant::now()), async {}).await, None);
        assert_eq!(within(None, async {}).await, Some(()));
    }
}
