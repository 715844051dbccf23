//! Targets that fail: what that delays and costs, and how the run reports it.

use rusqlite::types::Value;

use super::{TARGET, created, http_target, updated};
use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

/// The state of each delivery of the user, with its attempts.
fn user_states(sandbox: &Sandbox, target: &str, user: i64) -> Vec<String> {
    let sql = format!(
        "SELECT state || ' ' || attempts FROM user_deliveries WHERE target = '{target}' AND user_id = {user} ORDER BY seq"
    );
    sandbox.database().texts(&sql)
}

/// In how many seconds the user's retry is due.
fn wait_of(sandbox: &Sandbox, user: i64) -> i64 {
    sandbox.database().value(&format!(
        "SELECT unixepoch(next_attempt_at) - unixepoch() FROM user_deliveries WHERE user_id = {user} AND state = \
         'retrying'"
    ))
}

#[test]
fn failure_of_one_target_resends_nothing_to_another() {
    let sandbox = Sandbox::small();
    sandbox.users.server().add(Rule::on("/users/unified-auth", Fault::Status(503)));
    sandbox.emit(&created(1..=5));
    for _ in 0..3 {
        sandbox.run("sync users --json");
    }
    assert_eq!(sandbox.requests(TARGET), 5);
    assert!(sandbox.states(Users::AUTH).iter().all(|state| state == "retrying" || state == "pending"));
    sandbox.users.server().clear_faults();
    sandbox.sync_all();
    assert_eq!((sandbox.requests(TARGET), sandbox.users.processed()), (5, 10));
    assert_eq!((sandbox.users.duplicates().len(), sandbox.users.order_inversions()), (0, vec![]));
}

#[test]
fn refused_event_is_dead_at_once_and_delays_only_its_user_at_its_target() {
    for status in [400, 404, 410, 413, 422] {
        let sandbox = Sandbox::small();
        sandbox.users.refuse_user(TARGET, 3, status);
        sandbox.emit(&created(1..=6));
        sandbox.emit(&updated(1..=6, "admin"));
        let outcome = sandbox.run("sync users").expect(3);
        assert!(outcome.said().contains("has 1 dead letter;"), "{}", outcome.said());
        for user in 1..=6 {
            assert_eq!(user_states(&sandbox, Users::AUTH, user), ["delivered 1", "delivered 1"]);
            let states = if user == 3 { ["dead 1", "pending 0"] } else { ["delivered 1", "delivered 1"] };
            assert_eq!(user_states(&sandbox, TARGET, user), states, "{status}");
        }
        sandbox.database().assert_consistent();
    }
}

#[test]
fn failing_user_is_postponed_without_waiting() {
    let mut sandbox = Sandbox::with_one_target();
    sandbox.home.set("users.backoff", "1h");
    sandbox.home.set("users.backoff_cap", "4h");
    sandbox.users.refuse_user(TARGET, 2, 503);
    sandbox.emit(&created(1..=4));
    sandbox.emit(&updated(1..=4, "admin"));
    let outcome = sandbox.run("sync users").expect(3);
    assert!(outcome.took.as_secs() < 30, "{:?}", outcome.took);
    assert_eq!(user_states(&sandbox, TARGET, 2), ["retrying 1", "pending 0"]);
    assert_eq!(user_states(&sandbox, TARGET, 4), ["delivered 1", "delivered 1"]);
    let wait = wait_of(&sandbox, 2);
    assert!((1700..=3600).contains(&wait), "{wait}");
    let count = sandbox.requests(TARGET);
    let second = sandbox.run("sync users --json").expect(0);
    assert_eq!((sandbox.requests(TARGET), second.count("pending")), (count, 2), "it is not due");
}

#[test]
fn retry_after_of_a_target_is_honoured() {
    let mut sandbox = Sandbox::with_one_target();
    sandbox.home.set("users.workers", 1);
    sandbox.home.set("users.backoff", "1s");
    sandbox.home.set("users.backoff_cap", "2h");
    sandbox.users.server().add(Rule::on("/users/", Fault::throttled("600")).times(1));
    sandbox.emit(&created(1..=4));
    sandbox.run("sync users").expect(3);
    assert_eq!((sandbox.requests(TARGET), sandbox.users.server().log().len()), (3, 4), "it was sent again");
    let wait = wait_of(&sandbox, 1);
    assert!((595..=600).contains(&wait), "{wait}");
}

