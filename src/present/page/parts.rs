//! What a page is made of: sections of numbers, charts and lists, over the same days.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::present::listing::{ListingSpec, RowsJson, table};
use crate::present::output::Json;
use crate::present::spark::{number, resample, sparkline};
use crate::present::style::{Style, cut, percent, sanitize};
use crate::present::table::{Severity, Table, TableColumn};
use crate::present::text::{Text, text};

/// A chart has no more points than this: a year of weeks.
const MAX_SLOTS: usize = 53;
/// The most columns that a sparkline takes on a terminal of 80.
const NARROW_MARKS: usize = 30;
/// Labels are cut at this width; documents have them as a whole.
const LABEL_WIDTH: usize = 28;

const TREND: Text = text("trend", "趋势");
const LAST: Text = text("last", "最近");
const LEAST: Text = text("least", "最小");
const MOST: Text = text("most", "最大");
const TOTAL: Text = text("total", "合计");

/// Some days that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Slot {
    #[schemars(with = "String")]
    pub first: Date,
    #[schemars(with = "String")]
    pub last: Date,
}

/// The days that a page is about, in slots of the same length; only the first may be shorter.
#[derive(Clone, Debug)]
pub struct Period {
    pub slots: Vec<Slot>,
    pub zone: TimeZone,
}

/// A part of the page with a title.
#[derive(Clone, Debug)]
pub struct Section {
    pub key: &'static str,
    pub title: Text,
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub enum Part {
    Facts(Vec<Fact>),
    Chart(Chart),
    List(List),
}

/// One number with its name.
#[derive(Clone, Debug)]
pub struct Fact {
    pub key: String,
    pub label: String,
    pub value: Option<f64>,
    pub unit: Unit,
    pub severity: Severity,
}

/// What numbers are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Count,
    /// Of one.
    Share,
    Seconds,
}

/// How the series of a chart are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Lines,
    /// Bars on one another: what is counted in a slot.
    Stacked,
    /// The same for what is there at the end of a slot: it has no sum.
    StackedLevels,
}

#[derive(Clone, Debug)]
pub struct Chart {
    pub key: String,
    pub title: String,
    pub shape: Shape,
    pub unit: Unit,
    pub series: Vec<Series>,
}

/// One value for each slot of the period.
#[derive(Clone, Debug)]
pub struct Series {
    pub key: String,
    pub label: String,
    /// Plain ones get the colours of the palette in turn.
    pub severity: Severity,
    pub values: Vec<Option<f64>>,
}

/// A list with a title.
#[derive(Clone, Debug)]
pub struct List {
    pub(super) key: &'static str,
    pub title: Text,
    pub table: Table,
    pub(super) rows: Json,
}

impl Period {
    pub fn new(first: Date, last: Date, zone: TimeZone) -> Self {
        let first = first.min(last);
        let count = usize::try_from(first.until(last).map_or(0, |span| span.get_days())).unwrap_or_default() + 1;
        let length = [1, 7, 28].into_iter().find(|length| count.div_ceil(*length) <= MAX_SLOTS);
        let length = length.unwrap_or_else(|| count.div_ceil(MAX_SLOTS));
        let back = |days: usize| last.saturating_sub(Span::new().days(i64::try_from(days).unwrap_or_default()));
        let slot =
            |number: usize| Slot { first: back((number + 1) * length - 1).max(first), last: back(number * length) };
        Self { slots: (0..count.div_ceil(length)).rev().map(slot).collect(), zone }
    }

    pub fn first(&self) -> Date {
        self.slots.first().map_or(Date::MIN, |slot| slot.first)
    }

    pub fn last(&self) -> Date {
        self.slots.last().map_or(Date::MAX, |slot| slot.last)
    }

    /// The first instant of the first day.
    pub fn begin(&self) -> Timestamp {
        start_of(self.first(), &self.zone)
    }

    /// The first instant after each slot.
    pub fn ends(&self) -> Vec<Timestamp> {
        self.slots.iter().map(|slot| start_of(slot.last.saturating_add(Span::new().days(1)), &self.zone)).collect()
    }

    /// The slot of that day.
    pub fn slot_of(&self, day: Date) -> Option<usize> {
        let index = self.slots.partition_point(|slot| slot.last < day);
        self.slots.get(index).filter(|slot| slot.first <= day).map(|_| index)
    }

    /// The slot of that instant.
    pub fn slot_at(&self, at: Timestamp) -> Option<usize> {
        self.slot_of(at.to_zoned(self.zone.clone()).date())
    }
}

fn start_of(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone()).map_or(Timestamp::MAX, |start| start.timestamp())
}

impl Unit {
    /// For a person.
    pub fn show(self, value: f64, style: &Style) -> String {
        match self {
            Self::Share => percent(value),
            Self::Seconds => style.span(Duration::try_from_secs_f64(value).unwrap_or_default()),
            Self::Count if value.fract() == 0.0 => format!("{value:.0}"),
            Self::Count => format!("{value:.1}"),
        }
    }
}

