//! The sums of runs: how one run is added to them, and what they say together.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use strum::{EnumString, IntoStaticStr};

use crate::store::records::types::{Status, Summary};

/// What is summed, each by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Sum {
    /// Runs by the name of their exit.
    Runs,
    /// Runs by the status of their record.
    Statuses,
    /// Runs by how long they took: the label is the upper end of a bucket, in milliseconds.
    Durations,
    /// Milliseconds of these runs.
    DurationMs,
    /// Rows by what became of them.
    Rows,
    /// Decisions of matching.
    Matches,
    Requests,
    Retries,
    /// Answers that there were too many requests.
    Throttles,
    /// Requests of scopes that were left alone because nothing had changed there for long.
    RequestsSaved,
    /// Problems by their class.
    Problems,
}

impl Sum {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// One row of `sync_days`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRow {
    pub day: Date,
    pub sync: String,
    pub sync_type: String,
    pub sum: Sum,
    pub label: String,
    pub value: u64,
}

/// A run that has ended, or several that a record is about.
pub struct Finished<'a> {
    pub status: &'a str,
    pub exit: &'a str,
    pub duration_ms: Option<u64>,
    pub summary: &'a Summary,
    pub classes: Vec<&'a str>,
    pub request_count: u64,
    pub retry_count: u64,
    pub throttle_count: u64,
    pub requests_saved: u64,
    pub run_count: u64,
    /// It had nothing to do: how long that took says nothing.
    pub is_idle: bool,
}

impl Finished<'_> {
    /// What it adds; nothing is zero.
    pub fn sums(&self) -> Vec<(Sum, String, u64)> {
        let mut sums = vec![
            (Sum::Runs, self.exit, self.run_count),
            (Sum::Statuses, self.status, self.run_count),
            (Sum::Requests, "", self.request_count),
            (Sum::Retries, "", self.retry_count),
            (Sum::Throttles, "", self.throttle_count),
            (Sum::RequestsSaved, "", self.requests_saved),
        ];
        let Summary { matched, pending, idle, .. } = *self.summary;
        sums.extend(self.summary.changes().map(|(change, count)| (Sum::Rows, change, count)));
        sums.extend(
            [("matched", matched), ("pending", pending), ("idle", idle)]
                .map(|(state, count)| (Sum::Matches, state, count)),
        );
        sums.extend(self.classes.iter().map(|class| (Sum::Problems, *class, 1)));
        let mut sums: Vec<_> = sums.into_iter().map(|(sum, label, value)| (sum, label.to_owned(), value)).collect();
        let is_done = [Status::Success.name(), Status::Partial.name()].contains(&self.status) && !self.is_idle;
        if let Some(span) = self.duration_ms.filter(|_| is_done) {
            sums.push((Sum::Durations, bucket_of(span).1.to_string(), 1));
            sums.push((Sum::DurationMs, String::new(), span));
        }
        sums.retain(|(.., value)| *value > 0);
        sums
    }
}

/// The bucket of a duration, in milliseconds: what is above its first end and up to its second one. Up to 20 ms each
/// millisecond has its own; above, a bucket is a tenth of its end wide, so that its middle is off by a twentieth at most.
pub(super) fn bucket_of(span: u64) -> (u64, u64) {
    let (mut below, mut end) = (0, 1_u64);
    while end < span {
        below = end;
        end = end.saturating_add((end / 10).max(1));
    }
    (below, end)
}

/// Sums of any number of days and types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    sums: BTreeMap<(Sum, String), u64>,
}

