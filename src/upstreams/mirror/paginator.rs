//! Reads page after page, and says how the reading ended: only a proved end allows deletions.
//!
//! A page is named by a token: a URL, a page number, an offset, or the token the upstream sends. The caller fetches
//! and stores; this decides what comes next.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use super::signs::{Doubt, Signs};
use crate::text::ending;

/// A reading whose pages contradict their own total is made this often.
const MAX_ROUNDS: u32 = 2;

/// What a reading of pages may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// More pages than this are not read.
    pub max_pages: u64,
    /// This many pages in a row may bring no new row. Cursors of some upstreams pass over filtered rows with empty
    /// pages; where that does not happen it is 0.
    pub max_stale_pages: u64,
}

/// What one page holds.
#[derive(Clone, Debug)]
pub struct PageInfo<T> {
    pub row_count: u64,
    /// How many of these rows no earlier page of this round brought.
    pub fresh_count: u64,
    /// The page after it, as the upstream names it or as the caller computes it; `None` on the last one.
    pub next: Option<T>,
    /// How many rows there are in all, where the upstream says so and its word means something.
    pub total: Option<u64>,
    /// What else it says about whether its rows are all.
    pub signs: Signs,
}

/// How a reading ended. Unless it is proved, a row that did not come may still be there: nothing is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    ProvedEnd,
    UnprovedEnd(Unproved),
    /// A page led to one that was read before.
    Loop,
    /// There are more pages than the limit.
    Cap(u64),
}

/// Why an end proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// A page without rows names a page after it.
    EmptyPage,
    /// A page brought only rows that had come before.
    RepeatedPage,
    /// The upstream counted differently on different pages.
    TotalsDiffer { first: u64, other: u64 },
    /// The last page names no next one, and yet says that there are more rows.
    MoreRows,
    /// The different rows are more or fewer than the total.
    CountDiffers { received: u64, total: u64 },
    /// Nothing says where the answer ends.
    Open,
    /// An answer was none of those that are known to hold all.
    Doubtful(Doubt),
}

/// What to do after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// Read this page.
    Next(T),
    /// The pages contradict their own total: read them all once more, from this one on.
    Again(T),
    /// That was all.
    End(Ending),
}

/// A reading in progress.
#[derive(Debug)]
pub struct Paginator<T> {
    first: T,
    limits: Limits,
    round: u32,
    visited: HashSet<T>,
    stale_count: u64,
    /// A page brought only rows that had come before: its own ones are missing, whatever came after it.
    has_repeated: bool,
    received: u64,
    total: Option<u64>,
    /// Another total than the first page's.
    other_total: Option<u64>,
    /// Of any page: a later one does not take it away.
    doubt: Option<Doubt>,
}

impl Ending {
    pub const fn is_proved(self) -> bool {
        matches!(self, Self::ProvedEnd)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProvedEnd => f.write_str("complete"),
            Self::UnprovedEnd(reason) => reason.fmt(f),
            Self::Loop => f.write_str("pagination loop: page token repeated"),
            Self::Cap(max_pages) => write!(f, "more than {max_pages} page{s} (`max_pages`)", s = ending(*max_pages)),
        }
    }
}

impl fmt::Display for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyPage => f.write_str("an empty page names a next page"),
            Self::RepeatedPage => f.write_str("a page brought only rows that had come before"),
            Self::MoreRows => f.write_str("the last page says that there are more rows"),
            Self::Open => f.write_str("neither a length nor a last chunk says where the answer ends"),
            Self::TotalsDiffer { first, other } => {
                let s = ending(*first);
                write!(f, "the pages contradict each other: {first} row{s} in all, then {other}")
            }
            Self::CountDiffers { received, total } => {
                let s = ending(*received);
                write!(f, "the pages brought {received} different row{s}, the upstream counts {total}")
            }
            Self::Doubtful(Doubt::Message) => f.write_str("an answer carries a message beside its rows"),
            Self::Doubtful(Doubt::Status(status)) => {
                write!(f, "an answer has status {status}, which does not say that it is all")
            }
        }
    }
}

