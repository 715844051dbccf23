//! `doctor`: each thing that can be wrong is found, classified, and shown with what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use toml::Table;

use super::kill_one;
use crate::sandbox::Fault;
use crate::support::{Outcome, RedisServer, Running, Sandbox};

const SCHEMA: &str = "tongbu.doctor/1";

/// The findings about that, each `state subject: found -> hint`.
pub fn findings(document: &Value, check: &str) -> Vec<String> {
    assert_eq!(document["schema"], SCHEMA, "{document:#}");
    let all = document["checks"].as_array().expect("checks");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    all.iter()
        .filter(|finding| finding["check"] == check)
        .map(|finding| {
            let [state, subject, found, hint] = ["state", "subject", "found", "hint"].map(|key| text(finding, key));
            format!("{state} {subject}: {found} -> {hint}")
        })
        .collect()
}

/// One finding about that is in this state and contains all of this.
#[track_caller]
pub fn check(outcome: Outcome, code: i32, check: &str, words: &[&str]) -> Value {
    let document = outcome.expect(code).json();
    assert_eq!(document["exit_code"], code);
    let found = findings(&document, check);
    let fits = found.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(fits, "{words:?} is not in {found:#?}");
    document
}

#[test]
fn healthy_setup_reports_an_answer_of_every_upstream() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    for (_, _, server) in sandbox.servers() {
        server.take_log();
    }
    let outcome = sandbox.run("doctor --json");
    assert_eq!(outcome.stderr, "");
    let document = check(outcome, 0, "sqlite", &["ok", "3."]);
    for finding in document["checks"].as_array().expect("checks") {
        // How much room there is, is the machine's own affair; one of the fakes lives in the past.
        let is_ours = finding["check"] != "free-space" && finding["check"] != "clock";
        assert!(finding["state"] == "ok" || !is_ours, "{finding:#}");
    }
    let credentials = findings(&document, "credentials").join("\n");
    for subject in ["fairing/shop-eu", "fairing/shop-us", "douban/", "ecs/", " tasks:", " tmdb:"] {
        assert!(credentials.contains(subject), "{credentials}");
    }
    for (name, _, server) in sandbox.servers() {
        assert!((1..=8).contains(&server.count("/")), "{name} received {} requests", server.count("/"));
    }
    let table = sandbox.run("doctor --lang zh").expect(0).stdout;
    for words in ["凭据 fairing/shop-eu", "凭据 douban/列表", "正常"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    assert!(!table.contains("the list"), "{table}");
    assert!(!table.contains(&sandbox.fairing.token("shop-eu")));
}

#[test]
fn quiet_doctor_prints_only_failures() {
    let sandbox = Sandbox::small();
    assert_eq!(sandbox.run("doctor -q --offline").expect(0).said(), "");
    fs::write(sandbox.home.database(), "x").expect("a file can be written");
    assert!(sandbox.run("doctor -q --offline").expect(12).stdout.contains("failed"));
}

#[test]
fn page_that_is_no_json_is_no_answer() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::html());
    let document = check(sandbox.run("doctor --json"), 7, "credentials", &["failed fairing/shop-eu", "not JSON"]);
    // No record keeps what was answered here.
    assert!(!findings(&document, "credentials").join("\n").contains("records show"), "{document:#}");
}

#[test]
fn character_device_for_a_configuration_is_no_fault() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("--config /dev/null doctor --offline --json");
    check(outcome, 0, "configuration", &["ok"]);
}

#[test]
fn offline_doctor_sends_nothing() {
    let sandbox = Sandbox::small();
    check(sandbox.run("doctor --offline --json"), 0, "credentials", &["ok fairing", "not sent"]);
    for (name, _, server) in sandbox.servers() {
        assert_eq!(server.count("/"), 0, "{name}");
    }
    assert!(!sandbox.home.database().exists(), "looking made a database");
}

#[test]
fn rejected_credentials_are_reported_by_account_without_their_value() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::Status(401));
    let outcome = sandbox.run("doctor --json");
    assert!(!outcome.said().contains(&sandbox.fairing.token("shop-eu")));
    let document = check(outcome, 6, "credentials", &["failed fairing/shop-us", "401"]);
    let found = findings(&document, "credentials");
    assert_eq!(found.iter().filter(|line| line.starts_with("ok ")).count(), 7, "{found:#?}");
}

