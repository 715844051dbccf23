//! `doctor` about the schedule: whether there is one, whether anybody runs it, and whether it was kept.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::doctor::{check, doctor_with_crontab, findings};
use crate::lifecycle::places::{may_mount, skip};
use crate::support::{Running, Sandbox};

#[test]
fn schedule_that_is_missing_or_not_kept_is_reported() {
    let sandbox = Sandbox::small();
    let crontab = "7 * * * * tongbu sync fairing --trigger auto -q\n#7 * * * * tongbu sync users";
    let schedule = |words: &[&str]| check(doctor_with_crontab(&sandbox, crontab), 0, "schedule", words);
    schedule(&["warning fairing", "never ran by it"]);
    schedule(&["warning users", "no crontab and no timer here runs it", "tongbu generate cron"]);
    sandbox.run("sync fairing --trigger auto").expect(0);
    schedule(&["ok fairing", "last ran by its schedule"]);
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("the database opens");
    let long_ago = "2020-01-01T00:00:00.000Z";
    database.execute("UPDATE sync_records SET start_time = ?1, updated_at = ?1", [long_ago]).expect("it is written");
    schedule(&["warning fairing", "it last ran by it at 2020-01-01"]);
}

#[test]
fn run_of_another_machine_or_from_before_the_schedule_is_none_of_it() {
    if !may_mount("run_of_another_machine_or_from_before_the_schedule_is_none_of_it") {
        return;
    }
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing --trigger auto").expect(0);
    let crontabs = sandbox.home.path().join("cron.d");
    fs::create_dir(&crontabs).expect("a folder can be made");
    fs::write(crontabs.join("tongbu"), "7 * * * * root tongbu sync fairing --trigger auto -q\n").expect("a file");
    let schedule = |words: &[&str]| {
        // An own crontab would come first.
        let mounting = "mount --bind \"$d/cron.d\" /etc/cron.d; mount -t tmpfs none /var/spool";
        let words_of_it = format!("doctor --offline --cron --json --config {}", sandbox.home.config().display());
        check(sandbox.spawn_mounted(mounting, &words_of_it).wait(), 0, "schedule", words);
    };
    schedule(&["ok fairing", "made at ", "not due yet"]);
    let made_at = |at: &str| {
        let at: jiff::Timestamp = at.parse().expect("an instant");
        let file = fs::File::options().write(true).open(crontabs.join("tongbu")).expect("the file");
        file.set_modified(at.into()).expect("its time can be set");
    };
    made_at("2020-01-01T00:00:00Z");
    schedule(&["ok fairing", "last ran by its schedule"]);
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("the database opens");
    let change = |sql: &str| database.execute(sql, []).map(drop).expect("it is written");
    change("UPDATE sync_records SET host = 'elsewhere'");
    schedule(&["warning fairing", "never ran by it"]);
    change("UPDATE sync_records SET host = (SELECT host FROM sync_locks LIMIT 1)");
    schedule(&["ok fairing", "last ran by its schedule"]);
    // Older than the schedule, which is old itself.
    change("UPDATE sync_records SET start_time = '2019-01-01T00:00:00.000Z', updated_at = start_time");
    change("UPDATE sync_records SET updated_at = start_time");
    schedule(&["warning fairing", "never ran by it"]);
}

#[test]
fn crontab_that_no_cron_reads_is_reported() {
    let sandbox = Sandbox::small();
    let isolated = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"];
    if !Command::new("unshare").args(isolated).arg("true").status().is_ok_and(|status| status.success()) {
        skip("crontab_that_no_cron_reads_is_reported is skipped: the kernel does not allow namespaces here");
        return;
    }
    let programs = sandbox.home.path().join("bin");
    fs::create_dir(&programs).expect("a folder can be made");
    let crontab = "#!/bin/sh\necho '7 * * * * tongbu sync fairing --trigger auto -q'\n";
    fs::write(programs.join("crontab"), crontab).expect("a script can be written");
    fs::set_permissions(programs.join("crontab"), fs::Permissions::from_mode(0o755)).expect("a script can be run");
    fs::copy("/bin/sleep", programs.join("cron")).expect("a program can be copied");
    let run = |before: &str| {
        let mut command = sandbox.home.command(Path::new("/usr/bin/unshare"));
        command.env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
        let script = format!("{before} \"$@\"");
        command.args(isolated).args(["sh", "-c", &script, "sh"]).arg(sandbox.command().get_program());
        let outcome = Running::start_with(
            command.args(["doctor", "--offline", "--cron", "--json", "--config"]).arg(sandbox.home.config()),
        );
        findings(&outcome.expect(0).json(), "schedule").join("\n")
    };
    let missing = run("");
    assert!(
        missing.contains("a crontab runs tongbu, and no cron is running") && missing.contains("systemctl"),
        "{missing}"
    );
    let running = run("cron 60 & sleep 0.1;");
    assert!(!running.contains("no cron is running") && running.contains(" fairing: "), "{running}");
}
