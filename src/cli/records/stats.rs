//! `records stats`: the success rate, match rate and durations of each sync.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::cli::runs::{NO_RECORDS, RUNS, SYNC, sync_name};
use crate::present::listing::RowsJson;
use crate::present::{Block, Column, DocumentSchema, Json, ListingSpec, Output, Style, Text, Time, listing, text};
use crate::store::Status;
use crate::store::records::Record;

/// The number of newest runs in the trend.
const TREND_LENGTH: usize = 20;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What `records stats` shows.
#[derive(Debug)]
pub struct StatsOutput {
    pub since: Timestamp,
    pub stats: Vec<Stats>,
}

/// The runs of one sync type, counted. Running and skipped ones are left out: they have no result.
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
                Status::Success
                | Status::Partial
                | Status::Failed
                | Status::Cancelled
                | Status::Interrupted
                | Status::Died => true,
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
        let succeeded = records.iter().filter(|record| record.status == Status::Success);
        Self {
            sync: sync.to_owned(),
            sync_type: sync_type.to_owned(),
            run_count: records.iter().map(|record| record.run_count).sum(),
            success_count: succeeded.map(|record| record.run_count).sum(),
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

/// A column of statistics.
type C = Column<Stats>;

impl ListingSpec for Stats {
    const SCHEMA: DocumentSchema = DocumentSchema::list_of::<StatsDocument<'static>>("tongbu.stats/1", "records stats");
    const KEY: &'static str = "stats";
    const EMPTY: Text = NO_RECORDS;
    const COLUMNS: &'static [C] = &[
        C::text("sync", |stats| &stats.sync)
            .titled(SYNC)
            .drawn(|stats, _| sync_name(&stats.sync, &stats.sync_type).into()),
        C::text("sync_type", |stats| &stats.sync_type),
        C::count("runs", |stats| stats.run_count).titled(RUNS),
        C::count("run_count", |stats| stats.run_count),
        C::count("succeeded", |stats| stats.success_count),
        C::count("success_count", |stats| stats.success_count),
        C::optional_number("success_rate", Stats::success_rate)
            .titled(text("success rate", "成功率"))
            .drawn(|stats, _| stats.success_rate().map(percent).unwrap_or_default().into()),
        C::optional_number("match_rate", Stats::match_rate)
            .titled(text("match rate", "匹配率"))
            .drawn(|stats, _| stats.match_rate().map(percent).unwrap_or_default().into())
            .hidden_when_blank(),
        C::optional_count("mean_duration_ms", |stats| stats.mean_duration().as_ref().map(millis))
            .titled(text("mean", "平均"))
            .drawn(|stats, style| stats.mean_duration().map(|mean| style.span(mean)).unwrap_or_default().into()),
        // The newest, the oldest first.
        C::nested::<Vec<u64>>("durations_ms", |stats| json!(stats.trend().iter().map(millis).collect::<Vec<_>>()))
            .titled(text("duration trend", "耗时趋势"))
            .drawn(|stats, _| render_sparkline(stats.trend()).into()),
    ];
}

#[derive(Serialize, JsonSchema)]
struct StatsDocument<'a> {
    since: Time,
    stats: RowsJson<'a, Stats>,
}

impl Output for StatsOutput {
    fn schema(&self) -> &DocumentSchema {
        const { &Stats::SCHEMA }
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        listing::blocks(&self.stats, style)
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&StatsDocument { since: style.time(self.since), stats: RowsJson(&self.stats, style) })
    }

    fn csv(&self, style: &Style) -> Option<Vec<u8>> {
        Some(listing::csv(&self.stats, style))
    }
}

fn millis(span: &Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
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

    use super::{Stats, StatsOutput, render_sparkline};
    use crate::cli::samples::{record, record_of};
    use crate::present::style::samples::at;
    use crate::store::Status;
    use crate::store::records::Record;
    use crate::ui::{injection_tests, snapshots};

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
        let output = StatsOutput { since: records[0].start_time, stats };
        assert_snapshot!("stats", snapshots::render_everything(&output));
    }

    #[test]
    fn hostile_statistics_are_harmless() {
        injection_tests::check_output(|text| {
            let ended = Record { status: Status::Success, ..record_of(text) };
            Box::new(StatsOutput { since: at(0), stats: Stats::of(&[ended]) })
        });
    }
}
