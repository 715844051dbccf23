//! The stored rows of a scope in the order of their numbers, read ahead of the rows that come.
//!
//! An upstream mostly sends rows in the order it sent them before. Then the next one is known before it is split off,
//! parsed or looked up: as many bytes as are stored, with the stored digest, are that row again.

use std::collections::VecDeque;

use super::changes::Changes;
use super::table::{Known, StoredRow, Table};
use crate::store::{Error, Store, Value};
use crate::upstreams::digest::of_bytes;

/// Rows read at once: at first, and at the most. Each window in which nothing had to be looked up is followed by a larger
/// one, because a server answers few large requests faster.
const WINDOWS: std::ops::RangeInclusive<u64> = 512..=8_192;

/// This number of stored rows may be passed over because they did not come: others are looked up.
const MAX_PASSED: usize = 32;

/// A window on the live rows.
#[derive(Debug)]
pub struct Ahead {
    table: &'static Table,
    /// The values of the key that all rows of the scope share.
    scope: Vec<String>,
    window: VecDeque<StoredRow>,
    /// How many rows the next window has.
    window_size: u64,
    /// The rows behind the window have higher numbers.
    last_number: i64,
    is_at_end: bool,
}

/// What is known of the row that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is stored like this.
    Unchanged { known: Known, length: usize },
    /// Too few of its bytes have come to tell.
    TooShort,
    /// It is another, or has changed; with what is stored of it, if that is known already.
    Other(Option<Known>),
}

impl Ahead {
    /// From the first row of the scope on.
    pub fn new(table: &'static Table, scope: Vec<String>) -> Self {
        Self { table, scope, window: VecDeque::new(), window_size: *WINDOWS.start(), last_number: 0, is_at_end: false }
    }

    /// Compares the row that begins these bytes; `id` finds its id there.
    pub fn meet(
        &mut self,
        store: &Store,
        changes: &Changes,
        bytes: &[u8],
        seed: u64,
        id: impl FnOnce(&[u8]) -> Option<&str>,
    ) -> Result<Arrival, Error> {
        if self.window.is_empty() && !self.is_at_end {
            self.load(store)?;
        }
        let Some(StoredRow { known, length, .. }) = self.window.front() else { return Ok(Arrival::Other(None)) };
        let (known, length) = (*known, *length);
        let Some(row) = bytes.get(..length) else { return Ok(Arrival::TooShort) };
        if changes.is_unchanged(&known, of_bytes(row, seed)) {
            self.window.pop_front();
            return Ok(Arrival::Unchanged { known, length });
        }
        let passed = id(bytes).and_then(|id| self.window.iter().take(MAX_PASSED).position(|stored| stored.id == id));
        Ok(Arrival::Other(passed.and_then(|at| self.window.drain(..=at).next_back()).map(|stored| stored.known)))
    }

    /// Goes on after the row of that number, which had to be looked up.
    pub fn go_on_after(&mut self, number: i64) {
        self.window.clear();
        (self.last_number, self.is_at_end, self.window_size) = (number, false, *WINDOWS.start());
    }