impl Section {
    pub const fn new(key: &'static str, title: Text) -> Self {
        Self { key, title, parts: Vec::new() }
    }

    /// Adds single numbers.
    pub fn facts(&mut self, facts: Vec<Fact>) {
        if !facts.is_empty() {
            self.parts.push(Part::Facts(facts));
        }
    }

    /// Adds a chart, unless none of its series has a value.
    pub fn chart(&mut self, mut chart: Chart) {
        chart.series.retain(|series| series.values.iter().any(Option::is_some));
        if !chart.series.is_empty() {
            self.parts.push(Part::Chart(chart));
        }
    }

    /// Adds a list, unless it is empty.
    pub fn list<R: ListingSpec>(&mut self, key: &'static str, title: Text, rows: &[R], style: &Style) {
        if !rows.is_empty() {
            let (table, rows) = (table(rows, style), Json::of(&RowsJson(rows, style)));
            self.parts.push(Part::List(List { key, title, table, rows }));
        }
    }
}

impl Fact {
    pub fn count(key: &str, label: &str, value: u64) -> Self {
        Self::new(key, label, Unit::Count, Some(number(value)))
    }

    pub fn new(key: &str, label: &str, unit: Unit, value: Option<f64>) -> Self {
        Self { key: key.to_owned(), label: label.to_owned(), value, unit, severity: Severity::Plain }
    }

    /// Marks what should be zero and is not.
    #[must_use]
    pub fn marked(self, severity: Severity) -> Self {
        let severity = if self.value.is_some_and(|value| value > 0.0) { severity } else { Severity::Plain };
        Self { severity, ..self }
    }

    /// For a person; a dash where there is no number.
    pub fn text(&self, style: &Style) -> String {
        self.value.map_or_else(|| "–".to_owned(), |value| self.unit.show(value, style))
    }
}

impl Chart {
    pub fn new(key: impl Into<String>, title: impl Into<String>, shape: Shape, unit: Unit) -> Self {
        Self { key: key.into(), title: title.into(), shape, unit, series: Vec::new() }
    }

    pub fn add(&mut self, key: &str, label: &str, values: Vec<Option<f64>>) {
        self.add_marked(key, label, Severity::Plain, values);
    }

    pub fn add_marked(&mut self, key: &str, label: &str, severity: Severity, values: Vec<Option<f64>>) {
        let label = cut(&sanitize(label), LABEL_WIDTH);
        self.series.push(Series { key: key.to_owned(), label, severity, values });
    }

    pub(super) fn table(&self, style: &Style) -> Table {
        let number = |text: Text| TableColumn::number(style.label(text));
        let mut table = Table::new(vec![
            TableColumn::text(&sanitize(&self.title)),
            TableColumn::text(style.label(TREND)),
            number(LAST),
            number(LEAST).droppable(2),
            number(MOST).droppable(1),
            number(TOTAL).hidden_when_blank(),
        ]);
        let is_narrow = style.width.is_some_and(|width| width < 120);
        for series in &self.series {
            let present = || series.values.iter().flatten().copied();
            let show = |value: Option<f64>| value.map(|value| self.unit.show(value, style)).unwrap_or_default();
            let marks = if is_narrow { resample(&series.values, NARROW_MARKS) } else { series.values.clone() };
            let total = (self.shape == Shape::Stacked).then(|| present().sum());
            table.push(vec![
                series.label.clone().into(),
                sparkline(&marks).into(),
                show(present().last()).into(),
                show(present().reduce(f64::min)).into(),
                show(present().reduce(f64::max)).into(),
                show(total).into(),
            ]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use jiff::tz::TimeZone;

    use super::Period;

    fn check(first: Date, count: usize, first_slot: Date) {
        let last = date(2026, 1, 31);
        let period = Period::new(first, last, TimeZone::UTC);
        assert_eq!((period.slots.len(), period.slots[0].last, period.first()), (count, first_slot, first));
        assert_eq!(period.last(), last);
        assert_eq!(period.slot_of(first), Some(0));
        assert_eq!(period.slot_of(last), Some(count - 1));
        assert_eq!(period.slot_of(date(2026, 2, 1)), None);
        for pair in period.slots.windows(2) {
            assert_eq!(pair[0].last.tomorrow().unwrap(), pair[1].first);
        }
    }

    #[test]
    fn a_period_has_at_most_a_year_of_weeks() {
        check(date(2026, 1, 31), 1, date(2026, 1, 31));
        check(date(2026, 1, 1), 31, date(2026, 1, 1));
        check(date(2025, 12, 10), 53, date(2025, 12, 10));
        check(date(2025, 12, 9), 8, date(2025, 12, 13));
        check(date(2025, 1, 31), 53, date(2025, 2, 1));
        check(date(2024, 1, 31), 27, date(2024, 2, 3));
        check(date(2016, 1, 31), 53, date(2016, 4, 5));
    }
}
