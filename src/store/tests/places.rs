//! A database file under two names, moved, or without the folders around it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::runs::end;
use super::{Fixture, acquire, back_up, busy, put, start};
use crate::error::Class;
use crate::store::sqlite::raw::RawConnection;
use crate::store::{Component, Error, Mode, Status, Store, StoreOptions};

/// The database that the process started for a test opens.
const DATABASE: &str = "TONGBU_TEST_DATABASE";

/// Starts this test again in mounts apart, after `mounting` them: `$1` is the database. Answers whether it may.
fn rerun(name: &str, database: &Path, mounting: &str) -> bool {
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        return false;
    }
    let script = format!("set -e; {mounting}; exec \"$2\" --exact store::tests::places::{name} --nocapture");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script, "sh"]).arg(database).arg(std::env::current_exe().unwrap());
    let output = command.env(DATABASE, database).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    true
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test is started again in a namespace, with the path of its database"
)]
fn inner() -> Option<PathBuf> {
    std::env::var_os(DATABASE).map(PathBuf::from)
}

fn open(path: &Path, mode: Mode) -> Result<Store, Error> {
    let clock = crate::clock::Clock::system();
    Store::open(path, StoreOptions { clock, mode, components: Vec::<Component>::new() })
}

fn check_refused(path: &Path, words: &str) {
    for mode in [Mode::ReadWrite, Mode::ReadOnly, Mode::DryRun] {
        let error = open(path, mode).map(drop).unwrap_err();
        assert_eq!(error.class(), Class::Database, "{error}");
        assert!(error.to_string().contains(words) && error.to_string().contains("tongbu.db"), "{error}");
        assert!(error.hint().is_some());
    }
    let error = back_up(path, &path.with_extension("copy")).unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_database_with_two_hard_links_is_refused() {
    let fixture = Fixture::new();
    drop(fixture.store());
    let other = fixture.folder.path().join("other.db");
    std::fs::hard_link(fixture.path(), &other).unwrap();
    check_refused(&fixture.path(), "2 names");
    std::fs::remove_file(other).unwrap();
    drop(fixture.store());
}

#[test]
fn a_database_mounted_as_a_single_file_is_refused() {
    if let Some(path) = inner() {
        return check_refused(&path, "the file itself is mounted");
    }
    let fixture = Fixture::new();
    drop(fixture.store());
    rerun("a_database_mounted_as_a_single_file_is_refused", &fixture.path(), "mount --bind \"$1\" \"$1\"");
}

#[test]
fn a_read_only_folder_is_named() {
    if let Some(path) = inner() {
        let error = open(&path, Mode::ReadWrite).map(drop).unwrap_err();
        let folder = path.parent().unwrap().display().to_string();
        assert!(error.to_string().contains(&format!("`{folder}` is read-only")), "{error}");
        assert_eq!(error.class(), Class::Database);
        return;
    }
    let fixture = Fixture::new();
    drop(fixture.store());
    let mounting = "d=$(dirname \"$1\"); mount --bind \"$d\" \"$d\"; mount -o remount,ro,bind \"$d\"";
    rerun("a_read_only_folder_is_named", &fixture.path(), mounting);
}

#[test]
fn no_temporary_directory_is_needed() {
    let fixture = Fixture::new();
    let kept = fixture.store().read(|r| r.first("PRAGMA temp_store", &[], |row| row.int(0))).unwrap();
    assert_eq!(kept, Some(2), "temporary data is not kept in memory");
}

#[tokio::test]
async fn a_run_whose_database_was_moved_or_replaced_is_no_success() {
    for replacement in [None, Some("other")] {
        let fixture = Fixture::new();
        let store = fixture.store();
        let run = store.open_record(start("trace")).await.unwrap();
        std::fs::rename(fixture.path(), fixture.folder.path().join("moved.db")).unwrap();
        if let Some(content) = replacement {
            std::fs::write(fixture.path(), content).unwrap();
        }
        let error = store.close_record(run, end(Status::Success)).await.unwrap_err();
        assert!(matches!(error, Error::Replaced { .. }), "{error}");
        assert_eq!(error.class(), Class::Database);
    }
}

#[tokio::test]
async fn a_backup_holds_no_locks_and_keeps_the_tokens() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, "tasks/today").await;
    put(&store, &lease, 7).await.unwrap();
    let target = fixture.folder.path().join("copy.db");
    back_up(&fixture.path(), &target).unwrap();
    let copy = RawConnection::open(&target);
    assert_eq!(copy.int("SELECT count(*) FROM sync_locks WHERE released = 0 OR os_lock IS NOT NULL"), 0);
    assert_eq!(copy.int("SELECT token FROM sync_locks"), 1);
    // The holder of the original goes on.
    put(&store, &lease, 8).await.unwrap();
}

#[tokio::test]
async fn a_dead_holder_is_replaced_at_once_without_its_lock_folder() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, "tasks/today").await;
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    fixture.raw().run(&format!("UPDATE sync_locks SET pid = {}, process = NULL", child.id()));
    std::fs::remove_dir_all(Store::lock_directory(&fixture.path())).unwrap();
    assert!(!busy(&store, "tasks/today").await.is_stale, "a live holder is displaced");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(store.load_locks().unwrap()[0].is_stale);
    assert_eq!(acquire(&store, "tasks/today").await.token(), 2);
    drop(lease);
}

#[tokio::test]
async fn cleaning_releases_the_lock_of_a_dead_holder_without_its_lock_folder() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let _lease = acquire(&store, "tasks/today").await;
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    fixture.raw().run(&format!("UPDATE sync_locks SET pid = {}", child.id()));
    // Its lock file is locked: the holder may run in a container, with other process ids.
    assert!(store.clean_locks().unwrap().is_empty());
    std::fs::remove_dir_all(Store::lock_directory(&fixture.path())).unwrap();
    assert_eq!(store.clean_locks().unwrap().len(), 1);
}
