//! One reading of a set: which rows came, what became of each, and the rows that came twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::finish::{Counts, Deletions, Subject, finish};
use super::key_set::KeySet;
use super::outcome::{RowOutcome, WriteMeta};
use super::paginator::Ending;
use super::rows::{BadRow, Remarks};
use super::table::{Known, Replace, RowValues, Table};
use crate::store::{Error, ProblemDetails, Reader, ScopeState, Summary, Value, Writer};
use crate::upstreams::digest::{Digest, is_same_meaning};
use crate::upstreams::row_changes::tables::{ChangedRow, save_restored};
use crate::upstreams::{self, Scope};

/// Rows that were changed are remembered as they were, up to this many: a few megabytes.
const MAX_ORIGINALS: usize = 20_000;
/// This many rows that cannot be stored are kept word for word; all are counted.
const MAX_BAD_ROWS: usize = 100;

/// A reading of a numbered table's rows.
#[derive(Debug, Default)]
pub struct Reading {
    round: Round,
    /// The rows of all rounds: a reading may be made again, or be followed by another.
    counted: KeySet,
    /// Of these, the rows that were written and counted so.
    written: KeySet,
    new: u64,
    updated: u64,
    restored: u64,
    remarks: Remarks,
    pub changes: Changes,
}

/// A round of a reading, from its first page on.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// The stored rows that came, those that cannot be stored again included.
    seen: KeySet,
    bad: Vec<BadRow>,
    bad_count: u64,
    /// Of these, the rows that are none of the stored ones, as far as is known.
    unknown_count: u64,
    /// Of these, the rows without an id: each may be any row that seems to be missing.
    nameless_count: u64,
}

/// What a reading has changed so far; shared by those who compare rows and those who write them.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Mutex<ChangesState>>);

#[derive(Debug, Default)]
struct ChangesState {
    /// Rows that differed from what was stored: what a reader still sees of them may be out of date.
    planned: KeySet,
    originals: HashMap<i64, Original>,
    /// Above every number that a new row of this reading got.
    next_number: i64,
}

/// A row as it was before the reading changed it.
#[derive(Clone, Debug)]
struct Original {
    content_hash: Digest,
    meta: WriteMeta,
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
    known: Known,
    /// The write it is from, where that may have to be restored.
    before: Option<WriteMeta>,
}

impl Reading {
    /// Begins to read all pages again; what earlier rounds brought stays counted.
    pub fn begin_round(&mut self) {
        self.round = Round::default();
    }

    /// What to go back to when a page is tried again.
    pub fn round(&self) -> Round {
        self.round.clone()
    }

    pub fn restore_round(&mut self, round: &Round) {
        self.round.clone_from(round);
    }

    /// How many different rows the round brought, those that cannot be stored included.
    pub const fn received(&self) -> u64 {
        self.round.seen.len() + self.round.unknown_count
    }

    /// How many rows of the round cannot be stored.
    pub const fn bad_count(&self) -> u64 {
        self.round.bad_count
    }

    /// Takes note that an answer held bytes that are no text.
    pub const fn note_garbled(&mut self) {
        self.remarks.is_garbled = true;
    }

    /// Takes in a row that needs no writing.
    pub fn see(&mut self, number: i64) {
        self.round.seen.insert(number);
        self.counted.insert(number);
    }

    /// Takes in a row that cannot be stored; `number` is that of the stored row with its id.
    pub fn see_bad(&mut self, row: BadRow, number: Option<i64>) {
        let round = &mut self.round;
        if row.id.is_some() && round.bad.iter().any(|known| known.id == row.id) {
            return;
        }
        round.bad_count += 1;
        round.nameless_count += u64::from(row.id.is_none());
        match number {
            Some(number) => drop(round.seen.insert(number)),
            None => round.unknown_count += 1,
        }
        if round.bad.len() < MAX_BAD_ROWS {
            round.bad.push(row);
        }
    }

