//! The log of runs: which lines there are, and that each names its run.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

/// Every line of the log file.
fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(sandbox.home.path()).expect("the home").flatten() {
        if entry.file_name().to_string_lossy().starts_with("log.") {
            let text = std::fs::read_to_string(entry.path()).expect("a log");
            lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a JSON line")));
        }
    }
    lines
}

fn count(lines: &[Value], message: &str) -> usize {
    lines.iter().filter(|line| line["message"] == message).count()
}

#[test]
fn log_has_a_line_for_each_run_film_call_and_retry_and_each_names_its_run() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().add(Rule::on("/", Fault::Status(503)).times(1));
    sandbox.create_users(1..=2);
    sandbox.run("sync all --log-file log.jsonl").expect(0);
    let lines = lines(&sandbox);
    let runs = sandbox.database().rows("SELECT id, trace_id, exit_name FROM sync_records ORDER BY id");
    assert_eq!(count(&lines, "run ended"), runs.len());
    let ended: Vec<&Value> = lines.iter().filter(|line| line["message"] == "run ended").collect();
    for (line, record) in ended.iter().zip(1..) {
        assert_eq!((&line["record.id"], &line["exit"]), (&record.into(), &"ok".into()), "{line:#}");
        for key in ["duration_ms", "total", "new", "requests", "retries"] {
            assert!(line[key].is_u64(), "`{key}` is not in {line:#}");
        }
    }
    assert_eq!(count(&lines, "film"), usize::try_from(sandbox.database().count("videos")).expect("a count"));
    let film = lines.iter().find(|line| line["message"] == "film").expect("a film");
    assert!(film["film.id"].is_string() && film["title"].is_string(), "{film:#}");
    let calls: Vec<&Value> = lines.iter().filter(|line| line["message"] == "called").collect();
    assert_eq!(calls.len(), sandbox.ecs.server().count("/"));
    let actions: BTreeSet<&str> = calls.iter().filter_map(|call| call["action"].as_str()).collect();
    assert!(actions.contains("DescribeInstances") && actions.contains("DescribeRegions"), "{actions:?}");
    let retries: Vec<&Value> = lines
        .iter()
        .filter(|line| line["message"].as_str().is_some_and(|text| text.ends_with("trying again")))
        .collect();
    assert_eq!(retries.len(), 1, "{retries:#?}");
    assert!(retries[0]["error"].as_str().is_some_and(|error| error.contains("503")), "{retries:#?}");

    let known: BTreeSet<String> = sandbox.database().texts("SELECT trace_id FROM sync_records").into_iter().collect();
    for line in &lines {
        assert!(line["trace_id"].as_str().is_some_and(|id| known.contains(id)), "{line:#}");
    }
    for (name, _, server) in sandbox.servers() {
        for logged in server.log() {
            let sent = format!(
                "{} {} {:?} {}",
                logged.path,
                logged.query,
                logged.headers,
                String::from_utf8_lossy(&logged.body)
            );
            assert!(known.iter().all(|id| !sent.contains(id.as_str())), "a trace id is sent to {name}: {sent}");
        }
    }
}

#[test]
fn lines_of_the_log_that_are_lost_are_a_warning() {
    let sandbox = Sandbox::small();
    // Writing into it fails as on a full disk.
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d");
    std::os::unix::fs::symlink("/dev/full", sandbox.home.path().join(format!("log.{today}.jsonl"))).expect("a link");
    for quiet in ["", " -q"] {
        let outcome = sandbox.run(&format!("sync fairing --log-file log.jsonl{quiet}")).expect(0);
        let warnings: Vec<&str> = outcome.stderr.lines().collect();
        assert_eq!(warnings.len(), 1, "{}", outcome.stderr);
        let words = ["warning: lines of the log `log.jsonl` are lost: ", "No space left"];
        assert!(words.iter().all(|word| warnings[0].contains(word)), "{}", outcome.stderr);
    }
    let chinese = sandbox.run("sync fairing --log-file log.jsonl -q --lang zh").expect(0).stderr;
    assert!(chinese.starts_with("警告") && !chinese.contains("lines of the log"), "{chinese}");
}

#[test]
fn failed_run_is_one_line_with_its_reason() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::Status(401));
    sandbox.run("sync fairing --log-file log.jsonl").expect(6);
    let lines = lines(&sandbox);
    let ended: Vec<&Value> = lines.iter().filter(|line| line["message"] == "run ended").collect();
    assert_eq!(ended.len(), 1);
    assert_eq!((&ended[0]["exit"], &ended[0]["status"]), (&"auth".into(), &"failed".into()), "{:#}", ended[0]);
    assert!(ended[0]["error"].as_str().is_some_and(|error| error.contains("401")), "{:#}", ended[0]);
    let shown = sandbox.run("records show 1 --log --log-file log.jsonl --json").expect(0).json();
    assert_eq!(shown["log"].as_array().map(Vec::len), Some(lines.len()));
}
