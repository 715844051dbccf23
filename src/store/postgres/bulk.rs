//! Many rows with one statement: each parameter is an array of the rows' values.
//!
//! The statement is written for one row. The server says of which types its parameters are; then it gets another text, in
//! which they are the columns of a list.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use futures_util::future::try_join_all;
use tokio_postgres::types::Type;

use super::dialect;
use super::session::{Session, bound};
use super::value::{Bound, Cells, stored_text, value};
use super::wait::wait;
use crate::store::error::Error;
use crate::store::statement::Insert;
use crate::store::value::Value;

/// The most statements on their way at once.
const PIPELINED: usize = 1_000;

/// The list of the rows' values.
const LIST: &str = "bound";

impl Session {
    /// Runs a statement for each of these parameters, many of them on their way at once; returns how many rows each changed.
    pub(in crate::store) fn execute_many(&self, sql: &str, rows: &[Vec<Value<'_>>]) -> Result<Vec<u64>, Error> {
        self.ensure_begun()?;
        let statement = self.prepared(sql)?;
        let mut changed = Vec::with_capacity(rows.len());
        for rows in rows.chunks(PIPELINED) {
            let requests = rows.iter().map(|params| self.client().execute_raw(&statement, bound(params)));
            changed.extend(self.answered(wait(try_join_all(requests)))?);
        }
        Ok(changed)
    }

    /// Runs a query from one table for all of these parameters at once; `f` gets the place of those that a row answers.
    pub(in crate::store) fn query_many<E>(
        &self,
        sql: &str,
        rows: &[Vec<Value<'_>>],
        mut f: impl FnMut(usize, Cells<'_>) -> Result<(), E>,
    ) -> Result<Result<(), E>, Error> {
        let text = select(sql, self.prepared(sql)?.params());
        let mut fault = Ok(());
        let outcome = self.query_with(&text, columns(rows), |cells| {
            match value(cells, cells.len() - 1) {
                Ok(Value::Int(place)) => f(usize::try_from(place - 1).unwrap_or_default(), cells)?,
                Ok(_) => {}
                Err(error) => fault = Err(error),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        fault.map(|()| outcome)
    }

    /// Inserts rows of different ids with one statement; the server gives their numbers. `None` is one that was there.
    pub(in crate::store) fn insert_many(
        &self,
        insert: &Insert<'_>,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<Option<i64>>, Error> {
        self.ensure_begun()?;
        let statement = self.prepared(insert.sql)?;
        let kinds = statement.params();
        let mut text = insert_text(insert.sql, &kinds[..kinds.len().saturating_sub(1)]);
        let _ = write!(text, " RETURNING {}, {}", insert.number, insert.id);
        let mut numbers = HashMap::with_capacity(rows.len());
        self.query_with(&text, columns(rows), |cells| -> Result<_, Error> {
            if let (Value::Int(number), Value::Text(id)) = (value(cells, 0)?, value(cells, 1)?) {
                numbers.insert(id.to_owned(), number);
            }
            Ok(ControlFlow::Continue(()))
        })??;
        let number = |row: &Vec<Value<'_>>| match row.get(insert.id_at) {
            Some(Value::Text(id)) => numbers.get(&*stored_text(id)).copied(),
            Some(_) | None => None,
        };
        Ok(rows.iter().map(number).collect())
    }
}

/// The values of the rows, column after column.
fn columns<'a>(rows: &'a [Vec<Value<'a>>]) -> impl ExactSizeIterator<Item = Vec<Bound<'a>>> {
    let count = rows.first().map_or(0, Vec::len);
    (0..count).map(|column| rows.iter().map(|row| Bound(row[column])).collect())
}

/// `SELECT … FROM a WHERE …` for each row of the list; the last column that it answers is the row's place.
fn select(sql: &str, kinds: &[Type]) -> String {
    let (mut has_from, mut has_where) = (false, false);
    dialect::pieces(sql).into_iter().fold(String::with_capacity(sql.len() * 2), |mut text, piece| {
        match piece {
            "FROM" if !std::mem::replace(&mut has_from, true) => {
                let _ = write!(text, ", {LIST}.place {piece}");
            }
            "WHERE" if !std::mem::replace(&mut has_where, true) => {
                let _ = write!(text, "CROSS JOIN {} {piece}", list(kinds, " WITH ORDINALITY", ", place"));
            }
            _ => push(&mut text, piece),
        }
        text
    })
}

/// `INSERT INTO a (…) VALUES (…) ON CONFLICT …` for all rows of the list, without its last column.
fn insert_text(sql: &str, kinds: &[Type]) -> String {
    let (names, rest) = sql.split_once("VALUES").unwrap_or((sql, ""));
    let (values, rest) = rest.split_once(')').unwrap_or((rest, ""));
    let without_last = |part: &str| part.rsplit_once(',').map_or_else(String::new, |(before, _)| before.to_owned());
    let mut text = without_last(names) + ") SELECT ";
    for piece in dialect::pieces(without_last(values).trim_start_matches([' ', '('])) {
        push(&mut text, piece);
    }
    let _ = write!(text, " FROM {}{rest}", list(kinds, "", ""));
    text
}

fn push(text: &mut String, piece: &str) {
    match piece.strip_prefix('?') {
        Some(number) => {
            let _ = write!(text, "{LIST}.p{number}");
        }
        None => text.push_str(piece),
    }
}

/// The list of the rows, one column for each parameter.
fn list(kinds: &[Type], option: &str, more: &str) -> String {
    let arrays = kinds.iter().enumerate().map(|(index, kind)| format!("CAST(${} AS {kind}[])", index + 1));
    let names: Vec<String> = (1..=kinds.len()).map(|number| format!("p{number}")).collect();
    let (arrays, names) = (arrays.collect::<Vec<_>>().join(", "), names.join(", "));
    format!("unnest({arrays}){option} AS {LIST} ({names}{more})")
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::{insert_text, select};

    #[test]
    fn a_look_up_becomes_one_of_many_keys() {
        assert_eq!(
            select("SELECT key, id FROM a WHERE b = ?1 AND id = ?2", &[Type::TEXT, Type::INT8]),
            "SELECT key, id , bound.place FROM a CROSS JOIN unnest(CAST($1 AS text[]), CAST($2 AS int8[])) \
             WITH ORDINALITY AS bound (p1, p2, place) WHERE b = bound.p1 AND id = bound.p2"
        );
    }

    #[test]
    fn an_insertion_becomes_one_of_many_rows_without_their_numbers() {
        assert_eq!(
            insert_text(
                "INSERT INTO a (id, raw, at, key) VALUES (?1, ?2, ?2, ?3) ON CONFLICT (id) DO NOTHING",
                &[Type::TEXT, Type::BYTEA],
            ),
            "INSERT INTO a (id, raw, at) SELECT bound.p1, bound.p2, bound.p2 \
             FROM unnest(CAST($1 AS text[]), CAST($2 AS bytea[])) AS bound (p1, p2) ON CONFLICT (id) DO NOTHING"
        );
    }
}
