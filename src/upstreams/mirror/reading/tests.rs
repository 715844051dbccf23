//! Rows that come twice, pages that are tried again, and counts that add up.

use proptest::prelude::*;

use super::super::changes::{Changed, Comparison, Fetched, Found};
use super::super::fixture::{Fixture, answers, hash, meta};
use super::super::outcome::RowOutcome;
use super::super::table::NewRow;
use super::{BadRow, Reading};
use crate::store::Summary;

/// An id and its content.
type Answer = Vec<(u8, u8)>;

/// How far the comparison runs ahead of the writer.
#[derive(Clone, Copy, Debug)]
enum Ahead {
    /// Every batch is written before the next one is compared.
    Not,
    /// All batches are compared with what was stored before the first one is written.
    Whole,
}

/// Reads the answer in batches of that size; what it came to, and how often a row came again with other content.
fn read(fixture: &Fixture, answer: &Answer, batch_size: usize, ahead: Ahead, record: i64) -> (Summary, u64) {
    let mut reading = Reading::default();
    let batches: Vec<_> = answer.chunks(batch_size).collect();
    let planned: Vec<_> = match ahead {
        Ahead::Not => Vec::new(),
        Ahead::Whole => batches.iter().map(|batch| plan(fixture, &reading, batch)).collect(),
    };
    for (index, batch) in batches.iter().enumerate() {
        let plan = planned.get(index).cloned().unwrap_or_else(|| plan(fixture, &reading, batch));
        let mut changed = Vec::new();
        for ((id, content), comparison) in batch.iter().zip(plan) {
            match comparison {
                Comparison::Unchanged { number } => reading.see(number),
                Comparison::Changed(found) => changed.push((*id, *content, found)),
            }
        }
        let so_far = reading.changes.clone();
        let saved = fixture.write(move |w| {
            let texts: Vec<_> = changed.iter().map(|(id, content, _)| (id.to_string(), content.to_string())).collect();
            let rows = texts.iter().zip(&changed).map(|((id, raw), (.., found))| changed_row(id, raw, found.as_ref()));
            let saved = so_far.save(w, &answers(), &rows.collect::<Vec<_>>(), &meta(record))?;
            let ids = changed.iter().map(|(id, ..)| *id);
            Ok(ids.zip(saved).map(|(id, (number, outcome))| (number, id, outcome)).collect::<Vec<_>>())
        });
        for (number, id, outcome) in saved {
            reading.record_outcome(number, &id.to_string(), outcome);
        }
    }
    let mut summary = Summary::default();
    reading.count_into(&mut summary);
    (summary, reading.remarks.repeated_count)
}

fn changed_row<'a>(id: &'a str, raw: &'a str, found: Option<&'a Found>) -> Changed<'a> {
    let key = vec!["shop".into(), id.into()];
    Changed { row: NewRow { key, content_hash: hash(raw), raw: Some(raw), columns: vec![raw.into()] }, found }
}

fn plan(fixture: &Fixture, reading: &Reading, batch: &[(u8, u8)]) -> Vec<Comparison> {
    let texts: Vec<_> = batch.iter().map(|(id, content)| (id.to_string(), content.to_string())).collect();
    fixture.read(|r| {
        let keys: Vec<_> = texts.iter().map(|(id, _)| vec!["shop".into(), id.into()]).collect();
        let known = answers().find_many(r, &keys)?;
        let fetched = texts.iter().zip(known).map(|((_, raw), known)| Fetched { known, content_hash: hash(raw), raw });
        reading.changes.compare(r, &answers(), &fetched.collect::<Vec<_>>())
    })
}

fn counts(summary: &Summary) -> [u64; 5] {
    [summary.row_count(), summary.new, summary.updated, summary.restored, summary.unchanged]
}

fn stored(fixture: &Fixture) -> Vec<String> {
    fixture.rows("answers", "id, raw, email, last_changed_at, last_seen_record, coalesce(deleted_at, '-')")
}

/// Marks these ids as deleted, as an earlier pass would.
fn delete(fixture: &Fixture, ids: &[u8], record: i64) {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    fixture.write(move |w| {
        for id in &ids {
            let known = answers().find(w, &["shop".into(), id.into()])?;
            if let Some(known) = known {
                answers().delete(w, &[known.number.into()], &meta(record))?;
            }
        }
        Ok(())
    });
}

