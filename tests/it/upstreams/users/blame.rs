//! Whose failure it is: the event's, which delays its user, or the target's, which counts for no event.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use toml::Table;

use super::{TARGET, created, http_target, redis_target, updated};
use crate::sandbox::users::{Closing, ClosingTarget};
use crate::sandbox::{Fault, Rule, Users};
use crate::support::{RedisServer, Sandbox, poll};

/// The state of each delivery of the user at the target, with its attempts.
fn user_states(sandbox: &Sandbox, target: &str, user: i64) -> Vec<String> {
    let sql = format!(
        "SELECT state || ' ' || attempts FROM user_deliveries WHERE target = '{target}' AND user_id = {user} ORDER BY seq"
    );
    sandbox.database().texts(&sql)
}

/// One whose only target is this, with a pause of an hour after a failure that counts.
fn patient(target: impl FnOnce(&Sandbox) -> Table, workers: i64) -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([target(&sandbox)]);
    sandbox.home.set("users.workers", workers);
    sandbox.home.set("users.backoff", "1h");
    sandbox.home.set("users.backoff_cap", "1h");
    sandbox
}

fn service(sandbox: &Sandbox, batch: i64) -> Table {
    let mut target = http_target(TARGET, &sandbox.users.url(TARGET));
    target.insert("batch".to_owned(), batch.into());
    target
}

const NOW: (&str, &str) = ("retry-after", "0");

fn answer(status: u16, (name, value): (&'static str, &str)) -> Fault {
    Fault::StatusWith(status, name, value.to_owned())
}

#[test]
fn single_failed_answer_delays_only_its_user() {
    let faults = [
        answer(429, NOW),
        answer(429, ("retry-after", "600")),
        answer(429, ("retry-after", "99999999999")),
        answer(503, NOW),
        answer(503, ("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")),
        answer(503, ("retry-after", "soon")),
        Fault::Status(500),
        Fault::Status(409),
        Fault::Status(403),
        Fault::Status(302),
    ];
    for workers in [1, 8] {
        for fault in &faults {
            let sandbox = patient(|sandbox| service(sandbox, 0), workers);
            sandbox.users.server().add(Rule::on("/users/", fault.clone()).times(1));
            sandbox.emit(&created(1..=20));
            sandbox.emit(&updated(1..=20, "admin"));
            let outcome = sandbox.run("sync users --json").expect(3);
            assert_eq!((outcome.count("updated"), outcome.count("failed")), (38, 1), "{fault:?}: {}", outcome.stdout);
            let delayed: Vec<i64> =
                (1..=20).filter(|user| user_states(&sandbox, TARGET, *user) == ["retrying 1", "pending 0"]).collect();
            assert_eq!(delayed.len(), 1, "{fault:?}");
            let wait = "SELECT unixepoch(next_attempt_at) - unixepoch() FROM user_deliveries WHERE state = 'retrying'";
            let wait: i64 = sandbox.database().value(wait);
            assert!((500..=3600).contains(&wait), "{fault:?}: {wait}");
        }
    }
}

#[test]
fn failed_batch_delays_only_the_users_in_it() {
    for (fault, delayed) in [(answer(429, NOW), 5), (Fault::Status(503), 0), (Fault::Status(422), 0)] {
        let sandbox = patient(|sandbox| service(sandbox, 5), 1);
        sandbox.users.server().add(Rule::on("/users/", fault.clone()).times(1));
        sandbox.emit(&created(1..=20));
        let outcome = sandbox.run("sync users --json");
        assert_eq!((outcome.count("updated"), outcome.count("failed")), (20 - delayed, delayed), "{fault:?}");
        assert_eq!(sandbox.database().count("user_deliveries WHERE state = 'retrying' AND attempts = 1"), delayed);
    }
}

/// Passes through an outage that is over after a while: nothing is lost, counted or out of order.
#[track_caller]
fn check_outage(sandbox: &Sandbox, target: &str, users: i64, begin: impl FnOnce(), end: impl FnOnce()) {
    sandbox.emit(&created(1..=users));
    sandbox.emit(&updated(1..=users, "admin"));
    begin();
    for _ in 0..5 {
        let outcome = sandbox.run("sync users");
        assert!(!matches!(outcome.code, Some(0 | 1)), "{}", outcome.said());
        assert!(outcome.took.as_secs() < 20, "{:?}", outcome.took);
    }
    let counted = format!("user_deliveries WHERE target = '{target}' AND (attempts > 0 OR state = 'dead')");
    assert_eq!(sandbox.database().count(&counted), 0, "{:?}", sandbox.states(target));
    end();
    sandbox.sync_all();
    let states: Vec<_> = (1..=users).flat_map(|user| user_states(sandbox, target, user)).collect();
    assert!(states.iter().all(|state| state == "delivered 1"), "{states:?}");
    assert_eq!(sandbox.users.order_inversions(), []);
    sandbox.database().assert_consistent();
}

/// One whose only target is this, with two attempts.
fn with_few_attempts(target: impl FnOnce(&Sandbox) -> Table) -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([target(&sandbox)]);
    sandbox.home.set("users.max_attempts", 2);
    sandbox.home.set("users.timeout", "300ms");
    sandbox
}

