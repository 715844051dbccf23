//! Everything of one database into another one, of whatever engine.

use std::collections::BTreeSet;
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use super::error::Error;
use super::handle::Store;
use super::location::Location;
use super::lock::rows as lock_rows;
use super::migrate;
use super::options::{Mode, StoreOptions};
use super::postgres::numbers as postgres_numbers;
use super::records::dead;
use super::sqlite::copy;
use super::sqlite::fill;
use super::sqlite::numbers as sqlite_numbers;
use super::statement::{Reader, Row, Writer};
use super::value::Value;

/// What every engine makes by itself.
const OWN_TABLES: [&str; 2] = ["schema_migrations", "sync_gates"];

/// Rows that are written together.
const BATCH_ROWS: usize = 500;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    pub tables: u64,
    pub rows: u64,
}

/// How many rows a table has, and a sum of their digests: the order of rows does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Content {
    rows: u64,
    digest: u64,
}

/// A cell that outlives its row.
enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Store {
    /// Copies all rows of one database into another one, which must have none. Nobody may be writing to the first one:
    /// what came later would be missing in the second. Every table is compared before the copy counts.
    pub fn copy(from: &Location, to: &Location, options: &StoreOptions) -> Result<Copied, Error> {
        let source = Self::open(from, StoreOptions { mode: Mode::ReadOnly, ..options.clone() })?;
        let holder = source.read(|r| lock_rows::load_live(r, source.evidence(), source.clock()))?;
        if let Some(holder) = holder {
            return Err(Error::Locked(Box::new(holder)));
        }
        let target = Self::open(to, StoreOptions { mode: Mode::ReadWrite, ..options.clone() })?;
        let (place, clock) = (to.clone(), target.clock().clone());
        target.transact(move |w| {
            if w.first("SELECT 1 FROM sync_records UNION ALL SELECT 1 FROM sync_locks", &[], |_| Ok(()))?.is_some() {
                return Err(Error::Filled { database: place });
            }
            let copied = source.read(|r| copy_rows(r, w))?;
            end_all(w, &clock)?;
            Ok(copied)
        })
    }

    /// Copies the database to the file `to` while others may write: consistent, checked, flushed to disk, then renamed to
    /// its name; returns its size in bytes. The copy has every token but no held lock. An existing file stays, and is an
    /// error. The schema of a file may be an older one: a copy is worth most before an upgrade.
    pub fn back_up(from: &Location, to: &Path, options: &StoreOptions) -> Result<u64, Error> {
        let path = match from {
            Location::File(path) => path,
            Location::Server(_) => return back_up_server(from, to, options),
        };
        copy::back_up(path, to, lock_rows::save_all_released)
    }
}

fn back_up_server(from: &Location, to: &Path, options: &StoreOptions) -> Result<u64, Error> {
    let source = Store::open(from, StoreOptions { mode: Mode::ReadOnly, ..options.clone() })?;
    let components: Vec<_> = std::iter::once(migrate::CORE).chain(options.components.iter().copied()).collect();
    fill::back_up(to, &components, source.clock(), |w| {
        source.read(|r| copy_rows(r, w))?;
        end_all(w, source.clock())
    })
}

/// No process works on the copy.
fn end_all(w: &Writer<'_>, clock: &crate::clock::Clock) -> Result<(), Error> {
    lock_rows::save_all_released(w)?;
    dead::save_all_interrupted(w, clock)
}

fn copy_rows(r: &Reader<'_>, w: &Writer<'_>) -> Result<Copied, Error> {
    let known = w.tables()?;
    if let Some(foreign) = r.tables()?.into_iter().find(|table| !is_own(table) && !known.contains(table)) {
        return Err(Error::Newer { database: r.location(), what: format!("table `{foreign}`") });
    }
    let tables = in_order(known.into_iter().filter(|table| !is_own(table)).collect(), &w.references()?);
    let mut copied = Copied::default();
    for table in &tables {
        let content = copy_table(r, w, table)?;
        copied.tables += 1;
        copied.rows += content.rows;
    }
    save_numbers(w, &load_numbers(r)?)?;
    Ok(copied)
}

/// The last number that each table has given out.
fn load_numbers(r: &Reader<'_>) -> Result<Vec<(String, i64)>, Error> {
    match r.location() {
        Location::File(_) => sqlite_numbers::load_numbers(r),
        Location::Server(_) => postgres_numbers::load_numbers(r),
    }
}

fn save_numbers(w: &Writer<'_>, numbers: &[(String, i64)]) -> Result<(), Error> {
    match w.location() {
        Location::File(_) => sqlite_numbers::save_numbers(w, numbers),
        Location::Server(_) => postgres_numbers::save_numbers(w, numbers),
    }
}

