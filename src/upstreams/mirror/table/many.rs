//! The statements on many rows at once.

use super::{HashValue, Hashes, Known, Replace, RowValues, Table, read_meta};
use crate::store::{Error, Insert, Reader, Value, Writer};
use crate::upstreams::digest::Digest;
use crate::upstreams::mirror::outcome::WriteMeta;

/// A row that may not be stored yet.
#[derive(Clone, Debug)]
pub struct NewRow<'v> {
    pub key: Vec<Value<'v>>,
    pub content_hash: Digest,
    pub raw: Option<&'v str>,
    pub columns: Vec<Value<'v>>,
}

/// A row that replaces a stored one.
#[derive(Debug)]
pub struct Written<'v> {
    pub row: &'v NewRow<'v>,
    pub number: i64,
    pub replace: Replace,
    pub meta: &'v WriteMeta,
}

impl Table {
    /// The stored rows of these keys, tombstones included.
    pub fn find_many(&self, r: &Reader<'_>, keys: &[Vec<Value<'_>>]) -> Result<Vec<Option<Known>>, Error> {
        let mut found = vec![None; keys.len()];
        r.for_each_of(&self.find, keys, |place, row| {
            found[place] = Some(self.read_known(row)?);
            Ok::<_, Error>(())
        })?;
        Ok(found)
    }

    /// Calls `f` with the place of each number, the `raw` of its row, and the write that is from.
    pub fn load_before_many(
        &self,
        r: &Reader<'_>,
        numbers: impl IntoIterator<Item = i64>,
        mut f: impl FnMut(usize, &str, WriteMeta),
    ) -> Result<(), Error> {
        let numbers: Vec<_> = numbers.into_iter().map(|number| vec![number.into()]).collect();
        r.for_each_of(&self.load_before, &numbers, |place, row| {
            f(place, row.opt_text(0)?.unwrap_or_default(), read_meta(row)?);
            Ok(())
        })
    }

    /// Inserts rows of different ids; answers the number of each, or `None` where there is a row of its key. `at_least` is
    /// above the numbers of rows that are not stored yet.
    pub fn insert_many<'v>(
        &self,
        w: &Writer<'_>,
        rows: impl ExactSizeIterator<Item = &'v NewRow<'v>> + Clone,
        at_least: i64,
        meta: &WriteMeta,
    ) -> Result<Vec<Option<i64>>, Error> {
        if rows.len() == 0 {
            return Ok(Vec::new());
        }
        let hashes: Vec<_> = rows.clone().map(|row| HashValue::of(row.content_hash, self.spec.hash)).collect();
        let bound = rows.zip(&hashes).map(|(row, hash)| {
            let mut values = Vec::with_capacity(row.key.len() + row.columns.len() + 5);
            values.extend_from_slice(&row.key);
            values.extend([hash.value(), (&meta.at).into(), meta.record.into(), row.raw.into()]);
            values.extend_from_slice(&row.columns);
            values
        });
        let first = if w.numbers_rows() { 0 } else { self.load_next_number(w)?.max(at_least) };
        let insert = Insert {
            sql: &self.insert,
            number: self.spec.number.unwrap_or_default(),
            id: self.spec.key.last().copied().unwrap_or_default(),
            id_at: self.spec.key.len().saturating_sub(1),
            first,
        };
        w.insert_many(&insert, bound.collect())
    }

    /// Replaces stored rows as [`Table::save`] does; answers which of them were written.
    pub fn save_many(&self, w: &Writer<'_>, rows: &[Written<'_>]) -> Result<Vec<bool>, Error> {
        let hashes: Vec<_> =
            rows.iter().map(|one| Hashes::new(one.row.content_hash, one.replace, self.spec.hash)).collect();
        let bound = rows.iter().zip(&hashes).map(|(Written { row, number, replace, meta }, hashes)| {
            let number = self.spec.number.map(|_| *number);
            let values = RowValues { key: &row.key, number, content_hash: row.content_hash, raw: row.raw };
            hashes.bound(values, row.columns.iter().copied(), *replace, meta)
        });
        let counts = w.execute_many(&self.save, &bound.collect::<Vec<_>>())?;
        Ok(counts.into_iter().map(|count| count > 0).collect())
    }

    /// Marks live rows as deleted, by their numbers; answers how many there were.
    pub fn delete_many(
        &self,
        w: &Writer<'_>,
        numbers: impl Iterator<Item = i64>,
        meta: &WriteMeta,
    ) -> Result<u64, Error> {
        let rows: Vec<_> = numbers.map(|number| vec![number.into(), (&meta.at).into(), meta.record.into()]).collect();
        Ok(w.execute_many(&self.delete, &rows)?.iter().sum())
    }
}
