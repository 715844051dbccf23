//! The page of `report`: its numbers against plain SQL, and how a browser shows it.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::lifecycle::places::skip;
use crate::sandbox::Fault;
use crate::support::{Sandbox, run_python};

const BROWSER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser.py");
const SCREENSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/browser");

/// A sandbox in which everything has run, and some of it failed.
fn used() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.run("sync all --force");
    sandbox.run("sync ecs").expect(0);
    sandbox.fairing.server().always(Fault::Status(500));
    sandbox.run("sync fairing").expect(5);
    sandbox.fairing.server().clear_faults();
    sandbox
}

fn write(sandbox: &Sandbox, sql: &str) {
    let connection = Connection::open(sandbox.home.database()).expect("the database");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// Instances that came, went, came back and changed in the last ten days.
fn past(sandbox: &Sandbox) {
    write(
        sandbox,
        "UPDATE ecs_instances SET first_seen_at = strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-8 days');
         UPDATE ecs_instances SET first_seen_at = strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-4 days')
         WHERE rowid IN (SELECT rowid FROM ecs_instances ORDER BY instance_id LIMIT 9);
         DELETE FROM ecs_changes;
         UPDATE ecs_instances SET deleted_at = strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-2 days')
         WHERE rowid IN (SELECT rowid FROM ecs_instances ORDER BY instance_id LIMIT 3);
         UPDATE ecs_instances SET expired_at = strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '+5 days')
         WHERE rowid IN (SELECT rowid FROM ecs_instances ORDER BY instance_id DESC LIMIT 4);
         INSERT INTO ecs_changes (record, account, region, instance, kind, at)
         SELECT 1, account, region, instance_id, 'deleted', deleted_at FROM ecs_instances WHERE deleted_at IS NOT NULL;
         INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
         SELECT 1, account, region, instance_id, 'updated', 'status', 'pending', status,
                strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '-3 days')
         FROM ecs_instances ORDER BY instance_id DESC LIMIT 7;",
    );
}

/// The report's document, for looking up numbers by section and key.
struct Document(Value);

impl Document {
    fn load(sandbox: &Sandbox, since: &str) -> Self {
        Self(sandbox.run(&format!("report --json --since {since}")).expect(0).json())
    }

    #[track_caller]
    fn find(&self, section: &str, kind: &str, key: &str) -> &Value {
        let all = self.0["sections"].as_array().expect("sections");
        let found = all.iter().find(|known| known["key"] == section);
        let section = found.unwrap_or_else(|| panic!("no section {section} in {:#}", self.0));
        let found = section[kind].as_array().expect("a list").iter().find(|known| known["key"] == key);
        found.unwrap_or_else(|| panic!("no {key} in {section:#}"))
    }

    #[track_caller]
    fn fact(&self, section: &str, key: &str) -> f64 {
        self.find(section, "facts", key)["value"].as_f64().expect("a number")
    }

    #[track_caller]
    fn series(&self, section: &str, chart: &str, key: &str) -> Vec<Option<f64>> {
        let series = self.find(section, "charts", chart)["series"].as_array().expect("series");
        let found = series.iter().find(|known| known["key"] == key);
        let found = found.unwrap_or_else(|| panic!("no {key} in {series:#?}"));
        found["values"].as_array().expect("values").iter().map(Value::as_f64).collect()
    }

    #[track_caller]
    fn total(&self, section: &str, chart: &str, key: &str) -> f64 {
        self.series(section, chart, key).into_iter().flatten().sum()
    }
}

#[track_caller]
fn check(sandbox: &Sandbox, name: &str, found: f64, sql: &str) {
    let expected: f64 =
        sandbox.database().value::<Option<f64>>(&format!("SELECT CAST(({sql}) AS REAL)")).unwrap_or(0.0);
    assert!((found - expected).abs() < 1e-6, "{name}: {found}, and {expected} by {sql}");
}

