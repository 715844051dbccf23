//! What others read: views with stable names, what `export` takes out, and what `changes` lists.

use crate::present::text;
use crate::store::{Component, Migration};
use crate::upstreams::exported::Exported;
use crate::upstreams::row_changes::ChangeSource;

pub const VIEWS: Component = Component {
    name: "users_views",
    migrations: &[Migration { name: "0001_create", sql: include_str!("migrations/views_0001_create.sql") }],
};

/// Entries of the stream that are no events are not among them: what is in them was never checked for passwords.
pub const EXPORTS: &[Exported] = &[
    Exported::mirrored("v_users", text("the users there are", "现有的用户")),
    Exported::new("v_deliveries", text("every event at every target", "每个事件在每个目标的投递")),
    Exported::mirrored("users", text("users, deleted ones and raw JSON too", "用户，含已删除的和原始 JSON")),
    Exported::new("user_events", text("every event in the order it came", "全部事件，按到达顺序")),
    Exported::new("user_deliveries", text("the state of every delivery", "每次投递的状态")),
    Exported::new("user_targets", text("how far each target is", "各目标的进度")),
    Exported::new("user_findings", text("where a target differed", "目标与本地的差异")),
];

pub const CHANGE_SOURCES: &[ChangeSource] =
    &[ChangeSource::mirrored("users", "''", "CAST(t.id AS TEXT)", "t.username")];
