//! Several processes at once.

use rustix::process::Signal;

use super::{LOCK, ONE, ROWS};
use crate::support::Sandbox;

#[test]
fn two_processes_share_the_scopes_and_read_each_once() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.workers", 1);
    sandbox.home.set("fairing.min_interval", "1h");
    let first = sandbox.spawn_held("sync fairing");
    let second = sandbox.run("sync fairing --json");
    // It did what was free; only nothing to do at all would be 11.
    assert!(matches!(second.code, Some(0 | 3)), "{second:?}");
    assert!(second.count("new") > 0);
    sandbox.fairing.server().clear_faults();
    first.wait().expect(0);

    let mut requested: Vec<String> = sandbox
        .fairing
        .server()
        .log()
        .iter()
        .map(|logged| format!("{} {}", logged.header("authorization"), logged.path))
        .collect();
    requested.sort();
    let count = requested.len();
    requested.dedup();
    assert_eq!((requested.len(), count), (4, 4), "{requested:?}");
    let database = sandbox.database();
    database.assert_consistent();
    assert_eq!(database.count("fairing_responses"), sandbox.fairing.response_count());
}

#[test]
fn a_conflict_names_the_holder_and_what_to_do() {
    let sandbox = Sandbox::small();
    let holder = sandbox.spawn_held(ONE);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();

    let outcome = sandbox.run(ONE).expect(11);
    for part in [LOCK, host.as_str(), &holder.pid().to_string(), "expires", "tongbu locks"] {
        assert!(outcome.stderr.contains(part), "`{part}` is not in: {}", outcome.stderr);
    }
    let document = sandbox.run(&format!("{ONE} --json")).expect(11).json();
    let error = &document["error"];
    assert_eq!((error["class"].as_str(), error["exit_code"].as_i64()), (Some("busy"), Some(11)), "{document:#}");
    assert_eq!(error["lock"]["name"], LOCK);
    assert_eq!(error["lock"]["pid"], holder.pid());
    assert_eq!(error["lock"]["host"], host.as_str());
    assert_eq!(error["lock"]["locked_by"], format!("{host}-{}", holder.pid()));
    for key in ["locked_at", "renewed_at", "expires_at"] {
        let text = error["lock"][key].as_str().unwrap_or_default();
        assert!(text.parse::<jiff::Timestamp>().is_ok(), "{key} is `{text}`");
    }
    sandbox.fairing.server().clear_faults();
    holder.wait().expect(0);
    sandbox.run(ONE).expect(0);
}

#[test]
fn a_held_lock_can_be_skipped_or_waited_for() {
    let sandbox = Sandbox::small();
    let holder = sandbox.spawn_held(ONE);
    let skipped = sandbox.run(&format!("{ONE} --on-lock skip --json")).expect(0).json();
    assert_eq!(skipped["status"], "skipped", "{skipped:#}");
    assert_eq!(skipped["scopes"][0]["reason"], "locked", "{skipped:#}");
    sandbox.run(&format!("{ONE} --on-lock wait=100ms")).expect(11);

    let mut waiting = sandbox.spawn(&format!("{ONE} --on-lock wait"));
    assert!(!waiting.has_ended());
    sandbox.fairing.server().clear_faults();
    holder.wait().expect(0);
    waiting.wait().expect(0);
    let skips = "sync_scopes WHERE status = 'skipped' AND reason = 'locked'";
    assert!(sandbox.database().count(skips) >= 1, "a skip left no trace");
}

#[test]
fn a_killed_run_is_taken_over_within_a_second() {
    let sandbox = Sandbox::small();
    let usual = Sandbox::small().run(ONE).expect(0).took;
    let killed = sandbox.spawn_held(ONE);
    let pid = killed.pid();
    killed.signal(Signal::KILL);
    assert_eq!(killed.wait().signal, Some(9));
    sandbox.fairing.server().clear_faults();

    let next = sandbox.run(ONE).expect(0);
    assert!(next.took.as_secs_f64() < usual.as_secs_f64() + 1.0, "{:?}, usually {usual:?}", next.took);
    let database = sandbox.database();
    database.assert_consistent();
    let records = database.records();
    assert_eq!(records.iter().map(|record| record.status.as_str()).collect::<Vec<_>>(), ["interrupted", "success"]);
    assert_eq!(records[0].pid, i64::from(pid));
    assert_eq!(database.count("fairing_responses"), ROWS);
    assert_eq!(database.value::<i64>(&format!("SELECT token FROM sync_locks WHERE name = '{LOCK}'")), 2);
}

#[test]
fn replaced_run_writes_nothing_after_it_resumes() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.lock_ttl", "2s");
    let stopped = sandbox.spawn_held(ONE);
    stopped.signal(Signal::STOP);
    sandbox.run(&format!("{ONE} --on-lock wait=30s")).expect(0);
    let content = sandbox.database().content("fairing_responses");

    sandbox.fairing.change("shop-eu", crate::sandbox::fairing::Kind::Responses, |set| set.edit(0..ROWS));
    stopped.signal(Signal::CONT);
    sandbox.fairing.server().clear_faults();
    stopped.wait().expect(13);
    let database = sandbox.database();
    database.assert_consistent();
    assert_eq!(database.content("fairing_responses"), content);
    assert_eq!(database.records()[0].status, "interrupted");
}
