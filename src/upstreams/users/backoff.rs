//! When a delivery that failed is tried again: a time in a column, never a wait inside a pass.

use std::time::Duration;

/// How waits between attempts grow.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// After the first attempt; doubled after each further one.
    pub first: Duration,
    /// No wait is longer.
    pub cap: Duration,
}

impl Backoff {
    /// The wait after that many attempts: between half and all of what the doubling gives (`jitter` from 0 to 1 says
    /// where), so that what failed together is not tried again together; at least the target's `Retry-After`.
    pub fn wait(self, attempts: u32, retry_after: Option<Duration>, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(self.cap);
        let wait = doubled.mul_f64(f64::midpoint(1.0, jitter.clamp(0.0, 1.0)));
        wait.max(retry_after.unwrap_or_default()).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    const BACKOFF: Backoff = Backoff { first: Duration::from_secs(5), cap: Duration::from_secs(3600) };

    fn check(attempts: u32, retry_after: Option<u64>, jitter: f64, expected_ms: u64) {
        let wait = BACKOFF.wait(attempts, retry_after.map(Duration::from_secs), jitter);
        assert_eq!(wait, Duration::from_millis(expected_ms), "{attempts} {retry_after:?} {jitter}");
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        check(1, None, 1.0, 5_000);
        check(2, None, 1.0, 10_000);
        check(5, None, 1.0, 80_000);
        check(10, None, 1.0, 2_560_000);
        check(11, None, 1.0, 3_600_000);
        check(u32::MAX, None, 1.0, 3_600_000);
        check(0, None, 1.0, 5_000);
    }

    #[test]
    fn jitter_takes_away_no_more_than_half() {
        check(1, None, 0.0, 2_500);
        check(3, None, 0.5, 15_000);
        check(20, None, 0.0, 1_800_000);
    }

    #[test]
    fn retry_after_is_honoured_up_to_the_cap() {
        check(1, Some(120), 1.0, 120_000);
        check(3, Some(1), 1.0, 20_000);
        check(1, Some(86_400), 0.3, 3_600_000);
    }
}