#[test]
fn redirect_of_a_target_is_a_failure_and_not_followed() {
    let sandbox = Sandbox::with_one_target();
    for status in [301, 302, 307, 308] {
        let elsewhere = sandbox.users.url("elsewhere");
        sandbox.users.server().add(Rule::on("/users/user-service", Fault::StatusWith(status, "location", elsewhere)));
        sandbox.emit(&created([i64::from(status)]));
        let outcome = sandbox.run("sync users");
        assert!(matches!(outcome.code, Some(3 | 7)), "{}", outcome.said());
        sandbox.users.server().clear_faults();
    }
    assert_eq!((sandbox.requests("elsewhere"), sandbox.users.processed()), (0, 0));
    assert!(sandbox.states(TARGET).iter().all(|state| state == "retrying"));
}

#[test]
fn rejected_credentials_stop_deliveries_to_that_target() {
    let mut sandbox = Sandbox::small();
    let [auth, service] = sandbox.usual_targets();
    sandbox.users.require(
        Users::AUTH,
        crate::sandbox::users::Proof { bearer: Some("another".to_owned()), ..crate::sandbox::users::Proof::default() },
    );
    sandbox.set_targets([auth.clone()]);
    sandbox.emit(&created(1..=30));
    // The check is due, too; it has nothing to compare, which is no success.
    let outcome = sandbox.run("sync users --json").expect(6);
    assert_eq!(outcome.json()["error"]["class"], "auth", "{}", outcome.stdout);
    assert!(sandbox.requests(Users::AUTH) <= 3);
    sandbox.set_targets([auth, service]);
    sandbox.run("sync users").expect(3);
    assert_eq!(sandbox.users.processed(), 30, "the other target goes on");
    sandbox.run("sync users").expect(3);
}

#[test]
fn unreachable_target_does_not_stop_the_other() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("users.max_attempts", 2);
    sandbox.home.set("users.check_every", "1h");
    let down = http_target("down", &sandbox.users.down_url());
    let up = http_target(TARGET, &sandbox.users.url(TARGET));
    sandbox.set_targets([down, up]);
    let attempts = |sandbox: &Sandbox| -> i64 {
        sandbox.database().value("SELECT COALESCE(SUM(attempts), 0) FROM user_deliveries WHERE target = 'down'")
    };
    for pass in 1..=10 {
        let lines = if pass == 1 { created(1..=60) } else { updated(pass..=pass, "admin") };
        sandbox.emit(&lines);
        let outcome = sandbox.run("sync users --json").expect(3);
        assert!(outcome.count("updated") > 0, "the other target goes on");
        assert_eq!(attempts(&sandbox), 0, "pass {pass}");
    }
    assert_eq!(sandbox.states(TARGET).len(), 69);
    assert!(sandbox.states(TARGET).iter().all(|state| state == "delivered"));
    let errors = sandbox.database().rows("SELECT DISTINCT class FROM user_deliveries WHERE state = 'retrying'");
    assert_eq!(errors, [[Value::Text("unavailable".to_owned())]]);

    sandbox.users.come_up();
    sandbox.run("sync users").expect(0);
    assert!(sandbox.states("down").iter().all(|state| state == "delivered"));
    assert_eq!((sandbox.users.duplicates().len(), sandbox.users.order_inversions()), (0, vec![]));
    assert_eq!(sandbox.role_at(Users::DOWN, 7).as_deref(), Some("admin"));
    sandbox.database().assert_consistent();
}

#[test]
fn single_unreachable_target_ends_unavailable() {
    let mut sandbox = Sandbox::small();
    let mut down = http_target("down", &sandbox.users.down_url());
    let check_url = sandbox.users.down_url() + "/users/{user_id}";
    down.insert("check_url".to_owned(), check_url.into());
    sandbox.set_targets([down]);
    sandbox.emit(&created(1..=3));
    // The check is due as well; it has nothing to compare, which is no success.
    let outcome = sandbox.run("sync users --json").expect(5);
    assert_eq!(outcome.json()["error"]["class"], "unavailable", "{}", outcome.stdout);
    assert_eq!(sandbox.run("users queue --json").expect(0).json()["queue_length"], 3);
}
