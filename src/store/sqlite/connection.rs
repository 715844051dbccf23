//! One connection: how it is set up, and how its transactions begin and end.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::OpenFlags;

use super::fault::translate;
use super::{Reader, Writer};
use crate::store::Error;
use crate::store::oslock::WriterQueue;

/// How long a statement waits for other processes before the database counts as busy.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Whoever waits longer for its transaction queues up: short waits are fair without, and cheaper.
const LONG_WAIT: Duration = Duration::from_millis(20);

/// For new files: fits about a dozen rows of an upstream's raw JSON, which small pages would spill one by one.
const PAGE_BYTES: u32 = 16 * 1024;

/// A WAL that grew in a large transaction is cut back to this once it was checkpointed.
const JOURNAL_SIZE_LIMIT_BYTES: u32 = 16 * 1024 * 1024;

/// Page cache of a connection, in KiB: a batch of rows with its index pages fits.
const CACHE_KIB: u32 = 16 * 1024;

/// Statements kept prepared: more than one pass uses.
const STATEMENT_CACHE: usize = 64;

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Access {
    Write,
    Read,
}

/// How a transaction that went well ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Ending {
    Commit,
    /// Only as if: a dry run.
    RollBack,
}

/// An open connection to an existing database file.
pub(in crate::store) struct Connection {
    pub(super) sqlite: rusqlite::Connection,
    path: Arc<Path>,
    patience: Patience,
    queue: Option<WriterQueue>,
}

/// How long statements wait for other processes.
#[derive(Clone)]
struct Patience(Arc<AtomicU64>);

impl Connection {
    /// Connects to a file that exists, without changing it.
    pub(in crate::store) fn connect(path: Arc<Path>, access: Access) -> Result<Self, Error> {
        // Even a reader opens for writing: the last one to leave can then take the `-wal` and `-shm` files with it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sqlite = rusqlite::Connection::open_with_flags(&path, flags).map_err(|error| translate(error, &path))?;
        let mut connection = Self { sqlite, path, patience: Patience::new(), queue: None };
        connection.set_up(access).map_err(|error| translate(error, &connection.path))?;
        Ok(connection)
    }

    /// From now on write transactions keep to that queue.
    pub(in crate::store) fn queue_up(&mut self, queue: WriterQueue) {
        self.queue = Some(queue);
    }

    fn set_up(&mut self, access: Access) -> Result<(), rusqlite::Error> {
        self.sqlite.busy_handler(Some(fair_wait(self.patience.clone())))?;
        self.sqlite.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        // FULL: an acknowledged batch survives a power loss. `trusted_schema`: a crafted file cannot run functions.
        self.sqlite.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES};
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT_BYTES};
             PRAGMA cache_size = -{CACHE_KIB};
             PRAGMA query_only = {};",
            if access == Access::Read { "ON" } else { "OFF" }
        ))
    }

    pub(in crate::store) const fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Statements outside any transaction.
    pub(in crate::store) const fn reader(&self) -> Reader<'_> {
        Reader { connection: self }
    }

    /// Runs `f` inside one snapshot.
    pub(in crate::store) fn snapshot<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = Transaction::begin(self, "BEGIN")?;
        let value = f(&self.reader())?;
        transaction.roll_back();
        Ok(value)
    }

    /// Runs `f` in one `BEGIN IMMEDIATE` transaction; an error rolls back.
    ///
    /// A COMMIT that failed may have landed all the same: the connection is opened anew and `landed` reads back
    /// whether it did.
    pub(in crate::store) fn transact<T, E: From<Error>>(
        &mut self,
        ending: Ending,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
        landed: impl FnOnce(&Reader<'_>, &T) -> Result<bool, Error>,
    ) -> Result<T, E> {
        self.begin_writing()?;
        let transaction = Transaction(self);
        let value = f(&Writer { reader: self.reader() })?;
        match ending {
            Ending::RollBack => transaction.roll_back(),
            Ending::Commit => {
                if let Err(error) = transaction.commit() {
                    self.reopen()?;
                    if !landed(&self.reader(), &value)? {
                        return Err(error.into());
                    }
                }
            }
        }
        Ok(value)
    }

    /// Begins a write transaction; in turn where somebody has to wait long.
    fn begin_writing(&mut self) -> Result<(), Error> {
        const BEGIN: &str = "BEGIN IMMEDIATE";
        let Some(queue) = &mut self.queue else { return self.run(BEGIN) };
        let mut pause = short_pause();
        // Whoever stands in the queue goes first.
        drop(queue.turn(&mut pause));
        self.patience.set(LONG_WAIT);
        let begun = self.run(BEGIN);
        self.patience.set(BUSY_TIMEOUT);
        match (begun, &mut self.queue) {
            (Err(Error::Busy { .. }), Some(queue)) => {
                let _turn = queue.turn(pause);
                self.run(BEGIN)
            }
            (begun, _) => begun,
        }
    }

    fn reopen(&mut self) -> Result<(), Error> {
        // The old connection is closed before the new one looks, so that nothing it kept in memory is believed.
        self.sqlite = rusqlite::Connection::open_in_memory().map_err(|error| self.fault(error))?;
        let queue = self.queue.take();
        *self = Self { queue, ..Self::connect(Arc::clone(&self.path), Access::Write)? };
        Ok(())
    }

    pub(super) fn run(&self, sql: &str) -> Result<(), Error> {
        self.sqlite
            .prepare_cached(sql)
            .and_then(|mut statement| statement.raw_execute())
            .map(drop)
            .map_err(|error| self.fault(error))
    }

    pub(super) fn fault(&self, error: rusqlite::Error) -> Error {
        translate(error, &self.path)
    }
}

/// An open transaction; rolled back when it goes, a panic included.
struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    fn begin(connection: &'a Connection, sql: &str) -> Result<Self, Error> {
        connection.run(sql)?;
        Ok(Self(connection))
    }

    fn commit(self) -> Result<(), Error> {
        self.0.run("COMMIT")
    }

    fn roll_back(self) {
        drop(self);
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // After some failures the engine has rolled back by itself.
        if !self.0.sqlite.is_autocommit()
            && let Err(error) = self.0.run("ROLLBACK")
        {
            tracing::warn!(%error, "cannot roll back a transaction");
        }
    }
}

impl Patience {
    fn new() -> Self {
        let patience = Self(Arc::default());
        patience.set(BUSY_TIMEOUT);
        patience
    }

    fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, patience: Duration) {
        let nanoseconds = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        self.0.store(nanoseconds, Ordering::Relaxed);
    }
}

/// A busy handler whose waits stay short and random: the engine's own waits ever longer, so those who have waited the
/// longest ask the least often and starve.
fn fair_wait(patience: Patience) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut began = Instant::now();
    let mut pause = short_pause();
    move |count| {
        if count == 0 {
            began = Instant::now();
        }
        pause();
        began.elapsed() < patience.get()
    }
}

/// Sleeps for a short random time.
fn short_pause() -> impl FnMut() + Send + 'static {
    let mut dice = RandomState::new().build_hasher().finish() | 1;
    move || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        std::thread::sleep(Duration::from_micros(200 + dice % 2_000));
    }
}
