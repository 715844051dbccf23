//! Which tasks of a window have come, and what became of each.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::api::Page;
use super::config::Fields;
use super::plan::TaskOutcome;
use super::row::{ReadTask, read_row, task_id};
use crate::upstreams::digest::{Digest, of_bytes};

/// What is remembered of the rows of one window: no row itself, for a window may hold any number of them.
#[derive(Debug, Default)]
pub struct WindowRows {
    /// By the digest of the task's id.
    known: HashMap<Digest, Known>,
    /// Counts the readings: a request may be read more than once.
    reading: u32,
    /// Different tasks of this reading; every row without an id counts as one.
    received: u64,
    /// The same of the whole window.
    count: u64,
    /// Rows without an id, of this reading and at most of an earlier one of the same request: nothing else identifies
    /// them when they come again.
    nameless: u64,
    nameless_before: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// The last reading that brought it.
    reading: u32,
    /// What became of it; `None` until that is recorded.
    outcome: Option<TaskOutcome>,
}

/// The rows of a page. A task that is in it twice is kept once, as it came last: while pages are read, rows move from
/// one to the next, and the later answer is the newer one.
pub fn read_rows(page: &Page, fields: &Fields, zone: &TimeZone) -> Vec<ReadTask> {
    let mut rows: Vec<ReadTask> = Vec::with_capacity(page.rows.len());
    let mut indexes = HashMap::with_capacity(page.rows.len());
    for raw in &page.rows {
        let row = read_row(raw, fields, zone);
        let index = task_id(&row).map_or(rows.len(), |id| *indexes.entry(key(id)).or_insert(rows.len()));
        if index == rows.len() {
            rows.push(row);
        } else {
            rows[index] = row;
        }
    }
    rows
}

impl WindowRows {
    /// Begins the next request of the window; what the earlier ones brought stays known.
    pub const fn begin_request(&mut self) {
        self.begin_reading();
        self.nameless_before = 0;
    }

    /// Begins to read the pages of the same request once more.
    pub const fn begin_reading(&mut self) {
        self.reading += 1;
        self.received = 0;
        if self.nameless > self.nameless_before {
            self.nameless_before = self.nameless;
        }
        self.nameless = 0;
    }

    /// Takes a page's rows in and drops those that need no second look; answers how many no earlier page of this
    /// reading brought.
    pub fn take(&mut self, rows: &mut Vec<ReadTask>) -> u64 {
        let before = self.received;
        rows.retain(|row| self.take_row(row));
        self.received - before
    }

    /// Keeps what became of a task; answers what was kept of it when it came before.
    pub fn record_outcome(&mut self, id: &str, outcome: TaskOutcome) -> Option<TaskOutcome> {
        let known = self.known.get_mut(&key(id))?;
        let earlier = known.outcome;
        known.outcome = Some(earlier.map_or(outcome, |earlier| outcome.after(earlier)));
        earlier
    }

    /// How many different tasks this reading brought so far.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// How many different tasks the window brought so far.
    pub const fn count(&self) -> u64 {
        self.count
    }

    fn take_row(&mut self, row: &ReadTask) -> bool {
        let reading = self.reading;
        let (is_fresh, is_new) = match task_id(row) {
            None => {
                self.nameless += 1;
                (true, self.nameless > self.nameless_before)
            }
            Some(id) => {
                if let Some(known) = self.known.get_mut(&key(id)) {
                    (std::mem::replace(&mut known.reading, reading) != reading, false)
                } else {
                    self.known.insert(key(id), Known { reading, outcome: None });
                    (true, true)
                }
            }
        };
        self.received += u64::from(is_fresh);
        self.count += u64::from(is_new);
        is_new || task_id(row).is_some()
    }
}

fn key(id: &str) -> Digest {
    of_bytes(id.as_bytes(), 0)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{ReadTask, WindowRows, read_rows};
    use crate::upstreams::tasks::api::read_page;
    use crate::upstreams::tasks::config::Fields;
    use crate::upstreams::tasks::matching::State;
    use crate::upstreams::tasks::plan::TaskOutcome;

    const A: &str = r#"{"id":1,"name":"a"}"#;
    const B: &str = r#"{"id":2,"name":"b"}"#;
    const NO_ID: &str = r#"{"name":"c"}"#;

    fn read(rows: &str) -> Vec<ReadTask> {
        let body = format!(r#"{{"code":200,"data":{{"data":[{rows}],"page":1,"totalCount":0}}}}"#);
        read_rows(&read_page(body.as_bytes()).unwrap(), &Fields::default(), &TimeZone::UTC)
    }

    /// Takes a page in: how many rows are fresh, and how many are left to be stored.
    fn take(window: &mut WindowRows, rows: &str) -> (u64, usize) {
        let mut rows = read(rows);
        (window.take(&mut rows), rows.len())
    }

    #[test]
    fn a_task_in_a_page_twice_is_kept_once_as_it_came_last() {
        let rows = read(&format!(r#"{A},{B},{{"id":"1","name":"renamed"}},{{"id":2}},{NO_ID},{NO_ID}"#));
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[0].as_ref().unwrap().name, "renamed");
        assert_eq!(rows[1].as_ref().unwrap_err().task_id.as_deref(), Some("2"));
    }

    #[test]
    fn a_row_is_fresh_once_in_a_reading_and_stored_each_time() {
        let mut window = WindowRows::default();
        window.begin_request();
        assert_eq!(take(&mut window, A), (1, 1));
        assert_eq!(take(&mut window, &format!("{A},{B},{NO_ID}")), (2, 3));
        assert_eq!((window.received(), window.count()), (3, 3));
    }

    #[test]
    fn rows_without_an_id_are_reported_once_when_pages_are_read_again() {
        let mut window = WindowRows::default();
        window.begin_request();
        assert_eq!(take(&mut window, &format!("{A},{NO_ID},{NO_ID}")), (3, 3));
        window.begin_reading();
        assert_eq!(take(&mut window, &format!("{A},{NO_ID},{NO_ID},{NO_ID}")), (4, 2));
        assert_eq!((window.received(), window.count()), (4, 4));
        window.begin_request();
        assert_eq!(take(&mut window, NO_ID), (1, 1));
    }

    #[test]
    fn a_task_of_an_earlier_request_counts_in_the_later_one_and_once_in_the_window() {
        let mut window = WindowRows::default();
        window.begin_request();
        take(&mut window, &format!("{A},{B}"));
        let (new, unchanged) = (TaskOutcome::New(State::Pending), TaskOutcome::Unchanged(State::Pending));
        assert_eq!(window.record_outcome("1", new), None);
        window.begin_request();
        assert_eq!(take(&mut window, A), (1, 1));
        assert_eq!((window.received(), window.count()), (1, 2));
        assert_eq!(window.record_outcome("1", unchanged), Some(new));
        assert_eq!(window.record_outcome("1", unchanged), Some(new), "what is new stays new");
        assert_eq!(window.record_outcome("nobody", unchanged), None);
    }
}