impl<T: Clone + Eq + Hash> Paginator<T> {
    pub fn new(first: T, limits: Limits) -> Self {
        let visited = HashSet::from([first.clone()]);
        let (total, other_total, doubt) = (None, None, None);
        let (round, stale_count, has_repeated, received) = (1, 0, false, 0);
        Self { first, limits, round, visited, stale_count, has_repeated, received, total, other_total, doubt }
    }

    /// How many different rows the round brought so far.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// How many pages of the round were read, or are being read.
    pub fn page_count(&self) -> u64 {
        self.visited.len() as u64
    }

    /// Takes a page in.
    pub fn take(&mut self, page: PageInfo<T>) -> Step<T> {
        self.received += page.fresh_count;
        self.stale_count = if page.fresh_count > 0 { 0 } else { self.stale_count + 1 };
        match (self.total, page.total) {
            (None, Some(total)) => self.total = Some(total),
            (Some(first), Some(total)) if first != total => self.other_total = Some(total),
            _ => {}
        }
        self.doubt = self.doubt.or(page.signs.doubt);
        self.has_repeated |= page.fresh_count == 0 && page.row_count > 0 && self.page_count() > 1;
        let is_stale = self.stale_count > self.limits.max_stale_pages;
        let Some(next) = page.next else {
            return match self.contradiction() {
                Some(reason) => self.end_unproved(reason),
                // A total that they come to shows that no row is missing.
                None if self.has_repeated && (is_stale || self.total.is_none()) => {
                    self.end_unproved(Unproved::RepeatedPage)
                }
                None => {
                    self.question(page.signs).map_or(Step::End(Ending::ProvedEnd), |reason| self.end_unproved(reason))
                }
            };
        };
        if self.visited.contains(&next) {
            return Step::End(Ending::Loop);
        }
        if is_stale {
            let reason = if page.row_count == 0 { Unproved::EmptyPage } else { Unproved::RepeatedPage };
            return self.end_unproved(self.contradiction().unwrap_or(reason));
        }
        if self.page_count() >= self.limits.max_pages {
            return Step::End(Ending::Cap(self.limits.max_pages));
        }
        self.visited.insert(next.clone());
        Step::Next(next)
    }

    /// What the pages say against their own total.
    fn contradiction(&self) -> Option<Unproved> {
        let (first, received) = (self.total?, self.received);
        match self.other_total {
            Some(other) => Some(Unproved::TotalsDiffer { first, other }),
            None => (received != first).then_some(Unproved::CountDiffers { received, total: first }),
        }
    }

    /// What else speaks against an end here.
    fn question(&self, signs: Signs) -> Option<Unproved> {
        let (received, page_count) = (self.received, self.page_count());
        if let Some(total) = signs.row_count.filter(|total| *total > received) {
            return Some(Unproved::CountDiffers { received, total });
        }
        let has_more = signs.has_more || signs.page_count.is_some_and(|pages| pages > page_count);
        if has_more { Some(Unproved::MoreRows) } else { self.doubt.map(Unproved::Doubtful) }
    }

