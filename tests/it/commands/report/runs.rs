//! The numbers about runs, each against SQL.

use super::{Document, assert_same, number, write};
use crate::support::Sandbox;

/// Four hundred runs of eighteen days: of several syncs, with every end that a run has, some of them idle.
const RUNS: &str = r"
    DELETE FROM sync_days;
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 400)
    INSERT INTO sync_records (sync, sync_type, trigger_type, status, start_time, end_time, duration_ms, total, new, updated,
        unchanged, deleted, restored, matched, pending, idle, request_count, retry_count, run_count, exit_code, exit_name,
        error_details, trace_id, host, pid, version, end_seq, created_at, updated_at)
    SELECT sync, iif(sync = 'tasks', iif(n / 4 % 2, 'today', 'historical'), sync), 'auto', status, at, at,
        100 + n * 7919 % 90000, is_busy * 500, is_busy * (n % 7), is_busy * (n % 11), is_busy * 480, is_busy * (n % 3),
        is_busy * (n % 4), is_busy * (sync = 'tasks') * (30 + n % 9), is_busy * (sync = 'tasks') * (n % 5),
        is_busy * (sync = 'tasks') * (n % 2), is_busy * (5 + n % 40), is_busy * (n % 6), 1 + (n % 50 = 0), 0, status,
        CASE WHEN status NOT IN ('failed', 'partial') THEN '[]'
            ELSE json_array(json_object('scope', sync, 'class', iif(n % 3, 'auth', 'unavailable'), 'error', 'x', 'at', at),
                json_object('scope', sync, 'class', 'contract', 'error', 'y', 'at', at)) END,
        printf('%032x', n), 'host', n, '0.1.0', n, at, at
    FROM (SELECT n, n / 4 % 13 <> 12 AS is_busy,
            CASE n % 4 WHEN 0 THEN 'fairing' WHEN 1 THEN 'douban' WHEN 2 THEN 'tasks' ELSE 'ecs' END AS sync,
            CASE n / 4 % 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'partial' WHEN 2 THEN 'cancelled' WHEN 3 THEN 'interrupted'
                WHEN 4 THEN 'skipped' ELSE 'success' END AS status,
            strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ((401 - n) * 65) || ' minutes') AS at
        FROM numbers)";

/// Runs that have a result.
const COUNTED: &str = "status NOT IN ('skipped', 'running')";

/// Runs whose durations count: they did something and got to their end.
const TIMED: &str = "status IN ('success', 'partial')
    AND (request_count > 0 OR total + new + updated + unchanged + deleted + failed > 0 OR error_details <> '[]')";

/// Of these days, by the calendar of the sandbox.
fn during(first: &str, last: &str) -> String {
    format!("date(start_time, '+8 hours') BETWEEN '{first}' AND '{last}'")
}

/// The duration in seconds that this many hundredths of the runs did not exceed.
fn quantile(hundredths: u64, condition: &str) -> String {
    format!(
        "SELECT duration_ms / 1000.0 FROM sync_records WHERE {TIMED} AND {condition} ORDER BY duration_ms
         LIMIT 1 OFFSET (SELECT MAX((COUNT(*) * {hundredths} + 99) / 100 - 1, 0) FROM sync_records
            WHERE {TIMED} AND {condition})"
    )
}

/// Every number of these sections.
#[track_caller]
fn check_all(sandbox: &Sandbox) {
    let document = Document::load(sandbox, "24d");
    let sum = |of: &str| format!("SELECT SUM({of}) FROM sync_records");
    let fact = |section: &str, key: &str, sql: &str| document.check(sandbox, section, key, sql);
    let success = "SUM(iif(status = 'success', run_count, 0)) * 1.0 / SUM(run_count)";
    fact("runs", "run_count", &format!("{} WHERE {COUNTED}", sum("run_count")));
    fact("runs", "success_rate", &format!("SELECT {success} FROM sync_records WHERE {COUNTED}"));
    for (key, hundredths) in [("duration_p50", 50), ("duration_p95", 95)] {
        let found = document.find("runs", "facts", key)["value"].as_f64();
        let sql = quantile(hundredths, "TRUE");
        assert_same(key, found, number(sandbox, &sql), 0.06, &sql);
    }
    for key in ["matched", "pending", "idle"] {
        fact("matches", key, &sum(key));
    }
    fact("matches", "match_rate", "SELECT SUM(matched) * 1.0 / SUM(matched + pending) FROM sync_records");
    for class in ["auth", "contract", "unavailable"] {
        let of_class = format!(
            "SELECT COUNT(*) FROM sync_records, json_each(error_details) WHERE json_extract(value, '$.class') = '{class}'"
        );
        fact("problems", class, &of_class);
        document.check_series(sandbox, ["problems", "problems", class], 0.0, |first, last| {
            let days = during(first, last);
            format!("SELECT iif((SELECT COUNT(*) FROM sync_records WHERE {days}) > 0, ({of_class} AND {days}), NULL)")
        });
    }
    fact("requests", "request_count", &sum("request_count"));
    fact("requests", "retry_count", &sum("retry_count"));
    fact("requests", "throttle_count", "SELECT COALESCE(SUM(value), 0) FROM sync_days WHERE name = 'throttles'");
    for status in ["success", "partial", "failed", "cancelled", "interrupted"] {
        document.check_series(sandbox, ["runs", "statuses", status], 0.0, |first, last| {
            format!("{} WHERE {}", sum(&format!("iif(status = '{status}', run_count, 0)")), during(first, last))
        });
    }
    for (name, of) in [
        ("fairing", "sync = 'fairing'"),
        ("douban", "sync = 'douban'"),
        ("ecs", "sync = 'ecs'"),
        ("users", "sync = 'users'"),
        ("tasks/historical", "sync = 'tasks' AND sync_type = 'historical'"),
        ("tasks/today", "sync = 'tasks' AND sync_type = 'today'"),
    ] {
        let series = |section: &str, chart: &str, key: &str, tolerance: f64, select: &str| {
            document.check_series(sandbox, [section, chart, key], tolerance, |first, last| {
                format!("SELECT {select} FROM sync_records WHERE {of} AND {}", during(first, last))
            });
        };
        for change in ["new", "updated", "restored", "deleted"] {
            series("rows", name, change, 0.0, &format!("SUM({change})"));
        }
        series("requests", "requests", name, 0.0, "SUM(request_count)");
        series("requests", "retries", name, 0.0, "SUM(retry_count)");
        series("matches", "match_rate", name, 0.0, "SUM(matched) * 1.0 / NULLIF(SUM(matched + pending), 0)");
        let counted = format!("SUM(iif({COUNTED}, run_count, 0))");
        let success = "SUM(iif(status = 'success', run_count, 0)) * 1.0";
        series("runs", "success_rate", name, 0.0, &format!("{success} / NULLIF({counted}, 0)"));
        for (chart, hundredths) in [("duration_p50", 50), ("duration_p95", 95)] {
            document.check_series(sandbox, ["runs", chart, name], 0.06, |first, last| {
                quantile(hundredths, &format!("{of} AND {}", during(first, last)))
            });
        }
        document.check_series(sandbox, ["requests", "throttles", name], 0.0, |first, last| {
            format!(
                "SELECT iif(COUNT(*) = 0, NULL, SUM(iif(name = 'throttles', value, 0))) FROM sync_days
                 WHERE {of} AND day BETWEEN '{first}' AND '{last}'"
            )
        });
    }
}

