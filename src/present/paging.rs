//! Which page of a long list an output shows.

use schemars::JsonSchema;
use serde::Serialize;

/// A page's position in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// From 1.
    pub number: u64,
    pub per_page: u64,
    /// Rows of the whole list.
    pub total: u64,
}

/// The same in a document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PagingPart {
    total: u64,
    page: u64,
    per_page: u64,
    pages: u64,
}

impl Paging {
    pub const fn page_count(self) -> u64 {
        self.total.div_ceil(if self.per_page == 0 { 1 } else { self.per_page })
    }

    pub const fn part(self) -> PagingPart {
        PagingPart { total: self.total, page: self.number, per_page: self.per_page, pages: self.page_count() }
    }
}

#[cfg(test)]
mod tests {
    use super::Paging;

    #[test]
    fn the_last_page_may_be_short_and_an_empty_list_has_none() {
        for (total, per_page, expected) in [(0, 20, 0), (1, 20, 1), (20, 20, 1), (21, 20, 2), (3, 1, 3)] {
            assert_eq!(Paging { number: 1, per_page, total }.page_count(), expected, "{total} by {per_page}");
        }
    }
}
