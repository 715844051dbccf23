//! The binary with its database on a server.

use std::time::Duration;

use crate::support::{Database, PostgresDatabase, Sandbox, poll};

/// What brings all that the fakes have.
const COMMANDS: &[&str] = &["sync fairing", "sync douban", "sync ecs", "sync tasks --window historical", "sync users"];

/// What does not depend on when it was stored.
const CONTENT: &[&str] = &[
    "account, id, raw, content_hash, deleted_at, email, order_total FROM fairing_responses",
    "account, id, raw, content_hash, prompt FROM fairing_questions",
    "source, source_id, raw, title, rating, list_rank FROM videos",
    "account, provider, region, instance_id, raw, status, cpu_count FROM ecs_instances",
    "account, region, instance, kind, field, before, after FROM ecs_changes",
    "id, name, raw, content_hash, called_number FROM tasks",
    "task_id, state, how, package_code FROM task_matches",
];

fn copy(sandbox: &Sandbox, from: &str, to: &str) -> u64 {
    let copied = sandbox.run(&format!("database copy {from} {to} --json")).expect(0).json();
    copied["rows"].as_u64().expect("a number of rows")
}

#[test]
fn every_upstream_stores_the_same_rows_on_a_server_as_in_a_file() {
    let sandbox = Sandbox::small();
    let database = PostgresDatabase::create();
    let url = database.url();
    for command in COMMANDS {
        sandbox.run(command).expect(0);
        sandbox.run(&format!("{command} --db {url}")).expect(0);
    }
    let path = sandbox.home.path().join("copy.db");
    assert!(copy(&sandbox, &url, &path.display().to_string()) > 0);
    let (file, server) = (sandbox.database(), Database::open(&path));
    for content in CONTENT {
        let sql = format!("SELECT {content} ORDER BY 1, 2, 3, 4");
        let rows = file.rows(&sql);
        assert!(!rows.is_empty(), "{content}");
        assert_eq!(server.rows(&sql), rows, "{content}");
    }
    assert_eq!(server.count("sync_records"), 5);
    // Nothing has changed, and the next number is a new one.
    sandbox.run(&format!("sync fairing --force --db {url}")).expect(0);
    let records = database.psql("SELECT id FROM tongbu.sync_records WHERE sync = 'fairing' ORDER BY id");
    assert_eq!(records.stdout, "1\n6\n");
    for command in ["status", "records list", "locks list", "records show last", "metrics", "doctor --offline"] {
        let outcome = sandbox.run(&format!("{command} --db {url}")).expect(0);
        assert!(!outcome.stdout.is_empty(), "{command}");
    }
}

#[test]
fn a_database_moves_to_a_server_and_back_with_every_row() {
    let sandbox = Sandbox::small();
    let database = PostgresDatabase::create();
    let url = database.url();
    for command in COMMANDS {
        sandbox.run(command).expect(0);
    }
    let path = sandbox.home.database().display().to_string();
    let there = copy(&sandbox, &path, &url);
    let again = sandbox.run(&format!("database copy {path} {url}")).expect(2);
    assert!(again.stderr.contains("holds records already"), "{}", again.stderr);
    let back = sandbox.home.path().join("back.db");
    assert_eq!(copy(&sandbox, &url, &back.display().to_string()), there);
    let (file, returned) = (sandbox.database(), Database::open(&back));
    for table in file.texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
        if table != "schema_migrations" && table != "sync_locks" {
            assert_eq!(returned.content(&table), file.content(&table), "{table}");
        }
    }
    // Numbers go on after those that were copied.
    sandbox.run(&format!("sync fairing --force --db {url}")).expect(0);
    sandbox.run(&format!("backup saved.db --db {url}")).expect(0);
    assert_eq!(Database::open(&sandbox.home.path().join("saved.db")).count("sync_records"), 6);
}

#[test]
fn a_killed_run_is_taken_over_at_once_and_loses_nothing() {
    let sandbox = Sandbox::small();
    let database = PostgresDatabase::create();
    let url = database.url();
    sandbox.run(&format!("sync douban --db {url}")).expect(0);
    sandbox.fairing.server().set_latency(Duration::from_secs(5));
    let running = sandbox.spawn(&format!("sync fairing --db {url}"));
    let held = "SELECT COUNT(*) FROM tongbu.sync_locks WHERE released = 0";
    poll("a lock", || database.psql(held).stdout.trim().parse().is_ok_and(|count: u64| count > 0));
    running.kill();
    running.wait();
    sandbox.fairing.server().set_latency(Duration::ZERO);
    poll("the server to see it", || {
        let living = database.psql(
            "SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        living.stdout.trim() == "0"
    });
    let next = sandbox.run(&format!("sync fairing --db {url}")).expect(0);
    assert!(next.took < Duration::from_secs(30), "{:?}", next.took);
    let statuses = database.psql("SELECT status FROM tongbu.sync_records WHERE sync = 'fairing' ORDER BY id");
    let statuses: Vec<&str> = statuses.stdout.lines().collect();
    assert_eq!((statuses.first(), statuses.last()), (Some(&"interrupted"), Some(&"success")), "{statuses:?}");
    assert_eq!(database.psql("SELECT COUNT(*) FROM tongbu.fairing_responses").stdout.trim(), "165");
}

#[test]
fn a_pass_whose_connections_are_cut_off_fails_or_goes_on_and_the_next_one_completes_it() {
    let sandbox = Sandbox::small();
    let database = PostgresDatabase::create();
    let url = database.url();
    sandbox.run(&format!("sync douban --db {url}")).expect(0);
    sandbox.fairing.server().set_latency(Duration::from_millis(300));
    let running = sandbox.spawn(&format!("sync fairing --db {url}"));
    let held = "SELECT COUNT(*) FROM tongbu.sync_locks WHERE released = 0";
    poll("a lock", || database.psql(held).stdout.trim().parse().is_ok_and(|count: u64| count > 0));
    super::cut_off_all(&database);
    let outcome = running.wait();
    assert!(matches!(outcome.code, Some(0 | 12)), "{:?} {}", outcome.code, outcome.stderr);
    sandbox.fairing.server().set_latency(Duration::ZERO);
    sandbox.run(&format!("sync fairing --force --db {url}")).expect(0);
    assert_eq!(database.psql("SELECT COUNT(*) FROM tongbu.fairing_responses").stdout.trim(), "165");
    let open = "SELECT COUNT(*) FROM tongbu.sync_locks WHERE released = 0";
    assert_eq!(database.psql(open).stdout.trim(), "0");
}

#[test]
fn a_server_that_is_not_there_or_not_ours_is_said_with_what_to_do() {
    let sandbox = Sandbox::small();
    let database = PostgresDatabase::create();
    for (url, words) in [
        ("postgres://a@127.0.0.1:1/x".to_owned(), "cannot reach the database"),
        (database.url() + "_none", "there is no database at"),
        (database.url() + "?sslmode=require", "cannot make a safe connection"),
        (database.url() + "?sslmode=verify-full", "cannot make a safe connection"),
    ] {
        for command in ["sync fairing", "status", "doctor --offline"] {
            let outcome = sandbox.run(&format!("{command} --db {url}"));
            assert_eq!(outcome.code, Some(12), "{command} {url}: {}{}", outcome.stdout, outcome.stderr);
            let said = outcome.stdout + &outcome.stderr;
            assert!(said.contains(words), "{command} {url}: {said}");
        }
    }
    let outcome = sandbox.run("status --db postgres://a@db.example/x?sslmode=verify").expect(4);
    assert!(outcome.stderr.contains("unknown `sslmode`"), "{}", outcome.stderr);
}
