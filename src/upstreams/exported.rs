//! The tables and views that `export` takes out: a list of what may leave, not of what may not.

use crate::present::{Text, text};

/// The names of views begin with it.
const VIEW: &str = "v_";

/// A table, or a view with a stable name.
#[derive(Clone, Copy, Debug)]
pub struct Exported {
    pub name: &'static str,
    pub about: Text,
    /// The column with the run that last wrote a row.
    pub record: Option<&'static str>,
}

impl Exported {
    /// One whose rows do not say which run wrote them.
    pub const fn new(name: &'static str, about: Text) -> Self {
        Self { name, about, record: None }
    }

    /// One whose rows say in this column which run wrote them.
    pub const fn by_record(name: &'static str, about: Text, column: &'static str) -> Self {
        Self { name, about, record: Some(column) }
    }

    /// One of mirrored rows.
    pub const fn mirrored(name: &'static str, about: Text) -> Self {
        Self::by_record(name, about, "last_seen_record")
    }

    pub fn is_view(&self) -> bool {
        self.name.starts_with(VIEW)
    }
}

/// Those of the store. Locks and cursors are for the program alone.
pub const CORE: &[Exported] = &[
    Exported::by_record("sync_records", text("every run", "每次运行"), "id"),
    Exported::by_record("sync_scopes", text("every scope of a run", "运行的每个范围"), "record_id"),
    Exported::by_record("sync_warnings", text("what runs warned of", "运行的警告"), "record_id"),
];
