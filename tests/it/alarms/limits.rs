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
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].contains("exceeds `monitor.max_queue_age`") && sent[0].contains("has waited for"), "{sent:#?}");
}
