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
mod sqlite;
mod value;

use std::path::Path;

use crate::clock::Clock;

pub use self::cursors::ScopeState;
pub use self::error::Error;
pub use self::lock::{Acquisition, Holder, Lease, LeaseRequest};
pub use self::migrate::{Component, Migration};
pub use self::records::{Problem, RecordId, RunRecord, ScopeStatus, Status, Summary, Trigger};
pub use self::sqlite::{Reader, Row, Writer};
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
pub struct Opening {
    pub clock: Clock,
    pub mode: Mode,
    /// `core` is always there; these are the upstreams' own.
    pub components: Vec<Component>,
}

/// An open database. Cheap to clone; the last clone to go closes it.
#[derive(Clone)]
pub struct Store {}

impl Store {
    /// Opens the database file in the order the design lays down; a file that is not ours or from a newer tongbu is
    /// refused untouched.
    pub fn open(_path: &Path, _opening: Opening) -> Result<Self, Error> {
        unimplemented!()
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        unimplemented!()
    }

    pub fn clock(&self) -> &Clock {
        unimplemented!()
    }

    /// Whether every write is rolled back.
    pub fn is_dry_run(&self) -> bool {
        unimplemented!()
    }

    /// Runs `f` on a read connection, inside one consistent snapshot.
    pub fn read<T, E: From<Error>>(&self, _f: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        unimplemented!()
    }

    /// Runs `f` on the writer thread in one `BEGIN IMMEDIATE` transaction whose first statement checks and renews the
    /// lease by its token. Returns only after COMMIT returned (or, where COMMIT was ambiguous, after the outcome was
    /// read back). An error from `f` rolls back.
    pub async fn write<T, E>(
        &self,
        _lease: &Lease,
        _f: impl FnOnce(&Writer<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        unimplemented!()
    }

    /// [`write`](Self::write) for code that runs outside the async runtime.
    pub fn write_blocking<T, E>(
        &self,
        _lease: &Lease,
        _f: impl FnOnce(&Writer<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        unimplemented!()
    }
}
