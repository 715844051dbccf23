//! Events from a stream of a real Redis, and a Redis that ends in the middle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{TARGET, created, http_target, redis_target};
use crate::sandbox::random::Random;
use crate::support::{RedisServer, Running, Sandbox, poll};

/// One that reads the server's stream and delivers to one target by HTTP.
fn reading(server: &RedisServer) -> Sandbox {
    let mut sandbox = Sandbox::with_one_target();
    sandbox.home.set("users.source", "redis");
    sandbox.home.set("users.redis_url", server.url());
    sandbox
}

fn add(server: &RedisServer, event: &Value) -> String {
    server.ask(&format!("XADD user_events * event {event}"))
}

/// More entries at once than one command reads.
const FLOOD: &str = "for _ = 1, 1200 do redis.call('XADD', KEYS[1], '*', 'event', ARGV[1]) end";

fn event(user_id: i64, role: &str) -> Value {
    json!({"type": "user.updated", "user_id": user_id, "data": {"user": {"role": role}}})
}

fn pending(server: &RedisServer) -> u64 {
    server.ask::<(u64, redis::Value, redis::Value, redis::Value)>("XPENDING user_events tongbu").0
}

#[test]
fn stream_events_of_any_producer_are_delivered() {
    let server = RedisServer::start();
    let sandbox = reading(&server);
    let published = sandbox.spawn_fed("users emit - --to-stream --json", &created(1..=1001)).wait().expect(0).json();
    assert_eq!((&published["stored"], &published["to_stream"]), (&1001.into(), &true.into()));
    sandbox.run("users emit user.updated --user-id 1 --role admin --to-stream").expect(0);
    add(&server, &event(2, "editor"));
    assert!(!sandbox.home.database().exists(), "the stream alone was written to");

    let outcome = sandbox.run("sync users --json").expect(0);
    assert_eq!((outcome.count("new"), outcome.count("updated")), (1003, 1003));
    assert_eq!(
        (sandbox.role_at(TARGET, 1).as_deref(), sandbox.role_at(TARGET, 2).as_deref()),
        (Some("admin"), Some("editor"))
    );
    assert_eq!((pending(&server), sandbox.users.order_inversions()), (0, vec![]));
    let second = sandbox.run("sync users --json").expect(0);
    assert_eq!((second.count("new"), second.count("updated")), (0, 0));
}

#[test]
fn stream_is_read_with_any_time_and_leaves_no_consumer_behind() {
    let server = RedisServer::start();
    let sandbox = reading(&server);
    for stamp in [json!("2026-01-02T11:04:05"), json!(1_767_323_045), json!(1_767_323_045_000_i64)] {
        add(&server, &json!({"type": "user.updated", "user_id": 1, "timestamp": stamp}));
    }
    sandbox.run("sync users").expect(0);
    let times = sandbox.database().texts("SELECT DISTINCT occurred_at FROM user_events");
    assert_eq!(times, ["2026-01-02T03:04:05.000Z"]);
    for host in 0..5 {
        server.ask::<u64>(&format!("XGROUP CREATECONSUMER user_events tongbu tongbu-host{host}"));
    }
    // One that died with an entry in its hands.
    add(&server, &event(2, "admin"));
    server.ask::<redis::Value>("XREADGROUP GROUP tongbu tongbu-host3 COUNT 1 STREAMS user_events >");
    sandbox.run("sync users").expect(0);
    let consumers: Vec<Vec<redis::Value>> = server.ask("XINFO CONSUMERS user_events tongbu");
    assert_eq!((consumers.len(), pending(&server)), (1, 1));
    assert_eq!(consumers[0][1], redis::Value::BulkString(b"tongbu-host3".to_vec()));
}

/// Stops the publisher when it is dropped, however its test ends.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn busy_stream_does_not_delay_deliveries() {
    let server = RedisServer::start();
    let sandbox = reading(&server);
    let is_over = AtomicBool::new(false);
    let event = event(1, "editor").to_string();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                server.send::<()>(&["EVAL", FLOOD, "1", "user_events", &event]);
                // Sooner than they are stored.
                thread::sleep(Duration::from_millis(50));
            }
        });
        let over = Over(&is_over);
        let running = sandbox.spawn("sync users");
        poll("a delivery while others go on publishing", || sandbox.users.processed() > 0);
        drop(over);
        running.signal(Signal::TERM);
        running.wait().expect(143);
    });
    assert_eq!(sandbox.users.order_inversions(), []);
}

