//! `records stats`: what the runs of each sync add up to, as a whole, by day, by week, or by the class of its problems.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::cli::runs::{DELETED, FAILED, NEW, NO_RECORDS, RESTORED, RUNS, SYNC, UPDATED, sync_name};
use crate::present::listing::RowsJson;
use crate::present::style::percent;
use crate::present::{
    Block, Column, DocumentSchema, Json, ListingSpec, Output, Style, Table, TableColumn, Text, Time, listing, sanitize,
    sparkline, text,
};
use crate::store::history::{DayRow, Sum, Totals};
use crate::upstreams::metric::number;

/// At most that many marks in a sparkline of days.
const TREND_MARKS: usize = 30;

const SUCCESS_RATE: Text = text("success rate", "成功率");
const PROBLEMS: Text = text("problems", "问题数");

/// What the rows of the statistics are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    #[default]
    Sync,
    Day,
    Week,
    /// Of the problems.
    Class,
}

/// The sums of one sync type over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    pub sync: String,
    pub sync_type: String,
    /// The day, or the first one of the week.
    pub period: Option<String>,
    pub totals: Totals,
    /// How long the newest runs took, the oldest first.
    pub trend: Vec<Duration>,
}

/// How often problems of one class were met in one sync type.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassStats {
    sync: String,
    sync_type: String,
    class: String,
    count: u64,
    first: String,
    last: String,
    /// Those of each day, in up to [`TREND_MARKS`] groups.
    trend: Vec<u64>,
}

/// What `records stats` shows.
#[derive(Debug)]
pub struct StatsOutput {
    pub since: Timestamp,
    pub by: By,
    /// From the first to the last.
    pub days: (Date, Date),
    pub rows: Vec<DayRow>,
    pub stats: Vec<Stats>,
}

impl StatsOutput {
    /// Sums up the rows. `trend_of` loads the newest durations of a sync type.
    pub fn new<E>(
        since: Timestamp,
        by: By,
        days: (Date, Date),
        rows: Vec<DayRow>,
        trend_of: impl Fn(&str, &str) -> Result<Vec<Duration>, E>,
    ) -> Result<Self, E> {
        let period_of = |day: Date| match by {
            By::Sync | By::Class => None,
            By::Day => Some(day),
            By::Week => Some(first_of_week(day)),
        };
        let mut groups: BTreeMap<_, Vec<&DayRow>> = BTreeMap::new();
        for row in &rows {
            groups.entry((period_of(row.day), &row.sync, &row.sync_type)).or_default().push(row);
        }
        let mut stats = Vec::new();
        for ((period, sync, sync_type), rows) in groups {
            let totals = Totals::of(rows);
            if totals.run_count() > 0 {
                stats.push(Stats {
                    sync: sync.clone(),
                    sync_type: sync_type.clone(),
                    period: period.map(|day| day.to_string()),
                    totals,
                    trend: if by == By::Sync { trend_of(sync, sync_type)? } else { Vec::new() },
                });
            }
        }
        Ok(Self { since, by, days, rows, stats })
    }

    /// The days in groups of the same length, as few as the marks of a sparkline.
    fn day_groups(&self) -> Vec<Vec<Date>> {
        let (first, last) = self.days;
        let days: Vec<Date> = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).collect();
        days.chunks(days.len().div_ceil(TREND_MARKS).max(1)).map(<[Date]>::to_vec).collect()
    }

    fn totals_of(&self, days: &[Date], kind: (&str, &str)) -> Totals {
        let is_in = |row: &&DayRow| kind == (&row.sync, &row.sync_type) && days.contains(&row.day);
        Totals::of(self.rows.iter().filter(is_in))
    }

    fn classes(&self) -> Vec<ClassStats> {
        let mut groups: BTreeMap<_, Vec<&DayRow>> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.sum == Sum::Problems) {
            groups.entry((&row.sync, &row.sync_type, &row.label)).or_default().push(row);
        }
        let of = |((sync, sync_type, class), rows): ((&String, &String, &String), Vec<&DayRow>)| {
            let day = |row: Option<&&DayRow>| row.map(|row| row.day.to_string()).unwrap_or_default();
            let sum = |days: &Vec<Date>| rows.iter().filter(|row| days.contains(&row.day)).map(|row| row.value).sum();
            ClassStats {
                sync: sync.clone(),
                sync_type: sync_type.clone(),
                class: class.clone(),
                count: rows.iter().map(|row| row.value).sum(),
                first: day(rows.first()),
                last: day(rows.last()),
                trend: self.day_groups().iter().map(sum).collect(),
            }
        };
        groups.into_iter().map(of).collect()
    }

    /// A line of sparklines for each sync type.
    fn trends(&self, style: &Style) -> Table {
        let title = |text: Text| TableColumn::text(style.label(text));
        let mut table = Table::new(vec![
            title(SYNC),
            title(SUCCESS_RATE),
            title(text("duration (p50)", "耗时 (p50)")).droppable(1),
            title(text("rows changed", "变更行数")).droppable(2),
        ]);
        let kinds: BTreeSet<_> = self.stats.iter().map(|stats| (&stats.sync, &stats.sync_type)).collect();
        let groups = self.day_groups();
        for (sync, sync_type) in kinds {
            let totals: Vec<Totals> = groups.iter().map(|days| self.totals_of(days, (sync, sync_type))).collect();
            let line = |value: fn(&Totals) -> Option<f64>| sparkline(&totals.iter().map(value).collect::<Vec<_>>());
            table.push(vec![
                sync_name(sync, sync_type).into(),
                line(Totals::success_rate).into(),
                line(|totals| totals.duration_at(0.5).map(|span| span.as_secs_f64())).into(),
                line(|totals| (totals.run_count() > 0).then(|| number(changed_rows(totals)))).into(),
            ]);
        }
        table
    }
}

