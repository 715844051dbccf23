//! All rows of one account and kind, as they are now: what was made up at first and what was done to it since.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::kind::Kind;
use super::template::{FIRST_INTEGER, Filling, Layout, Template};
use super::{question, response};
use crate::sandbox::clock::Clock;
use crate::sandbox::random::Random;

/// How many different rows are made up; the others repeat them with other ids and times.
const TEMPLATE_COUNT: u64 = 256;
/// Over how long before the clock's base the rows were inserted, in microseconds.
const QUESTIONS_SPREAD_US: i64 = 90 * DAY_US;
const RESPONSES_SPREAD_US: i64 = 3 * DAY_US;
const DAY_US: i64 = 24 * 3600 * 1_000_000;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The rows of a [`Kind`], never all in memory.
#[derive(Clone)]
pub struct Set {
    kind: Kind,
    seed: u64,
    count: u64,
    /// How many rows were made up at first; the others were added later.
    initial_count: u64,
    gone: BTreeSet<u64>,
    patches: BTreeMap<u64, Patch>,
    clock: Clock,
    /// When the last change was made; an hour passes with each where the clock does not run.
    changed_at: Timestamp,
    templates: Arc<[Template]>,
}

/// What differs from the row as it was made up.
#[derive(Clone, Copy)]
struct Patch {
    revision: u64,
    inserted: Timestamp,
    updated: Timestamp,
}

/// The order of rows in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    InsertedAscending,
    InsertedDescending,
    UpdatedAscending,
}

impl Set {
    pub fn new(kind: Kind, seed: u64, count: u64, clock: Clock) -> Self {
        Self {
            kind,
            seed,
            count,
            initial_count: count,
            gone: BTreeSet::new(),
            patches: BTreeMap::new(),
            clock,
            changed_at: clock.base,
            templates: templates(kind, seed, Layout::Plain),
        }
    }

    /// What time it is upstream.
    pub fn now(&self) -> Timestamp {
        self.clock.now().max(self.changed_at)
    }

    /// How many rows there are.
    pub fn live(&self) -> u64 {
        self.count - self.gone.len() as u64
    }

