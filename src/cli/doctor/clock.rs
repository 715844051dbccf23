//! Whether the clock is right, by what others say.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::finding::{Check, Finding};
use crate::http::Seen;

/// Upstreams that check signatures allow some minutes; a clock that is kept right is off by far less than this.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

const HINT: &str = "let the system keep it right: `timedatectl set-ntp true`";

/// Compares with the upstreams' clocks; where none sent its time, with the newest record, which cannot be of a later
/// time than now.
pub fn check_clock(seen: Option<Seen>, newest: Option<Timestamp>, now: Timestamp) -> Finding {
    if let Some(Seen { upstream, ahead }) = seen {
        if ahead.abs() <= TOLERANCE {
            return Finding::ok(Check::Clock, "in step with the upstreams");
        }
        let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
        return Finding::warning(Check::Clock, format!("{} {direction} {upstream}", whole(ahead)), HINT);
    }
    match newest.map(|newest| newest.duration_since(now)).filter(|ahead| *ahead > TOLERANCE) {
        Some(ahead) => {
            Finding::warning(Check::Clock, format!("the newest record is {} ahead of it", whole(ahead)), HINT)
        }
        None => Finding::ok(Check::Clock, "no upstream sent its time"),
    }
}

fn whole(span: SignedDuration) -> String {
    let seconds = span.unsigned_abs().as_secs();
    match seconds / 86_400 {
        0 => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
        days => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::check_clock;
    use crate::cli::doctor::finding::State;
    use crate::http::Seen;

    fn check(ahead: Option<i64>, newest_ahead: Option<i64>, state: State, words: &str) {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let seen = ahead.map(|seconds| Seen { upstream: "ecs", ahead: SignedDuration::from_secs(seconds) });
        let newest = newest_ahead.map(|seconds| now + SignedDuration::from_secs(seconds));
        let finding = check_clock(seen, newest, now);
        assert_eq!((finding.state, finding.found.as_str()), (state, words));
    }

    #[test]
    fn a_clock_is_judged_by_the_upstreams_or_by_the_past() {
        check(Some(30), None, State::Ok, "in step with the upstreams");
        check(Some(-30), Some(9999), State::Ok, "in step with the upstreams");
        check(Some(61), None, State::Warning, "1m 1s ahead of ecs");
        check(Some(90_061), None, State::Warning, "1d ahead of ecs");
        check(Some(-3600), None, State::Warning, "1h behind ecs");
        check(None, None, State::Ok, "no upstream sent its time");
        check(None, Some(-60), State::Ok, "no upstream sent its time");
        check(None, Some(7200), State::Warning, "the newest record is 2h ahead of it");
    }
}
