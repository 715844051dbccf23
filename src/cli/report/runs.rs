//! What all syncs have in common: runs, durations, rows, matches, problems, requests, day by day.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::runs::{status_word, sync_name};
use crate::present::page::{Chart, Fact, Period, Section, Shape, Unit};
use crate::present::{Severity, Style, Text, number, text};
use crate::store::Status;
use crate::store::history::{DayRow, Sum, Totals};

/// The sums of each slot.
type Slots = Vec<Totals>;

/// What becomes of rows, and how that is drawn.
const CHANGES: [(&str, Text); 4] = [
    ("new", text("new", "新增")),
    ("updated", text("updated", "更新")),
    ("restored", text("restored", "恢复")),
    ("deleted", text("deleted", "删除")),
];

pub fn sections(days: &[DayRow], period: &Period, style: &Style) -> Vec<Section> {
    let all = slots(days.iter(), period);
    let kinds: BTreeSet<_> = days.iter().map(|row| (row.sync.as_str(), row.sync_type.as_str())).collect();
    let kinds: Vec<(String, Slots)> = kinds
        .into_iter()
        .map(|(sync, sync_type)| {
            let own = days.iter().filter(|row| row.sync == sync && row.sync_type == sync_type);
            (sync_name(sync, sync_type), slots(own, period))
        })
        .collect();
    let totals = Totals::of(days);
    let problems = problems(&all, &totals, style);
    vec![
        runs(&all, &kinds, &totals, style),
        rows(&kinds, style),
        matches(&kinds, &totals, style),
        problems,
        requests(&kinds, &totals, style),
    ]
    .into_iter()
    .filter(|section| section.key != "matches" || !section.parts.is_empty())
    .collect()
}

fn slots<'a>(rows: impl Iterator<Item = &'a DayRow>, period: &Period) -> Slots {
    let mut grouped: Vec<Vec<&DayRow>> = vec![Vec::new(); period.slots.len()];
    for row in rows {
        if let Some(slot) = period.slot_of(row.day).and_then(|slot| grouped.get_mut(slot)) {
            slot.push(row);
        }
    }
    grouped.into_iter().map(Totals::of).collect()
}

fn values(slots: &Slots, value: impl Fn(&Totals) -> Option<f64>) -> Vec<Option<f64>> {
    slots.iter().map(value).collect()
}

/// What is counted in slots that had a run, else nothing.
fn counts(slots: &Slots, count: impl Fn(&Totals) -> u64) -> Vec<Option<f64>> {
    values(slots, |totals| (totals.total(Sum::Runs) > 0).then(|| number(count(totals))))
}

fn runs(all: &Slots, kinds: &[(String, Slots)], totals: &Totals, style: &Style) -> Section {
    let mut section = Section::new("runs", text("Runs", "运行"));
    let label = |text: Text| style.label(text);
    section.facts(vec![
        Fact::count("run_count", label(text("runs", "运行数")), totals.run_count()),
        Fact::new("success_rate", label(text("success rate", "成功率")), Unit::Share, totals.success_rate()),
        seconds("duration_p50", label(text("median duration", "耗时中位数")), totals, 0.5),
        seconds("duration_p95", label(text("duration, p95", "耗时 p95")), totals, 0.95),
    ]);
    let mut by_status =
        Chart::new("statuses", label(text("runs by how they ended", "按结果的运行数")), Shape::Stacked, Unit::Count);
    for status in [Status::Success, Status::Partial, Status::Failed, Status::Cancelled, Status::Interrupted] {
        let word = status_word(status);
        let values = counts(all, |totals| totals.count(Sum::Statuses, status.name()));
        if values.iter().flatten().any(|value| *value > 0.0) {
            by_status.add_marked(status.name(), label(word.label), word.severity, values);
        }
    }
    section.chart(by_status);
    let mut rate = Chart::new("success_rate", label(text("success rate", "成功率")), Shape::Lines, Unit::Share);
    let mut median =
        Chart::new("duration_p50", label(text("median duration", "耗时中位数")), Shape::Lines, Unit::Seconds);
    let mut p95 = Chart::new("duration_p95", label(text("duration, p95", "耗时 p95")), Shape::Lines, Unit::Seconds);
    for (name, slots) in kinds {
        rate.add(name, name, values(slots, Totals::success_rate));
        median.add(name, name, values(slots, |totals| duration(totals, 0.5)));
        p95.add(name, name, values(slots, |totals| duration(totals, 0.95)));
    }
    section.chart(rate);
    section.chart(median);
    section.chart(p95);
    section
}

