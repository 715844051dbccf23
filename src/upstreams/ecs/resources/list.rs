//! The stored rows of a kind, for people.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::kind::{Kind, Resource};
use crate::present::{Column, DocumentSchema, ListingSpec, Text, listing, text, words};
use crate::store::{Error, Reader};
use crate::upstreams::ecs::instance::Tag;
use crate::upstreams::ecs::tables::{InstanceFilter, has_tags, owned, set};

/// A live row of any kind, as far as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRow {
    pub resource: Resource,
    pub account: String,
    pub provider: String,
    pub region: Option<String>,
    pub id: String,
    pub status: Option<String>,
    pub name: Option<String>,
    pub engine: Option<String>,
    pub version: Option<String>,
    /// Of a bucket: its storage class.
    pub class: Option<String>,
    pub endpoints: BTreeSet<String>,
    pub memory_mib: Option<i64>,
    pub storage_gib: Option<i64>,
    pub tags: BTreeSet<Tag>,
    pub first_seen_at: Timestamp,
    pub last_changed_at: Timestamp,
}

/// The expressions for the columns from the id to the storage. Where a kind has no such column it is null.
const fn expressions(resource: Resource) -> &'static str {
    match resource {
        Resource::Bucket => {
            "name, CAST(NULL AS TEXT), name, CAST(NULL AS TEXT), CAST(NULL AS TEXT), storage_class, CAST(NULL AS TEXT),
             CAST(NULL AS INTEGER), CAST(NULL AS INTEGER)"
        }
        Resource::Cache => {
            "cache_id, status, name, engine, version, class, endpoints, memory_mib, CAST(NULL AS INTEGER)"
        }
        Resource::Compute | Resource::Database => {
            "database_id, status, name, engine, version, class, endpoints, memory_mib, storage_gib"
        }
    }
}

/// The matching rows that are live, or that are gone, by account, region and id.
pub fn load_assets(r: &Reader<'_>, kind: &Kind, filter: &InstanceFilter) -> Result<Vec<AssetRow>, Error> {
    let InstanceFilter { account, region, status, tags, deleted } = filter;
    let (table, columns) = (kind.name, expressions(kind.resource));
    let mut rows = r.rows(
        &format!(
            "SELECT account, provider, region, first_seen_at, last_changed_at, tags, {columns}
             FROM {table}
             WHERE CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END = ?3
               AND (account = ?1 OR ?1 IS NULL)
               AND (region = ?2 OR ?2 IS NULL)
             ORDER BY 1, 2, 3, 7"
        ),
        &[account.as_deref().into(), region.as_deref().into(), (*deleted).into()],
        |row| {
            Ok(AssetRow {
                resource: kind.resource,
                account: row.text(0)?.to_owned(),
                provider: row.text(1)?.to_owned(),
                region: owned(row, 2)?,
                first_seen_at: row.instant(3)?,
                last_changed_at: row.instant(4)?,
                tags: set(row.opt_text(5)?.unwrap_or_default()),
                id: row.text(6)?.to_owned(),
                status: owned(row, 7)?,
                name: owned(row, 8)?,
                engine: owned(row, 9)?,
                version: owned(row, 10)?,
                class: owned(row, 11)?,
                endpoints: set(row.opt_text(12)?.unwrap_or_default()),
                memory_mib: row.opt_int(13)?,
                storage_gib: row.opt_int(14)?,
            })
        },
    )?;
    rows.retain(|row| has_tags(&row.tags, tags) && (status.is_none() || row.status == *status));
    Ok(rows)
}

/// A column of these rows.
type C = Column<AssetRow>;

impl ListingSpec for AssetRow {
    const SCHEMA: DocumentSchema =
        DocumentSchema::new("tongbu.ecs-resources/1", "ecs list --resource database", listing::schema::<Self>);
    const KEY: &'static str = "resources";
    const EMPTY: Text = text("no matching resources", "没有符合条件的资源");
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> = Some(text("page {} of {}, {} row{|s}", "第 {} 页，共 {} 页，{} 行"));
    const COLUMNS: &'static [C] = &[
        C::text("resource", |row| row.resource.name()),
        C::text("account", |row| &row.account).titled(words::ACCOUNT),
        C::text("provider", |row| &row.provider),
        C::optional_text("region", |row| row.region.as_deref()).titled(words::REGION),
        C::text("id", |row| &row.id).titled(text("id", "编号")),
        C::optional_text("name", |row| row.name.as_deref()).titled(words::NAME).hidden_when_blank().droppable(4),
        C::optional_text("status", |row| row.status.as_deref()).titled(words::STATUS).hidden_when_blank(),
        C::optional_text("engine", |row| row.engine.as_deref()).titled(text("engine", "引擎")).hidden_when_blank(),
        C::optional_text("version", |row| row.version.as_deref())
            .titled(text("version", "版本"))
            .hidden_when_blank()
            .droppable(2),
        C::optional_text("class", |row| row.class.as_deref())
            .titled(text("class", "规格"))
            .hidden_when_blank()
            .droppable(3),
        C::nested::<BTreeSet<String>>("endpoints", |row| json!(row.endpoints)),
        C::optional_integer("memory_mib", |row| row.memory_mib),
        C::optional_integer("storage_gib", |row| row.storage_gib)
            .titled(text("storage GiB", "存储 GiB"))
            .hidden_when_blank()
            .droppable(1),
        C::nested::<BTreeSet<Tag>>("tags", |row| json!(row.tags)),
        C::time("first_seen_at", |row| row.first_seen_at),
        C::time("last_changed_at", |row| row.last_changed_at).titled(text("changed", "最近变更")).droppable(5),
    ];
}
