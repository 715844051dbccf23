//! One connection: how its transactions begin and end, and how it is made again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::Address;
use super::facts::{Facts, Role};
use super::io::IoThread;
use super::liveness;
use super::session::{Committed, Session};
use crate::store::error::Error;
use crate::store::options::TxEnd;
use crate::store::server_error::ServerError;
use crate::store::statement::{Engine, Reader, Writer};

/// How long a server that restarts, or another one that takes its place, is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// A connection that is made again where it broke off.
pub(in crate::store) struct Connection {
    session: Session,
    address: Arc<Address>,
    io: Arc<IoThread>,
    role: Role,
}

impl Connection {
    pub(super) fn connect(address: &Arc<Address>, io: &Arc<IoThread>, role: Role) -> Result<Self, Error> {
        let session = Session::begin(address, io, role)?;
        Ok(Self { session, address: Arc::clone(address), io: Arc::clone(io), role })
    }

    /// Another connection to the same place, for reading.
    pub(in crate::store) fn reading(address: &Arc<Address>, io: &Arc<IoThread>) -> Result<Self, Error> {
        Self::connect(address, io, Role::Read)
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    pub(super) const fn facts(&self) -> &Facts {
        self.session.facts()
    }

    pub(in crate::store) fn io(&self) -> Arc<IoThread> {
        Arc::clone(&self.io)
    }

    /// Statements outside any transaction.
    pub(in crate::store) const fn reader(&self) -> Reader<'_> {
        Reader::new(Engine::Postgres(&self.session))
    }

    /// Runs `f` inside one snapshot.
    pub(in crate::store) fn snapshot<T, E: From<Error>>(
        &mut self,
        f: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let _transaction = Transaction(Some(&self.session));
        f(&self.reader())
    }

    /// Runs `f` in one transaction; an error rolls back. Transactions with the same gate come one after the other.
    ///
    /// Where the connection broke off during COMMIT, the server's process behind it is ended, and `was_committed` reads
    /// back whether it came that far: without that the COMMIT could still be on its way.
    pub(in crate::store) fn transact<T, E: From<Error>>(
        &mut self,
        ending: TxEnd,
        gate: Option<&str>,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
        was_committed: impl FnOnce(&Reader<'_>, &T) -> Result<bool, Error>,
    ) -> Result<T, E> {
        self.begin(&begin(gate))?;
        self.complete(ending, f, was_committed)
    }

    /// The same with a first step that is sent together with the beginning, and again where that shows that the connection
    /// has broken off.
    pub(in crate::store) fn transact_after<O, T, E: From<Error>>(
        &mut self,
        ending: TxEnd,
        gate: Option<&str>,
        opening: impl Fn(&Writer<'_>) -> Result<O, Error>,
        f: impl FnOnce(&Writer<'_>, O) -> Result<T, E>,
        was_committed: impl FnOnce(&Reader<'_>, &T) -> Result<bool, Error>,
    ) -> Result<T, E> {
        let sql = begin(gate);
        let opened = match self.open_transaction(&sql, &opening) {
            Err(error) if error.is_lost_connection() => {
                self.reconnect()?;
                self.open_transaction(&sql, &opening)?
            }
            opened => opened?,
        };
        self.complete(ending, |w| f(w, opened), was_committed)
    }

    fn open_transaction<O>(&self, sql: &str, opening: impl Fn(&Writer<'_>) -> Result<O, Error>) -> Result<O, Error> {
        let mut transaction = Transaction(Some(&self.session));
        self.session.send_begin(sql);
        let opened = opening(&Writer::new(self.reader()))?;
        transaction.0 = None;
        Ok(opened)
    }

    fn complete<T, E: From<Error>>(
        &mut self,
        ending: TxEnd,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
        was_committed: impl FnOnce(&Reader<'_>, &T) -> Result<bool, Error>,
    ) -> Result<T, E> {
        let (value, committed) = self.attempt(ending, f)?;
        match committed {
            Committed::Yes => Ok(value),
            Committed::No(error) => Err(error.into()),
            Committed::Unknown(error) => {
                self.reconnect().map_err(|_| unknown(&self.address, &error))?;
                Err(error.into())
            }
            Committed::Lost(error) => match self.read_back(|r| was_committed(r, &value)) {
                Ok(true) => Ok(value),
                Ok(false) => Err(error.into()),
                Err(second) => Err(unknown(&self.address, &second).into()),
            },
        }
    }

    fn attempt<T, E: From<Error>>(
        &self,
        ending: TxEnd,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
    ) -> Result<(T, Committed), E> {
        let mut transaction = Transaction(Some(&self.session));
        let writer = Writer::new(self.reader());
        let value = f(&writer)?;
        writer.ensure_usable()?;
        let committed = match ending {
            TxEnd::RollBack => {
                self.session.settle()?;
                Committed::Yes
            }
            TxEnd::Commit | TxEnd::CommitLazily => {
                transaction.0 = None;
                self.session.commit()
            }
        };
        Ok((value, committed))
    }

    fn read_back(&mut self, was_committed: impl FnOnce(&Reader<'_>) -> Result<bool, Error>) -> Result<bool, Error> {
        let old = self.session.backend().map(str::to_owned);
        self.reconnect()?;
        let reader = self.reader();
        if let Some(old) = old {
            liveness::end(&reader, &old)?;
        }
        was_committed(&reader)
    }

    /// Begins a transaction. Where the connection has broken off it is made again: between transactions nothing is lost
    /// with it.
    fn begin(&mut self, sql: &str) -> Result<(), Error> {
        if !self.session.is_closed() {
            let begun = self.session.run(sql);
            if !begun.as_ref().is_err_and(Error::is_lost_connection) {
                if begun.is_err() {
                    self.session.roll_back();
                }
                return begun;
            }
        }
        self.reconnect()?;
        self.session.run(sql)
    }

    fn reconnect(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            match Session::begin(&self.address, &self.io, self.role) {
                Ok(session) => {
                    tracing::info!(database = %self.address, "connected again");
                    self.session = session;
                    return Ok(());
                }
                Err(error) if began.elapsed() > PATIENCE || !may_pass(&error) => return Err(error),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }
}

/// Whether a server that starts, or one that becomes the primary, ends the failure.
fn may_pass(error: &Error) -> bool {
    let Error::Server(error) = error else { return false };
    matches!(**error, ServerError::Unreachable { .. } | ServerError::Lost { .. } | ServerError::Standby { .. })
}

fn unknown(address: &Address, error: &Error) -> Error {
    ServerError::Unknown { server: address.to_string(), source: crate::error::full_message(error).into() }.into()
}

/// Begins a transaction; with a gate it waits until no other of that gate is open.
fn begin(gate: Option<&str>) -> String {
    let mut sql = "BEGIN ISOLATION LEVEL READ COMMITTED".to_owned();
    if let Some(gate) = gate {
        // A row, so that other engines of this kind hold it, too.
        sql.push_str("; INSERT INTO sync_gates AS gate (name, count) VALUES ('");
        sql.push_str(&gate.replace('\'', "''"));
        sql.push_str("', 1) ON CONFLICT (name) DO UPDATE SET count = gate.count + 1");
    }
    sql
}

/// An open transaction; rolled back when it is dropped, also by a panic.
struct Transaction<'a>(Option<&'a Session>);

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            session.roll_back();
        }
    }
}
