//! `backup`: a whole copy while others write, or none at all.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};

use super::under_way;
use crate::experiments::disk::Disk;
use crate::sandbox::Settings;
use crate::support::{Running, Sandbox};

pub fn count(path: &Path, sql: &str) -> i64 {
    let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the copy opens");
    copy.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{error}: {sql}"))
}

/// The names in the sandbox's home that a copy left behind.
fn leftovers(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.home.path()).expect("the home can be read");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains("copy")).collect()
}

#[test]
fn a_copy_made_while_a_sync_writes_is_whole_and_private() {
    let sandbox = Sandbox::start(Settings { responses: 20_000, ..Settings::default() });
    let mut running = under_way(&sandbox);
    let first = sandbox.run("backup copy0.db").expect(0);
    assert!(first.stdout.contains("copy0.db") && first.stderr.is_empty(), "{}", first.said());
    let copy = |number: u32| sandbox.home.path().join(format!("copy{number}.db"));
    assert_eq!(fs::metadata(copy(0)).expect("the copy").permissions().mode() & 0o777, 0o600);
    assert_eq!(count(&copy(0), "SELECT count(*) FROM sync_records WHERE status = 'running'"), 1);

    sandbox.fairing.server().clear_faults();
    let mut counts = vec![count(&copy(0), "SELECT count(*) FROM fairing_responses")];
    // Copies are made as long as the pass writes, and one more when all is there.
    for number in 1.. {
        let has_ended = running.has_ended();
        let document = sandbox.run(&format!("backup copy{number}.db --json")).expect(0).json();
        assert_eq!((&document["schema"], &document["integrity"]), (&"tongbu.backup/1".into(), &"ok".into()));
        assert_eq!(document["bytes"], fs::metadata(copy(number)).expect("the copy").len());
        let verdict = Connection::open(copy(number))
            .and_then(|copy| copy.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
        assert_eq!(verdict.expect("the copy can be checked"), "ok");
        counts.push(count(&copy(number), "SELECT count(*) FROM fairing_responses"));
        if has_ended {
            break;
        }
    }
    running.wait().expect(0);
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts.last().copied(), i64::try_from(sandbox.fairing.response_count()).ok());
    sandbox.database().assert_consistent();
}

#[test]
fn a_copy_serves_as_the_database() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    assert_eq!(sandbox.run("backup copy.db -q").expect(0).said(), "");
    let listed = sandbox.run("records list --json --db copy.db").expect(0).json();
    assert_eq!(listed["total"], 1);
}

#[test]
fn no_file_is_replaced() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let target = sandbox.home.path().join("copy.db");
    fs::write(&target, "mine").expect("a file can be written");
    let outcome = sandbox.run("backup copy.db").expect(2);
    assert!(outcome.stderr.contains("it exists already") && outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(&target).expect("the file is there"), "mine");
    // Nor the database itself.
    sandbox.run("backup tongbu.db").expect(2);
    sandbox.database().assert_consistent();
}

#[test]
fn backup_needs_a_tongbu_database() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("backup copy.db").expect(12);
    assert!(outcome.stderr.contains("does not exist yet"), "{}", outcome.stderr);
    assert!(!sandbox.home.database().exists(), "it was made");
    fs::write(sandbox.home.database(), "name,value\n").expect("a file can be written");
    let document = sandbox.run("backup copy.db --json").expect(12).json();
    assert_eq!((&document["schema"], &document["exit_name"]), (&"tongbu.error/1".into(), &"database".into()));
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}

#[test]
fn where_nothing_can_be_written_the_path_is_named() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    // Not even root makes a file there.
    for target in ["/proc/tongbu-copy.db", "nowhere/copy.db", "config.toml/copy.db"] {
        let outcome = sandbox.run(&format!("backup {target}")).expect(12);
        assert!(outcome.stderr.contains("copy.db") && outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    }
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}

#[test]
fn backup_without_disk_space_leaves_no_file() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    // A limit on a file's size is in place of a full disk; the signal that goes with it is ignored.
    let mut shell = sandbox.home.command(Path::new("/bin/sh"));
    shell.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" backup copy.db", env!("CARGO_BIN_EXE_tongbu")]);
    let outcome = Running::start(shell).wait().expect(12);
    assert!(outcome.stderr.contains("error: cannot"), "{}", outcome.stderr);
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
    sandbox.database().assert_consistent();
    sandbox.run("backup copy.db").expect(0);
}

