//! 1,000 instances in 20 regions to which everything happens between passes: what is told has to be exactly that.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value as Stored;
use serde_json::{Value, json};

use super::{check_counts, scope};
use crate::sandbox::ecs::{Disk, Machine};
use crate::sandbox::random::Random;
use crate::sandbox::{Ecs, Settings};
use crate::support::{Outcome, Sandbox};

const REGIONS: usize = 20;
const INSTANCES: u64 = 50;

/// The counts of a scope.
const NEW: usize = 0;
const UPDATED: usize = 1;
const UNCHANGED: usize = 2;
const DELETED: usize = 3;
const RESTORED: usize = 4;

/// What happens to an instance between two passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Stay,
    /// Its lists come in another order, which is no change.
    Reorder,
    Status,
    Name,
    PublicIp,
    PrivateIp,
    Kind,
    GroupAdded,
    GroupRemoved,
    GroupSwapped,
    DiskAdded,
    DiskResized,
    DiskRemoved,
    TagAdded,
    TagRemoved,
    TagChanged,
    Several,
    Vanish,
}

const FATES: [Fate; 18] = [
    Fate::Stay,
    Fate::Reorder,
    Fate::Status,
    Fate::Name,
    Fate::PublicIp,
    Fate::PrivateIp,
    Fate::Kind,
    Fate::GroupAdded,
    Fate::GroupRemoved,
    Fate::GroupSwapped,
    Fate::DiskAdded,
    Fate::DiskResized,
    Fate::DiskRemoved,
    Fate::TagAdded,
    Fate::TagRemoved,
    Fate::TagChanged,
    Fate::Several,
    Fate::Vanish,
];

/// Account, region, instance, kind and field of a change: its value before and after.
type Changes = BTreeMap<(String, String, String, &'static str, &'static str), (Value, Value)>;

/// What a pass has to tell.
#[derive(Default)]
struct Expected {
    changes: Changes,
    /// New, updated, unchanged, deleted, restored of each scope.
    counts: BTreeMap<String, [u64; 5]>,
}

/// Lets things happen, and keeps what did.
struct Churn<'a> {
    sandbox: &'a Sandbox,
    random: Random,
    /// Makes every new value another one.
    serial: u64,
    gone: BTreeMap<&'static str, Vec<Machine>>,
    met: BTreeSet<Fate>,
}

impl Fate {
    /// Brings it about; which fields differ afterwards.
    fn apply(self, machine: &mut Machine, serial: u64) -> &'static [&'static str] {
        match self {
            Self::Stay | Self::Vanish => &[],
            Self::Reorder => {
                machine.groups.reverse();
                machine.tags.reverse();
                machine.disks.reverse();
                &[]
            }
            Self::Status => {
                machine.status = if machine.status == "Running" { "Stopping" } else { "Running" };
                &["status"]
            }
            Self::Name => {
                machine.name = format!("名-{serial}");
                &["name"]
            }
            Self::PublicIp => {
                let free = machine.public_ip.is_none();
                machine.public_ip = free.then(|| format!("198.51.{}.{}", serial / 250, serial % 250));
                &["public_ip"]
            }
            Self::PrivateIp => {
                machine.private_ip = format!("10.9.{}.{}", serial / 250, serial % 250);
                &["private_ip"]
            }
            Self::Kind => {
                machine.kind = if machine.kind == "ecs.g8.large" { "ecs.g9.large" } else { "ecs.g8.large" };
                &["instance_type"]
            }
            Self::GroupAdded => {
                machine.groups.insert(0, format!("sg-{serial}"));
                &["security_groups"]
            }
            Self::GroupRemoved => machine.groups.pop().map_or(&[], |_| &["security_groups"]),
            Self::GroupSwapped => {
                let swapped = machine.groups.first_mut().map(|group| *group = format!("sg-{serial}"));
                swapped.map_or(&[], |()| &["security_groups"])
            }
            Self::DiskAdded => {
                machine.disks.push(Disk { id: format!("d-{serial}"), gib: 20 });
                &["data_disks"]
            }
            Self::DiskResized => {
                let resized = machine.disks.first_mut().map(|disk| disk.gib += 1);
                resized.map_or(&[], |()| &["data_disks"])
            }
            Self::DiskRemoved => machine.disks.pop().map_or(&[], |_| &["data_disks"]),
            Self::TagAdded => {
                machine.tags.push((format!("key-{serial}"), String::new()));
                &["tags"]
            }
            Self::TagRemoved => machine.tags.pop().map_or(&[], |_| &["tags"]),
            Self::TagChanged => {
                let changed = machine.tags.first_mut().map(|(_, value)| *value = format!("值 {serial}"));
                changed.map_or(&[], |()| &["tags"])
            }
            Self::Several => {
                for fate in [Self::Status, Self::Name, Self::DiskAdded, Self::TagAdded, Self::Reorder] {
                    fate.apply(machine, serial);
                }
                &["status", "name", "data_disks", "tags"]
            }
        }
    }
}

