//! The statistics of hand-made days.

use std::time::Duration;

use insta::assert_snapshot;
use jiff::civil::{Date, date};

use super::{By, StatsOutput};
use crate::present::style::samples::at;
use crate::store::history::{DayRow, Sum};
use crate::ui::{injection_tests, snapshots};

fn row(day: Date, sync: &str, sum: Sum, label: &str, value: u64) -> DayRow {
    DayRow { day, sync: sync.to_owned(), sync_type: sync.to_owned(), sum, label: label.to_owned(), value }
}

fn rows(text: &str) -> Vec<DayRow> {
    let mut rows = Vec::new();
    for (number, day) in (1..=9).map(|day| (u64::try_from(day).unwrap(), date(2026, 1, day))) {
        rows.extend([
            row(day, text, Sum::Statuses, "success", 20 + number),
            row(day, text, Sum::Statuses, "skipped", 4),
            row(day, text, Sum::Runs, "ok", 20 + number),
            row(day, text, Sum::Durations, "1500", 10),
            row(day, text, Sum::Durations, &(1000 * number).to_string(), 10 + number),
            row(day, text, Sum::DurationMs, "", 20_000),
            row(day, text, Sum::Rows, "new", number),
            row(day, text, Sum::Requests, "", 70),
        ]);
        if number % 4 == 0 {
            rows.push(row(day, text, Sum::Statuses, "failed", 3));
            rows.push(row(day, text, Sum::Problems, "unavailable", 3));
        }
    }
    rows
}

fn output(by: By, rows: Vec<DayRow>) -> StatsOutput {
    let trend = |_: &str, _: &str| Ok::<_, ()>(vec![Duration::from_secs(1), Duration::from_secs(3)]);
    StatsOutput::new(at(0), by, (date(2026, 1, 1), date(2026, 1, 9)), rows, trend).unwrap()
}

#[test]
fn statistics_by_sync() {
    assert_snapshot!("stats", snapshots::render_everything(&output(By::Sync, rows("douban"))));
}

#[test]
fn statistics_by_day() {
    assert_snapshot!("stats_by_day", snapshots::render_everything(&output(By::Day, rows("douban"))));
}

#[test]
fn statistics_by_week_begin_on_monday() {
    let output = output(By::Week, rows("douban"));
    let weeks: Vec<_> = output.stats.iter().filter_map(|stats| stats.period.as_deref()).collect();
    assert_eq!(weeks, ["2025-12-29", "2026-01-05"]);
    assert_eq!(output.stats[0].totals.run_count() + output.stats[1].totals.run_count(), 9 * 20 + 45 + 6);
}

#[test]
fn statistics_by_class() {
    assert_snapshot!("stats_by_class", snapshots::render_everything(&output(By::Class, rows("douban"))));
}

#[test]
fn skipped_runs_do_not_count() {
    let skipped = vec![row(date(2026, 1, 1), "douban", Sum::Statuses, "skipped", 4)];
    assert!(output(By::Sync, skipped).stats.is_empty());
}

#[test]
fn hostile_statistics_are_harmless() {
    for by in [By::Sync, By::Day, By::Class] {
        injection_tests::check_output(|text| Box::new(output(by, rows(text))));
    }
}
