//! Two tables, one of each kind, in a database of their own.

use std::path::Path;
use std::time::Duration;

use super::outcome::WriteMeta;
use super::table::{HashColumn, RowValues, Table, TableSpec};
use crate::clock::Clock;
use crate::store::{
    Acquisition, Component, Error, Lease, LeaseRequest, Migration, Mode, Reader, Store, StoreOptions, Value, Writer,
};
use crate::upstreams::digest::{Digest, of_bytes};
use crate::upstreams::row_changes;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_create",
    sql: "
        CREATE TABLE answers (
            key INTEGER PRIMARY KEY, content_hash BLOB NOT NULL, deleted_at TEXT, account TEXT NOT NULL,
            id TEXT NOT NULL, email TEXT, first_seen_at TEXT NOT NULL, last_changed_at TEXT NOT NULL,
            last_seen_record INTEGER NOT NULL, raw TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX answers_id ON answers (account, id);
        CREATE TABLE machines (
            account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, name TEXT, cpu INTEGER, raw TEXT,
            content_hash TEXT NOT NULL, first_seen_at TEXT NOT NULL, last_changed_at TEXT NOT NULL,
            last_seen_record INTEGER, deleted_at TEXT, PRIMARY KEY (account, region, id)
        ) STRICT;",
}];

/// The database, locked for writing.
pub struct Fixture {
    pub store: Store,
    lease: Lease,
    _folder: tempfile::TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("tongbu.db"));
        let request = LeaseRequest {
            name: "mirror/test",
            ttl: Duration::from_secs(600),
            trace_id: "test",
            record: None,
            has_own_rows: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let Acquisition::Held(lease) = runtime.block_on(store.acquire(request)).unwrap() else {
            panic!("the lock is held")
        };
        Self { store, lease, _folder: folder }
    }

    pub fn write<T: Send + 'static>(&self, f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static) -> T {
        self.store.write_blocking(&self.lease, f).unwrap()
    }

    pub fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> T {
        self.store.read(f).unwrap()
    }

    /// What the columns of all rows hold, joined to one text a row.
    pub fn rows(&self, table: &str, columns: &str) -> Vec<String> {
        let sql = format!("SELECT concat_ws(' ', {columns}) FROM {table} ORDER BY id");
        self.read(|r| r.rows(&sql, &[], |row| Ok(row.opt_text(0)?.unwrap_or("?").to_owned())))
    }
}

fn open(path: &Path) -> Store {
    let components = vec![Component { name: "mirror", migrations: MIGRATIONS }, row_changes::COMPONENT];
    Store::open(path, StoreOptions { clock: Clock::system(), mode: Mode::ReadWrite, components }).unwrap()
}

/// A numbered table, as surveys have.
pub fn answers() -> Table {
    Table::new(TableSpec {
        name: "answers",
        key: &["account", "id"],
        number: Some("key"),
        columns: vec!["email"],
        hash: HashColumn::Blob,
    })
}

/// A table known by its key alone, as clouds have.
pub fn machines() -> Table {
    Table::new(TableSpec {
        name: "machines",
        key: &["account", "region", "id"],
        number: None,
        columns: vec!["name", "cpu"],
        hash: HashColumn::Text,
    })
}

pub fn meta(record: i64) -> WriteMeta {
    WriteMeta { record: Some(record), at: format!("day {record}") }
}

pub fn hash(raw: &str) -> Digest {
    of_bytes(raw.as_bytes(), 0)
}

pub fn row<'a>(key: &'a [Value<'a>], number: Option<i64>, raw: &'a str) -> RowValues<'a> {
    RowValues { key, number, content_hash: hash(raw), raw: Some(raw) }
}
