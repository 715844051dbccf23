//! A database under two names, moved, copied or without the folders around it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;

use super::{LOCK, ONE};
use crate::support::{Outcome, Running, Sandbox};

/// The script that takes `/proc` away.
const NO_PROC: &str = "mount -t tmpfs none /proc";

/// What happens to a database during a run.
type Mishap<'a> = (&'a str, &'a dyn Fn(&Sandbox));

/// What happens to the files in the middle of a run is no success, and the run says so.
#[track_caller]
fn check_mishap(what: &str, change: &dyn Fn(&Sandbox), message: &str) {
    check_mishap_in(&Sandbox::small(), what, change, &[message]);
}

#[track_caller]
fn check_mishap_in(sandbox: &Sandbox, what: &str, change: &dyn Fn(&Sandbox), messages: &[&str]) {
    sandbox.run(ONE).expect(0);
    let running = sandbox.spawn_held("sync fairing");
    change(sandbox);
    sandbox.fairing.server().clear_faults();
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(12), "{what}: {}", outcome.said());
    let says = |message: &&str| outcome.stderr.contains(*message);
    assert!(messages.iter().any(says), "{what}: {}", outcome.said());
}

/// Says why a test is none here.
#[expect(clippy::print_stdout, reason = "who runs the tests has to know what was not tried")]
pub fn skip(why: &str) {
    println!("{why}");
}

/// Whether this machine lets a test mount things where nobody else sees it.
pub fn may_mount(test: &str) -> bool {
    let allowed = Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    if !allowed {
        skip(&format!("{test} is skipped: the kernel does not allow user and mount namespaces here"));
    }
    allowed
}

impl Sandbox {
    /// `tongbu` with these words, after a script in mounts apart: `$1` is the database.
    pub fn spawn_mounted(&self, mounting: &str, words: &str) -> Running {
        Running::start(self.mounted(mounting, words))
    }

    pub fn mounted(&self, mounting: &str, words: &str) -> Command {
        let mut command = self.home.command(Path::new("/usr/bin/env"));
        let script = format!("set -e; d=$(dirname \"$1\"); {mounting}; shift; exec \"$@\"");
        command.args(["unshare", "-rm", "sh", "-c", &script, "sh"]).arg(self.home.database());
        command.arg(self.command().get_program()).args(words.split_whitespace());
        command
    }
}

#[track_caller]
fn check_refused(outcome: Outcome, words: &str) {
    let outcome = outcome.expect(12);
    assert!(outcome.stderr.contains(words) && outcome.stderr.contains("hint: "), "{}", outcome.said());
}

#[test]
fn hard_link_to_the_database_is_refused() {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    let other = sandbox.home.path().join("other.db");
    fs::hard_link(sandbox.home.database(), &other).expect("a link can be made");
    for words in [ONE, "status", "records list", "sync fairing --dry-run", "sync fairing --db other.db"] {
        check_refused(sandbox.run(words), "names (hard links)");
    }
    fs::remove_file(other).expect("the link is there");
    sandbox.run(ONE).expect(0);
}

#[test]
fn database_mounted_as_a_single_file_is_refused() {
    if !may_mount("database_mounted_as_a_single_file_is_refused") {
        return;
    }
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    let mounting = "touch \"$d/inner.db\"; mount --bind \"$1\" \"$d/inner.db\"";
    for words in [&format!("{ONE} --db inner.db"), "status --db inner.db"] {
        check_refused(sandbox.spawn_mounted(mounting, words).wait(), "the file itself is mounted");
    }
    check_refused(sandbox.spawn_mounted("mount --bind \"$1\" \"$1\"", ONE).wait(), "the file itself is mounted");
}

