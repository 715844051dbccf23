//! What has been reported: a failure is news once, and its recovery comes exactly where the failure came.

use serde_json::Value;

use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

/// A sandbox with one webhook that hears of the third failure in a row.
fn watched() -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook"], 3);
    sandbox
}

/// The runs end with these codes; the events that each sends.
#[track_caller]
fn check(sandbox: &Sandbox, arguments: &str, runs: &[(i32, &[&str])]) {
    for (number, (code, expected)) in runs.iter().enumerate() {
        let said = sandbox.run(arguments).expect(*code).said();
        let sent = sandbox.receiver.take_messages();
        let events: Vec<&str> = sent.iter().filter_map(|(_, message)| message["event"].as_str()).collect();
        assert_eq!(events, *expected, "run {number}: {sent:#?}\n{said}");
    }
}

const NOTHING: &[&str] = &[];
const FAILED: &[&str] = &["failed"];
const RECOVERED: &[&str] = &["recovered"];

impl Sandbox {
    fn reject(&self, account: &str) {
        self.home.secret(account, "no such token");
    }

    fn admit(&self, account: &str) {
        self.home.secret(account, &self.fairing.token(account));
    }
}

#[test]
fn one_rejected_account_is_reported_at_once_and_then_at_doublings() {
    let sandbox = watched();
    sandbox.reject("shop-us");
    let rounds = [FAILED, NOTHING, FAILED, NOTHING, NOTHING, FAILED, NOTHING].map(|events| (3, events));
    check(&sandbox, "sync fairing", &rounds);
    sandbox.admit("shop-us");
    check(&sandbox, "sync fairing", &[(0, RECOVERED), (0, NOTHING)]);
}

#[test]
fn one_rejected_target_is_reported_once_with_its_credential() {
    let sandbox = watched();
    sandbox.home.secret("unified-auth-token", "no such token");
    sandbox.create_users(1..=2);
    check(&sandbox, "sync users -q", &[(3, FAILED), (3, NOTHING)]);
}

#[test]
fn a_second_account_that_is_rejected_is_news() {
    let sandbox = watched();
    sandbox.reject("shop-us");
    check(&sandbox, "sync fairing", &[(3, FAILED), (3, NOTHING), (3, FAILED), (3, NOTHING)]);
    sandbox.reject("shop-eu");
    check(&sandbox, "sync fairing", &[(6, FAILED)]);
}

#[test]
fn a_failure_that_was_reported_before_another_kind_of_failure_recovers() {
    let sandbox = watched();
    sandbox.reject("shop-us");
    check(&sandbox, "sync fairing", &[(3, FAILED)]);
    sandbox.admit("shop-us");
    check(&sandbox, "sync fairing", &[(0, RECOVERED)]);

    for account in ["shop-eu", "shop-us"] {
        sandbox.reject(account);
    }
    check(&sandbox, "sync fairing", &[(6, FAILED)]);
    sandbox.fairing.server().add(Rule::on("/", Fault::Status(503)));
    check(&sandbox, "sync fairing", &[(5, NOTHING)]);
    sandbox.fairing.server().clear_faults();
    let one = "sync fairing --account shop-eu --kind questions";
    let held = sandbox.spawn_held(one);
    check(&sandbox, &format!("{one} --on-lock skip"), &[(0, NOTHING)]);
    sandbox.fairing.server().clear_faults();
    held.wait().expect(6);
    for account in ["shop-eu", "shop-us"] {
        sandbox.admit(account);
    }
    sandbox.receiver.take_messages();
    check(&sandbox, "sync fairing --force", &[(0, RECOVERED), (0, NOTHING)]);
}

#[test]
fn a_failure_that_was_not_reported_has_no_recovery() {
    let sandbox = watched();
    sandbox.fairing.server().add(Rule::on("/", Fault::Status(503)));
    check(&sandbox, "sync fairing", &[(5, NOTHING), (5, NOTHING)]);
    sandbox.fairing.server().clear_faults();
    check(&sandbox, "sync fairing", &[(0, NOTHING)]);
}

