//! What is written, found and deleted in tables of both kinds.

use super::super::fixture::{Fixture, answers, hash, machines, meta, row};
use super::{Known, Replace, Table};
use crate::store::Value;

const STORED: &str = "id, name, cpu, raw, first_seen_at, last_changed_at, last_seen_record, coalesce(deleted_at, '-')";

/// Saves the machine `a` with that content in that run; whether it was written.
fn save(fixture: &Fixture, raw: &'static str, replace: Replace, record: i64) -> bool {
    fixture.write(move |w| {
        let key = ["prod".into(), "eu".into(), "a".into()];
        let columns: [Value<'_>; 2] = [raw.into(), Value::Int(4)];
        machines().save(w, &row(&key, None, raw), columns, replace, &meta(record))
    })
}

fn find(fixture: &Fixture, table: &Table, key: &[&str]) -> Option<Known> {
    let key: Vec<Value<'_>> = key.iter().copied().map(Value::from).collect();
    fixture.read(|r| table.find(r, &key))
}

#[test]
fn a_row_is_written_only_over_what_it_may_replace() {
    let fixture = Fixture::new();
    assert!(save(&fixture, "one", Replace::Nothing, 1));
    assert!(!save(&fixture, "two", Replace::Nothing, 2));
    assert!(!save(&fixture, "two", Replace::Content(hash("other")), 2));
    assert_eq!(fixture.rows("machines", STORED), ["a one 4 one day 1 day 1 1 -"]);
    assert!(save(&fixture, "two", Replace::Content(hash("one")), 2));
    assert_eq!(fixture.rows("machines", STORED), ["a two 4 two day 1 day 2 2 -"]);
    assert!(save(&fixture, "three", Replace::Quietly, 3));
    assert_eq!(fixture.rows("machines", STORED), ["a three 4 three day 1 day 2 3 -"]);
    assert!(save(&fixture, "four", Replace::Anything, 4));
    assert_eq!(fixture.rows("machines", STORED), ["a four 4 four day 1 day 4 4 -"]);
}

#[test]
fn a_stored_row_is_found_by_its_key_with_its_hash() {
    let fixture = Fixture::new();
    save(&fixture, "one", Replace::Nothing, 1);
    let known = Known { number: 0, content_hash: Some(hash("one")), is_deleted: false };
    assert_eq!(find(&fixture, &machines(), &["prod", "eu", "a"]), Some(known));
    assert_eq!(find(&fixture, &machines(), &["prod", "us", "a"]), None);
    let before = fixture.read(|r| machines().load_before(r, &["prod".into(), "eu".into(), "a".into()], str::len));
    assert_eq!(before, Some((3, meta(1))));

    fixture.write(|w| {
        let key = ["shop".into(), "a".into()];
        answers().save(w, &row(&key, Some(7), "{}"), [Value::Null], Replace::Nothing, &meta(1))
    });
    let known = Known { number: 7, content_hash: Some(hash("{}")), is_deleted: false };
    assert_eq!(find(&fixture, &answers(), &["shop", "a"]), Some(known));
    assert_eq!(fixture.read(|r| answers().load_next_number(r)), 8);
}

#[test]
fn a_deleted_row_is_a_tombstone_until_it_is_written_again() {
    let fixture = Fixture::new();
    save(&fixture, "one", Replace::Nothing, 1);
    let delete = |id: &'static str| {
        fixture.write(move |w| machines().delete(w, &["prod".into(), "eu".into(), id.into()], &meta(2)))
    };
    let live = || fixture.read(|r| machines().count_live(r, &["prod".into(), "eu".into()]));
    assert_eq!(live(), 1);
    assert_eq!([delete("b"), delete("a"), delete("a")], [false, true, false]);
    assert_eq!(live(), 0);
    assert_eq!(fixture.rows("machines", STORED), ["a one 4 one day 1 day 2 2 day 2"]);
    assert!(find(&fixture, &machines(), &["prod", "eu", "a"]).unwrap().is_deleted);
    assert!(save(&fixture, "one", Replace::Content(hash("one")), 3));
    assert_eq!(fixture.rows("machines", STORED), ["a one 4 one day 1 day 3 3 -"]);
}

#[test]
fn live_rows_are_those_of_the_scope() {
    let fixture = Fixture::new();
    fixture.write(|w| {
        for (number, account) in [(1, "shop"), (2, "shop"), (3, "other")] {
            let id = number.to_string();
            let key = [account.into(), (&id).into()];
            answers().save(w, &row(&key, Some(number), "{}"), [Value::Null], Replace::Nothing, &meta(1))?;
        }
        answers().delete(w, &[1_i64.into()], &meta(2))
    });
    let live = fixture.read(|r| answers().load_live(r, &["shop".into()]));
    assert_eq!((live.len(), live.contains(2)), (1, true));
}
