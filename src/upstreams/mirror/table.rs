//! A declared table of mirrored rows, and every statement on it.

mod many;

use std::fmt::Write as _;

use super::key_set::KeySet;
use super::outcome::WriteMeta;
use crate::store::{Error, Reader, Row, Value, Writer};
use crate::upstreams::digest::{Digest, from_stored, stored};

pub use self::many::{NewRow, Written};

/// What a table of mirrored rows is made of. Besides these columns every such table has `raw`, `content_hash`,
/// `deleted_at`, `first_seen_at`, `last_changed_at` and `last_seen_record`.
#[derive(Clone, Debug)]
pub struct TableSpec {
    pub name: &'static str,
    /// The columns of the key. The last one is the row's own id; all rows of a scope share the ones before it.
    pub key: &'static [&'static str],
    /// A dense integer primary key, where the table has one: rows are remembered as one bit each.
    pub number: Option<&'static str>,
    /// The typed columns, in the order their values are bound.
    pub columns: Vec<&'static str>,
    pub hash: HashColumn,
}

/// How `content_hash` is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashColumn {
    Blob,
    /// 32 hexadecimal digits.
    Text,
}

impl HashColumn {
    fn read(self, row: &Row<'_>, column: usize) -> Result<Option<Digest>, Error> {
        Ok(match self {
            Self::Blob => from_stored(row.blob(column)?),
            Self::Text => Digest::from_str_radix(row.text(column)?, 16).ok(),
        })
    }
}

/// A table with its statements.
#[derive(Debug)]
pub struct Table {
    spec: TableSpec,
    insert: String,
    save: String,
    find: String,
    load_before: String,
    load_after: String,
    delete: String,
    load_live: String,
    count_live: String,
    load_last_number: String,
}

/// A row to be written, but for its typed columns.
#[derive(Clone, Copy, Debug)]
pub struct RowValues<'a> {
    /// The values of the key's columns.
    pub key: &'a [Value<'a>],
    /// The row's number; only where the table has one.
    pub number: Option<i64>,
    pub content_hash: Digest,
    pub raw: Option<&'a str>,
}

/// What a write may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Nothing: only a row that is not stored yet is written.
    Nothing,
    /// The stored row, if it has this content still.
    Content(Digest),
    Anything,
    /// Anything, and `last_changed_at` stays: what differs does not count as a change.
    Quietly,
}

/// A stored row, as far as a comparison needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// 0 where the table has no numbers.
    pub number: i64,
    /// `None` where it is no hash of ours.
    pub content_hash: Option<Digest>,
    pub is_deleted: bool,
}

/// A live row, as far as it can be recognised by its bytes.
#[derive(Debug)]
pub struct StoredRow {
    pub id: String,
    pub known: Known,
    /// How many bytes its `raw` has.
    pub length: usize,
}

impl Table {
    pub fn new(spec: TableSpec) -> Self {
        let name = spec.name;
        let (id, scope) = spec.key.split_last().unwrap_or((&"", &[]));
        let by_key = conditions(spec.key);
        let by_address = match &spec.number {
            Some(number) => conditions(std::slice::from_ref(number)),
            None => by_key.clone(),
        };
        let in_scope = format!("{}deleted_at IS NULL", and(&conditions(scope)));
        let address_len = if spec.number.is_some() { 1 } else { spec.key.len() };
        let number = spec.number.unwrap_or("0");
        Self {
            insert: insert(&spec),
            save: save(&spec),
            find: format!("SELECT {number}, content_hash, deleted_at IS NOT NULL FROM {name} WHERE {by_key}"),
            load_before: format!("SELECT raw, last_changed_at, last_seen_record FROM {name} WHERE {by_address}"),
            load_after: format!(
                "SELECT {number}, content_hash, {id}, octet_length(raw)
                 FROM {name}
                 WHERE {in_scope} AND {number} > ?{after}
                 ORDER BY {number}
                 LIMIT ?{limit}",
                after = scope.len() + 1,
                limit = scope.len() + 2,
            ),
            delete: format!(
                "UPDATE {name}
                 SET deleted_at = ?{at}, last_changed_at = ?{at}, last_seen_record = ?{record}
                 WHERE {by_address} AND deleted_at IS NULL",
                at = address_len + 1,
                record = address_len + 2,
            ),
            load_live: format!("SELECT {number} FROM {name} WHERE {in_scope}"),
            count_live: format!("SELECT COUNT(*) FROM {name} WHERE {in_scope}"),
            load_last_number: format!("SELECT MAX({number}) FROM {name}"),
            spec,
        }
    }

