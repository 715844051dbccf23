//! What a reading changes: which of its rows differ from the stored ones, and how they are written.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::key_set::KeySet;
use super::outcome::{RowOutcome, WriteMeta};
use super::table::{Known, NewRow, Replace, Table, Written};
use crate::store::{Error, Reader, Value, Writer};
use crate::upstreams::digest::{Digest, is_same_meaning};
use crate::upstreams::row_changes::tables::{ChangedRow, save_restored};

/// Rows that were changed are remembered as they were, up to this many: a few megabytes.
const MAX_ORIGINALS: usize = 20_000;

/// What a reading has changed so far; shared by those who compare rows and those who write them.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Mutex<ChangesState>>);

#[derive(Debug, Default)]
struct ChangesState {
    /// Rows that differed from what was stored: what a reader still sees of them may be out of date.
    planned: KeySet,
    originals: HashMap<i64, Original>,
    /// Above every number that a new row of this reading got. The table alone does not know it: a dry run rolls back each
    /// page's rows, and the rows of a later page need other numbers all the same.
    next_number: i64,
}

/// A row as it was before the reading changed it.
#[derive(Clone, Debug)]
struct Original {
    content_hash: Digest,
    meta: WriteMeta,
}

/// A row that came, and what is known of the stored one of its key.
#[derive(Clone, Copy, Debug)]
pub struct Fetched<'a> {
    pub known: Option<Known>,
    pub content_hash: Digest,
    pub raw: &'a str,
}

/// A row to be written.
#[derive(Clone, Debug)]
pub struct Changed<'a> {
    pub row: NewRow<'a>,
    /// What a reader found of it.
    pub found: Option<&'a Found>,
}

/// A row that replaced a stored one.
struct Saved {
    /// Where it is among those that were to be written.
    place: usize,
    number: i64,
    outcome: RowOutcome,
}

/// A fetched row beside the stored one.
#[derive(Clone, Debug)]
pub enum Comparison {
    /// Nothing to write.
    Unchanged { number: i64 },
    /// To be written; what is stored, as far as it was found.
    Changed(Option<Found>),
}

/// The stored row of a fetched one's key, as a reader saw it.
#[derive(Clone, Debug)]
pub struct Found {
    pub(super) known: Known,
    /// The write it is from, where that may have to be restored.
    pub(super) before: Option<WriteMeta>,
}

impl Changed<'_> {
    /// The rows of a scope share the other values of the key.
    fn id(&self) -> &str {
        if let Some(Value::Text(id)) = self.row.key.last() { id } else { "" }
    }
}

impl Changes {
    /// Whether a row of this content needs no writing, by its hash alone. What the reading has changed has to be compared
    /// again where it is written.
    pub fn is_unchanged(&self, known: &Known, content_hash: Digest) -> bool {
        !known.is_deleted && known.content_hash == Some(content_hash) && !self.state().planned.contains(known.number)
    }

