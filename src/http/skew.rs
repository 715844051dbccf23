//! How far our clock is from that of the upstreams, as their responses show.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A signature whose time differs by more than this is refused by most upstreams.
pub(super) const TOLERATED_SKEW: Duration = Duration::from_secs(5 * 60);

/// The largest difference a run has seen. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Skew(Arc<Mutex<Option<Seen>>>);

/// One difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whose clock it was.
    pub upstream: &'static str,
    /// How far ours is ahead; negative where it is behind.
    pub ahead: SignedDuration,
}

impl Skew {
    /// The largest difference so far; `None` before the first answer with a date.
    pub fn largest(&self) -> Option<Seen> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a response's `Date`. A response that has aged in a cache is no clock.
    pub(super) fn note(&self, upstream: &'static str, date: Option<&str>, is_cached: bool, now: Timestamp) {
        let Some(ahead) = clock_ahead(date.filter(|_| !is_cached), now) else { return };
        let mut largest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if largest.is_none_or(|seen| seen.ahead.abs() < ahead.abs()) {
            *largest = Some(Seen { upstream, ahead });
        }
    }
}

/// How far our clock is ahead of a response's `Date` (RFC 9110, 6.6.1), which has whole seconds: a difference of less than
/// that is none.
pub fn clock_ahead(date: Option<&str>, now: Timestamp) -> Option<SignedDuration> {
    let date = httpdate::parse_http_date(date?).ok()?;
    let ahead = now.duration_since(Timestamp::try_from(date).ok()?);
    Some(if (0..1).contains(&ahead.as_secs()) { SignedDuration::ZERO } else { ahead })
}

/// What to do where a request was refused and the clocks differ that much.
pub(super) fn skew_hint(upstream: &str, ahead: SignedDuration) -> String {
    let span = SignedDuration::from_secs(ahead.as_secs().saturating_abs());
    let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
    format!("this machine's clock is {span:#} {direction} the clock of {upstream}: set it right, then run again")
}

#[cfg(test)]
mod tests {
    use super::{Seen, Skew};

    #[test]
    fn the_largest_difference_is_kept_and_caches_are_no_clock() {
        let skew = Skew::default();
        let now = "2026-01-02T03:04:05.9Z".parse().unwrap();
        let check = |date, is_cached, expected: Option<(&'static str, i64)>| {
            skew.note("fairing", date, is_cached, now);
            let seen = skew.largest().map(|Seen { upstream, ahead }| (upstream, ahead.as_secs()));
            assert_eq!(seen, expected, "{date:?}");
        };
        check(None, false, None);
        check(Some("yesterday"), false, None);
        check(Some("Fri, 02 Jan 2026 02:04:05 GMT"), true, None);
        check(Some("Fri, 02 Jan 2026 03:04:05 GMT"), false, Some(("fairing", 0)));
        check(Some("Fri, 02 Jan 2026 03:05:05 GMT"), false, Some(("fairing", -59)));
        check(Some("Fri, 02 Jan 2026 03:04:01 GMT"), false, Some(("fairing", -59)));
        check(Some("Fri, 02 Jan 2026 03:02:05 GMT"), false, Some(("fairing", 120)));
    }
}
