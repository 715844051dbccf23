//! The outbox on the page of `report`: each target's queue, its deliveries and how long they took.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::queries::{count_dead, count_open, load_queue, load_reported_targets};
use crate::clock::to_rfc3339_millis;
use crate::present::page::{Chart, Period, Section, Shape, Unit};
use crate::present::{Column, DocumentSchema, ListingSpec, Style, Text, listing, number, text};
use crate::store::history::{Level, load_levels};
use crate::store::{self, Reader};
use crate::upstreams::Error;

const OPEN: &str = "open";
const DEAD: &str = "dead";

/// The latencies of a target's deliveries in a slot, in milliseconds.
type Latencies = Vec<u64>;

/// A target at present.
struct TargetLine {
    target: String,
    open: u64,
    dead: u64,
    oldest_at: Option<Timestamp>,
    delivered: u64,
    p50: Option<u64>,
    p95: Option<u64>,
}

/// What is still to be done for each target, for the day.
pub fn levels(r: &Reader<'_>) -> Result<Vec<Level>, store::Error> {
    let mut levels = Vec::new();
    for target in load_reported_targets(r, Vec::new())? {
        levels.push(Level { name: OPEN, label: target.clone(), value: count_open(r, &target)? });
        levels.push(Level { name: DEAD, value: count_dead(r, &target)?, label: target });
    }
    Ok(levels)
}

/// The section; none where there never was a target.
pub fn sections(r: &Reader<'_>, period: &Period, style: &Style) -> Result<Vec<Section>, Error> {
    let targets = load_reported_targets(r, Vec::new())?;
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let mut section = Section::new("users", text("Deliveries of user events", "用户事件的投递"));
    let label = |text: Text| style.label(text);
    let mut latencies = load_latencies(r, period)?;
    let mut lines = Vec::new();
    for target in &targets {
        let slots = latencies.entry(target.clone()).or_insert_with(|| vec![Latencies::new(); period.slots.len()]);
        let mut all: Latencies = slots.iter().flatten().copied().collect();
        all.sort_unstable();
        let queue = load_queue(r, target)?;
        lines.push(TargetLine {
            target: target.clone(),
            open: queue.counts.open(),
            dead: queue.counts.dead,
            oldest_at: queue.oldest_at,
            delivered: all.len() as u64,
            p50: at_share(&all, 50),
            p95: at_share(&all, 95),
        });
    }
    section.list("targets", text("targets", "投递目标"), &lines, style);
    let mut queue = Chart::new(
        "queue",
        label(text("queue at the end of the day", "每日结束时的队列")),
        Shape::StackedLevels,
        Unit::Count,
    );
    let kept = load_levels(r, "users", period.first())?;
    for target in &targets {
        let mut values = vec![None; period.slots.len()];
        for level in kept.iter().filter(|level| level.name == OPEN && level.label == *target) {
            if let Some(slot) = period.slot_of(level.day) {
                values[slot] = Some(number(level.value));
            }
        }
        queue.add(target, target, values);
    }
    section.chart(queue);
    let mut delivered = Chart::new("delivered", label(text("deliveries", "投递数")), Shape::Stacked, Unit::Count);
    let mut p50 = Chart::new("latency_p50", label(text("median latency", "延迟中位数")), Shape::Lines, Unit::Seconds);
    let mut p95 = Chart::new("latency_p95", label(text("latency, p95", "延迟 p95")), Shape::Lines, Unit::Seconds);
    for (target, slots) in &mut latencies {
        for slot in slots.iter_mut() {
            slot.sort_unstable();
        }
        let seconds = |share: u64| -> Vec<Option<f64>> {
            slots.iter().map(|slot| at_share(slot, share).map(|millis| number(millis) / 1000.0)).collect()
        };
        p50.add(target, target, seconds(50));
        p95.add(target, target, seconds(95));
        delivered.add(
            target,
            target,
            slots.iter().map(|slot| (!slot.is_empty()).then(|| number(slot.len() as u64))).collect(),
        );
    }
    section.chart(delivered);
    section.chart(p50);
    section.chart(p95);
    Ok(vec![section])
}

/// The latencies of the deliveries that succeeded in these days, by target and slot.
fn load_latencies(r: &Reader<'_>, period: &Period) -> Result<BTreeMap<String, Vec<Latencies>>, store::Error> {
    let mut latencies = BTreeMap::new();
    r.for_each(
        "SELECT target, finished_at, latency_ms
         FROM user_deliveries
         WHERE state = 'delivered'
           AND finished_at >= ?1
           AND latency_ms IS NOT NULL",
        &[(&to_rfc3339_millis(period.begin())).into()],
        |row| {
            if let Some(slot) = period.slot_at(row.instant(1)?) {
                let target = row.text(0)?;
                if !latencies.contains_key(target) {
                    latencies.insert(target.to_owned(), vec![Latencies::new(); period.slots.len()]);
                }
                if let Some(slots) = latencies.get_mut(target) {
                    slots[slot].push(row.count(2)?);
                }
            }
            Ok::<_, store::Error>(())
        },
    )?;
    Ok(latencies)
}

/// The nearest rank at that many hundredths of the sorted values.
fn at_share(sorted: &[u64], hundredths: u64) -> Option<u64> {
    let rank = (sorted.len() as u64 * hundredths).div_ceil(100).saturating_sub(1);
    sorted.get(usize::try_from(rank).unwrap_or_default()).copied()
}

/// A column of targets.
type C = Column<TargetLine>;

impl ListingSpec for TargetLine {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.report-targets/1", "report", listing::schema::<Self>);
    const KEY: &'static str = "targets";
    const EMPTY: Text = text("no target is configured", "尚未配置投递目标");
    const COLUMNS: &'static [C] = &[
        C::text("target", |line| &line.target).titled(text("target", "目标")),
        C::count("open", |line| line.open).titled(text("waiting", "待投递")),
        C::optional_time("oldest_at", |line| line.oldest_at)
            .titled(text("oldest", "最早"))
            .drawn(|line, style| line.oldest_at.map(|at| style.age(at)).unwrap_or_default().into())
            .hidden_when_blank(),
        C::count("dead", |line| line.dead).titled(text("dead", "死信")),
        C::count("delivered", |line| line.delivered).titled(text("delivered", "已投递")),
        C::optional_count("latency_p50_ms", |line| line.p50).titled(text("p50, ms", "p50（毫秒）")),
        C::optional_count("latency_p95_ms", |line| line.p95).titled(text("p95, ms", "p95（毫秒）")),
    ];
}
