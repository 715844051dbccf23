//! Statements: what they take, and the rows they give, on every engine.

mod many;

use std::cell::Cell;
use std::ops::ControlFlow;

use jiff::Timestamp;

use super::error::Error;
use super::location::Location;
use super::postgres::names as postgres_names;
use super::postgres::session::Session;
use super::postgres::value as postgres_value;
use super::sqlite::names as sqlite_names;
use super::sqlite::statement::{self as sqlite_statement, Statements};
use super::value::Value;

pub use self::many::Insert;

/// Statements that read, inside one snapshot.
///
/// What not every engine can do is refused on all of them: a statement after one that failed, and a statement while the
/// rows of another one are read.
pub struct Reader<'a> {
    engine: Engine<'a>,
    has_failed: Cell<bool>,
    is_reading: Cell<bool>,
}

/// Statements that write, inside one leased transaction. Reads too, and sees its own writes.
pub struct Writer<'a> {
    reader: Reader<'a>,
}

/// What runs the statements.
#[derive(Clone, Copy)]
pub(super) enum Engine<'a> {
    Sqlite(Statements<'a>),
    Postgres(&'a Session),
}

/// One result row.
pub struct Row<'a>(Cells<'a>);

enum Cells<'a> {
    Sqlite(sqlite_statement::Cells<'a>),
    Postgres(postgres_value::Cells<'a>),
}

impl<'a> Reader<'a> {
    pub(super) const fn new(engine: Engine<'a>) -> Self {
        Self { engine, has_failed: Cell::new(false), is_reading: Cell::new(false) }
    }

    /// Calls `f` for each result row, without collecting them.
    pub fn for_each<E: From<Error>>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut f: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.query(sql, params, |row| f(row).map(ControlFlow::Continue))
    }

    /// The result rows, mapped.
    pub fn rows<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut f: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut values = Vec::new();
        self.for_each(sql, params, |row| {
            values.push(f(row)?);
            Ok::<_, Error>(())
        })?;
        Ok(values)
    }

    /// The first result row, mapped, if there is one.
    pub fn first<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        f: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (mut f, mut value) = (Some(f), None);
        self.query(sql, params, |row| {
            if let Some(f) = f.take() {
                value = Some(f(row)?);
            }
            Ok::<_, Error>(ControlFlow::Break(()))
        })?;
        Ok(value)
    }

    fn query<E: From<Error>>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut f: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        self.ensure_usable()?;
        let _reading = Reading::begin(&self.is_reading);
        let outcome = match self.engine {
            Engine::Sqlite(statements) => statements.query(sql, params, |cells| f(&Row(Cells::Sqlite(cells)))),
            Engine::Postgres(session) => session.query(sql, params, |cells| f(&Row(Cells::Postgres(cells)))),
        };
        self.watch(outcome)?
    }

    /// The names of the columns that a statement answers with.
    pub fn columns(&self, sql: &str) -> Result<Vec<String>, Error> {
        self.ensure_usable()?;
        self.watch(match self.engine {
            Engine::Sqlite(statements) => statements.columns(sql),
            Engine::Postgres(session) => session.columns(sql),
        })
    }

    pub(in crate::store) fn has_table(&self, name: &str) -> Result<bool, Error> {
        let sql = match self.engine {
            Engine::Sqlite(_) => sqlite_names::TABLE,
            Engine::Postgres(_) => postgres_names::TABLE,
        };
        self.first(sql, &[name.into()], |_| Ok(())).map(|found| found.is_some())
    }

    /// The tables that there are.
    pub(super) fn tables(&self) -> Result<Vec<String>, Error> {
        let sql = match self.engine {
            Engine::Sqlite(_) => sqlite_names::TABLES,
            Engine::Postgres(_) => postgres_names::TABLES,
        };
        self.rows(sql, &[], |row| Ok(row.text(0)?.to_owned()))
    }

    /// Which of them refers to which.
    pub(super) fn references(&self) -> Result<Vec<(String, String)>, Error> {
        let sql = match self.engine {
            Engine::Sqlite(_) => sqlite_names::REFERENCES,
            Engine::Postgres(_) => postgres_names::REFERENCES,
        };
        self.rows(sql, &[], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))
    }

    /// What these statements read.
    pub(in crate::store) fn location(&self) -> Location {
        match self.engine {
            Engine::Sqlite(statements) => statements.path().into(),
            Engine::Postgres(session) => Location::Server(session.address()),
        }
    }

    /// What the end of a statement makes of it that takes its rows for the transaction, where that has more writers than
    /// this one.
    pub(super) const fn for_update(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite(_) => "",
            Engine::Postgres(_) => "FOR UPDATE",
        }
    }

    /// Whether the clock of the engine counts for expiries, because its writers are on several machines.
    pub(super) const fn has_own_clock(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// An expression for the engine's own clock in milliseconds; `0` where the clock of this machine counts.
    pub(super) const fn millis(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite(_) => "0",
            Engine::Postgres(_) => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// The server's name for this connection, where that shows whether its process lives.
    pub(super) fn backend(&self) -> Option<&str> {
        match self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(session) => session.backend(),
        }
    }

    /// An engine's failure: the transaction is of no more use.
    fn watch<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        self.has_failed.set(self.has_failed.get() || outcome.is_err());
        outcome
    }

    /// Fails once a statement has: also where `f` made nothing of it, the transaction must not be committed.
    pub(super) fn ensure_usable(&self) -> Result<(), Error> {
        if self.is_reading.get() {
            return Err(Error::Statement { source: "it is among the rows of another statement".into() });
        }
        if self.has_failed.get() {
            let source = "an earlier statement of the transaction failed".into();
            return Err(Error::Engine { database: self.location(), source });
        }
        Ok(())
    }
}

