//! What fails before anything is sent: it is recorded wherever the database opens, pinged and notified wherever the
//! configuration can be read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::Sandbox;

const RUN: &str = "sync fairing -q";

/// One that pings and notifies at once.
fn watched() -> Sandbox {
    let mut sandbox = Sandbox::small();
    let ping = sandbox.home.secret("ping", &format!("{}/ping", sandbox.receiver.base_url()));
    sandbox.home.set("monitor.ping_url", ping);
    let url = sandbox.home.secret("hook", &format!("{}/hook", sandbox.receiver.base_url()));
    let notify = toml::Table::from_iter([
        ("kind".to_owned(), "webhook".into()),
        ("url".to_owned(), url),
        ("after".to_owned(), 1.into()),
    ]);
    sandbox.home.set("monitor.notify", vec![toml::Value::from(notify)]);
    sandbox
}

/// The run ends with this code, says why, and is pinged and notified.
#[track_caller]
fn check_alarm(sandbox: &Sandbox, code: i32, reason: &str) -> Value {
    sandbox.receiver.server().take_log();
    sandbox.receiver.take_messages();
    let outcome = sandbox.run(RUN).expect(code);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains(reason), "{}", outcome.stderr);
    assert_eq!(sandbox.receiver.server().count("/ping/fail"), 1);
    let messages = sandbox.receiver.take_messages();
    assert_eq!(messages.len(), 1, "{messages:#?}");
    let message = messages[0].1.clone();
    assert_eq!(message["exit_code"], code, "{message:#}");
    assert_eq!(sandbox.fairing.server().count("/"), 0, "something was sent");
    message
}

/// The newest record is a failed one with this code, and `status` shows it.
#[track_caller]
fn check_record(sandbox: &Sandbox, code: i64) {
    let records = sandbox.database().records();
    assert_eq!(records.last().and_then(|record| record.exit_code), Some(code));
    let status = sandbox.database().value::<String>("SELECT status FROM sync_records ORDER BY id DESC LIMIT 1");
    assert_eq!(status, "failed");
    let stored = sandbox.database().value::<String>("SELECT error_message FROM sync_records ORDER BY id DESC LIMIT 1");
    assert!(!stored.is_empty());
}

#[test]
fn broken_section_is_recorded_and_reported() {
    let mut sandbox = watched();
    sandbox.home.set("fairing.page_size", 0);
    let message = check_alarm(&sandbox, 4, "fairing.page_size");
    assert_eq!((&message["sync"], &message["record_id"]), (&"fairing".into(), &1.into()), "{message:#}");
    check_record(&sandbox, 4);
    assert!(sandbox.run(RUN).expect(4).stderr.contains("`tongbu records show 2`"));
    let all = sandbox.run("sync all --json").expect(4).json();
    assert_eq!(all["runs"][0]["exit_name"], "config", "{all:#}");
    assert_eq!(all["runs"][1]["exit_name"], "ok", "{all:#}");
    check_record_of_status(&sandbox);
}

/// `status` shows the failure.
fn check_record_of_status(sandbox: &Sandbox) {
    let mut sandbox_config: toml::Table = sandbox.home.config_text().parse().expect("the configuration is TOML");
    sandbox_config["fairing"]["page_size"] = 50.into();
    fs::write(sandbox.home.config(), sandbox_config.to_string()).expect("a file can be written");
    let status = sandbox.run("status --json").expect(0).json();
    let rows = status["syncs"].as_array().expect("rows").clone();
    let fairing = rows.iter().find(|row| row["sync"] == "fairing").expect("its row").clone();
    assert_eq!(fairing["consecutive_failures"], 3, "{status:#}");
}

#[test]
fn missing_credentials_are_recorded_and_reported() {
    let sandbox = watched();
    for secret in ["shop-eu", "shop-us"] {
        sandbox.home.secret(secret, "");
    }
    check_alarm(&sandbox, 4, "fairing.accounts[0].token");
    check_record(&sandbox, 4);
    for secret in ["shop-eu", "shop-us"] {
        fs::remove_file(sandbox.home.path().join(format!("{secret}.secret"))).expect("it is there");
    }
    check_alarm(&sandbox, 4, "fairing.accounts[0].token");
    check_record(&sandbox, 4);
}

