//! A reading that is held in memory: the different rows that came, and whether they were all.

use std::collections::BTreeMap;
use std::hash::Hash;

use super::paginator::{Limits, PageInfo, Paginator, Step};
use super::rows::{BadRow, ReadRow, Remarks};
use super::signs::Signs;

/// A row that is known by an id.
pub trait Identified {
    fn id(&self) -> &str;
}

/// One page: its rows, and where the next one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, R> {
    pub rows: Vec<R>,
    /// The page after it; `None` on the last one.
    pub next: Option<T>,
    /// How many rows there are in all, where the upstream says so and its word means something.
    pub total: Option<u64>,
    /// What else it says about whether its rows are all.
    pub signs: Signs,
}

/// Pages being collected.
#[derive(Debug)]
pub struct Collection<T, R> {
    pages: Paginator<T>,
    round: Collected<R>,
    /// Rows of a round that was not complete.
    earlier: BTreeMap<String, ReadRow<R>>,
}

/// The rows that came. Of an id that came twice it is the later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected<R> {
    rows: BTreeMap<String, ReadRow<R>>,
    /// Rows of which not even the id can be read: each may be any row that seems to be missing.
    pub nameless: Vec<BadRow>,
    pub remarks: Remarks,
}

impl<R> Default for Collected<R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), nameless: Vec::new(), remarks: Remarks::default() }
    }
}

impl<R: Identified + PartialEq> Collected<R> {
    /// How many different rows came; each one without an id counts.
    pub fn count(&self) -> u64 {
        (self.rows.len() + self.nameless.len()) as u64
    }

    /// Adds what came later.
    pub fn extend(&mut self, later: Self) {
        self.remarks.add(later.remarks);
        later.rows.into_values().chain(later.nameless.into_iter().map(Err)).for_each(|row| self.take(row));
    }

    /// The rows by their ids, and those that cannot be read.
    pub fn into_rows(self) -> (Vec<R>, Vec<BadRow>) {
        let (mut rows, mut bad) = (Vec::with_capacity(self.rows.len()), Vec::new());
        for row in self.rows.into_values().chain(self.nameless.into_iter().map(Err)) {
            match row {
                Ok(row) => rows.push(row),
                Err(row) => bad.push(row),
            }
        }
        (rows, bad)
    }

    fn take(&mut self, row: ReadRow<R>) {
        let id = match &row {
            Ok(row) => row.id(),
            Err(BadRow { id: Some(id), .. }) => id,
            Err(bad) => return self.nameless.push(bad.clone()),
        };
        let (id, is_repeated) = (id.to_owned(), self.rows.get(id).is_some_and(|known| *known != row));
        if is_repeated {
            self.remarks.note_repeated(&id);
        }
        self.rows.insert(id, row);
    }
}

impl<T: Clone + Eq + Hash, R: Identified + PartialEq> Collection<T, R> {
    /// Nothing of a set whose first page is `first`.
    pub fn new(first: T, limits: Limits) -> Self {
        Self { pages: Paginator::new(first, limits), round: Collected::default(), earlier: BTreeMap::new() }
    }

    /// How many different rows the round brought so far.
    pub fn count(&self) -> u64 {
        self.round.count()
    }

    /// Takes a page in; `next` finds the page after it, where the page does not name it.
    pub fn take(&mut self, page: Page<T, ReadRow<R>>, next: impl FnOnce(u64) -> Option<T>) -> Step<T> {
        let (row_count, count_before) = (page.rows.len() as u64, self.count());
        page.rows.into_iter().for_each(|row| self.round.take(row));
        let count = self.count();
        let info = PageInfo {
            row_count,
            fresh_count: count.saturating_sub(count_before),
            next: page.next.or_else(|| next(count)),
            total: page.total,
            signs: page.signs,
        };
        self.round.remarks.is_garbled |= page.signs.is_garbled;
        let step = self.pages.take(info);
        if let Step::Again(_) = step {
            let Collected { rows, remarks, .. } = std::mem::take(&mut self.round);
            (self.earlier, self.round.remarks) = (rows, remarks);
        }
        step
    }

    /// What came. Where its end is not proved, every row that was seen.
    pub fn finish(self, is_proved: bool) -> Collected<R> {
        let Self { mut round, earlier, .. } = self;
        if !is_proved {
            for (id, row) in earlier {
                round.rows.entry(id).or_insert(row);
            }
        }
        round
    }
}

#[cfg(test)]
mod tests;