    /// Takes in a row that was saved. Each row counts once, as what all its saves came to.
    pub fn record_outcome(&mut self, number: i64, id: &str, outcome: RowOutcome) {
        let is_repeated = !self.round.seen.insert(number);
        self.counted.insert(number);
        if outcome == RowOutcome::Unchanged {
            return;
        }
        if is_repeated {
            self.remarks.note_repeated(id);
        }
        if outcome == RowOutcome::Reverted {
            // Only a live row that was updated is ever reverted.
            self.updated -= u64::from(self.written.remove(number));
        } else if self.written.insert(number) {
            match outcome {
                RowOutcome::New => self.new += 1,
                RowOutcome::Updated => self.updated += 1,
                RowOutcome::Restored => self.restored += 1,
                RowOutcome::Unchanged | RowOutcome::Reverted => {}
            }
        }
    }

    /// Counts what came so far.
    pub fn count(&self, scope: &Scope<'_>) {
        scope.count_rows(|summary| self.count_into(summary));
    }

    fn count_into(&self, summary: &mut Summary) {
        let Self { new, updated, restored, .. } = *self;
        (summary.new, summary.updated, summary.restored) = (new, updated, restored);
        summary.unchanged = self.counted.len().saturating_sub(new + updated + restored);
    }

    /// Says at the end, whatever it was, what cannot be stored and what came twice.
    pub fn report(&mut self, scope: &Scope<'_>) {
        let more = self.round.bad_count - self.round.bad.len() as u64;
        self.round.bad.drain(..).for_each(|row| row.report(scope, ProblemDetails::new()));
        scope.count_rows(|summary| {
            summary.failed += more;
            self.count_into(summary);
        });
        std::mem::take(&mut self.remarks).warn(scope);
    }
}

impl Reading {
    /// Ends the reading of a whole scope: the `live` rows that did not come are deleted, if that is allowed. `state` is
    /// saved with the number of rows that came.
    pub async fn finish(
        self,
        scope: &Scope<'_>,
        subject: Subject<'_>,
        table: &'static Table,
        live: KeySet,
        ending: Ending,
        state: ScopeState,
    ) -> Result<(), upstreams::Error> {
        let counts = Counts {
            missing: live.minus(&self.round.seen).count() as u64,
            live: live.len(),
            received: self.received(),
            unreadable: self.round.nameless_count,
        };
        let deletions = Deletions::check(scope, subject, ending, counts);
        let state = ScopeState { record_count: Some(counts.received), ..state };
        let meta = WriteMeta::now(scope);
        let delete = move |w: &Writer<'_>| {
            let mut gone = live.minus(&self.round.seen).filter(|_| deletions.are_allowed());
            gone.try_fold(0, |deleted, number| Ok(deleted + u64::from(table.delete(w, &[number.into()], &meta)?)))
        };
        finish(scope, subject, deletions, state, delete).await
    }
}

impl Changes {
    /// Whether a row of this content needs no writing, by its hash alone. What the reading has changed has to be compared
    /// again where it is written.
    pub fn is_unchanged(&self, known: &Known, content_hash: Digest) -> bool {
        !known.is_deleted && known.content_hash == Some(content_hash) && !self.state().planned.contains(known.number)
    }

    /// Compares a fetched row with the stored one, which `known` is. Where the bytes differ, the meaning decides.
    pub fn compare(
        &self,
        r: &Reader<'_>,
        table: &Table,
        known: Option<Known>,
        content_hash: Digest,
        raw: &str,
    ) -> Result<Comparison, Error> {
        let Some(known) = known else { return Ok(Comparison::Changed(None)) };
        let number = known.number;
        if self.is_unchanged(&known, content_hash) {
            return Ok(Comparison::Unchanged { number });
        }
        let mut before = None;
        if !known.is_deleted && known.content_hash != Some(content_hash) {
            let stored = table.load_before(r, &[number.into()], |stored| is_same_meaning(raw, stored))?;
            let state = self.state();
            if matches!(stored, Some((true, _))) && !state.planned.contains(number) {
                return Ok(Comparison::Unchanged { number });
            }
            before = stored.map(|(_, before)| before);
        }
        self.state().planned.insert(number);
        Ok(Comparison::Changed(Some(Found { known, before })))
    }

