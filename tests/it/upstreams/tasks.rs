//! Tasks: what a pass over a window brings over, and what it never calls a success.

mod login;
mod matches;
mod packages;
mod retries;

use std::fmt::Write as _;

use serde_json::Value;

use crate::sandbox::{Fault, Rule, Tasks};
use crate::support::{Outcome, Sandbox};

const HISTORICAL: &str = "sync tasks --window historical";
const TODAY: &str = "sync tasks --window today";

impl Sandbox {
    /// Imports packages of these codes.
    fn import(&self, codes: &[&str]) -> Outcome {
        let mut csv = "编码,有效数\n".to_owned();
        for code in codes {
            writeln!(csv, "{code},100").expect("a string takes it");
        }
        std::fs::write(self.home.path().join("packages.csv"), csv).expect("the home can be written");
        self.run("packages import packages.csv --json").expect(0)
    }

    fn stored_count(&self) -> u64 {
        self.database().count("tasks")
    }
}

/// Total, new, updated, unchanged, matched, pending, idle, failed.
#[track_caller]
fn check_counts(outcome: &Outcome, expected: [u64; 8]) {
    let names = ["total", "new", "updated", "unchanged", "matched", "pending", "idle", "failed"];
    assert_eq!(names.map(|name| outcome.count(name)), expected, "{}", outcome.stdout);
}

#[track_caller]
fn status(outcome: &Outcome) -> Value {
    outcome.json()["status"].clone()
}

#[test]
fn each_window_brings_its_own_tasks() {
    let sandbox = Sandbox::small();
    check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 85, 0, 0, 0, 85, 0, 0]);
    check_counts(&sandbox.run(&format!("{TODAY} --json")).expect(0), [12, 12, 0, 0, 0, 12, 0, 0]);
    assert_eq!(sandbox.stored_count(), Tasks::HISTORICAL + Tasks::TODAY);

    sandbox.tasks.change(|tasks| tasks[3].called += 1);
    check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 0, 1, 84, 0, 85, 0, 0]);
    check_counts(&sandbox.run(&format!("{TODAY} --json")).expect(0), [12, 0, 0, 12, 0, 12, 0, 0]);

    let log = sandbox.tasks.server().log();
    let (from, to) = (log[1].parameter("startTime"), log[1].parameter("endTime"));
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    assert!(from.ends_with(" 00:00:00") && to.ends_with(" 23:59:59"), "{from} {to}");
    let days = |text: &str| text[..10].parse::<jiff::civil::Date>().expect("a date");
    assert_eq!((days(&to) - days(&from)).get_days(), 2);
}

#[test]
fn the_windows_run_side_by_side_and_each_only_once() {
    let sandbox = Sandbox::small();
    let server = sandbox.tasks.server();
    server.add(Rule::on("/", Fault::Hold).times(1));
    let mut first = sandbox.spawn(HISTORICAL);
    first.await_requests(server, 1);

    let locked = sandbox.run(&format!("{HISTORICAL} --json")).expect(11).json();
    assert_eq!(locked["error"]["lock"]["name"], "tasks/historical", "{locked:#}");
    assert_eq!(locked["error"]["lock"]["pid"], first.pid());
    for when in ["locked_at", "renewed_at", "expires_at"] {
        assert!(locked["error"]["lock"][when].as_str().is_some_and(|at| at.contains('T')), "{when}: {locked:#}");
    }
    let told = sandbox.run(HISTORICAL).expect(11).said();
    for words in [format!("pid {}", first.pid()), " since ".to_owned(), "expires by itself".to_owned()] {
        assert!(told.contains(&words), "{words}: {told}");
    }
    assert_eq!(sandbox.run(&format!("{TODAY} --json")).expect(0).count("new"), Tasks::TODAY);
    assert!(!first.has_ended());

    server.clear_faults();
    first.wait().expect(0);
    sandbox.database().assert_consistent();
    assert_eq!(sandbox.stored_count(), Tasks::HISTORICAL + Tasks::TODAY);
}

