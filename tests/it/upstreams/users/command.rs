//! A program as a target: what it gets, and what its exit code means.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use toml::Table;

use super::created;
use crate::support::Sandbox;

impl Sandbox {
    /// One whose only target is this script of `sh`.
    fn with_command(script: &str) -> Self {
        let mut sandbox = Self::small();
        let path = sandbox.home.path().join("handler");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a file can be made a program");
        let command = toml::Value::from(vec![path.display().to_string(), "a b".to_owned()]);
        sandbox.set_targets([Table::from_iter([
            ("name".to_owned(), "own".into()),
            ("kind".to_owned(), "command".into()),
            ("command".to_owned(), command),
        ])]);
        sandbox
    }

    fn emit_users(&self, users: impl IntoIterator<Item = i64>) {
        self.spawn_fed("users emit -", &created(users)).wait().expect(0);
    }

    /// The states of all deliveries, with what the last one failed with.
    fn ends(&self) -> (Vec<String>, String) {
        let errors = self.database().texts("SELECT coalesce(max(last_error), '') FROM user_deliveries");
        (self.states("own"), errors.concat())
    }
}

#[test]
fn a_program_gets_each_event_on_its_input_and_no_secret_in_its_environment() {
    let sandbox = Sandbox::with_command("cat >> events; env > seen; echo \"$1\" > argument; exit 0");
    sandbox.emit_users([7, 8]);
    let mut command = sandbox.command();
    command.args(["sync", "users"]).env("API_SECRET", "hunter2");
    crate::support::Running::start(command).wait().expect(0);
    assert_eq!(sandbox.ends().0, ["delivered", "delivered"]);
    let read = |name: &str| fs::read_to_string(sandbox.home.path().join(name)).expect("the program wrote it");
    let events: Vec<Value> =
        serde_json::Deserializer::from_str(&read("events")).into_iter().collect::<Result<_, _>>().expect("JSON");
    assert_eq!(events.len(), 2);
    for event in &events {
        assert_eq!(event["event_type"], "user.created");
        assert!(event["idempotency_key"].is_string() && event["data"]["user"]["username"].is_string(), "{event:#}");
    }
    assert!(!read("seen").contains("hunter2") && !read("seen").contains("TONGBU"), "{}", read("seen"));
    assert_eq!(read("argument"), "a b\n", "no shell reads the arguments");
}

#[test]
fn exit_codes_say_delivered_later_or_refused() {
    for (script, code, state, error) in [
        ("exit 0", 0, "delivered", ""),
        ("echo full >&2; exit 75", 3, "retrying", "ended with exit code `75`: full"),
        ("echo no such user >&2; exit 1", 3, "dead", "ended with exit code `1`: no such user"),
        ("kill -9 $$", 3, "retrying", "was killed by a signal"),
    ] {
        let sandbox = Sandbox::with_command(script);
        sandbox.emit_users([7]);
        let outcome = sandbox.run("sync users");
        let (states, found) = sandbox.ends();
        assert_eq!(states, [state], "{script}: {}", outcome.said());
        assert!(outcome.code == Some(code) || outcome.code == Some(5), "{script}: {}", outcome.said());
        assert!(found.ends_with(error), "{script}: {found}");
    }
}

#[test]
fn a_program_that_hangs_is_killed_with_what_it_started() {
    let mut sandbox = Sandbox::with_command("sleep 300 & echo $! > child; wait");
    sandbox.home.set("users.timeout", "300ms");
    sandbox.emit_users([7]);
    let begun = Instant::now();
    let outcome = sandbox.run("sync users");
    assert!(matches!(outcome.code, Some(3 | 5)) && begun.elapsed() < Duration::from_secs(60), "{}", outcome.said());
    assert!(sandbox.ends().1.contains("did not end within 300ms"), "{}", sandbox.ends().1);
    let child = fs::read_to_string(sandbox.home.path().join("child")).expect("the program wrote it");
    crate::support::poll("the end of the child", || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.trim())).unwrap_or_default();
        status.is_empty() || status.contains("State:\tZ")
    });
}

#[test]
fn a_program_that_is_not_there_is_the_targets_failure() {
    let sandbox = Sandbox::with_command("exit 0");
    fs::remove_file(sandbox.home.path().join("handler")).expect("the file is there");
    sandbox.emit_users([7]);
    let outcome = sandbox.run("sync users");
    assert_ne!(outcome.code, Some(0));
    assert!(outcome.said().contains("cannot be started"), "{}", outcome.said());
    assert_eq!(sandbox.database().count("user_deliveries WHERE attempts > 0"), 0);
}
