//! Spreads requests over time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::profile::RateLimit;

/// A tenth of a rate limit may go at once, so that a run of a few requests does not wait at all.
const BURST_SHARE: u32 = 10;

/// Limits the requests of each key separately.
#[derive(Debug)]
pub(super) struct Limiter {
    interval: Duration,
    /// How far ahead of its interval a request may be.
    lead: Duration,
    /// When the next request of a key would go without any burst.
    next: Mutex<HashMap<&'static str, Instant>>,
}

/// Lets one request of a key through per `per / count`, after a first burst of a tenth of them: whatever window the upstream
/// counts in, it sees at most eleven tenths of the rate limit. `None` if that is no time at all.
pub(super) fn limiter(rate_limit: RateLimit) -> Option<Limiter> {
    let interval = rate_limit.per.checked_div(rate_limit.count).filter(|interval| !interval.is_zero())?;
    let burst = (rate_limit.count / BURST_SHARE).max(1);
    Some(Limiter { interval, lead: interval.saturating_mul(burst - 1), next: Mutex::default() })
}

impl Limiter {
    /// Waits for the turn of a request.
    pub(super) async fn wait(&self, key: &'static str) {
        if let Some(turn) = self.take(key, Instant::now()) {
            sleep_until(turn).await;
        }
    }

    /// Takes the next turn; `None` where it is now.
    fn take(&self, key: &'static str, now: Instant) -> Option<Instant> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next.entry(key).or_insert(now);
        let own = (*next).max(now);
        *next = own + self.interval;
        own.checked_sub(self.lead).filter(|turn| *turn > now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{RateLimit, limiter};

    /// How many go at once, and how long the next one waits.
    fn check(count: u32, per_ms: u64, burst: u32, interval_ms: u64) {
        let limiter = limiter(RateLimit { count, per: Duration::from_millis(per_ms) }).unwrap();
        let now = Instant::now();
        for _ in 0..burst {
            assert_eq!(limiter.take("", now), None);
        }
        assert_eq!(limiter.take("", now), Some(now + Duration::from_millis(interval_ms)));
        assert_eq!(limiter.take("", now), Some(now + Duration::from_millis(2 * interval_ms)));
        assert_eq!(limiter.take("another key", now), None);
        // After a pause the burst is as large as at first, and no larger.
        let later = now + Duration::from_millis(per_ms * 3);
        let at_once = (0..=count).take_while(|_| limiter.take("", later).is_none()).count();
        assert_eq!(u32::try_from(at_once), Ok(burst));
    }

    #[test]
    fn a_tenth_goes_at_once_and_the_next_waits_its_share() {
        check(1, 2_000, 1, 2_000);
        check(9, 9_000, 1, 1_000);
        check(100, 6_000_000, 10, 60_000);
    }

    #[test]
    fn a_pace_without_time_is_none() {
        assert!(limiter(RateLimit { count: 0, per: Duration::from_secs(1) }).is_none());
        assert!(limiter(RateLimit { count: 9, per: Duration::from_nanos(1) }).is_none());
    }
}
