//! `metrics`: what a collector reads.

#![expect(clippy::float_cmp, reason = "counts are whole numbers")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::lifecycle::ONE;
use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

#[test]
fn metrics_list_every_sync_that_ran() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let outcome = sandbox.run("metrics").expect(0);
    assert_eq!(outcome.stderr, "");
    assert!(outcome.stdout.ends_with("# EOF\n"), "{}", outcome.stdout);
    let labels = r#"{sync="fairing",sync_type="fairing"}"#;
    assert!(outcome.stdout.contains(&format!("tongbu_last_exit_code{labels} 0")), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("# TYPE tongbu_last_duration_seconds gauge"), "{}", outcome.stdout);
}

#[test]
fn metrics_before_the_first_run_are_empty_and_complete() {
    let sandbox = Sandbox::small();
    let text = sandbox.run("metrics").expect(0).stdout;
    assert!(text.ends_with("# EOF\n") && !text.contains("sync="), "{text}");
    assert!(!sandbox.home.database().exists(), "looking made a database");
}

#[test]
fn a_document_that_does_not_exist_is_refused() {
    let document = Sandbox::small().run("metrics --json").expect(2).json();
    assert_eq!((&document["schema"], &document["exit_name"]), (&"tongbu.error/1".into(), &"usage".into()));
    assert!(document["error"]["hint"].as_str().is_some_and(|hint| hint.contains("tongbu status --json")));
}

#[test]
fn a_file_that_is_no_database_is_no_metrics() {
    let sandbox = Sandbox::small();
    std::fs::write(sandbox.home.database(), "x").expect("a file can be written");
    let outcome = sandbox.run("metrics").expect(12);
    assert_eq!(outcome.stdout, "");
}

