//! Every statement of the upstream.

mod lists;

use std::sync::LazyLock;

use jiff::Timestamp;
use strum::{IntoEnumIterator as _, IntoStaticStr};

use super::diff::{Field, FieldChange, Save, SaveKind, Stored, StoredSet};
use super::instance::{Compared, InstanceId, Status};
use super::provider::Provider;
use super::regions::{KnownRegion, Region};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Migration, Reader, Value, Writer};
use crate::upstreams::digest::Digest;
use crate::upstreams::mirror::{HashColumn, Replace, RowValues, Table, TableSpec, WriteMeta};

pub use self::lists::{
    ChangeFilter, ChangeRow, InstanceFilter, InstanceRow, has_tags, load_changes, load_instances, owned, set,
};

pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") },
    Migration { name: "0002_projects", sql: include_str!("migrations/0002_projects.sql") },
    Migration { name: "0003_resources", sql: include_str!("migrations/0003_resources.sql") },
    Migration { name: "0004_types", sql: include_str!("migrations/0004_types.sql") },
];

/// The columns beside the compared fields', in the order of [`save_instance`].
const DETAIL_COLUMNS: [&str; 20] = [
    "host_name",
    "description",
    "zone",
    "instance_type_family",
    "cpu_count",
    "memory_mib",
    "os_name",
    "os_type",
    "image_id",
    "network_type",
    "vpc_id",
    "subnet_id",
    "elastic_ip",
    "charge_type",
    "stopped_mode",
    "key_name",
    "root_device",
    "created_at",
    "launched_at",
    "expired_at",
];

static INSTANCES: LazyLock<Table> = LazyLock::new(|| {
    Table::new(TableSpec {
        name: "ecs_instances",
        key: &["account", "provider", "region", "instance_id"],
        number: None,
        columns: Field::iter().map(Field::name).chain(DETAIL_COLUMNS).collect(),
        hash: HashColumn::Text,
    })
});

/// Whose rows: the part of the key that all rows of a scope share.
#[derive(Clone, Debug)]
pub struct RegionKey {
    pub account: String,
    pub provider: Provider,
    pub region: Region,
}

impl RegionKey {
    pub fn values(&self) -> [Value<'_>; 3] {
        [Value::Text(&self.account), Value::Text(self.provider.name()), Value::Text(self.region.as_str())]
    }

    fn row<'a>(&'a self, id: &'a InstanceId) -> [Value<'a>; 4] {
        let [account, provider, region] = self.values();
        [account, provider, region, id.as_str().into()]
    }
}

/// What happened to an instance, as `ecs_changes` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum ChangeKind {
    Added,
    Updated,
    Deleted,
    Restored,
}

