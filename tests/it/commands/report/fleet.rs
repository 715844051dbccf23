//! The numbers about instances, films and deliveries, each against SQL.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Document, assert_same, number, used, write};
use crate::sandbox::Fault;
use crate::support::Sandbox;

const LIVE: &str = "FROM ecs_instances WHERE deleted_at IS NULL";

/// Instances that came, went, came back and changed in the last ten days, of every age and end.
pub fn past(sandbox: &Sandbox) {
    let at = |offset: &str| format!("strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', '{offset}')");
    let place = "(SELECT COUNT(*) FROM ecs_instances AS o WHERE (o.region, o.instance_id) < (i.region, i.instance_id))";
    write(
        sandbox,
        &format!(
            "CREATE TEMP TABLE places AS SELECT i.account, i.region, i.instance_id AS id, {place} AS n FROM ecs_instances AS i;
             UPDATE ecs_instances SET first_seen_at = {eight},
                 created_at = CASE n % 6 WHEN 0 THEN {hour} WHEN 1 THEN {ten} WHEN 2 THEN {sixty} WHEN 3 THEN {two_hundred}
                     WHEN 4 THEN {five_hundred} ELSE NULL END,
                 expired_at = CASE n % 9 WHEN 0 THEN {gone} WHEN 1 THEN {in_five} WHEN 2 THEN {in_twenty} WHEN 3 THEN {in_sixty}
                     WHEN 4 THEN {never} ELSE NULL END,
                 status = CASE n % 7 WHEN 0 THEN 'stopped' WHEN 1 THEN 'starting' WHEN 2 THEN 'stopping' ELSE status END,
                 stopped_mode = CASE n % 4 WHEN 0 THEN 'KeepCharging' WHEN 1 THEN 'KEEP_CHARGING' WHEN 2 THEN 'StopCharging'
                     ELSE NULL END,
                 last_changed_at = CASE n % 2 WHEN 0 THEN {two_hours} ELSE {now} END,
                 public_ip = CASE n % 3 WHEN 0 THEN NULL ELSE public_ip END
             FROM places WHERE places.region = ecs_instances.region AND places.id = ecs_instances.instance_id;
             UPDATE ecs_instances SET first_seen_at = {four} WHERE instance_id IN (SELECT id FROM places WHERE n < 9);
             DELETE FROM ecs_changes;
             UPDATE ecs_instances SET deleted_at = {two} FROM places
             WHERE places.region = ecs_instances.region AND places.id = ecs_instances.instance_id AND n BETWEEN 9 AND 12;
             INSERT INTO ecs_changes (record, account, region, instance, kind, at)
             SELECT 1, account, region, instance_id, 'deleted', deleted_at FROM ecs_instances WHERE deleted_at IS NOT NULL;
             INSERT INTO ecs_changes (record, account, region, instance, kind, at)
             SELECT 1, account, region, id, 'deleted', {six} FROM places WHERE n BETWEEN 14 AND 16;
             INSERT INTO ecs_changes (record, account, region, instance, kind, at)
             SELECT 1, account, region, id, 'restored', {five} FROM places WHERE n BETWEEN 14 AND 16;
             INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
             SELECT 1, i.account, i.region, i.instance_id, 'updated', 'status', 'pending', i.status, {three}
             FROM ecs_instances AS i JOIN places ON places.region = i.region AND places.id = i.instance_id WHERE n > 20;
             INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
             SELECT 1, account, region, id, 'updated', 'name', 'a', 'b', {one} FROM places WHERE n % 5 = 0;
             INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
             SELECT 1, account, region, id, 'updated', 'instance_type', 'ecs.old', 'ecs.new', {one} FROM places WHERE n > 30;
             WITH RECURSIVE steps (s) AS (SELECT 0 UNION ALL SELECT s + 1 FROM steps WHERE s < 4)
             INSERT INTO ecs_changes (record, account, region, instance, kind, field, before, after, at)
             SELECT 1, account, region, id, 'updated', 'status', iif(s % 2, 'stopped', 'running'),
                 iif(s % 2, 'running', 'stopped'), strftime('%Y-%m-%dT12:0' || s || ':00.000Z', 'now', '-2 days')
             FROM places JOIN steps WHERE n IN (18, 19)",
            hour = at("-1 hours"), ten = at("-10 days"), sixty = at("-60 days"), two_hundred = at("-200 days"),
            five_hundred = at("-500 days"), gone = at("-1 days"), in_five = at("+5 days"), in_twenty = at("+20 days"),
            in_sixty = at("+60 days"), never = at("+9000 days"), two_hours = at("-2 hours"), now = at("0 days"),
            eight = at("-8 days"), six = at("-6 days"), five = at("-5 days"), four = at("-4 days"), three = at("-3 days"),
            two = at("-2 days"), one = at("-1 days"),
        ),
    );
}