fn is_own(table: &str) -> bool {
    OWN_TABLES.contains(&table)
}

/// The tables so that each comes after those it refers to.
fn in_order(tables: Vec<String>, references: &[(String, String)]) -> Vec<String> {
    let mut ordered: Vec<String> = Vec::with_capacity(tables.len());
    let mut rest: BTreeSet<String> = tables.into_iter().collect();
    while !rest.is_empty() {
        let is_waiting =
            |table: &String| references.iter().any(|(from, to)| from == table && to != table && rest.contains(to));
        let (waiting, ready): (BTreeSet<_>, BTreeSet<_>) = rest.iter().cloned().partition(is_waiting);
        // What refers to one another in a circle cannot wait.
        rest = if ready.is_empty() { BTreeSet::new() } else { waiting.clone() };
        ordered.extend(if ready.is_empty() { waiting } else { ready });
    }
    ordered
}

fn copy_table(r: &Reader<'_>, w: &Writer<'_>, table: &str) -> Result<Content, Error> {
    let columns = w.columns(&format!("SELECT * FROM {table}"))?;
    let names = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let holes = (1..=columns.len()).map(|number| format!("?{number}")).collect::<Vec<_>>().join(", ");
    let select = format!("SELECT {names} FROM {table}");
    let insert = format!("INSERT INTO {table} ({names}) VALUES ({holes})");
    // A migration may have put rows there.
    w.execute(&format!("DELETE FROM {table}"), &[])?;
    let mut batch: Vec<Vec<Cell>> = Vec::new();
    let mut read = Content::default();
    r.for_each(&select, &[], |row| {
        let cells = cells(row, columns.len())?;
        read.add(&cells);
        batch.push(cells);
        if batch.len() == BATCH_ROWS {
            write_batch(w, &insert, &mut batch)?;
        }
        Ok::<_, Error>(())
    })?;
    write_batch(w, &insert, &mut batch)?;
    let mut written = Content::default();
    w.for_each(&select, &[], |row| {
        written.add(&cells(row, columns.len())?);
        Ok::<_, Error>(())
    })?;
    if read == written {
        return Ok(read);
    }
    let source = format!("the copy of the table {table} is not the same").into();
    Err(Error::Engine { database: w.location(), source })
}

fn write_batch(w: &Writer<'_>, insert: &str, batch: &mut Vec<Vec<Cell>>) -> Result<(), Error> {
    let rows: Vec<Vec<Value<'_>>> = batch.iter().map(|cells| cells.iter().map(Cell::value).collect()).collect();
    w.execute_many(insert, &rows)?;
    batch.clear();
    Ok(())
}

fn cells(row: &Row<'_>, count: usize) -> Result<Vec<Cell>, Error> {
    let cell = |column| {
        Ok(match row.value(column)? {
            Value::Null => Cell::Null,
            Value::Int(number) => Cell::Int(number),
            Value::Real(number) => Cell::Real(number),
            Value::Text(text) => Cell::Text(text.to_owned()),
            Value::Blob(bytes) => Cell::Blob(bytes.to_owned()),
        })
    };
    (0..count).map(cell).collect()
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Real(number) => Value::Real(*number),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

impl Content {
    fn add(&mut self, cells: &[Cell]) {
        let mut hasher = Xxh3::new();
        let mut part = |kind: u8, bytes: &[u8]| {
            hasher.update(&[kind]);
            hasher.update(&(bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        for cell in cells {
            match cell {
                Cell::Null => part(0, &[]),
                Cell::Int(number) => part(1, &number.to_be_bytes()),
                Cell::Real(number) => part(2, &number.to_be_bytes()),
                // A server stores a NUL as the sign for what cannot be shown.
                Cell::Text(text) => part(3, text.replace('\0', "\u{fffd}").as_bytes()),
                Cell::Blob(bytes) => part(4, bytes),
            }
        }
        self.rows += 1;
        self.digest = self.digest.wrapping_add(hasher.digest());
    }
}

#[cfg(test)]
mod tests {
    use super::in_order;

    fn check(tables: &[&str], references: &[(&str, &str)], expected: &[&str]) {
        let owned = |text: &&str| (*text).to_owned();
        let references: Vec<_> = references.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        assert_eq!(in_order(tables.iter().map(owned).collect(), &references), expected);
    }

    #[test]
    fn tables_come_after_those_they_refer_to() {
        check(&["a", "b", "c"], &[], &["a", "b", "c"]);
        check(&["a", "b", "c"], &[("a", "b"), ("b", "c")], &["c", "b", "a"]);
        check(&["a", "b"], &[("a", "a"), ("a", "elsewhere")], &["a", "b"]);
        check(&["a", "b", "c"], &[("a", "b"), ("b", "a")], &["c", "a", "b"]);
    }
}