#[test]
fn failing_page_is_a_failure_and_not_the_last_page() {
    for (fault, code) in [(Fault::Status(500), 5), (Fault::html(), 7), (Fault::wrong_types(), 7)] {
        let sandbox = Sandbox::small();
        sandbox.tasks.server().add(Rule::on("/task/list", fault.clone()).after(1));
        let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(code);
        assert_eq!(status(&outcome), "failed", "{fault:?}");
        // What came is stored; the rest is not said to be gone.
        assert_eq!((outcome.count("new"), sandbox.stored_count()), (40, 40), "{fault:?}");
        let successes = "sync_cursors WHERE scope = 'tasks/historical' AND last_success_at IS NOT NULL";
        assert_eq!(sandbox.database().count(successes), 0);

        sandbox.tasks.server().clear_faults();
        check_counts(&sandbox.run(&format!("{HISTORICAL} --json")).expect(0), [85, 45, 0, 40, 0, 85, 0, 0]);
        assert_eq!(sandbox.database().count(successes), 1);
    }
}

#[test]
fn count_that_differs_from_the_upstreams_total_is_partial() {
    for offset in [1, -1, 1000] {
        let sandbox = Sandbox::small();
        sandbox.tasks.style(|style| style.total_offset = offset);
        let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(3);
        assert_eq!(status(&outcome), "partial");
        let document = outcome.json();
        assert_eq!(document["problems"][0]["class"], "contract", "{document:#}");
        assert_eq!(document["scopes"][0]["status"], "partial");
        assert_eq!(outcome.count("failed"), 0);
        assert_eq!(outcome.count("new"), outcome.count("total"));
    }
}

#[test]
fn totals_that_differ_between_pages_are_read_again() {
    // Task 1 goes after the first page: task 3 moves to a page that was read, and the counts meet by chance.
    const DRIFTED: [&str; 2] = [
        r#"{"code":200,"data":{"data":[{"id":1,"name":"a"},{"id":2,"name":"b"}],"totalCount":4}}"#,
        r#"{"code":200,"data":{"data":[{"id":4,"name":"d"}],"totalCount":3}}"#,
    ];
    const STEADY: [&str; 2] = [
        r#"{"code":200,"data":{"data":[{"id":2,"name":"b"},{"id":3,"name":"c"}],"totalCount":3}}"#,
        r#"{"code":200,"data":{"data":[{"id":4,"name":"d"}],"totalCount":3}}"#,
    ];
    for (bodies, code, stored) in [([DRIFTED, STEADY].concat(), 0, 4), ([DRIFTED, DRIFTED].concat(), 3, 3)] {
        let sandbox = Sandbox::small();
        for body in bodies {
            sandbox.tasks.server().add(Rule::on("/task/list", Fault::Instead("application/json", body)).times(1));
        }
        let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(code);
        assert_eq!((sandbox.stored_count(), outcome.count("total")), (stored, stored), "{}", outcome.stdout);
        assert_eq!(sandbox.tasks.server().count("/task/list"), 4);
    }
}

#[test]
fn task_on_two_pages_counts_once_with_its_latest_values() {
    let sandbox = Sandbox::small();
    sandbox.tasks.change(|tasks| {
        tasks[50].id = tasks[2].id.clone();
        tasks[50].name = "renamed".into();
    });
    sandbox.tasks.style(|style| style.total_offset = -1);
    let mut stored = Vec::new();
    for expected in [[84, 84, 0, 0, 0, 84, 0, 0], [84, 0, 0, 84, 0, 84, 0, 0]] {
        let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(0);
        check_counts(&outcome, expected);
        assert!(outcome.json()["warnings"].to_string().contains("`20002`"), "{}", outcome.stdout);
        assert_eq!(sandbox.database().value::<String>("SELECT name FROM tasks WHERE id = '20002'"), "renamed");
        let content = ["tasks", "task_matches"].map(|table| sandbox.database().content(table));
        assert!(stored.is_empty() || stored == content, "the second pass changed something");
        stored = content.to_vec();
    }
    assert_eq!(sandbox.stored_count(), 84);
}