    pub const fn name(&self) -> &'static str {
        self.spec.name
    }

    /// The stored row of that key, tombstones included.
    pub fn find(&self, r: &Reader<'_>, key: &[Value<'_>]) -> Result<Option<Known>, Error> {
        r.first(&self.find, key, |row| self.read_known(row))
    }

    fn read_known(&self, row: &Row<'_>) -> Result<Known, Error> {
        Ok(Known { number: row.int(0)?, content_hash: self.spec.hash.read(row, 1)?, is_deleted: row.flag(2)? })
    }

    /// At most `limit` live rows that share these values of the key, ascending from above that number. Only for tables
    /// with numbers.
    pub fn load_after(
        &self,
        r: &Reader<'_>,
        scope: &[Value<'_>],
        number: i64,
        limit: u64,
    ) -> Result<Vec<StoredRow>, Error> {
        let mut values = scope.to_vec();
        values.extend([Value::from(number), limit.into()]);
        r.rows(&self.load_after, &values, |row| {
            let content_hash = self.spec.hash.read(row, 1)?;
            Ok(StoredRow {
                id: row.text(2)?.to_owned(),
                known: Known { number: row.int(0)?, content_hash, is_deleted: false },
                length: usize::try_from(row.count(3)?).unwrap_or(usize::MAX),
            })
        })
    }

    /// What `f` makes of a stored row's `raw`, and the write it is from. The address is the row's number, or its key
    /// where the table has no numbers.
    pub fn load_before<T>(
        &self,
        r: &Reader<'_>,
        address: &[Value<'_>],
        f: impl FnOnce(&str) -> T,
    ) -> Result<Option<(T, WriteMeta)>, Error> {
        r.first(&self.load_before, address, |row| Ok((f(row.opt_text(0)?.unwrap_or_default()), read_meta(row)?)))
    }

    /// Writes a row, and makes a tombstone live again. `false` where what is stored is not what it may replace: then
    /// nothing is written.
    pub fn save<'v>(
        &self,
        w: &Writer<'_>,
        row: &RowValues<'v>,
        columns: impl IntoIterator<Item = Value<'v>>,
        replace: Replace,
        meta: &WriteMeta,
    ) -> Result<bool, Error> {
        let hashes = Hashes::new(row.content_hash, replace, self.spec.hash);
        let values = hashes.bound(*row, columns, replace, meta);
        if matches!(replace, Replace::Anything | Replace::Quietly) {
            // Nothing is in its way.
            return w.write(&self.save, &values).map(|()| true);
        }
        Ok(w.execute(&self.save, &values)? > 0)
    }

    /// Marks a live row as deleted; its values stay. Answers whether there was one. The address is the row's number, or
    /// its key where the table has no numbers.
    pub fn delete(&self, w: &Writer<'_>, address: &[Value<'_>], meta: &WriteMeta) -> Result<bool, Error> {
        let mut values = address.to_vec();
        values.extend([Value::from(&meta.at), meta.record.into()]);
        Ok(w.execute(&self.delete, &values)? > 0)
    }

    /// The numbers of the live rows that share these values of the key.
    pub fn load_live(&self, r: &Reader<'_>, scope: &[Value<'_>]) -> Result<KeySet, Error> {
        let mut numbers = KeySet::default();
        r.for_each(&self.load_live, scope, |row| {
            numbers.insert(row.int(0)?);
            Ok::<(), Error>(())
        })?;
        Ok(numbers)
    }

    /// How many live rows share these values of the key.
    pub fn count_live(&self, r: &Reader<'_>, scope: &[Value<'_>]) -> Result<u64, Error> {
        Ok(r.first(&self.count_live, scope, |row| row.count(0))?.unwrap_or_default())
    }

    /// The number the next new row gets. Numbers are given here: a statement that returned them would keep a journal
    /// of its own, a copy of every page.
    pub fn load_next_number(&self, r: &Reader<'_>) -> Result<i64, Error> {
        Ok(r.first(&self.load_last_number, &[], |row| row.opt_int(0))?.flatten().unwrap_or(0) + 1)
    }
}

/// Parameters between the key's and the typed columns': hash, time, record, raw, and what may be replaced.
const FIXED_COUNT: usize = 7;

/// Inserts a row, unless there is one of its key. Bound are the key, the hash, the time, the record, `raw`, the typed
/// columns, the number.
fn insert(spec: &TableSpec) -> String {
    let TableSpec { name, key, columns, number, .. } = spec;
    let columns = columns.iter().chain(number).fold(String::new(), |columns, column| columns + ", " + column);
    let [hash, at, record, raw] = std::array::from_fn(|index| key.len() + 1 + index);
    let count = spec.columns.len() + usize::from(number.is_some());
    let key_names = key.join(", ");
    format!(
        "INSERT INTO {name} ({key_names}, content_hash, first_seen_at, last_changed_at, last_seen_record, raw{columns})
         VALUES ({key_values}, ?{hash}, ?{at}, ?{at}, ?{record}, ?{raw}{comma}{values})
         ON CONFLICT ({key_names}) DO NOTHING",
        key_values = parameters(1, key.len()),
        comma = if count > 0 { ", " } else { "" },
        values = parameters(raw + 1, count),
    )
}

