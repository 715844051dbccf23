//! The statements on the rows of every kind, and on their changes.

use super::asset::{Asset, Known};
use super::kind::{Kind, Resource};
use crate::store::{Error, Reader, Value, Writer};
use crate::upstreams::digest::Digest;
use crate::upstreams::ecs::diff::{FieldChange, Save, SaveKind, Stored, StoredSet};
use crate::upstreams::ecs::instance::InstanceId;
use crate::upstreams::ecs::tables::{ChangeKind, RegionKey};
use crate::upstreams::mirror::{Replace, RowValues, WriteMeta};

/// The values of the key's columns before the row's own id.
fn scope<'a>(kind: &Kind, key: &'a RegionKey) -> Vec<Value<'a>> {
    let mut values = key.values().to_vec();
    values.truncate(kind.key.len() - 1);
    values
}

fn address<'a>(kind: &Kind, key: &'a RegionKey, id: &'a InstanceId) -> Vec<Value<'a>> {
    let mut values = scope(kind, key);
    values.push(id.as_str().into());
    values
}

/// What is stored of a scope, tombstones included, as far as a comparison needs it.
pub fn load_stored(r: &Reader<'_>, kind: &Kind, key: &RegionKey) -> Result<StoredSet<Known>, Error> {
    let compared: Vec<_> = kind.columns.iter().filter(|column| column.is_compared).collect();
    let names: Vec<&str> = compared.iter().map(|column| column.name).collect();
    let conditions: Vec<String> = kind.key[..kind.key.len() - 1]
        .iter()
        .enumerate()
        .map(|(index, column)| format!("{column} = ?{}", index + 1))
        .collect();
    let (table, id) = (kind.name, kind.key[kind.key.len() - 1]);
    let (columns, condition) = (names.join(", "), conditions.join(" AND "));
    let rows = r.rows(
        &format!("SELECT {id}, content_hash, deleted_at, {columns} FROM {table} WHERE {condition}"),
        &scope(kind, key),
        |row| {
            let mut known = Known::new();
            for (column, place) in compared.iter().zip(3..) {
                let text = if column.is_number {
                    row.opt_int(place)?.map(|number| number.to_string())
                } else {
                    row.opt_text(place)?.map(str::to_owned)
                };
                known.insert(column.name, text);
            }
            let content_hash = Digest::from_str_radix(row.text(1)?, 16).ok();
            let is_deleted = row.opt_text(2)?.is_some();
            Ok((InstanceId::from(row.text(0)?), Stored { compared: known, content_hash, is_deleted }))
        },
    )?;
    Ok(rows.into_iter().collect())
}

/// Writes a row and records its changes.
pub fn save_asset(
    w: &Writer<'_>,
    kind: &Kind,
    key: &RegionKey,
    meta: &WriteMeta,
    save: &Save<Asset>,
) -> Result<(), Error> {
    let asset = &save.row;
    let texts = asset.texts();
    let address = address(kind, key, &asset.id);
    let row = RowValues { key: &address, number: None, content_hash: asset.content_hash, raw: Some(&asset.raw) };
    let (replace, change) = match save.kind {
        SaveKind::Added => (Replace::Anything, Some(ChangeKind::Added)),
        SaveKind::Restored => (Replace::Anything, Some(ChangeKind::Restored)),
        SaveKind::Updated => (Replace::Anything, None),
        SaveKind::Refreshed => (Replace::Quietly, None),
    };
    kind.table.save(w, &row, asset.values(&texts), replace, meta)?;
    if let Some(change) = change {
        save_change(w, kind.resource, key, meta, &asset.id, change, None)?;
    }
    for change in &save.changes {
        save_change(w, kind.resource, key, meta, &asset.id, ChangeKind::Updated, Some(change))?;
    }
    Ok(())
}

/// Makes a live row a tombstone, its values kept, and records it. Answers whether there was one.
pub fn delete_asset(
    w: &Writer<'_>,
    kind: &Kind,
    key: &RegionKey,
    meta: &WriteMeta,
    id: &InstanceId,
) -> Result<bool, Error> {
    let is_deleted = kind.table.delete(w, &address(kind, key, id), meta)?;
    if is_deleted {
        save_change(w, kind.resource, key, meta, id, ChangeKind::Deleted, None)?;
    }
    Ok(is_deleted)
}

fn save_change(
    w: &Writer<'_>,
    resource: Resource,
    key: &RegionKey,
    meta: &WriteMeta,
    id: &InstanceId,
    kind: ChangeKind,
    change: Option<&FieldChange>,
) -> Result<(), Error> {
    w.write(
        "INSERT INTO cloud_changes (record, resource, account, region, id, kind, field, before, after, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &[
            meta.record.into(),
            resource.name().into(),
            Value::Text(&key.account),
            Value::Text(if resource == Resource::Bucket { "global" } else { key.region.as_str() }),
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