    fn load(&mut self, store: &Store) -> Result<(), Error> {
        let scope: Vec<Value<'_>> = self.scope.iter().map(Value::from).collect();
        let rows = store.read(|r| self.table.load_after(r, &scope, self.last_number, self.window_size))?;
        self.window_size = (self.window_size * 2).min(*WINDOWS.end());
        self.window.extend(rows);
        match self.window.back() {
            Some(last) => self.last_number = last.known.number,
            None => self.is_at_end = true,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::super::fixture::{Fixture, answers, meta, row};
    use super::{Ahead, Arrival, Changes, Table};
    use crate::store::Value;
    use crate::upstreams::mirror::Replace;

    static ANSWERS: LazyLock<Table> = LazyLock::new(answers);

    /// Its end is known by its content, as that of a JSON object.
    fn raw(id: u8, content: u8) -> String {
        format!("{id}:{};", "x".repeat(content.into()))
    }

    fn id_of(bytes: &[u8]) -> Option<&str> {
        std::str::from_utf8(bytes).ok()?.split_once(':').map(|(id, _)| id)
    }

    /// The rows of `shop` under ascending numbers, each followed by one of another account.
    fn store(fixture: &Fixture, rows: Vec<(u8, u8)>) {
        fixture.write(move |w| {
            for (index, (id, content)) in rows.iter().enumerate() {
                for (account, offset) in [("shop", 1), ("other", 2)] {
                    let (text, raw) = (id.to_string(), raw(*id, *content));
                    let key = [account.into(), (&text).into()];
                    let number = i64::try_from(index).unwrap() * 2 + offset;
                    ANSWERS.save(w, &row(&key, Some(number), &raw), [Value::Null], Replace::Nothing, &meta(1))?;
                }
            }
            Ok(())
        });
    }

    /// What is known of each row when it comes; between rows there is a comma, as in JSON.
    fn meet(fixture: &Fixture, rows: &[(u8, u8)]) -> Vec<Arrival> {
        let mut ahead = Ahead::new(&ANSWERS, vec!["shop".to_owned()]);
        let rest = |from: usize| rows[from..].iter().map(|(id, content)| raw(*id, *content) + ",").collect::<String>();
        let changes = Changes::default();
        let meet = |from| ahead.meet(&fixture.store, &changes, rest(from).as_bytes(), 0, id_of).unwrap();
        (0..rows.len()).map(meet).collect()
    }

    /// The number and the length of a row that is stored like that.
    fn recognised(arrival: &Arrival) -> Option<(i64, usize)> {
        if let Arrival::Unchanged { known, length } = arrival { Some((known.number, *length)) } else { None }
    }

    #[test]
    fn rows_in_the_stored_order_are_known_by_their_bytes_and_numbers() {
        let fixture = Fixture::new();
        let stored: Vec<(u8, u8)> = (0..200).map(|id| (id, id % 7)).collect();
        store(&fixture, stored.clone());
        let unchanged = |row: &(u8, u8)| Some((i64::from(row.0) * 2 + 1, raw(row.0, row.1).len()));
        assert!(meet(&fixture, &stored).iter().map(recognised).eq(stored.iter().map(unchanged)));

        // One that is new, one that is gone and one that was edited cost the others nothing.
        let mut sent = stored.clone();
        sent.insert(0, (250, 1));
        sent.remove(20);
        sent[30].1 = 9;
        let arrivals = meet(&fixture, &sent);
        assert_eq!(arrivals[0], Arrival::Other(None));
        assert!(matches!(arrivals[20], Arrival::Other(Some(known)) if known.number == 41));
        assert!(matches!(arrivals[30], Arrival::Other(Some(known)) if known.number == 61));
        let others = arrivals.iter().filter(|arrival| !matches!(arrival, Arrival::Unchanged { .. }));
        assert_eq!(others.count(), 3);
    }

    #[test]
    fn a_row_that_has_not_come_whole_waits_and_a_look_up_shows_where_to_go_on() {
        let fixture = Fixture::new();
        store(&fixture, (0..100).map(|id| (id, 3)).collect());
        let mut ahead = Ahead::new(&ANSWERS, vec!["shop".to_owned()]);
        let changes = Changes::default();
        let meet =
            |ahead: &mut Ahead, bytes: &str| ahead.meet(&fixture.store, &changes, bytes.as_bytes(), 0, id_of).unwrap();
        assert_eq!(meet(&mut ahead, "0:x"), Arrival::TooShort);
        assert_eq!(recognised(&meet(&mut ahead, "0:xxx;")), Some((1, 6)));
        assert_eq!(meet(&mut ahead, "90:xxx;"), Arrival::Other(None));
        ahead.go_on_after(181);
        assert_eq!(recognised(&meet(&mut ahead, "91:xxx;,")), Some((183, 7)));
        ahead.go_on_after(199);
        assert_eq!(meet(&mut ahead, "0:xxx;"), Arrival::Other(None));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn whatever_comes_no_row_is_taken_for_another(
            stored in proptest::collection::btree_map(0u8..60, 0u8..5, 0..60),
            sent in proptest::collection::vec((0u8..60, 0u8..5), 0..60),
        ) {
            let fixture = Fixture::new();
            store(&fixture, stored.clone().into_iter().collect());
            let number = |id: u8| i64::try_from(stored.keys().position(|key| *key == id).unwrap()).unwrap() * 2 + 1;
            for ((id, content), arrival) in sent.iter().zip(meet(&fixture, &sent)) {
                match arrival {
                    Arrival::Unchanged { known, length } => {
                        prop_assert_eq!(stored.get(id), Some(content));
                        prop_assert_eq!((known.number, length), (number(*id), raw(*id, *content).len()));
                    }
                    Arrival::Other(Some(known)) => prop_assert_eq!(known.number, number(*id)),
                    Arrival::Other(None) | Arrival::TooShort => {}
                }
            }
        }
    }
}
