//! The limits of `[monitor]`: reported once when they are exceeded, and once when they no longer are.

use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

/// The text of what came in, with its event.
fn messages(sandbox: &Sandbox) -> Vec<String> {
    let messages = sandbox.receiver.take_messages().into_iter();
    messages.map(|(_, message)| format!("{} {}", message["event"], message["text"])).collect()
}

#[test]
fn dead_letters_beyond_the_limit_are_reported_once() {
    let mut sandbox = Sandbox::small();
    // Failures in a row would be reported after a thousand only.
    sandbox.notify(&["webhook"], 1000);
    sandbox.home.set("monitor.max_dead_letters", 0);
    sandbox.users.refuse_user(Users::SERVICE, 2, 422);
    sandbox.create_users(1..=3);
    sandbox.run("sync users").expect(3);
    let sent = messages(&sandbox);
    assert_eq!(sent.len(), 1, "{sent:#?}");
    for part in ["\"limit\"", "exceeds `monitor.max_dead_letters`", "1 dead letter at user-service, more than 0"] {
        assert!(sent[0].contains(part), "`{part}` is not in {sent:#?}");
    }
    sandbox.run("sync users").expect(3);
    assert_eq!(messages(&sandbox), [""; 0], "reported twice");
    sandbox.users.accept_user(Users::SERVICE, 2);
    sandbox.run("users events drop --all").expect(0);
    sandbox.run("sync users").expect(0);
    let sent = messages(&sandbox);
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].contains("\"resolved\"") && sent[0].contains("no longer exceeds"), "{sent:#?}");
}

#[test]
fn queue_older_than_the_limit_is_reported_until_somebody_was_reached() {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook"], 1000);
    sandbox.home.set("monitor.max_queue_age", "1ms");
    sandbox.users.server().add(Rule::on("/users/", Fault::Status(503)));
    sandbox.create_users(1..=1);
    sandbox.receiver.server().always(Fault::Status(500));
    let outcome = sandbox.run("sync users -q").expect(5);
    assert!(outcome.stderr.contains("warning: cannot notify `monitor.notify[0]`"), "{}", outcome.stderr);
    sandbox.receiver.server().clear_faults();
    messages(&sandbox);
    sandbox.run("sync users");
    let sent = messages(&sandbox);
    assert_eq!(sent.len(), 2, "one for each target: {sent:#?}");
    assert!(sent[0].contains("exceeds `monitor.max_queue_age`") && sent[0].contains("has waited for"), "{sent:#?}");
}

#[test]
fn each_target_has_its_own_alert_and_a_number_that_doubled_alerts_again() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("lang", "zh");
    sandbox.notify(&["webhook"], 1000);
    sandbox.home.set("monitor.max_dead_letters", 0);
    let refuse = |target: &str, users: std::ops::RangeInclusive<i64>| {
        users.for_each(|user| sandbox.users.refuse_user(target, user, 422));
    };
    let limits = || -> Vec<(String, String)> {
        let messages = sandbox.receiver.take_messages().into_iter().map(|(_, message)| message);
        let of_limits = messages.filter(|message| message["event"] == "limit" || message["event"] == "resolved");
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        of_limits.map(|message| (text(&message["message"]), text(&message["text"]))).collect()
    };
    refuse(Users::SERVICE, 1..=1);
    sandbox.create_users(1..=1);
    sandbox.run("sync users").expect(3);
    let sent = limits();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0].0, "1 dead letter at user-service, more than 0", "documents are English");
    assert!(sent[0].1.contains("死信 1 条"), "{sent:#?}");

    refuse(Users::AUTH, 2..=2);
    sandbox.create_users(2..=2);
    sandbox.run("sync users").expect(3);
    let sent = limits();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].0.contains("at unified-auth"), "{sent:#?}");

    refuse(Users::SERVICE, 3..=3);
    sandbox.create_users(3..=3);
    sandbox.run("sync users").expect(3);
    let sent = limits();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].0.contains("2 dead letters at user-service"), "{sent:#?}");

    refuse(Users::SERVICE, 4..=4);
    sandbox.create_users(4..=4);
    sandbox.run("sync users").expect(3);
    assert_eq!(limits(), [], "three are not twice as many as two");

    sandbox.run("users events drop --all --target unified-auth").expect(0);
    sandbox.run("sync users").expect(3);
    let sent = limits();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].1.contains("不再超过") && sent[0].1.contains("unified-auth"), "{sent:#?}");
}
