//! How often a scope is looked at: the longer nothing changed there, the less often.
//!
//! The interval is a tenth of the time without a change, between two bounds. At the price of a fixed interval it shows a
//! change in less than half of the time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use crate::store::ScopeState;

/// Of the time without a change.
const SHARE: u32 = 10;
/// After each of its first passes a scope is looked at again at once: too little is known of it.
const FIRST_PASSES: u64 = 3;
/// Intervals are up to a tenth shorter, each scope's by its own share, so that not all are due at once.
const SPREAD: u64 = 100;

/// The shortest and the longest interval.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub min: Duration,
    pub max: Duration,
}

/// How long the success of that time keeps the scope from being due again. What failed, is new or is about to change is
/// looked at soon.
pub fn interval(state: &ScopeState, last_success_at: Timestamp, Bounds { min, max }: Bounds) -> Duration {
    let is_known = state.success_count > FIRST_PASSES && !state.is_unsettled;
    let Some(changed_at) = state.last_changed_at.filter(|_| is_known) else { return min };
    // A change after the last success is from a pass that did not end well.
    let quiet = Duration::try_from(last_success_at.duration_since(changed_at)).unwrap_or_default();
    let interval = (quiet / SHARE).clamp(min, max.max(min));
    let spread = u32::try_from(xxh3_64(state.scope.as_bytes()) % SPREAD).unwrap_or_default();
    interval.saturating_sub(interval / 1000 * spread).max(min)
}

/// When the scope is due again; `None` where it never was synced, or by a clock that was ahead.
pub fn due_at(state: &ScopeState, now: Timestamp, bounds: Bounds) -> Option<Timestamp> {
    let last = state.last_success_at.filter(|last| *last <= now)?;
    last.checked_add(SignedDuration::try_from(interval(state, last, bounds)).ok()?).ok()
}

