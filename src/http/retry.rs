//! When to try again, and after how long.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// No run waits longer than this for an upstream that says when to come back: it ends, and a later one resumes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What an error says about another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Another try changes nothing.
    Never,
    /// Try again after a backoff.
    Backoff,
    /// The upstream said how long to wait.
    After(Duration),
    /// Nothing failed, there were too many requests: wait as long as it said, or back off, and try for longer than after
    /// a failure.
    Throttled(Option<Duration>),
}

/// An error of an attempt that may ask for another one. Upstreams whose answers carry their own error codes implement
/// it for their own errors.
pub trait Retryable {
    fn retry(&self) -> Retry;
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    GiveUp,
    /// The upstream requested this wait, which the run cannot make.
    TooFar(Duration),
    Wait(Duration),
}

/// `pause` is the backoff's next wait, if there is a retry left; `remaining` the time left of the run.
pub(super) fn plan_next(decision: Retry, pause: Option<Duration>, remaining: Option<Duration>) -> Next {
    let remaining = remaining.unwrap_or(Duration::MAX);
    let requested_wait = match decision {
        Retry::Never => return Next::GiveUp,
        Retry::Backoff | Retry::Throttled(None) => Duration::ZERO,
        Retry::After(wait) | Retry::Throttled(Some(wait)) => wait,
    };
    if requested_wait > LONGEST_PAUSE || (requested_wait > Duration::ZERO && requested_wait >= remaining) {
        return Next::TooFar(requested_wait);
    }
    match pause {
        // "Now" from many servers at once is no reason to come back without any pause.
        Some(pause) if pause.max(requested_wait) < remaining => Next::Wait(pause.max(requested_wait)),
        _ => Next::GiveUp,
    }
}

/// That much later than `now`, as far as time goes.
pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST_PAUSE, Next, Retry, plan_next};

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn check(decision: Retry, pause: Option<u64>, remaining: Option<u64>, expected: Next) {
        assert_eq!(plan_next(decision, pause.map(seconds), remaining.map(seconds)), expected);
    }

    #[test]
    fn an_error_that_asks_for_nothing_is_given_up() {
        check(Retry::Never, Some(1), None, Next::GiveUp);
    }

    #[test]
    fn a_backoff_is_waited_for_while_retries_and_time_last() {
        check(Retry::Backoff, Some(2), None, Next::Wait(seconds(2)));
        check(Retry::Backoff, Some(2), Some(3), Next::Wait(seconds(2)));
        check(Retry::Backoff, Some(2), Some(2), Next::GiveUp);
        check(Retry::Backoff, None, None, Next::GiveUp);
    }

    #[test]
    fn the_upstreams_wish_is_honoured_and_never_shortens_the_backoff() {
        check(Retry::After(seconds(7)), Some(2), None, Next::Wait(seconds(7)));
        check(Retry::After(seconds(0)), Some(2), None, Next::Wait(seconds(2)));
        check(Retry::After(seconds(7)), None, None, Next::GiveUp);
        check(Retry::After(LONGEST_PAUSE), Some(2), None, Next::Wait(LONGEST_PAUSE));
    }

    #[test]
    fn a_wish_beyond_the_run_ends_it_retries_left_or_not() {
        check(Retry::After(seconds(301)), Some(2), None, Next::TooFar(seconds(301)));
        check(Retry::After(seconds(60)), Some(2), Some(60), Next::TooFar(seconds(60)));
        check(Retry::After(seconds(3600)), None, None, Next::TooFar(seconds(3600)));
    }

    #[test]
    fn a_throttled_request_waits_like_any_other() {
        check(Retry::Throttled(None), Some(2), None, Next::Wait(seconds(2)));
        check(Retry::Throttled(Some(seconds(7))), Some(2), None, Next::Wait(seconds(7)));
        check(Retry::Throttled(Some(seconds(301))), Some(2), None, Next::TooFar(seconds(301)));
        check(Retry::Throttled(None), Some(2), Some(2), Next::GiveUp);
        check(Retry::Throttled(None), None, None, Next::GiveUp);
    }
}