    /// Rows that moved between pages while they were read may stand still the next time; without a total nothing would
    /// show it.
    fn end_unproved(&mut self, reason: Unproved) -> Step<T> {
        if self.total.is_none() || self.round >= MAX_ROUNDS {
            return Step::End(Ending::UnprovedEnd(reason));
        }
        *self = Self { round: self.round + 1, ..Self::new(self.first.clone(), self.limits) };
        Step::Again(self.first.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Doubt, Ending, Limits, PageInfo, Paginator, Signs, Step, Unproved};

    const LIMITS: Limits = Limits { max_pages: 5, max_stale_pages: 0 };

    /// A page: how many rows, how many of them fresh, the next page, the total.
    type Page = (u64, u64, Option<u32>, Option<u64>);

    /// Reads the pages from page 1 on, with a limit of `LIMITS`; what was requested, and how it ended.
    fn read(limits: Limits, pages: &[Page]) -> (Vec<u32>, Ending) {
        let mut paginator = Paginator::new(1, limits);
        let mut asked = vec![1];
        for (row_count, fresh_count, next, total) in pages.iter().copied() {
            let signs = Signs::default();
            match paginator.take(PageInfo { row_count, fresh_count, next, total, signs }) {
                Step::Next(next) | Step::Again(next) => asked.push(next),
                Step::End(ending) => {
                    assert_eq!(asked.len(), pages.len(), "it ended early: {ending:?}");
                    return (asked, ending);
                }
            }
        }
        panic!("it did not end: {asked:?}");
    }

    #[track_caller]
    fn check(pages: &[Page], asked: &[u32], ending: Ending) {
        assert_eq!(read(LIMITS, pages), (asked.to_vec(), ending));
    }

    #[test]
    fn a_page_without_a_next_one_proves_the_end() {
        check(&[(0, 0, None, None)], &[1], Ending::ProvedEnd);
        check(&[(5, 5, Some(2), None), (3, 3, None, None)], &[1, 2], Ending::ProvedEnd);
        // The empty page behind the last row.
        check(&[(5, 5, Some(2), None), (0, 0, None, None)], &[1, 2], Ending::ProvedEnd);
        // Rows that come twice in a page.
        check(&[(5, 4, None, None)], &[1], Ending::ProvedEnd);
    }

    #[test]
    fn an_empty_page_with_a_next_one_proves_nothing() {
        check(&[(5, 5, Some(2), None), (0, 0, Some(3), None)], &[1, 2], Ending::UnprovedEnd(Unproved::EmptyPage));
        check(&[(0, 0, Some(2), None)], &[1], Ending::UnprovedEnd(Unproved::EmptyPage));
    }

    #[test]
    fn a_page_that_came_before_proves_nothing() {
        let ending = Ending::UnprovedEnd(Unproved::RepeatedPage);
        check(&[(5, 5, Some(2), None), (5, 0, Some(3), None)], &[1, 2], ending);
        check(&[(5, 5, Some(2), None), (5, 0, None, None)], &[1, 2], ending);
        // Nor where pages without a new row are passed over.
        let limits = Limits { max_stale_pages: 2, ..LIMITS };
        let pages = [(5, 5, Some(2), None), (5, 0, Some(3), None), (5, 5, None, None)];
        assert_eq!(read(limits, &pages), (vec![1, 2, 3], ending));
        assert_eq!(read(limits, &[(5, 5, Some(2), None), (5, 0, None, None)]), (vec![1, 2], ending));
        let pages = [(5, 5, Some(2), Some(9)), (5, 0, Some(3), Some(9)), (4, 4, None, Some(9))];
        assert_eq!(read(limits, &pages), (vec![1, 2, 3], Ending::ProvedEnd));
    }

    #[test]
    fn a_circle_of_pages_is_a_loop() {
        check(&[(5, 5, Some(2), None), (5, 5, Some(1), None)], &[1, 2], Ending::Loop);
        check(&[(5, 5, Some(2), None), (5, 5, Some(3), None), (5, 5, Some(2), None)], &[1, 2, 3], Ending::Loop);
        check(&[(5, 5, Some(1), None)], &[1], Ending::Loop);
        check(&[(5, 5, Some(2), None), (0, 0, Some(1), None)], &[1, 2], Ending::Loop);
    }

    #[test]
    fn the_cap_is_an_ending_and_no_proof() {
        let limits = Limits { max_pages: 2, ..LIMITS };
        assert_eq!(read(limits, &[(5, 5, Some(2), None), (5, 5, Some(3), None)]), (vec![1, 2], Ending::Cap(2)));
        assert_eq!(read(limits, &[(5, 5, Some(2), None), (5, 5, None, None)]), (vec![1, 2], Ending::ProvedEnd));
    }

    #[test]
    fn empty_pages_are_passed_over_where_the_upstream_has_them() {
        let limits = Limits { max_stale_pages: 2, ..LIMITS };
        let stale = |token| (0, 0, Some(token), None);
        let (_, ending) = read(limits, &[(5, 5, Some(2), None), stale(3), stale(4), (1, 1, None, None)]);
        assert_eq!(ending, Ending::ProvedEnd);
        let (_, ending) = read(limits, &[(5, 5, Some(2), None), stale(3), stale(4), stale(5)]);
        assert_eq!(ending, Ending::UnprovedEnd(Unproved::EmptyPage));
    }

    #[test]
    fn a_total_that_the_different_rows_come_to_proves_the_end() {
        check(&[(2, 2, Some(2), Some(3)), (1, 1, None, Some(3))], &[1, 2], Ending::ProvedEnd);
        check(&[(0, 0, None, Some(0))], &[1], Ending::ProvedEnd);
    }

    #[test]
    fn totals_that_differ_are_read_again_once() {
        // 250 rows; after page 1 the first one goes: the different rows come to the last total by chance.
        let drifted = [(100, 100, Some(2), Some(250)), (100, 100, Some(3), Some(249)), (49, 49, None, Some(249))];
        let steady = [(100, 100, Some(2), Some(249)), (100, 100, Some(3), Some(249)), (49, 49, None, Some(249))];
        check(&[drifted, steady].concat(), &[1, 2, 3, 1, 2, 3], Ending::ProvedEnd);
        let ending = Ending::UnprovedEnd(Unproved::TotalsDiffer { first: 250, other: 249 });
        check(&[drifted, drifted].concat(), &[1, 2, 3, 1, 2, 3], ending);
    }

    #[test]
    fn a_count_that_is_not_the_total_is_read_again_once() {
        let skipped = [(2, 2, Some(2), Some(4)), (2, 1, None, Some(4))];
        let ending = Ending::UnprovedEnd(Unproved::CountDiffers { received: 3, total: 4 });
        check(&[skipped, skipped].concat(), &[1, 2, 1, 2], ending);
        check(&[(2, 2, None, Some(1)), (1, 1, None, Some(1))], &[1, 1], Ending::ProvedEnd);
        // The next page by number is empty: what is missing does not come.
        let ending = Ending::UnprovedEnd(Unproved::CountDiffers { received: 2, total: 4 });
        let ended = [(2, 2, Some(2), Some(4)), (0, 0, Some(3), Some(4))];
        check(&[ended, ended].concat(), &[1, 2, 1, 2], ending);
    }

    #[test]
    fn signs_of_more_rows_take_the_proof_away() {
        let none = Signs::default();
        let first = PageInfo { row_count: 5, fresh_count: 5, next: Some(2), total: None, signs: none };
        let last = PageInfo { row_count: 2, fresh_count: 2, next: None, total: None, signs: none };
        let counted = |row_count| Signs { row_count: Some(row_count), ..none };
        let paged = |page_count| Signs { page_count: Some(page_count), ..none };
        let doubt = Some(Doubt::Status(207));
        let doubtful = Unproved::Doubtful(Doubt::Status(207));
        for (of_first, of_last, reason) in [
            (counted(9), counted(7), None),
            (paged(3), paged(2), None),
            (Signs { has_more: true, ..none }, none, None),
            (none, counted(8), Some(Unproved::CountDiffers { received: 7, total: 8 })),
            (none, paged(3), Some(Unproved::MoreRows)),
            (none, Signs { has_more: true, ..none }, Some(Unproved::MoreRows)),
            (none, Signs { doubt, ..none }, Some(doubtful)),
            (Signs { doubt, ..none }, none, Some(doubtful)),
        ] {
            let mut paginator = Paginator::new(1, LIMITS);
            assert_eq!(paginator.take(PageInfo { signs: of_first, ..first.clone() }), Step::Next(2));
            let expected = reason.map_or(Ending::ProvedEnd, Ending::UnprovedEnd);
            assert_eq!(paginator.take(PageInfo { signs: of_last, ..last.clone() }), Step::End(expected));
        }
    }
}
