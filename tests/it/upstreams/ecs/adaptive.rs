//! Regions where nothing changed for long are looked at less often.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

const INCREMENTAL: &str = "sync ecs --incremental --json";

/// A sandbox whose regions have had enough passes, and whose last change is that many days ago.
fn quiet(days: u32) -> Sandbox {
    let sandbox = Sandbox::small();
    for _ in 0..4 {
        sandbox.run(INCREMENTAL).expect(0);
    }
    edit(&sandbox, &format!("last_changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{days} days')"));
    sandbox
}

fn edit(sandbox: &Sandbox, set: &str) {
    let connection = Connection::open(sandbox.home.database()).expect("the database");
    let sql = format!("UPDATE sync_cursors SET {set} WHERE scope LIKE 'ecs/%'");
    assert!(connection.execute(&sql, []).expect("an update") > 1);
}

fn reasons(document: &Value) -> Vec<&Value> {
    document["scopes"].as_array().expect("scopes").iter().map(|scope| &scope["reason"]).collect()
}

/// Where a pass was not due.
fn skipped(sandbox: &Sandbox, arguments: &str) -> usize {
    let document = sandbox.run(arguments).expect(0).json();
    reasons(&document).iter().filter(|reason| ***reason == json!("adaptive")).count()
}

#[test]
fn every_region_is_looked_at_each_time_by_default() {
    let sandbox = quiet(9);
    let document = sandbox.run(INCREMENTAL).expect(0).json();
    assert!(document["request_count"].as_u64() > Some(1), "{document:#}");
    assert_eq!((&document["requests_saved"], &document["status"]), (&json!(0), &json!("success")), "{document:#}");
    assert!(skipped(&sandbox, &format!("{INCREMENTAL} --adaptive")) > 1);
}

#[test]
fn quiet_regions_are_left_alone_and_people_see_why() {
    let mut sandbox = quiet(9);
    sandbox.home.set("ecs.adaptive", true);
    let before = sandbox.run(INCREMENTAL).expect(0).json();
    let document = sandbox.run(INCREMENTAL).expect(0).json();
    assert!(reasons(&document).iter().all(|reason| **reason == "adaptive"), "{document:#}");
    assert_eq!(before["requests_saved"], document["requests_saved"], "{document:#}");
    assert!(document["requests_saved"].as_u64() > Some(1), "{document:#}");
    let scope = &document["scopes"][0];
    assert!(scope["until"].is_string() && scope["note"] == "nothing changed there for 9days", "{scope:#}");
    // The runs that did nothing are one record; what they saved adds up.
    let record = sandbox.run("records list --sync ecs --json").expect(0).json()["records"][0].clone();
    assert_eq!(record["requests_saved"].as_u64(), document["requests_saved"].as_u64().map(|saved| 2 * saved));
    let row = sandbox.run("status --json").expect(0).json()["syncs"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["sync"] == "ecs").cloned())
        .expect("a row");
    let first =
        row["quiet_scopes"].as_array().and_then(|scopes| scopes.iter().map(|scope| scope["next_due"].as_str()).min());
    assert_eq!(row["next_due"].as_str(), first.flatten(), "{row:#}");
    assert!(sandbox.run("status").expect(0).stdout.contains("quiet"));
    let shown = sandbox.run("sync ecs --incremental").expect(0).stdout;
    assert!(shown.contains("quiet for long, until") && shown.contains("nothing changed there for"), "{shown}");
    let record = sandbox.run("records show last").expect(0).stdout;
    assert!(record.contains("quiet for long"), "{record}");

    // What a person names, and the daily full pass, look at every region.
    for arguments in [
        "sync ecs --json".to_owned(),
        format!("{INCREMENTAL} --force"),
        format!("{INCREMENTAL} --no-adaptive"),
        format!("{INCREMENTAL} --adaptive --no-adaptive"),
        format!("{INCREMENTAL} --account prod --regions cn-beijing"),
        "sync ecs --status-only --json".to_owned(),
    ] {
        assert_eq!(skipped(&sandbox, &arguments), 0, "{arguments}");
    }
    assert!(skipped(&sandbox, &format!("{INCREMENTAL} --no-adaptive --adaptive")) > 1);
    sandbox.run("sync ecs --adaptive").expect(2);
}

