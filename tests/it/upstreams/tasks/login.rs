//! Logging in: once, kept, and shown to nobody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::{HISTORICAL, TODAY};
use crate::sandbox::tasks::{EXPIRED, INVALID};
use crate::sandbox::{Fault, Rule, Tasks};
use crate::support::Sandbox;

impl Sandbox {
    fn login_count(&self) -> usize {
        self.tasks.server().count("/token")
    }

    fn token_file(&self) -> PathBuf {
        self.home.path().join("tongbu.db.tasks-token")
    }
}

#[test]
fn a_token_is_kept_between_runs_for_its_owner_alone() {
    let sandbox = Sandbox::small();
    sandbox.run(&format!("{TODAY} --dry-run")).expect(0);
    assert!(!sandbox.token_file().exists(), "a dry run left a token");
    for _ in 0..2 {
        sandbox.run(HISTORICAL).expect(0);
        sandbox.run(TODAY).expect(0);
    }
    assert_eq!(sandbox.login_count(), 2, "the dry run's and one more");
    let mode = fs::metadata(sandbox.token_file()).expect("the token is kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn refused_token_is_fetched_once_more() {
    for code in [INVALID, EXPIRED] {
        let sandbox = Sandbox::small();
        sandbox.run(TODAY).expect(0);
        sandbox.tasks.style(|style| style.refusal = Some((code, 1)));
        sandbox.run(HISTORICAL).expect(0);
        assert_eq!(sandbox.login_count(), 2);

        sandbox.tasks.style(|style| style.refusal = Some((code, 1000)));
        sandbox.tasks.server().take_log();
        let outcome = sandbox.run(&format!("{HISTORICAL} --json")).expect(6);
        assert_eq!((sandbox.login_count(), sandbox.tasks.server().count("/task")), (1, 2), "{}", outcome.stdout);
        assert_eq!(outcome.json()["status"], "failed");
        assert!(!sandbox.token_file().exists(), "a refused token is kept");

        sandbox.tasks.style(|style| style.refusal = None);
        sandbox.run(HISTORICAL).expect(0);
    }
}

#[test]
fn expired_token_is_renewed() {
    let sandbox = Sandbox::small();
    sandbox.run(TODAY).expect(0);
    sandbox.tasks.expire();
    sandbox.run(TODAY).expect(0);
    assert_eq!(sandbox.login_count(), 2);
    sandbox.run(TODAY).expect(0);
    assert_eq!(sandbox.login_count(), 2);
}

#[test]
fn a_name_and_a_password_log_in_too_and_a_wrong_one_is_auth() {
    let mut sandbox = Sandbox::small();
    let section = sandbox.tasks.section_by_password(&sandbox.home);
    sandbox.home.configure(Tasks::NAME, section);
    assert_eq!(sandbox.run(&format!("{HISTORICAL} --json")).expect(0).count("new"), Tasks::HISTORICAL);
    let login = sandbox.tasks.server().log().remove(0);
    assert_eq!((login.path.as_str(), login.parameter("username").as_deref()), ("/token", Some(Tasks::USERNAME)));

    let wrong = sandbox.home.secret("wrong", "another-password");
    sandbox.home.set("tasks.password", wrong);
    sandbox.run(HISTORICAL).expect(6);
}

#[test]
fn no_credential_is_in_any_output_any_log_or_the_database() {
    let mut sandbox = Sandbox::small();
    let canaries = sandbox.tasks.canaries().map(str::to_owned);
    let sections = [
        (sandbox.tasks.section(&sandbox.home), &canaries[..1]),
        (sandbox.tasks.section_by_password(&sandbox.home), &canaries[1..3]),
    ];
    let mut said = String::new();
    for (section, given) in sections {
        sandbox.home.configure(Tasks::NAME, section);
        for path in ["/token", "/task"] {
            for fault in [Fault::Status(401), Fault::Status(503), Fault::html(), Fault::Cut(20), Fault::Truncate(9)] {
                let _ = fs::remove_file(sandbox.token_file());
                sandbox.tasks.server().add(Rule::on(path, fault));
                said.push_str(&sandbox.run(&format!("{TODAY} -vv --log-file tongbu.jsonl")).said());
                said.push_str(&sandbox.run(&format!("{TODAY} --json")).said());
                sandbox.tasks.server().clear_faults();
            }
        }
        // An upstream that repeats what it was given.
        let echo = format!("refused was {}", given.join(" and "));
        for code in [401, 429, 1_000_009] {
            let _ = fs::remove_file(sandbox.token_file());
            sandbox.tasks.style(|style| style.login_refusal = Some((code, echo.clone())));
            said.push_str(&sandbox.run(&format!("{TODAY} -vv --log-file tongbu.jsonl")).said());
        }
        sandbox.tasks.style(|style| style.login_refusal = None);
        said.push_str(&sandbox.run(&format!("{TODAY} -vv --log-file tongbu.jsonl")).expect(0).said());
        said.push_str(&sandbox.run("config check -vv").said());
    }
    for command in ["records list --json", "records show 2 --log", "locks list --all", "tasks list --json"] {
        said.push_str(&sandbox.run(command).expect(0).said());
    }
    assert!(said.contains("refused was"), "the echo was not shown at all");
    let mut seen = vec![("output".to_owned(), said.into_bytes()), ("database".to_owned(), sandbox.database_bytes())];
    for file in fs::read_dir(sandbox.home.path()).expect("the home").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if file.path().extension().is_some_and(|extension| extension == "jsonl") {
            seen.push((name, fs::read(file.path()).expect("a log")));
        }
    }
    assert_eq!(seen.len(), 3, "there is a log");
    for (place, bytes) in seen {
        for canary in &canaries {
            let is_there = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!is_there, "`{canary}` is in the {place}");
        }
    }
}
