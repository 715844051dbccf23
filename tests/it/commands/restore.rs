//! `restore`: the old database or the new one, at any moment, and never over one in use.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::backup::count;
use super::{kill_one, under_way};
use crate::experiments::disk::Disk;
use crate::support::{Sandbox, poll};

/// A sandbox with `copy.db` of one run, and a database of two.
fn backed_up() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    sandbox.run("backup copy.db -q").expect(0);
    sandbox.run("sync fairing --force").expect(0);
    sandbox
}

fn run_sql(path: &Path, sql: &str) {
    Connection::open(path).and_then(|copy| copy.execute_batch(sql)).unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// The files in the home whose names contain this.
fn files(sandbox: &Sandbox, part: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.home.path()).expect("the home can be read");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.to_string_lossy().contains(part)).collect()
}

#[test]
fn a_backup_is_restored_and_the_old_database_kept() {
    let sandbox = backed_up();
    let database = sandbox.home.database();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o640)).expect("the mode can be set");
    let document = sandbox.run("restore copy.db --force --json").expect(0).json();
    assert_eq!((&document["schema"], &document["integrity"]), (&"tongbu.restore/1".into(), &"ok".into()));
    let kept = Path::new(document["kept"].as_str().expect("a path"));
    assert_eq!(count(kept, "SELECT count(*) FROM sync_records"), 2);
    assert_eq!(sandbox.database().count("sync_records"), 1);
    assert_eq!(fs::metadata(&database).expect("the database").permissions().mode() & 0o777, 0o640);
    sandbox.run("status").expect(0);
    sandbox.run("sync fairing --force").expect(0);
    sandbox.database().assert_consistent();
    // The number of a run that is gone is not given again.
    assert_eq!(sandbox.database().value::<i64>("SELECT max(id) FROM sync_records"), 3);
    // And back.
    sandbox.run(&format!("restore {} --force -q", kept.display())).expect(0);
    assert_eq!(sandbox.database().count("sync_records"), 2);
    assert!(files(&sandbox, ".partial").is_empty());
}

#[test]
fn without_force_only_a_missing_database_is_restored() {
    let sandbox = backed_up();
    let before = sandbox.database_bytes();
    let outcome = sandbox.run("restore copy.db").expect(2);
    assert!(outcome.stderr.contains("--force"), "{}", outcome.stderr);
    assert_eq!(sandbox.database_bytes(), before);
    fs::remove_file(sandbox.home.database()).expect("the database can be deleted");
    // What is left of the old one would damage the new one.
    let wal = sandbox.home.path().join("tongbu.db-wal");
    fs::write(&wal, "rows of another content").expect("a file can be written");
    let outcome = sandbox.run("restore copy.db").expect(0);
    assert!(outcome.stdout.contains("tongbu sync all --force"), "{}", outcome.stdout);
    assert!(!wal.exists() && files(&sandbox, "before-restore").len() == 1);
    assert_eq!(sandbox.database().count("sync_records"), 1);
    let mode = fs::metadata(sandbox.home.database()).expect("the database").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    sandbox.run("sync fairing --force").expect(0);
}

#[test]
fn a_database_in_use_is_not_replaced() {
    let sandbox = backed_up();
    let running = under_way(&sandbox);
    poll("a lock", || sandbox.database().count("sync_locks WHERE released = 0") > 0);
    let outcome = sandbox.run("restore copy.db --force --json").expect(11);
    assert_eq!(outcome.json()["error"]["lock"]["pid"], running.pid());
    sandbox.fairing.server().clear_faults();
    running.wait().expect(0);
    sandbox.database().assert_consistent();

    // A reader without a lock.
    let reader = Connection::open(sandbox.home.database()).expect("it opens");
    let load = || reader.query_row("SELECT count(*) FROM sync_records", [], |row| row.get::<_, i64>(0));
    let before = load().expect("it can be read");
    let outcome = sandbox.run("restore copy.db --force").expect(11);
    assert!(outcome.stderr.contains(&format!("pid {}", std::process::id())), "{}", outcome.stderr);
    assert_eq!(load().expect("it can be read"), before);
    drop(reader);
    assert!(files(&sandbox, ".partial").is_empty() && files(&sandbox, "before-restore").is_empty());
    sandbox.run("restore copy.db --force").expect(0);
}

