//! The instances on the page of `report`: now and over time, churn, age, what expires.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::history::{Counts, Dimension, Event, Known, load_counts, load_events, load_known};
use super::instance::Status;
use crate::present::page::{Chart, Fact, Period, Section, Shape, Unit};
use crate::present::{Column, DocumentSchema, ListingSpec, Severity, Style, Text, listing, number, text, words};
use crate::store::Reader;
use crate::upstreams::Error;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// An instance that is starting or stopping for longer than this is stuck.
const STUCK: SignedDuration = SignedDuration::from_hours(1);
/// This many changes of status in one day are too many.
const FLAPPING: u64 = 4;
/// A list on the page has at most this many rows.
const LIST_LENGTH: usize = 10;
/// A chart has at most this many series; the last one is the rest.
const SERIES_COUNT: usize = 8;
/// What expires later than this says that it does not expire.
const NEVER: SignedDuration = SignedDuration::from_hours(24 * 365 * 20);

const OTHER: Text = text("other", "其他");

/// An instance in a list.
#[derive(Clone, Debug, Default)]
struct Line {
    account: String,
    region: String,
    instance: String,
    name: Option<String>,
    count: Option<u64>,
    day: Option<String>,
    at: Option<Timestamp>,
}

impl Line {
    fn of(known: &Known) -> Self {
        Self {
            account: known.account.clone(),
            region: known.region.clone(),
            instance: known.id.clone(),
            name: known.name.clone(),
            ..Self::default()
        }
    }
}

/// What changed how often.
#[derive(Clone, Debug)]
struct FieldCount {
    field: String,
    count: u64,
}

/// What the sections are made of.
struct Fleet<'a> {
    known: &'a [Known],
    events: &'a [Event],
    period: &'a Period,
    style: &'a Style,
}

/// The sections of this upstream; none where it never saw an instance.
pub fn sections(r: &Reader<'_>, period: &Period, style: &Style) -> Result<Vec<Section>, Error> {
    let known = load_known(r)?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let events = load_events(r, &known, period.begin())?;
    let counts = load_counts(r, &known, &events, period, style.now)?;
    let fleet = Fleet { known: &known, events: &events, period, style };
    Ok(vec![fleet.now(&counts), fleet.churn(), fleet.age(), fleet.expiring()])
}

