//! One connection: how it is set up, and how its transactions begin and end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use super::checkpoint::{COPIED_AT_BYTES, Checkpointer, LARGEST_BYTES};
use super::fault::translate;
use super::log::{self, Written};
use super::seal::{Seal, immutable_uri};
use super::statement::Statements;
use crate::store::error::Error;
use crate::store::options::TxEnd;
use crate::store::oslock::FairLock;
use crate::store::statement::{Engine, Reader, Writer};

/// How long a statement waits for other processes before the database counts as busy.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A file that was written is looked at again after this pause, so often for each started MiB of its log: a checkpoint
/// shows at its end.
const LOOK_PAUSE: Duration = Duration::from_millis(50);
const LOOKS_PER_MIB: u64 = 20;

/// A writer that waits longer takes the fair lock: short waits are fair without it, and cheaper.
const LONG_WAIT: Duration = Duration::from_millis(20);

/// For new files: smaller pages leave more room unused behind rows of an upstream's raw JSON, larger ones are written as a
/// whole for one row that changed.
const PAGE_BYTES: u32 = 8 * 1024;

/// A WAL that grew in a large transaction is truncated to this after its checkpoint.
const JOURNAL_SIZE_LIMIT_BYTES: u32 = 16 * 1024 * 1024;

/// Page cache of a connection that writes, in KiB: a transaction of many rows fits with its index pages.
const WRITE_CACHE_KIB: u32 = 8 * 1024;

/// Page cache of a connection that reads, in KiB.
const READ_CACHE_KIB: u32 = 4 * 1024;

/// The engine copies a log of this many bytes itself, where nobody else has: it counts in pages.
const ENGINE_COPIES_PAGES: u64 = LARGEST_BYTES / PAGE_BYTES as u64;

/// Statements kept prepared: more than one pass uses.
const STATEMENT_CACHE: usize = 64;

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Access {
    Write,
    Read,
    /// Reads without locks, where none can be had.
    Sealed,
}

/// An open connection to an existing database file.
pub(in crate::store) struct Connection {
    /// Where the log grew large.
    checkpointer: Option<Checkpointer>,
    pub(super) sqlite: rusqlite::Connection,
    path: Arc<Path>,
    access: Access,
    /// With [`Access::Sealed`].
    seal: Option<Seal>,
    /// How the file was at the last commit but for later checkpoints.
    written: Option<Written>,
    busy_timeout: BusyTimeout,
    fair_lock: Option<FairLock>,
    /// Whether a commit is on the disk when it returns.
    is_synced: bool,
}

/// How long statements wait for other processes.
#[derive(Clone)]
struct BusyTimeout(Arc<AtomicU64>);

impl Connection {
    /// Connects to a file that exists, without changing it.
    pub(in crate::store) fn connect(path: Arc<Path>, access: Access) -> Result<Self, Error> {
        // Even a reader opens for writing: the last one to leave can then take the `-wal` and `-shm` files with it.
        let (target, seal, flags) = match access {
            Access::Write | Access::Read => (path.to_path_buf(), None, OpenFlags::SQLITE_OPEN_READ_WRITE),
            Access::Sealed => {
                let seal = Seal::of(&path).map_err(Error::io(&*path))?;
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                (immutable_uri(&path).into(), seal, flags)
            }
        };
        let opened = rusqlite::Connection::open_with_flags(target, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let sqlite = opened.map_err(|error| translate(error, &path))?;
        let busy_timeout = BusyTimeout::new();
        let (checkpointer, written, fair_lock, is_synced) = (None, None, None, true);
        let mut connection =
            Self { checkpointer, sqlite, path, access, seal, written, busy_timeout, fair_lock, is_synced };
        let is_doubtful = access != Access::Sealed && log::is_doubtful(&connection.path);
        // Whatever goes wrong before the check, the log is not written into the file.
        connection.keep_log(is_doubtful)?;
        connection.set_up(access).map_err(|error| translate(error, &connection.path))?;
        if is_doubtful {
            connection.refuse_foreign_log()?;
            connection.keep_log(false)?;
        }
        Ok(connection)
    }

    /// Whether the last connection that closes leaves the log as it is.
    fn keep_log(&self, is_kept: bool) -> Result<(), Error> {
        let kept = self.sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_kept);
        kept.map(drop).map_err(|error| self.fault(error))
    }