/// The names in a directory.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_directory_gets_copies_by_their_time_and_keeps_the_newest() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let folder = sandbox.home.path().join("copies");
    fs::create_dir(&folder).expect("a directory can be made");
    // None of these is a copy of ours, whatever its age.
    let others = ["tongbu-2020-01-01.db", "tongbu-20200101T000000Z.db", "tongbu.db", "other-20200101T000000.000Z.db"];
    for other in others {
        fs::write(folder.join(other), "mine").expect("a file can be written");
    }
    let link = "tongbu-20200101T000000.000Z.db";
    std::os::unix::fs::symlink(folder.join(others[0]), folder.join(link)).expect("a link can be made");
    let mut made = Vec::new();
    for _ in 0..5 {
        let document = sandbox.run("backup copies --keep 3 --json").expect(0).json();
        let path = document["path"].as_str().expect("a path").to_owned();
        let expected: Vec<&String> = made.len().checked_sub(3).map(|oldest| &made[oldest]).into_iter().collect();
        assert_eq!(document["deleted"], serde_json::json!(expected));
        assert_eq!(
            fs::metadata(sandbox.home.path().join(&path)).expect("the copy").permissions().mode() & 0o777,
            0o600
        );
        made.push(path);
    }
    assert!(made.is_sorted() && made[0] < made[1], "{made:?}");
    let mut expected: Vec<&str> = made[2..].iter().map(|path| path.trim_start_matches("copies/")).collect();
    expected.extend(others.into_iter().chain([link]));
    expected.sort_unstable();
    assert_eq!(names(&folder), expected);
}

#[test]
fn a_clock_that_went_back_costs_no_newer_copy() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let folder = sandbox.home.path().join("copies");
    fs::create_dir(&folder).expect("a directory can be made");
    fs::write(folder.join("tongbu-20990101T000000.999Z.db"), "of a clock that was ahead")
        .expect("a file can be written");
    for _ in 0..2 {
        sandbox.run("backup copies --keep 2 -q").expect(0);
    }
    assert_eq!(names(&folder), ["tongbu-20990101T000001.000Z.db", "tongbu-20990101T000001.001Z.db"]);
}

#[test]
fn nothing_is_deleted_where_the_new_copy_fails() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let folder = sandbox.home.path().join("copies");
    fs::create_dir(&folder).expect("a directory can be made");
    for _ in 0..3 {
        sandbox.run("backup copies -q").expect(0);
    }
    let before = names(&folder);
    let mut shell = sandbox.home.command(Path::new("/bin/sh"));
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" backup copies --keep 1";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_tongbu")]);
    Running::start(shell).wait().expect(12);
    assert_eq!(names(&folder), before);
    sandbox.run("backup nowhere --keep 1").expect(2);
    sandbox.run("backup copies --keep 0").expect(2);
    assert_eq!(names(&folder), before);
}

#[test]
fn a_killed_backup_leaves_no_copy_and_its_draft_goes_later() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let folder = sandbox.home.path().join("copies");
    fs::create_dir(&folder).expect("a directory can be made");
    let disk = Disk::build();
    let kill = |at| {
        let mut command = sandbox.command();
        command.args(["backup", "copies", "--keep", "1"]);
        disk.strike(command, &folder, at, ("kill", false))
    };
    kill(0).expect(0);
    let calls = disk.calls();
    let whole = names(&folder);
    for at in (1..calls).step_by(usize::try_from(calls / 8).expect("few").max(1)) {
        assert_eq!(kill(at).signal, Some(9));
        // The older one is not deleted.
        assert!(names(&folder).contains(&whole[0]), "call {at}");
        for name in names(&folder).iter().filter(|name| !name.starts_with('.')) {
            assert_eq!(count(&folder.join(name), "SELECT count(*) FROM sync_records"), 1, "call {at}");
        }
    }
    let drafts = || names(&folder).into_iter().filter(|name| name.contains(".partial")).collect::<Vec<_>>();
    assert!(!drafts().is_empty());
    for draft in drafts() {
        let file = fs::File::options().write(true).open(folder.join(draft)).expect("a draft");
        file.set_modified(SystemTime::now() - Duration::from_secs(7200)).expect("its time can be set");
    }
    kill(0).expect(0);
    assert_eq!((drafts(), names(&folder).len()), (Vec::new(), 1));
}

#[test]
fn a_full_disk_is_named_with_its_free_space() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    let script = "mkdir small && mount -t tmpfs -o size=96k tongbu small || exit 77; \"$0\" backup small --keep 1; code=$?; \
                  ls -A small; exit $code";
    let mut unshare = sandbox.home.command(Path::new("unshare"));
    unshare.args(["-Urm", "sh", "-c", script, env!("CARGO_BIN_EXE_tongbu")]);
    let outcome = Running::start(unshare).wait();
    // Not every machine lets its users mount.
    if outcome.stderr.contains("unshare") || outcome.code == Some(77) {
        return;
    }
    let outcome = outcome.expect(12);
    assert!(outcome.stderr.contains("small/") && outcome.stderr.contains("KiB free"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
}