#[test]
fn outage_makes_no_dead_letters() {
    let faults = [
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        answer(503, NOW),
        answer(429, ("retry-after", "soon")),
        Fault::Status(401),
        Fault::Status(403),
        Fault::Status(404),
        Fault::Status(302),
        Fault::Lost,
        Fault::Hold,
    ];
    for (fault, batch) in faults.iter().flat_map(|fault| [(fault, 0), (fault, 10)]) {
        let sandbox = with_few_attempts(|sandbox| service(sandbox, batch));
        let server = sandbox.users.server();
        check_outage(&sandbox, TARGET, 12, || server.always(fault.clone()), || server.clear_faults());
        assert_eq!(sandbox.users.processed(), 24, "{fault:?}");
    }
}

#[test]
fn outage_with_a_single_user_waiting_makes_no_dead_letter() {
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(302),
        answer(429, NOW),
        Fault::Status(401),
        Fault::Lost,
        Fault::Hold,
    ] {
        let sandbox = with_few_attempts(|sandbox| service(sandbox, 0));
        let server = sandbox.users.server();
        check_outage(&sandbox, TARGET, 1, || server.always(fault.clone()), || server.clear_faults());
    }
}

#[test]
fn target_that_refuses_connections_costs_no_attempts() {
    for workers in [1, 8] {
        let mut sandbox = with_few_attempts(|sandbox| http_target("down", &sandbox.users.down_url()));
        sandbox.home.set("users.workers", workers);
        check_outage(&sandbox, "down", 12, || {}, || sandbox.users.come_up());
    }
}

#[test]
fn redis_that_is_down_or_full_costs_no_attempts() {
    let mut server = RedisServer::durable();
    let sandbox = with_few_attempts(|_| redis_target("cache", &server));
    server.kill();
    check_outage(&sandbox, "cache", 12, || {}, || server.restart());
    let server = RedisServer::start();
    let sandbox = with_few_attempts(|_| redis_target("cache", &server));
    let limit = |bytes: u64| server.ask::<()>(&format!("CONFIG SET maxmemory {bytes}"));
    check_outage(&sandbox, "cache", 12, || limit(1), || limit(0));
}

#[test]
fn target_in_trouble_gets_few_requests() {
    for (fault, most) in [(Fault::Status(503), 5), (Fault::Status(401), 1), (Fault::Hold, 1)] {
        let mut sandbox = with_few_attempts(|sandbox| service(sandbox, 0));
        sandbox.home.set("users.workers", 1);
        sandbox.emit(&created(1..=30));
        sandbox.users.server().always(fault.clone());
        sandbox.run("sync users");
        assert_eq!(sandbox.users.server().count("/"), most, "{fault:?}");
        sandbox.users.server().clear_faults();
        sandbox.sync_all();
    }
}

#[test]
fn target_that_wants_a_pause_gets_it() {
    let sandbox = patient(|sandbox| service(sandbox, 0), 3);
    sandbox.emit(&created(1..=30));
    sandbox.users.server().always(answer(503, ("retry-after", "600")));
    sandbox.run("sync users").expect(5);
    let count = sandbox.users.server().count("/");
    assert!(count <= 7, "{count} requests");
    sandbox.users.server().clear_faults();
    sandbox.run("sync users");
    assert_eq!(sandbox.users.server().count("/"), count, "it was left alone");
    assert_eq!(sandbox.database().count("user_deliveries WHERE attempts > 0"), 0);
}

#[test]
fn target_that_recovers_during_a_pass_gets_everything_in_order() {
    for (workers, failures) in [(1, 1), (1, 4), (8, 4), (8, 7), (3, 20)] {
        let mut sandbox = with_few_attempts(|sandbox| service(sandbox, 0));
        sandbox.home.set("users.workers", workers);
        sandbox.home.set("users.max_attempts", 8);
        sandbox.users.server().add(Rule::on("/users/", Fault::Status(503)).times(failures));
        sandbox.emit(&created(1..=12));
        sandbox.emit(&updated(1..=12, "admin"));
        sandbox.sync_all();
        assert!(sandbox.states(TARGET).iter().all(|state| state == "delivered"), "{workers} {failures}");
        assert_eq!((sandbox.users.processed(), sandbox.users.order_inversions()), (24, vec![]));
    }
}

