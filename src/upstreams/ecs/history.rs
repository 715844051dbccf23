//! How many instances there were at the end of each slot: their rows, and their changes walked back from now.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use strum::{EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr};

use super::instance::Disk;
use super::tables::{owned, set};
use crate::clock::to_rfc3339_millis;
use crate::present::page::Period;
use crate::store::history::{Level, load_levels};
use crate::store::{Error, Reader, Writer};

/// At most that many old changes are deleted at the end of a run.
const PRUNE_COUNT: u64 = 10_000;

/// By what instances are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Dimension {
    Provider,
    Region,
    Type,
    Status,
}

/// Instances by each dimension and its value.
pub type Counts = BTreeMap<(Dimension, String), u64>;

/// A stored instance, as far as a report needs it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub account: String,
    pub provider: String,
    pub region: String,
    pub id: String,
    pub name: Option<String>,
    pub status: String,
    pub instance_type: Option<String>,
    pub cpu_count: u64,
    pub memory_mib: u64,
    pub disk_gib: u64,
    pub has_public_ip: bool,
    pub stopped_mode: Option<String>,
    pub created_at: Option<Timestamp>,
    pub expired_at: Option<Timestamp>,
    pub first_seen_at: Timestamp,
    pub last_changed_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A recorded change of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: Timestamp,
    /// Its place among the known instances.
    pub instance: usize,
    pub kind: String,
    pub field: Option<String>,
    pub before: Option<String>,
}

impl Known {
    pub const fn is_alive(&self) -> bool {
        self.deleted_at.is_none()
    }

    fn values(&self) -> [(Dimension, &str); 4] {
        [
            (Dimension::Provider, &self.provider),
            (Dimension::Region, &self.region),
            (Dimension::Type, self.instance_type.as_deref().unwrap_or(UNKNOWN)),
            (Dimension::Status, &self.status),
        ]
    }
}

/// The type of an instance whose type is not known.
pub const UNKNOWN: &str = "?";

/// Every instance, also those that are gone.
pub fn load_known(r: &Reader<'_>) -> Result<Vec<Known>, Error> {
    r.rows(
        "SELECT account, provider, region, instance_id, name, status, instance_type, cpu_count, memory_mib, data_disks,
                public_ip, elastic_ip, stopped_mode, created_at, expired_at, first_seen_at,
                last_changed_at, deleted_at
         FROM ecs_instances
         ORDER BY account, provider, region, instance_id",
        &[],
        |row| {
            let count = |column| Ok::<_, Error>(row.opt_int(column)?.and_then(|count| u64::try_from(count).ok()));
            let disks = set::<Disk>(row.opt_text(9)?.unwrap_or_default());
            let sizes = disks.iter().filter_map(|disk| disk.size_gib.and_then(|size| u64::try_from(size).ok()));
            let is_text = |column| Ok::<_, Error>(row.opt_text(column)?.is_some_and(|text| !text.is_empty()));
            Ok(Known {
                account: row.text(0)?.to_owned(),
                provider: row.text(1)?.to_owned(),
                region: row.text(2)?.to_owned(),
                id: row.text(3)?.to_owned(),
                name: owned(row, 4)?,
                status: row.text(5)?.to_owned(),
                instance_type: owned(row, 6)?,
                cpu_count: count(7)?.unwrap_or_default(),
                memory_mib: count(8)?.unwrap_or_default(),
                disk_gib: sizes.sum(),
                has_public_ip: is_text(10)? || is_text(11)?,
                stopped_mode: owned(row, 12)?,
                created_at: row.opt_instant(13)?,
                expired_at: row.opt_instant(14)?,
                first_seen_at: row.instant(15)?,
                last_changed_at: row.instant(16)?,
                deleted_at: row.opt_instant(17)?,
            })
        },
    )
}

/// The changes of these instances since then, the oldest first.
pub fn load_events(r: &Reader<'_>, known: &[Known], since: Timestamp) -> Result<Vec<Event>, Error> {
    let places: HashMap<(&str, &str, &str), usize> = known
        .iter()
        .enumerate()
        .map(|(place, known)| ((known.account.as_str(), known.region.as_str(), known.id.as_str()), place))
        .collect();
    let mut events = Vec::new();
    r.for_each(
        "SELECT at, account, region, instance, kind, field, before
         FROM ecs_changes
         WHERE at >= ?1
         ORDER BY id",
        &[(&to_rfc3339_millis(since)).into()],
        |row| {
            if let Some(instance) = places.get(&(row.text(1)?, row.text(2)?, row.text(3)?)) {
                let field = owned(row, 5)?;
                let is_walked = matches!(field.as_deref(), Some("status" | "instance_type"));
                let before = if is_walked { owned(row, 6)? } else { None };
                let (at, kind) = (row.instant(0)?, row.text(4)?.to_owned());
                events.push(Event { at, instance: *instance, kind, field, before });
            }
            Ok::<_, Error>(())
        },
    )?;
    Ok(events)
}

