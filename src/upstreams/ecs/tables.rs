//! Every statement of the upstream.

mod lists;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::diff::{Field, FieldChange, Save, SaveKind, Stored, StoredSet};
use super::instance::{Compared, InstanceId, Status};
use super::provider::Provider;
use super::regions::{KnownRegion, Region};
use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Migration, Reader, RecordId, Row, Value, Writer};

pub use self::lists::{ChangeFilter, ChangeRow, InstanceFilter, InstanceRow, load_changes, load_instances};

pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") }];

/// Whose rows: the part of the key all rows of a scope share.
#[derive(Clone, Debug)]
pub struct Place {
    pub account: String,
    pub provider: Provider,
    pub region: Region,
}

impl Place {
    fn key(&self) -> [Value<'_>; 3] {
        [Value::Text(&self.account), Value::Text(self.provider.name()), Value::Text(self.region.as_str())]
    }
}

/// Which run writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub record: RecordId,
    pub at: Timestamp,
}

/// What `ecs_changes` tells of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Updated,
    Deleted,
    Restored,
}

impl ChangeKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }
}

/// What is stored of a scope, tombstones included, as far as a comparison needs it.
pub fn load_stored(r: &Reader<'_>, place: &Place) -> Result<StoredSet, Error> {
    let rows = r.rows(
        "SELECT instance_id, status, name, public_ip, private_ip, instance_type, security_groups, data_disks, tags,
                content_hash, deleted_at
         FROM ecs_instances
         WHERE account = ?1 AND provider = ?2 AND region = ?3",
        &place.key(),
        |row| {
            let compared = Compared {
                status: Status::parse(row.text(1)?),
                name: owned(row, 2)?,
                public_ip: owned(row, 3)?,
                private_ip: owned(row, 4)?,
                instance_type: owned(row, 5)?,
                security_groups: set(row, 6)?,
                data_disks: set(row, 7)?,
                tags: set(row, 8)?,
            };
            let content_hash = row.text(9)?.to_owned();
            let is_deleted = row.opt_text(10)?.is_some();
            Ok((InstanceId::from(row.text(0)?), Stored { compared, content_hash, is_deleted }))
        },
    )?;
    Ok(rows.into_iter().collect())
}

