//! Spreads requests over time.

use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::profile::RateLimit;

/// A tenth of a rate limit may go at once, so that a run of a few requests does not wait at all.
const BURST_SHARE: u32 = 10;

/// Limits the requests of each key separately.
pub(super) type Limiter = DefaultKeyedRateLimiter<&'static str>;

/// Lets one request of a key through per `per / count`, after a first burst of a tenth of them: whatever window the upstream
/// counts in, it sees at most eleven tenths of the rate limit. `None` if that is no time at all.
pub(super) fn limiter(rate_limit: RateLimit) -> Option<Limiter> {
    let interval = rate_limit.per.checked_div(rate_limit.count)?;
    let burst = NonZeroU32::new(rate_limit.count / BURST_SHARE).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(interval).map(|quota| RateLimiter::keyed(quota.allow_burst(burst)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{RateLimit, limiter};

    /// How many go at once, and how long the next one waits.
    fn check(count: u32, per_ms: u64, burst: u32, interval_ms: u64) {
        let limiter = limiter(RateLimit { count, per: Duration::from_millis(per_ms) }).unwrap();
        for _ in 0..burst {
            limiter.check_key(&"").unwrap();
        }
        let wait = limiter.check_key(&"").unwrap_err().wait_time_from(Instant::now());
        assert_eq!(u64::try_from(wait.as_millis().div_ceil(1000) * 1000).unwrap(), interval_ms);
        limiter.check_key(&"another key").unwrap();
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
    }
}
