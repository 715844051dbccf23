//! Listings of many pages: the different rows they bring, and whether they were complete.

use std::collections::{BTreeMap, BTreeSet};

use super::disks::AttachedDisk;
use super::instance::Instance;
use super::provider::{BadRow, Page, PageToken};
use crate::upstreams::mirror::{Ending, Limits, PageInfo, Paginator, Step};

/// More rows than any region has. AWS may answer pages without rows that name a page after them.
const LIMITS: Limits = Limits { max_pages: 10_000, max_stale_pages: 50 };

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

/// A listing being read, page by page; the first page has no token.
pub struct Listing<T> {
    rows: BTreeMap<String, T>,
    bad: Vec<BadRow>,
    /// Rows of a round that was not complete.
    earlier: BTreeMap<String, T>,
    pages: Paginator<Option<PageToken>>,
}

/// A listing read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    pub rows: BTreeMap<String, T>,
    pub bad: Vec<BadRow>,
    /// Unless it is proved, a row that did not come may still be there.
    pub ending: Ending,
}

impl<T> Outcome<T> {
    /// The ids of rows that are there but cannot be read.
    pub fn unreadable(&self) -> BTreeSet<&str> {
        self.bad.iter().filter_map(|row| row.id.as_deref()).collect()
    }

    /// How many rows cannot be read and may be any row that seems to be missing.
    pub fn nameless_count(&self) -> u64 {
        self.bad.iter().filter(|row| row.id.is_none()).count() as u64
    }
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        let pages = Paginator::new(None, LIMITS);
        Self { rows: BTreeMap::new(), bad: Vec::new(), earlier: BTreeMap::new(), pages }
    }
}

impl<T: Listed> Listing<T> {
    /// Takes a page in.
    pub fn take(&mut self, page: Page<T>) -> Step<Option<PageToken>> {
        let count_before = self.unique_count();
        let row_count = (page.rows.len() + page.bad.len()) as u64;
        self.rows.extend(page.rows.into_iter().map(|row| (row.id().to_owned(), row)));
        self.bad.extend(page.bad);
        let fresh_count = self.unique_count().saturating_sub(count_before) as u64;
        let info = PageInfo { row_count, fresh_count, next: page.next.map(Some), total: page.total };
        let step = self.pages.take(info);
        if let Step::Again(_) = step {
            self.earlier = std::mem::take(&mut self.rows);
            self.bad.clear();
        }
        step
    }

    /// How many rows there are so far.
    pub fn row_count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// What was listed. Where no round was complete, every row that was seen.
    pub fn finish(self, ending: Ending) -> Outcome<T> {
        let Self { mut rows, bad, earlier, .. } = self;
        if !ending.is_proved() {
            for (id, row) in earlier {
                rows.entry(id).or_insert(row);
            }
        }
        Outcome { rows, bad, ending }
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
    use super::{Ending, LIMITS, Listed, Listing, Step};
    use crate::upstreams::ecs::provider::{BadRow, Page, PageToken};
    use crate::upstreams::mirror::Unproved;

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

    /// Steps are written as the next page's token or `again`; the last page ends the listing.
    #[track_caller]
    fn check(pages: Vec<Page<&'static str>>, steps: &[&str], ids: &[&str], ending: Ending) {
        let mut listing = Listing::default();
        let mut taken = Vec::new();
        let mut ended = None;
        for page in pages {
            assert_eq!(ended, None, "it ended early");
            match listing.take(page) {
                Step::Next(next) => taken.push(next.unwrap().0),
                Step::Again(first) => {
                    assert_eq!(first, None);
                    taken.push("again".to_owned());
                }
                Step::End(ending) => ended = Some(ending),
            }
        }
        assert_eq!((taken, ended), (steps.iter().map(|&step| step.to_owned()).collect(), Some(ending)));
        assert_eq!(listing.finish(ending).rows.keys().collect::<Vec<_>>(), ids);
    }

    #[test]
    fn a_listing_by_tokens_ends_without_one() {
        check(vec![page(&[], None, None)], &[], &[], Ending::ProvedEnd);
        let pages = vec![page(&["b", "a"], Some("t1"), None), page(&[], Some("t2"), None), page(&["c"], None, None)];
        check(pages, &["t1", "t2"], &["a", "b", "c"], Ending::ProvedEnd);
    }

    #[test]
    fn a_listing_by_offsets_is_complete_when_its_different_rows_are_its_total() {
        let pages = vec![page(&["a", "b"], Some("2"), Some(3)), page(&["c"], None, Some(3))];
        check(pages, &["2"], &["a", "b", "c"], Ending::ProvedEnd);
    }

    #[test]
    fn a_skipped_row_makes_the_listing_start_again_once() {
        let drifted = || vec![page(&["a", "b"], Some("2"), Some(3)), page(&["b"], None, Some(3))];
        let mut healed = drifted();
        healed.push(page(&["a", "c", "d"], None, Some(3)));
        check(healed, &["2", "again"], &["a", "c", "d"], Ending::ProvedEnd);
        let mut twice = drifted();
        twice.extend([page(&["a", "c"], Some("2"), Some(4)), page(&[], None, Some(4))]);
        let ending = Ending::UnprovedEnd(Unproved::CountDiffers { received: 2, total: 4 });
        check(twice, &["2", "again", "2"], &["a", "b", "c"], ending);
    }

    #[test]
    fn totals_that_differ_between_pages_prove_nothing_even_where_the_count_fits() {
        // After the first page `a` is destroyed: `c` moves into it and is never listed.
        let drifted = || vec![page(&["a", "b"], Some("2"), Some(4)), page(&["d"], None, Some(3))];
        let mut healed = drifted();
        healed.extend([page(&["b", "c"], Some("2"), Some(3)), page(&["d"], None, Some(3))]);
        check(healed, &["2", "again", "2"], &["b", "c", "d"], Ending::ProvedEnd);
        let mut twice = drifted();
        twice.extend([page(&["b", "c"], Some("2"), Some(3)), page(&[], None, Some(2))]);
        let ending = Ending::UnprovedEnd(Unproved::TotalsDiffer { first: 3, other: 2 });
        check(twice, &["2", "again", "2"], &["a", "b", "c", "d"], ending);
    }

    #[test]
    fn more_rows_than_the_total_are_not_complete_either() {
        let pages = vec![page(&["a", "b"], None, Some(1)), page(&["a", "b"], None, Some(1))];
        let ending = Ending::UnprovedEnd(Unproved::CountDiffers { received: 2, total: 1 });
        check(pages, &["again"], &["a", "b"], ending);
    }

    #[test]
    fn unreadable_rows_count() {
        let mut listing = Listing::default();
        let page = Page { bad: vec![bad(Some("b")), bad(Some("b")), bad(None)], ..page(&["a"], None, Some(3)) };
        assert_eq!(listing.take(page), Step::End(Ending::ProvedEnd));
        let outcome = listing.finish(Ending::ProvedEnd);
        assert_eq!((outcome.unreadable(), outcome.nameless_count()), (["b"].into(), 1));
    }

    #[test]
    fn a_loop_of_pages_proves_nothing() {
        let pages = vec![page(&["a"], Some("t"), None), page(&["b"], Some("t"), None)];
        check(pages, &["t"], &["a", "b"], Ending::Loop);
        let mut listing = Listing::default();
        let repeated = |number: u64| page(&["a"], Some(&number.to_string()), None);
        let ends_at = (0..1000).find(|&number| matches!(listing.take(repeated(number)), Step::End(_)));
        assert_eq!(ends_at, Some(LIMITS.max_stale_pages + 1));
    }
}