impl Fleet<'_> {
    fn label(&self, text: Text) -> &'static str {
        self.style.label(text)
    }

    fn alive(&self) -> impl Iterator<Item = &Known> {
        self.known.iter().filter(|known| known.is_alive())
    }

    fn count(&self, is: impl Fn(&Known) -> bool) -> u64 {
        self.alive().filter(|known| is(known)).count() as u64
    }

    fn sum(&self, of: fn(&Known) -> u64) -> u64 {
        self.alive().map(of).sum()
    }

    fn now(&self, counts: &[Option<Counts>]) -> Section {
        let mut section = Section::new("instances", text("Cloud instances", "云服务器"));
        let label = |text: Text| self.label(text);
        let begin = self.period.begin();
        let gone = self.known.iter().filter(|known| known.deleted_at.is_some_and(|at| at >= begin)).count() as u64;
        let memory = number(self.sum(|known| known.memory_mib)) / 1024.0;
        let fact = |key: &str, text: Text, count: u64| Fact::count(key, label(text), count);
        section.facts(vec![
            fact("instances", text("instances", "实例"), self.count(|_| true)),
            fact("running", text("running", "运行中"), self.count(|known| is_status(known, Status::Running))),
            fact("stopped", text("stopped", "已停止"), self.count(|known| is_status(known, Status::Stopped))),
            fact("vcpus", text("vCPU", "vCPU"), self.sum(|known| known.cpu_count)),
            Fact::new("memory_gib", label(text("memory, GiB", "内存 GiB")), Unit::Count, Some(memory)),
            fact("disk_gib", text("data disks, GiB", "数据盘 GiB"), self.sum(|known| known.disk_gib)),
            fact("public_ips", text("public addresses", "公网地址"), self.count(|known| known.has_public_ip)),
            fact("deleted", text("deleted in these days", "期间删除"), gone),
            fact(
                "charged_while_stopped",
                text("stopped, still charged", "停止仍计费"),
                self.count(is_charged_while_stopped),
            )
            .marked(Severity::Warning),
            fact("stuck", text("in transition > 1 h", "状态变换超过 1 小时"), self.count(|known| self.is_stuck(known)))
                .marked(Severity::Warning),
        ]);
        for (dimension, title) in [
            (Dimension::Provider, text("instances by provider", "按云厂商的实例数")),
            (Dimension::Region, text("instances by region", "按地域的实例数")),
            (Dimension::Type, text("instances by type", "按规格的实例数")),
            (Dimension::Status, text("instances by status", "按状态的实例数")),
        ] {
            section.chart(self.chart(dimension, title, counts));
        }
        section
    }

    fn is_stuck(&self, known: &Known) -> bool {
        let is_moving = [Status::Pending, Status::Starting, Status::Stopping].iter();
        is_moving.into_iter().any(|status| is_status(known, *status))
            && self.style.now.duration_since(known.last_changed_at) > STUCK
    }

    /// The largest values of the dimension, each a series; the others are one together.
    fn chart(&self, dimension: Dimension, title: Text, counts: &[Option<Counts>]) -> Chart {
        let mut largest: BTreeMap<&str, u64> = BTreeMap::new();
        for ((of, value), count) in counts.iter().flatten().flatten() {
            if *of == dimension {
                let known = largest.entry(value).or_default();
                *known = (*known).max(*count);
            }
        }
        let mut values: Vec<(&str, u64)> = largest.into_iter().collect();
        values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let kept = if values.len() > SERIES_COUNT { SERIES_COUNT - 1 } else { values.len() };
        let (shown, rest) = values.split_at(kept);
        let sum = |names: &[(&str, u64)]| -> Vec<Option<f64>> {
            let at = |counts: &Counts| -> u64 {
                let keys = names.iter().map(|(name, _)| (dimension, (*name).to_owned()));
                keys.filter_map(|key| counts.get(&key)).sum()
            };
            counts.iter().map(|counts| counts.as_ref().map(|counts| number(at(counts)))).collect()
        };
        let key: &'static str = dimension.into();
        let mut chart = Chart::new(key, self.label(title), Shape::StackedLevels, Unit::Count);
        for name in shown {
            chart.add(name.0, name.0, sum(&[*name]));
        }
        if !rest.is_empty() {
            chart.add("other", self.label(OTHER), sum(rest));
        }
        chart
    }

    fn churn(&self) -> Section {
        let mut section = Section::new("churn", text("Churn", "变动"));
        let deleted = self.known.iter().filter_map(|known| Some((known.first_seen_at, known.deleted_at?)));
        let mut lives: Vec<SignedDuration> =
            deleted.filter(|(_, at)| *at >= self.period.begin()).map(|(first, at)| at.duration_since(first)).collect();
        lives.sort_unstable();
        let median = lives.get(lives.len().saturating_sub(1) / 2).map(SignedDuration::as_secs_f64);
        section.facts(vec![
            Fact::count("changes", self.label(text("changes", "变更数")), self.events.len() as u64),
            Fact::new(
                "median_lifetime",
                self.label(text("median lifetime of the deleted", "已删除实例的寿命中位数")),
                Unit::Seconds,
                median,
            ),
        ]);
        let title = self.label(text("changes of instances", "实例变更数"));
        let mut chart = Chart::new("changes", title, Shape::Stacked, Unit::Count);
        for (kind, label, severity) in [
            ("added", text("added", "新增"), Severity::Good),
            ("updated", text("updated", "更新"), Severity::Plain),
            ("restored", text("restored", "恢复"), Severity::Plain),
            ("deleted", text("deleted", "删除"), Severity::Bad),
        ] {
            let mut values = vec![0_u64; self.period.slots.len()];
            for event in self.events.iter().filter(|event| event.kind == kind) {
                if let Some(slot) = self.period.slot_at(event.at) {
                    values[slot] += 1;
                }
            }
            if values.iter().any(|value| *value > 0) {
                let values = values.into_iter().map(|value| Some(number(value))).collect();
                chart.add_marked(kind, self.label(label), severity, values);
            }
        }
        section.chart(chart);
        section.list("fields", text("changes by field", "按字段的变更数"), &self.fields(), self.style);
        section.list("most_changed", text("most changed", "变更最多"), &self.most_changed(), self.style);
        section.list(
            "flapping",
            text("flapping: four changes of status in a day or more", "状态抖动：一天内状态变更四次以上"),
            &self.flapping(),
            self.style,
        );
        section
    }

    fn fields(&self) -> Vec<FieldCount> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for field in self.events.iter().filter_map(|event| event.field.as_deref()) {
            *counts.entry(field).or_default() += 1;
        }
        let mut rows: Vec<_> =
            counts.into_iter().map(|(field, count)| FieldCount { field: field.to_owned(), count }).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        rows
    }

    fn most_changed(&self) -> Vec<Line> {
        let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.kind == "updated") {
            *counts.entry(event.instance).or_default() += 1;
        }
        self.lines(counts.into_iter().map(|(place, count)| (place, count, None)))
    }

    fn flapping(&self) -> Vec<Line> {
        let mut counts: BTreeMap<(usize, Date), u64> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.field.as_deref() == Some("status")) {
            let day = event.at.to_zoned(self.period.zone.clone()).date();
            *counts.entry((event.instance, day)).or_default() += 1;
        }
        let often = counts.into_iter().filter(|(_, count)| *count >= FLAPPING);
        self.lines(often.map(|((place, day), count)| (place, count, Some(day))))
    }

    /// Those with the highest counts.
    fn lines(&self, counts: impl Iterator<Item = (usize, u64, Option<Date>)>) -> Vec<Line> {
        let mut counts: Vec<_> = counts.collect();
        counts.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
        counts.truncate(LIST_LENGTH);
        let line = |(place, count, day): (usize, u64, Option<Date>)| {
            let known = self.known.get(place)?;
            Some(Line { count: Some(count), day: day.map(|day| day.to_string()), ..Line::of(known) })
        };
        counts.into_iter().filter_map(line).collect()
    }

    fn age(&self) -> Section {
        let mut section = Section::new("age", text("Age of instances", "实例年龄"));
        let bounds = [
            ("under_a_day", text("under 1 day", "不足 1 天"), 1),
            ("under_30_days", text("1 to 30 days", "1–30 天"), 30),
            ("under_90_days", text("30 to 90 days", "30–90 天"), 90),
            ("under_a_year", text("90 to 365 days", "90–365 天"), 365),
            ("older", text("over a year", "一年以上"), i32::MAX),
        ];
        let mut below = SignedDuration::MIN;
        let mut facts = Vec::new();
        for (key, label, days) in bounds {
            let end = SignedDuration::from_hours(24 * i64::from(days));
            let is_in = |known: &Known| {
                let age = self.style.now.duration_since(born(known));
                age >= below && age < end
            };
            facts.push(Fact::count(key, self.label(label), self.count(is_in)));
            below = end;
        }
        section.facts(facts);
        let line = |at: fn(&Known) -> Timestamp| move |known: &&Known| Line { at: Some(at(known)), ..Line::of(known) };
        let mut oldest: Vec<&Known> = self.alive().collect();
        oldest.sort_by_key(|known| born(known));
        oldest.truncate(LIST_LENGTH);
        let oldest: Vec<Line> = oldest.iter().map(line(born)).collect();
        section.list("oldest", text("the oldest", "最老的实例"), &oldest, self.style);
        let mut stopped: Vec<&Known> = self.alive().filter(|known| is_status(known, Status::Stopped)).collect();
        stopped.sort_by_key(|known| known.last_changed_at);
        stopped.truncate(LIST_LENGTH);
        let stopped: Vec<Line> = stopped.iter().map(line(|known| known.last_changed_at)).collect();
        section.list(
            "longest_stopped",
            text("stopped, and unchanged for the longest", "停止且最久未变"),
            &stopped,
            self.style,
        );
        section
    }

    fn expiring(&self) -> Section {
        let mut section = Section::new("expiring", text("Expiring", "即将到期"));
        let now = self.style.now;
        let expires = |known: &&Known| known.expired_at.is_some_and(|at| at.duration_since(now) < NEVER);
        let within = |days: i32| {
            self.count(|known| {
                expires(&known) && known.expired_at.is_some_and(|at| at.duration_since(now) < DAY * days)
            })
        };
        section.facts(vec![
            Fact::count("expired", self.label(text("expired", "已到期")), within(0)).marked(Severity::Bad),
            Fact::count("within_7_days", self.label(text("within 7 days", "7 天内")), within(7) - within(0))
                .marked(Severity::Warning),
            Fact::count("within_30_days", self.label(text("within 30 days", "30 天内")), within(30) - within(0)),
        ]);
        let mut soon: Vec<&Known> = self.alive().filter(|known| expires(known)).collect();
        soon.retain(|known| known.expired_at.is_some_and(|at| at.duration_since(now) < DAY * 30));
        soon.sort_by_key(|known| known.expired_at);
        let soon: Vec<Line> = soon.into_iter().map(|known| Line { at: known.expired_at, ..Line::of(known) }).collect();
        section.list("expiring", text("expired, or within 30 days", "已到期或 30 天内到期"), &soon, self.style);
        section
    }
}

