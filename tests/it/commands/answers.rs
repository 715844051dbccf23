//! Answers that could mislead: lists by a misspelt name, and a sync whose next run nobody sees.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Running, Sandbox};

/// The list is refused, and the error names what was probably meant.
#[track_caller]
fn check_refused(sandbox: &Sandbox, arguments: &str, message: &str, hint: &str) {
    let outcome = sandbox.run(arguments).expect(2);
    assert!(outcome.stdout.is_empty() && outcome.stderr.contains(message), "{arguments}: {}", outcome.stderr);
    assert!(outcome.stderr.contains(hint), "{arguments}: {}", outcome.stderr);
}

#[test]
fn list_by_a_misspelt_name_is_an_error_that_names_the_nearest() {
    let sandbox = Sandbox::small();
    for sync in ["ecs", "douban"] {
        sandbox.run(&format!("sync {sync}")).expect(0);
    }
    sandbox.run("users emit user.created --user-id 1 --username a").expect(0);
    sandbox.run("sync users").expect(0);
    for (arguments, message, hint) in [
        ("ecs list --account prd", "no account `prd` is known", "did you mean `prod`? known accounts: `game`, `prod`"),
        ("ecs list --account nope", "no account `nope` is known", "known accounts: `game`, `prod`"),
        ("ecs list --region cn-beijin", "no region `cn-beijin` is known", "did you mean `cn-beijing`?"),
        ("ecs list --tag nope=1", "no tag `nope` is known", "known tags: "),
        ("ecs changes nope", "no instance `nope` is known", "known instances: "),
        ("films list --source duoban", "no source `duoban` is known", "did you mean `douban`?"),
        ("users events list --target user-servic", "no target `user-servic` is known", "did you mean `user-service`?"),
        ("users events retry --target nope", "no target `nope` is known", "known targets: "),
        ("users events drop --target nope", "no target `nope` is known", "known targets: "),
        ("users events replay --target nope", "no target `nope` is known", "known targets: "),
        ("tasks list --match pendin", "'pending'", ""),
        ("records list --sync fairng", "'fairing'", ""),
        ("status --max-age fairng=1h", "unknown sync `fairng`; did you mean `fairing`?", "one of: "),
    ] {
        check_refused(&sandbox, arguments, message, hint);
    }
    for good in ["ecs list --account prod --region cn-beijing", "films list --source douban"] {
        sandbox.run(good).expect(0);
    }
    sandbox.run("users events list --target user-service").expect(0);
}

#[test]
fn names_that_are_only_stored_or_only_configured_are_known() {
    let mut sandbox = Sandbox::small();
    sandbox.run("sync ecs --account game").expect(0);
    assert_eq!(sandbox.run("ecs list --account prod --json").expect(0).json()["instances"], serde_json::json!([]));
    let mut section = sandbox.ecs.section(&sandbox.home);
    let accounts = section["accounts"].as_array_mut().expect("accounts");
    accounts.retain(|account| account["name"].as_str() == Some("prod"));
    sandbox.home.configure("ecs", section);
    let listed = sandbox.run("ecs list --account game --json").expect(0).json();
    assert!(!listed["instances"].as_array().expect("rows").is_empty());
}

#[test]
fn status_shows_when_the_schedule_runs_a_sync_next() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.run("sync fairing").expect(0);
    let bin = sandbox.home.path().join("bin");
    fs::create_dir(&bin).expect("a folder can be made");
    let script =
        "#!/bin/sh\necho '* * * * * tongbu sync fairing -q'\necho '30 3 * * * tongbu sync tasks --window today'\n";
    fs::write(bin.join("crontab"), script).expect("a script can be written");
    fs::set_permissions(bin.join("crontab"), fs::Permissions::from_mode(0o755)).expect("it can be run");
    let ask = |words: &[&str]| {
        let mut command = sandbox.command();
        command.arg("status").args(words).env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("TZ", "UTC");
        Running::start(command).wait().expect(0)
    };
    let document = ask(&["--json"]).json();
    let row = |sync_type: &str| {
        let mut rows = document["syncs"].as_array().expect("rows").iter();
        rows.find(|row| row["sync_type"] == sync_type).expect("its row").clone()
    };
    let at = |value: &serde_json::Value| value.as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    let fairing = row("fairing");
    // Every minute, but nothing is due before nine tenths of an hour are over.
    let wait = at(&fairing["next_run"]).duration_since(at(&fairing["last_success_at"])).as_mins();
    assert!((53..=56).contains(&wait), "{fairing:#}");
    let today = at(&row("today")["next_run"]);
    assert_eq!(today.strftime("%H:%M").to_string(), "03:30");
    assert!(row("historical")["next_run"].is_null(), "{document:#}");
    let table = ask(&[]).stdout;
    assert!(["in 53m", "in 54m", "in 55m"].iter().any(|age| table.contains(age)), "{table}");
}
