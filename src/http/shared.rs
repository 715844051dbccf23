//! What the clones of a client share with one another and with the responses they receive.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::backoff::Budget;
use super::context::{Context, within};
use super::error::{Error, Phase};
use super::label::RequestLabel;
use super::profile::Profile;
use super::rate_limit::Limiter;

#[derive(Debug)]
pub(super) struct Shared {
    pub profile: Profile,
    pub context: Context,
    pub connections: reqwest::Client,
    /// Made when a request is sent again: each of its requests has a connection that no other uses.
    pub unpooled: OnceLock<reqwest::Client>,
    pub limiter: Option<Arc<Limiter>>,
    pub budget: Budget,
}

impl Shared {
    /// Waits until the rate limit lets another request with this key through.
    pub async fn wait_for_permit(&self, rate_limit_key: &'static str) -> Result<(), Error> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        self.context.bounded(self.profile.name, limiter.wait(rate_limit_key)).await
    }

    /// The result of `work`, unless the upstream takes longer than its profile allows or the run ends.
    pub async fn wait<T>(
        &self,
        request: &RequestLabel,
        phase: Phase,
        total_end: Option<Instant>,
        work: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let profile = &self.profile;
        let read_end = Instant::now().checked_add(profile.read_timeout);
        let (end, phase, limit) = match (read_end, total_end) {
            (Some(read_end), Some(total_end)) if read_end < total_end => (Some(read_end), phase, profile.read_timeout),
            (_, Some(total_end)) => (Some(total_end), Phase::Total, profile.total_timeout),
            (read_end, None) => (read_end, phase, profile.read_timeout),
        };
        let started = Instant::now();
        let timed = self.context.bounded(profile.name, within(end, work)).await;
        let waited = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.context.waited.fetch_add(waited, Ordering::Relaxed);
        timed?.ok_or_else(|| Error::Timeout { request: request.clone(), phase, limit })
    }
}