impl<'a> Churn<'a> {
    fn new(sandbox: &'a Sandbox, seed: u64) -> Self {
        Self { sandbox, random: Random::new(seed), serial: 0, gone: BTreeMap::new(), met: BTreeSet::new() }
    }

    /// Lets one of these happen to about every second instance of every region.
    fn happen(&mut self, fates: &[Fate]) -> Expected {
        let mut expected = Expected::default();
        for (account, region) in self.sandbox.ecs.regions() {
            let place = Place { account, region };
            let mut counts = [0; 5];
            let mut left = Vec::new();
            for mut machine in self.swap(region, Vec::new()) {
                let fate = if self.random.chance(50) { Fate::Stay } else { *self.random.pick(fates) };
                self.met.insert(fate);
                let before = machine.clone();
                let fields = fate.apply(&mut machine, self.serial());
                place.tell(&mut expected.changes, "updated", fields, &before, &machine);
                if fate == Fate::Vanish {
                    counts[DELETED] += 1;
                    place.tell(&mut expected.changes, "deleted", &[""], &before, &machine);
                    self.gone.entry(region).or_default().push(machine);
                } else {
                    counts[if fields.is_empty() { UNCHANGED } else { UPDATED }] += 1;
                    left.push(machine);
                }
            }
            // The order of the rows means nothing, either.
            left.reverse();
            self.swap(region, left);
            expected.counts.insert(place.scope(), counts);
        }
        expected
    }

    /// Brings back what vanished earlier, some of it changed, and adds what never was there.
    fn arrive(&mut self, mut returning: BTreeMap<&'static str, Vec<Machine>>, expected: &mut Expected) {
        for (account, region) in self.sandbox.ecs.regions() {
            let place = Place { account, region };
            let counts = expected.counts.entry(place.scope()).or_default();
            let mut machines = self.swap(region, Vec::new());
            for mut machine in returning.remove(region).unwrap_or_default() {
                let before = machine.clone();
                let fate = *self.random.pick(&[Fate::Stay, Fate::Several]);
                let fields = fate.apply(&mut machine, self.serial());
                place.tell(&mut expected.changes, "restored", &[""], &before, &machine);
                place.tell(&mut expected.changes, "updated", fields, &before, &machine);
                counts[RESTORED] += 1;
                machines.push(machine);
            }
            for _ in 0..self.random.below(3) {
                let machine = Machine::new(7, region, 1000 + self.serial());
                place.tell(&mut expected.changes, "added", &[""], &machine, &machine);
                counts[NEW] += 1;
                machines.insert(0, machine);
            }
            self.swap(region, machines);
        }
    }

    /// Gives the region these machines; which it had.
    fn swap(&self, region: &str, machines: Vec<Machine>) -> Vec<Machine> {
        let mut had = machines;
        self.sandbox.ecs.change(region, |found| std::mem::swap(&mut found.machines, &mut had));
        had
    }

    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

#[derive(Clone, Copy)]
struct Place {
    account: &'static str,
    region: &'static str,
}

impl Place {
    fn scope(self) -> String {
        format!("ecs/{}/{}", self.account, self.region)
    }

