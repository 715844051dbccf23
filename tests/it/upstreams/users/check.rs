//! The consistency check: what is found at each target, and what repairs it.

use serde_json::{Value, json};

use super::{TARGET, created, redis_target, updated};
use crate::sandbox::{Fault, Rule, Users};
use crate::support::{RedisServer, Sandbox};

/// One whose targets hold users 1 to 6.
fn in_line() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.emit(&created(1..=6));
    sandbox.run("sync users").expect(0);
    sandbox.users.server().take_log();
    sandbox
}

fn set_user(sandbox: &Sandbox, target: &str, user_id: i64, user: Option<Value>) {
    sandbox.users.ledger(|ledger| ledger.target(target).set_user(user_id, user));
}

/// Makes the service lose user 2, change user 3, and keep user 6, who is deleted.
fn disturb(sandbox: &Sandbox) {
    sandbox.run("users emit user.deleted --user-id 6").expect(0);
    sandbox.run("sync users").expect(0);
    set_user(sandbox, TARGET, 2, None);
    let mut user = sandbox.users.ledger(|ledger| ledger.target(TARGET).user(3).cloned()).expect("it is there");
    user["email"] = "x@y.z".into();
    set_user(sandbox, TARGET, 3, Some(user));
    set_user(sandbox, TARGET, 6, Some(json!({"id": 6, "username": "user6"})));
}

/// The findings as `target user difference fields`.
fn findings(document: &Value) -> Vec<String> {
    let finding = |finding: &Value| {
        let fields = finding["fields"].as_array().expect("a list").iter();
        let fields: Vec<&str> = fields.filter_map(|field| field["field"].as_str()).collect();
        let text = |key: &str| finding[key].to_string().replace('"', "");
        [text("target"), text("user_id"), text("difference"), fields.join(",")].join(" ").trim_end().to_owned()
    };
    document["findings"].as_array().expect("a list").iter().map(finding).collect()
}

fn part<'a>(document: &'a Value, target: &str) -> &'a Value {
    let parts = document["targets"].as_array().expect("a list");
    parts.iter().find(|part| part["target"] == target).unwrap_or_else(|| panic!("no `{target}` in {document:#}"))
}

#[test]
fn matching_targets_are_reported_as_equal() {
    let sandbox = in_line();
    let document = sandbox.run("check users --json").expect(0).json();
    assert_eq!(document["schema"], "tongbu.check-users/1");
    assert_eq!(findings(&document), [""; 0]);
    for target in [Users::AUTH, TARGET] {
        assert_eq!(part(&document, target)["checked"], 6, "{document:#}");
    }
    assert_eq!(document["run"]["exit_code"], 0, "{document:#}");
    assert!(sandbox.users.server().log().iter().all(|logged| logged.method == "GET"));
}

#[test]
fn differences_are_reported_and_repaired_at_that_target_only() {
    let sandbox = in_line();
    disturb(&sandbox);
    let found = sandbox.run("check users --json").expect(3).json();
    let expected = ["user-service 2 missing", "user-service 3 different email", "user-service 6 surplus"];
    assert_eq!(findings(&found), expected, "{found:#}");
    let email = &found["findings"][1]["fields"][0];
    assert_eq!((&email["here"], &email["there"]), (&"a@b.c".into(), &"x@y.z".into()));
    let counts = ["missing", "different", "surplus", "repaired"].map(|count| part(&found, TARGET)[count].clone());
    assert_eq!(counts, [1, 1, 1, 0].map(Value::from), "{found:#}");
    assert_eq!(part(&found, Users::AUTH)["missing"], 0);
    let text = sandbox.run("check users").expect(3);
    assert!(text.said().contains("tongbu check users --repair"), "{}", text.said());
    let events = sandbox.database().count("user_events");

    let repaired = sandbox.run("check users --repair --json").expect(0).json();
    assert_eq!((findings(&repaired).len(), &part(&repaired, TARGET)["repaired"]), (3, &3.into()), "{repaired:#}");
    let database = sandbox.database();
    assert_eq!(database.count("user_events"), events + 3);
    let sql = format!("SELECT type || ' ' || user_id FROM user_events WHERE only_target = '{TARGET}' ORDER BY user_id");
    assert_eq!(database.texts(&sql), ["user.updated 2", "user.updated 3", "user.deleted 6"]);
    // They are on their way: nothing is found twice.
    let awaited = sandbox.run("check users --repair --json").expect(0).json();
    assert_eq!(part(&awaited, TARGET)["awaited"], 3, "{awaited:#}");
    assert_eq!(sandbox.database().count("user_events"), events + 3);

    let count = sandbox.requests(Users::AUTH);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.requests(Users::AUTH), count, "a repair is for one target");
    assert_eq!(findings(&sandbox.run("check users --json").expect(0).json()), [""; 0]);
    assert_eq!(sandbox.users.ledger(|ledger| ledger.target(TARGET).user_ids()), [1, 2, 3, 4, 5]);
}

