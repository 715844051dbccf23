//! Listings of many pages: when they go on, when they end, and whether they were complete.

use std::collections::{BTreeMap, BTreeSet};

use super::disks::AttachedDisk;
use super::instance::Instance;
use super::provider::{BadRow, Page, PageToken, ProviderError};

/// So many pages in a row without a row that was not there before: the listing goes round.
const MAX_BARREN_PAGES: usize = 50;

/// How often a listing that contradicts its own total is made.
const ROUNDS: usize = 2;

/// A row with an id that is unique in its listing.
pub trait Listed {
    fn id(&self) -> &str;
}

impl Listed for Instance {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Listed for AttachedDisk {
    fn id(&self) -> &str {
        &self.disk.id
    }
}

/// A listing being read, page by page.
#[derive(Debug)]
pub struct Listing<T> {
    rows: BTreeMap<String, T>,
    bad: Vec<BadRow>,
    seen: BTreeSet<PageToken>,
    barren_count: usize,
    round: usize,
    /// Rows of a round that was not complete.
    earlier: BTreeMap<String, T>,
    is_complete: bool,
}

/// What to do after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask for this page.
    Next(PageToken),
    /// Ask for the first page again: the listing contradicts its own total.
    Again,
    /// That was all.
    End,
}

/// A listing read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    pub rows: BTreeMap<String, T>,
    pub bad: Vec<BadRow>,
    /// Whether a row that is not there is really not there. Without it nothing may be deleted.
    pub is_complete: bool,
}

impl<T> Outcome<T> {
    /// The ids of rows that are there but cannot be read.
    pub fn unreadable(&self) -> BTreeSet<&str> {
        self.bad.iter().filter_map(|row| row.id.as_deref()).collect()
    }
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            bad: Vec::new(),
            seen: BTreeSet::new(),
            barren_count: 0,
            round: 1,
            earlier: BTreeMap::new(),
            is_complete: false,
        }
    }
}

impl<T: Listed> Listing<T> {
    /// Takes a page in. A listing without an end is an error.
    pub fn take(&mut self, page: Page<T>) -> Result<Step, ProviderError> {
        let count_before = self.unique_count();
        self.rows.extend(page.rows.into_iter().map(|row| (row.id().to_owned(), row)));
        self.bad.extend(page.bad);
        self.barren_count = if self.unique_count() > count_before { 0 } else { self.barren_count + 1 };
        if let Some(token) = page.next {
            if self.barren_count >= MAX_BARREN_PAGES || !self.seen.insert(token.clone()) {
                return Err(ProviderError::unreadable("the listing goes round and does not end"));
            }
            return Ok(Step::Next(token));
        }
        self.is_complete = page.total.is_none_or(|total| total == self.unique_count() as u64);
        if self.is_complete || self.round >= ROUNDS {
            return Ok(Step::End);
        }
        *self = Self { round: self.round + 1, earlier: std::mem::take(&mut self.rows), ..Self::default() };
        Ok(Step::Again)
    }

    /// How many rows there are so far.
    pub fn row_count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// What was listed. Where no round was complete, every row that was seen.
    pub fn finish(self) -> Outcome<T> {
        let Self { mut rows, bad, earlier, .. } = self;
        // A row without an id may be any row that seems to be missing.
        let is_complete = self.is_complete && bad.iter().all(|row| row.id.is_some());
        if !self.is_complete {
            for (id, row) in earlier {
                rows.entry(id).or_insert(row);
            }
        }
        Outcome { rows, bad, is_complete }
    }

    fn unique_count(&self) -> usize {
        let named: BTreeSet<_> =
            self.bad.iter().filter_map(|row| row.id.as_ref()).filter(|id| !self.rows.contains_key(*id)).collect();
        let nameless = self.bad.iter().filter(|row| row.id.is_none());
        self.rows.len() + named.len() + nameless.count()
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, Listing, MAX_BARREN_PAGES, Step};
    use crate::upstreams::ecs::provider::{BadRow, Page, PageToken};

