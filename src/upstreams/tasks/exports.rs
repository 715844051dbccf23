//! What others read: views with stable names, what `export` takes out, and what `changes` lists.

use crate::present::text;
use crate::store::{Component, Migration};
use crate::upstreams::exported::Exported;
use crate::upstreams::row_changes::ChangeSource;

pub const VIEWS: Component = Component {
    name: "tasks_views",
    migrations: &[Migration { name: "0001_create", sql: include_str!("migrations/views_0001_create.sql") }],
};

pub const EXPORTS: &[Exported] = &[
    Exported::mirrored("v_tasks", text("the call tasks, each with its package", "外呼任务及其数据包")),
    Exported::mirrored("v_packages", text("the lead packages there are", "现有的数据包")),
    Exported::mirrored("tasks", text("call tasks with raw JSON", "外呼任务，含原始 JSON")),
    Exported::by_record("task_matches", text("how tasks belong to packages", "任务与数据包的对应"), "record_id"),
    Exported::mirrored("lead_packages", text("lead packages, removed ones too", "数据包，含已移除的")),
];

pub const CHANGE_SOURCES: &[ChangeSource] = &[
    ChangeSource::mirrored("tasks", "''", "t.id", "t.name"),
    ChangeSource::mirrored("lead_packages", "''", "t.code", "t.name"),
];
