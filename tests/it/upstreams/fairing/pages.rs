//! Pages: every way they end, loop, break off or are refused.

use super::{EU, ONE, check_counts};
use crate::sandbox::fairing::{End, Kind, Shape};
use crate::sandbox::{Fault, Rule};
use crate::support::{Outcome, Sandbox};

/// 150 rows in pages of 50.
fn paged() -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.fairing.style(|style| style.shape = Shape::Pages);
    sandbox.home.set("fairing.page_size", 50);
    sandbox
}

/// Answers the next requests with these bodies, one after the other.
fn answer(sandbox: &Sandbox, bodies: &[&'static str]) {
    sandbox.fairing.server().clear_faults();
    for body in bodies {
        sandbox.fairing.server().add(Rule::on("/api/responses", Fault::Instead("application/json", body)).times(1));
    }
}

const FIRST: &str = r#"{"data":[{"id":"a"},{"id":"b"}],"next":"/api/responses?starting_after=b"}"#;
const SECOND: &str = r#"{"data":[{"id":"c"},{"id":"d"}],"next":"/api/responses?starting_after=d"}"#;
const LAST: &str = r#"{"data":[{"id":"e"}],"next":null}"#;

/// A pass over five rows on three pages, then one over these pages.
fn pass_over(bodies: &[&'static str]) -> (Sandbox, Outcome) {
    let sandbox = paged();
    answer(&sandbox, &[FIRST, SECOND, LAST]);
    check_counts(&sandbox.pass(ONE).expect(0), [5, 0, 0, 0, 0]);
    answer(&sandbox, bodies);
    let outcome = sandbox.pass(ONE);
    (sandbox, outcome)
}

/// What the counts of a run come to, whatever happened in it.
#[track_caller]
fn check_total(outcome: &Outcome) {
    let counts = ["new", "updated", "unchanged", "restored", "failed"].map(|name| outcome.count(name));
    assert_eq!(outcome.count("total"), counts.iter().sum::<u64>(), "{}", outcome.stdout);
}

#[test]
fn every_way_the_pages_may_end_is_the_end() {
    for (end, page_count) in
        [(End::Null, 3), (End::Absent, 3), (End::EmptyText, 3), (End::OneMore, 4), (End::Itself, 3)]
    {
        let sandbox = paged();
        sandbox.fairing.style(|style| style.end = end);
        check_counts(&sandbox.pass(ONE).expect(0), [150, 0, 0, 0, 0]);
        assert_eq!(sandbox.fairing.server().count("/api/responses"), page_count, "{end:?}");
    }
}

#[test]
fn dry_run_of_a_first_pass_counts_the_rows_of_every_page() {
    let sandbox = paged();
    let outcome = sandbox.pass(&format!("{ONE} --dry-run")).expect(0);
    check_counts(&outcome, [150, 0, 0, 0, 0]);
    assert!(!sandbox.home.database().exists() || sandbox.live_count() == 0);
}

#[test]
fn an_end_that_is_not_proved_deletes_nothing_and_is_partial() {
    const REPEATED: &str = r#"{"data":[{"id":"a"},{"id":"b"}],"next":"/api/responses?starting_after=d"}"#;
    const EMPTY: &str = r#"{"data":[],"next":"/api/responses?starting_after=d"}"#;
    const CIRCLE: &str = r#"{"data":[{"id":"c"}],"next":"/api/responses?limit=50"}"#;
    for (bodies, reason) in [
        (vec![FIRST, REPEATED, LAST], "only rows that had come before"),
        (vec![FIRST, EMPTY, LAST], "an empty page names a next page"),
        (vec![EMPTY], "an empty page names a next page"),
        (vec![FIRST, CIRCLE, FIRST], "pagination loop"),
    ] {
        let (sandbox, outcome) = pass_over(&bodies);
        assert_eq!(outcome.code, Some(3), "{reason}: {}", outcome.stdout);
        assert!(outcome.stdout.contains(reason), "{}", outcome.stdout);
        assert_eq!((outcome.count("deleted"), sandbox.live_count()), (0, 5), "{}", outcome.stdout);
        check_total(&outcome);
    }
    let sandbox = paged();
    sandbox.fairing.style(|style| style.end = End::SameRows);
    check_counts(&sandbox.pass(ONE).expect(3), [150, 0, 0, 0, 0]);
}

#[test]
fn an_error_beside_the_rows_is_a_failure_and_deletes_nothing() {
    const ERROR: &str = r#"{"data":[{"id":"a"}],"error":{"message":"busy"},"next":null}"#;
    const EMPTY: &str = r#"{"error":"busy","data":[]}"#;
    const MESSAGE: &str = r#"{"data":[{"id":"a"}],"errorMessage":"busy"}"#;
    const NO_SUCCESS: &str = r#"{"success":false,"data":[{"id":"a"}]}"#;
    for bodies in [vec![ERROR], vec![EMPTY], vec![MESSAGE], vec![NO_SUCCESS], vec![FIRST, ERROR]] {
        let (sandbox, outcome) = pass_over(&bodies);
        assert_eq!(outcome.code, Some(7), "{}", outcome.stdout);
        assert_eq!((outcome.count("deleted"), sandbox.live_count()), (0, 5));
        check_total(&outcome);
        // On a first pass it is no set of no rows either.
        let sandbox = paged();
        answer(&sandbox, &[EMPTY]);
        sandbox.pass(ONE).expect(7);
    }
}

#[test]
fn the_last_page_may_name_itself_in_other_words() {
    const SECOND: &str = r#"{"data":[{"id":"c"}],"next":"?starting_after=b"}"#;
    for first in ["/api/responses/?starting_after=b", "?starting_after=%62&", "?starting_after=b#top"] {
        let first: &str = Box::leak(format!(r#"{{"data":[{{"id":"a"}},{{"id":"b"}}],"next":"{first}"}}"#).into());
        let (sandbox, outcome) = pass_over(&[first, SECOND]);
        assert_eq!((outcome.code, sandbox.live_count()), (Some(0), 3), "{}", outcome.stdout);
        check_total(&outcome);
    }
}

#[test]
fn a_next_page_of_another_list_is_not_read_and_deletes_nothing() {
    const OTHER: &str = r#"{"data":[{"id":"a"},{"id":"b"}],"next":"/api/questions?starting_after=b"}"#;
    let sandbox = paged();
    answer(&sandbox, &[FIRST, SECOND, LAST]);
    check_counts(&sandbox.pass(ONE).expect(0), [5, 0, 0, 0, 0]);
    answer(&sandbox, &[OTHER]);
    let empty = Fault::Instead("application/json", r#"{"data":[],"next":null}"#);
    sandbox.fairing.server().add(Rule::on("/api/questions", empty));
    let outcome = sandbox.pass(ONE).expect(7);
    assert_eq!((outcome.count("deleted"), sandbox.live_count()), (0, 5));
    check_total(&outcome);
}

#[test]
fn an_answer_that_says_it_is_not_all_deletes_nothing() {
    for beside in
        [r#""has_more":true"#, r#""paging":{"next":"?after=b"}"#, r#""Next":"?after=b""#, r#""truncated":true"#]
    {
        let body: &str = Box::leak(format!(r#"{{"data":[{{"id":"a"}},{{"id":"b"}}],{beside}}}"#).into());
        let (sandbox, outcome) = pass_over(&[body]);
        assert_eq!((outcome.code, sandbox.live_count()), (Some(3), 5), "{beside}: {}", outcome.stdout);
        assert!(outcome.stdout.contains("says that there are more rows"), "{}", outcome.stdout);
        check_total(&outcome);
    }
    // HTTP's own word for it.
    let sandbox = paged();
    answer(&sandbox, &[FIRST, SECOND, LAST]);
    sandbox.pass(ONE).expect(0);
    sandbox.fairing.server().clear_faults();
    sandbox.fairing.server().always(Fault::StatusWith(206, "content-range", "items 0-1/5".to_owned()));
    sandbox.pass(ONE).expect(5);
    assert_eq!(sandbox.live_count(), 5);
}

#[test]
fn what_is_no_object_among_the_rows_costs_no_other_row_and_nothing_is_deleted() {
    for other in ["null", "7", r#""a""#, "[{}]"] {
        let body: &str = Box::leak(format!(r#"{{"data":[{{"id":"a","x":1}},{other},{{"id":"f"}}]}}"#).into());
        let (sandbox, outcome) = pass_over(&[body]);
        assert_eq!((outcome.code, sandbox.live_count()), (Some(3), 6), "{other}: {}", outcome.stdout);
        assert_eq!(["new", "updated", "failed"].map(|name| outcome.count(name)), [1, 1, 1], "{other}");
        check_total(&outcome);
    }
}

#[test]
fn an_id_that_comes_twice_is_the_later_row_and_a_warning_every_time() {
    const TWICE: &str = r#"{"data":[{"id":"a","email":"1"},{"id":"b"},{"id":"a","email":"2"}],"next":"?after=a"}"#;
    const AGAIN: &str = r#"{"data":[{"id":"b","email":"3"},{"id":"c"}]}"#;
    let sandbox = paged();
    answer(&sandbox, &[TWICE, AGAIN]);
    let outcome = sandbox.pass(ONE).expect(0);
    check_counts(&outcome, [3, 0, 0, 0, 0]);
    check_total(&outcome);
    assert!(outcome.json()["warnings"].to_string().contains("`a`"), "{}", outcome.stdout);
    let stored = sandbox.database().content("fairing_responses");
    let emails = "SELECT coalesce(email, '') FROM fairing_responses ORDER BY id";
    assert_eq!(sandbox.database().texts(emails), ["2", "3", ""]);

    answer(&sandbox, &[TWICE, AGAIN]);
    let outcome = sandbox.pass(ONE).expect(0);
    check_counts(&outcome, [0, 0, 3, 0, 0]);
    check_total(&outcome);
    assert_eq!(sandbox.database().content("fairing_responses"), stored);
}

#[test]
fn the_later_of_two_rows_is_stored_also_where_it_is_stored_already() {
    const STORED: &str = r#"{"data":[{"id":"b"},{"id":"a","email":"2"},{"id":"c"}]}"#;
    const TWICE: [&str; 2] = [
        r#"{"data":[{"id":"a","email":"1"},{"id":"b"},{"id":"a","email":"2"},{"id":"c"}]}"#,
        r#"{"data":[{"id":"\u0061","email":"1"},{"id":"b"},{"id":"a","email":"2"},{"id":"c"}]}"#,
    ];
    for twice in TWICE {
        let sandbox = paged();
        answer(&sandbox, &[STORED]);
        sandbox.pass(ONE).expect(0);
        let stored = sandbox.database().content("fairing_responses");
        for _ in 0..2 {
            answer(&sandbox, &[twice]);
            let outcome = sandbox.pass(ONE).expect(0);
            check_counts(&outcome, [0, 0, 3, 0, 0]);
            assert!(outcome.json()["warnings"].to_string().contains("`a`"), "{}", outcome.stdout);
            assert_eq!(sandbox.database().content("fairing_responses"), stored, "{twice}");
        }
    }
}

#[test]
fn the_counts_of_a_run_that_fails_half_way_add_up() {
    const NO_ID: &str = r#"{"data":[{"id":"f"},{"name":"no id"}],"next":"/api/responses?starting_after=f"}"#;
    for (bodies, new) in [(vec![FIRST, "<html>"], 0), (vec![NO_ID, SECOND, "{}"], 1)] {
        let (_, outcome) = pass_over(&bodies);
        assert_eq!((outcome.code, outcome.count("new")), (Some(7), new), "{}", outcome.stdout);
        check_total(&outcome);
        assert!(outcome.count("total") > 0, "{}", outcome.stdout);
    }
}

#[test]
fn pages_are_asked_for_with_the_key_at_the_configured_origin() {
    let sandbox = paged();
    sandbox.pass(ONE).expect(0);
    let log = sandbox.fairing.server().log();
    for logged in &log {
        assert_eq!(logged.header("authorization"), sandbox.fairing.token(EU));
        assert_eq!(logged.parameter("limit").as_deref(), Some("50"));
    }
    assert!(log[1].parameter("starting_after").is_some(), "the fake's own `next` was not followed");
}

#[test]
fn the_page_cap_is_no_proved_end_and_deletes_nothing() {
    let mut sandbox = paged();
    sandbox.pass(ONE).expect(0);
    sandbox.home.set("fairing.max_pages", 2);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.delete([149]));
    let outcome = sandbox.pass(ONE).expect(3);
    assert!(outcome.stdout.contains("max_pages"), "{}", outcome.stdout);
    check_total(&outcome);
    assert_eq!(sandbox.live_count(), 150);
}

#[test]
fn a_refused_limit_is_asked_for_again_with_a_smaller_one() {
    let mut sandbox = paged();
    sandbox.home.set("fairing.page_size", 1000);
    sandbox.fairing.style(|style| style.max_limit = 100);
    check_counts(&sandbox.pass(ONE).expect(0), [150, 0, 0, 0, 0]);
    let limits: Vec<_> = sandbox.fairing.server().log().iter().map(|logged| logged.parameter("limit")).collect();
    assert_eq!(limits, ["1000", "100", "100"].map(|limit| Some(limit.to_owned())));
}

#[test]
fn what_breaks_on_the_last_page_costs_no_row_and_is_made_good() {
    // Where the next pass resumes.
    const CURSORS: &str = "SELECT concat_ws(' ', scope, cursor, last_success_at, record_count, not_before) FROM sync_cursors ORDER BY scope";
    for (fault, code) in [
        (Fault::Status(500), 5),
        (Fault::Status(401), 6),
        (Fault::Cut(2_000), 5),
        (Fault::Truncate(2_000), 7),
        (Fault::html(), 7),
        (Fault::empty(), 5),
        (Fault::wrong_types(), 7),
        (Fault::redirect("https://elsewhere.example/"), 7),
    ] {
        let sandbox = paged();
        sandbox.pass(ONE).expect(0);
        sandbox.fairing.change(EU, Kind::Responses, |set| {
            set.edit(0..150);
            set.delete([10]);
        });
        let cursors = sandbox.database().texts(CURSORS);
        sandbox.fairing.server().add(Rule::on("/api/responses", fault.clone()).after(2));
        let outcome = sandbox.pass(ONE);
        assert_eq!(outcome.code, Some(code), "{fault:?}: {}", outcome.stdout);
        let database = sandbox.database();
        database.assert_consistent();
        assert_eq!(database.texts(CURSORS), cursors, "{fault:?}");
        assert_eq!(sandbox.live_count(), 150);

        sandbox.fairing.server().clear_faults();
        sandbox.pass(ONE).expect(0);
        let stale = "fairing_responses WHERE deleted_at IS NULL AND json_extract(raw, '$.submit_delta') = 10000";
        assert_eq!((sandbox.database().count(stale), sandbox.live_count()), (0, 149), "{fault:?}");
    }
}

#[test]
fn a_passing_fault_is_retried_and_leaves_no_row_twice() {
    for fault in [Fault::Status(503), Fault::Cut(5_000), Fault::throttled("0")] {
        let sandbox = paged();
        sandbox.fairing.server().add(Rule::on("/api/responses", fault.clone()).after(1).times(1));
        let outcome = sandbox.pass(ONE).expect(0);
        check_counts(&outcome, [150, 0, 0, 0, 0]);
        assert_eq!(outcome.json()["retries"], 1, "{fault:?}");
    }
}

#[test]
fn byte_order_mark_is_skipped() {
    let sandbox = paged();
    sandbox.fairing.server().always(Fault::ByteOrderMark);
    sandbox.pass(ONE).expect(0);
    assert_eq!(sandbox.live_count(), 150);
}
