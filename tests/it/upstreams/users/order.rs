//! The order of arrival decides, whatever an event says of its time.

use serde_json::{Value, json};

use super::{TARGET, created, http_target, redis_target, updated};
use crate::support::{RedisServer, Sandbox};

/// One that delivers to a Redis and to a service.
fn with_redis(server: &RedisServer) -> Sandbox {
    let mut sandbox = Sandbox::small();
    let mut service = http_target(TARGET, &sandbox.users.url(TARGET));
    service.insert("check_url".to_owned(), sandbox.users.check_url(TARGET).into());
    sandbox.set_targets([redis_target("cache", server), service]);
    sandbox
}

/// The life of user 1: created, updated with that time, disabled, deleted.
fn life(stamp: &Value) -> [String; 4] {
    [
        json!({"type": "user.created", "user_id": 1, "username": "li", "data": {"user": {"status": "active"}}}),
        json!({"type": "user.updated", "user_id": 1, "username": "wang", "timestamp": stamp}),
        json!({"type": "user.status_changed", "user_id": 1, "data": {"new_status": "disabled"}}),
        json!({"type": "user.deleted", "user_id": 1}),
    ]
    .map(|event| event.to_string() + "\n")
}

#[test]
fn no_stamp_outranks_what_arrives_later() {
    let stamps = [
        json!("2099-01-01T00:00:00Z"),
        json!("2099-01-01 00:00:00"),
        json!(4_070_908_800_i64),
        json!(4_070_908_800_000_i64),
        json!("1970-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59+00:00"),
    ];
    let server = RedisServer::start();
    for (stamp, is_single_pass) in stamps.iter().flat_map(|stamp| [(stamp, true), (stamp, false)]) {
        server.ask::<()>("FLUSHALL");
        let sandbox = with_redis(&server);
        let life = life(stamp);
        for (event, status) in life.iter().zip([Some("active"), Some("active"), Some("disabled"), None]) {
            sandbox.emit(event);
            if is_single_pass {
                continue;
            }
            sandbox.run("sync users").expect(0);
            let user: Option<String> = server.ask("GET user:1");
            let user: Option<Value> = user.map(|user| serde_json::from_str(&user).expect("JSON"));
            assert_eq!(user.as_ref().and_then(|user| user["status"].as_str()), status, "{stamp} {user:?}");
        }
        sandbox.run("sync users").expect(0);
        for target in ["cache", TARGET] {
            assert_eq!(sandbox.states(target), ["delivered"; 4], "{stamp}");
        }
        assert_eq!(server.ask::<u64>("EXISTS user:1"), 0, "{stamp}: a deleted user is there");
        assert_eq!(sandbox.users.ledger(|ledger| ledger.target(TARGET).user_ids()), [0; 0]);
        let document = sandbox.run("check users --repair --json").expect(0).json();
        assert_eq!(document["findings"], json!([]), "{stamp}");
        assert_eq!(sandbox.database().count("user_events"), 4, "a target that was right is repaired");
        assert_eq!(sandbox.database().count("users WHERE deleted_at IS NOT NULL"), 1, "{stamp}");
    }
}

#[test]
fn stamp_in_the_future_is_clamped_with_a_warning() {
    let mut sandbox = Sandbox::with_one_target();
    let at = |seconds: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string();
    let event = |user: i64, stamp: Value| {
        json!({"type": "user.updated", "user_id": user, "timestamp": stamp}).to_string() + "\n"
    };
    let emit = |lines: &str| sandbox.spawn_fed("users emit -", lines).wait().expect(0);
    assert_eq!(emit(&event(1, at(200).into())).stderr, "", "within the tolerance");
    let outcome = emit(&[event(2, at(400).into()), event(3, json!(4_070_908_800_i64))].concat());
    assert!(
        outcome.stderr.contains("2 events came with a `timestamp` more than 5 minutes in the future"),
        "{}",
        outcome.stderr
    );
    let late = "SELECT count(*) FROM user_events WHERE unixepoch(occurred_at) > unixepoch(stored_at)";
    assert_eq!(sandbox.database().value::<i64>(late), 1);
    assert_eq!(sandbox.emit(&event(5, json!(4_070_908_800_i64))).json()["clamped"], 1);
    sandbox.run("sync users").expect(0);

    let server = RedisServer::start();
    sandbox.home.set("users.source", "redis");
    sandbox.home.set("users.redis_url", server.url());
    server.ask::<String>(&format!("XADD user_events * event {}", event(4, at(4000).replace(' ', "").into()).trim()));
    let outcome = sandbox.run("sync users").expect(0);
    assert!(outcome.said().contains("1 event came with a `timestamp` more than 5 minutes"), "{}", outcome.said());
    assert_eq!(sandbox.database().value::<i64>(late), 1);
}

#[test]
fn later_event_known_to_a_target_supersedes_an_older_one() {
    let server = RedisServer::start();
    let sandbox = with_redis(&server);
    sandbox.emit(&created([1, 2]));
    sandbox.emit(&updated([1], "admin"));
    sandbox.run("sync users").expect(0);
    let before: String = server.ask("GET user:1");
    sandbox.run("users events replay 1 2 --target cache").expect(0);
    let outcome = sandbox.run("sync users --json").expect(0);
    assert_eq!((outcome.count("updated"), outcome.count("unchanged")), (1, 1), "{}", outcome.stdout);
    assert_eq!(sandbox.states("cache"), ["superseded", "delivered", "delivered"]);
    assert_eq!(server.ask::<String>("GET user:1"), before);
    let listed = sandbox.run("users events list --state superseded --json").expect(0).json();
    assert_eq!((&listed["total"], &listed["events"][0]["seq"]), (&1.into(), &1.into()), "{listed:#}");
    let queue = sandbox.run("users queue --json").expect(0).json();
    assert_eq!((&queue["targets"][0]["superseded"], &queue["queue_length"]), (&1.into(), &0.into()), "{queue:#}");
    sandbox.database().assert_consistent();
}

#[test]
fn stamp_that_an_earlier_version_believed_decides_nothing_any_more() {
    let server = RedisServer::start();
    let sandbox = with_redis(&server);
    sandbox.emit(&created([1]));
    sandbox.run("sync users").expect(0);
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("a database");
    database.execute_batch("UPDATE users SET version_ms = 4070908800000").expect("it can be written");
    drop(database);
    let mut set = redis::cmd("SET");
    set.arg("{user:1}:version").arg("4070908800000 1");
    let client = redis::Client::open(server.url()).expect("a URL");
    let _: () = set.query(&mut client.get_connection().expect("the server listens")).expect("it is set");
    sandbox.emit(&updated([1], "admin"));
    sandbox.run("users emit user.deleted --user-id 1").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.states("cache"), ["delivered"; 3]);
    assert_eq!(server.ask::<u64>("EXISTS user:1"), 0);
}
