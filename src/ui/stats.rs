//! How the runs of each sync fared over time.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Answer;
use super::labels;
use super::records::sync_name;
use super::tables::render_table;
use crate::present::style::Style;
use crate::present::table::{Table, TableColumn};
use crate::store::Status;
use crate::store::records::Record;

/// So many of the newest runs make the trend.
const TREND_LENGTH: usize = 20;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The answer of `records stats`.
#[derive(Debug)]
pub struct StatsAnswer {
    pub since: Timestamp,
    pub stats: Vec<Stats>,
}

/// The runs of one sync type, counted. Running and skipped ones say nothing and are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    sync: String,
    sync_type: String,
    run_count: u64,
    success_count: u64,
    matched_count: u64,
    pending_count: u64,
    /// Of successful and partial runs, the oldest first.
    durations: Vec<Duration>,
}

impl Stats {
    /// One per sync type, by name.
    pub fn of(records: &[Record]) -> Vec<Self> {
        let mut kinds: BTreeMap<(&str, &str), Vec<&Record>> = BTreeMap::new();
        for record in records {
            let is_counted = match record.status {
                Status::Running | Status::Skipped => false,
                Status::Success | Status::Partial | Status::Failed | Status::Cancelled | Status::Interrupted => true,
            };
            if is_counted {
                kinds.entry((&record.sync, &record.sync_type)).or_default().push(record);
            }
        }
        kinds.into_iter().map(|((sync, sync_type), records)| Self::of_kind(sync, sync_type, records)).collect()
    }

    fn of_kind(sync: &str, sync_type: &str, mut records: Vec<&Record>) -> Self {
        records.sort_by_key(|record| record.start_time);
        let finished = records.iter().filter(|record| matches!(record.status, Status::Success | Status::Partial));
        let durations = finished.filter_map(|record| u64::try_from(record.duration_ms?).ok());
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Self {
            sync: sync.to_owned(),
            sync_type: sync_type.to_owned(),
            run_count: count(records.len()),
            success_count: count(records.iter().filter(|record| record.status == Status::Success).count()),
            matched_count: records.iter().map(|record| record.summary.matched).sum(),
            pending_count: records.iter().map(|record| record.summary.pending).sum(),
            durations: durations.map(Duration::from_millis).collect(),
        }
    }

    fn success_rate(&self) -> Option<f64> {
        rate(self.success_count, self.run_count)
    }

    fn match_rate(&self) -> Option<f64> {
        rate(self.matched_count, self.matched_count + self.pending_count)
    }

    fn mean_duration(&self) -> Option<Duration> {
        let total: Duration = self.durations.iter().sum();
        total.checked_div(u32::try_from(self.durations.len()).ok()?)
    }

    fn trend(&self) -> &[Duration] {
        &self.durations[self.durations.len().saturating_sub(TREND_LENGTH)..]
    }
}

impl Answer for StatsAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.stats.is_empty() {
            return format!("{}\n", style.label(labels::NO_RECORDS));
        }
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::SYNC)),
            TableColumn::number(style.label(labels::RUNS)),
            TableColumn::number(style.label(labels::SUCCESS_RATE)),
            TableColumn::number(style.label(labels::MATCH_RATE)).hidden_when_blank(),
            TableColumn::number(style.label(labels::MEAN)),
            TableColumn::text(style.label(labels::TREND)),
        ]);
        for stats in &self.stats {
            table.push(vec![
                sync_name(&stats.sync, &stats.sync_type).into(),
                stats.run_count.to_string().into(),
                stats.success_rate().map(percent).unwrap_or_default().into(),
                stats.match_rate().map(percent).unwrap_or_default().into(),
                stats.mean_duration().map(|mean| style.span(mean)).unwrap_or_default().into(),
                render_sparkline(stats.trend()).into(),
            ]);
        }
        render_table(table, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        StatsDocument {
            schema: "tongbu.stats/1",
            since: style.rfc3339(self.since),
            stats: self.stats.iter().map(StatsPart::new).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct StatsDocument<'a> {
    schema: &'static str,
    since: String,
    stats: Vec<StatsPart<'a>>,
}

#[derive(Debug, Serialize)]
struct StatsPart<'a> {
    sync: &'a str,
    sync_type: &'a str,
    runs: u64,
    succeeded: u64,
    success_rate: Option<f64>,
    match_rate: Option<f64>,
    mean_duration_ms: Option<u64>,
    /// The newest, the oldest first.
    durations_ms: Vec<u64>,
}

impl<'a> StatsPart<'a> {
    fn new(stats: &'a Stats) -> Self {
        let millis = |span: &Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            sync: &stats.sync,
            sync_type: &stats.sync_type,
            runs: stats.run_count,
            succeeded: stats.success_count,
            success_rate: stats.success_rate(),
            match_rate: stats.match_rate(),
            mean_duration_ms: stats.mean_duration().as_ref().map(millis),
            durations_ms: stats.trend().iter().map(millis).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of runs and rows are far below 2^52")]
fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn percent(rate: f64) -> String {
    format!("{:.1}%", rate * 100.0)
}

/// One mark per duration, its height the share of the longest.
fn render_sparkline(durations: &[Duration]) -> String {
    let longest = durations.iter().max().map_or(0, Duration::as_millis).max(1);
    let top = SPARKS.len() - 1;
    let mark = |span: &Duration| {
        let height = span.as_millis() * u128::from(u8::try_from(top).unwrap_or_default()) / longest;
        SPARKS[usize::try_from(height).unwrap_or(top).min(top)]
    };
    durations.iter().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::{Stats, StatsAnswer, render_sparkline};
    use crate::language::Language;
    use crate::store::Status;
    use crate::ui::Answer;
    use crate::ui::samples::{record, style};

    fn check(millis: &[u64], expected: &str) {
        let durations: Vec<_> = millis.iter().copied().map(Duration::from_millis).collect();
        assert_eq!(render_sparkline(&durations), expected);
    }

    #[test]
    fn a_sparkline_rises_to_the_longest() {
        check(&[], "");
        check(&[0], "▁");
        check(&[5], "█");
        check(&[0, 50, 100], "▁▄█");
    }

    #[test]
    fn skipped_and_running_runs_do_not_count_and_a_partial_one_is_no_success() {
        let of = |id, status| record(id, "douban", "douban", status);
        let records = [
            of(1, Status::Success),
            of(2, Status::Partial),
            of(3, Status::Failed),
            of(4, Status::Success),
            of(5, Status::Skipped),
            of(6, Status::Running),
        ];
        let stats = Stats::of(&records);
        assert_eq!((stats.len(), stats[0].run_count, stats[0].success_count), (1, 4, 2));
        assert_eq!(stats[0].durations.len(), 3);
        let answer = StatsAnswer { since: records[0].start_time, stats };
        let rendered = [Language::En, Language::Zh].map(|language| answer.render_text(&style(language, Some(80))));
        assert_snapshot!("stats", rendered.concat());
    }
}
