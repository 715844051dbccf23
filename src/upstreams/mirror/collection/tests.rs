//! Listings by tokens and by offsets, complete or not.

use super::super::paginator::{Ending, Limits, Step, Unproved};
use super::{BadRow, Collected, Collection, Identified, Page, ReadRow, Signs};

const LIMITS: Limits = Limits { max_pages: 10_000, max_stale_pages: 50 };

/// An id and a content.
type Row = (&'static str, u32);

impl Identified for Row {
    fn id(&self) -> &str {
        self.0
    }
}

type Rows = Page<Option<&'static str>, ReadRow<Row>>;

fn page(rows: &[&'static str], next: Option<&'static str>, total: Option<u64>) -> Rows {
    Page { rows: rows.iter().map(|id| Ok((*id, 0))).collect(), next: next.map(Some), total, signs: Signs::default() }
}

fn bad(id: Option<&str>) -> ReadRow<Row> {
    Err(BadRow { id: id.map(str::to_owned), name: None, reason: "odd".to_owned() })
}

/// Steps are written as the next page's token or `again`; the last page ends the listing.
#[track_caller]
fn check(pages: Vec<Rows>, steps: &[&str], ids: &[&str], ending: Ending) -> Collected<Row> {
    let mut collection = Collection::new(None, LIMITS);
    let mut taken = Vec::new();
    let mut ended = None;
    for page in pages {
        assert_eq!(ended, None, "it ended early");
        match collection.take(page, |_| None) {
            Step::Next(next) => taken.push(next.unwrap()),
            Step::Again(first) => {
                assert_eq!(first, None);
                taken.push("again");
            }
            Step::End(ending) => ended = Some(ending),
        }
    }
    assert_eq!((taken.as_slice(), ended), (steps, Some(ending)));
    let collected = collection.finish(ending.is_proved());
    assert_eq!(collected.rows.keys().collect::<Vec<_>>(), ids);
    collected
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
fn the_next_page_may_follow_from_the_count() {
    let mut collection = Collection::new(1, LIMITS);
    let page = || Page { rows: vec![Ok(("a", 0)), Ok(("b", 0))], next: None, total: Some(3), signs: Signs::default() };
    assert_eq!(collection.take(page(), |count| (count < 3).then_some(2)), Step::Next(2));
    let last = Page { rows: vec![Ok(("c", 0))], ..page() };
    assert_eq!(collection.take(last, |count| (count < 3).then_some(3)), Step::End(Ending::ProvedEnd));
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
    let rows = vec![Ok(("a", 0)), bad(Some("b")), bad(Some("b")), bad(None)];
    let collected = check(
        vec![Page { rows, next: None, total: Some(3), signs: Signs::default() }],
        &[],
        &["a", "b"],
        Ending::ProvedEnd,
    );
    assert_eq!((collected.count(), collected.nameless.len()), (3, 1));
    let (rows, bad) = collected.into_rows();
    assert_eq!((rows, bad.len()), (vec![("a", 0)], 2));
}

#[test]
fn an_id_that_comes_twice_is_the_later_row_and_noted_where_it_differs() {
    let pages = vec![
        Page {
            rows: vec![Ok(("a", 1)), Ok(("b", 1)), Ok(("a", 2))],
            next: Some(Some("t")),
            total: None,
            signs: Signs::default(),
        },
        Page {
            rows: vec![Ok(("b", 1)), bad(Some("c")), Ok(("c", 3))],
            next: None,
            total: None,
            signs: Signs::default(),
        },
    ];
    let mut collected = check(pages, &["t"], &["a", "b", "c"], Ending::ProvedEnd);
    assert_eq!((collected.remarks.repeated_count, collected.remarks.repeated.as_deref()), (2, Some("a")));
    let mut later = Collected::default();
    for row in [Ok(("a", 2)), Ok(("b", 9)), bad(None)] {
        later.take(row);
    }
    collected.extend(later);
    assert_eq!((collected.remarks.repeated_count, collected.count()), (3, 4));
    assert_eq!(collected.into_rows().0, [("a", 2), ("b", 9), ("c", 3)]);
}

#[test]
fn a_loop_of_pages_proves_nothing() {
    let pages = vec![page(&["a"], Some("t"), None), page(&["b"], Some("t"), None)];
    check(pages, &["t"], &["a", "b"], Ending::Loop);
    let mut collection = Collection::new(0, LIMITS);
    let repeated =
        |number: u64| Page { rows: vec![Ok(("a", 0))], next: Some(number + 1), total: None, signs: Signs::default() };
    let ends_at = (0..1000).find(|&number| matches!(collection.take(repeated(number), |_| None), Step::End(_)));
    assert_eq!(ends_at, Some(LIMITS.max_stale_pages + 1));
}