/// The instances at the end of each slot; nothing before the first was seen. What was there before the oldest change
/// is in the levels of those days.
pub fn load_counts(
    r: &Reader<'_>,
    known: &[Known],
    events: &[Event],
    period: &Period,
    now: Timestamp,
) -> Result<Vec<Option<Counts>>, Error> {
    let mut counts = replay(known, events, &period.ends(), now);
    let oldest = r.first("SELECT MIN(at) FROM ecs_changes", &[], |row| row.opt_instant(0))?.flatten();
    let mut kept: BTreeMap<usize, (jiff::civil::Date, Counts)> = BTreeMap::new();
    for level in load_levels(r, "ecs", period.first())? {
        let (Some(slot), Ok(dimension)) = (period.slot_of(level.day), level.name.parse()) else { continue };
        let known = kept.entry(slot).or_insert_with(|| (level.day, Counts::new()));
        if known.0 != level.day {
            *known = (level.day, Counts::new());
        }
        known.1.insert((dimension, level.label), level.value);
    }
    for (slot, end) in period.ends().into_iter().enumerate() {
        if oldest.is_none_or(|oldest| end <= oldest)
            && let Some((_, levels)) = kept.remove(&slot)
            && end <= now
        {
            counts[slot] = Some(levels);
        }
    }
    Ok(counts)
}

