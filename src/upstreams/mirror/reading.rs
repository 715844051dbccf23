//! One reading of a set: which rows came, what became of each, and the rows that came twice.

use super::changes::Changes;
use super::finish::{Counts, Deletions, Subject, finish};
use super::key_set::KeySet;
use super::outcome::{RowOutcome, WriteMeta};
use super::paginator::Ending;
use super::rows::{BadRow, Remarks};
use super::table::Table;
use crate::store::{ProblemDetails, ScopeState, Summary, Writer};
use crate::upstreams::{self, Scope};

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
            table.delete_many(w, live.minus(&self.round.seen).filter(|_| deletions.are_allowed()), &meta)
        };
        finish(scope, subject, deletions, state, delete).await
    }
}

#[cfg(test)]
mod tests;
