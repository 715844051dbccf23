//! What a run says, and on which stream: cron mails what it should not.

use std::path::Path;

use super::ONE;
use crate::sandbox::Fault;
use crate::support::{Running, Sandbox};

#[test]
fn under_cron_a_success_prints_one_summary_and_no_error() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("sync fairing").expect(0);
    assert_eq!(outcome.stderr, "");
    assert!(!outcome.stdout.is_empty());
    assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stdout.contains('\r'), "{:?}", outcome.stdout);
    let record: String = sandbox.database().value("SELECT trigger_type FROM sync_records");
    assert_eq!(record, "auto");
}

#[test]
fn a_quiet_success_prints_nothing_and_a_quiet_failure_says_why() {
    let sandbox = Sandbox::small();
    assert_eq!(sandbox.run("sync fairing -q").expect(0).said(), "");
    sandbox.fairing.server().always(Fault::Status(401));
    let outcome = sandbox.run("sync fairing -q").expect(6);
    assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains("hint: "), "{}", outcome.stderr);
}

#[test]
fn nothing_due_is_a_success_without_a_request() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.run("sync fairing").expect(0);
    sandbox.fairing.server().take_log();
    let document = sandbox.run("sync fairing --json").expect(0).json();
    assert_eq!(document["status"], "skipped", "{document:#}");
    for scope in document["scopes"].as_array().expect("the scopes") {
        assert_eq!(scope["reason"], "min-interval");
    }
    assert_eq!(sandbox.run("sync fairing").expect(0).stderr, "");
    assert_eq!(sandbox.fairing.server().count("/"), 0);
}

#[test]
fn no_environment_variable_is_needed_with_explicit_paths() {
    let sandbox = Sandbox::small();
    let mut command = sandbox.command();
    command.env_clear().current_dir(Path::new("/")).arg("--config").arg(sandbox.home.config());
    command.arg("--db").arg(sandbox.home.database()).args(ONE.split(' '));
    let outcome = Running::start(command).wait().expect(0);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_failure_prints_one_document_with_json() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::html());
    let document = sandbox.run(&format!("{ONE} --json")).expect(7).json();
    assert_eq!(document["schema"], "tongbu.sync/1");
    assert_eq!((document["exit_code"].as_i64(), document["exit_name"].as_str()), (Some(7), Some("contract")));
    assert_eq!(document["error"]["class"], "contract");
    assert_eq!(document["problems"][0]["scope"], "fairing/shop-eu/responses");
    let without_run = sandbox.run("sync fairing --json --config /nonexistent.toml").expect(4).json();
    assert_eq!(without_run["schema"], "tongbu.error/1");
}