impl ChangeKind {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// What is stored of a scope, tombstones included, as far as a comparison needs it.
pub fn load_stored(r: &Reader<'_>, region: &RegionKey) -> Result<StoredSet, Error> {
    let rows = r.rows(
        "SELECT instance_id, status, name, public_ip, private_ip, instance_type, security_groups, data_disks, tags,
                content_hash, deleted_at
         FROM ecs_instances
         WHERE account = ?1 AND provider = ?2 AND region = ?3",
        &region.values(),
        |row| {
            let compared = Compared {
                status: Status::parse(row.text(1)?),
                name: owned(row, 2)?,
                public_ip: owned(row, 3)?,
                private_ip: owned(row, 4)?,
                instance_type: owned(row, 5)?,
                security_groups: set(row.text(6)?),
                data_disks: set(row.text(7)?),
                tags: set(row.text(8)?),
            };
            // One that cannot be read differs from every other: the row is written anew.
            let content_hash = Digest::from_str_radix(row.text(9)?, 16).ok();
            let is_deleted = row.opt_text(10)?.is_some();
            Ok((InstanceId::from(row.text(0)?), Stored { compared, content_hash, is_deleted }))
        },
    )?;
    Ok(rows.into_iter().collect())
}

/// Writes a row and records its changes. The time of its last change moves only with what is recorded.
pub fn save_instance(w: &Writer<'_>, region: &RegionKey, meta: &WriteMeta, save: &Save) -> Result<(), Error> {
    let instance = &save.row;
    let details = &instance.details;
    let compared: Vec<_> = Field::iter().map(|field| field.text(&instance.compared)).collect();
    let times = [details.created_at, details.launched_at, details.expired_at].map(|time| time.map(to_rfc3339_millis));
    let before = [&details.host_name, &details.description, &details.zone, &details.instance_type_family];
    let after = [
        &details.os_name,
        &details.os_type,
        &details.image_id,
        &details.network_type,
        &details.vpc_id,
        &details.subnet_id,
        &details.elastic_ip,
        &details.charge_type,
        &details.stopped_mode,
        &details.key_name,
        &details.root_device,
    ];
    let columns = (compared.iter().chain(before).map(|text| Value::from(text.as_deref())))
        .chain([details.cpu_count.into(), details.memory_mib.into()])
        .chain(after.into_iter().chain(&times).map(|text| Value::from(text.as_deref())));
    let key = region.row(&instance.id);
    let row = RowValues { key: &key, number: None, content_hash: instance.content_hash, raw: Some(&instance.raw) };
    let (replace, kind) = match save.kind {
        SaveKind::Added => (Replace::Anything, Some(ChangeKind::Added)),
        SaveKind::Restored => (Replace::Anything, Some(ChangeKind::Restored)),
        SaveKind::Updated => (Replace::Anything, None),
        SaveKind::Refreshed => (Replace::Quietly, None),
    };
    INSTANCES.save(w, &row, columns, replace, meta)?;
    if let Some(kind) = kind {
        save_change(w, region, meta, &instance.id, kind, None)?;
    }
    for change in &save.changes {
        save_change(w, region, meta, &instance.id, ChangeKind::Updated, Some(change))?;
    }
    Ok(())
}

/// Writes a status and records it.
pub fn save_status(
    w: &Writer<'_>,
    region: &RegionKey,
    meta: &WriteMeta,
    id: &InstanceId,
    change: &FieldChange,
) -> Result<(), Error> {
    let mut values = region.row(id).to_vec();
    values.extend([change.after.as_deref().into(), Value::Text(&meta.at), meta.record.into()]);
    w.write(
        "UPDATE ecs_instances
         SET status = ?5,
             last_changed_at = ?6,
             last_seen_record = ?7
         WHERE account = ?1 AND provider = ?2 AND region = ?3 AND instance_id = ?4",
        &values,
    )?;
    save_change(w, region, meta, id, ChangeKind::Updated, Some(change))
}

/// Makes a live row a tombstone, its values kept, and records it. Answers whether there was one.
pub fn delete_instance(w: &Writer<'_>, region: &RegionKey, meta: &WriteMeta, id: &InstanceId) -> Result<bool, Error> {
    let is_deleted = INSTANCES.delete(w, &region.row(id), meta)?;
    if is_deleted {
        save_change(w, region, meta, id, ChangeKind::Deleted, None)?;
    }
    Ok(is_deleted)
}

fn save_change(
    w: &Writer<'_>,
    region: &RegionKey,
    meta: &WriteMeta,
    id: &InstanceId,
    kind: ChangeKind,
    change: Option<&FieldChange>,
) -> Result<(), Error> {
    w.write(
        "INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            meta.record.into(),
            Value::Text(&region.account),
            Value::Text(region.region.as_str()),
            id.as_str().into(),
            kind.name().into(),
            change.map(|change| change.field).into(),
            change.and_then(|change| change.before.as_deref()).into(),
            change.and_then(|change| change.after.as_deref()).into(),
            Value::Text(&meta.at),
        ],
    )?;
    Ok(())
}

/// The regions of an account as they were last listed, and when; `None` where they never were.
pub fn load_regions(
    r: &Reader<'_>,
    account: &str,
    provider: Provider,
) -> Result<Option<(Timestamp, Vec<KnownRegion>)>, Error> {
    let rows = r.rows(
        "SELECT region, label, endpoint, is_enabled, fetched_at, projects
         FROM ecs_regions
         WHERE account = ?1 AND provider = ?2
         ORDER BY region",
        &[account.into(), provider.name().into()],
        |row| {
            let name = row.text(0)?.to_owned();
            let projects = serde_json::from_str(row.text(5)?).unwrap_or_default();
            let region = KnownRegion {
                name,
                label: owned(row, 1)?,
                endpoint: owned(row, 2)?,
                is_enabled: row.int(3)? != 0,
                projects,
            };
            Ok((row.text(4)?.parse::<Timestamp>().ok(), region))
        },
    )?;
    // A time that cannot be read is none: the list is fetched again.
    let fetched_at = rows.first().and_then(|(fetched_at, _)| *fetched_at);
    Ok(fetched_at.map(|fetched_at| (fetched_at, rows.into_iter().map(|(_, region)| region).collect())))
}

/// Replaces the stored list of an account's regions.
pub fn save_regions(
    w: &Writer<'_>,
    account: &str,
    provider: Provider,
    regions: &[KnownRegion],
    now: Timestamp,
) -> Result<(), Error> {
    w.write(
        "DELETE FROM ecs_regions
         WHERE account = ?1 AND provider = ?2",
        &[account.into(), provider.name().into()],
    )?;
    let now = to_rfc3339_millis(now);
    for region in regions {
        w.write(
            "INSERT INTO ecs_regions (account, provider, region, label, endpoint, is_enabled, fetched_at, projects)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (account, provider, region) DO NOTHING",
            &[
                account.into(),
                provider.name().into(),
                Value::Text(&region.name),
                region.label.as_deref().into(),
                region.endpoint.as_deref().into(),
                region.is_enabled.into(),
                Value::Text(&now),
                serde_json::json!(region.projects).to_string().as_str().into(),
            ],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
