//! Actions on deliveries: retry, drop, replay.

use super::{TARGET, created, updated};
use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

/// One with a dead letter of user 2 at one target, everything else delivered.
fn with_dead_letter() -> Sandbox {
    let sandbox = Sandbox::with_one_target();
    sandbox.users.refuse_user(TARGET, 2, 422);
    sandbox.emit(&created(1..=3));
    sandbox.run("sync users").expect(3);
    sandbox.users.accept_user(TARGET, 2);
    sandbox
}

#[test]
fn dead_letters_keep_runs_partial_until_they_are_dropped() {
    let sandbox = with_dead_letter();
    for _ in 0..2 {
        let outcome = sandbox.run("sync users").expect(3);
        for part in ["target `user-service` has 1 dead letter;", "tongbu users events list --state dead"] {
            assert!(outcome.said().contains(part), "`{part}` is not in: {}", outcome.said());
        }
    }
    let listed = sandbox.run("users events list --state dead --json").expect(0).json();
    assert_eq!((&listed["total"], &listed["events"][0]["user_id"]), (&1.into(), &2.into()), "{listed:#}");
    assert_eq!(listed["events"][0]["delivery"]["class"], "contract", "{listed:#}");
    let shown = sandbox.run("users events show 2 --json").expect(0).json();
    assert_eq!(shown["deliveries"][0]["state"], "dead", "{shown:#}");
    sandbox.run("users events drop --all").expect(0);
    assert_eq!(sandbox.states(TARGET), ["delivered", "dropped", "delivered"]);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.users.processed(), 2);
}

#[test]
fn retried_dead_letters_are_delivered() {
    let sandbox = with_dead_letter();
    sandbox.run("users events retry 2").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!((sandbox.states(TARGET).contains(&"dead".to_owned()), sandbox.users.processed()), (false, 3));
    let outcome = sandbox.run("users events retry 2").expect(2);
    assert!(outcome.stderr.contains("tongbu users events show 2"), "{}", outcome.stderr);
    for words in ["retry", "drop", "replay"] {
        let outcome = sandbox.run(&format!("users events {words}")).expect(2);
        assert!(outcome.stderr.contains("no events selected"), "{}", outcome.stderr);
    }
    sandbox.run("users events show 99").expect(2);
}

#[test]
fn superseded_dead_letter_is_retried_only_with_force() {
    let sandbox = Sandbox::with_one_target();
    sandbox.emit(&created(1..=3));
    sandbox.emit(&updated([2], "admin"));
    sandbox.run("sync users").expect(0);
    sandbox.users.refuse_user(TARGET, 2, 422);
    sandbox.run("users events replay 2").expect(0);
    sandbox.run("sync users").expect(3);
    sandbox.users.accept_user(TARGET, 2);
    let left = sandbox.run("users events retry --all --json").expect(0).json();
    assert_eq!((&left["changed"], &left["overtaken"]), (&0.into(), &1.into()), "{left:#}");
    assert_eq!(sandbox.states(TARGET)[1], "dead");
    sandbox.run("users events retry --all --force").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.users.order_inversions().len(), 1, "as the flag says");
}

#[test]
fn a_replay_sends_the_same_keys_again() {
    let sandbox = Sandbox::small();
    sandbox.emit(&created(1..=4));
    sandbox.run("sync users").expect(0);
    let replayed = sandbox.run(&format!("users events replay --since 1h --target {TARGET} --json")).expect(0).json();
    assert_eq!(replayed["changed"], 4, "{replayed:#}");
    sandbox.run("sync users").expect(0);
    let duplicates = sandbox.users.duplicates();
    assert!(duplicates.iter().all(|((target, _), count)| target == TARGET && *count == 1), "{duplicates:?}");
    assert_eq!((duplicates.len(), sandbox.users.processed(), sandbox.requests(Users::AUTH)), (4, 8, 4));
    sandbox.run("users events replay 1 --user-id 1").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!((sandbox.requests(Users::AUTH), sandbox.requests(TARGET)), (5, 9));
}

#[test]
fn pending_event_is_dropped_only_by_its_number() {
    let mut sandbox = Sandbox::with_one_target();
    sandbox.home.set("users.backoff", "1h");
    sandbox.home.set("users.backoff_cap", "1h");
    sandbox.users.refuse_user(TARGET, 1, 503);
    sandbox.emit(&created([1, 2]));
    sandbox.emit(&updated([1], "admin"));
    sandbox.run("sync users").expect(3);
    assert_eq!(sandbox.run("users events drop --all --json").expect(0).json()["changed"], 0);
    sandbox.run("users events drop 1").expect(0);
    sandbox.users.accept_user(TARGET, 1);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.states(TARGET), ["dropped", "delivered", "delivered"]);
}

#[test]
fn event_dropped_in_flight_stays_dropped() {
    for fault in [Fault::Status(503), Fault::Status(422)] {
        let mut sandbox = Sandbox::with_one_target();
        sandbox.home.set("users.backoff", "1h");
        sandbox.home.set("users.backoff_cap", "1h");
        sandbox.emit(&created([1]));
        sandbox.emit(&updated([1], "admin"));
        let server = sandbox.users.server();
        server.set_latency(std::time::Duration::from_secs(2));
        server.add(Rule::on("/", fault).times(1));
        let mut running = sandbox.spawn("sync users");
        running.await_requests(server, 1);
        sandbox.run("users events drop 1").expect(0);
        server.set_latency(std::time::Duration::ZERO);
        running.wait();
        let database = sandbox.database();
        let heads = "user_deliveries WHERE is_head = 1";
        assert!(database.count(heads) <= 1, "two events of a user would be sent at once");
        assert_eq!(sandbox.states(TARGET)[0], "dropped");
        sandbox.run("sync users").expect(0);
        assert_eq!(sandbox.states(TARGET), ["dropped", "delivered"]);
    }
}

#[test]
fn replayed_event_precedes_a_failing_later_event() {
    let mut sandbox = Sandbox::with_one_target();
    sandbox.home.set("users.backoff", "1ms");
    sandbox.home.set("users.backoff_cap", "1ms");
    sandbox.emit(&created([1]));
    sandbox.run("sync users").expect(0);
    sandbox.emit(&updated([1], "admin"));
    let server = sandbox.users.server();
    let count = server.count("/");
    server.set_latency(std::time::Duration::from_secs(2));
    server.add(Rule::on("/", Fault::Status(503)).times(1));
    let mut running = sandbox.spawn("sync users");
    running.await_requests(server, count + 1);
    sandbox.run("users events replay 1").expect(0);
    server.set_latency(std::time::Duration::ZERO);
    running.wait();
    assert!(sandbox.database().count("user_deliveries WHERE is_head = 1") <= 1);
    sandbox.sync_all();
    let seqs = sandbox
        .users
        .ledger(|ledger| ledger.target(TARGET).arrivals.iter().map(|arrival| arrival.seq).collect::<Vec<_>>());
    assert_eq!(seqs, [1, 1, 2]);
}