    /// The numbers of the rows there are.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.count).filter(|number| !self.gone.contains(number))
    }

    /// Changes `submit_delta` (questions: `view_count`) and `updated_at` of these rows.
    pub fn edit(&mut self, numbers: impl IntoIterator<Item = u64>) {
        self.pass_time();
        for number in numbers {
            let patch = self.patch(number);
            self.patches.insert(number, Patch { revision: patch.revision + 1, updated: self.changed_at, ..patch });
        }
    }

    /// Edits these rows and leaves `updated_at` as it is.
    pub fn edit_silently(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            let patch = self.patch(number);
            self.patches.insert(number, Patch { revision: patch.revision + 1, ..patch });
        }
    }

    pub fn delete(&mut self, numbers: impl IntoIterator<Item = u64>) {
        self.gone.extend(numbers);
    }

    /// Brings deleted rows back as they were.
    pub fn restore(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.gone.remove(&number);
        }
    }

    /// Adds `count` rows, inserted now.
    pub fn add(&mut self, count: u64) {
        self.pass_time();
        let added = self.count..self.count + count;
        self.count = added.end;
        for number in added {
            self.patches.insert(number, Patch { revision: 0, inserted: self.changed_at, updated: self.changed_at });
        }
    }

    /// Writes the same rows differently from now on.
    pub fn set_layout(&mut self, layout: Layout) {
        self.templates = templates(self.kind, self.seed, layout);
    }

    /// The row's id in the answer, without quotes.
    pub fn id(&self, number: u64) -> String {
        match self.kind {
            Kind::Questions => (FIRST_INTEGER + number).to_string(),
            Kind::Responses => format!("resp_{number:010}"),
        }
    }

    /// The row an id belongs to.
    pub fn number(&self, id: &str) -> Option<u64> {
        match self.kind {
            Kind::Questions => id.parse::<u64>().ok()?.checked_sub(FIRST_INTEGER),
            Kind::Responses => id.strip_prefix("resp_")?.parse().ok(),
        }
    }

    /// Writes one row's JSON.
    pub fn render(&self, number: u64, out: &mut Vec<u8>) {
        let patch = self.patch(number);
        let mixed = Random::new(self.seed ^ number).below(TEMPLATE_COUNT);
        let template = &self.templates[usize::try_from(mixed).expect("an index")];
        let Patch { revision, inserted, updated } = patch;
        template.fill(&Filling { number, revision, inserted, updated }, out);
    }

    /// The rows behind the row `after`, in order, updated at `updated_min` or later.
    pub fn rows(self: &Arc<Self>, order: Order, after: Option<u64>, updated_min: Option<Timestamp>) -> Rows {
        let later = |number: u64| number + 1..self.count;
        let (range, moved) = match (order, after) {
            (Order::InsertedDescending, after) => (0..after.unwrap_or(u64::MAX).min(self.count), Vec::new()),
            (Order::InsertedAscending, after) => (after.map_or(0..self.count, later), Vec::new()),
            (Order::UpdatedAscending, Some(number)) if self.is_moved(number) => (0..0, self.moved_after(Some(number))),
            (Order::UpdatedAscending, after) => (after.map_or(0..self.count, later), self.moved_after(None)),
        };
        Rows {
            order,
            updated_min: updated_min.unwrap_or(Timestamp::MIN),
            range,
            moved: moved.into_iter(),
            set: Arc::clone(self),
        }
    }

    /// Whether the row was updated after its insertion, or inserted later than it was made up to be: its place in the
    /// order of updates is behind all that were not.
    fn is_moved(&self, number: u64) -> bool {
        number >= self.initial_count
            || self.patches.get(&number).is_some_and(|patch| patch.updated != self.first_inserted(number))
    }

    /// The moved rows behind the row `number`, by their last update.
    fn moved_after(&self, number: Option<u64>) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.patches.keys().copied().filter(|number| self.is_moved(*number)).collect();
        numbers.sort_by_key(|number| (self.patches[number].updated, *number));
        let start = number.and_then(|number| numbers.iter().position(|known| *known == number));
        numbers.split_off(start.map_or(0, |start| start + 1))
    }

    fn patch(&self, number: u64) -> Patch {
        let inserted = self.first_inserted(number);
        self.patches.get(&number).copied().unwrap_or(Patch { revision: 0, inserted, updated: inserted })
    }

    /// Time that passes before a change.
    fn pass_time(&mut self) {
        self.changed_at = if self.clock.is_running { self.now() } else { self.changed_at + HOUR };
    }

    /// When the row was inserted as it was made up: the last one just before the clock's base.
    fn first_inserted(&self, number: u64) -> Timestamp {
        let spread = match self.kind {
            Kind::Questions => QUESTIONS_SPREAD_US,
            Kind::Responses => RESPONSES_SPREAD_US,
        };
        let count = |rows: u64| i64::try_from(rows).expect("a number of rows");
        let step = spread / count(self.initial_count.max(1));
        let at = self.clock.base.as_microsecond() - step * (count(self.initial_count) - count(number));
        Timestamp::from_microsecond(at).expect("a time this side of the year 9999")
    }
}

/// The numbers of rows in the order of the query; holds no rows.
pub struct Rows {
    pub set: Arc<Set>,
    order: Order,
    updated_min: Timestamp,
    range: Range<u64>,
    moved: std::vec::IntoIter<u64>,
}

impl Rows {
    fn is_wanted(&self, number: u64) -> bool {
        !self.set.gone.contains(&number) && self.set.patch(number).updated >= self.updated_min
    }
}

impl Iterator for Rows {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            let number = match self.order {
                Order::InsertedAscending => self.range.next()?,
                Order::InsertedDescending => self.range.next_back()?,
                Order::UpdatedAscending => match self.range.find(|number| !self.set.is_moved(*number)) {
                    Some(number) => number,
                    None => self.moved.next()?,
                },
            };
            if self.is_wanted(number) {
                return Some(number);
            }
        }
    }
}

fn templates(kind: Kind, seed: u64, layout: Layout) -> Arc<[Template]> {
    let mut random = Random::new(seed);
    let row = match kind {
        Kind::Questions => question::row,
        Kind::Responses => response::row,
    };
    (0..TEMPLATE_COUNT).map(|_| Template::new(&row(&mut random), layout)).collect()
}
