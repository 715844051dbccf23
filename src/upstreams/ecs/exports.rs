//! What others read: views with stable names, what `export` takes out, and what `changes` lists.

use crate::present::text;
use crate::store::{Component, Migration};
use crate::upstreams::exported::Exported;
use crate::upstreams::row_changes::ChangeSource;

pub const VIEWS: Component = Component {
    name: "ecs_views",
    migrations: &[Migration { name: "0001_create", sql: include_str!("migrations/views_0001_create.sql") }],
};

pub const EXPORTS: &[Exported] = &[
    Exported::mirrored("v_instances", text("the instances there are", "现有的实例")),
    Exported::by_record(
        "v_instance_changes",
        text("what changed in instances, field by field", "实例的变更，逐字段"),
        "record_id",
    ),
    Exported::mirrored(
        "ecs_instances",
        text("instances, deleted ones and raw JSON too", "实例，含已删除的和原始 JSON"),
    ),
    Exported::by_record(
        "ecs_changes",
        text("what changed in instances, field by field", "实例的变更，逐字段"),
        "record",
    ),
    Exported::mirrored(
        "cloud_databases",
        text("databases, deleted ones and raw JSON too", "数据库，含已删除的和原始 JSON"),
    ),
    Exported::mirrored("cloud_caches", text("caches, deleted ones and raw JSON too", "缓存，含已删除的和原始 JSON")),
    Exported::mirrored(
        "cloud_buckets",
        text("buckets, deleted ones and raw JSON too", "存储桶，含已删除的和原始 JSON"),
    ),
    Exported::by_record(
        "cloud_changes",
        text("what changed in databases, caches and buckets, field by field", "数据库、缓存和存储桶的变更，逐字段"),
        "record",
    ),
    Exported::new(
        "ecs_types",
        text("what instances of a type have, as last looked up", "各实例规格的配置，以最近查到的为准"),
    ),
    Exported::new("ecs_regions", text("each account's regions as last listed", "各账号最近列出的地域")),
];

pub const CHANGE_SOURCES: &[ChangeSource] = &[
    ChangeSource::Own {
        subject: "ecs_instances",
        sql:
            "SELECT c.at, c.record AS record_id, CASE c.kind WHEN 'added' THEN 'new' ELSE c.kind END AS kind, c.account,
                c.instance AS id, i.name, c.field, c.before, c.after
             FROM ecs_changes AS c
             LEFT JOIN ecs_instances AS i
                ON i.account = c.account AND i.region = c.region AND i.instance_id = c.instance",
    },
    ChangeSource::Own {
        subject: "cloud_databases",
        sql:
            "SELECT c.at, c.record AS record_id, CASE c.kind WHEN 'added' THEN 'new' ELSE c.kind END AS kind, c.account,
                c.id, i.name AS name, c.field, c.before, c.after
             FROM cloud_changes AS c
             LEFT JOIN cloud_databases AS i
                ON i.account = c.account AND i.region = c.region AND i.database_id = c.id
             WHERE c.resource = 'database'",
    },
    ChangeSource::Own {
        subject: "cloud_caches",
        sql:
            "SELECT c.at, c.record AS record_id, CASE c.kind WHEN 'added' THEN 'new' ELSE c.kind END AS kind, c.account,
                c.id, i.name AS name, c.field, c.before, c.after
             FROM cloud_changes AS c
             LEFT JOIN cloud_caches AS i
                ON i.account = c.account AND i.region = c.region AND i.cache_id = c.id
             WHERE c.resource = 'cache'",
    },
    ChangeSource::Own {
        subject: "cloud_buckets",
        sql:
            "SELECT c.at, c.record AS record_id, CASE c.kind WHEN 'added' THEN 'new' ELSE c.kind END AS kind, c.account,
                c.id, c.id AS name, c.field, c.before, c.after
             FROM cloud_changes AS c
             WHERE c.resource = 'bucket'",
    },
];