/// The first instant after that day by the calendar of the sandbox, as it is stored.
fn end_of(day: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%fZ', '{day}', '+1 day', '-8 hours')")
}

/// Of an instance `i` at the end of that day: whether it was there, its status, its type.
fn at_end_of(day: &str) -> [String; 3] {
    let end = end_of(day);
    let own =
        "FROM ecs_changes AS c WHERE c.account = i.account AND c.region = i.region AND c.instance = i.instance_id";
    let before = |field: &str, now: &str| {
        format!("COALESCE((SELECT before {own} AND field = '{field}' AND at >= {end} ORDER BY at, id LIMIT 1), {now})")
    };
    let alive = format!(
        "i.first_seen_at < {end}
         AND CASE (SELECT kind {own} AND kind <> 'updated' AND at < {end} ORDER BY at DESC, id DESC LIMIT 1)
            WHEN 'deleted' THEN FALSE WHEN 'restored' THEN TRUE WHEN 'added' THEN TRUE
            ELSE i.deleted_at IS NULL OR i.deleted_at >= {end} END"
    );
    [alive, before("status", "i.status"), before("instance_type", "COALESCE(i.instance_type, '?')")]
}

/// Those keys of the rows, as they are.
fn pairs(rows: &[Value], keys: [&str; 2]) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    rows.iter().map(|row| (text(&row[keys[0]]), text(&row[keys[1]]))).collect()
}

