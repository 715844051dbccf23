//! One connection of whatever engine.

use super::error::Error;
use super::options::TxEnd;
use super::postgres::connection::Connection as Postgres;
use super::sqlite::connection::Connection as Sqlite;
use super::statement::{Reader, Writer};

/// An open connection to a database.
pub(super) enum Connection {
    Sqlite(Box<Sqlite>),
    Postgres(Box<Postgres>),
}

impl Connection {
    /// Runs `f` inside one snapshot.
    pub(super) fn snapshot<T, E: From<Error>>(&mut self, f: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.snapshot(f),
            Self::Postgres(postgres) => postgres.snapshot(f),
        }
    }

    /// Runs `f` in one transaction; an error rolls back.
    ///
    /// A COMMIT that reported a failure may have succeeded: the connection is opened again and `was_committed` reads
    /// back whether it did.
    ///
    /// A server has several writers at once: those with the same `gate` come one after the other, so that what one of
    /// them reads stays so until it has written. A file has one writer anyway.
    pub(super) fn transact<T, E: From<Error>>(
        &mut self,
        ending: TxEnd,
        gate: Option<&str>,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
        was_committed: impl FnOnce(&Reader<'_>, &T) -> Result<bool, Error>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.transact(ending, f, was_committed),
            Self::Postgres(postgres) => postgres.transact(ending, gate, f, was_committed),
        }
    }

    /// The same with a first step that may be done again: a server gets it together with the beginning.
    pub(super) fn transact_after<O, T, E: From<Error>>(
        &mut self,
        ending: TxEnd,
        gate: Option<&str>,
        opening: impl Fn(&Writer<'_>) -> Result<O, Error>,
        f: impl FnOnce(&Writer<'_>, O) -> Result<T, E>,
        was_committed: impl FnOnce(&Reader<'_>, &T) -> Result<bool, Error>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.transact(ending, |w| f(w, opening(w)?), was_committed),
            Self::Postgres(postgres) => postgres.transact_after(ending, gate, opening, f, was_committed),
        }
    }
}
