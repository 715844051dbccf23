//! Those who read and do not own the file: another user, a read-only file system.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::places::{may_mount, skip};
use super::{LOCK, ONE};
use crate::support::{Outcome, Running, Sandbox};

/// The script that makes the folder of the database read-only.
const READ_ONLY: &str = "mount --bind \"$d\" \"$d\"; mount -o remount,ro,bind \"$d\"; cd \"$d\"";

/// What a reader asks.
const READ: [&str; 7] =
    ["status", "records list", "records show 1", "records stats", "locks list --all", "metrics", "films list"];

/// Commands of another user.
struct Stranger<'a>(&'a Sandbox);

impl<'a> Stranger<'a> {
    /// Only root can become one. The home is opened to everybody, the configuration and the database to their group.
    fn new(sandbox: &'a mut Sandbox, mode: &str) -> Option<Self> {
        let can = Command::new("setpriv").args(["--reuid", "65534", "--clear-groups", "true"]).status();
        if !can.is_ok_and(|status| status.success()) {
            skip("skipped: this test needs another user, and only root can become one");
            return None;
        }
        sandbox.home.set("database_mode", mode);
        Some(Self(sandbox))
    }

    fn run(&self, program: &Path, words: &[&str]) -> Outcome {
        let home = self.0.home.path();
        fs::set_permissions(home, fs::Permissions::from_mode(0o755)).expect("the home is ours");
        fs::set_permissions(self.0.home.config(), fs::Permissions::from_mode(0o644)).expect("the file is ours");
        let mut command = self.0.home.command(Path::new("/usr/bin/env"));
        // The group is the owner's.
        command.args(["setpriv", "--reuid", "65534", "--regid", "0", "--clear-groups", "--"]).arg(program).args(words);
        Running::start(command).wait()
    }

    fn tongbu(&self, words: &str) -> Outcome {
        // The program may lie where only its owner may go.
        let program = self.0.home.path().join("tongbu");
        if !program.exists() {
            fs::copy(env!("CARGO_BIN_EXE_tongbu"), &program).expect("the program can be copied");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("the copy is ours");
        }
        self.run(&program, &words.split_whitespace().collect::<Vec<_>>())
    }

