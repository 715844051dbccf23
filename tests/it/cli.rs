//! The command line as a script or a person meets it.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;
use serde_json::Value;

/// A directory of its own with nothing in it, and the command in an environment with nothing else in it.
struct Fixture(tempfile::TempDir);

impl Fixture {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tongbu"));
        command.env_clear().env("HOME", self.path()).env("TZ", "Asia/Shanghai").current_dir(self.path()).args(args);
        command
    }

    /// Runs with `--json`: one document on stdout, nothing on stderr.
    fn json(&self, args: &[&str]) -> (i32, Value) {
        let output = self.command(args).arg("--json").output().unwrap();
        assert_eq!(text(&output.stderr), "", "{args:?}");
        let stdout = text(&output.stdout);
        assert_eq!(stdout.lines().count(), 1, "{args:?}: {stdout}");
        (output.status.code().unwrap(), serde_json::from_str(&stdout).unwrap())
    }

    fn configure(&self, text: &str) {
        let directory = self.path().join(".config/tongbu");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("config.toml"), text).unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn check(args: &[&str], code: i32, stdout: &str, stderr: &str) {
    let output = Fixture::new().run(args);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}: {out}{err}");
    assert!(out.contains(stdout) && (!stdout.is_empty() || out.is_empty()), "{args:?}: {out}");
    assert!(err.contains(stderr) && (!stderr.is_empty() || err.is_empty()), "{args:?}: {err}");
}

#[test]
fn help_and_version_go_to_stdout() {
    check(&["--version"], 0, "tongbu 0.", "");
    check(&["-h"], 0, "Usage: tongbu", "");
    check(&["sync", "fairing", "--help"], 0, "Exit status:", "");
    check(&["help"], 0, "Usage: tongbu [OPTIONS] <COMMAND>", "");
    check(&["help", "sync", "fairing"], 0, "Usage: tongbu sync fairing", "");
    check(&["help", "snyc"], 2, "", "snyc");
}

#[test]
fn help_begins_with_examples_and_ends_with_the_exit_status() {
    let fixture = Fixture::new();
    for (name, args) in [
        ("help", vec!["--help"]),
        ("help_short", vec!["-h"]),
        ("help_sync_fairing", vec!["sync", "fairing", "--help"]),
        ("help_records_list", vec!["records", "list", "--help"]),
        ("help_status", vec!["status", "--help"]),
    ] {
        assert_snapshot!(name, text(&fixture.run(&args).stdout));
    }
}

#[test]
fn help_in_chinese_fits_its_columns() {
    let fixture = Fixture::new();
    for (name, args) in [("help_short_zh", vec!["-h"]), ("help_sync_tasks_zh", vec!["sync", "tasks", "--help"])] {
        let output = fixture.command(&args).env("TONGBU_LANG", "zh").env("COLUMNS", "80").output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
        assert_snapshot!(name, text(&output.stdout));
    }
}