#[test]
fn a_row_that_cannot_be_stored_fails_alone_under_its_own_names() {
    let sandbox = Sandbox::small();
    sandbox.tasks.change(|tasks| {
        tasks[2].name = 7.into();
        tasks[50].id = Value::Null;
    });
    let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(3);
    check_counts(&outcome, [85, 83, 0, 0, 0, 83, 0, 2]);
    let details = sandbox.database().value::<String>("SELECT error_details FROM sync_records");
    let details: Vec<Value> = serde_json::from_str(&details).expect("a list");
    assert_eq!((&details[0]["task_id"], &details[0]["task_name"]), (&"20002".into(), &Value::Null), "{details:?}");
    assert!(details.iter().all(|problem| problem["error"].is_string() && problem["class"] == "contract"));
    assert_eq!(details[1]["task_id"], Value::Null);
    assert!(details[1]["task_name"].is_string(), "{details:?}");
}

#[test]
fn a_batch_that_fails_is_saved_row_by_row_and_touches_no_other() {
    let sandbox = Sandbox::small();
    sandbox.run(TODAY).expect(0);
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("the database is there");
    let trigger = "CREATE TRIGGER no_seven BEFORE INSERT ON tasks WHEN NEW.id = '20007'
                   BEGIN SELECT RAISE(ABORT, 'seven is refused'); END";
    database.execute_batch(trigger).expect("a trigger can be made");
    let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(3);
    check_counts(&outcome, [85, 84, 0, 0, 0, 84, 0, 1]);
    let problem = outcome.json()["problems"][0].clone();
    assert_eq!(problem["task_id"], "20007", "{problem:#}");
    assert!(problem["error"].as_str().is_some_and(|error| error.contains("seven is refused")), "{problem:#}");
    assert_eq!(sandbox.stored_count(), 84 + Tasks::TODAY);
}

#[test]
fn a_repair_reads_other_days_a_week_at_a_time() {
    let sandbox = Sandbox::small();
    let yesterday = Sandbox::day(-1);
    let outcome = sandbox.run(&format!("{HISTORICAL} --from {} --to {yesterday} --json", Sandbox::day(-15)));
    assert_eq!(outcome.expect(0).count("new"), Tasks::HISTORICAL);
    let starts: Vec<_> =
        sandbox.tasks.server().log().iter().filter_map(|logged| logged.parameter("startTime")).collect();
    assert_eq!(starts.len(), 1 + 1 + 3, "two empty or short weeks and the one with every task: {starts:?}");
    assert_eq!(sandbox.database().count("sync_cursors WHERE scope = 'tasks/historical'"), 0);

    for wrong in [
        "--from 2025-10-01",
        "--from 2025-10-01T10:00:00 --to 2025-10-07",
        "--from 2025-10-07 --to 2025-10-01",
        "--from 2999-01-01 --to 2999-01-02",
    ] {
        sandbox.run(&format!("{HISTORICAL} {wrong}")).expect(2);
    }
    sandbox.run("sync tasks").expect(2);
}

#[test]
fn sync_all_covers_both_windows_in_both_languages() {
    let sandbox = Sandbox::small();
    let all = sandbox.run("sync all --json").expect(0).json();
    let types: Vec<_> = all["runs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|run| run["sync"] == "tasks")
        .map(|run| &run["sync_type"])
        .collect();
    assert_eq!(types, ["historical", "today"], "{all:#}");

    sandbox.tasks.server().add(Rule::on("/task/list", Fault::Status(500)));
    sandbox.run("sync tasks --window today --trigger manual").expect(5);
    let list = |flags: &str| sandbox.run(&format!("records list --lang zh --json {flags}")).expect(0).json();
    let historical = list("--window historical");
    assert_eq!((&historical["total"], &historical["records"][0]["sync_type_label"]), (&1.into(), &"历史数据".into()));
    assert_eq!(historical["records"][0]["status_label"], "成功");
    assert_eq!(historical["records"][0]["trigger_type_label"], "自动");
    let today = list("--window today --failed");
    assert_eq!((&today["total"], &today["records"][0]["sync_type_label"]), (&1.into(), &"今日数据".into()));
    assert_eq!(today["records"][0]["status_label"], "失败");
    assert_eq!(today["records"][0]["trigger_type_label"], "手动");
}

impl Sandbox {
    /// A day this many days from today, in the sandbox's zone.
    fn day(days: i64) -> jiff::civil::Date {
        let today = jiff::Timestamp::now().in_tz("Asia/Shanghai").expect("a zone that is built in").date();
        today.checked_add(jiff::Span::new().days(days)).expect("a day this side of the year 9999")
    }
}