    fn tell(
        self,
        changes: &mut Changes,
        kind: &'static str,
        fields: &[&'static str],
        before: &Machine,
        after: &Machine,
    ) {
        for &field in fields {
            let values = [before, after].map(|machine| self.value(machine, field));
            assert_eq!(values[0] == values[1], field.is_empty(), "{field} of {after:?}");
            let key = (self.account.to_owned(), self.region.to_owned(), after.id.clone(), kind, field);
            let [before, after] = values;
            assert!(changes.insert(key, (before, after)).is_none());
        }
    }

    /// A field as it has to be told.
    fn value(self, machine: &Machine, field: &str) -> Value {
        let sorted = |mut rows: Vec<(String, Value)>| {
            rows.sort_by(|(one, _), (other, _)| one.cmp(other));
            rows.into_iter().map(|(_, row)| row).collect::<Value>()
        };
        match field {
            "" => Value::Null,
            "status" => machine.status.to_lowercase().into(),
            "name" => machine.name.as_str().into(),
            "public_ip" => json!(machine.public_ip),
            "private_ip" => machine.private_ip.as_str().into(),
            "instance_type" => machine.kind.into(),
            "security_groups" => {
                sorted(machine.groups.iter().map(|group| (group.clone(), group.as_str().into())).collect())
            }
            "data_disks" => {
                let (category, device) =
                    if self.account == Ecs::ALIYUN { ("cloud_essd", Some("/dev/xvdb")) } else { ("CLOUD_SSD", None) };
                let row =
                    |disk: &Disk| json!({"id": disk.id, "size_gib": disk.gib, "category": category, "device": device});
                sorted(machine.disks.iter().map(|disk| (disk.id.clone(), row(disk))).collect())
            }
            "tags" => {
                let row = |(key, value): &(String, String)| (key.clone(), json!({"key": key, "value": value}));
                sorted(machine.tags.iter().map(row).collect())
            }
            other => panic!("no field `{other}`"),
        }
    }
}

/// What the pass of that outcome has told.
fn told(sandbox: &Sandbox, outcome: &Outcome) -> Changes {
    let record = &outcome.json()["record_id"];
    let rows = sandbox.database().rows(&format!(
        "SELECT account, region, instance, kind, field, before, after
         FROM ecs_changes
         WHERE record = {record}"
    ));
    let count = rows.len();
    let text = |value: &Stored| if let Stored::Text(text) = value { Some(text.clone()) } else { None };
    let known = |word: Option<String>, words: &[&'static str]| {
        let word = word.unwrap_or_default();
        *words.iter().find(|known| **known == word).unwrap_or_else(|| panic!("`{word}` is none of {words:?}"))
    };
    let value = |value: &Stored| match text(value) {
        None => Value::Null,
        // Lists are told as JSON.
        Some(text) if text.starts_with('[') => serde_json::from_str(&text).expect("JSON"),
        Some(text) => text.into(),
    };
    let fields =
        ["", "status", "name", "public_ip", "private_ip", "instance_type", "security_groups", "data_disks", "tags"];
    let changes: Changes = rows
        .iter()
        .map(|row| {
            let kind = known(text(&row[3]), &["added", "updated", "deleted", "restored"]);
            let [account, region, instance] = [0, 1, 2].map(|column| text(&row[column]).expect("text"));
            ((account, region, instance, kind, known(text(&row[4]), &fields)), (value(&row[5]), value(&row[6])))
        })
        .collect();
    assert_eq!(changes.len(), count, "a change is told twice");
    changes
}

#[track_caller]
fn check(sandbox: &Sandbox, flags: &str, expected: &Expected) {
    let outcome = sandbox.ecs_pass(flags).expect(0);
    let sums =
        expected.counts.values().fold([0; 5], |sums: [u64; 5], counts| std::array::from_fn(|i| sums[i] + counts[i]));
    check_counts(&outcome, sums);
    for (name, counts) in &expected.counts {
        let summary = scope(&outcome, name)["summary"].clone();
        let found = ["new", "updated", "unchanged", "deleted", "restored"].map(|count| summary[count].as_u64());
        assert_eq!(found, counts.map(Some), "{name}");
    }
    let told = told(sandbox, &outcome);
    for (key, values) in &expected.changes {
        assert_eq!(told.get(key), Some(values), "{key:?}");
    }
    let unexpected: Vec<_> = told.keys().filter(|key| !expected.changes.contains_key(*key)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

#[test]
fn random_changes_of_a_thousand_instances_are_recorded_exactly() {
    const SEED: u64 = 7;
    let settings = Settings { seed: SEED, regions: REGIONS, instances: INSTANCES, ..Settings::default() };
    let sandbox = Sandbox::start(settings);
    check_counts(&sandbox.ecs_pass("").expect(0), [1000, 0, 0, 0, 0]);
    assert_eq!(sandbox.database().count("ecs_changes WHERE kind = 'added'"), 1000);
    let mut churn = Churn::new(&sandbox, SEED);
    for _ in 0..2 {
        let returning = std::mem::take(&mut churn.gone);
        let mut expected = churn.happen(&FATES);
        churn.arrive(returning, &mut expected);
        check(&sandbox, "", &expected);
    }
    assert_eq!(churn.met.len(), FATES.len(), "{:?}", churn.met);

    // What an incremental pass is to find: whatever the list tells, and the disks of who differs in it.
    let returning = std::mem::take(&mut churn.gone);
    assert!(!returning.is_empty());
    let in_the_list =
        FATES.into_iter().filter(|fate| ![Fate::DiskAdded, Fate::DiskResized, Fate::DiskRemoved].contains(fate));
    let mut expected = churn.happen(&in_the_list.collect::<Vec<_>>());
    churn.arrive(returning, &mut expected);
    check(&sandbox, "--incremental", &expected);

    let expected = churn.happen(&[Fate::Status]);
    check(&sandbox, "--status-only", &expected);
    let expected = churn.happen(&[Fate::Reorder]);
    assert!(expected.changes.is_empty());
    check(&sandbox, "", &expected);
    sandbox.database().assert_consistent();
}