#[test]
fn users_with_events_in_flight_are_skipped() {
    let sandbox = in_line();
    sandbox.emit(&updated([1, 2], "admin"));
    let document = sandbox.run("check users --json").expect(0).json();
    assert_eq!(findings(&document), [""; 0], "{document:#}");
    assert_eq!((&part(&document, TARGET)["awaited"], &part(&document, TARGET)["checked"]), (&2.into(), &4.into()));
    // Enqueued, and not delivered.
    sandbox.users.refuse_user(TARGET, 1, 503);
    sandbox.run("sync users").expect(3);
    let document = sandbox.run("check users --json").expect(0).json();
    assert_eq!((findings(&document).len(), &part(&document, TARGET)["awaited"]), (0, &1.into()), "{document:#}");
}

#[test]
fn a_redis_target_is_compared_and_repaired_too() {
    let server = RedisServer::start();
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([redis_target("cache", &server)]);
    sandbox.emit(&created(1..=6));
    sandbox.run("sync users").expect(0);
    server.ask::<i64>("DEL user:2");
    server.ask::<()>(r#"SET user:3 {"id":3,"username":"other"}"#);
    server.ask::<()>("SET user:4 no-json");
    server.ask::<()>(r#"SET user:99 {"id":99}"#);
    let found = sandbox.run("check users --json").expect(3).json();
    let expected =
        ["cache 2 missing", "cache 3 different username,email", "cache 4 different username,email", "cache 99 surplus"];
    assert_eq!(findings(&found), expected, "{found:#}");
    sandbox.run("check users --repair").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(findings(&sandbox.run("check users --json").expect(0).json()), [""; 0]);
    assert_eq!(server.ask::<i64>("EXISTS user:99"), 0);
    let user: Value = serde_json::from_str(&server.ask::<String>("GET user:4")).expect("JSON");
    assert_eq!(user["username"], "user4");
    assert_eq!(sandbox.database().count("users"), 6, "no user was added here");
}

#[test]
fn a_sync_checks_and_repairs_when_it_is_due() {
    let mut sandbox = in_line();
    disturb(&sandbox);
    let count = sandbox.users.server().log().len();
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.users.server().log().len(), count, "it is not due");
    sandbox.home.set("users.check_every", "1ms");
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.database().count(&format!("user_events WHERE only_target = '{TARGET}'")), 3);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.users.ledger(|ledger| ledger.target(TARGET).user_ids()), [1, 2, 3, 4, 5]);
    assert_eq!(sandbox.database().count("user_findings"), 0);
}

#[test]
fn sync_without_repair_is_partial() {
    let mut sandbox = in_line();
    disturb(&sandbox);
    sandbox.home.set("users.check_every", "1ms");
    sandbox.home.set("users.auto_repair", false);
    for _ in 0..2 {
        let outcome = sandbox.run("sync users").expect(3);
        assert!(outcome.said().contains("differs about 3 users"), "{}", outcome.said());
    }
    assert_eq!(sandbox.database().count("user_events WHERE only_target IS NOT NULL"), 0);
}

