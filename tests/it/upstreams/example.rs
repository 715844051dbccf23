//! What follows from an upstream's folder alone, shown by the one in `tests/example/`. The contract's tests run over
//! it, too.

use std::fs;
use std::path::Path;
use std::sync::MutexGuard;

use serde_json::{Value, json};

use crate::support::{Sandbox, run_python};

/// An upstream and its fake are no longer than this.
const MAX_LINES: usize = 250;

/// A sandbox with the example, in which one pass was made.
fn synced() -> Sandbox {
    let sandbox = Sandbox::small().with_example();
    sandbox.run("sync machines").expect(0);
    sandbox
}

/// What the command prints on stdout.
#[track_caller]
fn printed(sandbox: &Sandbox, arguments: &str) -> String {
    sandbox.run(arguments).expect(0).stdout
}

/// The machines that the fake has.
fn rows(sandbox: &Sandbox) -> MutexGuard<'_, Vec<Value>> {
    sandbox.example.as_ref().expect("the sandbox has the example").rows.lock().expect("no fake panicked")
}

/// Lines of all files below the directory.
fn line_count(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| {
            if path.is_dir() {
                line_count(&path)
            } else {
                fs::read_to_string(&path).expect("a text file").lines().count()
            }
        })
        .sum()
}

#[test]
fn an_upstream_and_its_fake_are_short() {
    let count = line_count(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/example"));
    assert!((100..=MAX_LINES).contains(&count), "{count} lines");
}

#[test]
fn shipped_program_does_not_know_the_example() {
    let sandbox = Sandbox::small();
    sandbox.run("sync machines").expect(2);
    sandbox.run("machines list").expect(2);
}

#[test]
fn sync_and_list_have_help_completions_and_manual_pages() {
    let sandbox = Sandbox::small().with_example();
    let help = printed(&sandbox, "sync machines --help");
    for part in ["The machines that every account rents", "tongbu sync machines --account lab", "--account <NAME>"] {
        assert!(help.contains(part), "{part} in {help}");
    }
    assert!(printed(&sandbox, "machines list --help").contains("The machines that are stored"));
    for words in [&["sync", "mach"][..], &["mach"]] {
        assert_eq!(sandbox.complete(words).expect(0).stdout.trim_end(), "machines", "{words:?}");
    }
    sandbox.run("generate man pages").expect(0);
    for page in ["tongbu-sync-machines.1", "tongbu-machines-list.1"] {
        let text = fs::read_to_string(sandbox.home.path().join("pages").join(page)).expect("the page is there");
        assert!(text.contains("machines"), "{text}");
    }
}

#[test]
fn list_is_a_table_in_both_languages() {
    let sandbox = Sandbox::small().with_example();
    let all = std::mem::take(&mut *rows(&sandbox));
    sandbox.run("sync machines").expect(0);
    assert!(printed(&sandbox, "machines list --lang en").contains("no machines"));
    assert!(printed(&sandbox, "machines list --lang zh").contains("没有机器"));
    *rows(&sandbox) = all;
    sandbox.run("sync machines").expect(0);
    for (language, title) in [("en", "cores"), ("zh", "核数")] {
        let table = printed(&sandbox, &format!("machines list --lang {language}"));
        assert!(table.contains(title) && table.contains("m-8") && table.contains("节点"), "{table}");
    }
}

#[test]
fn list_document_matches_the_generated_schema() {
    const VALIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas.py");
    let sandbox = synced();
    let document = sandbox.run("machines list --json").expect(0).json();
    assert_eq!(document["schema"], "tongbu.machines/1");
    assert_eq!(document["machines"][0], json!({"account": "lab", "id": "m-1", "name": "节点", "cores": 2}));
    assert_eq!(document["machines"].as_array().map(Vec::len), Some(8));

    let schemas: Value = sandbox.run("generate schema").expect(0).json();
    let broken = json!({"schema": "tongbu.machines/1", "machines": [{"id": 1}]});
    let request = json!({"schemas": schemas, "documents": {"listed": document, "broken": broken}});
    let errors: Value = serde_json::from_str(&run_python(&[VALIDATE], &request.to_string())).expect("JSON");
    let wrong: Vec<&String> = errors.as_object().expect("errors by name").keys().collect();
    assert_eq!(wrong, ["broken"], "{errors:#}");
}

#[test]
fn section_is_written_shown_and_checked() {
    let mut sandbox = Sandbox::small().with_example();
    sandbox.run("config check").expect(0);
    let shown = printed(&sandbox, "config show");
    assert!(shown.contains("machines.base_url"), "{shown}");
    assert!(!shown.contains("machines-key"), "a credential is shown");
    sandbox.home.set("machines.accounts", toml::Value::Array(Vec::new()));
    assert!(sandbox.run("config check").expect(4).said().contains("machines.accounts"));

    let written = sandbox.home.path().join("new.toml");
    sandbox.run(&format!("--config {} config init", written.display())).expect(0);
    let text = fs::read_to_string(written).expect("the file is written");
    assert!(text.contains("#machines.base_url = ") && text.contains("MACHINES_TOKEN_LAB"), "{text}");
}

#[test]
fn status_records_and_metrics_name_the_sync() {
    let sandbox = synced();
    for command in ["status", "records list"] {
        assert!(printed(&sandbox, command).contains("machines"), "{command}");
    }
    let metrics = printed(&sandbox, "metrics");
    assert!(metrics.contains(r#"tongbu_last_exit_code{sync="machines",sync_type="machines"} 0"#), "{metrics}");
    let record = sandbox.run("records list --json").expect(0).json();
    assert_eq!(record["records"][0]["sync"], "machines");
}

#[test]
fn row_that_does_not_come_is_deleted_and_bad_row_deletes_nothing() {
    let sandbox = synced();
    rows(&sandbox)[0] = json!({"id": 1});
    let outcome = sandbox.run("sync machines --json").expect(3);
    assert_eq!((outcome.count("failed"), outcome.count("deleted")), (1, 0));
    rows(&sandbox).remove(0);
    assert_eq!(sandbox.run("sync machines --json").expect(0).count("deleted"), 1);
    assert!(!printed(&sandbox, "machines list").contains("m-1"));
}
