//! Stamps from a clock that was ahead: none of them decides for ever.

use crate::sandbox::{Fault, Rule};
use crate::support::{Outcome, Sandbox};

const FAIRING: &str = "sync fairing --json --account shop-eu --kind responses";
const TODAY: &str = "sync tasks --window today";
/// Twenty years.
const FAR: &str = "+7300d";

fn answer(sandbox: &Sandbox, body: &'static str) {
    let server = sandbox.fairing.server();
    server.clear_faults();
    server.take_log();
    server.add(Rule::on("/api/responses", Fault::Instead("application/json", body)));
}

/// Since when the last request wants rows; empty where it wants all.
fn requested_since(sandbox: &Sandbox) -> String {
    sandbox.fairing.server().log().last().and_then(|logged| logged.parameter("updated_at_min")).unwrap_or_default()
}

fn warnings(outcome: &Outcome) -> String {
    outcome.json()["warnings"].to_string()
}

#[test]
fn a_row_from_the_future_does_not_hide_what_comes_after_it() {
    const FUTURE: &str = r#"{"data":[{"id":"a","updated_at":"2099-01-01T00:00:00Z"}],"next":null}"#;
    let sandbox = Sandbox::small();
    answer(&sandbox, r#"{"data":[{"id":"a"},{"id":"b"}],"next":null}"#);
    sandbox.run(FAIRING).expect(0);
    answer(&sandbox, FUTURE);
    let outcome = sandbox.run(&format!("{FAIRING} --incremental")).expect(0);
    assert!(warnings(&outcome).contains("`a`") && warnings(&outcome).contains("2099"), "{}", outcome.stdout);
    assert!(!requested_since(&sandbox).is_empty());

    answer(&sandbox, FUTURE);
    let outcome = sandbox.run(&format!("{FAIRING} --incremental")).expect(0);
    let (since, now) = (requested_since(&sandbox), jiff::Timestamp::now().to_string());
    assert!(!since.is_empty() && since < now, "{since} is not before {now}");
    assert_eq!(outcome.count("unchanged"), 1);
    let stored = sandbox.database().value::<String>("SELECT cursor FROM sync_cursors WHERE scope LIKE 'fairing/%'");
    assert!(!stored.contains("2099"), "{stored}");
}

#[test]
fn a_row_that_is_a_little_ahead_moves_the_cursor_to_the_reading_and_warns_of_nothing() {
    let sandbox = Sandbox::small();
    answer(&sandbox, r#"{"data":[{"id":"a"}],"next":null}"#);
    sandbox.run(FAIRING).expect(0);
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(2);
    let body = format!(r#"{{"data":[{{"id":"a","updated_at":"{soon}"}}],"next":null}}"#);
    answer(&sandbox, r#"{"data":[],"next":null}"#);
    sandbox.fairing.server().clear_faults();
    sandbox.fairing.server().add(Rule::on("/api/responses", Fault::Bytes(body.into_bytes())));
    let outcome = sandbox.run(&format!("{FAIRING} --incremental")).expect(0);
    assert_eq!(warnings(&outcome), "[]");
    let stored = sandbox.database().value::<String>("SELECT cursor FROM sync_cursors WHERE scope LIKE 'fairing/%'");
    let cursor: serde_json::Value = serde_json::from_str(&stored).expect("JSON");
    assert!(cursor["updated_at"].as_str().is_some_and(|at| *at < *soon.to_string()), "{stored}");
}

#[test]
fn a_full_read_under_a_clock_that_was_ahead_is_due_again() {
    let sandbox = Sandbox::small();
    sandbox.run_at(FAR, FAIRING).expect(0);
    sandbox.fairing.server().take_log();
    sandbox.run(&format!("{FAIRING} --incremental")).expect(0);
    assert_eq!(requested_since(&sandbox), "", "the last full read was in the future");
    sandbox.run(&format!("{FAIRING} --incremental")).expect(0);
    assert!(!requested_since(&sandbox).is_empty(), "the next one is not due");
}

#[test]
fn a_pause_and_an_interval_end_though_the_clock_was_ahead() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.fairing.server().always(Fault::throttled("3600"));
    sandbox.run_at(FAR, FAIRING).expect(5);
    sandbox.fairing.server().clear_faults();
    assert_eq!(sandbox.run(FAIRING).expect(0).json()["status"], "success", "the pause was from the future");
    // A pause that is from the present holds.
    sandbox.fairing.server().always(Fault::throttled("3600"));
    sandbox.run(&format!("{FAIRING} --force")).expect(5);
    sandbox.fairing.server().clear_faults();
    assert_eq!(sandbox.run(FAIRING).expect(0).json()["status"], "skipped");

    sandbox.run_at(FAR, &format!("{FAIRING} --force")).expect(0);
    assert_eq!(sandbox.run(FAIRING).expect(0).json()["status"], "success", "the last success was in the future");
    assert_eq!(sandbox.run(FAIRING).expect(0).json()["status"], "skipped", "an hour is not over");
}

#[test]
fn films_are_due_again_though_the_clock_was_ahead() {
    let sandbox = Sandbox::small();
    sandbox
        .douban
        .change(|catalogue| catalogue.films.iter_mut().for_each(|film| film.page = crate::sandbox::douban::Page::Gone));
    sandbox.run_at(FAR, "sync douban --json").expect(0);
    let pages = || sandbox.douban.server().count("/subject/");
    let first = pages();
    sandbox.run("sync douban --json").expect(0);
    assert_eq!(pages(), 2 * first, "what was gone in the future is looked for again");
    sandbox.run("sync douban --json").expect(0);
    assert_eq!(pages(), 2 * first, "what is gone now is not");
}

#[test]
fn a_success_in_the_future_is_stale() {
    let sandbox = Sandbox::small();
    sandbox.run(TODAY).expect(0);
    sandbox.run("status --max-age tasks/today=1h").expect(0);
    sandbox.run_at(FAR, TODAY).expect(0);
    sandbox.run("status --max-age tasks/today=1h").expect(14);
    sandbox.run(TODAY).expect(0);
    sandbox.run("status --max-age tasks/today=1h").expect(0);
}

#[test]
fn a_run_under_a_clock_that_jumped_prunes_no_record() {
    let sandbox = Sandbox::small();
    for _ in 0..12 {
        sandbox.run(TODAY).expect(0);
    }
    let count = || sandbox.database().count("sync_records");
    sandbox.run_at("+400d", TODAY).expect(0);
    assert_eq!(count(), 13);
    sandbox.run_at("+400d", "records prune").expect(0);
    assert_eq!(count(), 13, "the newest stay whatever their age");
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("the database is there");
    let copies =
        "INSERT INTO sync_records (sync, sync_type, trigger_type, status, start_time, end_time, trace_id, host,
                                            pid, version, created_at, updated_at)
                  SELECT sync, sync_type, trigger_type, status, start_time, end_time, trace_id, host, pid, version,
                         created_at, updated_at
                  FROM sync_records";
    for _ in 0..3 {
        database.execute(copies, []).expect("records can be copied");
    }
    drop(database);
    assert_eq!(count(), 104);
    sandbox.run(TODAY).expect(0);
    sandbox.run_at("+400d", TODAY).expect(0);
    assert_eq!(count(), 106, "one run's clock makes nothing old");
    let pruned = sandbox.run_at("+400d", "records prune --dry-run --json").expect(0).json()["pruned"].as_u64();
    assert!(pruned.is_some_and(|pruned| (45..=56).contains(&pruned)), "{pruned:?}");
    assert_eq!(sandbox.run("records prune --keep 20 --json").expect(0).json()["pruned"], 86);
}

#[test]
fn a_delivered_event_outlives_one_run_whose_clock_was_ahead() {
    let sandbox = Sandbox::small();
    let event = r#"{"type":"user.created","user_id":7,"username":"g"}"#;
    sandbox.spawn_fed("users emit -", event).wait().expect(0);
    sandbox.run("sync users").expect(0);
    sandbox.run_at("+400d", "sync users").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.database().count("user_events"), 1, "it is some seconds old");
    // A clock that goes on from there makes it old.
    sandbox.run_at("+30d", "sync users").expect(0);
    sandbox.run_at("+31d", "sync users").expect(0);
    assert_eq!(sandbox.database().count("user_events"), 0);
}