#[test]
fn refused_user_is_not_repaired_repeatedly() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("users.check_every", "1ms");
    sandbox.users.refuse_user(TARGET, 2, 422);
    sandbox.emit(&created(1..=3));
    for _ in 0..5 {
        sandbox.run("sync users").expect(3);
    }
    let dead = "user_deliveries WHERE state = 'dead'";
    let count = sandbox.database().count(dead);
    assert!(count <= 2, "{count} dead letters of one event");
    // A person may send one, which waits for the dead letter.
    sandbox.users.accept_user(TARGET, 2);
    sandbox.run("check users --repair").expect(0);
    sandbox.run("users events drop --all").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(findings(&sandbox.run("check users --json").expect(0).json()), [""; 0]);
}

#[test]
fn unreachable_target_does_not_stop_checks_of_others() {
    let sandbox = in_line();
    disturb(&sandbox);
    for (fault, word) in [(Fault::Status(401), "401"), (Fault::Status(500), "500"), (Fault::html(), "cannot read")] {
        sandbox.users.server().add(Rule::on("/users/unified-auth", fault).for_method("GET"));
        let outcome = sandbox.run("check users --json").expect(3);
        assert!(outcome.stdout.contains("cannot check target `unified-auth`"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains(word), "{}", outcome.stdout);
        assert_eq!(findings(&outcome.json()).len(), 3);
        sandbox.users.server().clear_faults();
    }
}

#[test]
fn check_fails_where_no_target_is_reachable() {
    let sandbox = in_line();
    for (fault, code) in [(Fault::Status(401), 6), (Fault::Status(500), 5), (Fault::html(), 7)] {
        sandbox.users.server().always(fault);
        sandbox.run("check users").expect(code);
        sandbox.users.server().clear_faults();
    }
    sandbox.run("check users").expect(0);
}

#[test]
fn failed_check_counts_no_comparison_and_keeps_findings() {
    let sandbox = in_line();
    disturb(&sandbox);
    let before = findings(&sandbox.run("check users --json").expect(3).json());
    assert_eq!(before.len(), 3, "{before:?}");
    sandbox.users.server().always(Fault::Status(500));
    let outcome = sandbox.run(&format!("check users --json --target {TARGET}")).expect(5);
    let document = outcome.json();
    assert_eq!(part(&document, TARGET)["checked"], 0, "{document:#}");
    assert_eq!(document["run"]["summary"]["unchanged"], 0, "{document:#}");
    assert!(outcome.stdout.contains(&format!("cannot check target `{TARGET}`")), "{document:#}");
    assert_eq!(findings(&document), before);
    // The next check that the target answers deletes what is not found any more.
    sandbox.users.server().clear_faults();
    set_user(&sandbox, TARGET, 6, None);
    let after = findings(&sandbox.run("check users --json").expect(3).json());
    assert_eq!(after, before[..2], "users 2 and 3");
}

#[test]
fn check_refuses_dry_run_and_unknown_targets() {
    let sandbox = in_line();
    sandbox.run("check users --dry-run").expect(2);
    sandbox.run("check users --target nobody").expect(2);
    set_user(&sandbox, TARGET, 2, None);
    let document = sandbox.run("check users --target unified-auth --json").expect(0).json();
    assert_eq!(document["targets"].as_array().map(Vec::len), Some(1), "{document:#}");
    sandbox.run(&format!("check users --target {TARGET}")).expect(3);
    sandbox.database().assert_consistent();
}

/// A target that keeps users in its own form: e-mail in lower case, no phone, its own time.
fn normalizing() -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("users.check_every", "1ms");
    sandbox.users.normalize(TARGET, |user| {
        user["email"] = user["email"].as_str().map(str::to_lowercase).into();
        user["updated_at"] = "2020-01-01T00:00:00Z".into();
        user.as_object_mut().expect("a user").remove("phone");
    });
    let event = |user: i64| {
        let fields = json!({"email": format!("User{user}@Example.COM"), "phone": "+86 138"});
        json!({"type": "user.created", "user_id": user, "data": {"user": fields}}).to_string() + "\n"
    };
    sandbox.emit(&(1..=10).map(event).collect::<String>());
    sandbox
}

fn repair_count(sandbox: &Sandbox) -> u64 {
    sandbox.database().count("user_events WHERE only_target IS NOT NULL")
}