    /// Writes a row that differs from what a reader found; a new one gets the number in `row`. Answers the row's number
    /// and what became of it.
    pub fn save<'v>(
        &self,
        w: &Writer<'_>,
        table: &Table,
        row: &RowValues<'v>,
        columns: impl Iterator<Item = Value<'v>> + Clone,
        found: Option<&Found>,
        meta: &WriteMeta,
    ) -> Result<(i64, RowOutcome), Error> {
        match found {
            None => {
                if table.save(w, row, columns.clone(), Replace::Nothing, meta)? {
                    let mut state = self.state();
                    state.next_number = state.next_number.max(row.number.unwrap_or_default() + 1);
                    return Ok((row.number.unwrap_or_default(), RowOutcome::New));
                }
            }
            Some(Found { known, before }) => {
                if let Some(before) = before {
                    self.keep_original(*known, before, meta);
                }
                if let Some(expected) = known.content_hash
                    && (expected != row.content_hash || known.is_deleted)
                    && let Some(outcome) =
                        self.replace(w, table, row, columns.clone(), *known, Replace::Content(expected), meta)?
                {
                    return Ok((known.number, outcome));
                }
            }
        }
        // It came before in this reading, or is a tombstone that was not looked for.
        let gone = || Error::Value { found: "no row".to_owned(), expected: "the row that is in the way" };
        let known = table.find(w, row.key)?.ok_or_else(gone)?;
        let is_same = known.content_hash == Some(row.content_hash)
            || table
                .load_before(w, &[known.number.into()], |stored| is_same_meaning(row.raw.unwrap_or_default(), stored))?
                .is_some_and(|(is_same, _)| is_same);
        if is_same && !known.is_deleted {
            return Ok((known.number, RowOutcome::Unchanged));
        }
        let outcome = self.replace(w, table, row, columns, known, Replace::Anything, meta)?;
        Ok((known.number, outcome.unwrap_or(RowOutcome::Unchanged)))
    }

    /// The number that the next new row gets. The table alone does not know it: a dry run rolls back each page's rows,
    /// and the rows of a later page need other numbers all the same.
    pub fn next_number(&self, w: &Writer<'_>, table: &Table) -> Result<i64, Error> {
        Ok(table.load_next_number(w)?.max(self.state().next_number))
    }

    /// Replaces the stored row; `None` where it has changed since. A row that is again as it was before the reading gets
    /// the time of its last change back too.
    #[expect(clippy::too_many_arguments, reason = "what `save` was called with")]
    fn replace<'v>(
        &self,
        w: &Writer<'_>,
        table: &Table,
        row: &RowValues<'v>,
        columns: impl Iterator<Item = Value<'v>>,
        known: Known,
        replace: Replace,
        meta: &WriteMeta,
    ) -> Result<Option<RowOutcome>, Error> {
        let original = self.original(known.number, row.content_hash);
        let outcome = match &original {
            Some(_) => RowOutcome::Reverted,
            None if known.is_deleted => RowOutcome::Restored,
            None => RowOutcome::Updated,
        };
        let is_saved = table.save(w, row, columns, replace, original.as_ref().unwrap_or(meta))?;
        if is_saved
            && outcome == RowOutcome::Restored
            && let [.., id] = row.key
        {
            let account = if row.key.len() > 1 { row.key[0] } else { "".into() };
            let WriteMeta { record, at } = meta;
            save_restored(w, &ChangedRow { subject: table.name(), account, id: *id, record: *record, at })?;
        }
        Ok(is_saved.then_some(outcome))
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

#[cfg(test)]
mod tests;
