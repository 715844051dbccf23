//! The open database: reads on any thread, writes on one.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::Error;
use super::lock::lease::{Lease, LeaseState};
use super::lock::rows as lock_rows;
use super::migrate;
use super::options::{Mode, StoreOptions};
use super::oslock::{LockFolder, set_mode};
use super::space;
use super::sqlite::connection::{Access, Connection, TxEnd};
use super::sqlite::copy::{self, TempDatabase};
use super::sqlite::health::{self, Health};
use super::sqlite::log;
use super::sqlite::open::{self, Opened};
use super::sqlite::statement::{self, Reader, Writer};
use super::writer::{WriterState, WriterThread, join_reply};
use crate::clock::Clock;

/// An open database. Cheap to clone; the last clone to be dropped closes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    mode: Mode,
    clock: Clock,
    lock_folder: LockFolder,
    /// The real file; a dry run may have a temporary one.
    file: Arc<Path>,
    /// Device and inode of the file.
    identity: (u64, u64),
    /// How it is read.
    read_access: Access,
    writing: Mutex<Writing>,
    idle_readers: Mutex<Vec<Connection>>,
    /// Dropped after the connections.
    _temp_database: Option<TempDatabase>,
}

/// The connection for writing: the first write spawns its thread.
enum Writing {
    ReadOnly,
    Idle(Box<Connection>),
    Running(WriterThread),
}

impl Store {
    /// Opens the database file; one that is not ours or that a newer tongbu wrote is refused and stays unchanged.
    pub fn open(path: &Path, options: StoreOptions) -> Result<Self, Error> {
        let StoreOptions { clock, mode, components } = options;
        let components: Vec<_> = std::iter::once(migrate::CORE).chain(components).collect();
        let Opened { connection, temp_database } = open::open(path, mode, &components, &clock)?;
        let file = Arc::clone(connection.path());
        let identity = load_identity(&file).map_err(Error::io(path))?;
        let read_access = if mode == Mode::ReadOnly { connection.access() } else { Access::Read };
        let (writing, idle_readers) = match mode {
            Mode::ReadOnly => (Writing::ReadOnly, vec![connection]),
            Mode::ReadWrite | Mode::DryRun => (Writing::Idle(Box::new(connection)), Vec::new()),
        };
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            mode,
            clock,
            lock_folder: LockFolder::beside(&file),
            file,
            identity,
            read_access,
            writing: Mutex::new(writing),
            idle_readers: Mutex::new(idle_readers),
            _temp_database: temp_database,
        })))
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

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
        let beside = |end: &str| {
            let mut name = self.0.file.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        for file in [beside(""), beside("-wal"), beside("-shm")] {
            set_mode(&file, mode);
        }
        self.0.lock_folder.set_file_mode(mode);
    }

    /// Fails where the file at the path is no longer the one that was opened.
    pub(super) fn check_identity(&self) -> Result<(), Error> {
        if !load_identity(&self.0.file).is_ok_and(|found| found == self.0.identity) {
            return Err(Error::Replaced { path: self.0.path.clone() });
        }
        let is_written = matches!(*locked(&self.0.writing), Writing::Running(_)) && !self.is_dry_run();
        if is_written && !log::is_intact(&self.0.file) {
            return Err(Error::LogLost { path: self.0.file.to_path_buf() });
        }
        Ok(())
    }

    /// Runs `f` on a read connection, inside one consistent snapshot.
    pub fn read<T, E: From<Error>>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        let idle = locked(&self.0.idle_readers).pop();
        let connection = if let Some(connection) = idle {
            connection
        } else {
            // Another file at the path would answer for this one.
            self.check_identity()?;
            Connection::connect(Arc::clone(&self.0.file), self.0.read_access)?
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

    /// Copies the database file to `to` while others may write: consistent, checked, flushed to disk, then renamed to
    /// its name; returns its size in bytes. The copy has every token but no held lock. An existing file stays, and is an
    /// error. The schema may be an older one: a copy is worth most before an upgrade.
    pub fn back_up(path: &Path, to: &Path) -> Result<u64, Error> {
        copy::back_up(path, to, lock_rows::save_all_released)
    }

    /// Checks the whole file for damage; the time grows with its size.
    pub fn check_health(&self) -> Result<Health, Error> {
        self.read(health::check_health)
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

    fn tx_end(&self) -> TxEnd {
        if self.is_dry_run() { TxEnd::RollBack } else { TxEnd::Commit }
    }

    pub(super) fn lock_folder(&self) -> &LockFolder {
        &self.0.lock_folder
    }

    pub(super) async fn on_writer<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriterState) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let reply = self.with_writer(|writer| writer.submit(job))?;
        join_reply(reply.await.ok(), &self.0.path)
    }

    pub(super) fn on_writer_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriterState) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let reply = self.with_writer(|writer| writer.submit_blocking(job))?;
        join_reply(reply.recv().ok(), &self.0.path)
    }

    fn with_writer<T>(&self, f: impl FnOnce(&WriterThread) -> T) -> Result<T, Error> {
        let mut writing = locked(&self.0.writing);
        if let Writing::Idle(_) = *writing
            && let Writing::Idle(mut connection) = std::mem::replace(&mut *writing, Writing::ReadOnly)
        {
            // A dry run leaves no file behind.
            if !self.is_dry_run() {
                self.lock_folder().save_identity(self.0.identity);
                connection.use_fair_lock(self.lock_folder().fair_lock());
            }
            *writing = Writing::Running(WriterThread::spawn(*connection, self.0.clock.clone())?);
        }
        match &*writing {
            Writing::Running(writer) => Ok(f(writer)),
            Writing::Idle(_) | Writing::ReadOnly => {
                Err(Error::ReadOnly { path: self.0.path.clone(), source: "it was opened only for reading".into() })
            }
        }
    }
}

fn leased<T, E: From<Error>>(
    lease: Arc<LeaseState>,
    end: TxEnd,
    f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
) -> impl FnOnce(&mut WriterState) -> Result<T, E> {
    move |writer| match end {
        TxEnd::Commit => lease.write(&mut writer.connection, f),
        // There is no lease to check: none was taken.
        TxEnd::RollBack => writer.connection.transact(end, f, |_, _| Ok(false)),
    }
}

fn unleased<T>(
    end: TxEnd,
    f: impl FnOnce(&Writer<'_>) -> Result<T, Error>,
) -> impl FnOnce(&mut WriterState) -> Result<T, Error> {
    // After an ambiguous COMMIT these may run again: they are idempotent.
    move |writer| writer.connection.transact(end, f, |_, _| Ok(false))
}

fn lock_folder(database: &Path) -> LockFolder {
    LockFolder::beside(&database.canonicalize().unwrap_or_else(|_| database.to_owned()))
}

fn load_identity(file: &Path) -> std::io::Result<(u64, u64)> {
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// A panic of another thread leaves no partial state here: only whole connections are moved in and out.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
