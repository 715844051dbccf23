//! The store as a whole: opening, leases, records, copies.

mod files;
mod history;
mod leases;
mod listing;
mod opening;
mod places;
mod races;
mod runs;
mod states;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::records::RunStart;
use super::sqlite::raw::RawConnection;
use super::{
    Acquisition, Component, Error, Holder, Lease, LeaseRequest, Migration, Mode, RecordId, Store, StoreOptions, Trigger,
};
use crate::clock::Clock;

const TTL: Duration = Duration::from_secs(1800);

/// What the tests write: one number a row.
const SAMPLE: Component = Component {
    name: "sample",
    migrations: &[Migration {
        name: "0001_create",
        sql: "CREATE TABLE numbers (number INTEGER NOT NULL PRIMARY KEY) STRICT;",
    }],
};

/// A separate folder for each test, with a database and a manual clock.
struct Fixture {
    folder: tempfile::TempDir,
    clock: Clock,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Clock::manual("2026-01-02T03:04:05Z".parse().unwrap()) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("tongbu.db")
    }

    fn open(&self, mode: Mode) -> Result<Store, Error> {
        self.open_with(mode, vec![SAMPLE])
    }

    fn open_with(&self, mode: Mode, components: Vec<Component>) -> Result<Store, Error> {
        Store::open(self.path(), StoreOptions { clock: self.clock.clone(), mode, components })
    }

    fn store(&self) -> Store {
        self.open(Mode::ReadWrite).unwrap()
    }

    /// A raw connection, as another program would have one.
    fn raw(&self) -> RawConnection {
        RawConnection::open(&self.path())
    }
}

fn back_up(path: &Path, to: &Path) -> Result<u64, Error> {
    let options = StoreOptions { clock: Clock::system(), mode: Mode::ReadOnly, components: Vec::new() };
    Store::back_up(&path.into(), to, &options)
}

const fn request(name: &str, record: Option<RecordId>) -> LeaseRequest<'_> {
    LeaseRequest { name, ttl: TTL, trace_id: "trace", record, has_own_rows: false }
}

fn start(trace_id: &str) -> RunStart {
    RunStart {
        sync: "tasks",
        sync_type: "today",
        trigger: Trigger::Manual,
        trace_id: trace_id.into(),
        max_retries: 3,
        is_unread: false,
        zone: TimeZone::UTC,
    }
}

async fn acquire(store: &Store, name: &str) -> Lease {
    held(store.acquire(request(name, None)).await.unwrap())
}

async fn busy(store: &Store, name: &str) -> Holder {
    match store.acquire(request(name, None)).await.unwrap() {
        Acquisition::Busy(holder) => holder,
        Acquisition::Held(lease) => panic!("took {lease:?}"),
    }
}

fn held(acquisition: Acquisition) -> Lease {
    match acquisition {
        Acquisition::Held(lease) => lease,
        Acquisition::Busy(holder) => panic!("busy: {holder:?}"),
    }
}

async fn put(store: &Store, lease: &Lease, number: i64) -> Result<(), Error> {
    store.write(lease, move |w| w.execute("INSERT INTO numbers (number) VALUES (?1)", &[number.into()]).map(drop)).await
}

fn numbers(store: &Store) -> Vec<i64> {
    store.read(|r| r.rows("SELECT number FROM numbers ORDER BY number", &[], |row| row.int(0))).unwrap()
}

/// The files in a folder by name, with their content.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}