/// The one statement that replaces rows. Bound are the key, the fixed parameters, the typed columns, the number.
fn save(spec: &TableSpec) -> String {
    let TableSpec { name, key, columns, number, .. } = spec;
    let [hash, at, record, raw, replaces_any, expected, counts] = std::array::from_fn(|index| key.len() + 1 + index);
    let first = key.len() + FIXED_COUNT + 1;
    let mut names = key.join(", ");
    let mut values = parameters(1, key.len());
    let mut sets = String::new();
    names.push_str(", content_hash, first_seen_at, last_changed_at, last_seen_record, raw");
    let _ = write!(values, ", ?{hash}, ?{at}, ?{at}, ?{record}, ?{raw}");
    for (index, column) in columns.iter().enumerate() {
        let _ = write!(names, ", {column}");
        let _ = write!(values, ", ?{}", first + index);
        let _ = write!(sets, ", {column} = excluded.{column}");
    }
    if let Some(number) = number {
        let _ = write!(names, ", {number}");
        let _ = write!(values, ", ?{}", first + columns.len());
    }
    format!(
        "INSERT INTO {name} ({names})
         VALUES ({values})
         ON CONFLICT ({key}) DO UPDATE
         SET content_hash = excluded.content_hash,
             last_changed_at =
                 CASE WHEN ?{counts} = 1 THEN excluded.last_changed_at ELSE {name}.last_changed_at END,
             last_seen_record = excluded.last_seen_record,
             raw = excluded.raw,
             deleted_at = NULL{sets}
         WHERE ?{replaces_any} = 1 OR {name}.content_hash = ?{expected}",
        key = key.join(", "),
    )
}

/// Parameters from `first` on, one for each column.
fn parameters(first: usize, count: usize) -> String {
    let parameters: Vec<String> = (first..first + count).map(|number| format!("?{number}")).collect();
    parameters.join(", ")
}

/// That these columns have the values of the first parameters.
fn conditions(columns: &[&str]) -> String {
    let conditions: Vec<String> =
        columns.iter().enumerate().map(|(index, column)| format!("{column} = ?{}", index + 1)).collect();
    conditions.join(" AND ")
}

fn and(conditions: &str) -> String {
    if conditions.is_empty() { String::new() } else { format!("{conditions} AND ") }
}

/// A content hash as its column stores it.
enum HashValue {
    Blob([u8; 16]),
    Text(String),
}

impl HashValue {
    fn of(hash: Digest, column: HashColumn) -> Self {
        match column {
            HashColumn::Blob => Self::Blob(stored(hash)),
            HashColumn::Text => Self::Text(format!("{hash:032x}")),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Blob(bytes) => Value::Blob(bytes),
            Self::Text(text) => Value::Text(text),
        }
    }
}

/// The hashes that a statement binds.
struct Hashes {
    content: HashValue,
    expected: Option<HashValue>,
}

impl Hashes {
    fn new(content_hash: Digest, replace: Replace, column: HashColumn) -> Self {
        let expected = if let Replace::Content(expected) = replace { Some(expected) } else { None };
        Self {
            content: HashValue::of(content_hash, column),
            expected: expected.map(|expected| HashValue::of(expected, column)),
        }
    }

    /// What [`Table::save`] binds.
    fn bound<'b, 'v: 'b>(
        &'b self,
        row: RowValues<'v>,
        columns: impl IntoIterator<Item = Value<'v>>,
        replace: Replace,
        meta: &'b WriteMeta,
    ) -> Vec<Value<'b>> {
        let columns = columns.into_iter();
        let mut values: Vec<Value<'b>> = Vec::with_capacity(row.key.len() + FIXED_COUNT + columns.size_hint().0 + 1);
        values.extend_from_slice(row.key);
        values.extend([
            self.content.value(),
            (&meta.at).into(),
            meta.record.into(),
            row.raw.into(),
            matches!(replace, Replace::Anything | Replace::Quietly).into(),
            self.expected.as_ref().map(HashValue::value).into(),
            (replace != Replace::Quietly).into(),
        ]);
        for value in columns {
            values.push(value);
        }
        values.extend(row.number.map(Value::from));
        values
    }
}

fn read_meta(row: &Row<'_>) -> Result<WriteMeta, Error> {
    Ok(WriteMeta { at: row.text(1)?.to_owned(), record: row.opt_int(2)? })
}

#[cfg(test)]
mod tests;