fn first_of_week(day: Date) -> Date {
    let past = day.weekday().to_monday_zero_offset();
    day.saturating_sub(jiff::Span::new().days(past))
}

fn changed_rows(totals: &Totals) -> u64 {
    ["new", "updated", "deleted", "restored"].iter().map(|change| totals.count(Sum::Rows, change)).sum()
}

/// A column of statistics.
type C = Column<Stats>;

impl ListingSpec for Stats {
    const SCHEMA: DocumentSchema = DocumentSchema::list_of::<StatsDocument<'static>>("tongbu.stats/1", "records stats");
    const KEY: &'static str = "stats";
    const EMPTY: Text = NO_RECORDS;
    const COLUMNS: &'static [C] = &[
        C::optional_text("period", |stats| stats.period.as_deref()).titled(text("from", "起始日")).hidden_when_blank(),
        C::text("sync", |stats| &stats.sync)
            .titled(SYNC)
            .drawn(|stats, _| sync_name(&stats.sync, &stats.sync_type).into()),
        C::text("sync_type", |stats| &stats.sync_type),
        C::count("runs", |stats| stats.totals.run_count()).titled(RUNS),
        C::count("run_count", |stats| stats.totals.run_count()),
        C::count("succeeded", |stats| stats.totals.success_count()),
        C::count("success_count", |stats| stats.totals.success_count()),
        C::optional_number("success_rate", |stats| stats.totals.success_rate())
            .titled(SUCCESS_RATE)
            .drawn(|stats, _| stats.totals.success_rate().map(percent).unwrap_or_default().into()),
        C::optional_number("match_rate", |stats| stats.totals.match_rate())
            .titled(text("match rate", "匹配率"))
            .drawn(|stats, _| stats.totals.match_rate().map(percent).unwrap_or_default().into())
            .hidden_when_blank(),
        C::optional_count("mean_duration_ms", |stats| stats.totals.mean_duration().as_ref().map(millis))
            .titled(text("mean", "平均"))
            .drawn(|stats, style| span_cell(stats.totals.mean_duration(), style)),
        C::optional_count("p50_ms", |stats| stats.totals.duration_at(0.5).as_ref().map(millis))
            .titled(text("p50", "p50"))
            .drawn(|stats, style| span_cell(stats.totals.duration_at(0.5), style))
            .droppable(7),
        C::optional_count("p95_ms", |stats| stats.totals.duration_at(0.95).as_ref().map(millis))
            .titled(text("p95", "p95"))
            .drawn(|stats, style| span_cell(stats.totals.duration_at(0.95), style))
            .droppable(5),
        C::count("new", |stats| stats.totals.count(Sum::Rows, "new")).titled(NEW).droppable(1).hidden_when_blank(),
        C::count("updated", |stats| stats.totals.count(Sum::Rows, "updated"))
            .titled(UPDATED)
            .droppable(2)
            .hidden_when_blank(),
        C::count("deleted", |stats| stats.totals.count(Sum::Rows, "deleted"))
            .titled(DELETED)
            .droppable(3)
            .hidden_when_blank(),
        C::count("restored", |stats| stats.totals.count(Sum::Rows, "restored"))
            .titled(RESTORED)
            .droppable(6)
            .hidden_when_blank(),
        C::count("failed", |stats| stats.totals.count(Sum::Rows, "failed"))
            .titled(FAILED)
            .droppable(5)
            .hidden_when_blank(),
        C::count("request_count", |stats| stats.totals.total(Sum::Requests))
            .titled(text("requests", "请求数"))
            .droppable(8),
        C::count("retry_count", |stats| stats.totals.total(Sum::Retries)),
        C::count("throttle_count", |stats| stats.totals.total(Sum::Throttles))
            .titled(text("throttled", "限流"))
            .droppable(9)
            .hidden_when_blank(),
        C::count("problem_count", |stats| stats.totals.total(Sum::Problems))
            .titled(PROBLEMS)
            .droppable(4)
            .hidden_when_blank(),
        // By the name of the exit.
        C::nested::<BTreeMap<String, u64>>("exits", |stats| {
            json!(stats.totals.labels(Sum::Runs).collect::<BTreeMap<_, _>>())
        }),
        // The newest, the oldest first.
        C::nested::<Vec<u64>>("durations_ms", |stats| json!(stats.trend.iter().map(millis).collect::<Vec<_>>()))
            .titled(text("duration trend", "耗时趋势"))
            .drawn(|stats, _| {
                sparkline(&stats.trend.iter().map(|span| Some(span.as_secs_f64())).collect::<Vec<_>>()).into()
            })
            .hidden_when_blank(),
    ];
}