#[test]
fn numbers_of_runs_are_those_of_plain_sql() {
    let sandbox = used();
    let document = Document::load(&sandbox, "3d");
    let counted = "FROM sync_records WHERE status NOT IN ('skipped', 'running')";
    let fact = |section: &str, key: &str, sql: &str| check(&sandbox, key, document.fact(section, key), sql);
    fact("runs", "run_count", &format!("SELECT SUM(run_count) {counted}"));
    fact(
        "runs",
        "success_rate",
        &format!("SELECT SUM(CASE status WHEN 'success' THEN run_count ELSE 0.0 END) / SUM(run_count) {counted}"),
    );
    fact("requests", "request_count", "SELECT SUM(request_count) FROM sync_records");
    fact("requests", "retry_count", "SELECT SUM(retry_count) FROM sync_records");
    fact("matches", "matched", "SELECT SUM(matched) FROM sync_records");
    fact("matches", "pending", "SELECT SUM(pending) FROM sync_records");
    fact("matches", "match_rate", "SELECT 1.0 * SUM(matched) / SUM(matched + pending) FROM sync_records");
    fact(
        "problems",
        "unavailable",
        "SELECT COUNT(*) FROM sync_records, json_each(error_details) WHERE json_extract(value, '$.class') = 'unavailable'",
    );
    for status in ["success", "failed"] {
        let sql = format!("SELECT SUM(run_count) FROM sync_records WHERE status = '{status}'");
        check(&sandbox, status, document.total("runs", "statuses", status), &sql);
    }
    for (sync, sync_type, chart) in
        [("fairing", "fairing", "fairing"), ("tasks", "historical", "tasks/historical"), ("ecs", "ecs", "ecs")]
    {
        let of = format!("FROM sync_records WHERE sync = '{sync}' AND sync_type = '{sync_type}'");
        check(&sandbox, chart, document.total("rows", chart, "new"), &format!("SELECT SUM(new) {of}"));
        let requests = document.total("requests", "requests", chart);
        check(&sandbox, chart, requests, &format!("SELECT SUM(request_count) {of}"));
        let median = document.series("runs", "duration_p50", chart).into_iter().flatten().next_back();
        let exact: f64 = sandbox.database().value(&format!(
            "SELECT duration_ms / 1000.0 {of} AND status IN ('success', 'partial') ORDER BY duration_ms
             LIMIT 1 OFFSET (SELECT (COUNT(*) - 1) / 2 {of} AND status IN ('success', 'partial'))"
        ));
        let median = median.expect("a duration");
        assert!((median - exact).abs() <= exact / 20.0 + 0.001, "{chart}: {median}, and {exact}");
    }
    check(&sandbox, "failing", document.fact("health", "bad"), "1");
}

#[test]
fn numbers_of_upstreams_are_those_of_plain_sql() {
    let sandbox = used();
    past(&sandbox);
    let document = Document::load(&sandbox, "9d");
    let fact = |section: &str, key: &str, sql: &str| check(&sandbox, key, document.fact(section, key), sql);
    let live = "FROM ecs_instances WHERE deleted_at IS NULL";
    fact("instances", "instances", &format!("SELECT COUNT(*) {live}"));
    fact("instances", "running", &format!("SELECT COUNT(*) {live} AND status = 'running'"));
    fact("instances", "stopped", &format!("SELECT COUNT(*) {live} AND status = 'stopped'"));
    fact("instances", "vcpus", &format!("SELECT SUM(cpu_count) {live}"));
    fact("instances", "memory_gib", &format!("SELECT SUM(memory_mib) / 1024.0 {live}"));
    fact(
        "instances",
        "disk_gib",
        "SELECT SUM(json_extract(value, '$.size_gib')) FROM ecs_instances, json_each(data_disks) WHERE deleted_at IS NULL",
    );
    fact("instances", "public_ips", &format!("SELECT COUNT(*) {live} AND COALESCE(public_ip, elastic_ip, '') <> ''"));
    fact("instances", "deleted", "SELECT COUNT(*) FROM ecs_instances WHERE deleted_at IS NOT NULL");
    fact("churn", "changes", "SELECT COUNT(*) FROM ecs_changes");
    fact("churn", "median_lifetime", "2 * 86400");
    fact(
        "age",
        "under_a_year",
        &format!(
            "SELECT COUNT(*) {live} AND julianday('now') - julianday(COALESCE(created_at, first_seen_at)) BETWEEN 90 AND 365"
        ),
    );
    fact("expiring", "within_7_days", "4");
    // The instances at the end of each of the days, in the sandbox's zone, by one dimension after the other.
    let slots = document.0["slots"].as_array().expect("slots").clone();
    let region: String = sandbox.database().value("SELECT region FROM ecs_instances ORDER BY instance_id LIMIT 1");
    for (chart, key, is_it) in [
        ("region", region.as_str(), format!("region = '{region}'")),
        ("provider", "aliyun", "provider = 'aliyun'".to_owned()),
    ] {
        let series = document.series("instances", chart, key);
        for (slot, value) in slots.iter().zip(series) {
            let end = format!("datetime({}, '+1 day', 'utc')", slot["last"]).replace('"', "'");
            let sql = format!(
                "SELECT COUNT(*) FROM ecs_instances WHERE {is_it} AND datetime(first_seen_at) < {end}
                 AND (deleted_at IS NULL OR datetime(deleted_at) >= {end})"
            );
            check(&sandbox, &format!("{chart} {slot}"), value.unwrap_or(0.0), &sql);
        }
    }
    let pending = document.series("instances", "status", "pending");
    assert!(pending.iter().flatten().any(|count| *count >= 7.0), "{pending:?}");
    for (key, sql) in [
        ("open", "SELECT COUNT(*) FROM user_deliveries WHERE finished_at IS NULL AND target = "),
        ("dead", "SELECT COUNT(*) FROM user_deliveries WHERE state = 'dead' AND target = "),
        ("delivered", "SELECT COUNT(*) FROM user_deliveries WHERE state = 'delivered' AND target = "),
    ] {
        let lines = document.find("users", "lists", "targets")["rows"].as_array().expect("rows").clone();
        for line in lines {
            let found = line[key].as_f64().expect("a count");
            check(&sandbox, key, found, &format!("{sql}'{}'", line["target"].as_str().expect("a name")));
        }
    }
    fact("films", "rated", "SELECT COUNT(rating) FROM videos WHERE deleted_at IS NULL");
    fact("films", "mean_rating", "SELECT AVG(rating) FROM videos WHERE deleted_at IS NULL");
}