#[test]
fn a_run_of_another_account_is_no_recovery() {
    let mut sandbox = watched();
    sandbox.notify(&["webhook"], 1);
    sandbox.reject("shop-us");
    check(&sandbox, "sync fairing", &[(3, FAILED)]);
    check(&sandbox, "sync fairing --account shop-eu", &[(0, NOTHING)]);
    check(&sandbox, "sync fairing", &[(3, FAILED)]);
    check(&sandbox, "sync fairing --account shop-eu", &[(0, NOTHING)]);
    check(&sandbox, "sync fairing", &[(3, NOTHING)]);
    sandbox.admit("shop-us");
    check(&sandbox, "sync fairing --account shop-us", &[(0, RECOVERED)]);
}

#[test]
fn an_account_that_is_configured_no_more_has_recovered() {
    let mut sandbox = watched();
    sandbox.reject("shop-us");
    check(&sandbox, "sync fairing", &[(3, FAILED)]);
    let mut config: toml::Table = sandbox.home.config_text().parse().expect("the configuration is TOML");
    let accounts = config["fairing"]["accounts"].as_array_mut().expect("accounts");
    accounts.retain(|account| account["name"].as_str() != Some("shop-us"));
    let accounts = accounts.clone();
    sandbox.home.set("fairing.accounts", accounts);
    check(&sandbox, "sync fairing", &[(0, RECOVERED)]);
}

#[test]
fn a_target_that_fails_beside_one_with_dead_letters_is_reported() {
    let mut sandbox = watched();
    sandbox.notify(&["webhook"], 1);
    sandbox.users.refuse_user(Users::SERVICE, 2, 422);
    sandbox.create_users(1..=3);
    check(&sandbox, "sync users", &[(3, FAILED), (3, FAILED), (3, NOTHING), (3, FAILED)]);
    sandbox.users.server().add(Rule::on("/users/unified-auth", Fault::Status(503)));
    sandbox.create_users(4..=4);
    sandbox.run("sync users");
    let sent = sandbox.receiver.take_messages();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].1["text"].as_str().is_some_and(|text| text.contains("unified-auth")), "{sent:#?}");
}

#[test]
fn a_receiver_that_was_not_reached_hears_of_it_in_the_next_run() {
    let sandbox = watched();
    sandbox.reject("shop-us");
    sandbox.receiver.server().always(Fault::Status(500));
    let outcome = sandbox.run("sync fairing -q").expect(3);
    assert!(outcome.stderr.contains("warning: cannot notify"), "{}", outcome.stderr);
    sandbox.receiver.server().clear_faults();
    sandbox.receiver.take_messages();
    check(&sandbox, "sync fairing", &[(3, FAILED), (3, FAILED), (3, NOTHING)]);
}

#[test]
fn each_receiver_hears_of_the_recovery_of_what_it_has_heard_of() {
    let mut sandbox = watched();
    let receiver = |name: &str, after: i64| {
        let url = sandbox.home.secret(name, &format!("{}/{name}", sandbox.receiver.base_url()));
        let entry =
            [("kind".to_owned(), "webhook".into()), ("url".to_owned(), url), ("after".to_owned(), after.into())];
        toml::Value::from(toml::Table::from_iter(entry))
    };
    let receivers = vec![receiver("soon", 1), receiver("late", 3)];
    sandbox.home.set("monitor.notify", receivers);
    sandbox.fail();
    sandbox.run("sync tasks --window today").expect(5);
    sandbox.tasks.server().clear_faults();
    sandbox.run("sync tasks --window today").expect(0);
    let sent: Vec<(String, Value)> =
        sandbox.receiver.take_messages().into_iter().map(|(path, message)| (path, message["event"].clone())).collect();
    let expected = [("/soon", "failed"), ("/soon", "recovered")];
    assert_eq!(sent, expected.map(|(path, event)| (path.to_owned(), event.into())));
}

#[test]
fn partial_run_that_is_allowed_is_called_partial_everywhere() {
    let mut sandbox = watched();
    sandbox.notify(&["webhook"], 1);
    sandbox.reject("shop-us");
    let ping = format!("{}/ping", sandbox.receiver.base_url());
    sandbox.ping(&ping);
    sandbox.run("sync fairing --allow-partial").expect(0);
    assert_eq!(sandbox.receiver.server().count("/ping/fail"), 0);
    let message = sandbox.receiver.take_messages().remove(0).1;
    assert_eq!((&message["status"], &message["exit_code"]), (&"partial".into(), &0.into()), "{message:#}");
    let text = message["text"].as_str().expect("a text");
    assert!(text.starts_with("tongbu: fairing ended as partial on "), "{text}");
    assert!(!text.contains("fairing failed on"), "{text}");
}