#[test]
fn cloud_action_that_is_not_allowed_is_named() {
    let sandbox = Sandbox::small();
    check(sandbox.run("doctor --json"), 0, "rights", &["ok ecs/prod/DescribeDisks", "allowed"]);
    sandbox.ecs.deny("prod", "DescribeDisks");
    sandbox.ecs.deny("game", "DescribeInstancesStatus");
    let document =
        check(sandbox.run("doctor --json"), 6, "rights", &["failed ecs/prod/DescribeDisks", "Forbidden.RAM"]);
    let found = findings(&document, "rights");
    for words in ["ok ecs/prod/DescribeInstances:", "ok ecs/game/DescribeInstances:"] {
        assert!(found.iter().any(|line| line.starts_with(words)), "{found:#?}");
    }
    let optional = found.iter().find(|line| line.contains("ecs/game/DescribeInstancesStatus")).expect("a finding");
    assert!(optional.starts_with("warning") && optional.contains("--status-only"), "{optional}");
    // A rejected key is said once, by the list of regions.
    sandbox.home.secret("prod-key", "not-the-key-0000");
    sandbox.home.secret("game-key", "not-the-key-0000");
    let document = check(sandbox.run("doctor --json"), 6, "credentials", &["failed ecs/prod"]);
    assert_eq!(findings(&document, "rights"), [""; 0]);
}

/// A sandbox whose users come from one Redis and go to another.
fn with_redis(stream: &RedisServer, target: &RedisServer) -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("users.source", "redis");
    sandbox.home.set("users.redis_url", sandbox.home.secret("stream", &stream.url()));
    let target = Table::from_iter([
        ("name".to_owned(), "cache".into()),
        ("kind".to_owned(), "redis".into()),
        ("url".to_owned(), sandbox.home.secret("cache", &target.url())),
    ]);
    sandbox.home.set("users.targets", vec![toml::Value::from(target)]);
    sandbox
}

#[test]
fn redis_that_would_forget_confirmed_events_is_reported() {
    let (forgetful, durable) = (RedisServer::start(), RedisServer::durable());
    let sandbox = with_redis(&forgetful, &durable);
    let document = check(sandbox.run("doctor --json"), 0, "durability", &["ok users/cache", "kept on disk"]);
    let found = findings(&document, "durability").join("\n");
    let command = format!("redis-cli -h 127.0.0.1 -p {} config set appendonly yes", forgetful.port());
    for words in ["warning users/stream: keeps nothing on disk", command.as_str()] {
        assert!(found.contains(words), "{words}: {found}");
    }
    forgetful.snapshot_hourly();
    check(sandbox.run("doctor --json"), 0, "durability", &["warning users/stream", "snapshots"]);
    forgetful.ask::<()>("CONFIG SET appendonly yes");
    check(sandbox.run("doctor --json"), 0, "durability", &["ok users/stream"]);
}

#[test]
fn redis_that_hides_its_settings_is_judged_by_what_it_shows() {
    let (stream, target) = (RedisServer::durable(), RedisServer::start());
    for server in [&stream, &target] {
        server.ask::<()>("ACL SETUSER default -config");
    }
    let sandbox = with_redis(&stream, &target);
    let document = check(sandbox.run("doctor --json"), 0, "durability", &["ok users/stream"]);
    let found = findings(&document, "durability").join("\n");
    assert!(found.contains("warning users/cache: keeps snapshots at most"), "{found}");
    target.ask::<()>("ACL SETUSER default -info");
    check(sandbox.run("doctor --json"), 0, "durability", &["ok users/cache"]);
}

#[test]
fn mail_that_cron_cannot_send_is_reported() {
    let mut sandbox = Sandbox::small();
    let crontab = "MAILTO=\"\"\n7 * * * * tongbu sync fairing -q";
    check(doctor_with_crontab(&sandbox, crontab), 0, "mail", &["warning", "`MAILTO` is empty", "[[monitor.notify]]"]);
    if !Path::new("/usr/sbin/sendmail").exists() {
        let crontab = "7 * * * * tongbu sync fairing -q";
        check(doctor_with_crontab(&sandbox, crontab), 0, "mail", &["warning", "no `/usr/sbin/sendmail`", "msmtp"]);
    }
    let url = sandbox.home.secret("hook", "http://127.0.0.1:1/hook");
    let notify = Table::from_iter([("kind".to_owned(), "webhook".into()), ("url".to_owned(), url)]);
    sandbox.home.set("monitor.notify", vec![toml::Value::from(notify)]);
    check(doctor_with_crontab(&sandbox, crontab), 0, "mail", &["ok", "reports failures"]);
}

#[test]
fn unreachable_upstream_is_unavailable() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.base_url", "http://127.0.0.1:1");
    check(sandbox.run("doctor --json"), 5, "credentials", &["failed fairing/shop-eu", "refused", "curl"]);
}

