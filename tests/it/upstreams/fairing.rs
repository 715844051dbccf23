//! Fairing: what a pass brings over, and what it leaves alone.

mod pages;
mod privacy;
mod waiting;

use crate::sandbox::Settings;
use crate::sandbox::fairing::{Auth, Kind, Layout, Shape};
use crate::support::{Outcome, Sandbox};

const EU: &str = "shop-eu";
/// A pass over the responses of the first account alone.
const ONE: &str = "--account shop-eu --kind responses";

impl Sandbox {
    /// A pass with these flags, told as JSON.
    fn pass(&self, flags: &str) -> Outcome {
        self.run(&format!("sync fairing --json {flags}"))
    }

    fn live_count(&self) -> u64 {
        self.database().count("fairing_responses WHERE deleted_at IS NULL")
    }
}

/// New, updated, unchanged, deleted, restored.
#[track_caller]
fn check_counts(outcome: &Outcome, expected: [u64; 5]) {
    let counts = ["new", "updated", "unchanged", "deleted", "restored"].map(|name| outcome.count(name));
    assert_eq!(counts, expected, "{}", outcome.stdout);
}

#[test]
fn a_whole_set_is_stored_in_either_shape_and_with_either_key() {
    for (shape, auth, word) in [(Shape::Whole, Auth::Raw, "raw"), (Shape::Bare, Auth::Bearer, "bearer")] {
        let mut sandbox = Sandbox::small();
        sandbox.fairing.style(|style| (style.shape, style.auth) = (shape, auth));
        sandbox.home.set("fairing.auth", word);
        check_counts(&sandbox.pass("").expect(0), [245, 0, 0, 0, 0]);
        let database = sandbox.database();
        assert_eq!(database.count("fairing_responses"), sandbox.fairing.response_count());
        assert_eq!(database.count("fairing_questions"), 80);
        assert_eq!(database.count("(SELECT DISTINCT account, id FROM fairing_responses)"), 165);
    }
}

#[test]
fn an_edit_updates_its_row_and_no_other() {
    let sandbox = Sandbox::small();
    sandbox.pass(ONE).expect(0);
    let others = "SELECT * FROM fairing_responses WHERE id NOT IN ('resp_0000000007', 'resp_0000000008') ORDER BY id";
    let before = sandbox.database().rows(others);
    sandbox.fairing.change(EU, Kind::Responses, |set| {
        set.edit([7]);
        set.edit_silently([8]);
    });
    check_counts(&sandbox.pass(ONE).expect(0), [0, 2, 148, 0, 0]);
    let database = sandbox.database();
    assert_eq!(database.rows(others), before);
    let edited = "fairing_responses WHERE json_extract(raw, '$.submit_delta') = 10001";
    assert_eq!(database.count(edited), 2);
}

#[test]
fn another_order_of_keys_and_more_white_space_change_nothing() {
    let sandbox = Sandbox::small();
    sandbox.pass("").expect(0);
    for kind in Kind::ALL {
        sandbox.fairing.change(EU, kind, |set| set.set_layout(Layout::Reordered));
    }
    check_counts(&sandbox.pass("").expect(0), [0, 0, 245, 0, 0]);
}

#[test]
fn a_row_that_is_gone_becomes_a_tombstone_and_may_come_back() {
    let sandbox = Sandbox::small();
    sandbox.pass(ONE).expect(0);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.delete([1, 2, 3]));
    check_counts(&sandbox.pass(ONE).expect(0), [0, 0, 147, 3, 0]);
    let tombstone = "fairing_responses WHERE id = 'resp_0000000002' AND deleted_at IS NOT NULL AND json_extract(raw, '$.question') <> ''";
    assert_eq!(sandbox.database().count(tombstone), 1);
    check_counts(&sandbox.pass(ONE).expect(0), [0, 0, 147, 0, 0]);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.restore([2]));
    check_counts(&sandbox.pass(ONE).expect(0), [0, 0, 147, 0, 1]);
    assert_eq!(sandbox.live_count(), 148);
}