/// Why it is not due yet, for people.
pub fn quiet_note(changed_at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(changed_at).as_mins().max(0);
    let quiet = Duration::from_secs(minutes.unsigned_abs() * 60);
    format!("nothing changed there for {}", humantime::format_duration(quiet))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::{Bounds, interval};
    use crate::store::ScopeState;
    use crate::upstreams::scope::INTERVAL_SLACK;

    const BOUNDS: Bounds = Bounds { min: Duration::ZERO, max: Duration::from_secs(6 * 3600) };

    /// Minutes of ten days.
    const TEN_DAYS: i64 = 10 * 24 * 60;

    fn minute(number: i64) -> Timestamp {
        "2026-01-01T00:17:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(number)
    }

    /// What became of ten days of hourly runs.
    #[derive(Default)]
    struct Simulated {
        passes: u32,
        /// Minutes from each change to the pass that saw it.
        delays: Vec<i64>,
        /// The intervals after each pass.
        intervals: Vec<Duration>,
        /// Runs that left the scope alone right after one that failed.
        skipped_after_failure: u32,
    }

    impl Simulated {
        fn mean_delay(&self) -> i64 {
            self.delays.iter().sum::<i64>() / i64::try_from(self.delays.len().max(1)).unwrap()
        }

        fn longest_delay(&self) -> i64 {
            self.delays.iter().copied().max().unwrap_or_default()
        }
    }

    fn saved(state: &mut ScopeState, at: Timestamp, is_changed: bool) {
        if is_changed || state.last_changed_at.is_none() {
            state.last_changed_at = Some(at);
        }
        *state = ScopeState {
            last_success_at: Some(at),
            success_count: state.success_count + 1,
            is_unsettled: false,
            ..state.clone()
        };
    }

    /// A region that changes in these minutes, and whose passes fail in the hours for which `fails` says so.
    fn simulate(scope: &str, changes: &[i64], fails: impl Fn(i64) -> bool) -> Simulated {
        let mut simulated = Simulated::default();
        let mut state = ScopeState { scope: scope.to_owned(), ..ScopeState::default() };
        let mut unseen: Vec<i64> = Vec::new();
        let mut has_failed = false;
        for run in (0..TEN_DAYS).step_by(60) {
            unseen.extend(changes.iter().filter(|at| (run - 60..run).contains(*at)));
            let held = state.last_success_at.map(|last| interval(&state, last, BOUNDS));
            let held = held.map(|held| SignedDuration::try_from(held.saturating_sub(held / INTERVAL_SLACK)).unwrap());
            if state.last_success_at.zip(held).is_some_and(|(last, held)| last + held > minute(run)) {
                simulated.skipped_after_failure += u32::from(has_failed);
                continue;
            }
            simulated.passes += 1;
            has_failed = fails(run / 60);
            if has_failed {
                state.is_unsettled = true;
                continue;
            }
            saved(&mut state, minute(run), !unseen.is_empty());
            simulated.intervals.push(interval(&state, minute(run), BOUNDS));
            simulated.delays.extend(unseen.drain(..).map(|at| run - at));
        }
        assert!(unseen.iter().all(|at| TEN_DAYS - at <= 7 * 60), "{unseen:?}");
        simulated
    }

    fn never(_: i64) -> bool {
        false
    }

    /// Every few minutes, from some time on.
    fn every(minutes: i64, from: i64) -> Vec<i64> {
        (from..TEN_DAYS).step_by(usize::try_from(minutes).unwrap()).collect()
    }

    #[test]
    fn ten_days_cost_less_where_nothing_changes_and_are_prompt_where_things_do() {
        // 240 runs, each of which would be a pass.
        let dead = simulate("ecs/prod/dead", &[], never);
        assert!((55..=90).contains(&dead.passes), "{}", dead.passes);
        assert!(dead.intervals.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", dead.intervals);
        assert!(dead.intervals.iter().all(|interval| *interval <= BOUNDS.max));

        let busy = simulate("ecs/prod/busy", &every(120, 31), never);
        assert!(busy.passes >= 235, "{}", busy.passes);
        assert!(busy.mean_delay() <= 31 && busy.longest_delay() <= 60, "{:?}", busy.delays);

        let daily = simulate("ecs/prod/daily", &every(24 * 60, 9 * 60 + 31), never);
        assert!((120..=190).contains(&daily.passes), "{}", daily.passes);
        assert!(daily.longest_delay() <= 3 * 60, "{:?}", daily.delays);

        let office: Vec<i64> = every(30, 0)
            .into_iter()
            .filter(|at| (9..18).contains(&(at / 60 % 24)) && !matches!(at / 1440 % 7, 5 | 6))
            .collect();
        let office = simulate("ecs/prod/office", &office, never);
        assert!((120..=210).contains(&office.passes), "{}", office.passes);
        // Each is seen after a tenth of a weekend and a run at most.
        assert!(office.mean_delay() <= 60 && office.longest_delay() <= 7 * 60, "{:?}", office.delays);

        // Quiet for a week: seen after no more than the bound and one run, and then looked at closely.
        let late = simulate("ecs/prod/late", &[170 * 60 + 1], never);
        assert!(late.longest_delay() <= 7 * 60, "{:?}", late.delays);
        assert_eq!(late.intervals.iter().filter(|interval| interval.is_zero()).count(), 4, "{:?}", late.intervals);
        assert!(late.passes > dead.passes, "{} and {}", late.passes, dead.passes);
    }

    #[test]
    fn thirty_regions_of_which_most_are_dead_cost_a_third_and_show_changes_in_an_hour() {
        let mut regions: Vec<Simulated> =
            (0..22).map(|number| simulate(&format!("ecs/prod/dead-{number}"), &[], never)).collect();
        let rare = |number: i64| simulate(&format!("ecs/prod/rare-{number}"), &every(5 * 24 * 60, 997 * number), never);
        regions.extend((1..=5).map(rare));
        regions.extend(
            [(24 * 60, "slow-1"), (36 * 60, "slow-2"), (90, "often")]
                .map(|(minutes, name)| simulate(&format!("ecs/prod/{name}"), &every(minutes, 47), never)),
        );
        let passes: u32 = regions.iter().map(|region| region.passes).sum();
        assert!(passes * 100 / (30 * 240) <= 35, "{passes} of {}", 30 * 240);
        let delays: Vec<i64> = regions.iter().flat_map(|region| region.delays.iter().copied()).collect();
        assert!(delays.iter().all(|delay| *delay <= 7 * 60), "{delays:?}");
        assert!(delays.iter().sum::<i64>() / i64::try_from(delays.len()).unwrap() <= 63, "{delays:?}");
    }

    #[test]
    fn a_region_is_not_left_alone_after_a_failure() {
        let failing = simulate("ecs/prod/failing", &[], |hour| (100..=104).contains(&(hour % 120)));
        let well = simulate("ecs/prod/failing", &[], never);
        assert!(failing.passes > well.passes, "{} and {}", failing.passes, well.passes);
        assert_eq!(failing.skipped_after_failure, 0);
    }

    #[test]
    fn what_is_new_unsettled_or_changed_after_its_last_success_is_looked_at_soon() {
        let mut state = ScopeState { scope: "ecs/prod/new".to_owned(), ..ScopeState::default() };
        for number in 0..100 {
            saved(&mut state, minute(60 * number), false);
            let found = interval(&state, minute(60 * number), BOUNDS);
            assert_eq!(found.is_zero(), number < 3, "{number}: {found:?}");
        }
        assert!(interval(&state, minute(99 * 60), BOUNDS) > Duration::from_secs(5 * 3600));
        let soon = |state: &ScopeState| interval(state, minute(99 * 60), BOUNDS).is_zero();
        assert!(soon(&ScopeState { is_unsettled: true, ..state.clone() }));
        assert!(soon(&ScopeState { last_changed_at: Some(minute(100 * 60)), ..state.clone() }));
        assert!(soon(&ScopeState { last_changed_at: None, ..state }));
    }

    #[test]
    fn intervals_grow_with_the_quiet_time_are_spread_and_stay_within_their_bounds() {
        let bounds = Bounds { min: Duration::from_secs(1800), max: Duration::from_secs(7200) };
        let state = |scope: &str| ScopeState {
            scope: scope.to_owned(),
            success_count: 9,
            last_changed_at: Some(minute(0)),
            ..ScopeState::default()
        };
        let after = |scope: &str, minutes| interval(&state(scope), minute(minutes), bounds);
        let grown: Vec<_> = (0..5000).step_by(7).map(|minutes| after("ecs/prod/1", minutes)).collect();
        assert!(grown.is_sorted() && grown.iter().all(|interval| (bounds.min..=bounds.max).contains(interval)));
        assert_eq!((grown[0], grown[50]), (bounds.min, after("ecs/prod/1", 350)));
        let spread: BTreeSet<_> = (0..20).map(|n| after(&format!("ecs/prod/{n}"), 5000)).collect();
        assert!(spread.len() > 10 && spread.iter().all(|interval| *interval >= bounds.max * 9 / 10), "{spread:?}");
        // Bounds in the wrong order, and times beyond all others, are no panic.
        let odd = Bounds { min: bounds.max, max: bounds.min };
        assert_eq!(interval(&state("x"), Timestamp::MAX, odd), bounds.max);
        assert_eq!(interval(&state("x"), Timestamp::MIN, odd), bounds.max);
    }
}