#[test]
fn an_id_that_comes_twice_is_one_row_the_later_one_and_counts_once() {
    for ahead in [Ahead::Not, Ahead::Whole] {
        for batch_size in [1, 4] {
            let fixture = Fixture::new();
            let answer = vec![(1, 1), (2, 2), (1, 9), (3, 3)];
            let (first, repeated) = read(&fixture, &answer, batch_size, ahead, 1);
            assert_eq!((counts(&first), repeated), ([3, 3, 0, 0, 0], 1), "{ahead:?} {batch_size}");
            let before = stored(&fixture);
            assert_eq!(before[0], "1 9 9 day 1 1 -");
            let (second, repeated) = read(&fixture, &answer, batch_size, ahead, 2);
            assert_eq!((counts(&second), repeated), ([3, 0, 0, 0, 3], 1), "{ahead:?} {batch_size}");
            assert_eq!(stored(&fixture), before, "{ahead:?} {batch_size}");
        }
    }
}

#[test]
fn the_same_row_twice_with_the_same_content_is_nothing_to_warn_of() {
    let fixture = Fixture::new();
    for record in [1, 2] {
        let (summary, repeated) = read(&fixture, &vec![(1, 1), (1, 1)], 1, Ahead::Whole, record);
        assert_eq!((summary.row_count(), repeated), (1, 0));
    }
}

fn bad(id: Option<&str>) -> BadRow {
    BadRow { id: id.map(str::to_owned), name: None, reason: "odd".to_owned() }
}

#[test]
fn a_row_that_cannot_be_stored_is_seen_by_its_id_and_counts_once() {
    let mut reading = Reading::default();
    reading.see(1);
    for (row, number, received, bad_count) in [
        (bad(Some("a")), Some(1), 1, 1),
        (bad(Some("b")), Some(2), 2, 2),
        (bad(Some("b")), Some(2), 2, 2),
        (bad(Some("c")), None, 3, 3),
        (bad(None), None, 4, 4),
        (bad(None), None, 5, 5),
    ] {
        reading.see_bad(row, number);
        assert_eq!((reading.received(), reading.bad_count()), (received, bad_count));
    }
    assert_eq!((reading.round.nameless_count, reading.round.seen.len()), (2, 2));
}

#[test]
fn a_page_that_is_tried_again_counts_its_rows_once() {
    let mut reading = Reading::default();
    reading.record_outcome(1, "a", RowOutcome::New);
    let before = reading.round();
    reading.record_outcome(2, "b", RowOutcome::New);
    reading.see_bad(bad(Some("c")), None);
    reading.restore_round(&before);
    assert_eq!(reading.received(), 1);
    reading.see(2);
    reading.record_outcome(3, "c", RowOutcome::New);
    let mut summary = Summary::default();
    reading.count_into(&mut summary);
    assert_eq!((counts(&summary), reading.received(), reading.remarks.repeated_count), ([3, 3, 0, 0, 0], 3, 0));
}

#[test]
fn what_was_found_is_looked_up_once() {
    let fixture = Fixture::new();
    read(&fixture, &vec![(1, 1)], 1, Ahead::Not, 1);
    let reading = Reading::default();
    let [Comparison::Changed(Some(Found { known, before }))] = &plan(&fixture, &reading, &[(1, 2)])[..] else {
        panic!("the row is not found");
    };
    assert_eq!((known.number, known.content_hash, before.clone()), (1, Some(hash("1")), Some(meta(1))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn counts_add_up_and_a_second_pass_changes_nothing(
        first in proptest::collection::vec((0u8..5, 0u8..3), 0..8),
        gone in proptest::collection::vec(0u8..5, 0..3),
        second in proptest::collection::vec((0u8..5, 0u8..3), 0..8),
        batch_size in 1usize..5,
        ahead in prop_oneof![Just(Ahead::Not), Just(Ahead::Whole)],
    ) {
        let fixture = Fixture::new();
        read(&fixture, &first, batch_size, ahead, 1);
        delete(&fixture, &gone, 2);
        for record in [3, 4] {
            let before = stored(&fixture);
            let (summary, _) = read(&fixture, &second, batch_size, ahead, record);
            let mut last: std::collections::BTreeMap<u8, u8> = second.iter().copied().collect();
            let [total, new, updated, restored, unchanged] = counts(&summary);
            prop_assert_eq!(total, last.len() as u64);
            prop_assert_eq!(new + updated + restored + unchanged, total);
            for row in stored(&fixture) {
                let id: u8 = row.split(' ').next().unwrap().parse().unwrap();
                if let Some(content) = last.remove(&id) {
                    prop_assert!(row.starts_with(&format!("{id} {content} {content} ")) && row.ends_with(" -"), "{}", row);
                }
            }
            prop_assert!(last.is_empty());
            if record == 4 {
                prop_assert_eq!([new, updated, restored], [0, 0, 0]);
                prop_assert_eq!(stored(&fixture), before);
            }
        }
    }
}
