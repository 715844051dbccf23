//! What became of each film of a pass.

use std::collections::HashMap;

use super::film::{Film, FilmId};
use crate::store::Summary;

/// What became of a film; of several, the highest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Unchanged,
    Updated,
    New,
    /// Something of it could not be had or stored: the scope counts it when that is reported.
    Failed,
}

impl Outcome {
    /// Of a film that was stored so, if it was, and is now to be stored so.
    pub fn of(stored: Option<&Film>, film: &Film) -> Self {
        match stored {
            None => Self::New,
            Some(stored) if stored.content_hash() != film.content_hash() => Self::Updated,
            Some(_) => Self::Unchanged,
        }
    }
}

/// Every film of a pass, counted once though both phases look at it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    films: HashMap<FilmId, Outcome>,
    /// Whether anything that people read was stored.
    pub is_changed: bool,
}

impl Tally {
    pub fn see(&mut self, id: FilmId, outcome: Outcome) {
        self.is_changed |= matches!(outcome, Outcome::New | Outcome::Updated);
        let seen = self.films.entry(id).or_insert(outcome);
        *seen = outcome.max(*seen);
    }

    /// Puts its counts into the summary.
    pub fn fill(&self, summary: &mut Summary) {
        let count = |wanted| self.films.values().filter(|outcome| **outcome == wanted).count() as u64;
        summary.new = count(Outcome::New);
        summary.updated = count(Outcome::Updated);
        summary.unchanged = count(Outcome::Unchanged);
    }
}

#[cfg(test)]
mod tests {
    use super::{FilmId, Outcome, Summary, Tally};

    /// New, updated, unchanged, and whether anything changed.
    fn check(seen: &[(&str, Outcome)], expected: [u64; 3], is_changed: bool) {
        let mut tally = Tally::default();
        for (id, outcome) in seen {
            tally.see(FilmId::parse(id).unwrap(), *outcome);
        }
        let mut summary = Summary::default();
        tally.fill(&mut summary);
        assert_eq!([summary.new, summary.updated, summary.unchanged], expected, "{seen:?}");
        assert_eq!(tally.is_changed, is_changed, "{seen:?}");
    }

    #[test]
    fn a_film_is_counted_once_by_the_most_that_happened_to_it() {
        use Outcome::{Failed, New, Unchanged, Updated};
        check(&[], [0, 0, 0], false);
        check(&[("1", Unchanged), ("2", Unchanged)], [0, 0, 2], false);
        check(&[("1", New), ("1", Updated), ("2", Unchanged), ("2", Updated)], [1, 1, 0], true);
        check(&[("1", Updated), ("1", Unchanged)], [0, 1, 0], true);
        check(&[("1", New), ("1", Failed)], [0, 0, 0], true);
        check(&[("1", Unchanged), ("1", Failed), ("1", Unchanged)], [0, 0, 0], false);
    }
}
