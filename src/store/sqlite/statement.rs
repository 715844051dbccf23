//! Statements: what they take, and the rows they give.

use std::cell::Cell;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ToSql};

use super::fault::translate;
use crate::store::error::Error;
use crate::store::value::Value;

/// Statements that read, inside one snapshot.
///
/// What not every engine can do is refused on all of them: a statement after one that failed, and a statement while the
/// rows of another one are read.
pub struct Reader<'a> {
    sqlite: &'a rusqlite::Connection,
    path: &'a Path,
    has_failed: Cell<bool>,
    is_reading: Cell<bool>,
}

/// Statements that write, inside one leased transaction. Reads too, and sees its own writes.
pub struct Writer<'a> {
    reader: Reader<'a>,
}

/// One result row.
pub struct Row<'a> {
    row: &'a rusqlite::Row<'a>,
    path: &'a Path,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(sqlite: &'a rusqlite::Connection, path: &'a Path) -> Self {
        Self { sqlite, path, has_failed: Cell::new(false), is_reading: Cell::new(false) }
    }

    /// Calls `f` for each result row, without collecting them.
    pub fn for_each<E: From<Error>>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut f: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.bound(sql, params)?;
        let mut rows = statement.raw_query();
        let _reading = Reading::begin(&self.is_reading);
        while let Some(row) = rows.next().map_err(|error| self.fault(error))? {
            f(&Row { row, path: self.path })?;
        }
        Ok(())
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
        let mut statement = self.bound(sql, params)?;
        let mut rows = statement.raw_query();
        let _reading = Reading::begin(&self.is_reading);
        match rows.next().map_err(|error| self.fault(error))? {
            Some(row) => f(&Row { row, path: self.path }).map(Some),
            None => Ok(None),
        }
    }

    /// The names of the columns that a statement answers with.
    pub fn columns(&self, sql: &str) -> Result<Vec<String>, Error> {
        self.ensure_usable()?;
        let statement = self.sqlite.prepare_cached(sql).map_err(|error| self.fault(error))?;
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    pub(in crate::store) fn has_table(&self, name: &str) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        self.first(sql, &[name.into()], |_| Ok(())).map(|found| found.is_some())
    }

    /// The file these statements read.
    pub(in crate::store) const fn path(&self) -> &Path {
        self.path
    }

    /// A numeric setting kept in the file's header.
    pub(super) fn pragma(&self, name: &str) -> Result<i32, Error> {
        self.sqlite.pragma_query_value(None, name, |row| row.get(0)).map_err(|error| translate(error, self.path))
    }

    /// The prepared statement with every parameter bound: one left out would silently be NULL.
    fn bound(&self, sql: &str, params: &[Value<'_>]) -> Result<CachedStatement<'_>, Error> {
        self.ensure_usable()?;
        let bind = || {
            let mut statement = self.sqlite.prepare_cached(sql)?;
            if statement.parameter_count() != params.len() {
                return Err(rusqlite::Error::InvalidParameterCount(params.len(), statement.parameter_count()));
            }
            // A parameter is NULL until it is bound.
            for (index, value) in params.iter().enumerate().filter(|(_, value)| **value != Value::Null) {
                statement.raw_bind_parameter(index + 1, Bound(*value))?;
            }
            Ok(statement)
        };
        bind().map_err(|error| self.fault(error))
    }

    /// An engine's failure: the transaction is of no more use.
    fn fault(&self, error: rusqlite::Error) -> Error {
        self.has_failed.set(true);
        translate(error, self.path)
    }

    /// Fails once a statement has: also where `f` made nothing of it, the transaction must not be committed.
    pub(super) fn ensure_usable(&self) -> Result<(), Error> {
        if self.is_reading.get() {
            return Err(Error::Statement { source: "it is among the rows of another statement".into() });
        }
        if self.has_failed.get() {
            return Err(Error::Engine {
                path: self.path.to_owned(),
                source: "an earlier statement of the transaction failed".into(),
            });
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

/// The linked engine's version.
pub(in crate::store) fn engine_version() -> &'static str {
    rusqlite::version()
}

impl<'a> Writer<'a> {
    pub(super) const fn new(reader: Reader<'a>) -> Self {
        Self { reader }
    }

    /// Runs a statement from the prepared-statement cache; returns how many rows changed.
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.ensure_open()?;
        let changed = self.bound(sql, params)?.raw_execute().map_err(|error| self.fault(error))?;
        Ok(changed as u64)
    }

    /// Runs several statements without parameters.
    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<(), Error> {
        self.ensure_open()?;
        self.ensure_usable()?;
        self.sqlite.execute_batch(sql).map_err(|error| self.fault(error))
    }

    /// After some failures the engine rolls back without a command; a caller that went on would write without a
    /// transaction, hence without its lease.
    fn ensure_open(&self) -> Result<(), Error> {
        if self.sqlite.is_autocommit() {
            return Err(Error::Engine {
                path: self.path.to_owned(),
                source: "the transaction was rolled back by an earlier failure".into(),
            });
        }
        Ok(())
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
        self.read(column, |value| {
            Ok(match value {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(_) => Value::Text(value.as_str()?),
                ValueRef::Blob(bytes) => Value::Blob(bytes),
            })
        })
    }

    pub fn text(&self, column: usize) -> Result<&str, Error> {
        self.read(column, |value| Ok(value.as_str()?))
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, Error> {
        self.read(column, |value| Ok(value.as_str_or_null()?))
    }

    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.read(column, |value| Ok(value.as_i64()?))
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        self.read(column, |value| Ok(value.as_i64_or_null()?))
    }

    pub fn opt_real(&self, column: usize) -> Result<Option<f64>, Error> {
        self.read(column, |value| Ok(value.as_f64_or_null()?))
    }

    pub fn blob(&self, column: usize) -> Result<&[u8], Error> {
        self.read(column, |value| Ok(value.as_blob()?))
    }

    /// A stored 0 or 1.
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

    fn read<'r, T>(
        &'r self,
        column: usize,
        f: impl FnOnce(ValueRef<'r>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Error> {
        self.row.get_ref(column).and_then(f).map_err(|error| translate(error, self.path))
    }
}

fn parse_instant(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::Value { found: text.to_owned(), expected: "an RFC 3339 time" })
}

/// A parameter that the driver takes without a copy.
struct Bound<'a>(Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(number),
            Value::Real(number) => ValueRef::Real(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