/// A column of problems by class.
type P = Column<ClassStats>;

impl ListingSpec for ClassStats {
    const SCHEMA: DocumentSchema =
        DocumentSchema::of::<ClassDocument<'static>>("tongbu.stats-classes/1", "records stats --by class");
    const KEY: &'static str = "classes";
    const EMPTY: Text = text("no problems", "没有问题");
    const COLUMNS: &'static [P] = &[
        P::text("sync", |stats| &stats.sync)
            .titled(SYNC)
            .drawn(|stats, _| sync_name(&stats.sync, &stats.sync_type).into()),
        P::text("sync_type", |stats| &stats.sync_type),
        P::text("class", |stats| &stats.class)
            .titled(text("class", "类别"))
            .drawn(|stats, _| sanitize(&stats.class).into()),
        P::count("count", |stats| stats.count).titled(PROBLEMS),
        P::text("first_day", |stats| &stats.first).titled(text("first", "首次")).droppable(1),
        P::text("last_day", |stats| &stats.last).titled(text("last", "最近")),
        P::nested::<Vec<u64>>("trend", |stats| json!(stats.trend)).titled(text("trend", "趋势")).drawn(|stats, _| {
            sparkline(&stats.trend.iter().map(|count| Some(number(*count))).collect::<Vec<_>>()).into()
        }),
    ];
}

#[derive(Serialize, JsonSchema)]
struct StatsDocument<'a> {
    since: Time,
    by: By,
    stats: RowsJson<'a, Stats>,
}

#[derive(Serialize, JsonSchema)]
struct ClassDocument<'a> {
    since: Time,
    by: By,
    classes: RowsJson<'a, ClassStats>,
}

impl Output for StatsOutput {
    fn schema(&self) -> &DocumentSchema {
        if self.by == By::Class { const { &ClassStats::SCHEMA } } else { const { &Stats::SCHEMA } }
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        match self.by {
            By::Class => listing::blocks(&self.classes(), style),
            By::Day | By::Week if !self.stats.is_empty() => {
                let trends = [Block::Table(self.trends(style)), Block::Gap];
                trends.into_iter().chain(listing::blocks(&self.stats, style)).collect()
            }
            By::Sync | By::Day | By::Week => listing::blocks(&self.stats, style),
        }
    }

    fn json(&self, style: &Style) -> Json {
        let (since, by) = (style.time(self.since), self.by);
        match by {
            By::Class => Json::of(&ClassDocument { since, by, classes: RowsJson(&self.classes(), style) }),
            By::Sync | By::Day | By::Week => {
                Json::of(&StatsDocument { since, by, stats: RowsJson(&self.stats, style) })
            }
        }
    }

    fn csv(&self, style: &Style) -> Option<Vec<u8>> {
        Some(listing::csv(&self.stats, style))
    }
}

fn span_cell(span: Option<Duration>, style: &Style) -> crate::present::Cell {
    span.map(|span| style.span(span)).unwrap_or_default().into()
}

fn millis(span: &Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