#[test]
fn database_that_is_moved_deleted_or_replaced_during_a_run_is_no_success() {
    let away = |sandbox: &Sandbox| {
        fs::rename(sandbox.home.database(), sandbox.home.path().join("away.db")).expect("it can be moved");
    };
    let delete = |sandbox: &Sandbox| fs::remove_file(sandbox.home.database()).expect("it can be deleted");
    let delete_and_create = |sandbox: &Sandbox| {
        for end in ["", "-wal", "-shm"] {
            fs::remove_file(sandbox.home.path().join(format!("tongbu.db{end}"))).expect("it can be deleted");
        }
        sandbox.run("sync douban --no-details").expect(0);
    };
    let replace = |sandbox: &Sandbox| {
        sandbox.run("backup copy.db").expect(0);
        fs::rename(sandbox.home.path().join("copy.db"), sandbox.home.database()).expect("it can be replaced");
    };
    let changes: [Mishap<'_>; 4] =
        [("moved", &away), ("deleted", &delete), ("created again", &delete_and_create), ("replaced", &replace)];
    for (what, change) in changes {
        check_mishap(what, change, "was moved, deleted or replaced");
    }
}

#[test]
fn database_that_is_overwritten_during_a_run_is_no_success() {
    let copy_over = |sandbox: &Sandbox, options: &[&str]| {
        let (copy, database) = (sandbox.home.path().join("copy.db"), sandbox.home.database());
        let copied = Command::new("cp").args(options).args([copy, database]).status();
        assert!(copied.is_ok_and(|status| status.success()));
    };
    let backup = |sandbox: &Sandbox| {
        sandbox.run("backup copy.db").expect(0);
        copy_over(sandbox, &[]);
    };
    let older = |sandbox: &Sandbox| copy_over(sandbox, &["-p"]);
    let sandbox = || {
        let sandbox = Sandbox::small();
        sandbox.run("sync douban --no-details").expect(0);
        fs::copy(sandbox.home.database(), sandbox.home.path().join("copy.db")).expect("it can be copied");
        sandbox
    };
    // A page that was read before the next write may have shown it already.
    check_mishap_in(&Sandbox::small(), "a backup", &backup, &["was overwritten", "it is damaged"]);
    check_mishap_in(&sandbox(), "an older copy", &older, &["was overwritten", "it is damaged"]);
}

#[test]
fn log_that_is_deleted_or_overwritten_during_a_run_is_no_success() {
    let log = |sandbox: &Sandbox| sandbox.home.path().join("tongbu.db-wal");
    let delete = |sandbox: &Sandbox| fs::remove_file(log(sandbox)).expect("it can be deleted");
    let overwrite = |sandbox: &Sandbox| fs::write(log(sandbox), "x".repeat(100_000)).expect("it can be written");
    let empty = |sandbox: &Sandbox| fs::write(log(sandbox), "").expect("it can be written");
    let changes: [Mishap<'_>; 3] = [("deleted", &delete), ("overwritten", &overwrite), ("emptied", &empty)];
    for (what, change) in changes {
        check_mishap(what, change, "tongbu.db-wal` of the database was moved");
    }
}

/// A database with a backup of it, `copy.db`, and the log that a killed run left.
fn killed() -> Sandbox {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    sandbox.run("backup copy.db").expect(0);
    let killed = sandbox.spawn_held("sync fairing --force");
    killed.signal(Signal::KILL);
    killed.wait();
    sandbox.fairing.server().clear_faults();
    assert!(sandbox.home.path().join("tongbu.db-wal").metadata().is_ok_and(|log| log.len() > 0));
    sandbox
}

#[test]
fn log_whose_database_is_gone_is_no_new_beginning() {
    let delete = |sandbox: &Sandbox| fs::remove_file(sandbox.home.database()).expect("it can be deleted");
    let empty = |sandbox: &Sandbox| fs::write(sandbox.home.database(), "").expect("it can be written");
    let changes: [Mishap<'_>; 2] = [("deleted", &delete), ("emptied", &empty)];
    for (what, change) in changes {
        let sandbox = killed();
        change(&sandbox);
        let log = || fs::read(sandbox.home.path().join("tongbu.db-wal")).expect("the log is there");
        let before = log();
        for words in [ONE, "sync fairing --dry-run", "users emit user.created --user-id 1"] {
            check_refused(sandbox.run(words), "its log is still there");
        }
        assert!(sandbox.run("status").code == Some(12) || what == "deleted");
        assert_eq!(log(), before, "{what}");
        // What the hint says works, one way and the other.
        fs::remove_file(sandbox.home.path().join("tongbu.db-wal")).expect("it is there");
        sandbox.run(ONE).expect(0);
        let sandbox = killed();
        change(&sandbox);
        sandbox.run("restore copy.db --force").expect(0);
        sandbox.run("sync fairing --force").expect(0);
        sandbox.database().assert_consistent();
    }
}

#[test]
fn file_that_is_put_beside_the_log_of_another_is_refused_and_stays_whole() {
    let copy = |sandbox: &Sandbox| sandbox.home.path().join("copy.db");
    let swap = |sandbox: &Sandbox| fs::rename(copy(sandbox), sandbox.home.database()).expect("it can be moved");
    let overwrite = |sandbox: &Sandbox| {
        fs::copy(copy(sandbox), sandbox.home.database()).expect("it can be copied");
    };
    let changes: [Mishap<'_>; 2] = [("swapped", &swap), ("copied over", &overwrite)];
    for (what, change) in changes {
        let sandbox = killed();
        let whole = fs::read(copy(&sandbox)).expect("the copy is there");
        change(&sandbox);
        for words in ["status", ONE, "sync fairing --dry-run", "records list"] {
            check_refused(sandbox.run(words), "its log is not of this file");
        }
        assert!(fs::read(sandbox.home.database()).expect("it is there") == whole, "{what}: it was written to");
        for end in ["-wal", "-shm"] {
            fs::remove_file(sandbox.home.path().join(format!("tongbu.db{end}"))).expect("the hint names it");
        }
        sandbox.run("sync fairing --force").expect(0);
        sandbox.database().assert_consistent();
    }
    // During a run, which goes on to write its log after the swap.
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    sandbox.run("backup copy.db").expect(0);
    let whole = fs::read(copy(&sandbox)).expect("the copy is there");
    let running = sandbox.spawn_held("sync fairing --force");
    swap(&sandbox);
    sandbox.fairing.server().clear_faults();
    running.wait().expect(12);
    check_refused(sandbox.run("status"), "its log is not of this file");
    assert!(fs::read(sandbox.home.database()).expect("it is there") == whole);
}

#[test]
fn database_that_is_moved_with_its_log_after_a_kill_goes_on() {
    let sandbox = killed();
    let away = |name: &str| sandbox.home.path().join(format!("away{name}"));
    // Copied, so that neither inode nor time is what it was.
    for end in ["-wal", ""] {
        fs::copy(sandbox.home.path().join(format!("tongbu.db{end}")), away(end)).expect("it can be copied");
    }
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(sandbox.home.path().join(format!("tongbu.db{end}"))).expect("it can be deleted");
    }
    for end in ["-wal", ""] {
        fs::rename(away(end), sandbox.home.path().join(format!("tongbu.db{end}"))).expect("it can be moved");
    }
    sandbox.run("sync fairing --force").expect(0);
    sandbox.database().assert_consistent();
}

#[test]
fn folder_of_the_database_that_is_moved_during_a_run_is_no_success() {
    let mut sandbox = Sandbox::small();
    let folder = sandbox.home.path().join("data");
    sandbox.home.set("database", folder.join("t.db").display().to_string());
    let running = sandbox.spawn_held(ONE);
    fs::rename(&folder, sandbox.home.path().join("elsewhere")).expect("it can be moved");
    sandbox.fairing.server().clear_faults();
    running.wait().expect(12);
}

#[test]
fn backup_taken_during_a_run_holds_no_live_lock() {
    let sandbox = Sandbox::small();
    let running = sandbox.spawn_held(ONE);
    assert_eq!(sandbox.database().count("sync_locks WHERE released = 0"), 1);
    sandbox.run("backup copy.db").expect(0);
    let copy = sandbox.home.path().join("copy.db");
    let opened = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the copy opens");
    let held = opened.query_row("SELECT count(*) FROM sync_locks WHERE released = 0", [], |row| row.get::<_, i64>(0));
    assert_eq!(held.expect("the copy has locks"), 0);
    // Nothing runs on the copy, and nothing there keeps anybody out.
    let status = sandbox.run("status --json --db copy.db").expect(0).json();
    assert!(status["syncs"].as_array().expect("rows").iter().all(|row| row["running"].is_null()), "{status:#}");
    sandbox.fairing.server().clear_faults();
    sandbox.run(&format!("{ONE} --db copy.db")).expect(0);
    running.wait().expect(0);
}

#[test]
fn database_moved_without_its_lock_folder_after_a_kill_is_taken_over_at_once() {
    let sandbox = Sandbox::small();
    let killed = sandbox.spawn_held(ONE);
    killed.signal(Signal::KILL);
    killed.wait();
    sandbox.fairing.server().clear_faults();
    let moved = sandbox.home.path().join("moved");
    fs::create_dir(&moved).expect("a folder can be made");
    for end in ["", "-wal", "-shm"] {
        let name = format!("tongbu.db{end}");
        // The log is there unless it was empty.
        let _ = fs::rename(sandbox.home.path().join(&name), moved.join(&name));
    }
    let locks = sandbox.run("locks list --json --db moved/tongbu.db").expect(0).json();
    assert_eq!(locks["locks"][0]["state"], "stale", "{locks:#}");
    let next = sandbox.run(&format!("{ONE} --db moved/tongbu.db --json")).expect(0);
    assert_eq!(next.json()["status"], "success");
    assert!(next.took < Duration::from_secs(10), "{:?}", next.took);
}

#[test]
fn live_holder_is_never_displaced_by_a_run_without_proc() {
    if !may_mount("live_holder_is_never_displaced_by_a_run_without_proc") {
        return;
    }
    let sandbox = Sandbox::small();
    let holder = sandbox.spawn_held(ONE);
    sandbox.spawn_mounted(NO_PROC, ONE).wait().expect(11);
    // Nor without the folder that says that the holder lives.
    fs::remove_dir_all(sandbox.home.path().join("tongbu.db.locks")).expect("the folder is there");
    sandbox.spawn_mounted(NO_PROC, ONE).wait().expect(11);
    sandbox.fairing.server().clear_faults();
    holder.wait().expect(0);

    // The other way round: the holder has no `/proc`.
    let holder = sandbox.spawn_held_by(sandbox.mounted(NO_PROC, ONE));
    sandbox.run(ONE).expect(11);
    fs::remove_dir_all(sandbox.home.path().join("tongbu.db.locks")).expect("the folder is there");
    sandbox.run(ONE).expect(11);
    sandbox.fairing.server().clear_faults();
    holder.wait().expect(0);
    assert_eq!(sandbox.database().value::<i64>(&format!("SELECT token FROM sync_locks WHERE name = '{LOCK}'")), 2);
}

#[test]
fn run_whose_due_scopes_were_all_locked_is_no_success() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.run("sync fairing --account shop-us").expect(0);
    sandbox.run("sync fairing --account shop-eu --kind questions").expect(0);
    let holder = sandbox.spawn_held(ONE);
    // The other scopes are not due.
    let document = sandbox.run("sync fairing --json").expect(11).json();
    assert_eq!((&document["status"], &document["exit_name"]), (&"skipped".into(), &"locked".into()), "{document:#}");
    let document = sandbox.run("sync fairing --on-lock skip --json").expect(0).json();
    assert_eq!(document["status"], "skipped", "{document:#}");
    let scopes = document["scopes"].as_array().expect("scopes");
    assert!(scopes.iter().any(|scope| scope["scope"] == LOCK && scope["reason"] == "locked"), "{document:#}");
    let last: String = sandbox.database().value("SELECT status FROM sync_records ORDER BY id DESC LIMIT 1");
    assert_eq!(last, "skipped");
    sandbox.fairing.server().clear_faults();
    holder.wait().expect(0);
}

#[test]
fn only_the_folder_of_the_database_has_to_be_writable() {
    if !may_mount("only_the_folder_of_the_database_has_to_be_writable") {
        return;
    }
    let mut sandbox = Sandbox::small();
    let folder = sandbox.home.path().join("data");
    fs::create_dir(&folder).expect("a folder can be made");
    sandbox.home.set("database", folder.join("t.db").display().to_string());
    let read_only = "mount --bind \"$d/data\" \"$d/data\"; \
                     for m in / /tmp /var/tmp /dev/shm; do mount --rbind $m $m && mount -o remount,ro,bind $m; done; \
                     cd \"$d\"; mount -o remount,rw,bind \"$d/data\"; \
                     if touch /tmp/x 2>/dev/null || touch \"$d/x\" 2>/dev/null; then exit 99; fi";
    for words in ["sync fairing --dry-run", "sync fairing", "sync fairing", "status", "backup data/copy.db"] {
        let outcome = sandbox.spawn_mounted(read_only, words).wait();
        if outcome.code == Some(99) || outcome.stderr.contains("mount:") {
            skip(&format!("skipped: the mounts cannot be made read-only here: {}", outcome.stderr));
            return;
        }
        assert_eq!(outcome.code, Some(0), "{words}: {}", outcome.said());
    }
    // Where the database's own folder is read-only, it is named.
    let closed = read_only.replace("remount,rw,bind", "remount,ro,bind");
    let outcome = sandbox.spawn_mounted(&closed, "sync fairing").wait().expect(12);
    assert!(outcome.stderr.contains(&format!("{}`", folder.display())), "{}", outcome.said());
    let doctor = sandbox.spawn_mounted(&closed, "doctor --offline").wait().expect(12);
    assert!(doctor.stdout.contains(&folder.display().to_string()), "{}", doctor.said());
}
