//! What changed: stored rows and fetched rows in, rows to save and changes to record out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use super::instance::{Compared, DisksKnown, Instance, InstanceId, Status};
use crate::upstreams::digest::Digest;
use crate::upstreams::mirror::RowOutcome;

/// What is stored of an instance, as far as a comparison needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub compared: Compared,
    /// `None` where it is no digest of ours.
    pub content_hash: Option<Digest>,
    /// The row is a tombstone.
    pub is_deleted: bool,
}

/// The stored rows of one scope, tombstones included.
pub type StoredSet = BTreeMap<InstanceId, Stored>;

/// A field whose changes are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Field {
    Status,
    Name,
    PublicIp,
    PrivateIp,
    InstanceType,
    SecurityGroups,
    DataDisks,
    Tags,
}

impl Field {
    /// The column in `ecs_instances`, and the word in `ecs_changes`.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// The field as it is stored and recorded: text, or a JSON list in a fixed order.
    pub fn text(self, compared: &Compared) -> Option<String> {
        match self {
            Self::Status => Some(compared.status.name().to_owned()),
            Self::Name => compared.name.clone(),
            Self::PublicIp => compared.public_ip.clone(),
            Self::PrivateIp => compared.private_ip.clone(),
            Self::InstanceType => compared.instance_type.clone(),
            Self::SecurityGroups => Some(json_list(&compared.security_groups)),
            Self::DataDisks => Some(json_list(&compared.data_disks)),
            Self::Tags => Some(json_list(&compared.tags)),
        }
    }
}

/// A set as it is stored.
pub fn json_list<T: Serialize>(set: &BTreeSet<T>) -> String {
    // Structs of texts and numbers cannot fail to be written.
    serde_json::to_string(set).unwrap_or_default()
}

/// One field's old and new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    pub field: Field,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Why a row is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveKind {
    Added,
    /// It was a tombstone.
    Restored,
    /// At least one compared field changed.
    Updated,
    /// Only something changed that is not compared, such as the expiry: saved, counted as unchanged, not recorded.
    Refreshed,
}

impl SaveKind {
    pub const fn outcome(self) -> RowOutcome {
        match self {
            Self::Added => RowOutcome::New,
            Self::Restored => RowOutcome::Restored,
            Self::Updated => RowOutcome::Updated,
            Self::Refreshed => RowOutcome::Unchanged,
        }
    }
}

/// A row to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    pub kind: SaveKind,
    pub instance: Instance,
    /// Empty for what was added or only refreshed.
    pub changes: Vec<FieldChange>,
}

/// What a listing does to the stored rows of its scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub saves: Vec<Save>,
    /// Stored rows the provider itself calls terminated: deleted without a guard.
    pub terminated: Vec<InstanceId>,
    /// Stored rows that are not in the listing: deleted only if it was complete, authorised, and the guard lets them.
    pub missing: Vec<InstanceId>,
    pub unchanged_count: u64,
}

impl Plan {
    /// The instances whose disks are worth asking for: all whose row is new or differs.
    pub fn saved_ids(&self) -> Vec<InstanceId> {
        self.saves.iter().map(|save| save.instance.id.clone()).collect()
    }
}

/// Compares a listing with what is stored. `unreadable` are ids the listing holds in rows that cannot be read: they are
/// neither changed nor missing.
pub fn diff(stored: &StoredSet, fetched: Vec<Instance>, unreadable: &BTreeSet<&str>) -> Plan {
    let mut plan = Plan::default();
    let mut met = BTreeSet::new();
    for mut instance in fetched {
        let known = stored.get(&instance.id);
        met.insert(instance.id.clone());
        if instance.compared.status == Status::Terminated {
            if known.is_some_and(|known| !known.is_deleted) {
                plan.terminated.push(instance.id);
            }
            continue;
        }
        let Some(known) = known else {
            plan.saves.push(Save { kind: SaveKind::Added, instance, changes: Vec::new() });
            continue;
        };
        if instance.disks_known != DisksKnown::Fully {
            instance.compared.data_disks.clone_from(&known.compared.data_disks);
        }
        let changes = compare(&known.compared, &instance.compared);
        let kind = if known.is_deleted {
            SaveKind::Restored
        } else if !changes.is_empty() {
            SaveKind::Updated
        } else if known.content_hash != Some(instance.content_hash) {
            SaveKind::Refreshed
        } else {
            plan.unchanged_count += 1;
            continue;
        };
        plan.saves.push(Save { kind, instance, changes });
    }
    let live = stored.iter().filter(|(_, row)| !row.is_deleted).map(|(id, _)| id);
    plan.missing = live.filter(|id| !met.contains(*id) && !unreadable.contains(id.as_str())).cloned().collect();
    plan
}

/// The fields that differ, in their order.
pub fn compare(before: &Compared, after: &Compared) -> Vec<FieldChange> {
    let change = |field: Field| {
        let (before, after) = (field.text(before), field.text(after));
        (before != after).then_some(FieldChange { field, before, after })
    };
    Field::iter().filter_map(change).collect()
}

/// What a round over statuses does to the stored rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusPlan {
    pub changed: Vec<(InstanceId, Status, FieldChange)>,
    /// Stored rows the provider itself calls terminated.
    pub terminated: Vec<InstanceId>,
    pub unchanged_count: u64,
}

/// Compares statuses with the live stored rows.
pub fn diff_statuses(stored: &StoredSet, statuses: &BTreeMap<InstanceId, Status>) -> StatusPlan {
    let mut plan = StatusPlan::default();
    for (id, &status) in statuses {
        let Some(known) = stored.get(id).filter(|known| !known.is_deleted) else { continue };
        if status == Status::Terminated {
            plan.terminated.push(id.clone());
        } else if status == known.compared.status {
            plan.unchanged_count += 1;
        } else {
            let before = Some(known.compared.status.name().to_owned());
            let change = FieldChange { field: Field::Status, before, after: Some(status.name().to_owned()) };
            plan.changed.push((id.clone(), status, change));
        }
    }
    plan
}

#[cfg(test)]
pub mod tests;