    /// Fails where file and log make no sound database together.
    fn refuse_foreign_log(&self) -> Result<(), Error> {
        let found = self.reader().first("PRAGMA integrity_check(1)", &[], |row| Ok(row.text(0)?.to_owned()));
        let is_damaged = match found {
            Ok(found) => found.is_some_and(|found| found != "ok"),
            Err(Error::Corrupt { .. } | Error::NotOurs { .. }) => true,
            Err(error) => return Err(error),
        };
        if is_damaged { Err(log::foreign(&self.path)) } else { Ok(()) }
    }

    /// From now on write transactions that wait long take turns through that lock.
    pub(in crate::store) fn use_fair_lock(&mut self, fair_lock: FairLock) {
        self.fair_lock = Some(fair_lock);
    }

    fn set_up(&mut self, access: Access) -> Result<(), rusqlite::Error> {
        self.sqlite.busy_handler(Some(wait_briefly(self.busy_timeout.clone())))?;
        self.sqlite.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        let (cache_kib, query_only) =
            if access == Access::Write { (WRITE_CACHE_KIB, "OFF") } else { (READ_CACHE_KIB, "ON") };
        // FULL: an acknowledged batch survives a power loss. `trusted_schema`: a crafted file cannot run functions.
        // MEMORY: a machine may have no temporary directory that can be written.
        self.sqlite.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES};
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT_BYTES};
             PRAGMA wal_autocheckpoint = {ENGINE_COPIES_PAGES};
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -{cache_kib};
             PRAGMA query_only = {query_only};"
        ))
    }

    pub(in crate::store) const fn path(&self) -> &Arc<Path> {
        &self.path
    }

    pub(in crate::store) const fn access(&self) -> Access {
        self.access
    }

    /// Statements outside any transaction.
    pub(in crate::store) fn reader(&self) -> Reader<'_> {
        Reader::new(Engine::Sqlite(Statements::new(&self.sqlite, &self.path)))
    }

    /// Runs `f` inside one snapshot.
    pub(in crate::store) fn snapshot<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = Transaction::begin(self, "BEGIN")?;
        let value = f(&self.reader());
        transaction.roll_back();
        if self.access == Access::Sealed && !self.seal.as_ref().is_some_and(|seal| seal.is_intact(&self.path)) {
            let source = "it was written at this moment, and cannot be locked from here".into();
            return Err(Error::Busy { path: self.path.to_path_buf(), source }.into());
        }
        value
    }

    /// Runs `f` in one `BEGIN IMMEDIATE` transaction; an error rolls back.
    ///
    /// A COMMIT that reported a failure may have succeeded: the connection is opened again and `was_committed` reads
    /// back whether it did.
    pub(in crate::store) fn transact<T, E: From<Error>>(
        &mut self,
        ending: TxEnd,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
        was_committed: impl FnOnce(&Reader<'_>, &T) -> Result<bool, Error>,
    ) -> Result<T, E> {
        self.refuse_overwritten()?;
        self.sync_to_disk(ending != TxEnd::CommitLazily)?;
        self.begin_writing()?;
        let transaction = Transaction(self);
        let writer = Writer::new(self.reader());
        let value = f(&writer)?;
        writer.ensure_usable()?;
        match ending {
            TxEnd::RollBack => transaction.roll_back(),
            TxEnd::Commit | TxEnd::CommitLazily => {
                if let Err(error) = transaction.commit() {
                    self.reopen()?;
                    if !was_committed(&self.reader(), &value)? {
                        return Err(error.into());
                    }
                }
                self.look_after_log();
                if self.written.is_none() {
                    self.written = self.load_written();
                }
            }
        }
        Ok(value)
    }

    /// Fails where something else than a checkpoint has written to the file since the first commit: what is in it now is
    /// not what the log goes on with.
    fn refuse_overwritten(&mut self) -> Result<(), Error> {
        let is_copying = self.checkpointer.as_ref().is_some_and(Checkpointer::is_busy);
        let Some(written) = self.written.as_ref().filter(|written| !is_copying && written.is_touched(&self.path))
        else {
            return Ok(());
        };
        let log_bytes = self.load_log_bytes()?.unwrap_or_default();
        for _ in 0..LOOKS_PER_MIB * (1 + (log_bytes >> 20)) {
            let now = self.load_written();
            if now.as_ref().is_none_or(|now| !written.is_unexplained(now)) {
                self.written = now;
                return Ok(());
            }
            std::thread::sleep(LOOK_PAUSE);
        }
        Err(Error::Overwritten { path: self.path.to_path_buf() })
    }

    fn load_written(&self) -> Option<Written> {
        Written::load(&self.path, || {
            self.reader().first("PRAGMA wal_checkpoint(NOOP)", &[], |row| row.opt_int(2)).ok().flatten().flatten()
        })
    }

    /// Whether the next commits reach the disk before they return. The order of commits is kept either way.
    fn sync_to_disk(&mut self, is_synced: bool) -> Result<(), Error> {
        if self.is_synced != is_synced {
            self.run(if is_synced { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" })?;
            self.is_synced = is_synced;
        }
        Ok(())
    }

    /// Begins a write transaction, through the fair lock where a writer has to wait long.
    fn begin_writing(&mut self) -> Result<(), Error> {
        const BEGIN: &str = "BEGIN IMMEDIATE";
        let Some(fair_lock) = &mut self.fair_lock else { return self.run(BEGIN) };
        // A writer that holds the fair lock goes first.
        drop(fair_lock.wait(pause_briefly));
        self.busy_timeout.set(LONG_WAIT);
        let begun = self.run(BEGIN);
        self.busy_timeout.set(BUSY_TIMEOUT);
        match (begun, &mut self.fair_lock) {
            (Err(Error::Busy { .. }), Some(fair_lock)) => {
                let _guard = fair_lock.wait(pause_briefly);
                self.run(BEGIN)
            }
            (begun, _) => begun,
        }
    }

    /// Leaves WAL mode, which the engine does only where no other connection is open, and keeps others out until it is
    /// dropped.
    pub(super) fn seize(&self) -> Result<(), Error> {
        self.reader().first("PRAGMA journal_mode = DELETE", &[], |_| Ok(()))?;
        self.run("BEGIN EXCLUSIVE")
    }

    /// Has a large log copied beside this connection; the engine's own way is that each commit waits for it.
    fn look_after_log(&mut self) {
        let Ok(Some(log_bytes)) = self.load_log_bytes() else { return };
        if log_bytes < COPIED_AT_BYTES {
            return;
        }
        if self.checkpointer.is_none() {
            // Without it the engine copies a log that has grown large.
            self.checkpointer = self.spawn_checkpointer();
        }
        if let Some(checkpointer) = &mut self.checkpointer {
            checkpointer.see(log_bytes);
        }
    }

    fn spawn_checkpointer(&self) -> Option<Checkpointer> {
        let connection = Self::connect(Arc::clone(&self.path), Access::Write).ok()?;
        let copy = move || {
            let copied = connection.reader().first("PRAGMA wal_checkpoint(PASSIVE)", &[], |_| Ok(()));
            if let Err(error) = copied {
                // It stays in the log; the writer's own commits report a disk that fails.
                tracing::warn!(%error, "cannot copy the log into the database");
            }
        };
        Checkpointer::spawn(copy).ok()
    }

    fn load_log_bytes(&self) -> Result<Option<u64>, Error> {
        let page_bytes = self.reader().first("PRAGMA page_size", &[], |row| row.count(0))?;
        let pages = self.reader().first("PRAGMA wal_checkpoint(NOOP)", &[], |row| row.opt_int(1))?;
        let pages = pages.flatten().and_then(|pages| u64::try_from(pages).ok());
        Ok(page_bytes.zip(pages).map(|(bytes, pages)| bytes * pages))
    }

    fn reopen(&mut self) -> Result<(), Error> {
        // The old connection is closed before the new one reads: nothing that it cached counts.
        self.sqlite = rusqlite::Connection::open_in_memory().map_err(|error| self.fault(error))?;
        let fair_lock = self.fair_lock.take();
        let checkpointer = self.checkpointer.take();
        *self = Self { checkpointer, fair_lock, ..Self::connect(Arc::clone(&self.path), Access::Write)? };
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

/// An open transaction; rolled back when it is dropped, also by a panic.
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
        // After some failures the engine has rolled back already.
        if !self.0.sqlite.is_autocommit()
            && let Err(error) = self.0.run("ROLLBACK")
        {
            tracing::warn!(%error, "cannot roll back a transaction");
        }
    }
}

impl BusyTimeout {
    fn new() -> Self {
        let busy_timeout = Self(Arc::default());
        busy_timeout.set(BUSY_TIMEOUT);
        busy_timeout
    }

    fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, timeout: Duration) {
        self.0.store(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// A busy handler whose waits stay short and random. The engine's own waits grow: the writer that has waited longest
/// tries least often and starves.
fn wait_briefly(busy_timeout: BusyTimeout) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut began = Instant::now();
    move |count| {
        if count == 0 {
            began = Instant::now();
        }
        pause_briefly();
        began.elapsed() < busy_timeout.get()
    }
}

fn pause_briefly() {
    std::thread::sleep(Duration::from_micros(fastrand::u64(200..2_200)));
}
