//! Which kinds there are, and the columns of their tables.

use std::sync::LazyLock;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::upstreams::mirror::{HashColumn, Table, TableSpec};

/// What is synced of an account.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, IntoStaticStr, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Resource {
    #[default]
    Compute,
    Database,
    Cache,
    Bucket,
}

impl Resource {
    /// The word in the configuration, in scopes and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// Its table; `None` for instances, which have their own.
    pub const fn kind(self) -> Option<&'static Kind> {
        match self {
            Self::Compute => None,
            Self::Database => Some(&DATABASES),
            Self::Cache => Some(&CACHES),
            Self::Bucket => Some(&BUCKETS),
        }
    }
}

/// A column beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub is_number: bool,
    /// Its changes are recorded.
    pub is_compared: bool,
}

/// A kind of rows.
#[derive(Debug)]
pub struct Kind {
    pub resource: Resource,
    /// What messages call its rows.
    pub rows: &'static str,
    pub name: &'static str,
    /// The columns of the key; the last one is the row's own id.
    pub key: &'static [&'static str],
    /// In the order in which they are bound.
    pub columns: &'static [Column],
    pub table: LazyLock<Table>,
}

const fn text(name: &'static str) -> Column {
    Column { name, is_number: false, is_compared: true }
}

const fn number(name: &'static str) -> Column {
    Column { name, is_number: true, is_compared: true }
}

/// One that is stored and not compared.
const fn detail(name: &'static str) -> Column {
    Column { name, is_number: false, is_compared: false }
}

const REGIONAL_DATABASE: &[&str] = &["account", "provider", "region", "database_id"];
const REGIONAL_CACHE: &[&str] = &["account", "provider", "region", "cache_id"];
const GLOBAL_BUCKET: &[&str] = &["account", "provider", "name"];

const DATABASE_COLUMNS: &[Column] = &[
    text("status"),
    text("name"),
    text("endpoints"),
    text("class"),
    number("cpu_count"),
    number("memory_mib"),
    text("security_groups"),
    number("storage_gib"),
    text("storage_type"),
    text("version"),
    text("lock_mode"),
    number("multi_az"),
    text("tags"),
    text("replicas"),
    detail("status_raw"),
    detail("engine"),
    detail("zone"),
    detail("zones"),
    detail("vpc_id"),
    detail("subnet_id"),
    detail("network_type"),
    detail("charge_type"),
    detail("created_at"),
    detail("expired_at"),
    detail("role"),
    detail("primary_id"),
    detail("project"),
    Column { name: "deletion_protection", is_number: true, is_compared: false },
];

const CACHE_COLUMNS: &[Column] = &[
    text("status"),
    text("name"),
    text("endpoints"),
    text("class"),
    number("memory_mib"),
    number("shard_count"),
    number("replica_count"),
    text("security_groups"),
    text("version"),
    text("lock_mode"),
    text("charge_type"),
    number("multi_az"),
    text("tags"),
    detail("status_raw"),
    detail("engine"),
    detail("zone"),
    detail("zones"),
    detail("vpc_id"),
    detail("subnet_id"),
    detail("network_type"),
    detail("created_at"),
    detail("expired_at"),
    detail("role"),
    detail("project"),
    Column { name: "deletion_protection", is_number: true, is_compared: false },
];

const BUCKET_COLUMNS: &[Column] = &[
    text("region"),
    text("storage_class"),
    text("access"),
    text("versioning"),
    text("encryption"),
    text("replication"),
    text("tags"),
    detail("created_at"),
    detail("project"),
];

pub static DATABASES: Kind = Kind {
    resource: Resource::Database,
    rows: "databases",
    name: "cloud_databases",
    key: REGIONAL_DATABASE,
    columns: DATABASE_COLUMNS,
    table: LazyLock::new(|| table("cloud_databases", REGIONAL_DATABASE, DATABASE_COLUMNS)),
};

pub static CACHES: Kind = Kind {
    resource: Resource::Cache,
    rows: "caches",
    name: "cloud_caches",
    key: REGIONAL_CACHE,
    columns: CACHE_COLUMNS,
    table: LazyLock::new(|| table("cloud_caches", REGIONAL_CACHE, CACHE_COLUMNS)),
};

pub static BUCKETS: Kind = Kind {
    resource: Resource::Bucket,
    rows: "buckets",
    name: "cloud_buckets",
    key: GLOBAL_BUCKET,
    columns: BUCKET_COLUMNS,
    table: LazyLock::new(|| table("cloud_buckets", GLOBAL_BUCKET, BUCKET_COLUMNS)),
};

fn table(name: &'static str, key: &'static [&'static str], columns: &[Column]) -> Table {
    let columns = columns.iter().map(|column| column.name).collect();
    Table::new(TableSpec { name, key, number: None, columns, hash: HashColumn::Text })
}

impl Kind {
    /// Whether all rows of an account are one scope, whatever their regions.
    pub fn is_global(&self) -> bool {
        !self.key.contains(&"region")
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.resource == other.resource
    }
}
