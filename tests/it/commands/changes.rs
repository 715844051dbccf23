//! `changes`: which rows every sync changed, in its runs and in a dry run.

use serde_json::Value;

use crate::sandbox::ecs::{Bucket, Database, Ecs};
use crate::sandbox::fairing::Kind;
use crate::support::Sandbox;

const EU: &str = "shop-eu";

/// The rows that the command lists.
#[track_caller]
fn changes(sandbox: &Sandbox, flags: &str) -> Vec<Value> {
    let document = sandbox.run(&format!("changes {flags} --per-page 1000 --json")).expect(0).json();
    document["changes"].as_array().expect("rows").clone()
}

/// Those of a field, as before and after.
fn of_field<'a>(rows: &'a [Value], field: &str) -> Vec<(&'a Value, &'a Value)> {
    rows.iter().filter(|row| row["field"] == field).map(|row| (&row["before"], &row["after"])).collect()
}

fn record_of(sandbox: &Sandbox, arguments: &str) -> i64 {
    sandbox.run(&format!("{arguments} --json")).expect(0).json()["record_id"].as_i64().expect("a number")
}

#[test]
fn rows_of_a_mirrored_set_are_new_updated_deleted_and_restored() {
    let sandbox = Sandbox::small();
    let first = record_of(&sandbox, "sync fairing");
    assert_eq!(
        changes(&sandbox, "").len() as u64,
        sandbox.database().count("fairing_responses") + sandbox.database().count("fairing_questions")
    );
    sandbox.fairing.change(EU, Kind::Responses, |set| {
        set.edit([7]);
        set.delete([8]);
        set.add(1);
    });
    let second = record_of(&sandbox, "sync fairing --force");
    let ids = |kind: &str| changes(&sandbox, &format!("fairing --record last --kind {kind}")).len();
    assert_eq!([ids("new"), ids("updated"), ids("deleted"), ids("restored")], [1, 1, 1, 0]);
    assert_eq!(changes(&sandbox, &format!("--record {second}")).len(), 3);
    let shown = sandbox.run(&format!("records show {second} --changes --json")).expect(0).json();
    assert_eq!(shown["changes"].as_array().expect("rows").len(), 3);

    sandbox.fairing.change(EU, Kind::Responses, |set| set.restore([8]));
    sandbox.run("sync fairing --force").expect(0);
    let restored = changes(&sandbox, "fairing");
    assert_eq!(restored.len(), 1, "{restored:#?}");
    assert_eq!(restored[0]["kind"], "restored");
    let id = restored[0]["id"].as_str().expect("an id");
    // What the table cannot say any more, the row was deleted in between, is not listed.
    let of_row = changes(&sandbox, &format!("--id {id}"));
    assert_eq!(of_row.iter().filter(|row| row["account"] == EU).count(), 1, "{of_row:#?}");
    assert!(!changes(&sandbox, &format!("--record {first}")).is_empty());
    assert_eq!(changes(&sandbox, "--since 1h --kind deleted").len(), 0);
}

#[test]
fn films_and_tasks_are_listed_field_by_field_and_unchanged_ones_are_not() {
    let sandbox = Sandbox::small();
    let films = record_of(&sandbox, "sync douban");
    let stored = usize::try_from(sandbox.database().count("videos")).expect("a count");
    let listed = changes(&sandbox, &format!("douban --record {films}"));
    assert_eq!(listed.len(), stored, "{listed:#?}");
    assert!(listed.iter().all(|row| row["kind"] == "new"), "{listed:#?}");

    sandbox.douban.change(|catalogue| {
        catalogue.films[0].title = "改名".to_owned();
        catalogue.films[0].rating = 9.9;
    });
    sandbox.run("sync douban --force").expect(0);
    let listed = changes(&sandbox, "douban");
    assert_eq!(of_field(&listed, "rating").len(), 1, "{listed:#?}");
    assert_eq!(of_field(&listed, "rating")[0].1, "9.9");
    assert_eq!(of_field(&listed, "title")[0].1, "改名");
    assert!(listed.iter().all(|row| row["kind"] == "updated" && row["account"] == "douban"), "{listed:#?}");
    sandbox.run("sync douban --force").expect(0);
    assert_eq!(changes(&sandbox, "douban").len(), 0);

    sandbox.run("sync tasks --window today").expect(0);
    let first = changes(&sandbox, "tasks");
    assert!(first.iter().all(|row| row["kind"] == "new" && row["field"].is_null()), "{first:#?}");
    sandbox.tasks.change(|tasks| tasks.iter_mut().for_each(|task| task.called += 1));
    sandbox.run("sync tasks --window today").expect(0);
    let listed = changes(&sandbox, "tasks");
    assert_eq!(of_field(&listed, "called_number").len(), first.iter().filter(|row| row["subject"] == "tasks").count());
    assert!(listed.iter().all(|row| row["kind"] == "updated" && !row["field"].is_null()), "{listed:#?}");
    let (before, after) = of_field(&listed, "called_number")[0];
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok()).expect("a number");
    assert_eq!(number(after), number(before) + 1);
}

