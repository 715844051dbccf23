//! The open database: reads on any thread, writes on one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::Connection;
use super::error::Error;
use super::evidence::Evidence;
use super::location::Location;
use super::lock::lease::{Lease, LeaseState};
use super::options::{Mode, StoreOptions, TxEnd};
use super::oslock::{LockFolder, set_mode};
use super::postgres::health::{self as server_health, ServerHealth};
use super::site::{self, Opened, Site};
use super::space;
use super::sqlite::health::{self, Health};
use super::sqlite::statement;
use super::statement::{Reader, Writer};
use super::writer::{WriterState, WriterThread, join_reply};
use crate::clock::Clock;

/// An open database. Cheap to clone; the last clone to be dropped closes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// What has to itself what belongs to the store itself, where there are several writers at once.
pub(super) const GATE: &str = "core";

/// A lease on a server: others may wait so long for what a host that is gone has held.
const LONGEST_SERVER_TTL: Duration = Duration::from_secs(90);

struct Inner {
    location: Location,
    mode: Mode,
    clock: Clock,
    evidence: Evidence,
    writing: Mutex<Writing>,
    idle_readers: Mutex<Vec<Connection>>,
    /// Dropped after the connections.
    site: Site,
}

/// The connection for writing: the first write spawns its thread.
enum Writing {
    ReadOnly,
    Idle(Connection),
    Running(WriterThread),
}

impl Store {
    /// Opens the database; one that is not ours or that a newer tongbu wrote is refused and stays unchanged.
    pub fn open(location: impl Into<Location>, options: StoreOptions) -> Result<Self, Error> {
        let (location, mode) = (location.into(), options.mode);
        let Opened { connection, site, clock } = site::open(&location, options)?;
        let (writing, idle_readers) = match mode {
            Mode::ReadOnly => (Writing::ReadOnly, vec![connection]),
            Mode::ReadWrite | Mode::DryRun => (Writing::Idle(connection), Vec::new()),
        };
        Ok(Self(Arc::new(Inner {
            location,
            mode,
            clock,
            evidence: site.evidence(),
            writing: Mutex::new(writing),
            idle_readers: Mutex::new(idle_readers),
            site,
        })))
    }

    /// The same where there is a database; `None` where no run has made one yet.
    pub fn open_existing(location: &Location, options: StoreOptions) -> Result<Option<Self>, Error> {
        match location {
            // Where that cannot be found out the error of opening says why.
            Location::File(path) if matches!(path.try_exists(), Ok(false)) => Ok(None),
            Location::File(_) => Self::open(location, options).map(Some),
            Location::Server(_) => match Self::open(location, StoreOptions { mode: Mode::ReadOnly, ..options.clone() })
            {
                Err(Error::Missing { .. }) => Ok(None),
                Ok(store) if options.mode == Mode::ReadOnly => Ok(Some(store)),
                Ok(_) | Err(Error::Older { .. }) => Self::open(location, options).map(Some),
                Err(error) => Err(error),
            },
        }
    }

    /// Where the database is.
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// The clock of the store's times: on a server all hosts have its own.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Whether every write is rolled back.
    pub fn is_dry_run(&self) -> bool {
        self.0.mode == Mode::DryRun
    }

    /// Gives these rights to the file, to those beside it and to the lock files: those who may write the database may lock
    /// it. What belongs to another user stays as it is.
    pub fn set_file_mode(&self, mode: u32) {
        let Site::File { file, lock_folder, .. } = &self.0.site else { return };
        let beside = |end: &str| {
            let mut name = file.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        for file in [beside(""), beside("-wal"), beside("-shm")] {
            set_mode(&file, mode);
        }
        lock_folder.set_file_mode(mode);
    }

    /// Fails where the file at the path is no longer the one that was opened.
    pub(super) fn check_identity(&self) -> Result<(), Error> {
        let is_written = matches!(*locked(&self.0.writing), Writing::Running(_)) && !self.is_dry_run();
        self.0.site.check(&self.0.location, is_written)
    }

    /// Runs `f` on a read connection, inside one consistent snapshot.
    pub fn read<T, E: From<Error>>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        let idle = locked(&self.0.idle_readers).pop();
        let mut connection = if let Some(connection) = idle {
            connection
        } else {
            // Another file at the path would answer for this one.
            self.check_identity()?;
            self.0.site.connect_reader()?
        };
        let outcome = connection.snapshot(f);
        locked(&self.0.idle_readers).push(connection);
        outcome
    }

    /// Runs `f` on the writer thread in one `BEGIN IMMEDIATE` transaction whose first statement checks and renews the
    /// lease by its token. Returns only after COMMIT returned (or, where COMMIT was ambiguous, after the outcome was
    /// read back). An error from `f` rolls back. Dropping the future does not stop the write.
    pub async fn write<T, E>(
        &self,
        lease: &Lease,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.on_writer(leased(Arc::clone(lease.state()), self.tx_end(), f)).await?
    }