/// That the rows of a statement are read, as long as it exists.
struct Reading<'a>(&'a Cell<bool>);

impl<'a> Reading<'a> {
    fn begin(is_reading: &'a Cell<bool>) -> Self {
        is_reading.set(true);
        Self(is_reading)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<'a> Writer<'a> {
    pub(super) const fn new(reader: Reader<'a>) -> Self {
        Self { reader }
    }

    /// Runs a statement from the prepared-statement cache; returns how many rows changed.
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.ensure_usable()?;
        self.watch(match self.engine {
            Engine::Sqlite(statements) => statements.execute(sql, params),
            Engine::Postgres(session) => session.execute(sql, params),
        })
    }

    /// Runs a statement whose count does not matter. A server gets it at once, and says how it went with the answer of a
    /// later statement, at the latest with that of COMMIT.
    pub fn write(&self, sql: &str, params: &[Value<'_>]) -> Result<(), Error> {
        self.ensure_usable()?;
        self.watch(match self.engine {
            Engine::Sqlite(statements) => statements.execute(sql, params).map(drop),
            Engine::Postgres(session) => session.write(sql, params),
        })
    }

    /// Runs several statements of a schema, without parameters.
    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<(), Error> {
        self.ensure_usable()?;
        self.watch(match self.engine {
            Engine::Sqlite(statements) => statements.execute_batch(sql),
            Engine::Postgres(session) => session.execute_schema(sql),
        })
    }
}

impl<'a> std::ops::Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl Row<'_> {
    /// A value of whatever kind it is.
    pub fn value(&self, column: usize) -> Result<Value<'_>, Error> {
        match self.0 {
            Cells::Sqlite(cells) => sqlite_statement::value(cells, column),
            Cells::Postgres(cells) => postgres_value::value(cells, column),
        }
    }

    pub fn text(&self, column: usize) -> Result<&str, Error> {
        self.opt_text(column)?.ok_or_else(|| wrong(column, Value::Null, "a text"))
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other @ (Value::Int(_) | Value::Real(_) | Value::Blob(_)) => Err(wrong(column, other, "a text")),
        }
    }

    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.opt_int(column)?.ok_or_else(|| wrong(column, Value::Null, "an integer"))
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(number)),
            other @ (Value::Real(_) | Value::Text(_) | Value::Blob(_)) => Err(wrong(column, other, "an integer")),
        }
    }

    pub fn opt_real(&self, column: usize) -> Result<Option<f64>, Error> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Real(number) => Ok(Some(number)),
            other @ (Value::Int(_) | Value::Text(_) | Value::Blob(_)) => Err(wrong(column, other, "a number")),
        }
    }

    pub fn blob(&self, column: usize) -> Result<&[u8], Error> {
        let value = self.value(column)?;
        if let Value::Blob(bytes) = value { Ok(bytes) } else { Err(wrong(column, value, "bytes")) }
    }

    /// A stored 0 or 1, or a condition.
    pub fn flag(&self, column: usize) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// A stored count, never negative.
    pub fn count(&self, column: usize) -> Result<u64, Error> {
        Ok(u64::try_from(self.int(column)?).unwrap_or_default())
    }

    /// An instant stored by [`crate::clock::to_rfc3339_millis`].
    pub fn instant(&self, column: usize) -> Result<Timestamp, Error> {
        parse_instant(self.text(column)?)
    }

    /// An instant stored by [`crate::clock::to_rfc3339_millis`], or NULL.
    pub fn opt_instant(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        self.opt_text(column)?.map(parse_instant).transpose()
    }
}

fn wrong(column: usize, found: Value<'_>, expected: &str) -> Error {
    let found = match found {
        Value::Null => "NULL",
        Value::Int(_) => "an integer",
        Value::Real(_) => "a number",
        Value::Text(_) => "a text",
        Value::Blob(_) => "bytes",
    };
    Error::Statement { source: format!("column {column} holds {found}, not {expected}").into() }
}

fn parse_instant(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::Value { found: text.to_owned(), expected: "an RFC 3339 time" })
}