    /// Compares fetched rows with the stored ones of their keys. Where the bytes differ, the meaning decides.
    pub fn compare(&self, r: &Reader<'_>, table: &Table, rows: &[Fetched<'_>]) -> Result<Vec<Comparison>, Error> {
        let differing: Vec<(usize, Known)> = (rows.iter().enumerate())
            .filter_map(|(place, row)| row.known.map(|known| (place, known)))
            .filter(|(place, known)| !known.is_deleted && known.content_hash != Some(rows[*place].content_hash))
            .collect();
        let mut stored: Vec<Option<(bool, WriteMeta)>> = vec![None; rows.len()];
        table.load_before_many(r, differing.iter().map(|(_, known)| known.number), |index, raw, before| {
            let (place, _) = differing[index];
            stored[place] = Some((is_same_meaning(rows[place].raw, raw), before));
        })?;
        let compare = |(row, stored): (&Fetched<'_>, Option<(bool, WriteMeta)>)| {
            let Some(known) = row.known else { return Comparison::Changed(None) };
            let number = known.number;
            if self.is_unchanged(&known, row.content_hash) {
                return Comparison::Unchanged { number };
            }
            let mut state = self.state();
            if matches!(stored, Some((true, _))) && !state.planned.contains(number) {
                return Comparison::Unchanged { number };
            }
            state.planned.insert(number);
            Comparison::Changed(Some(Found { known, before: stored.map(|(_, before)| before) }))
        };
        Ok(rows.iter().zip(stored).map(compare).collect())
    }

    /// Writes rows that differ from what a reader found. Answers the number of each, and what became of it.
    pub fn save(
        &self,
        w: &Writer<'_>,
        table: &Table,
        rows: &[Changed<'_>],
        meta: &WriteMeta,
    ) -> Result<Vec<(i64, RowOutcome)>, Error> {
        let mut saved = vec![None; rows.len()];
        // A row that comes again goes after the others, one by one.
        let mut ids = HashSet::new();
        let first: Vec<usize> = (0..rows.len()).filter(|place| ids.insert(rows[*place].id())).collect();
        let is_new = |place: &&usize| rows[**place].found.is_none();

        let new: Vec<usize> = first.iter().filter(is_new).copied().collect();
        let at_least = self.state().next_number;
        let numbers = table.insert_many(w, new.iter().map(|place| &rows[*place].row), at_least, meta)?;
        for (place, number) in new.into_iter().zip(numbers) {
            saved[place] = number.map(|number| (number, RowOutcome::New));
        }
        let last = saved.iter().flatten().map(|(number, _)| *number).max();
        let mut state = self.state();
        state.next_number = state.next_number.max(last.map_or(0, |last| last + 1));
        drop(state);

        let mut expected = Vec::new();
        for place in first.iter().filter(|place| !is_new(place)) {
            let Changed { row, found: Some(Found { known, before }) } = &rows[*place] else { continue };
            if let Some(before) = before {
                self.keep_original(*known, before, meta);
            }
            if let Some(hash) = known.content_hash.filter(|hash| *hash != row.content_hash || known.is_deleted) {
                expected.push((*place, *known, Replace::Content(hash)));
            }
        }
        for Saved { place, number, outcome } in self.replace(w, table, rows, &expected, meta)? {
            saved[place] = Some((number, outcome));
        }

        let mut all = Vec::with_capacity(rows.len());
        for (place, saved) in saved.into_iter().enumerate() {
            all.push(match saved {
                Some(saved) => saved,
                None => self.save_again(w, table, rows, place, meta)?,
            });
        }
        Ok(all)
    }

    /// Writes a row that came before in this reading, or is a tombstone that was not looked for.
    fn save_again(
        &self,
        w: &Writer<'_>,
        table: &Table,
        rows: &[Changed<'_>],
        place: usize,
        meta: &WriteMeta,
    ) -> Result<(i64, RowOutcome), Error> {
        let row = &rows[place].row;
        let gone = || Error::Value { found: "no row".to_owned(), expected: "the row that is in the way" };
        let known = table.find(w, &row.key)?.ok_or_else(gone)?;
        let is_same = known.content_hash == Some(row.content_hash)
            || table
                .load_before(w, &[known.number.into()], |stored| is_same_meaning(row.raw.unwrap_or_default(), stored))?
                .is_some_and(|(is_same, _)| is_same);
        if is_same && !known.is_deleted {
            return Ok((known.number, RowOutcome::Unchanged));
        }
        let replaced = self.replace(w, table, rows, &[(place, known, Replace::Anything)], meta)?;
        Ok(replaced
            .into_iter()
            .next()
            .map_or((known.number, RowOutcome::Unchanged), |saved| (saved.number, saved.outcome)))
    }

    /// Replaces stored rows by those at these places; answers only for those that had not changed since. A row that is again
    /// as it was before the reading gets the time of its last change back too.
    fn replace(
        &self,
        w: &Writer<'_>,
        table: &Table,
        rows: &[Changed<'_>],
        expected: &[(usize, Known, Replace)],
        meta: &WriteMeta,
    ) -> Result<Vec<Saved>, Error> {
        let originals: Vec<_> = (expected.iter())
            .map(|(place, known, _)| self.original(known.number, rows[*place].row.content_hash))
            .collect();
        let written: Vec<_> = (expected.iter().zip(&originals))
            .map(|(&(place, known, replace), original)| Written {
                row: &rows[place].row,
                number: known.number,
                replace,
                meta: original.as_ref().unwrap_or(meta),
            })
            .collect();
        let is_written = table.save_many(w, &written)?;
        let mut replaced = Vec::with_capacity(expected.len());
        for ((&(place, known, _), original), _) in
            expected.iter().zip(&originals).zip(is_written).filter(|(_, is_written)| *is_written)
        {
            let outcome = match original {
                Some(_) => RowOutcome::Reverted,
                None if known.is_deleted => RowOutcome::Restored,
                None => RowOutcome::Updated,
            };
            if outcome == RowOutcome::Restored
                && let [.., id] = rows[place].row.key[..]
            {
                let account = if rows[place].row.key.len() > 1 { rows[place].row.key[0] } else { "".into() };
                let WriteMeta { record, at } = meta;
                save_restored(w, &ChangedRow { subject: table.name(), account, id, record: *record, at })?;
            }
            replaced.push(Saved { place, number: known.number, outcome });
        }
        Ok(replaced)
    }

    /// Keeps what the row was before this run wrote it.
    fn keep_original(&self, known: Known, before: &WriteMeta, meta: &WriteMeta) {
        let originals = &mut self.state().originals;
        if let Some(content_hash) = known.content_hash
            && before.record != meta.record
            && originals.len() < MAX_ORIGINALS
        {
            let original = Original { content_hash, meta: before.clone() };
            originals.entry(known.number).or_insert(original);
        }
    }

    /// The write a row of this content was from before the reading changed it.
    fn original(&self, number: i64, content_hash: Digest) -> Option<WriteMeta> {
        let state = self.state();
        let original = state.originals.get(&number)?;
        (original.content_hash == content_hash).then(|| original.meta.clone())
    }

    fn state(&self) -> MutexGuard<'_, ChangesState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