#[test]
fn event_that_fails_alone_becomes_a_dead_letter_that_keeps_its_user_back() {
    for status in [500, 503, 409] {
        let mut sandbox = with_few_attempts(|sandbox| service(sandbox, 0));
        sandbox.home.set("users.max_attempts", 3);
        sandbox.users.refuse_user(TARGET, 3, status);
        sandbox.emit(&created(1..=6));
        sandbox.emit(&updated(1..=6, "admin"));
        for _ in 0..10 {
            let outcome = sandbox.run("sync users");
            assert!(matches!(outcome.code, Some(3 | 5)), "{}", outcome.said());
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(user_states(&sandbox, TARGET, 3), ["dead 3", "pending 0"], "{status}");
        assert_eq!(user_states(&sandbox, TARGET, 6), ["delivered 1", "delivered 1"]);
        let shown = sandbox.run("users events show 3 --json").expect(0).json();
        let error = shown["deliveries"][0]["last_error"].as_str().expect("an error");
        assert!(error.starts_with("given up after 3 attempts: "), "{error}");
        // It goes on where it ended.
        sandbox.users.accept_user(TARGET, 3);
        sandbox.run("sync users").expect(3);
        assert_eq!(user_states(&sandbox, TARGET, 3), ["dead 3", "pending 0"], "a dead letter was overtaken");
        sandbox.run("users events retry 3").expect(0);
        sandbox.run("sync users").expect(0);
        assert_eq!(user_states(&sandbox, TARGET, 3), ["delivered 1", "delivered 1"]);
        assert_eq!((sandbox.users.processed(), sandbox.users.order_inversions()), (12, vec![]));
    }
}

#[test]
fn dropped_event_lets_the_next_one_of_its_user_pass() {
    let sandbox = Sandbox::with_one_target();
    sandbox.users.refuse_user(TARGET, 1, 422);
    sandbox.emit(&created([1]));
    sandbox.run("sync users").expect(3);
    // Also one that comes after its death.
    sandbox.emit(&updated([1], "admin"));
    sandbox.users.accept_user(TARGET, 1);
    let outcome = sandbox.run("sync users").expect(3);
    assert!(outcome.said().contains("later events of the same users wait"), "{}", outcome.said());
    assert_eq!(sandbox.states(TARGET), ["dead", "pending"]);
    sandbox.run("users events drop 1").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.states(TARGET), ["dropped", "delivered"]);
}

#[test]
fn connection_closed_while_idle_costs_no_attempt() {
    const EVENTS: i64 = 300;
    let closings = [Closing::After(Duration::ZERO), Closing::After(Duration::from_millis(2)), Closing::OnNextRequest];
    for (closing, workers) in closings.into_iter().flat_map(|closing| [(closing, 1), (closing, 8)]) {
        let target = ClosingTarget::start(closing);
        let sandbox = patient(|_| http_target("closing", &target.url), workers);
        sandbox.emit(&created(1..=EVENTS / 2));
        sandbox.emit(&updated(1..=EVENTS / 2, "admin"));
        let outcome = sandbox.run("sync users --json").expect(0);
        assert_eq!((outcome.count("updated"), outcome.count("failed")), (300, 0), "{closing:?}");
        assert_eq!(sandbox.database().count("user_deliveries WHERE attempts <> 1"), 0, "{closing:?}");
        let processed = target.processed();
        assert_eq!(processed.len(), 300);
        if let Closing::OnNextRequest = closing {
            assert!(processed.values().all(|count| *count == 1), "{processed:?}");
        }
    }
}

#[test]
fn request_whose_answer_is_lost_is_sent_again_at_once() {
    let sandbox = Sandbox::with_one_target();
    sandbox.users.server().add(Rule::on("/users/", Fault::Lost).times(1));
    sandbox.emit(&created(1..=3));
    sandbox.run("sync users").expect(0);
    assert_eq!((sandbox.users.processed(), sandbox.users.duplicates().len()), (3, 1));
    assert_eq!(sandbox.database().count("user_deliveries WHERE attempts = 1"), 3);
}

#[test]
fn redis_that_closes_idle_connections_costs_no_attempt() {
    let server = RedisServer::start();
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([redis_target("cache", &server)]);
    sandbox.home.set("users.workers", 1);
    sandbox.emit(&created(1..=2000));
    let running = sandbox.spawn("sync users");
    for count in [100, 400, 700] {
        poll("deliveries", || server.ask::<u64>("DBSIZE") > count);
        server.ask::<u64>("CLIENT KILL TYPE normal SKIPME yes");
    }
    running.wait().expect(0);
    assert_eq!(sandbox.database().count("user_deliveries WHERE attempts = 1 AND state = 'delivered'"), 2000);
}

#[test]
fn outage_of_one_target_leaves_the_others_alone() {
    let mut sandbox = Sandbox::small();
    let server = RedisServer::start();
    let [auth, mut service] = sandbox.usual_targets();
    service.remove("check_url");
    sandbox.set_targets([auth, service, redis_target("cache", &server)]);
    sandbox.users.server().add(Rule::on("/users/unified-auth", Fault::Status(503)));
    sandbox.emit(&created(1..=20));
    // A person without `-q` sees what to do, too.
    let outcome = sandbox.run("sync users").expect(3);
    assert!(outcome.stdout.contains("hint: run the same command again later"), "{}", outcome.said());
    let states: BTreeMap<&str, Vec<String>> =
        [Users::AUTH, TARGET, "cache"].map(|target| (target, sandbox.states(target))).into();
    assert!(states[TARGET].iter().chain(&states["cache"]).all(|state| state == "delivered"), "{states:?}");
    assert!(!states[Users::AUTH].contains(&"delivered".to_owned()), "{states:?}");
    let queue = sandbox.run("users queue --json").expect(0).json();
    assert_eq!(queue["queue_length"], json!(20), "{queue:#}");
}