/// The samples, `name{labels}` with their values; fails where the text is not `OpenMetrics`.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let mut samples = BTreeMap::new();
    let mut family = "";
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.last(), Some(&"# EOF"), "{text}");
    for line in &lines[..lines.len() - 1] {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a kind");
            assert!(kinds.insert(name, kind).is_none(), "`{name}` comes twice");
            family = name;
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(rest.split_once(' ').is_some_and(|(_, help)| !help.is_empty()), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').expect("a sample and its value");
            let name = sample.split('{').next().unwrap_or_default();
            let expected = if kinds[family] == "counter" { format!("{family}_total") } else { family.to_owned() };
            assert_eq!(name, expected, "{line}");
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert!(samples.insert(sample.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    samples
}

#[test]
fn counters_grow_from_run_to_run_and_survive_the_records() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    sandbox.fairing.server().add(Rule::on("/", Fault::Status(503)).times(1));
    sandbox.run("sync fairing --force").expect(0);
    sandbox.fairing.server().always(Fault::Status(401));
    sandbox.run("sync fairing --force").expect(6);
    let text = sandbox.run("metrics").expect(0).stdout;
    let found = samples(&text);
    let sync = r#"sync="fairing",sync_type="fairing""#;
    let value = |name: &str, more: &str| found[&format!("tongbu_{name}{{{sync}{more}}}")];
    assert_eq!((value("runs_total", r#",exit="ok""#), value("runs_total", r#",exit="auth""#)), (2.0, 1.0), "{text}");
    let stored = sandbox.database().count("fairing_questions") + sandbox.database().count("fairing_responses");
    assert_eq!(value("rows_total", r#",change="new""#).to_string(), stored.to_string(), "{text}");
    assert!(value("requests_total", "") >= 9.0 && value("problems_total", r#",class="auth""#) >= 1.0, "{text}");
    assert_eq!(value("retries_total", ""), 1.0, "{text}");
    assert!(value("api_seconds_total", "") > 0.0 && value("last_api_seconds", "") > 0.0, "{text}");
    assert!(value("last_duration_seconds", "") > 0.0, "{text}");
    assert!(!text.contains("change=\"total\""), "a sum beside its parts: {text}");
    assert_eq!(sandbox.run("metrics").expect(0).stdout, text, "the order changes");
    sandbox.run("records prune --older-than 0s").expect(0);
    let after = samples(&sandbox.run("metrics").expect(0).stdout);
    assert_eq!(after[&format!("tongbu_runs_total{{{sync},exit=\"ok\"}}")], 2.0);
}

#[test]
fn upstreams_report_their_own_numbers() {
    let sandbox = Sandbox::small();
    sandbox.users.refuse_user(Users::SERVICE, 2, 422);
    sandbox.spawn_fed("users emit - --json", "{\"type\":\"user.created\",\"user_id\":2}\n").wait().expect(0);
    sandbox.run("sync users").expect(3);
    sandbox.users.server().add(Rule::on("/users/", Fault::Status(503)));
    sandbox.spawn_fed("users emit - --json", "{\"type\":\"user.created\",\"user_id\":3}\n").wait().expect(0);
    sandbox.run("sync users");
    sandbox.run("sync tasks --window today").expect(0);
    let found = samples(&sandbox.run("metrics").expect(0).stdout);
    let of_target = r#"{sync="users",target="user-service"}"#;
    assert_eq!(found[&format!("tongbu_dead_letters{of_target}")], 1.0, "{found:#?}");
    assert_eq!(found[&format!("tongbu_queue_length{of_target}")], 1.0, "{found:#?}");
    assert!(found[&format!("tongbu_queue_oldest_timestamp_seconds{of_target}")] > 1.7e9, "{found:#?}");
    let matches = |state: &str| found[&format!("tongbu_matches{{sync=\"tasks\",state=\"{state}\"}}")];
    let stored = sandbox.database().count("tasks");
    #[expect(clippy::cast_precision_loss, reason = "a few tasks")]
    let stored = stored as f64;
    assert_eq!(matches("pending") + matches("matched") + matches("idle"), stored, "{found:#?}");
}

#[test]
fn live_locks_and_unread_records_are_counted() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::Status(401));
    sandbox.run(ONE).expect(6);
    sandbox.fairing.server().clear_faults();
    let held = sandbox.spawn_held(ONE);
    let found = samples(&sandbox.run("metrics").expect(0).stdout);
    assert_eq!(found["tongbu_locks"], 1.0, "{found:#?}");
    assert!(found[r#"tongbu_unread_records{sync="fairing",sync_type="fairing"}"#] >= 1.0, "{found:#?}");
    sandbox.fairing.server().clear_faults();
    held.wait().expect(0);
    assert_eq!(samples(&sandbox.run("metrics").expect(0).stdout)["tongbu_locks"], 0.0);
}

/// Every name of a metric in the text.
fn names(text: &str) -> BTreeSet<&str> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    text.split(|sign| !is_sign(sign)).filter(|word| word.starts_with("tongbu_")).collect()
}

#[test]
fn alert_rules_are_about_metrics_there_are() {
    let sandbox = Sandbox::small();
    sandbox.users.server().add(Rule::on("/users/", Fault::Status(503)));
    sandbox.spawn_fed("users emit - --json", "{\"type\":\"user.created\",\"user_id\":3}\n").wait().expect(0);
    sandbox.run("sync all");
    let metrics = sandbox.run("metrics").expect(0).stdout;
    let rules = sandbox.run("generate alerts").expect(0).stdout;
    let known = names(&metrics);
    for name in names(&rules) {
        assert!(known.contains(name), "`{name}` is not in {metrics}");
    }
    for alert in ["TongbuStale", "TongbuFailing", "TongbuDied", "TongbuDeadLetters", "TongbuQueueOld"] {
        assert!(rules.contains(&format!("- alert: {alert}\n")), "{rules}");
    }
    for labels in [r#"{sync="tasks",sync_type="today"}"#, r#"{sync="fairing",sync_type="fairing"}"#] {
        let metric = format!("tongbu_last_success_timestamp_seconds{labels}");
        assert!(rules.contains(&metric) && metrics.contains(&metric), "`{metric}` is not in {rules}");
    }
    let path = sandbox.home.path().join("rules.yml");
    std::fs::write(&path, &rules).expect("a file can be written");
    // Where there is no promtool, the names above are all that is checked.
    let Ok(checked) = Command::new("promtool").args(["check", "rules"]).arg(&path).output() else { return };
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn rule_waits_for_the_minimum_interval() {
    let sandbox = Sandbox::small();
    let account = "[[fairing.accounts]]\nname = \"a\"\ntoken = { env = \"A\" }\n";
    let text = format!("[fairing]\nmin_interval = \"6h\"\n{account}");
    std::fs::write(sandbox.home.config(), text).expect("a file can be written");
    let rules = sandbox.run("generate alerts").expect(0).stdout;
    assert!(rules.contains("> 44100"), "{rules}");
}

#[test]
fn only_configured_syncs_have_alert_rules() {
    let sandbox = Sandbox::small();
    std::fs::write(sandbox.home.config(), "[ecs]\n").expect("a file can be written");
    let rules = sandbox.run("generate alerts").expect(0).stdout;
    assert_eq!(rules.matches("- alert: TongbuStale\n").count(), 1, "{rules}");
}

#[test]
fn the_metrics_file_can_be_read_by_the_collector_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::small();
    let path = sandbox.home.path().join("tongbu.prom");
    let mut shell = sandbox.home.command(std::path::Path::new("/bin/sh"));
    let script = format!("umask 077; exec \"$0\" sync fairing --metrics-file '{}'", path.display());
    shell.args(["-c", &script]).arg(sandbox.command().get_program());
    crate::support::Running::start(shell).wait().expect(0);
    let mode = std::fs::metadata(path).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}