#[test]
fn repair_that_changes_nothing_is_not_sent_again_and_becomes_a_finding() {
    let sandbox = normalizing();
    sandbox.run("sync users").expect(0);
    assert_eq!(repair_count(&sandbox), 10, "a repair may help");
    for command in ["sync users", "sync users", "check users --repair", "sync users", "check users", "sync users"] {
        let outcome = sandbox.run(command).expect(3);
        assert!(
            outcome.said().contains("still differs about 10 users in `email`, `phone` after a repair"),
            "{}",
            outcome.said()
        );
        assert_eq!(repair_count(&sandbox), 10, "{command}");
    }
    assert_eq!((sandbox.requests(Users::AUTH), sandbox.requests(TARGET)), (10, 20));
    let document = sandbox.run("check users --json").expect(3).json();
    assert_eq!(findings(&document)[9], "user-service 10 different email,phone");
    assert_eq!(
        (&document["findings"][0]["repaired"], &part(&document, TARGET)["different"]),
        (&false.into(), &10.into())
    );
    // A later event is delivered, and may be repaired once.
    sandbox.run("users emit user.updated --user-id 1 --role admin").expect(0);
    for _ in 0..4 {
        sandbox.run("sync users");
    }
    assert_eq!((sandbox.role_at(TARGET, 1).as_deref(), repair_count(&sandbox)), (Some("admin"), 11));
    // Another field that differs is repaired.
    let mut user = sandbox.users.ledger(|ledger| ledger.target(TARGET).user(2).cloned()).expect("it is there");
    user["role"] = "thief".into();
    set_user(&sandbox, TARGET, 2, Some(user));
    for _ in 0..4 {
        sandbox.run("sync users").expect(3);
    }
    assert_eq!((sandbox.role_at(TARGET, 2), repair_count(&sandbox)), (None, 12));
    // Corrected, the target is sent the last event again by hand.
    sandbox.users.normalize(TARGET, |_| {});
    sandbox.run(&format!("users events replay --since 1h --target {TARGET}")).expect(0);
    sandbox.users.ledger(|ledger| ledger.target(TARGET).forget_keys());
    sandbox.run("sync users").expect(0);
    assert_eq!(findings(&sandbox.run("check users --json").expect(0).json()), [""; 0]);
}

#[test]
fn target_that_accepts_repairs_without_making_them_is_not_repaired_repeatedly() {
    let mut sandbox = in_line();
    sandbox.home.set("users.check_every", "1ms");
    disturb(&sandbox);
    let accepted = Fault::Instead("application/json", "{}");
    sandbox.users.server().add(Rule::on("/users/user-service", accepted).for_method("POST"));
    sandbox.run("sync users").expect(0);
    for pass in 0..4 {
        let outcome = sandbox.run("sync users").expect(3);
        let problem = "still differs about 3 users in `email`, `missing`, `surplus` after a repair";
        assert!(outcome.said().contains(problem), "pass {pass}: {}", outcome.said());
        assert_eq!(repair_count(&sandbox), 3, "pass {pass}");
    }
    let document = sandbox.run("check users --json").expect(3).json();
    let expected = ["user-service 2 missing", "user-service 3 different email", "user-service 6 surplus"];
    assert_eq!(findings(&document), expected, "{document:#}");
}

#[test]
fn what_was_right_after_its_repair_is_repaired_again() {
    let server = RedisServer::start();
    let mut sandbox = Sandbox::small();
    sandbox.home.set("users.check_every", "1ms");
    sandbox.set_targets([redis_target("cache", &server)]);
    sandbox.emit(&created(1..=3));
    sandbox.run("sync users").expect(0);
    for round in 1..=3 {
        // One expires, and another program adds one.
        server.ask::<i64>("DEL user:2");
        server.ask::<()>(r#"SET user:99 {"id":99}"#);
        sandbox.run("sync users").expect(0);
        assert_eq!(repair_count(&sandbox), 2 * round);
        sandbox.run("sync users").expect(0);
        assert_eq!((server.ask::<i64>("EXISTS user:2"), server.ask::<i64>("EXISTS user:99")), (1, 0));
    }
}