#[test]
fn what_is_no_whole_backup_is_refused_and_nothing_changes() {
    let sandbox = backed_up();
    let home = sandbox.home.path();
    let copy = fs::read(home.join("copy.db")).expect("the copy");
    let (mut corrupt, mut newer) = (copy.clone(), copy.clone());
    let middle = corrupt.len() / 2;
    corrupt[middle..].fill(0x5a);
    newer[60..64].copy_from_slice(&99_i32.to_be_bytes());
    for (name, content) in [
        ("empty", Vec::new()),
        ("foreign", b"name,value\n".to_vec()),
        ("header", copy[..60].to_vec()),
        ("truncated", copy[..copy.len() / 2].to_vec()),
        ("corrupt", corrupt),
        ("newer", newer),
    ] {
        fs::write(home.join(name), content).expect("a file can be written");
    }
    fs::copy(home.join("copy.db"), home.join("migrated")).expect("a copy");
    run_sql(&home.join("migrated"), "INSERT INTO schema_migrations VALUES ('core', '9999_later', 'x', 'y')");
    Connection::open(home.join("other")).and_then(|other| other.execute_batch("CREATE TABLE t (a)")).expect("a file");
    std::os::unix::fs::symlink(home.join("tongbu.db"), home.join("link")).expect("a link can be made");
    fs::create_dir(home.join("folder")).expect("a directory can be made");
    let before = sandbox.database_bytes();
    let names =
        ["empty", "foreign", "header", "truncated", "corrupt", "newer", "migrated", "other", "folder", "nowhere"];
    for name in names {
        let content = fs::read(home.join(name)).unwrap_or_default();
        let outcome = sandbox.run(&format!("restore {name} --force")).expect(12);
        assert!(outcome.stderr.contains(name) && outcome.stderr.contains("hint: "), "{}", outcome.stderr);
        assert_eq!(fs::read(home.join(name)).unwrap_or_default(), content, "{name}");
        assert!(sandbox.database_bytes() == before, "{name}");
    }
    for name in ["tongbu.db", "link"] {
        let outcome = sandbox.run(&format!("restore {name} --force")).expect(2);
        assert!(outcome.stderr.contains("itself"), "{}", outcome.stderr);
        assert!(sandbox.database_bytes() == before, "{name}");
    }
    assert!(files(&sandbox, ".partial").is_empty() && files(&sandbox, "before-restore").is_empty());
}

#[test]
fn a_damaged_database_is_replaced_and_kept() {
    let sandbox = backed_up();
    let mut damaged = fs::read(sandbox.home.database()).expect("the database");
    damaged[100..].fill(0xff);
    fs::write(sandbox.home.database(), &damaged).expect("a file can be written");
    sandbox.run("restore copy.db --force").expect(0);
    let kept = files(&sandbox, "before-restore");
    assert!(kept.len() == 1 && fs::read(&kept[0]).expect("it is kept") == damaged);
    sandbox.run("sync fairing --force").expect(0);
    sandbox.database().assert_consistent();
}

#[test]
fn runs_and_locks_of_another_machine_end_with_the_restore() {
    let sandbox = Sandbox::small();
    kill_one(&sandbox);
    let copy = sandbox.home.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let path = |name: &str| sandbox.home.path().join(format!("{name}{suffix}"));
        fs::copy(path("tongbu.db"), path("copy.db")).expect("a copy");
    }
    let elsewhere = "host = 'elsewhere', process = 'another-boot 1 1'";
    run_sql(
        &copy,
        &format!(
            "UPDATE sync_locks SET boot_id = 'another-boot', released = 0, os_lock = 7, {elsewhere};
             UPDATE sync_records SET {elsewhere} WHERE status = 'running'"
        ),
    );
    assert!(count(&copy, "SELECT count(*) FROM sync_records WHERE status = 'running'") > 0);
    sandbox.run("restore copy.db --force").expect(0);
    sandbox.database().assert_consistent();
    assert!(sandbox.run("locks list").expect(0).stdout.contains("no lock is held"));
    sandbox.fairing.server().clear_faults();
    sandbox.run("sync fairing --force").expect(0);
}

#[test]
fn a_restore_that_is_struck_anywhere_leaves_the_old_or_the_new_database() {
    let sandbox = backed_up();
    let home = sandbox.home.path().to_owned();
    let original = sandbox.database_bytes();
    let disk = Disk::build();
    let strike = |at, fault| {
        for path in files(&sandbox, "before-restore").into_iter().chain(files(&sandbox, "tongbu.db-")) {
            fs::remove_file(path).expect("a file can be deleted");
        }
        fs::write(sandbox.home.database(), &original).expect("a file can be written");
        let mut command = sandbox.command();
        command.args(["restore", "copy.db", "--force"]);
        disk.strike(command, &home, at, (fault, false))
    };
    strike(0, "kill").expect(0);
    let calls = disk.calls();
    let mut seen = [0, 0];
    for fault in ["kill", "ENOSPC", "EIO"] {
        // The first and the last calls, and some between.
        for at in (1..=calls).step_by(usize::try_from(calls / 12).expect("few").max(1)).chain([calls - 1, calls]) {
            let outcome = strike(at, fault);
            let what = format!("{fault} at call {at} of {calls}: {outcome:#?}");
            match outcome.code {
                None => assert!(fault == "kill" && outcome.signal == Some(9), "{what}"),
                Some(code) => assert!([0, 12].contains(&code) && fault != "kill", "{what}"),
            }
            sandbox.run("status").expect(0);
            sandbox.database().assert_consistent();
            match sandbox.database().count("sync_records") {
                2 => seen[0] += 1,
                1 => {
                    seen[1] += 1;
                    let kept = files(&sandbox, "before-restore");
                    // Its log may lie beside it.
                    let kept = kept.iter().min_by_key(|path| path.as_os_str().len()).expect("the old database");
                    assert_eq!(count(kept, "SELECT count(*) FROM sync_records"), 2, "{what}");
                }
                other => panic!("{other} records: {what}"),
            }
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    sandbox.run("sync fairing --force").expect(0);
}