#[test]
fn invalid_stream_entry_is_rejected_without_its_password() {
    const CANARY: &str = "stream-canary-91d3";
    let server = RedisServer::start();
    let sandbox = reading(&server);
    let encoded = json!({"user": {"note": CANARY}}).to_string();
    let bad = [
        "not-json".to_owned(),
        json!({"type": "user.moved", "user_id": 1}).to_string(),
        json!({"type": "user.created", "user_id": 0}).to_string(),
        json!({"type": "user.created", "user_id": 1, "password": CANARY}).to_string(),
        json!({"type": "user.created", "user_id": 1, "data": {"user": {"password_hash": CANARY}}}).to_string(),
        // Encoded twice.
        json!({"type": "user.updated", "user_id": 1, "data": encoded}).to_string(),
        json!({"type": "user.updated", "user_id": encoded}).to_string(),
        json!({"type": encoded, "user_id": 1}).to_string(),
        json!({"type": "user.updated", "user_id": 1, "timestamp": CANARY}).to_string(),
        // Cut off in the middle.
        format!(r#"{{"type":"user.created","password":"{CANARY}""#),
    ];
    let mut ids: Vec<String> = bad.iter().map(|text| server.ask(&format!("XADD user_events * event {text}"))).collect();
    ids.push(server.ask(&format!("XADD user_events * other {CANARY}")));
    add(&server, &event(5, "admin"));
    let outcome = sandbox.run("sync users -vv --log-file log.jsonl").expect(3);
    assert!(outcome.said().contains("entries of the stream that are no events: 11"), "{}", outcome.said());
    assert_eq!((sandbox.users.processed(), pending(&server)), (1, 0));

    let listed = sandbox.run("users events list --rejected --json").expect(0);
    let document = listed.json();
    let rejected = document["rejected"].as_array().expect("a list");
    assert_eq!(rejected.iter().filter_map(|entry| entry["entry_id"].as_str()).collect::<Vec<_>>(), ids);
    assert!(rejected[1]["raw"].as_str().is_some_and(|raw| raw.contains("user.moved")), "{document:#}");
    let log: String = std::fs::read_dir(sandbox.home.path())
        .expect("a directory")
        .filter_map(|entry| std::fs::read(entry.ok()?.path()).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    for text in [outcome.said(), listed.said(), log] {
        assert!(!text.contains(CANARY));
    }

    let page = sandbox.run("users events list --rejected --per-page 5 --page 3 --json").expect(0).json();
    assert_eq!(page["rejected"].as_array().map(Vec::len), Some(1), "{page:#}");
    // They keep every run partial until they are dropped.
    sandbox.run("sync users").expect(3);
    sandbox.run("users events drop --entry 1-1").expect(2);
    let entries: Vec<String> = ids.iter().map(|id| format!("--entry {id}")).collect();
    let dropped = sandbox.run(&format!("users events drop {} --json", entries.join(" "))).expect(0).json();
    assert_eq!(dropped["changed"], 11);
    sandbox.run("sync users").expect(0);
}

#[test]
fn dropping_entries_and_all_dead_letters_does_both() {
    let server = RedisServer::start();
    let sandbox = reading(&server);
    let id: String = server.ask("XADD user_events * event x");
    sandbox.users.refuse_user(TARGET, 1, 422);
    sandbox.emit(&created([1]));
    sandbox.run("sync users").expect(3);
    let dropped = sandbox.run(&format!("users events drop --all --entry {id} --json")).expect(0).json();
    assert_eq!(dropped["changed"], 2, "{dropped:#}");
    sandbox.run("sync users").expect(0);

    for text in ["y", "z"] {
        server.ask::<String>(&format!("XADD user_events * event {text}"));
    }
    sandbox.run("sync users").expect(3);
    assert_eq!(sandbox.run("users events drop --all --json").expect(0).json()["changed"], 2);
    sandbox.run("sync users").expect(0);
}

#[test]
fn entries_read_but_not_stored_are_read_again() {
    check_killed_reader(false);
}

#[test]
fn entries_stored_but_not_acknowledged_are_stored_once() {
    check_killed_reader(true);
}

/// Kills the reader before or after it has stored what it read.
fn check_killed_reader(is_stored: bool) {
    const EVENTS: u64 = 50;
    let server = RedisServer::start();
    let sandbox = reading(&server);
    sandbox.run("sync users").expect(0);
    sandbox.spawn_fed("users emit - --to-stream", &created(1..=50)).wait().expect(0);
    let stored = || sandbox.database().count("user_events");
    // Reading and acknowledging write to the stream; meanwhile nothing is read or acknowledged.
    let pause = || server.ask::<()>("CLIENT PAUSE 600000 WRITE");
    pause();
    let running = sandbox.spawn("sync users");
    poll("the lock", || sandbox.database().count("sync_locks WHERE name = 'users/deliver' AND released = 0") == 1);
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("a database");
    database.execute_batch("BEGIN IMMEDIATE").expect("nobody writes");
    server.ask::<()>("CLIENT UNPAUSE");
    poll("the events to be read", || pending(&server) == EVENTS);
    if is_stored {
        pause();
        database.execute_batch("ROLLBACK").expect("it is open");
        poll("the events to be stored", || stored() == EVENTS);
    }
    running.signal(Signal::KILL);
    running.wait();
    drop(database);
    assert_eq!((stored(), pending(&server)), (if is_stored { EVENTS } else { 0 }, EVENTS));
    server.ask::<()>("CLIENT UNPAUSE");

    let outcome = sandbox.run("sync users --json").expect(0);
    assert_eq!(outcome.count("new"), if is_stored { 0 } else { EVENTS });
    assert_eq!((stored(), pending(&server)), (EVENTS, 0));
    assert_eq!((sandbox.users.processed(), sandbox.users.duplicates().len()), (EVENTS, 0));
}

#[test]
fn killed_reader_loses_and_duplicates_nothing() {
    const KILLS: u64 = 12;
    const SEED: u64 = 20_260_701;
    let server = RedisServer::start();
    let sandbox = reading(&server);
    let mut random = Random::new(SEED);
    for kill in 0..KILLS {
        let users = i64::try_from(kill * 50).expect("small") + 1;
        sandbox.spawn_fed("users emit - --to-stream", &created(users..users + 50)).wait().expect(0);
        let running = sandbox.spawn("sync users");
        thread::sleep(Duration::from_millis(10 + random.below(120)));
        kill_if_running(running);
    }
    sandbox.run("sync users").expect(0);
    let database = sandbox.database();
    database.assert_consistent();
    assert_eq!((database.count("user_events"), database.count("users")), (KILLS * 50, KILLS * 50), "seed {SEED}");
    assert_eq!((sandbox.users.processed(), pending(&server)), (KILLS * 50, 0));
    let again = sandbox.users.duplicates().values().sum::<u64>();
    assert!(again <= KILLS * 3, "{again} duplicates, seed {SEED}");
}

fn kill_if_running(mut running: Running) {
    if !running.has_ended() {
        running.signal(Signal::KILL);
    }
    running.wait();
}

/// Kills the server so long after the pass has begun, and starts it again; whether the pass noticed.
fn sync_while_redis_dies(sandbox: &Sandbox, server: &mut RedisServer, after: Duration) -> bool {
    let running = sandbox.spawn("sync users");
    thread::sleep(after);
    server.kill();
    let outcome = running.wait();
    assert!(matches!(outcome.code, Some(0 | 3 | 5)), "{}", outcome.said());
    server.restart();
    outcome.code != Some(0)
}

#[test]
fn killed_redis_loses_no_entry() {
    let mut server = RedisServer::durable();
    let sandbox = reading(&server);
    let mut random = Random::new(7);
    let mut failed = 0;
    for round in 0..5 {
        let users = round * 800 + 1;
        sandbox.spawn_fed("users emit - --to-stream", &created(users..users + 800)).wait().expect(0);
        sandbox.users.server().keep_no_log();
        let has_failed = sync_while_redis_dies(&sandbox, &mut server, Duration::from_millis(20 + random.below(150)));
        failed += u64::from(has_failed);
    }
    assert!(failed > 0, "it was never killed in time");
    sandbox.run("sync users").expect(0);
    let database = sandbox.database();
    assert_eq!((database.count("user_events"), sandbox.open_count()), (4_000, 0));
    assert_eq!((sandbox.users.processed(), sandbox.users.order_inversions(), pending(&server)), (4_000, vec![], 0));
    database.assert_consistent();
}

#[test]
fn killed_redis_target_gets_everything_in_the_end() {
    const USERS: i64 = 1000;
    let mut server = RedisServer::durable();
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([redis_target("cache", &server)]);
    let mut random = Random::new(8);
    let mut failed = 0;
    for _ in 0..3 {
        sandbox.emit(&created(1..=USERS));
        let has_failed = sync_while_redis_dies(&sandbox, &mut server, Duration::from_millis(50 + random.below(100)));
        failed += u64::from(has_failed);
    }
    assert!(failed > 0, "it was never killed in time");
    sandbox.sync_all();
    sandbox.run("check users").expect(0);
    let keys: Vec<String> = server.ask("KEYS user:*");
    assert!(keys.len() >= usize::try_from(USERS).expect("small"), "{}", keys.len());
    assert_eq!(sandbox.database().count("user_deliveries WHERE state <> 'delivered'"), 0);
    sandbox.database().assert_consistent();
}

#[test]
fn stored_events_are_delivered_while_redis_is_down() {
    let mut server = RedisServer::start();
    let mut sandbox = reading(&server);
    let url = sandbox.users.url(TARGET);
    sandbox.set_targets([http_target(TARGET, &url), redis_target("cache", &server)]);
    server.kill();
    sandbox.emit(&created(1..=5));
    let outcome = sandbox.run("sync users").expect(3);
    assert!(outcome.said().contains("cannot read the stream of events"), "{}", outcome.said());
    assert_eq!(sandbox.users.processed(), 5);
    sandbox.run("users emit user.created --user-id 9 --to-stream").expect(5);
    server.restart();
    sandbox.sync_all();
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.states("cache").len(), 5);
}
