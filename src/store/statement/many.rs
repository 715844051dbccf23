//! One statement for many rows: a file runs it row by row, a server with few requests.

use super::{Cells, Engine, Reader, Reading, Row, Writer};
use crate::store::error::Error;
use crate::store::value::Value;

/// How rows come into a table that numbers them.
#[derive(Clone, Copy, Debug)]
pub struct Insert<'a> {
    /// Inserts a row, unless there is one of its id. Its last column and parameter are the number's.
    pub sql: &'a str,
    /// The column of the number.
    pub number: &'a str,
    /// The column of the id, and its place among the values.
    pub id: &'a str,
    pub id_at: usize,
    /// The number of the first new row, where the engine gives none.
    pub first: i64,
}

impl Reader<'_> {
    /// Runs a query from one table for each of these parameters; `f` gets the place of those that a row answers. The rows
    /// come in any order.
    pub fn for_each_of<E: From<Error>>(
        &self,
        sql: &str,
        rows: &[Vec<Value<'_>>],
        mut f: impl FnMut(usize, &Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let session = match self.engine {
            Engine::Postgres(session) if rows.len() > 1 => session,
            Engine::Postgres(_) | Engine::Sqlite(_) => {
                let mut rows = rows.iter().enumerate();
                return rows.try_for_each(|(place, params)| self.for_each(sql, params, |row| f(place, row)));
            }
        };
        self.ensure_usable()?;
        let _reading = Reading::begin(&self.is_reading);
        self.watch(session.query_many(sql, rows, |place, cells| f(place, &Row(Cells::Postgres(cells)))))?
    }

    /// Whether the engine itself numbers new rows, because its writers do not see each other's.
    pub fn numbers_rows(&self) -> bool {
        self.has_own_clock()
    }
}

impl Writer<'_> {
    /// Runs a statement once for each of these parameters; returns how many rows each changed.
    pub fn execute_many(&self, sql: &str, rows: &[Vec<Value<'_>>]) -> Result<Vec<u64>, Error> {
        self.ensure_usable()?;
        self.watch(match self.engine {
            Engine::Sqlite(statements) => rows.iter().map(|params| statements.execute(sql, params)).collect(),
            Engine::Postgres(session) => session.execute_many(sql, rows),
        })
    }

    /// Inserts rows of different ids; returns the number of each, or `None` where there was one of its id.
    pub fn insert_many(&self, insert: &Insert<'_>, rows: Vec<Vec<Value<'_>>>) -> Result<Vec<Option<i64>>, Error> {
        self.ensure_usable()?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let statements = match self.engine {
            Engine::Sqlite(statements) => statements,
            Engine::Postgres(session) => return self.watch(session.insert_many(insert, &rows)),
        };
        let mut next = insert.first;
        let numbers = rows.into_iter().map(|mut params| {
            params.push(next.into());
            let is_new = statements.execute(insert.sql, &params)? > 0;
            next += i64::from(is_new);
            Ok(is_new.then_some(next - 1))
        });
        self.watch(numbers.collect())
    }
}
