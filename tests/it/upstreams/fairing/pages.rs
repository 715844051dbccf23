//! Pages: every way they end, loop, break off or are refused.

use super::{EU, ONE, check_counts};
use crate::sandbox::fairing::{End, Kind, Shape};
use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

/// 150 rows in pages of 50.
fn paged() -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.fairing.style(|style| style.shape = Shape::Pages);
    sandbox.home.set("fairing.page_size", 50);
    sandbox
}

#[test]
fn every_way_the_pages_may_end_is_the_end() {
    for (end, page_count) in
        [(End::Null, 3), (End::Absent, 3), (End::EmptyText, 3), (End::OneMore, 4), (End::Itself, 3), (End::SameRows, 4)]
    {
        let sandbox = paged();
        sandbox.fairing.style(|style| style.end = end);
        check_counts(&sandbox.pass(ONE).expect(0), [150, 0, 0, 0, 0]);
        assert_eq!(sandbox.fairing.server().count("/api/responses"), page_count, "{end:?}");
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
fn the_page_cap_is_an_error_and_deletes_nothing() {
    let mut sandbox = paged();
    sandbox.pass(ONE).expect(0);
    sandbox.home.set("fairing.max_pages", 2);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.delete([149]));
    let outcome = sandbox.pass(ONE);
    assert_ne!(outcome.code, Some(0), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("max_pages"), "{}", outcome.stdout);
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
    for (fault, code) in [
        (Fault::Status(500), 5),
        (Fault::Status(401), 6),
        (Fault::Cut(2_000), 5),
        (Fault::Truncate(2_000), 7),
        (Fault::html(), 7),
        (Fault::empty(), 7),
        (Fault::wrong_types(), 7),
        (Fault::redirect("https://elsewhere.example/"), 7),
    ] {
        let sandbox = paged();
        sandbox.pass(ONE).expect(0);
        sandbox.fairing.change(EU, Kind::Responses, |set| {
            set.edit(0..150);
            set.delete([10]);
        });
        let cursors = sandbox.database().content("sync_cursors");
        sandbox.fairing.server().add(Rule::on("/api/responses", fault.clone()).after(2));
        let outcome = sandbox.pass(ONE);
        assert_eq!(outcome.code, Some(code), "{fault:?}: {}", outcome.stdout);
        let database = sandbox.database();
        database.assert_consistent();
        assert_eq!(database.content("sync_cursors"), cursors, "{fault:?}");
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
fn a_byte_order_mark_is_no_obstacle() {
    let sandbox = paged();
    sandbox.fairing.server().always(Fault::ByteOrderMark);
    let outcome = sandbox.pass(ONE);
    // Reading on and refusing are both right; storing half is not.
    match outcome.code {
        Some(0) => assert_eq!(sandbox.live_count(), 150),
        code => assert_eq!(code, Some(7), "{}", outcome.stdout),
    }
}
