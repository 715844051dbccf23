//! Little of what a process needs: file descriptors, room on a disk, somebody who reads.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::places::may_mount;
use super::{LOCK, ONE};
use crate::support::{Outcome, Running, Sandbox};

fn run_in_shell(sandbox: &Sandbox, script: &str, words: &str) -> Outcome {
    let mut shell = sandbox.home.command(Path::new("/bin/sh"));
    shell.args(["-c", script]).arg(sandbox.command().get_program()).args(words.split_whitespace());
    Running::start(shell).wait()
}

#[test]
fn few_file_descriptors_are_a_clear_error() {
    let sandbox = Sandbox::small();
    for limit in 3..=40 {
        let outcome = run_in_shell(&sandbox, &format!("ulimit -n {limit}; exec \"$0\" \"$@\""), ONE);
        if outcome.code == Some(127) {
            // The system cannot even load the program.
            assert!(limit < 6 && outcome.stderr.contains("shared librar"), "{limit}: {}", outcome.said());
            continue;
        }
        assert_eq!(outcome.code, Some(4), "{limit}: {}", outcome.said());
        assert!(outcome.stderr.contains(&format!("may open {limit} files")), "{limit}: {}", outcome.said());
        assert!(outcome.stderr.contains("ulimit -n") && !outcome.said().contains("panicked"), "{}", outcome.said());
    }
    // A soft limit is raised; the least that is allowed is enough.
    run_in_shell(&sandbox, "ulimit -Sn 6; exec \"$0\" \"$@\"", ONE).expect(0);
    run_in_shell(&sandbox, "ulimit -n 64; exec \"$0\" \"$@\"", "sync all").expect(0);
}

#[test]
fn lost_output_of_a_run_is_said_and_the_run_stays_what_it_was() {
    let sandbox = Sandbox::small();
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").expect("it can be opened"));
    for (number, words) in [ONE.to_owned(), format!("{ONE} --json"), "sync all".to_owned()].into_iter().enumerate() {
        let mut command = sandbox.command();
        command.args(words.split_whitespace()).stdout(full()).stderr(Stdio::piped());
        let output = command.output().expect("the binary starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{words}: {stderr}");
        assert!(stderr.contains("cannot write the output"), "{words}: {stderr}");
        if number < 2 {
            assert!(stderr.contains(&format!("tongbu records show {}", number + 1)), "{words}: {stderr}");
        }
    }
    let records = sandbox.database().records();
    assert!(records.iter().all(|record| record.exit_code == Some(0)), "{records:?}");
    // Nobody reads any more: that is no error.
    let outcome = run_in_shell(&sandbox, "\"$0\" \"$@\" | true", ONE).expect(0);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn metrics_leave_nothing_behind_on_a_full_disk() {
    if !may_mount("metrics_leave_nothing_behind_on_a_full_disk") {
        return;
    }
    let sandbox = Sandbox::small();
    fs::create_dir(sandbox.home.path().join("small")).expect("a folder can be made");
    let mounting = "mount -t tmpfs -o size=4k none \"$d/small\"; head -c 4096 /dev/zero > \"$d/small/filling\"; \
                    (sleep 0; true); cd \"$d\"";
    let script = format!("{mounting}; \"$2\" {ONE} --metrics-file small/m.prom; echo \"exit $?\"; ls small; exit");
    let outcome = Running::start(sandbox.mounted(&script, "")).wait();
    assert!(outcome.stdout.contains("exit 0"), "{}", outcome.said());
    assert!(outcome.said().contains("cannot write the metrics"), "{}", outcome.said());
    let left: Vec<&str> = outcome.stdout.lines().skip_while(|line| *line != "exit 0").collect();
    assert_eq!(left, ["exit 0", "filling"]);
}

#[test]
fn log_folder_is_made_and_its_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut sandbox = Sandbox::small();
    sandbox.home.set("log.file", "logs/deep/t.jsonl");
    sandbox.home.set("log.max_size", 1024);
    for _ in 0..3 {
        let outcome = sandbox.run(ONE).expect(0);
        assert_eq!(outcome.stderr, "", "the missing folder made a noise");
    }
    let folder = sandbox.home.path().join("logs/deep");
    let files: Vec<_> =
        fs::read_dir(&folder).expect("the folder was made").map(|file| file.expect("a file").path()).collect();
    for file in &files {
        assert_eq!(file.metadata().expect("the file").permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert!(files.len() > 1, "no file was followed by another: {files:?}");
    let shown = sandbox.run("records show 1 --log").expect(0).stdout;
    assert!(shown.contains(LOCK) && shown.contains("INFO"), "{shown}");
    for (name, age) in [("t.2020-01-01.jsonl", true), ("t.2020-01-01.7.jsonl", true), ("other.2020-01-01.jsonl", false)]
    {
        fs::write(folder.join(name), "{}\n").expect("a file can be written");
        sandbox.run(ONE).expect(0);
        assert_eq!(folder.join(name).exists(), !age, "{name}");
    }
}

#[test]
fn doctor_asks_a_cloud_as_often_as_it_is_run() {
    let sandbox = Sandbox::small();
    for _ in 0..3 {
        sandbox.run("doctor --json").expect(0);
    }
    let log = sandbox.ecs.server().take_log();
    let mut nonces: Vec<_> = log.iter().map(|logged| logged.header("x-acs-signature-nonce").to_owned()).collect();
    nonces.retain(|nonce| !nonce.is_empty());
    let count = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert!(count >= 3 && nonces.len() == count, "{nonces:?}");
}
