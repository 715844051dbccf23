//! The tasks of a window as they come in, page by page: which of them came before.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::api::Page;
use super::config::Fields;
use super::plan::Fate;
use super::row::{RowError, Task, read_row};
use crate::upstreams::digest::{Digest, of_bytes};

/// A row of the list, or why it cannot be stored.
pub type Row = Result<Task, RowError>;

/// What is remembered of the rows of one window: no row itself, for a window may hold any number of them.
#[derive(Debug, Default)]
pub struct Listing {
    /// By the digest of the task's id.
    known: HashMap<Digest, Known>,
    /// Which request is in hand.
    request: u32,
    /// Different tasks of the request in hand; every row without an id counts as one.
    received: u64,
    /// The same of the whole window.
    count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// The last request that brought it.
    request: u32,
    /// What became of it; `None` until it is settled.
    fate: Option<Fate>,
}

/// The rows of a page. A task that stands in it twice is kept once, as it came last: while pages are read, rows move
/// from one to the next, and the later answer is the newer one.
pub fn read_rows(page: &Page, fields: &Fields, zone: &TimeZone) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::with_capacity(page.rows.len());
    let mut places = HashMap::with_capacity(page.rows.len());
    for raw in &page.rows {
        let row = read_row(raw, fields, zone);
        let place = task_id(&row).map_or(rows.len(), |id| *places.entry(key(id)).or_insert(rows.len()));
        if place == rows.len() {
            rows.push(row);
        } else {
            rows[place] = row;
        }
    }
    rows
}

/// The row's id, as far as one could be read.
pub fn task_id(row: &Row) -> Option<&str> {
    match row {
        Ok(task) => Some(&task.id),
        Err(error) => error.task_id.as_deref(),
    }
}

impl Listing {
    /// Begins the next request of the window; what the earlier ones brought stays known.
    pub fn begin_request(&mut self) {
        self.request += 1;
        self.received = 0;
    }

    /// Takes a page's rows in; answers how many of them no earlier page of the request brought.
    pub fn add(&mut self, rows: &[Row]) -> u64 {
        let before = self.received;
        for row in rows {
            self.add_row(row);
        }
        self.received - before
    }

    /// Keeps what became of a task; answers what was kept of it when it came before.
    pub fn settle(&mut self, id: &str, fate: Fate) -> Option<Fate> {
        let known = self.known.get_mut(&key(id))?;
        let earlier = known.fate;
        known.fate = Some(earlier.map_or(fate, |earlier| fate.after(earlier)));
        earlier
    }

    /// How many different tasks the request in hand brought so far.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// How many different tasks the window brought so far.
    pub const fn count(&self) -> u64 {
        self.count
    }

    fn add_row(&mut self, row: &Row) {
        let Some(id) = task_id(row) else {
            self.received += 1;
            self.count += 1;
            return;
        };
        let request = self.request;
        match self.known.get_mut(&key(id)) {
            Some(known) if known.request == request => {}
            Some(known) => {
                known.request = request;
                self.received += 1;
            }
            None => {
                self.known.insert(key(id), Known { request, fate: None });
                self.received += 1;
                self.count += 1;
            }
        }
    }
}

fn key(id: &str) -> Digest {
    of_bytes(id.as_bytes(), 0)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Listing, Row, read_rows};
    use crate::upstreams::tasks::api::read_page;
    use crate::upstreams::tasks::config::Fields;
    use crate::upstreams::tasks::matching::State;
    use crate::upstreams::tasks::plan::Fate;

    fn read(rows: &str) -> Vec<Row> {
        let body = format!(r#"{{"code":200,"data":{{"data":[{rows}],"page":1,"totalCount":0}}}}"#);
        read_rows(&read_page(body.as_bytes()).unwrap(), &Fields::default(), &TimeZone::UTC)
    }

    const A: &str = r#"{"id":1,"name":"a"}"#;
    const B: &str = r#"{"id":2,"name":"b"}"#;
    const NO_ID: &str = r#"{"name":"c"}"#;

    #[test]
    fn a_row_is_fresh_once_in_a_request_and_without_an_id_every_time() {
        let mut listing = Listing::default();
        let fresh = [A, A, "", &format!("{A},{B},{NO_ID}"), NO_ID].map(|rows| listing.add(&read(rows)));
        assert_eq!((fresh, listing.received()), ([1, 0, 0, 2, 1], 4));
    }

    #[test]
    fn a_task_that_stands_twice_in_a_page_is_kept_once_as_it_came_last() {
        let rows = read(&format!(r#"{A},{B},{{"id":"1","name":"renamed"}},{{"id":2}},{NO_ID},{NO_ID}"#));
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[0].as_ref().unwrap().name, "renamed");
        assert_eq!(rows[1].as_ref().unwrap_err().task_id.as_deref(), Some("2"));
    }

    #[test]
    fn a_task_of_an_earlier_request_counts_in_the_later_one_and_once_in_the_window() {
        let mut listing = Listing::default();
        assert_eq!(listing.add(&read(&format!("{A},{B}"))), 2);
        let (new, unchanged) = (Fate::New(State::Pending), Fate::Unchanged(State::Pending));
        assert_eq!(listing.settle("1", new), None);
        listing.begin_request();
        assert_eq!(listing.add(&read(A)), 1);
        assert_eq!((listing.received(), listing.count()), (1, 2));
        assert_eq!(listing.settle("1", unchanged), Some(new));
        assert_eq!(listing.settle("1", unchanged), Some(new), "what is new stays new");
        assert_eq!(listing.settle("nobody", unchanged), None);
    }
}
