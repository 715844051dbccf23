//! The tasks of a window as they come in, page by page, each counted once.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;

use super::api::Page;
use super::config::Fields;
use super::row::{RowError, Task, read_row};

/// A row of the list, or why it cannot be stored.
pub type Row = Result<Task, RowError>;

/// Everything the requests of one window brought.
#[derive(Debug, Default)]
pub struct Listing {
    rows: Vec<Row>,
    /// Where the row of each id stands.
    places: HashMap<String, usize>,
    /// The ids of the request in hand; rows without one are counted.
    seen: HashSet<usize>,
    nameless: u64,
}

/// How a request stands after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Ask for the next page.
    More,
    /// As many different tasks came as the upstream says there are.
    Complete,
    /// The pages are at their end and the counts differ: what came may be stored, but this is no success.
    Incomplete { received: u64, total_count: u64 },
}

impl Listing {
    /// Begins the next request of the window; what the earlier ones brought stays.
    pub fn begin_request(&mut self) {
        self.seen.clear();
        self.nameless = 0;
    }

    /// Takes a page in. A task that came before is replaced: while pages are read, rows move from one to the next, and
    /// the later answer is the newer one.
    pub fn add(&mut self, page: &Page, fields: &Fields, zone: &TimeZone) -> Progress {
        let before = self.received();
        for raw in &page.rows {
            self.add_row(read_row(raw, fields, zone));
        }
        let received = self.received();
        if received == page.total_count {
            Progress::Complete
        } else if received < page.total_count && received > before {
            Progress::More
        } else {
            Progress::Incomplete { received, total_count: page.total_count }
        }
    }

    /// How many different tasks the request in hand brought so far.
    pub fn received(&self) -> u64 {
        self.seen.len() as u64 + self.nameless
    }

    /// All rows of the window, each task once, in the order they first came.
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    fn add_row(&mut self, row: Row) {
        let id = match &row {
            Ok(task) => Some(&task.id),
            Err(error) => error.task_id.as_ref(),
        };
        let Some(id) = id else {
            self.nameless += 1;
            self.rows.push(row);
            return;
        };
        let next = self.rows.len();
        let place = *self.places.entry(id.clone()).or_insert(next);
        self.seen.insert(place);
        if place == next {
            self.rows.push(row);
        } else {
            self.rows[place] = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Listing, Progress};
    use crate::upstreams::tasks::api::read_page;
    use crate::upstreams::tasks::config::Fields;

    fn add(listing: &mut Listing, rows: &str, total_count: u64) -> Progress {
        let body = format!(r#"{{"code":200,"data":{{"data":[{rows}],"page":1,"totalCount":{total_count}}}}}"#);
        listing.add(&read_page(body.as_bytes()).unwrap(), &Fields::default(), &TimeZone::UTC)
    }

    fn check(pages: &[(&str, u64)], expected: &[Progress]) {
        let mut listing = Listing::default();
        let progress: Vec<Progress> = pages.iter().map(|(rows, total)| add(&mut listing, rows, *total)).collect();
        assert_eq!(progress, expected, "{pages:?}");
    }

    const A: &str = r#"{"id":1,"name":"a"}"#;
    const B: &str = r#"{"id":2,"name":"b"}"#;
    const NO_ID: &str = r#"{"name":"c"}"#;

    #[test]
    fn a_sequence_is_complete_when_as_many_different_tasks_came_as_there_are() {
        let both = format!("{A},{B}");
        check(&[("", 0)], &[Progress::Complete]);
        check(&[(&both, 2)], &[Progress::Complete]);
        check(&[(A, 2), (B, 2)], &[Progress::More, Progress::Complete]);
        check(&[(A, 3), (&both, 3), (NO_ID, 3)], &[Progress::More, Progress::More, Progress::Complete]);
    }

    #[test]
    fn any_other_end_is_incomplete() {
        let incomplete = |received, total_count| Progress::Incomplete { received, total_count };
        check(&[("", 85)], &[incomplete(0, 85)]);
        check(&[(A, 2), ("", 2)], &[Progress::More, incomplete(1, 2)]);
        // The same page again and again.
        check(&[(A, 2), (A, 2)], &[Progress::More, incomplete(1, 2)]);
        check(&[(A, 2), (&format!("{B},{NO_ID}"), 2)], &[Progress::More, incomplete(3, 2)]);
        check(&[(A, 0)], &[incomplete(1, 0)]);
    }

    #[test]
    fn a_task_that_comes_again_is_kept_once_as_it_came_last() {
        let mut listing = Listing::default();
        assert_eq!(add(&mut listing, &format!("{A},{B}"), 2), Progress::Complete);
        listing.begin_request();
        assert_eq!(add(&mut listing, r#"{"id":"1","name":"renamed"},{"id":2}"#, 2), Progress::Complete);
        let rows = listing.into_rows();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].as_ref().unwrap().name, "renamed");
        assert_eq!(rows[1].as_ref().unwrap_err().task_id.as_deref(), Some("2"));
    }
}