#[test]
fn correct_clock_is_ok() {
    let sandbox = Sandbox::small();
    let mut config: Table = sandbox.home.config_text().parse().expect("the configuration is TOML");
    // Its answers bear the date of its rows.
    config.remove("fairing");
    fs::write(sandbox.home.config(), config.to_string()).expect("a file can be written");
    check(sandbox.run("doctor --json"), 0, "clock", &["ok", "in step"]);
}

#[test]
fn wrong_clock_is_detected_from_upstream_answers() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::StatusWith(401, "date", "Fri, 02 Jan 2026 03:04:05 GMT".to_owned()));
    check(sandbox.run("doctor --json"), 6, "clock", &["warning", "ahead of fairing", "timedatectl"]);
}

#[test]
fn a_configuration_that_cannot_be_read_is_named_with_its_line() {
    let sandbox = Sandbox::small();
    fs::write(sandbox.home.config(), "[fairing\n").expect("a file can be written");
    check(sandbox.run("doctor --json"), 4, "configuration", &["failed", "line 1"]);
    fs::write(sandbox.home.config(), "[fairing]\nworkres = 1\n").expect("a file can be written");
    check(sandbox.run("doctor --json"), 4, "credentials", &["failed fairing", "`workers`"]);
    let outcome = sandbox.run("doctor --json --config nowhere.toml");
    check(outcome, 4, "configuration", &["failed", "nowhere.toml"]);
}

#[test]
fn secret_readable_by_others_is_reported_with_a_hint() {
    let sandbox = Sandbox::small();
    let text = fs::read_to_string(sandbox.home.config()).expect("the configuration");
    let path = text.split('"').find(|part| part.ends_with(".secret")).expect("a secret in a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("the mode can be set");
    check(sandbox.run("doctor --offline --json"), 4, "secret", &["failed", path, "chmod 600"]);
}

#[test]
fn a_file_that_is_not_our_database_is_left_alone() {
    let sandbox = Sandbox::small();
    fs::write(sandbox.home.database(), "name,value\n").expect("a file can be written");
    check(sandbox.run("doctor --offline --json"), 12, "database", &["failed", "a text file", "--db"]);
    assert_eq!(fs::read(sandbox.home.database()).expect("the file"), b"name,value\n");
    let outcome = sandbox.run("doctor --offline --json --db config.toml/t.db");
    check(outcome, 12, "database", &["failed"]);
}

#[test]
fn damaged_database_is_detected() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'fairing_responses'";
    let page = usize::try_from(sandbox.database().value::<i64>(sql)).expect("a page");
    let size = usize::try_from(sandbox.database().value::<i64>("PRAGMA page_size")).expect("a size");
    let mut bytes = fs::read(sandbox.home.database()).expect("the database");
    bytes[(page - 1) * size..page * size].fill(0xee);
    fs::write(sandbox.home.database(), bytes).expect("a file can be written");
    check(sandbox.run("doctor --offline --json"), 12, "database", &["failed", "tongbu backup"]);
}

#[test]
fn an_open_file_and_what_a_killed_run_left_are_warnings() {
    let sandbox = Sandbox::small();
    kill_one(&sandbox);
    fs::set_permissions(sandbox.home.database(), fs::Permissions::from_mode(0o644)).expect("the mode can be set");
    let document = check(sandbox.run("doctor --offline --json"), 0, "permissions", &["warning", "644", "chmod 600"]);
    for (check, words) in [("locks", "fairing/shop-eu"), ("records", "left unfinished: 1")] {
        let found = findings(&document, check);
        assert!(
            found[0].starts_with("warning") && found[0].contains(words) && found[0].contains("locks clean"),
            "{found:?}"
        );
    }
    sandbox.run("locks clean").expect(0);
    check(sandbox.run("doctor --offline --json"), 0, "locks", &["ok", "none is held"]);
}

#[test]
fn files_that_cannot_be_written_are_warnings() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("log.file", "config.toml/logs/t.jsonl");
    sandbox.home.set("monitor.metrics_file", "/proc/version/t.prom");
    let document =
        check(sandbox.run("doctor --offline --json"), 0, "log", &["warning", "config.toml` is no directory"]);
    assert!(findings(&document, "metrics-file")[0].starts_with("warning"), "{document:#}");
}

/// In an environment that cron would not give.
fn doctor_with(sandbox: &Sandbox, variable: (&str, &str), arguments: &str) -> Outcome {
    let mut command = sandbox.home.command(Path::new(env!("CARGO_BIN_EXE_tongbu")));
    command.env(variable.0, variable.1).args(arguments.split(' '));
    Running::start(command).wait()
}

