//! What others read: views with stable names, what `export` takes out, and what `changes` lists.

use crate::present::text;
use crate::store::{Component, Migration};
use crate::upstreams::exported::Exported;
use crate::upstreams::row_changes::ChangeSource;

pub const VIEWS: Component = Component {
    name: "films_views",
    migrations: &[
        Migration { name: "0001_create", sql: include_str!("migrations/views_0001_create.sql") },
        Migration { name: "0002_sources", sql: include_str!("migrations/views_0002_sources.sql") },
    ],
};

pub const EXPORTS: &[Exported] = &[
    Exported::mirrored("v_films", text("the films of every source", "各来源的影片")),
    Exported::new("v_film_sources", text("each film once, the sources side by side", "每部影片一行，各来源并排")),
    Exported::mirrored("videos", text("films with raw JSON", "影片，含原始 JSON")),
];

/// The changes of one source's films.
pub const fn changes_of(source: &'static str) -> ChangeSource {
    ChangeSource::Mirrored {
        table: "videos",
        account: "t.source",
        id: "t.source_id",
        name: "t.title",
        only: Some(source),
    }
}
