//! `metrics`: what a collector reads.

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
