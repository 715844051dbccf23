//! When a scope is not due, and when the upstream asks for patience.

use std::time::Duration;

use super::{EU, ONE};
use crate::sandbox::Fault;
use crate::support::Sandbox;

#[test]
fn a_scope_that_succeeded_lately_is_left_alone_unless_forced() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.pass(ONE).expect(0);
    let skipped = sandbox.pass(ONE).expect(0).json();
    assert_eq!(skipped["scopes"][0]["reason"], "min-interval", "{skipped:#}");
    assert_eq!(sandbox.fairing.server().count("/"), 1);
    assert_eq!(sandbox.pass(&format!("{ONE} --force")).expect(0).count("unchanged"), 150);
    // The others are due all the same.
    assert_eq!(sandbox.pass("").expect(0).count("new"), 95);
}

#[test]
fn a_failure_is_no_success_that_would_count_for_the_interval() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.fairing.server().always(Fault::Status(500));
    sandbox.pass(ONE).expect(5);
    sandbox.fairing.server().clear_faults();
    assert_eq!(sandbox.pass(ONE).expect(0).count("new"), 150);
}

#[test]
fn a_wait_longer_than_the_run_is_stored_and_honoured_by_the_next() {
    let in_an_hour = "Retry-After as seconds";
    let on_a_day = "Retry-After as a date";
    for (name, retry_after) in [(in_an_hour, "3600"), (on_a_day, "Fri, 31 Dec 2100 23:59:59 GMT")] {
        let sandbox = Sandbox::small();
        sandbox.fairing.server().always(Fault::throttled(retry_after));
        let outcome = sandbox.pass(&format!("{ONE} --max-runtime 5s")).expect(5);
        assert!(outcome.took < Duration::from_secs(5), "{name}: {:?}", outcome.took);
        assert_eq!(sandbox.fairing.server().count("/"), 1, "{name}");
        let stored = "sync_cursors WHERE scope = 'fairing/shop-eu/responses' AND not_before IS NOT NULL";
        assert_eq!(sandbox.database().count(stored), 1, "{name}");

        sandbox.fairing.server().clear_faults();
        let next = sandbox.pass(ONE).expect(0).json();
        assert_eq!(next["scopes"][0]["reason"], "not-before", "{next:#}");
        assert_eq!(sandbox.fairing.server().count("/"), 1, "{name}");
        assert_eq!(sandbox.pass(&format!("{ONE} --force")).expect(0).count("new"), 150);
    }
}

#[test]
fn a_retry_after_that_cannot_be_read_is_like_none() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::throttled("soon, maybe"));
    sandbox.pass(ONE).expect(5);
    assert_eq!(sandbox.fairing.server().count("/"), 3, "the first try and two retries");
}

#[test]
fn one_account_refused_does_not_touch_the_other() {
    let sandbox = Sandbox::small();
    let token = sandbox.fairing.token(EU);
    sandbox.fairing.server().add(crate::sandbox::Rule::on("/", Fault::Status(401)).for_token(&token));
    let outcome = sandbox.pass("").expect(3);
    assert_eq!(outcome.count("new"), 55);
    assert_eq!(outcome.json()["problems"].as_array().map(Vec::len), Some(2), "{}", outcome.stdout);
}
