//! What the runs of a day add up to, and how that outlives their records.

use serde_json::{Value, json};

use super::ONE;
use crate::sandbox::Fault;
use crate::support::Sandbox;

fn stats(sandbox: &Sandbox, arguments: &str) -> Value {
    sandbox.run(&format!("records stats --json {arguments}")).expect(0).json()
}

/// The sum of the history and what the records say, by plain SQL.
#[track_caller]
fn check(sandbox: &Sandbox, name: &str, label: &str, records: &str) {
    let database = sandbox.database();
    let sum: i64 = database.value(&format!(
        "SELECT COALESCE(SUM(value), 0) FROM sync_days WHERE sync = 'fairing' AND name = '{name}' AND label = '{label}'"
    ));
    let expected: i64 = database.value(&format!("SELECT {records} FROM sync_records WHERE sync = 'fairing'"));
    assert_eq!(sum, expected, "{name} {label}");
}

#[test]
fn statistics_outlive_the_records_they_are_made_of() {
    let sandbox = Sandbox::small();
    for _ in 0..4 {
        sandbox.run(ONE).expect(0);
    }
    sandbox.fairing.server().always(Fault::Status(500));
    sandbox.run(ONE).expect(5);
    for (name, label, records) in [
        ("statuses", "success", "SUM(CASE status WHEN 'success' THEN run_count END)"),
        ("runs", "unavailable", "SUM(CASE exit_name WHEN 'unavailable' THEN run_count END)"),
        ("rows", "new", "SUM(new)"),
        ("rows", "unchanged", "SUM(unchanged)"),
        ("requests", "", "SUM(request_count)"),
        ("retries", "", "SUM(retry_count)"),
        ("problems", "unavailable", "SUM(json_array_length(error_details))"),
        ("duration_ms", "", "SUM(CASE status WHEN 'success' THEN duration_ms END)"),
    ] {
        check(&sandbox, name, label, records);
    }
    let before = stats(&sandbox, "--since 2d");
    assert_eq!((&before["stats"][0]["run_count"], &before["stats"][0]["success_count"]), (&json!(5), &json!(4)));
    assert_eq!(before["stats"][0]["exits"]["unavailable"], 1, "{before:#}");

    sandbox.run("records prune --older-than 0s --keep 0").expect(0);
    assert_eq!(sandbox.database().count("sync_records"), 2, "the last success and the last failure stay");
    let after = stats(&sandbox, "--since 2d");
    let without_trend = |document: &Value| {
        let mut row = document["stats"][0].clone();
        row["durations_ms"] = Value::Null;
        row
    };
    assert_eq!(without_trend(&after), without_trend(&before));
    let by_day = stats(&sandbox, "--by day");
    assert_eq!(by_day["stats"].as_array().map(Vec::len), Some(1), "{by_day:#}");
    assert_eq!(by_day["stats"][0]["run_count"], 5);
    let by_class = stats(&sandbox, "--by class");
    assert_eq!(by_class["classes"][0]["class"], "unavailable", "{by_class:#}");
    assert_eq!(by_class["classes"][0]["count"], 1);
    for by in ["sync", "day", "week", "class"] {
        let shown = sandbox.run(&format!("records stats --by {by}")).expect(0).stdout;
        assert!(shown.contains('█') && shown.contains("fairing"), "{by}: {shown}");
    }
}

#[test]
fn a_dry_run_and_a_refused_command_line_add_nothing() {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    let days = |sandbox: &Sandbox| sandbox.database().content("sync_days");
    let before = days(&sandbox);
    sandbox.run(&format!("{ONE} --force --dry-run")).expect(0);
    sandbox.run("sync fairing --account nobody").expect(2);
    assert_eq!(days(&sandbox), before);
}