#[test]
fn a_region_is_looked_at_soon_after_a_change_a_failure_or_a_pass_that_died() {
    let mut sandbox = quiet(0);
    sandbox.home.set("ecs.adaptive", true);
    assert_eq!(skipped(&sandbox, INCREMENTAL), 0, "changed now");

    edit(&sandbox, "last_changed_at = '2020-01-01T00:00:00.000Z'");
    let all = skipped(&sandbox, INCREMENTAL);
    assert!(all > 1);
    // A full pass fails in one region: this one is due again, though its last success is young.
    sandbox.ecs.server().always(Fault::Status(500));
    sandbox.run("sync ecs --json").expect(5);
    sandbox.ecs.server().clear_faults();
    assert_eq!(skipped(&sandbox, INCREMENTAL), 0, "failed");
    assert_eq!(skipped(&sandbox, INCREMENTAL), all, "well again");

    edit(&sandbox, "success_count = 3");
    assert_eq!(skipped(&sandbox, INCREMENTAL), 0, "new");
    assert_eq!(skipped(&sandbox, INCREMENTAL), all, "known");
    // The clock was set back.
    edit(&sandbox, "last_success_at = '2099-01-01T00:00:00.000Z'");
    assert_eq!(skipped(&sandbox, INCREMENTAL), 0, "a success in the future");
}

#[test]
fn bounds_in_the_wrong_order_are_refused() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("ecs.min_interval", "7h");
    let outcome = sandbox.run("config check").expect(4);
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(shown.contains("`ecs.min_interval`: must not be longer than `max_interval`"), "{shown}");
    sandbox.home.set("ecs.max_interval", "25h");
    sandbox.run("config check").expect(4);
}

#[test]
fn a_pass_that_died_or_saw_rows_in_transition_brings_a_region_back() {
    let mut sandbox = quiet(9);
    sandbox.home.set("ecs.adaptive", true);
    let all = skipped(&sandbox, INCREMENTAL);
    assert!(all > 1);

    sandbox.ecs.server().add(Rule::on("/", Fault::Hold).mentioning("cn-beijing").mentioning("DescribeInstances"));
    let running = sandbox.spawn("sync ecs");
    crate::support::poll("the region to be held", || {
        sandbox.database().count("sync_scopes WHERE scope = 'ecs/prod/cn-beijing' AND status = 'running'") == 1
    });
    running.signal(rustix::process::Signal::KILL);
    running.wait();
    sandbox.ecs.server().clear_faults();
    // The next run finds out that it died.
    sandbox.run("sync ecs --status-only").expect(0);
    let unsettled = sandbox.database().texts("SELECT scope FROM sync_cursors WHERE is_unsettled = 1");
    assert!(unsettled.contains(&"ecs/prod/cn-beijing".to_owned()), "{unsettled:?}");
    assert!(skipped(&sandbox, INCREMENTAL) < all);
    assert_eq!(skipped(&sandbox, INCREMENTAL), all);

    // A machine that starts is a change, and keeps its region in every pass until it has started.
    sandbox.ecs.change("cn-beijing", |region| region.machine(0).status = "Starting");
    sandbox.run("sync ecs").expect(0);
    edit(&sandbox, "last_changed_at = '2020-01-01T00:00:00.000Z'");
    for _ in 0..2 {
        assert_eq!(skipped(&sandbox, INCREMENTAL), all - 1);
    }
    sandbox.ecs.change("cn-beijing", |region| region.machine(0).status = "Running");
    assert_eq!(skipped(&sandbox, INCREMENTAL), all - 1);
    edit(&sandbox, "last_changed_at = '2020-01-01T00:00:00.000Z'");
    assert_eq!(skipped(&sandbox, INCREMENTAL), all);
}

#[test]
fn a_change_that_a_failing_pass_saved_counts() {
    let mut sandbox = quiet(9);
    sandbox.home.set("ecs.adaptive", true);
    let all = skipped(&sandbox, INCREMENTAL);
    sandbox.ecs.change("cn-beijing", |region| {
        "renamed".clone_into(&mut region.machine(0).name);
        region.machines.truncate(1);
    });
    // The change is stored, the deletion of eleven is withheld, and the scope fails.
    sandbox.run("sync ecs").expect(8);
    let changed = "sync_cursors WHERE scope = 'ecs/prod/cn-beijing' AND is_unsettled = 1
                   AND last_changed_at > last_success_at";
    assert_eq!(sandbox.database().count(changed), 1);
    let document = sandbox.run(INCREMENTAL).expect(8).json();
    assert_eq!(reasons(&document).iter().filter(|reason| ***reason == json!("adaptive")).count(), all - 1);
}