impl Totals {
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a DayRow>) -> Self {
        let mut totals = Self::default();
        for row in rows {
            *totals.sums.entry((row.sum, row.label.clone())).or_insert(0) += row.value;
        }
        totals
    }

    /// One sum.
    pub fn count(&self, sum: Sum, label: &str) -> u64 {
        self.sums.get(&(sum, label.to_owned())).copied().unwrap_or_default()
    }

    /// All labels of a sum with their values.
    pub fn labels(&self, sum: Sum) -> impl Iterator<Item = (&str, u64)> {
        self.sums.iter().filter(move |((of, _), _)| *of == sum).map(|((_, label), value)| (label.as_str(), *value))
    }

    pub fn total(&self, sum: Sum) -> u64 {
        self.labels(sum).map(|(_, value)| value).sum()
    }

    /// Runs with a result; skipped ones have none.
    pub fn run_count(&self) -> u64 {
        self.total(Sum::Statuses) - self.count(Sum::Statuses, Status::Skipped.name())
    }

    pub fn success_count(&self) -> u64 {
        self.count(Sum::Statuses, Status::Success.name())
    }

    pub fn success_rate(&self) -> Option<f64> {
        rate(self.success_count(), self.run_count())
    }

    pub fn match_rate(&self) -> Option<f64> {
        let [matched, pending] = ["matched", "pending"].map(|state| self.count(Sum::Matches, state));
        rate(matched, matched + pending)
    }

    /// Of the runs that did something and got to their end, as [`duration_at`](Self::duration_at) is.
    pub fn mean_duration(&self) -> Option<Duration> {
        let mean = self.count(Sum::DurationMs, "").checked_div(self.total(Sum::Durations))?;
        Some(Duration::from_millis(mean))
    }

    /// The duration that this share of the runs did not exceed, up to a twentieth of it.
    pub fn duration_at(&self, share: f64) -> Option<Duration> {
        let mut buckets: Vec<(u64, u64)> =
            self.labels(Sum::Durations).filter_map(|(end, count)| Some((end.parse().ok()?, count))).collect();
        buckets.sort_unstable();
        let wanted = rank(buckets.iter().map(|(_, count)| count).sum(), share);
        let mut before = 0;
        let (end, _) = buckets.into_iter().find(|(_, count)| {
            before += count;
            before >= wanted
        })?;
        let (below, end) = bucket_of(end);
        Some(Duration::from_millis((below + 1).midpoint(end)))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of runs and rows are far below 2^52")]
pub fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The place, from 1, of the value at that share of them: the nearest rank.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of runs are far below 2^52, and never negative"
)]
fn rank(count: u64, share: f64) -> u64 {
    ((count as f64 * share).ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::{DayRow, Sum, Totals, bucket_of};

    fn durations(spans: &[u64]) -> Totals {
        let row = |span: &u64| DayRow {
            day: date(2026, 1, 2),
            sync: "tasks".to_owned(),
            sync_type: "today".to_owned(),
            sum: Sum::Durations,
            label: bucket_of(*span).1.to_string(),
            value: 1,
        };
        Totals::of(&spans.iter().map(row).collect::<Vec<_>>())
    }

    #[test]
    fn short_durations_are_kept_exactly() {
        for span in 1..=20 {
            assert_eq!(durations(&[span]).duration_at(0.5), Some(Duration::from_millis(span)));
        }
        assert_eq!(durations(&[]).duration_at(0.5), None);
        assert_eq!(durations(&[3, 5, 9, 11]).duration_at(0.5), Some(Duration::from_millis(5)));
        assert_eq!(durations(&[3, 5, 9, 11]).duration_at(0.95), Some(Duration::from_millis(11)));
    }

    proptest! {
        #[test]
        fn a_quantile_is_off_by_a_twentieth_at_most(
            mut spans in prop::collection::vec(1_u32..100_000_000, 1..200),
            share in 0.01_f64..1.0,
        ) {
            let found = durations(&spans.iter().copied().map(u64::from).collect::<Vec<_>>()).duration_at(share).unwrap();
            spans.sort_unstable();
            let rank = super::rank(spans.len() as u64, share);
            let exact = f64::from(spans[usize::try_from(rank).unwrap() - 1]);
            let found = found.as_secs_f64() * 1000.0;
            prop_assert!((found - exact).abs() <= exact / 20.0 + 0.5, "{found} for {exact}");
        }
    }
}