/// The same of a statement's two columns, which are texts.
fn expected(sandbox: &Sandbox, sql: &str) -> BTreeSet<(String, String)> {
    let both = sandbox.database().texts(&format!("SELECT a || '|' || b FROM ({sql})"));
    both.iter().filter_map(|both| both.split_once('|')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

#[test]
fn numbers_of_instances_are_those_of_plain_sql() {
    let sandbox = used();
    past(&sandbox);
    let document = Document::load(&sandbox, "9d");
    let fact = |section: &str, key: &str, sql: &str| document.check(&sandbox, section, key, sql);
    let live = |condition: &str| format!("SELECT COUNT(*) {LIVE} AND {condition}");
    fact("instances", "instances", &live("TRUE"));
    fact("instances", "running", &live("status = 'running'"));
    fact("instances", "stopped", &live("status = 'stopped'"));
    fact("instances", "vcpus", &format!("SELECT SUM(cpu_count) {LIVE}"));
    fact("instances", "memory_gib", &format!("SELECT SUM(memory_mib) / 1024.0 {LIVE}"));
    fact(
        "instances",
        "disk_gib",
        "SELECT SUM(json_extract(value, '$.size_gib')) FROM ecs_instances, json_each(data_disks) WHERE deleted_at IS NULL",
    );
    fact("instances", "public_ips", &live("COALESCE(NULLIF(public_ip, ''), elastic_ip, '') <> ''"));
    fact("instances", "deleted", "SELECT COUNT(*) FROM ecs_instances WHERE deleted_at IS NOT NULL");
    fact(
        "instances",
        "charged_while_stopped",
        &live("status = 'stopped' AND stopped_mode IN ('KeepCharging', 'KEEP_CHARGING')"),
    );
    fact(
        "instances",
        "stuck",
        &live(
            "status IN ('pending', 'starting', 'stopping') AND julianday('now') - julianday(last_changed_at) > 1 / 24.0",
        ),
    );
    let first = document.slots()[0].0.clone();
    let since = format!("at >= strftime('%Y-%m-%dT%H:%M:%fZ', '{first}', '-8 hours')");
    fact("churn", "changes", &format!("SELECT COUNT(*) FROM ecs_changes WHERE {since}"));
    let lifetime = "strftime('%s', deleted_at) - strftime('%s', first_seen_at)";
    fact(
        "churn",
        "median_lifetime",
        &format!(
            "SELECT {lifetime} FROM ecs_instances WHERE deleted_at IS NOT NULL ORDER BY {lifetime}
             LIMIT 1 OFFSET (SELECT (COUNT(*) - 1) / 2 FROM ecs_instances WHERE deleted_at IS NOT NULL)"
        ),
    );
    let age = "julianday('now') - julianday(COALESCE(created_at, first_seen_at))";
    let ages = [
        ("under_a_day", -1, 1),
        ("under_30_days", 1, 30),
        ("under_90_days", 30, 90),
        ("under_a_year", 90, 365),
        ("older", 365, 100_000),
    ];
    for (key, from, to) in ages {
        fact("age", key, &live(&format!("{age} >= {from} AND {age} < {to}")));
    }
    let facts: f64 = document.0["sections"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|section| section["key"] == "age")
        .flat_map(|section| section["facts"].as_array().into_iter().flatten())
        .filter_map(|fact| fact["value"].as_f64())
        .sum();
    assert_same("age", Some(facts), number(&sandbox, &live("TRUE")), 0.0, "all of them");
    let left = "julianday(expired_at) - julianday('now')";
    fact("expiring", "expired", &live(&format!("{left} < 0")));
    fact("expiring", "within_7_days", &live(&format!("{left} BETWEEN 0 AND 7")));
    fact("expiring", "within_30_days", &live(&format!("{left} BETWEEN 0 AND 30")));
    check_series(&sandbox, &document);
    check_lists(&sandbox, &document, &since);
}

fn check_series(sandbox: &Sandbox, document: &Document) {
    let values = |column: &str| sandbox.database().texts(&format!("SELECT DISTINCT {column} FROM ecs_instances"));
    let count = |day: &str, is_it: &str| {
        let [alive, ..] = at_end_of(day);
        format!(
            "SELECT iif((SELECT MIN(first_seen_at) FROM ecs_instances) < {end}, COUNT(*), NULL)
             FROM ecs_instances AS i WHERE {alive} AND {is_it}",
            end = end_of(day)
        )
    };
    for dimension in ["provider", "region"] {
        for value in values(dimension) {
            document.check_series(sandbox, ["instances", dimension, &value], 0.0, |_, last| {
                count(last, &format!("i.{dimension} = '{value}'"))
            });
        }
    }
    for status in ["running", "stopped", "starting", "stopping", "pending"] {
        document.check_series(sandbox, ["instances", "status", status], 0.0, |_, last| {
            count(last, &format!("{} = '{status}'", at_end_of(last)[1]))
        });
    }
    let types = values("COALESCE(instance_type, '?')").into_iter().chain(["ecs.old".to_owned()]);
    for name in types.take(7) {
        document.check_series(sandbox, ["instances", "type", &name], 0.0, |_, last| {
            count(last, &format!("{} = '{name}'", at_end_of(last)[2]))
        });
    }
    for kind in ["added", "updated", "restored", "deleted"] {
        document.check_series(sandbox, ["churn", "changes", kind], 0.0, |first, last| {
            format!(
                "SELECT COUNT(*) FROM ecs_changes
                 WHERE kind = '{kind}' AND date(at, '+8 hours') BETWEEN '{first}' AND '{last}'"
            )
        });
    }
}

fn check_lists(sandbox: &Sandbox, document: &Document, since: &str) {
    let fields = format!(
        "SELECT field AS a, CAST(COUNT(*) AS TEXT) AS b FROM ecs_changes WHERE field IS NOT NULL AND {since} GROUP BY field"
    );
    assert_eq!(pairs(document.rows("churn", "fields"), ["field", "count"]), expected(sandbox, &fields));
    let changed = format!(
        "SELECT instance AS a, CAST(COUNT(*) AS TEXT) AS b FROM ecs_changes WHERE kind = 'updated' AND {since}
         GROUP BY account, region, instance"
    );
    let rows = document.rows("churn", "most_changed");
    assert!(pairs(rows, ["instance_id", "count"]).is_subset(&expected(sandbox, &changed)), "{rows:#?}");
    let counts: Vec<String> = rows.iter().map(|row| row["count"].to_string()).collect();
    assert_eq!(
        counts,
        sandbox.database().texts(&format!("SELECT b FROM ({changed}) ORDER BY CAST(b AS INTEGER) DESC LIMIT 10"))
    );
    let flapping = format!(
        "SELECT instance AS a, date(at, '+8 hours') || '/' || COUNT(*) AS b FROM ecs_changes
         WHERE field = 'status' AND {since} GROUP BY account, region, instance, date(at, '+8 hours') HAVING COUNT(*) >= 4"
    );
    let rows = document.rows("churn", "flapping").iter();
    let found: BTreeSet<_> = rows
        .map(|row| {
            let text = |key: &str| row[key].as_str().expect("a text").to_owned();
            (text("instance_id"), format!("{}/{}", text("day"), row["count"]))
        })
        .collect();
    assert_eq!(found, expected(sandbox, &flapping));
    assert_eq!(found.len(), 2);
    let instants = |rows: &[Value]| -> Vec<jiff::Timestamp> {
        let at = |row: &Value| row["at"].as_str().and_then(|at| at.parse().ok()).expect("an instant");
        rows.iter().map(at).collect()
    };
    let left = "julianday(expired_at) - julianday('now')";
    for (section, list, sql) in [
        ("age", "oldest", format!("SELECT COALESCE(created_at, first_seen_at) AS at {LIVE} ORDER BY at LIMIT 10")),
        (
            "age",
            "longest_stopped",
            format!("SELECT last_changed_at AS at {LIVE} AND status = 'stopped' ORDER BY at LIMIT 10"),
        ),
        ("expiring", "expiring", format!("SELECT expired_at AS at {LIVE} AND {left} < 30 ORDER BY at")),
    ] {
        let expected: Vec<_> =
            sandbox.database().texts(&sql).iter().map(|at| at.parse().expect("an instant")).collect();
        assert_eq!(instants(document.rows(section, list)), expected, "{list}");
    }
}

#[test]
fn numbers_of_deliveries_and_films_are_those_of_plain_sql() {
    let sandbox = used();
    sandbox.users.server().always(Fault::Status(503));
    sandbox.run("users emit user.created --user-id 7 --username anna --email a@b.c").expect(0);
    sandbox.run("sync users");
    write(
        &sandbox,
        "PRAGMA foreign_keys = OFF;
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 300)
         INSERT INTO user_deliveries (target, seq, user_id, state, is_head, attempts, next_attempt_at, latency_ms, finished_at)
         SELECT name, 1000000 + n, n, iif(n % 10, 'delivered', 'dead'), 0, 1, at, 20 + n * 7919 % 5000, at
         FROM user_targets, (SELECT n, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || (n * 40) || ' minutes') AS at FROM numbers);
         INSERT OR REPLACE INTO sync_levels (day, sync, name, label, value)
         SELECT date('now', '+8 hours', '-2 days'), 'users', 'open', name, 17 FROM user_targets",
    );
    let document = Document::load(&sandbox, "9d");
    let rows = document.rows("users", "targets");
    assert!(!rows.is_empty());
    for row in rows {
        let target = row["target"].as_str().expect("a name");
        let of = format!("FROM user_deliveries WHERE target = '{target}'");
        let delivered = format!("{of} AND state = 'delivered'");
        let latency = |hundredths: u64| {
            format!(
                "SELECT latency_ms {delivered} ORDER BY latency_ms
                 LIMIT 1 OFFSET (SELECT (COUNT(*) * {hundredths} + 99) / 100 - 1 {delivered})"
            )
        };
        for (key, sql) in [
            ("open", format!("SELECT COUNT(*) {of} AND finished_at IS NULL")),
            ("dead", format!("SELECT COUNT(*) {of} AND state = 'dead'")),
            ("delivered", format!("SELECT COUNT(*) {delivered}")),
            ("latency_p50_ms", latency(50)),
            ("latency_p95_ms", latency(95)),
        ] {
            assert_same(&format!("{target} {key}"), row[key].as_f64(), number(&sandbox, &sql), 0.0, &sql);
        }
        let oldest = sandbox.database().value::<Option<String>>(&format!(
            "SELECT MIN(stored_at) FROM user_events WHERE seq IN (SELECT seq {of} AND finished_at IS NULL)"
        ));
        let instant = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant");
        assert_eq!(row["oldest_at"].as_str().map(instant), oldest.as_deref().map(instant), "{row:#}");
        let during = |first: &str, last: &str| format!("date(finished_at, '+8 hours') BETWEEN '{first}' AND '{last}'");
        document.check_series(&sandbox, ["users", "delivered", target], 0.0, |first, last| {
            format!("SELECT NULLIF(COUNT(*), 0) {delivered} AND {}", during(first, last))
        });
        for (chart, hundredths) in [("latency_p50", 50), ("latency_p95", 95)] {
            document.check_series(&sandbox, ["users", chart, target], 0.0, |first, last| {
                let days = during(first, last);
                format!(
                    "SELECT latency_ms / 1000.0 {delivered} AND {days} ORDER BY latency_ms
                     LIMIT 1 OFFSET (SELECT MAX((COUNT(*) * {hundredths} + 99) / 100 - 1, 0) {delivered} AND {days})"
                )
            });
        }
        document.check_series(&sandbox, ["users", "queue", target], 0.0, |first, last| {
            format!(
                "SELECT value FROM sync_levels WHERE sync = 'users' AND name = 'open' AND label = '{target}'
                 AND day BETWEEN '{first}' AND '{last}'"
            )
        });
    }
    document.check(&sandbox, "films", "rated", "SELECT COUNT(rating) FROM videos WHERE deleted_at IS NULL");
    document.check(&sandbox, "films", "mean_rating", "SELECT AVG(rating) FROM videos WHERE deleted_at IS NULL");
    document.check(&sandbox, "films", "first_seen", "SELECT COUNT(*) FROM videos");
    let films = document.rows("films", "films");
    let stored = sandbox.database().texts(
        "SELECT json_object('id', source_id, 'rating', rating, 'source', source, 'title', title, 'votes', votes, 'year', year)
         FROM videos WHERE rating IS NOT NULL ORDER BY first_seen_at DESC, list_rank NULLS LAST, source, source_id LIMIT 15",
    );
    let stored: Vec<Value> = stored.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    assert_eq!(films, &stored);
}
