//! Files that cannot be the database: each is refused in one line and stays as it was.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{Fixture, SAMPLE, acquire, back_up, content, put};
use crate::error::Class;
use crate::store::sqlite::raw::RawConnection;
use crate::store::{Component, Error, Migration, Mode, Store};

/// Opens the file at the fixture's path in every mode: refused with those words, and nothing is changed or left over.
fn check(fixture: &Fixture, words: &str) {
    let before = content(fixture.folder.path());
    for mode in [Mode::ReadWrite, Mode::ReadOnly, Mode::DryRun] {
        let error = fixture.open(mode).map(drop).unwrap_err();
        assert_eq!(error.class(), Class::Database, "{error}");
        let line = error.to_string();
        assert!(line.contains(words) && line.contains("tongbu.db") && !line.contains('\n'), "{mode:?}: {line}");
        assert!(error.hint().is_some(), "{line}");
        assert!(content(fixture.folder.path()) == before, "{mode:?}: the folder has changed");
    }
}

fn check_bytes(bytes: &[u8], words: &str) {
    let fixture = Fixture::new();
    std::fs::write(fixture.path(), bytes).unwrap();
    check(&fixture, words);
}

/// A closed database of ours, changed by another program.
fn check_edited(edit: &str, words: &str) {
    let fixture = Fixture::new();
    drop(fixture.store());
    fixture.raw().run(edit);
    check(&fixture, words);
}

/// A closed database of ours, with its bytes changed.
fn check_damaged(damage: impl FnOnce(&mut Vec<u8>), words: &str) {
    let fixture = Fixture::new();
    drop(fixture.store());
    let mut bytes = std::fs::read(fixture.path()).unwrap();
    damage(&mut bytes);
    std::fs::write(fixture.path(), bytes).unwrap();
    check(&fixture, words);
}

#[test]
fn a_file_that_is_not_a_database_is_refused() {
    check_bytes(b"name,value\n1,2\n", "a text file");
    check_bytes(b"\x1f\x8b\x08\0\0\0\0\0", "a gzip file");
    check_bytes(b"SQLite format 3\0\x10\0", "cut off in its header");
    check_bytes(&[0; 4096], "no SQLite database");
}

#[test]
fn the_database_of_another_program_is_refused() {
    for setup in [
        "CREATE TABLE theirs (id INTEGER)",
        "PRAGMA application_id = 77; CREATE TABLE theirs (id INTEGER)",
        "PRAGMA journal_mode = WAL; CREATE TABLE theirs (id INTEGER)",
    ] {
        let fixture = Fixture::new();
        fixture.raw().run(setup);
        check(&fixture, "another program");
    }
}

#[test]
fn a_file_written_by_a_newer_tongbu_is_refused() {
    check_edited("PRAGMA user_version = 2", "a newer tongbu wrote it (format 2)");
    check_edited(
        "INSERT INTO schema_migrations (component, name, checksum, applied_at) VALUES ('core', '9999_later', '', '')",
        "a newer tongbu wrote it (migration `core/9999_later`)",
    );
    check_edited("UPDATE schema_migrations SET checksum = 'x' WHERE component = 'sample'", "`sample/0001_create`");
    check_damaged(|bytes| bytes[18..20].fill(3), "a newer tongbu wrote it (file format 3)");
}

#[test]
fn a_damaged_database_is_refused() {
    check_damaged(|bytes| bytes.truncate(bytes.len() / 2), "damaged");
    check_damaged(|bytes| bytes[100..200].fill(0xee), "damaged");
    check_damaged(|bytes| bytes[100..].fill(0), "damaged");
}

#[test]
fn a_path_that_is_not_a_file_is_refused() {
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.path()).unwrap();
    check(&fixture, "a directory");

    let fixture = Fixture::new();
    rustix::fs::mkfifoat(rustix::fs::CWD, fixture.path(), rustix::fs::Mode::RUSR).unwrap();
    check_odd(&fixture, "a named pipe");

    let fixture = Fixture::new();
    let _socket = std::os::unix::net::UnixListener::bind(fixture.path()).unwrap();
    check_odd(&fixture, "a socket");

    let fixture = Fixture::new();
    symlink("/dev/null", fixture.path()).unwrap();
    check_odd(&fixture, "a device");

    let fixture = Fixture::new();
    symlink("tongbu.db", fixture.path()).unwrap();
    check(&fixture, "cannot access");
}

/// What has no content to compare.
fn check_odd(fixture: &Fixture, words: &str) {
    for mode in [Mode::ReadWrite, Mode::ReadOnly, Mode::DryRun] {
        let error = fixture.open(mode).map(drop).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(std::fs::read_dir(fixture.folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_as_parent_directory_is_an_io_error() {
    let fixture = Fixture::new();
    std::fs::write(fixture.path(), "x").unwrap();
    let below = fixture.path().join("tongbu.db");
    let options =
        crate::store::StoreOptions { clock: fixture.clock.clone(), mode: Mode::ReadWrite, components: vec![SAMPLE] };
    let error = Store::open(&below, options).map(drop).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_data_page_fails_the_write_without_a_panic() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, "tasks/today").await;
    for number in 0..50 {
        put(&store, &lease, number).await.unwrap();
    }
    store.release(lease, None).await.unwrap();
    drop(store);
    let root = fixture.raw().int("SELECT rootpage FROM sqlite_schema WHERE name = 'numbers'");
    let root = usize::try_from(root).unwrap();
    let mut bytes = std::fs::read(fixture.path()).unwrap();
    let page = usize::try_from(fixture.raw().int("PRAGMA page_size")).unwrap();
    bytes[(root - 1) * page..root * page].fill(0xee);
    std::fs::write(fixture.path(), bytes).unwrap();
    let store = fixture.store();
    let lease = acquire(&store, "tasks/today").await;
    let error = put(&store, &lease, 99).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert!(error.hint().unwrap().contains("tongbu backup"));
}

#[tokio::test]
async fn a_backup_is_complete_and_private_and_never_replaces_a_file() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, "tasks/today").await;
    put(&store, &lease, 7).await.unwrap();
    let target = fixture.folder.path().join("copy.db");
    let bytes = back_up(&fixture.path(), &target).unwrap();
    assert_eq!(bytes, target.metadata().unwrap().len());
    assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(RawConnection::open(&target).int("SELECT number FROM numbers"), 7);
    assert!(matches!(back_up(&fixture.path(), &target), Err(Error::Exists { .. })));
    assert!(matches!(back_up(&fixture.path(), Path::new("/nowhere/copy.db")), Err(Error::NoFolder { .. })));
    let nothing = fixture.folder.path().join("nothing.db");
    assert!(matches!(back_up(&nothing, &target), Err(Error::Missing { .. })));
    let left: Vec<_> = content(fixture.folder.path()).into_iter().filter(|(path, _)| is_draft(path)).collect();
    assert!(left.is_empty());
    // A copy is a database like any other.
    let moved = Fixture::new();
    std::fs::copy(&target, moved.path()).unwrap();
    assert_eq!(super::numbers(&moved.store()), [7]);
}

fn is_draft(path: &Path) -> bool {
    path.to_string_lossy().contains(".partial")
}

#[test]
fn a_component_added_later_does_not_make_the_file_newer() {
    const LATER: Component = Component {
        name: "later",
        migrations: &[Migration { name: "0001_create", sql: "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT" }],
    };
    let fixture = Fixture::new();
    drop(fixture.store());
    fixture.open_with(Mode::ReadWrite, vec![SAMPLE, LATER]).unwrap();
    fixture.open_with(Mode::ReadWrite, vec![]).unwrap();
}
