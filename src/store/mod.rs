//! The only door to the database: one `SQLite` file, opened once, written by one thread under a lease.
//!
//! Reading order: [`Store`] (open, read, write), [`lock`] (leases), [`records`] (runs and their scopes), [`cursors`]
//! (where a scope's next pass resumes), then what they stand on: [`migrate`], [`oslock`], [`heartbeat`], [`sqlite`].

pub mod cursors;
mod error;
mod heartbeat;
pub mod lock;
mod migrate;
mod oslock;
pub mod records;
mod space;
mod sqlite;
#[cfg(test)]
mod tests;
mod value;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::lock::Held;
use self::oslock::LockFolder;
use self::sqlite::{Access, Connection, Ending, Opened, StandIn};
use self::writer::{Desk, WriterThread, open_answer};
use crate::clock::Clock;

pub use self::cursors::ScopeState;
pub use self::error::Error;
pub use self::lock::{Acquisition, HOST, Holder, Lease, LeaseRequest};
pub use self::migrate::{Component, Migration};
pub use self::records::{Problem, ProblemDetails, RecordId, RunRecord, Status, Summary, Trigger};
pub use self::sqlite::{Health, Reader, Row, Writer};
pub use self::value::Value;

/// What the store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Creates the file where it is missing, migrates it, writes.
    ReadWrite,
    /// Never changes anything; a missing file is an error that says what creates it.
    ReadOnly,
    /// Does everything `ReadWrite` does up to each COMMIT and rolls back instead; takes no lock. A missing file stays
    /// missing: a private temporary database stands in for it.
    DryRun,
}

/// How to open a [`Store`].
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub clock: Clock,
    pub mode: Mode,
    /// `core` is always there; these are the upstreams' own.
    pub components: Vec<Component>,
}

/// An open database. Cheap to clone; the last clone to go closes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    mode: Mode,
    clock: Clock,
    lock_folder: LockFolder,
    /// The real file, which a dry run may have in another place.
    file: Arc<Path>,
    writing: Mutex<Writing>,
    idle_readers: Mutex<Vec<Connection>>,
    /// Goes after the connections.
    _stand_in: Option<StandIn>,
}

/// The connection for writing: in waiting until the first write spawns its thread.
enum Writing {
    Never,
    Waiting(Connection),
    Running(WriterThread),
}

impl Store {
    /// Opens the database file in the order the design lays down; a file that is not ours or from a newer tongbu is
    /// refused untouched.
    pub fn open(path: &Path, options: StoreOptions) -> Result<Self, Error> {
        let StoreOptions { clock, mode, components } = options;
        let components: Vec<_> = std::iter::once(migrate::CORE).chain(components).collect();
        let Opened { connection, stand_in } = sqlite::open(path, mode, &components, &clock)?;
        let file = Arc::clone(connection.path());
        let (writing, idle_readers) = match mode {
            Mode::ReadOnly => (Writing::Never, vec![connection]),
            Mode::ReadWrite | Mode::DryRun => (Writing::Waiting(connection), Vec::new()),
        };
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            mode,
            clock,
            lock_folder: LockFolder::beside(&file),
            file,
            writing: Mutex::new(writing),
            idle_readers: Mutex::new(idle_readers),
            _stand_in: stand_in,
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

    /// Runs `f` on a read connection, inside one consistent snapshot.
    pub fn read<T, E: From<Error>>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        let idle = locked(&self.0.idle_readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::connect(Arc::clone(&self.0.file), Access::Read)?,
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
        self.on_writer(leased(Arc::clone(lease.held()), self.ending(), f)).await?
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
        self.on_writer_blocking(leased(Arc::clone(lease.held()), self.ending(), f))?
    }

    /// Copies the database file to `to` while others may write: consistent, checked, flushed to disk, then renamed to
    /// its name; answers its bytes. A file that is there already stays, and is an error. The schema is not looked at: a
    /// file that waits for its upgrade is worth a copy more than any.
    pub fn back_up(path: &Path, to: &Path) -> Result<u64, Error> {
        sqlite::back_up(path, to)
    }

    /// Checks the whole file for damage; the time grows with its size.
    pub fn check_health(&self) -> Result<Health, Error> {
        self.read(sqlite::check_health)
    }

    /// The engine's version.
    pub fn engine_version() -> &'static str {
        sqlite::version()
    }

    /// Free bytes on the disk of a database at that path, which need not exist; `None` where it cannot be asked.
    pub fn free_space(path: &Path) -> Option<u64> {
        space::available(path)
    }

    /// The directory of lock files that belongs to the database at that path.
    pub fn lock_directory(path: &Path) -> PathBuf {
        LockFolder::beside(&path.canonicalize().unwrap_or_else(|_| path.to_owned())).path().to_owned()
    }

    /// One transaction without a lease, for what belongs to the store itself.
    fn transact<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.on_writer_blocking(unleased(self.ending(), f))?
    }

    /// [`transact`](Self::transact) to be awaited.
    async fn transact_soon<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Writer<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.on_writer(unleased(self.ending(), f)).await?
    }

    fn ending(&self) -> Ending {
        if self.is_dry_run() { Ending::RollBack } else { Ending::Commit }
    }

    fn lock_folder(&self) -> &LockFolder {
        &self.0.lock_folder
    }

    async fn on_writer<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let answer = self.with_writer(|writer| writer.submit(job))?;
        open_answer(answer.await.ok(), &self.0.path)
    }

    fn on_writer_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let answer = self.with_writer(|writer| writer.submit_blocking(job))?;
        open_answer(answer.recv().ok(), &self.0.path)
    }

    fn with_writer<T>(&self, f: impl FnOnce(&WriterThread) -> T) -> Result<T, Error> {
        let mut writing = locked(&self.0.writing);
        if let Writing::Waiting(_) = *writing
            && let Writing::Waiting(mut connection) = std::mem::replace(&mut *writing, Writing::Never)
        {
            // A dry run leaves no file behind.
            if !self.is_dry_run() {
                connection.queue_up(self.lock_folder().writer_queue());
            }
            *writing = Writing::Running(WriterThread::spawn(connection, self.0.clock.clone())?);
        }
        match &*writing {
            Writing::Running(writer) => Ok(f(writer)),
            Writing::Waiting(_) | Writing::Never => {
                Err(Error::ReadOnly { path: self.0.path.clone(), source: "it was opened only for reading".into() })
            }
        }
    }
}

fn leased<T, E: From<Error>>(
    held: Arc<Held>,
    ending: Ending,
    f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
) -> impl FnOnce(&mut Desk) -> Result<T, E> {
    move |desk| match ending {
        Ending::Commit => held.write(&mut desk.connection, f),
        // There is no lease to check: none was taken.
        Ending::RollBack => desk.connection.transact(ending, f, |_, _| Ok(false)),
    }
}

fn unleased<T>(
    ending: Ending,
    f: impl FnOnce(&Writer<'_>) -> Result<T, Error>,
) -> impl FnOnce(&mut Desk) -> Result<T, Error> {
    // Where a COMMIT is ambiguous these may be done again: they set what is so already.
    move |desk| desk.connection.transact(ending, f, |_, _| Ok(false))
}

/// What another thread left half done here cannot be: only whole connections go in and out.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
