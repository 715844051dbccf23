//! The engine's statements, prepared once, and the cells of their rows.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ToSql};

use super::fault::translate;
use crate::store::error::Error;
use crate::store::value::Value;

/// What runs statements on a connection.
#[derive(Clone, Copy)]
pub(in crate::store) struct Statements<'a> {
    sqlite: &'a rusqlite::Connection,
    path: &'a Path,
}

/// One result row.
pub(in crate::store) type Cells<'a> = &'a rusqlite::Row<'a>;

impl<'a> Statements<'a> {
    pub(super) const fn new(sqlite: &'a rusqlite::Connection, path: &'a Path) -> Self {
        Self { sqlite, path }
    }

    pub(in crate::store) const fn path(&self) -> &'a Path {
        self.path
    }

    /// Calls `f` for each result row until it breaks off. The outer error is the engine's.
    pub(in crate::store) fn query<E>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut f: impl FnMut(Cells<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Result<(), E>, Error> {
        let mut statement = self.bound(sql, params)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| self.fault(error))? {
            match f(row) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    /// The names of the columns that a statement answers with.
    pub(in crate::store) fn columns(&self, sql: &str) -> Result<Vec<String>, Error> {
        let statement = self.sqlite.prepare_cached(sql).map_err(|error| self.fault(error))?;
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    /// Runs a statement; returns how many rows changed.
    pub(in crate::store) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, Error> {
        self.ensure_open()?;
        let changed = self.bound(sql, params)?.raw_execute().map_err(|error| self.fault(error))?;
        Ok(changed as u64)
    }

    /// Runs several statements without parameters.
    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<(), Error> {
        self.ensure_open()?;
        self.sqlite.execute_batch(sql).map_err(|error| self.fault(error))
    }

    /// The prepared statement with every parameter bound: one left out would silently be NULL.
    fn bound(&self, sql: &str, params: &[Value<'_>]) -> Result<CachedStatement<'a>, Error> {
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

    /// After some failures the engine rolls back without a command; a caller that went on would write without a
    /// transaction, hence without its lease.
    fn ensure_open(&self) -> Result<(), Error> {
        if self.sqlite.is_autocommit() {
            let source = "the transaction was rolled back by an earlier failure".into();
            return Err(Error::Engine { database: self.path.into(), source });
        }
        Ok(())
    }

    fn fault(&self, error: rusqlite::Error) -> Error {
        translate(error, self.path)
    }
}

/// The value in that column.
#[inline]
pub(in crate::store) fn value(cells: Cells<'_>, column: usize) -> Result<Value<'_>, Error> {
    // An export comes here for each of its cells.
    match cells.get_ref(column) {
        // What is no UTF-8, as only another program can have written it, is no text.
        Ok(ValueRef::Text(bytes)) => Ok(str::from_utf8(bytes).map_or(Value::Blob(bytes), Value::Text)),
        Ok(ValueRef::Null) => Ok(Value::Null),
        Ok(ValueRef::Integer(number)) => Ok(Value::Int(number)),
        Ok(ValueRef::Real(number)) => Ok(Value::Real(number)),
        Ok(ValueRef::Blob(bytes)) => Ok(Value::Blob(bytes)),
        Err(error) => Err(Error::Statement { source: error.into() }),
    }
}

/// The linked engine's version.
pub(in crate::store) fn engine_version() -> &'static str {
    rusqlite::version()
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
