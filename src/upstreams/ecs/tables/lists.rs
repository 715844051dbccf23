//! The lists of live instances and of changes, for people.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::clock::to_rfc3339_millis;
use crate::store::{Error, Reader, RecordId, Row, Value};
use crate::upstreams::ecs::instance::{Disk, Tag};

/// Which instances to list.
#[derive(Clone, Debug, Default)]
pub struct InstanceFilter {
    pub account: Option<String>,
    pub region: Option<String>,
    /// The normalised word.
    pub status: Option<String>,
    /// All of them have to be there; without a value any value will do.
    pub tags: Vec<(String, Option<String>)>,
    /// Those that are gone instead of those that are there.
    pub deleted: bool,
}

/// A row of `ecs_instances`, as far as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRow {
    pub account: String,
    pub provider: String,
    pub region: String,
    pub id: String,
    pub status: String,
    pub name: Option<String>,
    pub public_ip: Option<String>,
    pub private_ip: Option<String>,
    pub instance_type: Option<String>,
    pub zone: Option<String>,
    pub security_groups: BTreeSet<String>,
    pub data_disks: BTreeSet<Disk>,
    pub tags: BTreeSet<Tag>,
    pub first_seen_at: Timestamp,
    pub last_changed_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// Which changes to list.
#[derive(Clone, Debug, Default)]
pub struct ChangeFilter {
    pub instance: Option<String>,
    pub since: Option<Timestamp>,
    pub record: Option<RecordId>,
}

/// A change of a row of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    pub at: Timestamp,
    pub record: i64,
    pub account: String,
    pub region: String,
    pub resource: String,
    pub instance: String,
    pub kind: String,
    /// Of an update: what changed, from what, to what.
    pub field: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The matching instances, by account, region and id.
pub fn load_instances(r: &Reader<'_>, filter: &InstanceFilter) -> Result<Vec<InstanceRow>, Error> {
    let InstanceFilter { account, region, status, tags, deleted } = filter;
    let [account, region, status] = [account, region, status].map(|text| Value::from(text.as_deref()));
    let mut rows = r.rows(
        "SELECT account, provider, region, instance_id, status, name, public_ip, private_ip, instance_type, zone,
                security_groups, data_disks, tags, first_seen_at, last_changed_at, deleted_at
         FROM ecs_instances
         WHERE CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END = ?4
           AND (account = ?1 OR ?1 IS NULL)
           AND (region = ?2 OR ?2 IS NULL)
           AND (status = ?3 OR ?3 IS NULL)
         ORDER BY account, provider, region, instance_id",
        &[account, region, status, (*deleted).into()],
        |row| {
            Ok(InstanceRow {
                account: row.text(0)?.to_owned(),
                provider: row.text(1)?.to_owned(),
                region: row.text(2)?.to_owned(),
                id: row.text(3)?.to_owned(),
                status: row.text(4)?.to_owned(),
                name: owned(row, 5)?,
                public_ip: owned(row, 6)?,
                private_ip: owned(row, 7)?,
                instance_type: owned(row, 8)?,
                zone: owned(row, 9)?,
                security_groups: set(row.text(10)?),
                data_disks: set(row.text(11)?),
                tags: set(row.text(12)?),
                first_seen_at: row.instant(13)?,
                last_changed_at: row.instant(14)?,
                deleted_at: row.opt_instant(15)?,
            })
        },
    )?;
    rows.retain(|row| has_tags(&row.tags, tags));
    Ok(rows)
}

/// Whether all that are wanted are there.
pub fn has_tags(tags: &BTreeSet<Tag>, wanted: &[(String, Option<String>)]) -> bool {
    let has = |key: &str, value: Option<&str>| {
        tags.iter().any(|tag| tag.key == key && value.is_none_or(|value| tag.value == value))
    };
    wanted.iter().all(|(key, value)| has(key, value.as_deref()))
}

/// The matching changes, the oldest first.
pub fn load_changes(r: &Reader<'_>, filter: &ChangeFilter) -> Result<Vec<ChangeRow>, Error> {
    let since = filter.since.map(to_rfc3339_millis);
    r.rows(
        "SELECT at, record, account, region, id, kind, field, before, after, resource
         FROM (
             SELECT id AS seq, record, 'compute' AS resource, account, region, instance AS id, kind, field, before, after, at
             FROM ecs_changes
             UNION ALL
             SELECT seq, record, resource, account, region, id, kind, field, before, after, at
             FROM cloud_changes
         ) AS changes
         WHERE (id = ?1 OR ?1 IS NULL)
           AND (at >= ?2 OR ?2 IS NULL)
           AND (record = ?3 OR ?3 IS NULL)
         ORDER BY record, at, resource, seq",
        &[filter.instance.as_deref().into(), since.as_deref().into(), filter.record.map(|RecordId(id)| id).into()],
        |row| {
            Ok(ChangeRow {
                at: row.instant(0)?,
                record: row.int(1)?,
                account: row.text(2)?.to_owned(),
                region: row.text(3)?.to_owned(),
                instance: row.text(4)?.to_owned(),
                kind: row.text(5)?.to_owned(),
                field: owned(row, 6)?,
                before: owned(row, 7)?,
                after: owned(row, 8)?,
                resource: row.text(9)?.to_owned(),
            })
        },
    )
}

pub fn owned(row: &Row<'_>, column: usize) -> Result<Option<String>, Error> {
    Ok(row.opt_text(column)?.map(str::to_owned))
}

/// A stored list. One that cannot be read (only another program can have written it) is empty: the next comparison finds
/// the difference, records it and writes it anew.
pub fn set<T: DeserializeOwned + Ord>(list: &str) -> BTreeSet<T> {
    serde_json::from_str(list).unwrap_or_default()
}
