//! What must never be shown: emitted passwords, and the credentials of targets.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{created, http_target, redis_target};
use crate::sandbox::{Fault, Users};
use crate::support::{Outcome, RedisServer, Sandbox};

const CANARY: &str = "hunter2-canary-5f1c";
const REDIS_CANARY: &str = "redis-password-canary-77ab";

/// Which files below the directory hold one of the texts; the files that credentials are read from hold theirs.
fn files_with(directory: &Path, canaries: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, canaries));
        } else if path.extension().is_none_or(|extension| extension != "secret") {
            let bytes = fs::read(&path).expect("a file");
            if canaries.iter().any(|canary| holds(&bytes, canary)) {
                found.push(path);
            }
        }
    }
    found
}

fn holds(bytes: &[u8], canary: &str) -> bool {
    memchr::memmem::find(bytes, canary.as_bytes()).is_some()
}

#[track_caller]
fn assert_unseen(sandbox: &Sandbox, outcome: &Outcome, canaries: &[String]) {
    for canary in canaries {
        assert!(!outcome.said().contains(canary), "`{canary}` is in: {}", outcome.said());
    }
    let found = files_with(sandbox.home.path(), canaries);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn emitted_password_is_refused_and_not_stored() {
    let sandbox = Sandbox::small();
    sandbox.emit(&created([1]));
    let canaries = [CANARY.to_owned()];
    let log = "-vv --log-file log.jsonl";
    for key in ["password", "Password", "password_hash", "passwordHash", "hash", "pwd", "hashed_password"] {
        let user = json!({"username": "x", key: CANARY});
        let events = [
            json!({"type": "user.created", "user_id": 2, key: CANARY}),
            json!({"type": "user.created", "user_id": 2, "data": {"user": user}}),
            json!({"type": "user.updated", "user_id": 2, "data": {"changes": {key: {"old": CANARY, "new": "y"}}}}),
            json!({"type": "user.moved", "user_id": "x", "data": {"list": [[{"a": user}]]}}),
        ];
        for event in &events {
            let lines = format!("{}{event}\n", created([3]));
            let outcome = sandbox.spawn_fed(&format!("users emit - {log}"), &lines).wait().expect(2);
            assert!(outcome.stderr.contains("line 2 is no event: it has the field"), "{}", outcome.stderr);
            assert_unseen(&sandbox, &outcome, &canaries);
        }
        let data = json!({"user": user}).to_string();
        for (words, input) in [(data.as_str(), ""), ("-", data.as_str())] {
            let words = format!("users emit user.created --user-id 2 {log} --data {words}");
            let outcome = sandbox.spawn_fed(&words, input).wait().expect(2);
            assert_unseen(&sandbox, &outcome, &canaries);
        }
    }
    assert_eq!(sandbox.database().count("user_events"), 1);
}

#[test]
fn no_message_about_an_event_repeats_its_values() {
    let sandbox = Sandbox::small();
    let canaries = [CANARY.to_owned()];
    let log = "-vv --log-file log.jsonl";
    let encoded = json!({"user": {"note": CANARY}}).to_string();
    for shape in
        [json!(CANARY), json!(encoded), json!(json!(encoded).to_string()), json!([encoded]), json!({&encoded: 1})]
    {
        for key in ["id", "type", "user_id", "username", "email", "data", "timestamp", "source", "other", &encoded] {
            let mut event = json!({"type": "user.updated", "user_id": "x"});
            event[key] = shape.clone();
            let outcome = sandbox.spawn_fed(&format!("users emit - {log}"), &event.to_string()).wait().expect(2);
            assert_unseen(&sandbox, &outcome, &canaries);
        }
        let words = format!("users emit user.updated --user-id 2 {log} --data -");
        let data = if shape.is_object() { json!({"user": shape["x"], "changes": encoded}) } else { shape };
        let outcome = sandbox.spawn_fed(&words, &data.to_string()).wait().expect(2);
        assert_unseen(&sandbox, &outcome, &canaries);
    }
}

#[test]
fn target_credentials_are_never_shown_in_any_failure() {
    let server = RedisServer::locked(REDIS_CANARY);
    let mut sandbox = Sandbox::small();
    let secret = |name: &str, value: &str| sandbox.home.secret(name, value);
    let [mut auth, _] = sandbox.usual_targets();
    auth.insert("check_url".to_owned(), sandbox.users.check_url(Users::AUTH).into());
    let mut basic = http_target("basic", &sandbox.users.url("basic"));
    let table = toml::toml! { basic = { username = "tongbu" } };
    let mut table = table["basic"].as_table().expect("a table").clone();
    table.insert("password".to_owned(), secret("basic", "basic-password-canary-01"));
    basic.insert("auth".to_owned(), toml::Table::from_iter([("basic".to_owned(), table.into())]).into());
    let mut cache = redis_target("cache", &server);
    cache.insert("url".to_owned(), secret("cache", &server.url()));
    let mut wrong = redis_target("wrong", &server);
    let url = server.url().replace(REDIS_CANARY, "wrong-password-canary-02");
    wrong.insert("url".to_owned(), secret("wrong", &url));
    let stream = secret("stream", &url);
    sandbox.set_targets([auth, basic, cache, wrong]);
    sandbox.home.set("users.source", "redis");
    sandbox.home.set("users.redis_url", stream);
    sandbox.home.set("users.check_every", "1ms");
    let canaries: Vec<String> = sandbox
        .users
        .canaries()
        .into_iter()
        .chain(
            [REDIS_CANARY, "basic-password-canary-01", "wrong-password-canary-02", "dG9uZ2J1OmJhc2lj"]
                .map(str::to_owned),
        )
        .collect();
    sandbox.emit(&created(1..=20));
    for fault in [None, Some(Fault::Status(401)), Some(Fault::Status(500)), Some(Fault::Lost), Some(Fault::html())] {
        if let Some(fault) = fault {
            sandbox.users.server().always(fault);
        }
        for command in [
            "sync users",
            "sync users --json",
            "check users --json",
            "users events list",
            "users events list --json",
            "users queue --json",
            "records list --json",
            "config show",
            "config check",
        ] {
            let outcome = sandbox.run(&format!("{command} -vv --log-file log.jsonl"));
            assert_ne!(outcome.code, Some(1), "{}", outcome.said());
            assert_unseen(&sandbox, &outcome, &canaries);
        }
        sandbox.users.server().clear_faults();
        sandbox.emit(&created(1..=20));
    }
    let database = sandbox.database();
    for target in ["cache", "basic", Users::AUTH] {
        let delivered = format!("user_deliveries WHERE target = '{target}' AND state = 'delivered'");
        assert!(database.count(&delivered) > 0, "{target}");
    }
    let refused = "user_deliveries WHERE target = 'wrong' AND class = 'auth'";
    assert!(database.count(refused) > 0);
}