#[test]
fn numbers_of_runs_are_those_of_plain_sql() {
    let sandbox = Sandbox::small();
    sandbox.run("sync users").expect(0);
    write(&sandbox, "DELETE FROM sync_records");
    write(&sandbox, RUNS);
    // From the records alone, as in a database from before the days were kept.
    check_all(&sandbox);
    // And from the days.
    sandbox.run("sync users").expect(0);
    write(
        &sandbox,
        "INSERT INTO sync_days (day, sync, sync_type, name, label, value)
         SELECT day, sync, sync_type, 'throttles', '', 2 + COUNT(*) FROM sync_days
         WHERE sync IN ('ecs', 'douban') AND name = 'runs' GROUP BY day, sync, sync_type",
    );
    check_all(&sandbox);
    // The days outlive the records.
    write(&sandbox, "CREATE TABLE kept AS SELECT * FROM sync_records");
    write(&sandbox, "DELETE FROM sync_records WHERE id % 2");
    let document = Document::load(&sandbox, "24d");
    document.check(&sandbox, "runs", "run_count", &format!("SELECT SUM(run_count) FROM kept WHERE {COUNTED}"));
}

#[test]
fn health_is_that_of_the_last_runs() {
    let sandbox = Sandbox::small();
    sandbox.run("sync users").expect(0);
    write(&sandbox, RUNS);
    write(
        &sandbox,
        "UPDATE sync_records SET status = 'success' WHERE sync = 'ecs' AND id > (SELECT MAX(id) FROM sync_records) - 9;
         UPDATE sync_records SET status = 'failed', is_read = 0, error_message = 'status 500'
         WHERE sync = 'douban' AND id > (SELECT MAX(id) FROM sync_records) - 9;
         UPDATE sync_records SET status = 'partial' WHERE sync = 'fairing' AND id > (SELECT MAX(id) FROM sync_records) - 5;
         DELETE FROM sync_records
         WHERE sync_type = 'historical' AND start_time > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 days');
         UPDATE sync_records SET status = 'success' WHERE sync = 'tasks'",
    );
    let document = Document::load(&sandbox, "24d");
    for row in document.rows("health", "syncs") {
        let [sync, sync_type, health] = ["sync", "sync_type", "health"].map(|key| row[key].as_str().expect("a text"));
        let of = format!("FROM sync_records WHERE sync = '{sync}' AND sync_type = '{sync_type}'");
        let expected = match (sync, sync_type) {
            ("douban", _) => "failing",
            ("fairing" | "tmdb", _) | (_, "historical") => "attention",
            _ => "good",
        };
        let label = row["health_label"].as_str().expect("a label");
        assert_eq!(label, expected, "{row:#} {health}");
        let last_success = format!("SELECT COALESCE(MAX(id), 0) {of} AND status = 'success'");
        let failures = format!(
            "SELECT COUNT(*) {of} AND status IN ('failed', 'partial', 'interrupted') AND id > ({last_success})"
        );
        let found = row["consecutive_failures"].as_f64();
        assert_same(&format!("{sync}/{sync_type}"), found, number(&sandbox, &failures), 0.0, &failures);
        let at =
            sandbox.database().value::<Option<String>>(&format!("SELECT MAX(end_time) {of} AND id = ({last_success})"));
        let instant = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant");
        let found = row["last_success_at"].as_str().map(instant);
        assert_eq!(found, at.as_deref().map(instant), "{row:#}");
    }
    let count = |label: &str| {
        let rows = document.rows("health", "syncs").iter();
        rows.filter(|row| row["health_label"] == label).count()
    };
    for (key, label) in [("good", "good"), ("doubtful", "attention"), ("bad", "failing")] {
        document.check(&sandbox, "health", key, &format!("SELECT {}", count(label)));
    }
}