fn duration(totals: &Totals, share: f64) -> Option<f64> {
    totals.duration_at(share).map(|span| span.as_secs_f64())
}

fn seconds(key: &str, label: &str, totals: &Totals, share: f64) -> Fact {
    Fact::new(key, label, Unit::Seconds, duration(totals, share))
}

fn rows(kinds: &[(String, Slots)], style: &Style) -> Section {
    let mut section = Section::new("rows", text("Rows changed", "数据变更"));
    for (name, slots) in kinds {
        let mut chart = Chart::new(name, name, Shape::Stacked, Unit::Count);
        for (change, label) in CHANGES {
            let values = counts(slots, |totals| totals.count(Sum::Rows, change));
            let severity = if change == "deleted" { Severity::Bad } else { Severity::Plain };
            chart.add_marked(change, style.label(label), severity, values);
        }
        chart.series.retain(|series| series.values.iter().flatten().any(|value| *value > 0.0));
        section.chart(chart);
    }
    section
}

fn matches(kinds: &[(String, Slots)], totals: &Totals, style: &Style) -> Section {
    let mut section = Section::new("matches", text("Match rate", "匹配率"));
    if totals.total(Sum::Matches) == 0 {
        return section;
    }
    let label = |text: Text| style.label(text);
    section.facts(vec![
        Fact::new("match_rate", label(text("match rate", "匹配率")), Unit::Share, totals.match_rate()),
        Fact::count("matched", label(text("matched", "已匹配")), totals.count(Sum::Matches, "matched")),
        Fact::count("pending", label(text("pending", "待匹配")), totals.count(Sum::Matches, "pending")),
        Fact::count("idle", label(text("idle", "闲散")), totals.count(Sum::Matches, "idle")),
    ]);
    let mut chart = Chart::new("match_rate", label(text("match rate", "匹配率")), Shape::Lines, Unit::Share);
    for (name, slots) in kinds {
        chart.add(name, name, values(slots, Totals::match_rate));
    }
    section.chart(chart);
    section
}

fn problems(all: &Slots, totals: &Totals, style: &Style) -> Section {
    let mut section = Section::new("problems", text("Problems", "问题"));
    let classes: BTreeMap<&str, u64> = totals.labels(Sum::Problems).collect();
    section.facts(classes.iter().map(|(class, count)| Fact::count(class, class, *count)).collect());
    let title = style.label(text("problems by class", "按类别的问题数"));
    let mut chart = Chart::new("problems", title, Shape::Stacked, Unit::Count);
    for class in classes.keys() {
        chart.add(class, class, counts(all, |totals| totals.count(Sum::Problems, class)));
    }
    section.chart(chart);
    section
}

fn requests(kinds: &[(String, Slots)], totals: &Totals, style: &Style) -> Section {
    let mut section = Section::new("requests", text("Requests", "请求"));
    let label = |text: Text| style.label(text);
    section.facts(vec![
        Fact::count("request_count", label(text("requests", "请求数")), totals.total(Sum::Requests)),
        Fact::count("retry_count", label(text("retries", "重试")), totals.total(Sum::Retries)),
        Fact::count("throttle_count", label(text("throttled", "限流")), totals.total(Sum::Throttles)),
        Fact::count("requests_saved", label(text("saved", "节省的请求")), totals.total(Sum::RequestsSaved)),
    ]);
    for (sum, title) in [
        (Sum::Requests, text("requests", "请求数")),
        (Sum::Retries, text("retries", "重试")),
        (Sum::Throttles, text("throttled requests", "被限流的请求")),
    ] {
        if totals.total(sum) == 0 {
            continue;
        }
        let mut chart = Chart::new(sum.name(), label(title), Shape::Stacked, Unit::Count);
        for (name, slots) in kinds {
            let values = counts(slots, |totals| totals.total(sum));
            if values.iter().flatten().any(|value| *value > 0.0) {
                chart.add(name, name, values);
            }
        }
        section.chart(chart);
    }
    section
}
