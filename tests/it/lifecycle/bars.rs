//! The bars on a terminal: what they say while a run waits, and that none is left behind.

use serde_json::{Value, json};

use super::ONE;
use crate::sandbox::{Fault, Rule};
use crate::support::{Sandbox, run_python};

/// Runs it on a terminal and presses Ctrl-C this number of times once `at` is drawn.
fn run_on_terminal(sandbox: &Sandbox, arguments: &str, at: &str, presses: u32) -> Value {
    run_and_press(sandbox, arguments, at, "\u{3}", presses)
}

/// Runs it on a terminal and presses the key this number of times once `at` is drawn.
pub fn run_and_press(sandbox: &Sandbox, arguments: &str, at: &str, key: &str, presses: u32) -> Value {
    run_terminal(sandbox, arguments, json!({"columns": 120, "at": at, "key": key, "presses": presses}))
}

/// Runs it on a terminal of that width.
pub fn run_in_columns(sandbox: &Sandbox, arguments: &str, columns: u16) -> Value {
    run_terminal(sandbox, arguments, json!({"columns": columns, "at": "nothing", "key": "", "presses": 0}))
}

fn run_terminal(sandbox: &Sandbox, arguments: &str, mut request: Value) -> Value {
    let command: Vec<&str> = [env!("CARGO_BIN_EXE_tongbu")].into_iter().chain(arguments.split(' ')).collect();
    request["command"] = json!(command);
    request["environment"] = json!({
        "HOME": sandbox.home.path(), "TONGBU_CONFIG": sandbox.home.config(), "LC_ALL": "C.UTF-8", "TERM": "xterm",
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/lifecycle/terminal.py");
    serde_json::from_str(&run_python(&[script], &request.to_string())).expect("a document")
}

#[test]
fn interrupted_run_leaves_no_bar_on_the_screen() {
    for presses in [1, 2] {
        let sandbox = Sandbox::small();
        sandbox.fairing.server().always(Fault::Hold);
        let ended = run_on_terminal(&sandbox, ONE, "fairing/shop-eu/responses", presses);
        assert_eq!(ended["code"], 130, "{ended:#}");
        let screen = ended["screen"].as_str().expect("a text");
        // The bar has a time; what explains the end has none there.
        let bars =
            screen.lines().filter(|line| line.starts_with("fairing/shop-eu/responses ") && line.contains("00:00"));
        assert_eq!(bars.count(), 0, "{presses}: {screen}");
    }
}

#[test]
fn bar_says_why_it_waits_while_a_request_is_tried_again() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("http.backoff", "2s");
    sandbox.home.set("http.backoff_cap", "2s");
    sandbox.fairing.server().add(Rule::on("/", Fault::Status(503)).times(1));
    let ended = run_on_terminal(&sandbox, ONE, "nothing", 0);
    assert_eq!(ended["code"], 0, "{ended:#}");
    let drawn = ended["drawn"].as_str().expect("a text");
    assert!(drawn.contains("trying again in ") && drawn.contains("503 Service Unavailable"), "{drawn}");
}