#[test]
fn secret_file_that_others_may_read_is_recorded_and_reported() {
    let sandbox = watched();
    for secret in ["shop-eu", "shop-us"] {
        let path = sandbox.home.path().join(format!("{secret}.secret"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("permissions can be set");
    }
    check_alarm(&sandbox, 4, "chmod 600");
    check_record(&sandbox, 4);
}

#[test]
fn log_that_cannot_be_opened_and_zone_that_is_unknown_are_recorded_and_reported() {
    let mut sandbox = watched();
    sandbox.home.set("time_zone", "Asia/Shangai");
    check_alarm(&sandbox, 4, "time_zone");
    check_record(&sandbox, 4);
    sandbox.home.set("time_zone", "Asia/Shanghai");
    sandbox.home.set("log.file", "/proc/none/tongbu.jsonl");
    check_alarm(&sandbox, 4, "log file");
    check_record(&sandbox, 4);
}

#[test]
fn configuration_that_cannot_be_read_is_recorded_where_the_database_is_named() {
    let sandbox = watched();
    fs::write(sandbox.home.config(), "fairing = [").expect("a file can be written");
    let outcome = sandbox.run(RUN).expect(4);
    assert!(outcome.stderr.contains("error: ") && !outcome.stderr.contains("records show"), "{}", outcome.stderr);
    let mut command = sandbox.command();
    command.args(RUN.split(' ')).arg("--db").arg(sandbox.home.database());
    let outcome = crate::support::Running::start(command).wait().expect(4);
    assert!(outcome.stderr.contains("`tongbu records show 1`"), "{}", outcome.stderr);
    check_record(&sandbox, 4);
}

#[test]
fn every_sync_of_a_configuration_that_cannot_be_read_is_recorded() {
    let sandbox = watched();
    let all = |words: &str| {
        let mut command = sandbox.command();
        command.args(words.split(' ')).arg("--db").arg(sandbox.home.database());
        crate::support::Running::start(command).wait()
    };
    let recorded = || {
        let sql =
            "SELECT group_concat(DISTINCT sync || ':' || exit_name) FROM (SELECT * FROM sync_records ORDER BY sync)";
        sandbox.database().value::<String>(sql)
    };
    fs::write(sandbox.home.config(), "[tasks]\n[[fairing.accounts\n").expect("a file can be written");
    let outcome = all("sync all -q").expect(4);
    assert!(outcome.stderr.contains("`tongbu records show 1`"), "{}", outcome.stderr);
    assert_eq!(recorded(), "fairing:config,tasks:config");
    // A text that names none: what has run before is meant.
    fs::write(sandbox.home.config(), "= nothing").expect("a file can be written");
    let before = sandbox.database().count("sync_records");
    all("sync all -q").expect(4);
    assert!(sandbox.database().count("sync_records") > before);
    assert_eq!(recorded(), "fairing:config,tasks:config");
}

#[test]
fn mistake_beside_the_monitor_is_recorded_and_reported() {
    let mut sandbox = watched();
    sandbox.home.set("http.retires", 3);
    check_alarm(&sandbox, 4, "`retires`");
    check_record(&sandbox, 4);
    for command in ["sync all -q", "check users -q"] {
        let before = sandbox.database().count("sync_records");
        sandbox.receiver.take_messages();
        sandbox.run(command).expect(4);
        assert!(sandbox.database().count("sync_records") > before, "{command}");
        assert!(!sandbox.receiver.take_messages().is_empty(), "{command}");
    }
}

#[test]
fn sync_all_without_an_upstream_is_recorded_and_reported_until_there_is_one() {
    let sandbox = watched();
    let whole = sandbox.home.config_text();
    let mut config: toml::Table = whole.parse().expect("the configuration is TOML");
    for upstream in ["fairing", "douban", "tasks", "ecs", "users", "tmdb"] {
        config.remove(upstream);
    }
    fs::write(sandbox.home.config(), config.to_string()).expect("a file can be written");
    let outcome = sandbox.run("sync all -q").expect(4);
    assert!(outcome.stderr.contains("no upstream is configured"), "{}", outcome.stderr);
    assert_eq!(sandbox.receiver.server().count("/ping/fail"), 1);
    let message = sandbox.receiver.take_messages().remove(0).1;
    assert_eq!((&message["sync"], &message["exit_code"], &message["record_id"]), (&"all".into(), &4.into(), &1.into()));
    check_record(&sandbox, 4);
    let status = sandbox.run("status").expect(0).stdout;
    assert!(status.contains("no upstream is configured"), "{status}");
    assert!(sandbox.run("records list --failed").expect(0).stdout.contains("no upstream"));
    for filter in ["--sync all", "--window all"] {
        assert_eq!(sandbox.run(&format!("records list {filter} --json")).expect(0).json()["total"], 1, "{filter}");
    }
    assert!(sandbox.run("records stats --sync all").expect(0).stdout.contains("all"));
    assert!(sandbox.complete(&["records", "list", "--sync", "al"]).stdout.contains("all"));

    // What is configured again ends it.
    fs::write(sandbox.home.config(), &whole).expect("a file can be written");
    sandbox.run("sync all -q").expect(0);
    let events: Vec<Value> =
        sandbox.receiver.take_messages().into_iter().map(|(_, message)| message["event"].clone()).collect();
    assert_eq!(events, ["recovered"]);
    let status = sandbox.run("status --json").expect(0).json();
    let rows = status["syncs"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["consecutive_failures"] == 0), "{status:#}");

    // Where syncs have run before, they are what is missing.
    fs::write(sandbox.home.config(), config.to_string()).expect("a file can be written");
    let all = sandbox.run("sync all --json").expect(4).json();
    assert!(all["runs"].as_array().is_some_and(|runs| runs.len() > 3), "{all:#}");
    assert!(!sandbox.receiver.take_messages().is_empty());
}

#[test]
fn mistake_about_the_database_makes_no_other_database() {
    let sandbox = watched();
    let mut config: toml::Table = sandbox.home.config_text().parse().expect("the configuration is TOML");
    let path = config.remove("database").expect("a database");
    config.insert("databse".to_owned(), path);
    fs::write(sandbox.home.config(), config.to_string()).expect("a file can be written");
    check_alarm(&sandbox, 4, "databse");
    assert!(!sandbox.home.database().exists() && !sandbox.home.path().join(".local").exists());
}

#[test]
fn database_that_cannot_be_used_is_reported_every_time() {
    let sandbox = watched();
    sandbox.run(RUN).expect(0);
    sandbox.fairing.server().take_log();
    let good = fs::read(sandbox.home.database()).expect("the database");

    fs::write(sandbox.home.database(), "not a database, certainly").expect("a file can be written");
    let message = check_alarm(&sandbox, 12, "tongbu.db");
    assert_eq!((&message["event"], &message["exit_name"]), (&"failed".into(), &"database".into()), "{message:#}");
    check_alarm(&sandbox, 12, "tongbu.db");

    fs::write(sandbox.home.database(), &good).expect("a file can be written");
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("the database");
    database.pragma_update(None, "user_version", 1_000_000).expect("a pragma");
    drop(database);
    check_alarm(&sandbox, 12, "newer");
}

#[test]
fn folder_that_is_missing_or_no_folder_is_reported() {
    let mut sandbox = watched();
    sandbox.home.set("database", "/proc/none/tongbu.db");
    check_alarm(&sandbox, 12, "/proc/none");
    sandbox.home.set("database", sandbox.home.config().join("tongbu.db").display().to_string());
    check_alarm(&sandbox, 12, "tongbu.db");
}

#[test]
fn disk_that_is_full_is_reported() {
    let sandbox = watched();
    sandbox.run(RUN).expect(0);
    sandbox.receiver.server().take_log();
    let mut command = std::process::Command::new("/bin/sh");
    let limited = format!("ulimit -f 1; exec \"$0\" {RUN}");
    command.args(["-c", &limited]).arg(sandbox.command().get_program());
    command.env_clear().env("HOME", sandbox.home.path()).env("TONGBU_CONFIG", sandbox.home.config());
    let outcome = crate::support::Running::start(command).wait().expect(12);
    assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains("tongbu.db"), "{}", outcome.stderr);
    assert_eq!(sandbox.receiver.server().count("/ping/fail"), 1);
    assert_eq!(sandbox.receiver.take_messages().len(), 1);
}

#[test]
fn wrong_arguments_and_rehearsals_are_no_alarm() {
    let mut sandbox = watched();
    sandbox.run("sync fairing --window today").expect(2);
    sandbox.home.set("fairing.page_size", 0);
    sandbox.run("sync fairing --dry-run").expect(4);
    assert_eq!(sandbox.receiver.server().count("/"), 0);
}