    /// [`write`](Self::write) of what the next pass finds again by itself: on the disk with the next commit that is, at the
    /// latest with the end of the run.
    pub async fn write_lazily<T: Send + 'static>(
        &self,
        lease: &Lease,
        f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let end = if self.is_dry_run() { TxEnd::RollBack } else { TxEnd::CommitLazily };
        self.on_writer(leased(Arc::clone(lease.state()), end, f)).await?
    }

    /// [`write`](Self::write) for code that runs outside the async runtime.
    pub fn write_blocking<T, E>(
        &self,
        lease: &Lease,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.on_writer_blocking(leased(Arc::clone(lease.state()), self.tx_end(), f))?
    }

    /// Checks the whole file for damage; the time grows with its size.
    pub fn check_health(&self) -> Result<Health, Error> {
        self.read(health::check_health)
    }

    /// What the server says about its state; `None` where the database is a file.
    pub fn check_server(&self) -> Result<Option<ServerHealth>, Error> {
        match self.0.site {
            Site::Server { .. } => self.read(server_health::load),
            Site::File { .. } => Ok(None),
        }
    }

    /// Whether several hosts write it.
    pub fn is_shared(&self) -> bool {
        self.0.evidence.folder().is_none()
    }

    /// The engine's version.
    pub fn engine_version() -> &'static str {
        statement::engine_version()
    }

    /// Free bytes on the disk of a database at that path, which need not exist; `None` where they are unknown.
    pub fn free_space(path: &Path) -> Option<u64> {
        space::available(path)
    }

    /// The directory of lock files that belongs to the database at that path.
    pub fn lock_directory(path: &Path) -> PathBuf {
        lock_folder(path).path().to_owned()
    }

    /// A lock file of that database that this user cannot write.
    pub fn find_closed_lock_file(path: &Path) -> Option<PathBuf> {
        lock_folder(path).find_closed_file()
    }

    /// One transaction without a lease, for what belongs to the store itself.
    pub(super) fn transact<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.on_writer_blocking(unleased(self.tx_end(), f))?
    }

    /// [`transact`](Self::transact) inside the async runtime.
    pub(super) async fn transact_async<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.on_writer(unleased(self.tx_end(), f)).await?
    }

    /// How long a lease may hold without a renewal; `None` where the request decides.
    pub(super) fn longest_ttl(&self) -> Option<Duration> {
        self.is_shared().then_some(LONGEST_SERVER_TTL)
    }

    fn tx_end(&self) -> TxEnd {
        if self.is_dry_run() { TxEnd::RollBack } else { TxEnd::Commit }
    }

    pub(super) fn evidence(&self) -> &Evidence {
        &self.0.evidence
    }

    pub(super) async fn on_writer<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriterState) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let reply = self.with_writer(|writer| writer.submit(job))?;
        join_reply(reply.await.ok(), &self.0.location)
    }

    pub(super) fn on_writer_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriterState) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let reply = self.with_writer(|writer| writer.submit_blocking(job))?;
        join_reply(reply.recv().ok(), &self.0.location)
    }

    fn with_writer<T>(&self, f: impl FnOnce(&WriterThread) -> T) -> Result<T, Error> {
        let mut writing = locked(&self.0.writing);
        if let Writing::Idle(_) = *writing
            && let Writing::Idle(mut connection) = std::mem::replace(&mut *writing, Writing::ReadOnly)
        {
            // A dry run leaves no file behind.
            if !self.is_dry_run() {
                self.0.site.prepare_writing(&mut connection);
            }
            *writing = Writing::Running(WriterThread::spawn(connection, self.0.clock.clone(), &self.0.location)?);
        }
        match &*writing {
            Writing::Running(writer) => Ok(f(writer)),
            Writing::Idle(_) | Writing::ReadOnly => Err(Error::OpenedToRead { database: self.0.location.clone() }),
        }
    }
}

fn leased<T, E: From<Error>>(
    lease: Arc<LeaseState>,
    end: TxEnd,
    f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
) -> impl FnOnce(&mut WriterState) -> Result<T, E> {
    move |writer| match end {
        TxEnd::Commit | TxEnd::CommitLazily => lease.write(&mut writer.connection, lease.gate(), end, f),
        // There is no lease to check: none was taken.
        TxEnd::RollBack => writer.connection.transact(end, None, f, |_, _| Ok(false)),
    }
}

fn unleased<T>(
    end: TxEnd,
    f: impl FnOnce(&Writer<'_>) -> Result<T, Error>,
) -> impl FnOnce(&mut WriterState) -> Result<T, Error> {
    // After an ambiguous COMMIT these may run again: they are idempotent.
    move |writer| writer.connection.transact(end, Some(GATE), f, |_, _| Ok(false))
}

fn lock_folder(database: &Path) -> LockFolder {
    LockFolder::beside(&database.canonicalize().unwrap_or_else(|_| database.to_owned()))
}

/// A panic of another thread leaves no partial state here: only whole connections are moved in and out.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