    fn sqlite(&self) -> Outcome {
        let count = "SELECT count(*) FROM sync_records";
        self.run(Path::new("sqlite3"), &["-readonly", &self.0.home.database().display().to_string(), count])
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().map_or(0, |metadata| metadata.permissions().mode() & 0o777)
}

#[test]
fn group_reads_the_database_at_rest_during_a_run_and_after_a_kill() {
    let mut sandbox = Sandbox::small();
    let Some(reader) = Stranger::new(&mut sandbox, "0640") else { return };
    let sandbox = reader.0;
    let before = sandbox.run(ONE).expect(0);
    assert_eq!(mode(&sandbox.home.database()), 0o640, "{before:?}");
    for words in READ {
        let outcome = reader.tongbu(words).expect(0);
        assert_eq!(outcome.stderr, "", "{words}");
    }
    assert_eq!(reader.tongbu("records list --json").expect(0).json()["total"], 1);

    let running = sandbox.spawn_held(ONE);
    for file in ["tongbu.db-wal", "tongbu.db-shm"] {
        assert_eq!(mode(&sandbox.home.path().join(file)), 0o640, "{file}");
    }
    for words in READ {
        reader.tongbu(words).expect(0);
    }
    let status = reader.tongbu("status --json").expect(0).json();
    let row = status["syncs"].as_array().and_then(|rows| rows.iter().find(|row| row["sync"] == "fairing")).cloned();
    assert_eq!(row.as_ref().map(|row| &row["running"]["pid"]), Some(&running.pid().into()), "{status:#}");
    assert_eq!(reader.sqlite().expect(0).stdout.trim(), "2");
    // Who only reads cannot write.
    let refused = reader.tongbu(ONE).expect(12);
    assert!(refused.stderr.contains("hint: "), "{}", refused.said());

    running.signal(Signal::KILL);
    running.wait();
    let listed = reader.tongbu("records list --failed --json").expect(0).json();
    assert_eq!(listed["records"][0]["status"], "died", "{listed:#}");
    sandbox.fairing.server().clear_faults();
    sandbox.run(ONE).expect(0);
    sandbox.database().assert_consistent();
}

#[test]
fn everything_in_a_folder_of_a_group_belongs_to_that_group() {
    const GROUP: u32 = 65534;
    let mut sandbox = Sandbox::small();
    let home = sandbox.home.path().to_owned();
    if chown(&home, None, Some(GROUP)).is_err() {
        skip("skipped: only root can give a folder to another group");
        return;
    }
    fs::set_permissions(&home, fs::Permissions::from_mode(0o2770)).expect("the home is ours");
    // As where a run made it before the folder was shared.
    let locks = home.join("tongbu.db.locks");
    fs::create_dir(&locks).expect("a folder can be made");
    chown(&locks, None, Some(0)).expect("it is ours");
    fs::write(locks.join("writer.lock"), "").expect("a file can be written");
    chown(locks.join("writer.lock"), None, Some(0)).expect("it is ours");
    sandbox.home.set("database_mode", "0660");
    for words in [ONE, "sync douban", "sync users"] {
        sandbox.run(words).expect(0);
        let files: Vec<_> = fs::read_dir(&locks).expect("the folder").flatten().map(|entry| entry.path()).collect();
        assert!(files.len() > 1, "{files:?}");
        for path in files.into_iter().chain([sandbox.home.database()]) {
            let metadata = path.metadata().expect("it is there");
            assert_eq!((metadata.gid(), mode(&path)), (GROUP, 0o660), "after {words}: {}", path.display());
        }
        let folder = locks.metadata().expect("the folder");
        assert_eq!((folder.gid(), folder.permissions().mode() & 0o7777), (GROUP, 0o2770), "after {words}");
    }
}

#[test]
fn new_database_is_private_unless_it_is_to_be_shared() {
    let mut sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    assert_eq!(mode(&sandbox.home.database()), 0o600);
    let doctor = |sandbox: &Sandbox| sandbox.run("doctor --offline").expect(0).stdout;
    assert!(!doctor(&sandbox).contains("chmod"));
    sandbox.home.set("database_mode", "0660");
    sandbox.run(ONE).expect(0);
    assert_eq!(mode(&sandbox.home.database()), 0o660);
    assert_eq!(mode(&sandbox.home.path().join("tongbu.db.locks")), 0o770);
    assert_eq!(mode(&sandbox.home.path().join("tongbu.db.locks/writer.lock")), 0o660);
    assert!(!doctor(&sandbox).contains("chmod"), "{}", doctor(&sandbox));
    fs::set_permissions(sandbox.home.database(), fs::Permissions::from_mode(0o664)).expect("the file is ours");
    assert!(doctor(&sandbox).contains("chmod 660"), "{}", doctor(&sandbox));
    for wrong in ["0666", "0755", "abc", "600x"] {
        sandbox.home.set("database_mode", wrong);
        let said = sandbox.run("config check").expect(4).said();
        assert!(said.contains("database_mode"), "{wrong}: {said}");
    }
}

#[test]
fn database_on_a_read_only_file_system_can_be_read() {
    if !may_mount("database_on_a_read_only_file_system_can_be_read") {
        return;
    }
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    for words in READ {
        let outcome = sandbox.spawn_mounted(READ_ONLY, words).wait().expect(0);
        assert_eq!(outcome.stderr, "", "{words}");
    }
    let count = sandbox.spawn_mounted(READ_ONLY, "records list --json").wait().expect(0).json()["total"].clone();
    assert_eq!(count, 1);
    sandbox.spawn_mounted(READ_ONLY, ONE).wait().expect(12);

    // What a killed run left beside the file is read, too.
    let killed = sandbox.spawn_held(ONE);
    killed.signal(Signal::KILL);
    killed.wait();
    sandbox.fairing.server().clear_faults();
    let listed = sandbox.spawn_mounted(READ_ONLY, "records list --json").wait().expect(0).json();
    assert_eq!((&listed["total"], &listed["records"][0]["status"]), (&2.into(), &"died".into()), "{listed:#}");
    let locks = sandbox.spawn_mounted(READ_ONLY, "locks list --json").wait().expect(0).json();
    assert_eq!((&locks["locks"][0]["name"], &locks["locks"][0]["state"]), (&LOCK.into(), &"stale".into()), "{locks:#}");
}
