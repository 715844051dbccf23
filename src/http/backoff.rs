//! How long to wait before another try, and how many a client may make in all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::profile::{Jitter, Profile};

/// Retries that are always allowed, so that a run of few requests can get over a bad minute.
const FREE_RETRIES: u64 = 4;

/// Beyond these, one retry for this number of first tries: an upstream that fails every request gets few more of them
/// than a healthy one.
const REQUESTS_PER_RETRY: u64 = 10;

/// Further tries of a throttled request. With the default pauses they last five minutes on average: a throttle may hold
/// until the next minute, and other users of the account keep their share of it.
pub(super) const THROTTLED_RETRIES: u32 = 15;

/// The waits of one piece of work: as many as it may be retried, doubled each time up to the cap.
pub(super) struct Backoff {
    next: Duration,
    cap: Duration,
    left: u32,
    jitter: Jitter,
}

impl Backoff {
    pub(super) fn new(profile: &Profile) -> Self {
        Self::of(profile, profile.retries)
    }

    /// The waits of a request that is throttled: nothing is wrong with it, and its turn comes.
    pub(super) fn patient(profile: &Profile) -> Self {
        Self::of(profile, profile.retries.max(THROTTLED_RETRIES))
    }

    fn of(profile: &Profile, retries: u32) -> Self {
        let cap = profile.backoff_cap;
        Self { next: profile.backoff.min(cap), cap, left: retries, jitter: profile.jitter }
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(self.cap);
        Some(match self.jitter {
            Jitter::Full => wait.mul_f64(fastrand::f64()),
            Jitter::None => wait,
        })
    }
}

/// What a client's clones may spend on retries together: [`FREE_RETRIES`], and a tenth of the first tries.
#[derive(Debug, Default)]
pub(super) struct Budget {
    sent: AtomicU64,
    retries: AtomicU64,
}

impl Budget {
    /// Counts a request, a retry or not.
    pub(super) fn count_request(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one retry, if there is one left.
    pub(super) fn take(&self) -> bool {
        let sent = self.sent.load(Ordering::Relaxed);
        let affordable = |taken: u64| {
            let first_tries = sent.saturating_sub(taken);
            (taken < FREE_RETRIES + first_tries / REQUESTS_PER_RETRY).then_some(taken + 1)
        };
        self.retries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, affordable).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, Budget};
    use crate::http::Jitter;
    use crate::http::profile::tests::profile;

    #[test]
    fn waits_double_up_to_the_cap_and_end_with_the_retries() {
        let mut profile = profile();
        profile.retries = 6;
        profile.backoff = Duration::from_secs(2);
        profile.backoff_cap = Duration::from_secs(10);
        let mut longest = [Duration::ZERO; 6];
        for _ in 0..2_000 {
            let waits: Vec<_> = Backoff::new(&profile).collect();
            assert_eq!(waits.len(), 6);
            for (longest, wait) in longest.iter_mut().zip(waits) {
                *longest = wait.max(*longest);
            }
        }
        for (longest, ceiling) in longest.iter().zip([2.0, 4.0, 8.0, 10.0, 10.0, 10.0]) {
            let longest = longest.as_secs_f64();
            assert!(longest <= ceiling && longest > ceiling * 0.9, "{longest} of {ceiling}");
        }
    }

    #[test]
    fn without_jitter_every_wait_is_whole() {
        let mut profile = profile();
        profile.jitter = Jitter::None;
        profile.retries = 5;
        profile.backoff_cap = Duration::from_secs(20);
        let waits: Vec<_> = Backoff::new(&profile).map(|wait| wait.as_secs_f64()).collect();
        assert_eq!(waits, [2.0, 4.0, 8.0, 16.0, 20.0]);
    }

    fn check(first_tries: u64, expected_retries: u64) {
        let budget = Budget::default();
        let mut retries = 0;
        for _ in 0..first_tries {
            budget.count_request();
            while budget.take() {
                retries += 1;
                budget.count_request();
            }
        }
        assert_eq!(retries, expected_retries);
    }

    #[test]
    fn a_budget_is_four_and_a_tenth_of_the_first_tries() {
        check(1, 4);
        check(9, 4);
        check(10, 5);
        check(1_000, 104);
    }
}
