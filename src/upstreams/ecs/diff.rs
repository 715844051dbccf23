//! What changed: stored rows and fetched rows in, rows to save and changes to record out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use super::instance::{Compared, DisksKnown, Instance, InstanceId, Status};
use crate::upstreams::digest::Digest;
use crate::upstreams::mirror::{Identified, RowOutcome};

/// A row that is compared with what is stored of it.
pub trait Comparable: Identified {
    /// What is stored of the compared fields.
    type Compared;

    fn row_id(&self) -> &InstanceId;

    fn content_hash(&self) -> Digest;

    fn status(&self) -> Status;

    /// The provider itself says that it is gone.
    fn is_terminated(&self) -> bool {
        self.status() == Status::Terminated
    }

    /// Takes what was in no answer from what is stored.
    fn keep_unknown(&mut self, known: &Self::Compared);

    /// The fields that differ, in their order.
    fn changes(&self, known: &Self::Compared) -> Vec<FieldChange>;
}

impl Comparable for Instance {
    type Compared = Compared;

    fn row_id(&self) -> &InstanceId {
        &self.id
    }

    fn content_hash(&self) -> Digest {
        self.content_hash
    }

    fn status(&self) -> Status {
        self.compared.status
    }

    fn keep_unknown(&mut self, known: &Compared) {
        if self.disks_known != DisksKnown::Fully {
            self.compared.data_disks.clone_from(&known.data_disks);
        }
    }

    fn changes(&self, known: &Compared) -> Vec<FieldChange> {
        let change = |field: Field| {
            let (before, after) = (field.text(known), field.text(&self.compared));
            (before != after).then_some(FieldChange { field: field.name(), before, after })
        };
        Field::iter().filter_map(change).collect()
    }
}

/// What is stored of a row, as far as a comparison needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<C = Compared> {
    pub compared: C,
    /// `None` where it is no digest of ours.
    pub content_hash: Option<Digest>,
    /// The row is a tombstone.
    pub is_deleted: bool,
}

/// The stored rows of one scope, tombstones included.
pub type StoredSet<C = Compared> = BTreeMap<InstanceId, Stored<C>>;

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
    /// Its column.
    pub field: &'static str,
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
pub struct Save<R = Instance> {
    pub kind: SaveKind,
    pub row: R,
    /// Empty for what was added or only refreshed.
    pub changes: Vec<FieldChange>,
}

/// What a listing does to the stored rows of its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<R = Instance> {
    pub saves: Vec<Save<R>>,
    /// Stored rows the provider itself calls terminated: deleted without a guard.
    pub terminated: Vec<InstanceId>,
    /// Stored rows that are not in the listing: deleted only if it was complete, authorised, and the guard lets them.
    pub missing: Vec<InstanceId>,
    pub unchanged_count: u64,
}

impl<R> Default for Plan<R> {
    fn default() -> Self {
        Self { saves: Vec::new(), terminated: Vec::new(), missing: Vec::new(), unchanged_count: 0 }
    }
}

impl<R: Comparable> Plan<R> {
    /// The rows of which it is worth asking for more: all that are new or differ.
    pub fn saved_ids(&self) -> Vec<InstanceId> {
        self.saves.iter().map(|save| save.row.row_id().clone()).collect()
    }
}

/// Compares a listing with what is stored. `unreadable` are ids the listing holds in rows that cannot be read: they are
/// neither changed nor missing.
pub fn diff<R: Comparable>(stored: &StoredSet<R::Compared>, fetched: Vec<R>, unreadable: &BTreeSet<&str>) -> Plan<R> {
    let mut plan = Plan::default();
    let mut met = BTreeSet::new();
    for mut row in fetched {
        let known = stored.get(row.row_id());
        met.insert(row.row_id().clone());
        if row.is_terminated() {
            if known.is_some_and(|known| !known.is_deleted) {
                plan.terminated.push(row.row_id().clone());
            }
            continue;
        }
        let Some(known) = known else {
            plan.saves.push(Save { kind: SaveKind::Added, row, changes: Vec::new() });
            continue;
        };
        row.keep_unknown(&known.compared);
        let changes = row.changes(&known.compared);
        let kind = if known.is_deleted {
            SaveKind::Restored
        } else if !changes.is_empty() {
            SaveKind::Updated
        } else if known.content_hash != Some(row.content_hash()) {
            SaveKind::Refreshed
        } else {
            plan.unchanged_count += 1;
            continue;
        };
        plan.saves.push(Save { kind, row, changes });
    }
    let live = stored.iter().filter(|(_, row)| !row.is_deleted).map(|(id, _)| id);
    plan.missing = live.filter(|id| !met.contains(*id) && !unreadable.contains(id.as_str())).cloned().collect();
    plan
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
            let change = FieldChange { field: Field::Status.name(), before, after: Some(status.name().to_owned()) };
            plan.changed.push((id.clone(), status, change));
        }
    }
    plan
}

#[cfg(test)]
pub mod tests;