/// Writes a row and tells its changes. The time of its last change moves only with what is told.
pub fn save_instance(w: &Writer<'_>, place: &Place, stamp: Stamp, save: &Save) -> Result<(), Error> {
    let instance = &save.instance;
    let (compared, details) = (&instance.compared, &instance.details);
    let compared_texts = Field::ALL.map(|field| field.text(compared));
    let times = [details.created_at, details.launched_at, details.expired_at].map(|time| time.map(to_rfc3339_millis));
    let now = to_rfc3339_millis(stamp.at);
    let mut values: Vec<Value<'_>> = place.key().to_vec();
    values.push(Value::Text(instance.id.as_str()));
    let texts = compared_texts.iter().chain([
        &details.host_name,
        &details.description,
        &details.zone,
        &details.instance_type_family,
    ]);
    values.extend(texts.map(|text| Value::from(text.as_deref())));
    values.push(details.cpu_count.into());
    values.push(details.memory_mib.into());
    let texts = [
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
    values.extend(texts.into_iter().chain(&times).map(|text| Value::from(text.as_deref())));
    values.extend([
        Value::Text(&instance.raw),
        Value::Text(&instance.content_hash),
        Value::Text(&now),
        Value::Int(stamp.record.0),
        Value::from(save.kind != SaveKind::Refreshed),
    ]);
    w.execute(SAVE_INSTANCE, &values)?;
    let told = match save.kind {
        SaveKind::Added => Some(ChangeKind::Added),
        SaveKind::Restored => Some(ChangeKind::Restored),
        SaveKind::Updated | SaveKind::Refreshed => None,
    };
    if let Some(kind) = told {
        save_change(w, place, stamp, &instance.id, kind, None)?;
    }
    for change in &save.changes {
        save_change(w, place, stamp, &instance.id, ChangeKind::Updated, Some(change))?;
    }
    Ok(())
}

const SAVE_INSTANCE: &str = "
    INSERT INTO ecs_instances (
        account, provider, region, instance_id, status, name, public_ip, private_ip, instance_type, security_groups,
        data_disks, tags, host_name, description, zone, instance_type_family, cpu_count, memory_mib, os_name, os_type,
        image_id, network_type, vpc_id, subnet_id, elastic_ip, charge_type, stopped_mode, key_name, root_device,
        created_at, launched_at, expired_at, raw, content_hash, first_seen_at, last_changed_at, last_seen_record
    )
    VALUES (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?35, ?36
    )
    ON CONFLICT (account, provider, region, instance_id) DO UPDATE
    SET status = excluded.status,
        name = excluded.name,
        public_ip = excluded.public_ip,
        private_ip = excluded.private_ip,
        instance_type = excluded.instance_type,
        security_groups = excluded.security_groups,
        data_disks = excluded.data_disks,
        tags = excluded.tags,
        host_name = excluded.host_name,
        description = excluded.description,
        zone = excluded.zone,
        instance_type_family = excluded.instance_type_family,
        cpu_count = excluded.cpu_count,
        memory_mib = excluded.memory_mib,
        os_name = excluded.os_name,
        os_type = excluded.os_type,
        image_id = excluded.image_id,
        network_type = excluded.network_type,
        vpc_id = excluded.vpc_id,
        subnet_id = excluded.subnet_id,
        elastic_ip = excluded.elastic_ip,
        charge_type = excluded.charge_type,
        stopped_mode = excluded.stopped_mode,
        key_name = excluded.key_name,
        root_device = excluded.root_device,
        created_at = excluded.created_at,
        launched_at = excluded.launched_at,
        expired_at = excluded.expired_at,
        raw = excluded.raw,
        content_hash = excluded.content_hash,
        last_changed_at = CASE WHEN ?37 = 1 THEN excluded.last_changed_at ELSE ecs_instances.last_changed_at END,
        last_seen_record = excluded.last_seen_record,
        deleted_at = NULL";

/// Writes a status and tells it.
pub fn save_status(
    w: &Writer<'_>,
    place: &Place,
    stamp: Stamp,
    id: &InstanceId,
    change: &FieldChange,
) -> Result<(), Error> {
    let [account, provider, region] = place.key();
    w.execute(
        "UPDATE ecs_instances
         SET status = ?5,
             last_changed_at = ?6,
             last_seen_record = ?7
         WHERE account = ?1 AND provider = ?2 AND region = ?3 AND instance_id = ?4",
        &[
            account,
            provider,
            region,
            id.as_str().into(),
            change.after.as_deref().into(),
            Value::Text(&to_rfc3339_millis(stamp.at)),
            stamp.record.0.into(),
        ],
    )?;
    save_change(w, place, stamp, id, ChangeKind::Updated, Some(change))
}

/// Makes a live row a tombstone, its values kept, and tells it.
pub fn delete_instance(w: &Writer<'_>, place: &Place, stamp: Stamp, id: &InstanceId) -> Result<(), Error> {
    let [account, provider, region] = place.key();
    let deleted = w.execute(
        "UPDATE ecs_instances
         SET deleted_at = ?5,
             last_changed_at = ?5,
             last_seen_record = ?6
         WHERE account = ?1 AND provider = ?2 AND region = ?3 AND instance_id = ?4 AND deleted_at IS NULL",
        &[
            account,
            provider,
            region,
            id.as_str().into(),
            Value::Text(&to_rfc3339_millis(stamp.at)),
            stamp.record.0.into(),
        ],
    )?;
    if deleted > 0 {
        save_change(w, place, stamp, id, ChangeKind::Deleted, None)?;
    }
    Ok(())
}

fn save_change(
    w: &Writer<'_>,
    place: &Place,
    stamp: Stamp,
    id: &InstanceId,
    kind: ChangeKind,
    change: Option<&FieldChange>,
) -> Result<(), Error> {
    w.execute(
        "INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            stamp.record.0.into(),
            Value::Text(&place.account),
            Value::Text(place.region.as_str()),
            id.as_str().into(),
            kind.name().into(),
            change.map(|change| change.field.name()).into(),
            change.and_then(|change| change.before.as_deref()).into(),
            change.and_then(|change| change.after.as_deref()).into(),
            Value::Text(&to_rfc3339_millis(stamp.at)),
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
        "SELECT region, label, endpoint, is_enabled, fetched_at
         FROM ecs_regions
         WHERE account = ?1 AND provider = ?2
         ORDER BY region",
        &[account.into(), provider.name().into()],
        |row| {
            let name = row.text(0)?.to_owned();
            let region =
                KnownRegion { name, label: owned(row, 1)?, endpoint: owned(row, 2)?, is_enabled: row.int(3)? != 0 };
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
    w.execute(
        "DELETE FROM ecs_regions
         WHERE account = ?1 AND provider = ?2",
        &[account.into(), provider.name().into()],
    )?;
    let now = to_rfc3339_millis(now);
    for region in regions {
        w.execute(
            "INSERT INTO ecs_regions (account, provider, region, label, endpoint, is_enabled, fetched_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (account, provider, region) DO NOTHING",
            &[
                account.into(),
                provider.name().into(),
                Value::Text(&region.name),
                region.label.as_deref().into(),
                region.endpoint.as_deref().into(),
                region.is_enabled.into(),
                Value::Text(&now),
            ],
        )?;
    }
    Ok(())
}

fn owned(row: &Row<'_>, column: usize) -> Result<Option<String>, Error> {
    Ok(row.opt_text(column)?.map(str::to_owned))
}

/// A stored list. One that cannot be read (only a foreign hand can have written it) is empty: the next comparison finds
/// the difference, tells it and writes it anew.
fn set<T: DeserializeOwned + Ord>(row: &Row<'_>, column: usize) -> Result<BTreeSet<T>, Error> {
    Ok(serde_json::from_str(row.text(column)?).unwrap_or_default())
}

#[cfg(test)]
mod tests;