    impl Listed for &str {
        fn id(&self) -> &str {
            self
        }
    }

    fn page(rows: &[&'static str], next: Option<&str>, total: Option<u64>) -> Page<&'static str> {
        let next = next.map(|token| PageToken(token.to_owned()));
        Page { rows: rows.to_vec(), bad: Vec::new(), next, total }
    }

    fn bad(id: Option<&str>) -> BadRow {
        BadRow { id: id.map(str::to_owned), reason: "odd".to_owned() }
    }

    /// Steps are written as the next page's token, `again` or `end`; in the end come the ids and the completeness.
    fn check(pages: Vec<Page<&'static str>>, steps: &[&str], ids: &[&str], is_complete: bool) {
        let mut listing = Listing::default();
        let mut taken = Vec::new();
        for page in pages {
            taken.push(match listing.take(page).unwrap() {
                Step::Next(PageToken(next)) => next,
                Step::Again => "again".to_owned(),
                Step::End => "end".to_owned(),
            });
        }
        assert_eq!(taken, steps);
        let outcome = listing.finish();
        assert_eq!(outcome.rows.keys().collect::<Vec<_>>(), ids);
        assert_eq!(outcome.is_complete, is_complete);
    }

    #[test]
    fn a_listing_by_tokens_ends_without_one() {
        check(vec![page(&[], None, None)], &["end"], &[], true);
        let pages = vec![page(&["b", "a"], Some("t1"), None), page(&[], Some("t2"), None), page(&["c"], None, None)];
        check(pages, &["t1", "t2", "end"], &["a", "b", "c"], true);
    }

    #[test]
    fn a_listing_by_offsets_is_complete_when_its_different_rows_are_its_total() {
        let pages = vec![page(&["a", "b"], Some("2"), Some(3)), page(&["c"], None, Some(3))];
        check(pages, &["2", "end"], &["a", "b", "c"], true);
    }

    #[test]
    fn a_skipped_row_makes_the_listing_start_again_once() {
        let drifted = || vec![page(&["a", "b"], Some("2"), Some(3)), page(&["b"], None, Some(3))];
        let mut healed = drifted();
        healed.push(page(&["a", "c", "d"], None, Some(3)));
        check(healed, &["2", "again", "end"], &["a", "c", "d"], true);
        let mut twice = drifted();
        twice.extend([page(&["a", "c"], Some("2"), Some(4)), page(&[], None, Some(4))]);
        check(twice, &["2", "again", "2", "end"], &["a", "b", "c"], false);
    }

    #[test]
    fn more_rows_than_the_total_are_not_complete_either() {
        check(
            vec![page(&["a", "b"], None, Some(1)), page(&["a", "b"], None, Some(1))],
            &["again", "end"],
            &["a", "b"],
            false,
        );
    }

    #[test]
    fn an_unreadable_row_counts_and_without_an_id_nothing_is_complete() {
        let mut listing = Listing::default();
        let page = Page { bad: vec![bad(Some("b")), bad(Some("b"))], ..page(&["a"], None, Some(2)) };
        assert_eq!(listing.take(page.clone()), Ok(Step::End));
        let outcome = listing.finish();
        assert!(outcome.is_complete);
        assert_eq!(outcome.unreadable(), ["b"].into());

        let mut listing = Listing::default();
        assert_eq!(listing.take(Page { bad: vec![bad(None)], ..page }), Ok(Step::End));
        assert!(!listing.finish().is_complete);
    }

    #[test]
    fn a_listing_that_goes_round_is_an_error() {
        let mut listing = Listing::default();
        assert!(listing.take(page(&["a"], Some("t"), None)).is_ok());
        assert!(listing.take(page(&["b"], Some("t"), None)).is_err());

        let mut listing = Listing::default();
        let barren = |number: usize| page(&["a"], Some(&number.to_string()), None);
        let ends_at = (0..1000).find(|&number| listing.take(barren(number)).is_err());
        assert_eq!(ends_at, Some(MAX_BARREN_PAGES));
    }
}
