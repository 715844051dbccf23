//! Where the next pass resumes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::days::Days;
use crate::store::ScopeState;

/// The feed of changes goes back no further than this.
const FEED_DAYS: i32 = 13;
/// How long a film that was looked for by its `IMDb` id is not looked for again.
const FIND_PAUSE_DAYS: i32 = 7;

/// The shape of the scope's `cursor`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// All changes before this day were seen.
    pub changes_from: Option<Date>,
    pub last_full_at: Option<Timestamp>,
    /// Films that have changed and whose details did not come yet.
    pub due: BTreeSet<String>,
    /// When films of other sources were last looked for, by their `IMDb` ids.
    pub looked_for: BTreeMap<String, Date>,
}

impl Cursor {
    /// What the last pass left. A cursor of another shape is no cursor: listing everything is always right.
    pub fn load(state: &ScopeState) -> Self {
        state.cursor.clone().and_then(|cursor| serde_json::from_value(cursor).ok()).unwrap_or_default()
    }

    /// Whether everything is to be listed. An instant in the future is from a clock that was ahead.
    pub fn is_full_due(&self, config: &Config, now: Timestamp) -> bool {
        let every = SignedDuration::try_from(config.full_every.0).unwrap_or(SignedDuration::MAX);
        self.last_full_at.is_none_or(|at| at > now || now.duration_since(at) >= every)
    }

    /// The days whose changes are to be read, and whether the feed reaches back to where the last pass ended; `None`
    /// before the first pass, when nothing is stored that could have changed.
    pub fn feed(&self, today: Date) -> Option<(Days, bool)> {
        let from = self.changes_from?;
        let first = today.saturating_sub(FEED_DAYS.days());
        // A day in the future is from a clock that was ahead: what happened meanwhile is unknown.
        let is_reached = (first..=today).contains(&from);
        Some((Days { from: if is_reached { from } else { first }, to: today }, is_reached))
    }

    /// Drops the films that may be looked for again.
    pub fn forget_looked_for(&mut self, today: Date) {
        let oldest = today.saturating_sub(FIND_PAUSE_DAYS.days());
        self.looked_for.retain(|_, day| (oldest..=today).contains(day));
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::{Config, Cursor, Days};

    const TODAY: Date = date(2026, 1, 20);

    fn check_feed(from: Option<Date>, expected: Option<(Date, bool)>) {
        let feed = Cursor { changes_from: from, ..Cursor::default() }.feed(TODAY);
        assert_eq!(feed, expected.map(|(from, is_reached)| (Days { from, to: TODAY }, is_reached)));
    }

    #[test]
    fn the_feed_is_read_from_the_last_pass_on_and_no_further_back_than_it_goes() {
        check_feed(None, None);
        check_feed(Some(TODAY), Some((TODAY, true)));
        check_feed(Some(date(2026, 1, 7)), Some((date(2026, 1, 7), true)));
        check_feed(Some(date(2026, 1, 6)), Some((date(2026, 1, 7), false)));
        check_feed(Some(date(2099, 1, 1)), Some((date(2026, 1, 7), false)));
    }

    #[test]
    fn a_full_pass_is_due_after_a_day_or_a_clock_that_was_ahead() {
        let now = "2026-01-20T12:00:00Z".parse().unwrap();
        for (last, expected) in [
            (None, true),
            (Some("2026-01-19T12:00:00Z"), true),
            (Some("2026-01-19T12:00:01Z"), false),
            (Some("2026-01-20T12:00:01Z"), true),
        ] {
            let cursor = Cursor { last_full_at: last.map(|at| at.parse().unwrap()), ..Cursor::default() };
            assert_eq!(cursor.is_full_due(&Config::default(), now), expected, "{last:?}");
        }
    }

    #[test]
    fn a_film_that_was_looked_for_is_looked_for_again_after_a_week() {
        let days = [date(2026, 1, 12), date(2026, 1, 13), TODAY, date(2099, 1, 1)];
        let looked_for = days.iter().enumerate().map(|(number, day)| (format!("tt{number}"), *day)).collect();
        let mut cursor = Cursor { looked_for, ..Cursor::default() };
        cursor.forget_looked_for(TODAY);
        assert_eq!(cursor.looked_for.keys().collect::<Vec<_>>(), ["tt1", "tt2"]);
    }
}