#[test]
fn dry_run_shows_the_first_changes_and_writes_none() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("sync fairing --dry-run").expect(0);
    assert!(outcome.stdout.contains("the first 20 of what would change:"), "{}", outcome.stdout);
    sandbox.run("sync fairing").expect(0);
    sandbox.fairing.change(EU, Kind::Responses, |set| {
        set.edit([7]);
        set.delete([8]);
    });
    let before = sandbox.database_bytes();
    let document = sandbox.run("sync fairing --force --dry-run --json").expect(0).json();
    let shown = document["changes"].as_array().expect("rows");
    let kinds: Vec<&str> = shown.iter().filter_map(|row| row["kind"].as_str()).collect();
    assert_eq!(kinds.len(), 2, "{shown:#?}");
    assert!(kinds.contains(&"updated") && kinds.contains(&"deleted"), "{shown:#?}");
    assert!(shown.iter().all(|row| row["record_id"].is_null() && row["account"] == EU), "{shown:#?}");
    assert_eq!(sandbox.database_bytes(), before);
}

#[test]
fn filters_that_name_nothing_known_are_refused() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    for (arguments, message) in [
        ("changes fairng", "'fairing'"),
        ("changes --record 99", "no record 99"),
        ("changes douban --record 1", "record 1 is no run of `douban`"),
        ("changes --id nope", "no row `nope` is known"),
        ("changes --kind gone", "possible values: new, updated, deleted, restored"),
    ] {
        let outcome = sandbox.run(arguments).expect(2);
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains(message), "{arguments}: {}", outcome.stderr);
    }
}

#[test]
fn deleted_instances_are_listed_with_their_last_values() {
    let sandbox = Sandbox::small();
    sandbox.run("sync ecs").expect(0);
    let live = sandbox.run("ecs list --json").expect(0).json()["instances"].as_array().expect("rows").len();
    assert_eq!(
        sandbox.run("ecs list --deleted --json").expect(0).json()["instances"].as_array().map(Vec::len),
        Some(0)
    );
    let connection = rusqlite::Connection::open(sandbox.home.database()).expect("the database is there");
    let sql = "UPDATE ecs_instances SET deleted_at = last_changed_at
               WHERE instance_id = (SELECT MIN(instance_id) FROM ecs_instances)";
    assert_eq!(connection.execute(sql, []).expect("a row"), 1);
    let gone = sandbox.run("ecs list --deleted --json").expect(0).json();
    assert_eq!(gone["instances"].as_array().map(Vec::len), Some(1));
    assert!(gone["instances"][0]["deleted_at"].is_string());
    assert_eq!(sandbox.run("ecs list --json").expect(0).json()["instances"].as_array().map(Vec::len), Some(live - 1));
}

