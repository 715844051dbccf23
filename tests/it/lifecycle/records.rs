//! What a run leaves for those who look later: live, dead, skipped and refused runs.

use std::time::Duration;

use rustix::process::Signal;

use super::{LOCK, ONE};
use crate::sandbox::Fault;
use crate::support::{Outcome, Sandbox};

/// The row of `status --json` for fairing.
fn status(sandbox: &Sandbox) -> serde_json::Value {
    let document = sandbox.run("status --json").expect(0).json();
    let rows = document["syncs"].as_array().expect("rows").clone();
    rows.into_iter().find(|row| row["sync"] == "fairing").unwrap_or_else(|| panic!("no fairing in {document:#}"))
}

fn metric(sandbox: &Sandbox, name: &str) -> f64 {
    let text = sandbox.run("metrics").expect(0).stdout;
    let line = text.lines().find(|line| line.starts_with(name) && line.contains("\"fairing\""));
    let value = line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn status_shows_a_live_run_although_a_later_one_met_its_lock() {
    let sandbox = Sandbox::small();
    let live = sandbox.spawn_held(ONE);
    sandbox.run(ONE).expect(11);
    let row = status(&sandbox);
    assert_eq!((&row["running"]["pid"], &row["running"]["record_id"]), (&live.pid().into(), &1.into()), "{row:#}");
    assert!(sandbox.run("status").expect(0).stdout.contains(&format!("-{}", live.pid())));
    assert!((metric(&sandbox, "tongbu_running") - 1.0).abs() < f64::EPSILON);

    sandbox.fairing.server().clear_faults();
    live.wait().expect(0);
    let row = status(&sandbox);
    assert_eq!((&row["last_status"], &row["last_record_id"]), (&"success".into(), &1.into()), "{row:#}");
    assert_eq!((&row["running"], &row["consecutive_failures"]), (&serde_json::Value::Null, &0.into()), "{row:#}");
}

#[test]
fn a_killed_run_is_said_to_have_died_before_the_next_run_and_after_it() {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    let killed = sandbox.spawn_held(ONE);
    killed.signal(Signal::KILL);
    killed.wait();
    sandbox.fairing.server().clear_faults();

    let row = status(&sandbox);
    assert_eq!((&row["last_status"], &row["running"]), (&"died".into(), &serde_json::Value::Null), "{row:#}");
    assert_eq!((&row["consecutive_failures"], &row["unread_count"]), (&1.into(), &1.into()), "{row:#}");
    assert!(sandbox.run("status").expect(0).stdout.contains("died"));
    assert!(sandbox.run("status --lang zh").expect(0).stdout.contains("异常终止"));
    assert!(metric(&sandbox, "tongbu_running").abs() < f64::EPSILON);
    assert!((metric(&sandbox, "tongbu_last_died") - 1.0).abs() < f64::EPSILON);
    assert!((metric(&sandbox, "tongbu_consecutive_failures") - 1.0).abs() < f64::EPSILON);
    let listed = sandbox.run("records list --failed --json").expect(0).json();
    assert_eq!((&listed["total"], &listed["records"][0]["status"]), (&1.into(), &"died".into()), "{listed:#}");
    assert!(listed["records"][0]["error_message"].is_string(), "{listed:#}");
    assert_eq!(sandbox.run("records list --unread --json").expect(0).json()["total"], 1);

    sandbox.run(ONE).expect(0);
    assert!(sandbox.run("records list --failed").expect(0).stdout.contains("died"));
    assert_eq!(sandbox.run("records list --status died --json").expect(0).json()["total"], 1);
    assert_eq!(status(&sandbox)["last_status"], "success");
    assert!(metric(&sandbox, "tongbu_last_died").abs() < f64::EPSILON);
}

/// How often the text occurs in what was said.
fn count(outcome: &Outcome, text: &str) -> usize {
    outcome.said().matches(text).count()
}

#[test]
fn a_conflict_is_a_skip_that_is_said_once_and_in_local_time() {
    let mut sandbox = Sandbox::small();
    let address = format!("{}/ping", sandbox.receiver.base_url());
    let reference = sandbox.home.secret("ping", &address);
    sandbox.home.set("monitor.ping_url", reference.clone());
    let webhook =
        [("kind".to_owned(), "webhook".into()), ("url".to_owned(), reference), ("after".to_owned(), 1.into())];
    sandbox.home.set("monitor.notify", vec![toml::Value::Table(webhook.into_iter().collect())]);
    let holder = sandbox.spawn_held(ONE);
    let owner = format!("-{} ", holder.pid());

    let outcome = sandbox.run(ONE).expect(11);
    assert_eq!(count(&outcome, "locked by"), 1, "{}", outcome.said());
    assert_eq!(count(&outcome, &owner), 2, "the message and the holder's own line: {}", outcome.said());
    assert!(outcome.stderr.contains("+08:00") && !outcome.said().contains("Z)"), "{}", outcome.said());
    let document = sandbox.run(&format!("{ONE} --json")).expect(11).json();
    assert_eq!((&document["status"], &document["exit_name"]), (&"skipped".into(), &"locked".into()), "{document:#}");
    assert_eq!(
        (&document["scopes"][0]["status"], &document["scopes"][0]["reason"]),
        (&"skipped".into(), &"locked".into())
    );

    let records = sandbox.database().records();
    let conflicts: Vec<_> = records[1..].iter().map(|record| (record.status.as_str(), record.exit_code)).collect();
    assert_eq!(conflicts, [("skipped", Some(11)), ("skipped", Some(11))]);
    let row = status(&sandbox);
    assert_eq!((&row["consecutive_failures"], &row["unread_count"]), (&0.into(), &0.into()), "{row:#}");
    assert_eq!(sandbox.run("records list --failed --json").expect(0).json()["total"], 0);
    assert_eq!(sandbox.receiver.server().count("/"), 0, "somebody was called");

    // What is free is done; what is locked is named once.
    let shared = sandbox.run("sync fairing --account shop-eu").expect(0);
    assert_eq!(count(&shared, &owner), 1, "{}", shared.said());
    assert_eq!(count(&shared, LOCK), 2, "its row and its note: {}", shared.said());
    sandbox.fairing.server().clear_faults();
    holder.wait().expect(0);
}

#[test]
fn refused_arguments_leave_no_record_and_call_nobody() {
    let mut sandbox = Sandbox::small();
    let address = format!("{}/ping", sandbox.receiver.base_url());
    let reference = sandbox.home.secret("ping", &address);
    sandbox.home.set("monitor.ping_url", reference);
    for arguments in [
        "sync fairing --account nope",
        "sync ecs --account nope",
        "sync users --target nope",
        "sync tasks --window today --from 2026-02-01 --to 2026-01-01",
        "sync tasks --window tomorrow",
        "sync fairng",
    ] {
        let outcome = sandbox.run(arguments).expect(2);
        assert!(!outcome.stderr.is_empty() && outcome.stdout.is_empty(), "{arguments}: {}", outcome.said());
        let document = sandbox.run(&format!("{arguments} --json")).expect(2).json();
        assert_eq!(document["schema"], "tongbu.error/1", "{arguments}: {document:#}");
    }
    if sandbox.home.database().exists() {
        assert_eq!(sandbox.database().count("sync_records"), 0, "{:?}", sandbox.database().records());
        assert_eq!(sandbox.database().count("sync_scopes"), 0);
    }
    assert_eq!(sandbox.receiver.server().count("/"), 0, "somebody was called");
}

#[test]
fn runs_with_nothing_to_do_are_one_record() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.run("sync fairing").expect(0);
    for _ in 0..3 {
        assert_eq!(sandbox.run("sync fairing --json").expect(0).json()["record_id"], 2);
    }
    let listed = sandbox.run("records list --json").expect(0).json();
    assert_eq!((&listed["total"], &listed["unread_count"]), (&2.into(), &0.into()), "{listed:#}");
    let folded = &listed["records"][0];
    assert_eq!((&folded["status"], &folded["run_count"]), (&"skipped".into(), &3.into()), "{folded:#}");
    assert!(sandbox.run("records list").expect(0).stdout.contains("×3"));
    let shown = sandbox.run("records show 2").expect(0).stdout;
    assert!(shown.lines().any(|line| line.starts_with("runs") && line.ends_with('3')), "{shown}");

    // A queue without events is looked at every minute; the first of these runs checks the targets, too.
    sandbox.run("sync users").expect(0);
    for _ in 0..3 {
        sandbox.run("sync users").expect(0);
    }
    let listed = sandbox.run("records list --sync users --json").expect(0).json();
    assert_eq!((&listed["total"], &listed["records"][0]["run_count"]), (&2.into(), &3.into()), "{listed:#}");
    let stats = sandbox.run("records stats --sync users --json").expect(0).json();
    assert_eq!((&stats["stats"][0]["runs"], &stats["stats"][0]["succeeded"]), (&4.into(), &4.into()), "{stats:#}");
    sandbox.database().assert_consistent();
}

