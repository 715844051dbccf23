//! Opening: what is created, upgraded, only read.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{Fixture, SAMPLE, acquire, content, numbers, put};
use crate::store::{Component, Error, Migration, Mode, Store, StoreOptions};

const UPGRADED: Component = Component {
    name: SAMPLE.name,
    migrations: &[
        SAMPLE.migrations[0],
        Migration {
            name: "0002_words",
            sql: "ALTER TABLE numbers ADD COLUMN word TEXT; CREATE INDEX numbers_by_word ON numbers (word);",
        },
    ],
};

/// Every table and index with its columns, whatever the way it came about.
fn structure(fixture: &Fixture) -> Vec<String> {
    let sql = "SELECT s.type || ' ' || s.name || ' ' || COALESCE(c.name, '') || ' ' || COALESCE(c.type, '') || ' '
                      || COALESCE(c.\"notnull\", '') || ' ' || COALESCE(c.dflt_value, '') || ' ' || COALESCE(c.pk, '')
               FROM sqlite_schema AS s
               LEFT JOIN pragma_table_xinfo(s.name) AS c
               ORDER BY 1";
    fixture.raw().texts(sql)
}

#[test]
fn a_new_file_is_private_and_so_is_its_folder() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("state/tongbu/tongbu.db");
    let options = StoreOptions { clock: fixture.clock.clone(), mode: Mode::ReadWrite, components: vec![] };
    let store = Store::open(&path, options).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(store.location().file(), Some(&*path));
    assert!(Store::free_space(&path).is_some());
    drop(store);
    assert_eq!(content(path.parent().unwrap()).len(), 1, "the last connection deletes the WAL");
}

#[test]
fn an_empty_file_counts_as_new() {
    let fixture = Fixture::new();
    std::fs::write(fixture.path(), "").unwrap();
    fixture.store();
    assert_eq!(fixture.raw().int("PRAGMA page_size"), 8 * 1024);
}

#[test]
fn every_pragma_is_set() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let setting = |name: &str| {
        let sql = format!("PRAGMA {name}");
        store.read(|r| r.first(&sql, &[], |row| Ok(row.int(0).ok()))).unwrap().flatten()
    };
    assert_eq!(setting("synchronous"), Some(2));
    assert_eq!(setting("foreign_keys"), Some(1));
    assert_eq!(setting("trusted_schema"), Some(0));
    assert_eq!(setting("journal_size_limit"), Some(16 * 1024 * 1024));
    let mode = store.read(|r| r.first("PRAGMA journal_mode", &[], |row| Ok(row.text(0)?.to_owned()))).unwrap();
    assert_eq!(mode.as_deref(), Some("wal"));
}

#[test]
fn a_read_only_store_neither_creates_nor_upgrades_the_file() {
    let fixture = Fixture::new();
    assert!(matches!(fixture.open(Mode::ReadOnly).map(drop), Err(Error::Missing { .. })));
    std::fs::write(fixture.path(), "").unwrap();
    assert!(matches!(fixture.open(Mode::ReadOnly).map(drop), Err(Error::Missing { .. })));
    drop(fixture.store());
    let before = content(fixture.folder.path());
    assert!(matches!(fixture.open_with(Mode::ReadOnly, vec![UPGRADED]).map(drop), Err(Error::Older { .. })));
    let reading = fixture.open(Mode::ReadOnly).unwrap();
    assert!(matches!(reading.mark_read(&[]), Err(Error::OpenedToRead { .. })));
    assert!(reading.read(|r| r.first("DELETE FROM numbers RETURNING number", &[], |row| row.int(0))).is_err());
    drop(reading);
    assert!(content(fixture.folder.path()) == before);
}

#[tokio::test]
async fn a_store_can_read_while_another_process_writes() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, "tasks/today").await;
    put(&store, &lease, 1).await.unwrap();
    let blocker = fixture.raw();
    blocker.run("BEGIN IMMEDIATE; INSERT INTO numbers (number) VALUES (2)");
    let reading = fixture.open(Mode::ReadOnly).unwrap();
    assert_eq!(numbers(&reading), [1]);
    blocker.run("COMMIT");
    assert_eq!(numbers(&reading), [1, 2]);
}

/// The file that the store reads.
fn real_path(store: &Store) -> PathBuf {
    store.read(|r| Ok::<_, Error>(r.location().file().unwrap().to_owned())).unwrap()
}

#[test]
fn a_dry_run_leaves_a_missing_file_missing() {
    let fixture = Fixture::new();
    let dry = fixture.open(Mode::DryRun).unwrap();
    assert!(numbers(&dry).is_empty());
    let temp_database = real_path(&dry).parent().unwrap().to_owned();
    assert!(temp_database.exists());
    drop(dry);
    assert!(!temp_database.exists());
    assert_eq!(std::fs::read_dir(fixture.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_dry_run_upgrades_a_copy_only() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, "tasks/today").await;
    put(&store, &lease, 1).await.unwrap();
    store.release(lease, None).await.unwrap();
    drop(store);
    let before = content(fixture.folder.path());
    let dry = fixture.open_with(Mode::DryRun, vec![UPGRADED]).unwrap();
    let words = dry.read(|r| r.rows("SELECT number, word FROM numbers", &[], |row| row.int(0))).unwrap();
    assert_eq!(words, [1]);
    drop(dry);
    assert!(content(fixture.folder.path()) == before);
}

#[test]
fn a_migrated_old_schema_equals_a_fresh_one() {
    let (old, fresh) = (Fixture::new(), Fixture::new());
    drop(old.store());
    assert_ne!(structure(&old), {
        drop(fresh.open_with(Mode::ReadWrite, vec![UPGRADED]).unwrap());
        structure(&fresh)
    });
    drop(old.open_with(Mode::ReadWrite, vec![UPGRADED]).unwrap());
    assert_eq!(structure(&old), structure(&fresh));
}

#[test]
fn a_migration_that_fails_leaves_the_old_schema() {
    const BROKEN: Component = Component {
        name: SAMPLE.name,
        migrations: &[
            SAMPLE.migrations[0],
            Migration {
                name: "0002_broken",
                sql: "CREATE TABLE half (id INTEGER); CREATE TABLE numbers (id INTEGER);",
            },
        ],
    };
    let fixture = Fixture::new();
    drop(fixture.store());
    let before = structure(&fixture);
    assert!(matches!(fixture.open_with(Mode::ReadWrite, vec![BROKEN]).map(drop), Err(Error::Statement { .. })));
    assert_eq!(structure(&fixture), before);
    fixture.store();
}

#[test]
fn opening_through_a_symlink_uses_the_same_locks() {
    let fixture = Fixture::new();
    drop(fixture.store());
    let link = fixture.folder.path().join("link.db");
    std::os::unix::fs::symlink("tongbu.db", &link).unwrap();
    let options = StoreOptions { clock: fixture.clock.clone(), mode: Mode::ReadWrite, components: vec![SAMPLE] };
    let through = Store::open(&link, options).unwrap();
    assert_eq!(real_path(&through), real_path(&fixture.store()));
    assert_eq!(through.location().file(), Some(&*link));
}