#[test]
fn an_answer_that_lost_much_deletes_nothing_until_that_is_accepted() {
    for (left, gone) in [(0, 150), (130, 20)] {
        let sandbox = Sandbox::small();
        sandbox.pass(ONE).expect(0);
        sandbox.fairing.change(EU, Kind::Responses, |set| set.delete(0..gone));
        let outcome = sandbox.pass(ONE).expect(8);
        assert!(outcome.stdout.contains(&format!("--accept-deletes {gone}")), "{}", outcome.stdout);
        assert_eq!(sandbox.live_count(), 150);
        sandbox.pass(&format!("{ONE} --accept-deletes {}", gone - 1)).expect(8);
        let accepted = sandbox.pass(&format!("{ONE} --accept-deletes {gone}")).expect(0);
        check_counts(&accepted, [0, 0, left, gone, 0]);
        assert_eq!(sandbox.live_count(), left);
    }
}

#[test]
fn withheld_deletions_do_not_withhold_what_is_new() {
    let sandbox = Sandbox::small();
    sandbox.pass(ONE).expect(0);
    sandbox.fairing.change(EU, Kind::Responses, |set| {
        set.delete(0..50);
        set.add(3);
        set.edit([100]);
    });
    check_counts(&sandbox.pass(ONE).expect(8), [3, 1, 99, 0, 0]);
    assert_eq!(sandbox.live_count(), 153);
}

#[test]
fn an_incremental_pass_reads_what_changed_and_deletes_nothing() {
    let mut sandbox = Sandbox::start(Settings { responses: 12_000, ..Settings::default() });
    sandbox.fairing.style(|style| style.shape = Shape::Pages);
    sandbox.home.set("fairing.lookback", "1m");
    sandbox.pass(ONE).expect(0);
    sandbox.fairing.change(EU, Kind::Responses, |set| {
        set.edit([5, 6]);
        set.add(3);
        set.delete([9]);
    });
    sandbox.fairing.server().take_log();
    let outcome = sandbox.pass(&format!("{ONE} --incremental")).expect(0);
    let counts = ["new", "updated", "deleted"].map(|name| outcome.count(name));
    assert_eq!(counts, [3, 2, 0], "{}", outcome.stdout);
    let log = sandbox.fairing.server().take_log();
    assert_eq!(log.len(), 1, "one page is enough");
    assert_eq!(log[0].parameter("sort").as_deref(), Some("updated_at_asc"));
    let since = log[0].parameter("updated_at_min").unwrap_or_default();
    assert!(since.len() == 27 && since.ends_with('Z'), "{since}");
    assert_eq!(sandbox.live_count(), 12_003);

    check_counts(&sandbox.pass(ONE).expect(0), [0, 0, 12_002, 1, 0]);
}

#[test]
fn an_ignored_filter_is_noticed_and_the_whole_is_read() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.lookback", "1m");
    sandbox.pass(ONE).expect(0);
    sandbox.fairing.change(EU, Kind::Responses, |set| set.edit([0, 149]));
    sandbox.fairing.style(|style| (style.shape, style.ignores_filter) = (Shape::Pages, true));
    let outcome = sandbox.pass(&format!("{ONE} --incremental")).expect(0);
    assert_eq!(outcome.count("updated"), 2);
    let warnings = outcome.json()["warnings"].as_array().cloned().unwrap_or_default();
    assert!(!warnings.is_empty(), "{}", outcome.stdout);
}

#[test]
fn a_flag_restricts_the_pass_to_its_scopes() {
    let sandbox = Sandbox::small();
    check_counts(&sandbox.pass("--account shop-us").expect(0), [55, 0, 0, 0, 0]);
    check_counts(&sandbox.pass("--kind questions").expect(0), [40, 0, 40, 0, 0]);
    sandbox.run("sync fairing --account nowhere").expect(2);
}

#[test]
fn memory_does_not_grow_with_the_set() {
    const MEBIBYTE: u64 = 1024 * 1024;
    // The larger set is 48 MiB of JSON: whoever held it would need more than the bound.
    let [small, large] = [200, 40_000].map(|responses| {
        let sandbox = Sandbox::start(Settings { responses, ..Settings::default() });
        let outcome = sandbox.pass(ONE).expect(0);
        assert_eq!(outcome.count("new"), responses);
        outcome.peak_bytes
    });
    assert!(small > MEBIBYTE, "the memory was not seen");
    assert!(large < 64 * MEBIBYTE, "{} MiB after {} MiB", large / MEBIBYTE, small / MEBIBYTE);
}