#[test]
fn language_of_help_and_mistakes_is_the_flags_or_the_environments() {
    let fixture = Fixture::new();
    for (args, variable, is_chinese) in [
        (vec!["status", "--nonsense", "--lang", "zh"], ("LANG", "C"), true),
        (vec!["status", "--nonsense", "--lang=en"], ("TONGBU_LANG", "zh"), false),
        (vec!["status", "--nonsense"], ("TONGBU_LANG", "zh"), true),
        (vec!["status", "--nonsense"], ("LC_ALL", "zh_CN.UTF-8"), true),
        (vec!["status", "--nonsense"], ("LC_ALL", "C"), false),
        (vec![], ("LC_ALL", "zh_CN.UTF-8"), true),
    ] {
        let output = fixture.command(&args).env(variable.0, variable.1).output().unwrap();
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{shown}");
        assert_eq!(shown.contains("用法: tongbu"), is_chinese, "{args:?} {variable:?}: {shown}");
        assert_eq!(shown.contains("Usage: tongbu"), !is_chinese, "{args:?} {variable:?}: {shown}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    check(&[], 2, "", "Usage: tongbu");
    check(&["snyc"], 2, "", "'sync'");
    check(&["sync"], 2, "", "fairing");
    check(&["sync", "fairign"], 2, "", "'fairing'");
    check(&["sync", "fairing", "--on-lock", "retry"], 2, "", "wait=10m");
    check(&["records", "read"], 2, "", "--all");
    check(&["records", "list", "--page", "0"], 2, "", "0");
    check(&["locks", "break", "x"], 2, "", "--token");
}

#[test]
fn a_wrong_command_line_is_one_document_with_json() {
    let fixture = Fixture::new();
    for (args, message) in [
        (vec!["snyc"], "unrecognized subcommand"),
        (vec![], "requires a subcommand"),
        (vec!["records", "list", "--since", "soon"], "invalid value"),
    ] {
        let (code, document) = fixture.json(&args);
        assert_eq!((code, document["exit_code"].as_i64()), (2, Some(2)), "{document}");
        assert_eq!(document["schema"], "tongbu.error/1");
        assert_eq!(document["error"]["class"], "usage");
        let shown = document["error"]["message"].as_str().unwrap();
        assert!(shown.contains(message), "{shown}");
    }
}

#[test]
fn typed_control_characters_are_escaped() {
    let output = Fixture::new().run(&["a\u{9b}2J\u{202e}"]);
    let shown = text(&output.stderr);
    assert!(shown.contains("a\\u{9b}2J\\u{202e}"), "{shown}");
    assert!(!shown.contains('\u{9b}') && !shown.contains('\u{202e}'), "{shown:?}");
}

#[test]
fn reading_commands_before_the_first_run_create_no_file() {
    let fixture = Fixture::new();
    for args in [["records", "list"], ["records", "stats"], ["locks", "list"], ["locks", "clean"]] {
        let output = fixture.run(&args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("no run has been made yet"), "{args:?}");
    }
    assert!(text(&fixture.run(&["status", "--lang", "zh"]).stdout).contains("尚未运行过"));
    let (code, document) = fixture.json(&["records", "list"]);
    assert_eq!((code, &document["records"], &document["total"]), (0, &serde_json::json!([]), &0.into()));
    assert!(std::fs::read_dir(fixture.path()).unwrap().next().is_none());
}

#[test]
fn sync_that_never_succeeded_is_stale() {
    let fixture = Fixture::new();
    let (code, document) = fixture.json(&["status", "--max-age", "fairing=2h"]);
    assert_eq!((code, &document["exit_name"]), (14, &"stale".into()));
    assert_eq!(document["syncs"][0]["is_stale"], true);
    check(&["status", "--max-age", "fairign=2h"], 2, "", "unknown sync `fairign`");
}

#[test]
fn a_record_or_lock_that_is_not_there_is_a_usage_error() {
    check(&["records", "show", "7"], 2, "", "no record 7");
    check(&["locks", "break", "a/b", "--token", "1"], 2, "", "nobody holds the lock `a/b`");
}

#[test]
fn nothing_configured_is_a_configuration_error_that_says_what_to_run() {
    check(&["sync", "all"], 4, "", "hint: write a configuration with `tongbu config init`");
    let (code, document) = Fixture::new().json(&["sync", "all"]);
    assert_eq!((code, &document["error"]["class"]), (4, &"config".into()));
}

#[test]
fn a_configuration_is_written_once_and_then_found() {
    let fixture = Fixture::new();
    let first = fixture.run(&["config", "init"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let path = fixture.path().join(".config/tongbu/config.toml");
    assert!(path.exists());
    let second = fixture.run(&["config", "init"]);
    assert_eq!(second.status.code(), Some(4), "{}", text(&second.stderr));
    let (_, document) = fixture.json(&["config", "path"]);
    assert_eq!(document["config"]["path"], path.to_str().unwrap());
    assert_eq!(fixture.run(&["config", "show"]).status.code(), Some(0));
    assert_eq!(fixture.run(&["config", "check"]).status.code(), Some(0));
}

#[test]
fn settings_are_shown_with_their_defaults_and_what_set_them() {
    let fixture = Fixture::new();
    fixture.configure("[fairing]\nworkers = 7\n[http]\nretries = 5\n");
    let (code, document) = fixture.json(&["config", "show"]);
    let setting = |key: &str| {
        let mut settings = document["settings"].as_array().unwrap().iter();
        settings.find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("{key}: {document:#}")).clone()
    };
    assert_eq!((code, &setting("fairing.workers")["value"]), (0, &7.into()));
    assert!(setting("fairing.workers")["set_by"].as_str().unwrap().contains("line 2"));
    assert_eq!(
        setting("fairing.lock_ttl"),
        serde_json::json!({"key": "fairing.lock_ttl", "value": "1h", "set_by": null})
    );
    assert_eq!(setting("fairing.http.retries")["value"], 5);
    assert_eq!(setting("douban.limit"), serde_json::json!({"key": "douban.limit", "value": 80, "set_by": null}));
}

#[test]
fn misspelled_key_is_reported_on_stderr_or_in_json() {
    let fixture = Fixture::new();
    fixture.configure("databse = \"x.db\"\n");
    let output = fixture.run(&["status"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stdout).is_empty());
    assert!(text(&output.stderr).starts_with("error: "), "{}", text(&output.stderr));
    let (code, document) = fixture.json(&["status"]);
    assert_eq!((code, &document["schema"]), (4, &"tongbu.error/1".into()));
}

#[test]
fn language_flag_overrides_the_configured_language() {
    let fixture = Fixture::new();
    fixture.configure("lang = \"zh\"\n");
    assert!(text(&fixture.run(&["status"]).stdout).contains("尚未运行过"));
    assert!(text(&fixture.run(&["status", "--lang", "en"]).stdout).contains("no run has been made"));
}

#[test]
fn everything_is_generated_from_the_command_line() {
    let fixture = Fixture::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(text(&fixture.run(&["generate", "completions", shell]).stdout).contains("TONGBU_COMPLETE"), "{shell}");
    }
    assert_eq!(fixture.run(&["generate", "man", "man"]).status.code(), Some(0));
    let page = std::fs::read_to_string(fixture.path().join("man/tongbu-sync-fairing.1")).unwrap();
    assert!(page.contains("EXIT STATUS") && page.contains("EXAMPLES"), "{page}");
    let schemas: Value = serde_json::from_str(&text(&fixture.run(&["generate", "schema"]).stdout)).unwrap();
    assert!(schemas["$defs"]["sync"].is_object());
}

#[test]
fn closed_pipe_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tongbu"))
        .args(["generate", "completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn unwritable_output_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tongbu"))
        .args(["generate", "schema"])
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot write the output to stdout"), "{}", text(&output.stderr));
}

#[test]
fn an_address_of_a_server_with_a_password_is_refused_and_nothing_is_made_of_it() {
    let fixture = Fixture::new();
    let address = "postgres://sync:geheim@db.example/tongbu";
    for args in [
        vec!["sync", "fairing"],
        vec!["sync", "fairing", "--dry-run"],
        vec!["status"],
        vec!["records", "list"],
        vec!["locks", "list"],
        vec!["backup", "copy.db"],
        vec!["restore", "copy.db"],
        vec!["config", "show"],
        vec!["config", "path"],
        vec!["generate", "cron"],
        vec!["database", "copy", "a.db", address],
    ] {
        for output in [
            fixture.command(&args).args(["--db", address]).output().unwrap(),
            fixture.command(&args).env("TONGBU_DB", address).output().unwrap(),
        ] {
            let said = text(&output.stdout) + &text(&output.stderr);
            assert_eq!(output.status.code(), Some(4), "{args:?}: {said}");
            assert!(
                said.contains("holds the password of the database server") && !said.contains("geheim"),
                "{args:?}: {said}"
            );
        }
    }
    let left: Vec<_> = std::fs::read_dir(fixture.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