#[test]
fn failures_are_unread_and_a_key_makes_everything_so() {
    let mut sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    sandbox.fairing.server().always(Fault::Status(401));
    sandbox.run(ONE).expect(6);
    sandbox.fairing.server().clear_faults();
    let unread = |sandbox: &Sandbox| sandbox.run("records list --unread --json").expect(0).json()["total"].clone();
    assert_eq!(unread(&sandbox), 1);
    sandbox.run("records read --all").expect(0);
    sandbox.home.set("records.unread", "all");
    sandbox.run(ONE).expect(0);
    assert_eq!(unread(&sandbox), 1);
    sandbox.home.set("records.unread", "some");
    let refused = sandbox.run("config check").expect(4).said();
    assert!(refused.contains("records.unread") && refused.contains("failures"), "{refused}");
}

#[test]
fn nothing_is_held_up_by_a_run_whose_lock_folder_is_gone() {
    let sandbox = Sandbox::small();
    let live = sandbox.spawn_held(ONE);
    std::fs::remove_dir_all(sandbox.home.path().join("tongbu.db.locks")).expect("the folder is there");
    // It is alive, and said to be.
    sandbox.run(ONE).expect(11);
    assert_eq!(status(&sandbox)["running"]["pid"], live.pid());
    live.signal(Signal::KILL);
    live.wait();
    sandbox.fairing.server().clear_faults();
    std::fs::remove_dir_all(sandbox.home.path().join("tongbu.db.locks")).expect("the folder is there");
    assert_eq!(status(&sandbox)["last_status"], "died");
    let next = sandbox.run(ONE).expect(0);
    assert!(next.took < Duration::from_secs(10), "{:?}", next.took);
    sandbox.database().assert_consistent();
}
