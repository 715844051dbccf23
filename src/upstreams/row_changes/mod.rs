//! Which rows passes changed, and how where that is kept.
//!
//! A mirrored row says itself which run wrote it last, when it was first seen and whether it is gone. What it cannot say
//! is in `row_changes`, written in the pass's own transaction: fields before and after, and that a row came back.

pub mod tables;

use jiff::Timestamp;
use strum::IntoStaticStr;

use crate::present::{Column, DocumentSchema, ListingSpec, Severity, Text, Word, listing, text, words};
use crate::store::{Component, Migration};
use crate::upstreams::exported::Exported;

pub const COMPONENT: Component = Component {
    name: "row_changes",
    migrations: &[Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") }],
};

/// The view of every upstream's changes.
pub const ALL_CHANGES: &str = "v_changes";

pub const EXPORTS: &[Exported] = &[Exported::by_record(
    ALL_CHANGES,
    text("what changed in the rows of every upstream, field by field", "各上游各行的变更，逐字段"),
    "record_id",
)];

/// A dry run shows this many changes.
pub const PREVIEWED: usize = 20;

/// Where the changes of one kind of rows are found.
#[derive(Clone, Copy, Debug)]
pub enum ChangeSource {
    /// A table whose rows have `first_seen_at`, `last_changed_at`, `last_seen_record` and `deleted_at`, as `t` in the
    /// expressions.
    Mirrored {
        table: &'static str,
        account: &'static str,
        id: &'static str,
        name: &'static str,
        /// Only rows of this account.
        only: Option<&'static str>,
    },
    /// A statement that answers at, record, kind, account, id, name, field, before, after.
    Own { subject: &'static str, sql: &'static str },
}

impl ChangeSource {
    /// A mirrored table, with the expressions for whose a row is, its id and its name.
    pub const fn mirrored(table: &'static str, account: &'static str, id: &'static str, name: &'static str) -> Self {
        Self::Mirrored { table, account, id, name, only: None }
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, strum::EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum ChangeKind {
    New,
    Updated,
    Deleted,
    Restored,
}

/// One change: of a field, or of a row as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    pub sync: String,
    /// The table of the row.
    pub subject: String,
    pub at: Timestamp,
    /// `None` where a person made it.
    pub record: Option<i64>,
    pub kind: ChangeKind,
    pub account: Option<String>,
    pub id: String,
    pub name: Option<String>,
    pub field: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl ChangeKind {
    const fn word(self) -> Word {
        let (label, severity) = match self {
            Self::New => (text("new", "新增"), Severity::Good),
            Self::Updated => (text("updated", "更新"), Severity::Plain),
            Self::Deleted => (text("deleted", "删除"), Severity::Warning),
            Self::Restored => (text("restored", "恢复"), Severity::Good),
        };
        Word::new(self.into_str(), label, severity)
    }
}

/// A column of changes.
type C = Column<RowChange>;

impl ListingSpec for RowChange {
    const SCHEMA: DocumentSchema = DocumentSchema::new("tongbu.changes/1", "changes", listing::schema::<Self>);
    const KEY: &'static str = "changes";
    const EMPTY: Text = words::NO_CHANGES;
    const IS_PAGED: bool = true;
    const FOOT: Option<Text> = Some(text("page {} of {}, {} change{|s}", "第 {} 页，共 {} 页，{} 项变更"));
    const COLUMNS: &'static [C] = &[
        C::time("at", |change| change.at).titled(words::AT).droppable(5),
        C::optional_integer("record_id", |change| change.record).titled(words::RECORD).hidden_when_blank().droppable(6),
        C::text("sync", |change| &change.sync),
        C::text("subject", |change| &change.subject).titled(text("table", "表")).droppable(3),
        C::optional_text("account", |change| change.account.as_deref())
            .titled(words::ACCOUNT)
            .hidden_when_blank()
            .droppable(4),
        C::text("id", |change| &change.id).titled(words::ID),
        C::optional_text("name", |change| change.name.as_deref()).titled(words::NAME).hidden_when_blank().droppable(2),
        C::word("kind", |change| change.kind.word()).titled(text("change", "变更")),
        C::optional_text("field", |change| change.field.as_deref()).titled(words::FIELD).hidden_when_blank(),
        C::optional_text("before", |change| change.before.as_deref())
            .titled(text("before", "变更前"))
            .hidden_when_blank(),
        C::optional_text("after", |change| change.after.as_deref()).titled(text("after", "变更后")).hidden_when_blank(),
    ];
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{ChangeKind, RowChange};
    use crate::present::style::samples::at;
    use crate::present::{Listing, Paging};
    use crate::ui::tables::render_output;
    use crate::ui::{injection_tests, snapshots};

    /// An update of a field of that row.
    fn change(text: &str) -> RowChange {
        RowChange {
            sync: "douban".to_owned(),
            subject: "videos".to_owned(),
            at: at(-60),
            record: Some(7),
            kind: ChangeKind::Updated,
            account: Some("douban".to_owned()),
            id: text.to_owned(),
            name: Some(text.to_owned()),
            field: Some("rating".to_owned()),
            before: Some(text.to_owned()),
            after: Some(text.to_owned()),
        }
    }

    fn page(changes: Vec<RowChange>) -> Listing<RowChange> {
        let paging = Paging { number: 1, per_page: 20, total: changes.len() as u64 };
        Listing::new(changes).with_paging(paging)
    }

    #[test]
    fn changes_are_listed() {
        let whole = |kind| RowChange { kind, field: None, before: None, after: None, ..change("90000001") };
        let output = page(vec![whole(ChangeKind::New), change("90000002"), whole(ChangeKind::Restored)]);
        assert_snapshot!(snapshots::render_everything(&output));
        snapshots::tables_fit(|style| render_output(&output, style));
    }

    #[test]
    fn hostile_texts_are_harmless() {
        injection_tests::check_output(|text| Box::new(page(vec![change(text)])));
    }
}