#[test]
fn variable_missing_under_cron_is_reported() {
    let mut sandbox = Sandbox::small();
    let mut cookie = Table::new();
    cookie.insert("env".to_owned(), "DOCTOR_COOKIE".into());
    sandbox.home.set("douban.cookie", cookie);
    let config = sandbox.home.config();
    let arguments = format!("doctor --offline --cron --json --config {}", config.display());
    let secret = ("DOCTOR_COOKIE", "doctor-canary");
    let outcome = doctor_with(&sandbox, secret, &arguments);
    assert!(!outcome.said().contains("doctor-canary"));
    let document = check(outcome, 4, "secret", &["ok"]);
    assert_eq!(document["cron"]["exit_name"], "config");
    let differences = document["cron"]["differences"].as_array().expect("differences");
    let found = |check: &str| differences.iter().find(|difference| difference["check"] == check).expect("a difference");
    assert_eq!((&found("secret")["subject"], &found("secret")["here"]), (&"douban.cookie".into(), &Value::Null));
    assert_eq!((&found("credentials")["subject"], &found("credentials")["here"]), (&"douban".into(), &"ok".into()));
    let table = doctor_with(&sandbox, secret, arguments.replace(" --json", "").as_str()).expect(4).stdout;
    assert!(table.contains("differences in cron's environment:") && table.contains("DOCTOR_COOKIE"), "{table}");
}

#[test]
fn missing_home_is_reported() {
    let sandbox = Sandbox::small();
    let arguments = format!("doctor --offline --cron --json --config {}", sandbox.home.config().display());
    let document = doctor_with(&sandbox, ("HOME", "/nowhere"), &arguments).expect(0).json();
    let difference = &document["cron"]["differences"][0];
    assert_eq!((&difference["check"], &difference["state"]), (&"cron".into(), &"warning".into()), "{document:#}");
    assert!(difference["found"].as_str().is_some_and(|found| found.contains("`/nowhere`")), "{difference:#}");
}

#[test]
fn configuration_named_by_a_variable_is_not_found_under_cron() {
    let sandbox = Sandbox::small();
    let document = check(sandbox.run("doctor --offline --cron --json"), 4, "configuration", &["ok", "TONGBU_CONFIG"]);
    let differences = document["cron"]["differences"].as_array().expect("differences");
    let difference = differences.iter().find(|difference| difference["check"] == "configuration");
    let difference = difference.expect("the configuration differs");
    assert_eq!((&difference["state"], &difference["here"]), (&"failed".into(), &"ok".into()), "{document:#}");
    let [found, hint] = ["found", "hint"].map(|key| difference[key].as_str().unwrap_or_default());
    assert!(found.contains("no `TONGBU_CONFIG`") && hint.contains("--config '"), "{difference:#}");
    let config = sandbox.home.config();
    let same = sandbox.run(&format!("doctor --offline --cron --config {}", config.display())).expect(0).stdout;
    assert!(same.contains("no differences in cron's environment"), "{same}");
}

/// `doctor --cron` with a `crontab` that prints these lines.
pub fn doctor_with_crontab(sandbox: &Sandbox, lines: &str) -> Outcome {
    let folder = sandbox.home.path().join("bin");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let crontab = folder.join("crontab");
    fs::write(&crontab, format!("#!/bin/sh\ncat <<'END'\n{lines}\nEND\n")).expect("a script can be written");
    fs::set_permissions(&crontab, fs::Permissions::from_mode(0o755)).expect("a script can be run");
    let arguments = format!("doctor --offline --cron --json --config {}", sandbox.home.config().display());
    doctor_with(sandbox, ("PATH", &format!("{}:/usr/bin:/bin", folder.display())), &arguments)
}

#[test]
fn unencrypted_address_beyond_this_machine_is_reported() {
    let mut sandbox = Sandbox::small();
    let encryption =
        |sandbox: &Sandbox| findings(&sandbox.run("doctor --offline --json").expect(0).json(), "encryption");
    assert_eq!(encryption(&sandbox), [""; 0], "the fakes are on this machine");
    sandbox.home.set("fairing.base_url", "http://fairing.example");
    let found = encryption(&sandbox);
    assert!(found.len() == 1 && found[0].starts_with("warning fairing.base_url: is not encrypted"), "{found:?}");
    sandbox.home.set("fairing.base_url", "https://fairing.example");
    assert_eq!(encryption(&sandbox), [""; 0]);
}