#[test]
fn what_people_change_is_listed_with_before_and_after() {
    let sandbox = Sandbox::small();
    let file = sandbox.home.path().join("packages.csv");
    std::fs::write(&file, "code,name\nP-1,one\nP-2,two\n").expect("a file");
    sandbox.run(&format!("packages import {}", file.display())).expect(0);
    let packages = changes(&sandbox, "tasks");
    assert_eq!(
        packages.iter().filter(|row| row["subject"] == "lead_packages").count(),
        2,
        "before any run: {packages:#?}"
    );
    let run = record_of(&sandbox, "sync tasks --window today");
    let by_run = changes(&sandbox, "tasks").len();
    let id = sandbox.database().texts("SELECT MIN(task_id) FROM task_matches WHERE state = 'pending'").remove(0);
    sandbox.run(&format!("tasks match {id} P-1")).expect(0);
    sandbox.run(&format!("tasks match {id} P-2")).expect(0);
    sandbox.run(&format!("tasks match {id} P-2")).expect(0);
    sandbox.run(&format!("tasks idle {id}")).expect(0);
    let all = changes(&sandbox, "tasks");
    assert_eq!(all.len(), by_run + 5, "{all:#?}");
    let by_hand: Vec<Value> = all.into_iter().filter(|row| row["record_id"].is_null()).collect();
    assert!(by_hand.iter().all(|row| row["id"] == id.as_str() && row["kind"] == "updated" && row["name"].is_string()));
    let steps = |field: &str| {
        let mut steps = of_field(&by_hand, field);
        steps.reverse();
        steps
            .into_iter()
            .map(|(before, after)| [before, after].map(|value| value.as_str().unwrap_or("-").to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(steps("match"), [["pending", "matched"], ["matched", "idle"]]);
    assert_eq!(steps("package_code"), [["-", "P-1"], ["P-1", "P-2"], ["P-2", "-"]]);
    assert_eq!(changes(&sandbox, "tasks --since 1h --kind updated").len(), 5);
    assert_eq!(changes(&sandbox, &format!("--id {id} --kind updated")).len(), 5);
    // Neither a run's own changes nor those after the next run hold them.
    assert_eq!(changes(&sandbox, &format!("--record {run}")).len(), by_run);
    assert_eq!(changes(&sandbox, "tasks --record last").len(), by_run);
    sandbox.run("sync tasks --window today").expect(0);
    assert_eq!(changes(&sandbox, "tasks").len(), 0);
}

#[test]
fn old_changes_are_deleted_by_the_age_in_the_configuration() {
    let mut sandbox = Sandbox::small();
    sandbox.run("sync ecs").expect(0);
    let old = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days')";
    let connection = rusqlite::Connection::open(sandbox.home.database()).expect("the database is there");
    let rows = [("-40 days", "old"), ("-3 days", "young")].map(|(age, name)| {
        let at = old.replace("-3 days", age);
        format!(
            "INSERT INTO row_changes (record_id, subject, account, row_id, kind, at) VALUES (1, 'videos', '', '{name}', 'restored', {at});
             INSERT INTO ecs_changes (record, account, region, instance, kind, at) VALUES (1, 'a', 'r', '{name}', 'deleted', {at});
             INSERT INTO cloud_changes (record, resource, account, region, id, kind, at)
             VALUES (1, 'cache', 'a', 'r', '{name}', 'deleted', {at});"
        )
    });
    // They are deleted oldest first, and what the pass found is younger.
    connection.execute_batch(&format!("DELETE FROM ecs_changes; {}", rows.concat())).expect("rows");
    let left = |sandbox: &Sandbox| {
        ["row_changes WHERE row_id", "ecs_changes WHERE instance", "cloud_changes WHERE id"]
            .map(|rows| sandbox.database().count(&format!("{rows} IN ('old', 'young')")))
    };
    for (keep, expected) in [("365d", 2), ("30d", 1), ("2d", 0)] {
        sandbox.home.set("history.changes", keep);
        for sync in ["ecs", "fairing"] {
            sandbox.run(&format!("sync {sync} --force")).expect(0);
        }
        assert_eq!(left(&sandbox), [expected; 3], "{keep}");
    }
}

#[test]
fn every_sync_shows_what_it_would_change() {
    let sandbox = Sandbox::small();
    sandbox.ecs.change("cn-beijing", |region| {
        region.databases = (0..30).map(Database::new).collect();
        region.caches = (0..3).map(Database::new).collect();
    });
    sandbox.ecs.change_buckets(Ecs::ALIYUN, |buckets| buckets.extend((0..4).map(Bucket::new)));
    for (sync, subjects) in [
        ("fairing", vec!["fairing_questions"]),
        ("douban", vec!["videos"]),
        ("tmdb", vec!["videos"]),
        ("tasks --window today", vec!["tasks"]),
        ("ecs --account prod --regions cn-hangzhou --resource compute", vec!["ecs_instances"]),
        ("ecs --resource database", vec!["cloud_databases"]),
        ("ecs --resource cache", vec!["cloud_caches"]),
        ("ecs --resource bucket", vec!["cloud_buckets"]),
    ] {
        let document = sandbox.run(&format!("sync {sync} --dry-run --json")).expect(0).json();
        let shown = document["changes"].as_array().expect("rows");
        let new = usize::try_from(document["summary"]["new"].as_u64().expect("a count")).expect("few");
        assert!(new > 0 && shown.len() == new.min(20), "{sync}: {document:#}");
        for row in shown {
            let subject = row["subject"].as_str().expect("a table");
            assert!(subjects.contains(&subject) && row["kind"] == "new" && row["id"].is_string(), "{sync}: {row:#}");
        }
        sandbox.run(&format!("sync {sync}")).expect(0);
        let name = sync.split(' ').next().expect("a name");
        assert_eq!(changes(&sandbox, name).len(), new, "{sync}");
    }
    sandbox.run("users emit user.created --user-id 7 --username anna --email a@b.c").expect(0);
    let document = sandbox.run("sync users --dry-run --json").expect(0).json();
    assert!(document["summary"]["pending"].as_u64() > Some(0), "{document:#}");
}

#[test]
fn the_view_holds_the_changes_of_every_upstream_and_is_made_anew_where_it_differs() {
    let sandbox = Sandbox::small();
    for region in ["cn-beijing", "ap-guangzhou"] {
        sandbox.ecs.change(region, |region| {
            region.databases = (0..3).map(Database::new).collect();
            region.caches = (0..3).map(Database::new).collect();
        });
    }
    let passes = ["sync fairing", "sync tasks --window historical", "sync ecs --resource compute,database,cache"];
    for pass in passes {
        sandbox.run(pass).expect(0);
    }
    sandbox.ecs.change("cn-beijing", |region| region.databases[1].gib += 1);
    let record = record_of(&sandbox, "sync ecs --resource database");
    let listed = changes(&sandbox, &format!("--record {record}"));
    assert_eq!(listed.len(), 1, "{listed:#?}");
    let of = |key: &str| listed[0][key].as_str().unwrap_or_default().to_owned();
    assert_eq!([of("subject"), of("field"), of("id")], ["cloud_databases", "storage_gib", "db-0001"]);

    let export = |sandbox: &Sandbox| sandbox.run("export v_changes --format jsonl").expect(0).stdout.lines().count();
    let count = sandbox.database().count("v_changes");
    assert_eq!(export(&sandbox) as u64, count);
    assert_eq!(changes(&sandbox, "--since 2020-01-01").len().min(1000) as u64, count.min(1000));
    let row = sandbox.run(&format!("export v_changes --format jsonl --since-record {record}")).expect(0).stdout;
    assert!(row.contains("\"sync\":\"ecs\"") && row.contains("storage_gib"), "{row}");
    let subjects = sandbox.database().texts("SELECT DISTINCT subject FROM v_changes ORDER BY subject");
    let expected =
        ["cloud_caches", "cloud_databases", "ecs_instances", "fairing_questions", "fairing_responses", "tasks"];
    assert_eq!(subjects, expected);

    // Another version of the program, with other upstreams, left another one.
    let connection = rusqlite::Connection::open(sandbox.home.database()).expect("the database");
    let sql = "DROP VIEW v_changes; CREATE VIEW v_changes AS SELECT 1 AS at;
               UPDATE schema_migrations SET checksum = 'x' WHERE component = 'v_changes'";
    connection.execute_batch(sql).expect("an edit");
    drop(connection);
    sandbox.run("sync fairing --force").expect(0);
    assert_eq!(export(&sandbox) as u64, count);
}