#[test]
fn a_report_is_there_before_any_run() {
    let sandbox = Sandbox::small();
    let said = sandbox.run("report").expect(0);
    assert!(said.stdout.contains("sync all"), "{}", said.stdout);
    let document = sandbox.run("report --json").expect(0).json();
    assert_eq!(document["schema"], "tongbu.report/1", "{document:#}");
    let file = sandbox.home.path().join("report.html");
    sandbox.run(&format!("report --html {}", file.display())).expect(0);
    assert!(std::fs::read_to_string(file).expect("a page").contains("never ran"));
    sandbox.run("report --html /nowhere/report.html").expect(4);
    sandbox.run("report --open").expect(2);
}

#[test]
fn a_report_fits_the_terminal() {
    let sandbox = used();
    for width in [80, 200] {
        let mut command = sandbox.command();
        command.args(["report"]).env("COLUMNS", width.to_string());
        let shown = crate::support::Running::start_with(&mut command).expect(0).stdout;
        assert!(shown.contains('█') && shown.contains("Health now"), "{shown}");
    }
}

/// The browser, where one is installed.
fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.iter().find(|name| {
        let status = Command::new(name).arg("--version").output();
        status.is_ok_and(|output| output.status.success())
    });
    found.map(PathBuf::from)
}

#[test]
fn a_browser_shows_the_report_well() {
    let Some(browser) = browser() else {
        return skip("skipped: this test needs Chromium (Debian: `apt-get install chromium`)");
    };
    let sandbox = used();
    past(&sandbox);
    let mut files = Vec::new();
    for lang in ["en", "zh"] {
        let file = Path::new(SCREENSHOTS).join(format!("report-{lang}.html"));
        std::fs::create_dir_all(SCREENSHOTS).expect("a folder");
        sandbox.run(&format!("report --since 10d --lang {lang} --html {}", file.display())).expect(0);
        files.push(file);
    }
    let case = |name: &str, file: &Path, width: u32, dark: bool| json!({"name": name, "file": file, "width": width, "height": 900, "dark": dark});
    let cases = [
        case("desktop", &files[0], 1280, false),
        case("phone", &files[0], 390, false),
        case("dark", &files[0], 1280, true),
        case("phone-dark", &files[0], 390, true),
        case("zh", &files[1], 1280, false),
        case("zh-phone", &files[1], 390, false),
    ];
    let printed = run_python(&[BROWSER, &browser.to_string_lossy(), SCREENSHOTS], &json!(cases).to_string());
    let faults: Value = serde_json::from_str(&printed).expect("the script prints JSON");
    let found: Vec<_> = cases.iter().map(|case| &faults[case["name"].as_str().unwrap_or_default()]).collect();
    assert!(found.iter().all(|faults| faults.as_array().is_some_and(Vec::is_empty)), "{faults:#}");
}
