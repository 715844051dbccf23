//! How often and when a request is tried again, and what the record says of it.

use serde_json::Value;

use super::HISTORICAL;
use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

#[test]
fn a_failing_page_is_tried_again_on_schedule_and_the_record_counts_it() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("http.retries", 1);
    sandbox.home.set("tasks.http.retries", 3);
    sandbox.home.set("tasks.http.backoff", "125ms");
    sandbox.home.set("tasks.http.backoff_cap", "1s");
    sandbox.tasks.server().add(Rule::on("/task/list", Fault::Status(503)).times(3));
    let outcome = sandbox.run(&format!("{HISTORICAL} --json --log-file tongbu.jsonl")).expect(0);
    assert_eq!(outcome.json()["retries"], 3);

    let record = sandbox.run("records show 1 --json").expect(0).json()["record"].clone();
    assert_eq!((&record["retry_count"], &record["max_retries"]), (&3.into(), &3.into()), "{record:#}");
    let log = sandbox.run("records show 1 --log --json --log-file tongbu.jsonl").expect(0).json()["log"].clone();
    let retries: Vec<&Value> = log.as_array().into_iter().flatten().filter(|line| !line["wait_ms"].is_null()).collect();
    let waits: Vec<&Value> = retries.iter().map(|line| &line["wait_ms"]).collect();
    assert_eq!(waits, [125, 250, 500], "{log:#}");
    assert!(retries.iter().all(|line| line["error"].as_str().is_some_and(|error| error.contains("503"))), "{log:#}");
}

#[test]
fn the_record_says_how_often_its_own_upstream_may_try() {
    let mut sandbox = Sandbox::small();
    let allowed = [("fairing", 4), ("douban", 5), ("tasks", 6), ("ecs", 7)];
    for (name, retries) in allowed {
        sandbox.home.set(&format!("{name}.http.retries"), retries);
    }
    sandbox.run("sync all").expect(0);
    for (name, retries) in allowed {
        let sql = format!("SELECT DISTINCT max_retries FROM sync_records WHERE sync = '{name}'");
        assert_eq!(sandbox.database().value::<i64>(&sql), retries, "{name}");
    }
}
