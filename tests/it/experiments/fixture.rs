//! One upstream with its databases: what a pass finds there, and what it leaves when nothing disturbs it.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::Value;

use crate::support::Sandbox;
use crate::upstreams::contract::Line;

/// What differs between two databases with the same content: keys given out in passing, and when and by which run
/// something was seen.
const INCIDENTAL: [&str; 9] = [
    "key",
    "at",
    "record",
    "record_id",
    "first_seen_at",
    "last_changed_at",
    "last_seen_record",
    "detail_at",
    "decided_at",
];

/// What a pass may find: nothing at all, or the rows of an earlier pass of which some have changed since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    Empty,
    Filled,
}

/// One upstream with its databases: what a pass finds, and what it leaves.
pub struct Fixture<'a> {
    pub line: &'a Line,
    pub sandbox: Sandbox,
    filled: Vec<u8>,
}

/// A pass that nothing disturbed.
pub struct Undisturbed {
    pub start: Start,
    pub took: Duration,
    pub content: Vec<String>,
}

impl<'a> Fixture<'a> {
    /// Both starts, each with the pass from there.
    pub fn prepare(line: &'a Line) -> (Self, [Undisturbed; 2]) {
        let sandbox = Sandbox::small();
        sandbox.run(line.command).expect(0);
        let filled = sandbox.database_bytes();
        (line.change)(&sandbox);
        let fixture = Self { line, sandbox, filled };
        let undisturbed = [Start::Empty, Start::Filled].map(|start| fixture.pass_from(start));
        (fixture, undisturbed)
    }

    fn pass_from(&self, start: Start) -> Undisturbed {
        self.restore(start);
        let took = self.sandbox.run(self.line.command).expect(0).took;
        Undisturbed { start, took, content: self.content() }
    }

    /// Runs the pass after one that was disturbed, which leaves what an undisturbed one does; returns how the disturbed
    /// one's record ended, if it had one.
    #[track_caller]
    pub fn check_next(&self, undisturbed: &Undisturbed) -> Option<String> {
        let next = self.sandbox.run(self.line.command).expect(0);
        let database = self.sandbox.database();
        database.assert_consistent();
        let mut statuses: Vec<String> = database.records().into_iter().map(|record| record.status).collect();
        if undisturbed.start == Start::Filled {
            assert_eq!(statuses.remove(0), "success");
        }
        assert_eq!(statuses.pop().as_deref(), Some("success"), "{next:?}");
        let (stored, content) = (self.content(), &undisturbed.content);
        let other: Vec<_> = stored.iter().filter(|row| !content.contains(row)).collect();
        assert!(stored == *content, "{} rows, undisturbed {}; other ones: {other:#?}", stored.len(), content.len());
        let disturbed = statuses.pop();
        assert!(statuses.is_empty(), "{statuses:?} before the disturbed run");
        disturbed
    }

    /// Makes the database what a pass is to find.
    pub fn restore(&self, start: Start) {
        let path = self.sandbox.home.database();
        for file in [path.clone(), path.with_extension("db-wal"), path.with_extension("db-shm")] {
            remove(&file);
        }
        if start == Start::Filled {
            std::fs::write(&path, &self.filled).expect("the database can be put back");
        }
    }

    /// Every row and every cursor, without what is incidental.
    pub fn content(&self) -> Vec<String> {
        let mut content: Vec<String> = self.line.tables.iter().flat_map(|table| self.rows_of(table)).collect();
        let cursors = "SELECT scope, json_remove(cursor, '$.last_full_at'), record_count, digest, not_before FROM sync_cursors ORDER BY scope";
        content.extend(self.sandbox.database().rows(cursors).into_iter().map(|row| format!("cursor {row:?}")));
        content
    }

    fn rows_of(&self, table: &str) -> Vec<String> {
        let database = self.sandbox.database();
        // An INTEGER PRIMARY KEY of ours is given out in passing as well.
        let columns = format!("SELECT name FROM pragma_table_info('{table}') WHERE NOT (pk = 1 AND type = 'INTEGER')");
        let columns = database.texts(&columns);
        let columns: Vec<String> = columns
            .into_iter()
            .filter(|column| !INCIDENTAL.contains(&column.as_str()))
            .map(|column| if column == "deleted_at" { "deleted_at IS NULL".to_owned() } else { column })
            .collect();
        let rows: Vec<Vec<Value>> = database.rows(&format!("SELECT {} FROM {table}", columns.join(", ")));
        let mut rows: Vec<String> = rows.into_iter().map(|row| format!("{table} {row:?}")).collect();
        rows.sort_unstable();
        rows
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
    }
}