/// What undoes a change.
enum Undo<'a> {
    Alive(bool),
    Status(&'a str),
    Type(Option<&'a str>),
}

fn replay(known: &[Known], events: &[Event], ends: &[Timestamp], now: Timestamp) -> Vec<Option<Counts>> {
    let mut steps: Vec<(Timestamp, usize, Undo<'_>)> = Vec::new();
    let mut has = vec![(false, false); known.len()];
    for event in events {
        let undo = match (event.kind.as_str(), event.field.as_deref()) {
            ("added", _) => {
                has[event.instance].0 = true;
                Undo::Alive(false)
            }
            ("deleted", _) => {
                has[event.instance].1 = true;
                Undo::Alive(true)
            }
            ("restored", _) => Undo::Alive(false),
            (_, Some("status")) => Undo::Status(event.before.as_deref().unwrap_or_default()),
            (_, Some("instance_type")) => Undo::Type(event.before.as_deref()),
            _ => continue,
        };
        steps.push((event.at, event.instance, undo));
    }
    // Where changes are gone, the rows still say when an instance came and went.
    for (place, known) in known.iter().enumerate() {
        if !has[place].0 {
            steps.push((known.first_seen_at, place, Undo::Alive(false)));
        }
        if let Some(at) = known.deleted_at.filter(|_| !has[place].1) {
            steps.push((at, place, Undo::Alive(true)));
        }
    }
    steps.sort_by_key(|(at, ..)| *at);
    let mut states: Vec<Known> = known.to_vec();
    let first_seen = known.iter().map(|known| known.first_seen_at).min();
    let mut counts = vec![None; ends.len()];
    for (slot, end) in ends.iter().enumerate().rev() {
        while let Some((_, place, undo)) = steps.pop_if(|(at, ..)| *at >= *end) {
            let state = &mut states[place];
            match undo {
                Undo::Alive(true) => state.deleted_at = None,
                Undo::Alive(false) => state.deleted_at = Some(now),
                Undo::Status(before) => before.clone_into(&mut state.status),
                Undo::Type(kind) => state.instance_type = kind.map(str::to_owned),
            }
        }
        if first_seen.is_some_and(|first| first < *end) {
            counts[slot] = Some(count(&states));
        }
    }
    counts
}

fn count(known: &[Known]) -> Counts {
    let mut counts = Counts::new();
    for known in known.iter().filter(|known| known.is_alive()) {
        for (dimension, value) in known.values() {
            *counts.entry((dimension, value.to_owned())).or_insert(0) += 1;
        }
    }
    counts
}

/// The live instances by each dimension, for the day.
pub fn levels(r: &Reader<'_>) -> Result<Vec<Level>, Error> {
    let groups = r.rows(
        "SELECT provider, region, COALESCE(instance_type, ?1), status, COUNT(*)
         FROM ecs_instances
         WHERE deleted_at IS NULL
         GROUP BY provider, region, instance_type, status",
        &[UNKNOWN.into()],
        |row| {
            let text = |column| Ok::<_, Error>(row.text(column)?.to_owned());
            Ok(([text(0)?, text(1)?, text(2)?, text(3)?], row.count(4)?))
        },
    )?;
    let mut counts = Counts::new();
    for (values, count) in groups {
        for (dimension, value) in Dimension::iter().zip(values) {
            *counts.entry((dimension, value)).or_insert(0) += count;
        }
    }
    let level =
        |((dimension, label), value): ((Dimension, String), u64)| Level { name: dimension.into_str(), label, value };
    Ok(counts.into_iter().map(level).collect())
}

/// Deletes changes of instances from before that instant, the oldest first.
pub fn delete_changes(w: &Writer<'_>, before: &str) -> Result<u64, Error> {
    w.execute(
        "DELETE FROM ecs_changes
         WHERE at < ?1
           AND id IN (SELECT id
                      FROM ecs_changes
                      ORDER BY id
                      LIMIT ?2)",
        &[before.into(), PRUNE_COUNT.into()],
    )
}

/// Deletes changes of databases, caches and buckets from before that instant, the oldest first.
pub fn delete_resource_changes(w: &Writer<'_>, before: &str) -> Result<u64, Error> {
    w.execute(
        "DELETE FROM cloud_changes
         WHERE at < ?1
           AND seq IN (SELECT seq
                       FROM cloud_changes
                       ORDER BY seq
                       LIMIT ?2)",
        &[before.into(), PRUNE_COUNT.into()],
    )
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Counts, Dimension, Event, Known, replay};

    fn day(number: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * number)
    }

    fn known(id: &str, first: i64, deleted: Option<i64>) -> Known {
        Known {
            id: id.to_owned(),
            status: "running".to_owned(),
            instance_type: Some("large".to_owned()),
            first_seen_at: day(first),
            deleted_at: deleted.map(day),
            ..Known::default()
        }
    }

    fn event(at: i64, kind: &str, field: Option<&str>, before: Option<&str>) -> Event {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Event { at: day(at), instance: 0, kind: kind.to_owned(), field: owned(field), before: owned(before) }
    }

    /// How many there were at the end of each of the days 1 to 6 with this value.
    fn check(known: &[Known], events: &[Event], of: (Dimension, &str), expected: [Option<u64>; 6]) {
        let ends: Vec<_> = (1..=6).map(day).collect();
        let key = (of.0, of.1.to_owned());
        let count = |counts: Option<Counts>| counts.map(|counts| counts.get(&key).copied().unwrap_or_default());
        let found: Vec<_> = replay(known, events, &ends, day(6)).into_iter().map(count).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn instances_are_counted_while_they_live() {
        let all = (Dimension::Status, "running");
        check(&[known("a", 2, None)], &[], all, [None, None, Some(1), Some(1), Some(1), Some(1)]);
        check(&[known("a", 1, Some(4))], &[], all, [None, Some(1), Some(1), Some(1), Some(0), Some(0)]);
        check(&[known("a", 0, Some(2)), known("b", 3, None)], &[], all, [1, 1, 0, 1, 1, 1].map(Some));
        check(&[], &[], all, [None; 6]);
    }

    #[test]
    fn a_restored_instance_was_away() {
        let events = [event(0, "added", None, None), event(2, "deleted", None, None), event(4, "restored", None, None)];
        check(&[known("a", 0, None)], &events, (Dimension::Status, "running"), [1, 1, 0, 0, 1, 1].map(Some));
    }

    #[test]
    fn status_and_type_are_those_of_the_day() {
        let events = [
            event(2, "updated", Some("status"), Some("stopped")),
            event(2, "updated", Some("name"), None),
            event(3, "updated", Some("instance_type"), Some("small")),
        ];
        let instances = [known("a", 0, None)];
        check(&instances, &events, (Dimension::Status, "stopped"), [1, 1, 0, 0, 0, 0].map(Some));
        check(&instances, &events, (Dimension::Type, "small"), [1, 1, 1, 0, 0, 0].map(Some));
        check(&instances, &events, (Dimension::Type, "large"), [0, 0, 0, 1, 1, 1].map(Some));
    }
}
