//! Reads the database without tongbu and without a change.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

use crate::sandbox::Sandbox;

/// The sandbox's database, read-only.
pub struct Database(Connection);

/// One row of `sync_records`, as far as tests look at it.
#[derive(Debug)]
pub struct Record {
    pub status: String,
    pub exit_code: Option<i64>,
    pub pid: i64,
}

impl Sandbox {
    pub fn database(&self) -> Database {
        Database::open(&self.home.database())
    }

    /// Every byte that is stored, what is not yet checkpointed included.
    pub fn database_bytes(&self) -> Vec<u8> {
        let path = self.home.database();
        let mut bytes = std::fs::read(&path).expect("the database is there");
        // The log is gone once the last connection has been closed.
        bytes.extend(std::fs::read(path.with_extension("db-wal")).unwrap_or_default());
        bytes
    }
}

impl Database {
    pub fn open(path: &Path) -> Self {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        Self(connection.unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display())))
    }

    /// The only value of the only row.
    #[track_caller]
    pub fn value<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.0.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    #[track_caller]
    pub fn count(&self, sql: &str) -> u64 {
        u64::try_from(self.value::<i64>(&format!("SELECT count(*) FROM {sql}"))).expect("a count")
    }

    /// Every row, every column, in the statement's order.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let mut statement = self.0.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect());
        let rows = rows.and_then(Iterator::collect);
        rows.unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// The texts of the only column.
    #[track_caller]
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let text = |row: Vec<Value>| match row.into_iter().next() {
            Some(Value::Text(text)) => text,
            other => panic!("{other:?} is no text: {sql}"),
        };
        self.rows(sql).into_iter().map(text).collect()
    }

    /// Every record, the oldest first.
    #[track_caller]
    pub fn records(&self) -> Vec<Record> {
        let sql = "SELECT status, exit_code, pid FROM sync_records ORDER BY id";
        let mut statement = self.0.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let rows =
            statement.query_map([], |row| Ok(Record { status: row.get(0)?, exit_code: row.get(1)?, pid: row.get(2)? }));
        rows.and_then(Iterator::collect).unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// The pages are whole, the references hold, and no record is said to run.
    #[track_caller]
    pub fn assert_consistent(&self) {
        assert_eq!(self.value::<String>("PRAGMA integrity_check"), "ok");
        assert!(self.rows("PRAGMA foreign_key_check").is_empty());
        assert_eq!(self.count("sync_records WHERE status = 'running'"), 0, "{:#?}", self.records());
        assert_eq!(self.count("sync_scopes WHERE status = 'running'"), 0);
        assert_eq!(self.count("sync_locks WHERE released = 0"), 0, "a lock is left behind");
    }

    /// The content of a table that a pass which changes nothing must leave alone.
    #[track_caller]
    pub fn content(&self, table: &str) -> Vec<Vec<Value>> {
        self.rows(&format!("SELECT * FROM {table} ORDER BY 1, 2"))
    }
}
