//! Opening: what is created, upgraded, only read.

use std::os::unix::fs::PermissionsExt;

use super::{Bench, SAMPLE, acquire, content, numbers, put};
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
fn structure(bench: &Bench) -> Vec<String> {
    let sql = "SELECT s.type || ' ' || s.name || ' ' || COALESCE(c.name, '') || ' ' || COALESCE(c.type, '') || ' '
                      || COALESCE(c.\"notnull\", '') || ' ' || COALESCE(c.dflt_value, '') || ' ' || COALESCE(c.pk, '')
               FROM sqlite_schema AS s
               LEFT JOIN pragma_table_xinfo(s.name) AS c
               ORDER BY 1";
    bench.raw().texts(sql)
}

#[test]
fn a_new_file_is_private_and_so_is_its_folder() {
    let bench = Bench::new();
    let path = bench.folder.path().join("state/tongbu/tongbu.db");
    let options = StoreOptions { clock: bench.clock.clone(), mode: Mode::ReadWrite, components: vec![] };
    let store = Store::open(&path, options).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(store.path(), path);
    assert!(Store::free_space(&path).is_some());
    drop(store);
    assert_eq!(content(path.parent().unwrap()).len(), 1, "the WAL goes with the last connection");
}

#[test]
fn an_empty_file_counts_as_new() {
    let bench = Bench::new();
    std::fs::write(bench.path(), "").unwrap();
    bench.store();
    assert_eq!(bench.raw().int("PRAGMA page_size"), 16 * 1024);
}

#[test]
fn every_setting_holds() {
    let bench = Bench::new();
    let store = bench.store();
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
fn reading_never_creates_nor_upgrades() {
    let bench = Bench::new();
    assert!(matches!(bench.open(Mode::ReadOnly).map(drop), Err(Error::Missing { .. })));
    std::fs::write(bench.path(), "").unwrap();
    assert!(matches!(bench.open(Mode::ReadOnly).map(drop), Err(Error::Missing { .. })));
    drop(bench.store());
    let before = content(bench.folder.path());
    assert!(matches!(bench.open_with(Mode::ReadOnly, vec![UPGRADED]).map(drop), Err(Error::Older { .. })));
    let reading = bench.open(Mode::ReadOnly).unwrap();
    assert!(matches!(reading.mark_read(&[]), Err(Error::ReadOnly { .. })));
    assert!(reading.read(|r| r.first("DELETE FROM numbers RETURNING number", &[], |row| row.int(0))).is_err());
    drop(reading);
    assert!(content(bench.folder.path()) == before);
}

#[tokio::test]
async fn reading_goes_on_while_another_process_writes() {
    let bench = Bench::new();
    let store = bench.store();
    let lease = acquire(&store, "tasks/today").await;
    put(&store, &lease, 1).await.unwrap();
    let blocker = bench.raw();
    blocker.run("BEGIN IMMEDIATE; INSERT INTO numbers (number) VALUES (2)");
    let reading = bench.open(Mode::ReadOnly).unwrap();
    assert_eq!(numbers(&reading), [1]);
    blocker.run("COMMIT");
    assert_eq!(numbers(&reading), [1, 2]);
}

#[test]
fn a_dry_run_leaves_a_missing_file_missing() {
    let bench = Bench::new();
    let dry = bench.open(Mode::DryRun).unwrap();
    assert!(numbers(&dry).is_empty());
    let stand_in = dry.0.file.parent().unwrap().to_owned();
    assert!(stand_in.exists());
    drop(dry);
    assert!(!stand_in.exists());
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_dry_run_upgrades_a_copy_only() {
    let bench = Bench::new();
    let store = bench.store();
    let lease = acquire(&store, "tasks/today").await;
    put(&store, &lease, 1).await.unwrap();
    store.release(lease, None).await.unwrap();
    drop(store);
    let before = content(bench.folder.path());
    let dry = bench.open_with(Mode::DryRun, vec![UPGRADED]).unwrap();
    let words = dry.read(|r| r.rows("SELECT number, word FROM numbers", &[], |row| row.int(0))).unwrap();
    assert_eq!(words, [1]);
    drop(dry);
    assert!(content(bench.folder.path()) == before);
}

#[test]
fn a_migrated_old_schema_equals_a_fresh_one() {
    let (old, fresh) = (Bench::new(), Bench::new());
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
    let bench = Bench::new();
    drop(bench.store());
    let before = structure(&bench);
    assert!(matches!(bench.open_with(Mode::ReadWrite, vec![BROKEN]).map(drop), Err(Error::Statement { .. })));
    assert_eq!(structure(&bench), before);
    bench.store();
}

#[test]
fn opening_through_a_symlink_uses_the_same_locks() {
    let bench = Bench::new();
    drop(bench.store());
    let link = bench.folder.path().join("link.db");
    std::os::unix::fs::symlink("tongbu.db", &link).unwrap();
    let options = StoreOptions { clock: bench.clock.clone(), mode: Mode::ReadWrite, components: vec![SAMPLE] };
    let through = Store::open(&link, options).unwrap();
    assert_eq!(through.0.file, bench.store().0.file);
    assert_eq!(through.path(), link);
}
