//! What others read: views with stable names, what `export` takes out, and what `changes` lists.

use crate::present::text;
use crate::store::{Component, Migration};
use crate::upstreams::exported::Exported;
use crate::upstreams::row_changes::ChangeSource;

pub const VIEWS: Component = Component {
    name: "fairing_views",
    migrations: &[Migration { name: "0001_create", sql: include_str!("migrations/views_0001_create.sql") }],
};

pub const EXPORTS: &[Exported] = &[
    Exported::mirrored("v_responses", text("the answers there are", "现有的答卷")),
    Exported::mirrored("v_questions", text("the questions there are", "现有的问题")),
    Exported::mirrored(
        "fairing_responses",
        text("answers, deleted ones and raw JSON too", "答卷，含已删除的和原始 JSON"),
    ),
    Exported::mirrored(
        "fairing_questions",
        text("questions, deleted ones and raw JSON too", "问题，含已删除的和原始 JSON"),
    ),
];

pub const CHANGE_SOURCES: &[ChangeSource] = &[
    ChangeSource::mirrored("fairing_questions", "t.account", "t.id", "t.prompt"),
    ChangeSource::mirrored("fairing_responses", "t.account", "t.id", "t.response"),
];