/// When the provider made it, else when it was first seen.
fn born(known: &Known) -> Timestamp {
    known.created_at.unwrap_or(known.first_seen_at)
}

fn is_status(known: &Known, status: Status) -> bool {
    known.status == status.name()
}

/// Providers write it `KeepCharging` and `KEEP_CHARGING`.
fn is_charged_while_stopped(known: &Known) -> bool {
    let mode = known.stopped_mode.as_deref().unwrap_or_default().to_ascii_lowercase().replace('_', "");
    is_status(known, Status::Stopped) && mode == "keepcharging"
}

/// A column of instances.
type C = Column<Line>;

impl ListingSpec for Line {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.report-instances/1", "report", listing::schema::<Self>);
    const KEY: &'static str = "instances";
    const EMPTY: Text = words::NO_CHANGES;
    const COLUMNS: &'static [C] = &[
        C::text("instance_id", |line| &line.instance).titled(words::ID),
        C::optional_text("name", |line| line.name.as_deref()).titled(words::NAME).hidden_when_blank().droppable(1),
        C::text("account", |line| &line.account).titled(words::ACCOUNT).droppable(3),
        C::text("region", |line| &line.region).titled(words::REGION).droppable(2),
        C::optional_text("day", |line| line.day.as_deref()).titled(text("day", "日期")).hidden_when_blank(),
        C::optional_count("count", |line| line.count).titled(text("changes", "变更数")).hidden_when_blank(),
        C::optional_time("at", |line| line.at)
            .titled(words::AT)
            .drawn(|line, style| line.at.map(|at| style.age(at)).unwrap_or_default().into())
            .right_aligned()
            .hidden_when_blank(),
    ];
}

/// A column of fields.
type F = Column<FieldCount>;

impl ListingSpec for FieldCount {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.report-fields/1", "report", listing::schema::<Self>);
    const KEY: &'static str = "fields";
    const EMPTY: Text = words::NO_CHANGES;
    const COLUMNS: &'static [F] = &[
        F::text("field", |row| &row.field).titled(words::FIELD),
        F::count("count", |row| row.count).titled(text("changes", "变更数")),
    ];
}
