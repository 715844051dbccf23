//! Spreads requests over time.

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::profile::Pace;

/// Lets one request through per `per / count`. `None` if that is no time at all.
///
/// The quota has no burst: upstreams count in windows that we cannot see, and a burst at the seam of two of theirs is
/// what they answer with 429.
pub(super) fn limiter(pace: Pace) -> Option<DefaultDirectRateLimiter> {
    let interval = pace.per.checked_div(pace.count)?;
    Quota::with_period(interval).map(RateLimiter::direct)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Pace, limiter};

    fn check(count: u32, per_ms: u64, interval_ms: Option<u64>) {
        let limiter = limiter(Pace { count, per: Duration::from_millis(per_ms) });
        let interval = limiter.map(|limiter| {
            limiter.check().unwrap();
            let wait = limiter.check().unwrap_err().wait_time_from(Instant::now());
            u64::try_from(wait.as_millis().div_ceil(1000) * 1000).unwrap()
        });
        assert_eq!(interval, interval_ms);
    }

    #[test]
    fn the_first_goes_at_once_and_the_second_waits_its_share() {
        check(1, 2_000, Some(2_000));
        check(100, 6_000_000, Some(60_000));
    }

    #[test]
    fn a_pace_without_time_is_none() {
        check(0, 1_000, None);
        check(5, 0, None);
    }
}
