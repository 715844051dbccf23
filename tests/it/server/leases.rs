//! Locks between hosts: by the server's clock, and by its list of processes.

use std::thread;
use std::time::{Duration, Instant};

use tongbu::store::{Acquisition, Error, Mode, ServerError};

use super::{cut_off_all, held, numbers, open, open_at, put, try_acquire};
use crate::support::PostgresDatabase;

/// Much less than a lease lasts.
const AT_ONCE: Duration = Duration::from_secs(20);

#[test]
fn first_opens_at_once_make_one_schema() {
    for _ in 0..3 {
        let database = PostgresDatabase::create();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| open(&database));
            }
        });
        let printed = database.psql("SELECT COUNT(*) FROM tongbu.schema_migrations WHERE component = 'sample'");
        assert_eq!(printed.stdout.trim(), "1");
    }
}

#[test]
fn a_lock_that_nobody_had_goes_to_one_of_eight() {
    let database = PostgresDatabase::create();
    let stores: Vec<_> = (0..8).map(|_| open(&database)).collect();
    let tokens: Vec<i64> = thread::scope(|scope| {
        let tries: Vec<_> = stores
            .iter()
            .map(|store| {
                scope.spawn(|| {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    runtime.block_on(try_acquire(store))
                })
            })
            .collect();
        let acquisitions = tries.into_iter().map(|one| one.join().expect("no panic"));
        acquisitions
            .filter_map(|acquisition| match acquisition {
                Acquisition::Held(lease) => Some(lease.token()),
                Acquisition::Busy(_) => None,
            })
            .collect()
    });
    assert_eq!(tokens, [1]);
}

#[tokio::test]
async fn a_holder_that_the_server_has_lost_is_taken_over_at_once_and_fenced() {
    let database = PostgresDatabase::create();
    let (first, second) = (open(&database), open(&database));
    let lease = held(try_acquire(&first).await);
    put(&first, &lease, 1).await.expect("it holds the lock");
    assert!(matches!(try_acquire(&second).await, Acquisition::Busy(_)));
    cut_off_all(&database);
    let began = Instant::now();
    let next = held(try_acquire(&second).await);
    assert!(began.elapsed() < AT_ONCE);
    assert_eq!(next.token(), lease.token() + 1);
    assert!(matches!(put(&first, &lease, 2).await, Err(Error::LeaseLost { .. })));
    put(&second, &next, 3).await.expect("it holds the lock");
    assert_eq!(numbers(&database), [1, 3]);
}

#[tokio::test]
async fn a_holder_whose_connection_broke_off_goes_on_where_nobody_took_over() {
    let database = PostgresDatabase::create();
    let (first, second) = (open(&database), open(&database));
    let lease = held(try_acquire(&first).await);
    put(&first, &lease, 1).await.expect("it holds the lock");
    cut_off_all(&database);
    // The server says goodbye before it closes.
    while put(&first, &lease, 2).await.is_err() {}
    assert!(matches!(try_acquire(&second).await, Acquisition::Busy(_)));
    assert_eq!(numbers(&database), [1, 2]);
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_by_the_servers_clock() {
    let database = PostgresDatabase::create();
    let (first, second) = (open(&database), open(&database));
    let lease = held(try_acquire(&first).await);
    let expires = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
    let left = database.psql(&format!("SELECT expires_boot_ms - {expires} FROM tongbu.sync_locks"));
    let left: i64 = left.stdout.trim().parse().expect("a number");
    assert!((60_000..=90_000).contains(&left), "a lease on a server lasts 90 s at most: {left}");
    database.psql(&format!("UPDATE tongbu.sync_locks SET expires_boot_ms = {expires} - 1"));
    let next = held(try_acquire(&second).await);
    assert!(matches!(put(&first, &lease, 1).await, Err(Error::LeaseLost { .. })));
    put(&second, &next, 2).await.expect("it holds the lock");
    second.release(next, None).await.expect("it is released");
    assert!(matches!(first.release(lease, None).await, Err(Error::LeaseLost { .. })));
    held(try_acquire(&first).await);
}

#[tokio::test]
async fn a_server_that_has_lost_what_was_stored_ends_the_lease() {
    let database = PostgresDatabase::create();
    let store = open(&database);
    let lease = held(try_acquire(&store).await);
    for number in 1..=3 {
        put(&store, &lease, number).await.expect("it holds the lock");
    }
    database.psql("UPDATE tongbu.sync_locks SET write_seq = 1");
    assert!(matches!(put(&store, &lease, 4).await, Err(Error::LeaseLost { .. })));
    assert_eq!(numbers(&database), [1, 2, 3]);
}

#[tokio::test]
async fn a_renewal_of_another_process_changes_nothing() {
    let database = PostgresDatabase::create();
    let store = open(&database);
    let lease = held(try_acquire(&store).await);
    // Two containers may have the same host name and process id.
    database.psql("UPDATE tongbu.sync_locks SET instance = 'another'");
    assert!(matches!(put(&store, &lease, 1).await, Err(Error::LeaseLost { .. })));
    assert_eq!(numbers(&database), Vec::<i64>::new());
}

#[test]
fn a_schema_of_somebody_else_is_refused_and_stays() {
    let database = PostgresDatabase::create();
    database.psql("CREATE SCHEMA tongbu; CREATE TABLE tongbu.theirs (a INTEGER)");
    for mode in [Mode::ReadWrite, Mode::ReadOnly, Mode::DryRun] {
        let opened = open_at(&database.url(), mode).map(drop);
        assert!(
            matches!(&opened, Err(Error::Server(error)) if matches!(**error, ServerError::Unfit { .. })),
            "{opened:?}"
        );
    }
    let printed = database.psql("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'tongbu'");
    assert_eq!(printed.stdout.trim(), "1");
}

#[test]
fn a_database_is_made_by_what_writes_and_by_nothing_else() {
    let database = PostgresDatabase::create();
    assert!(matches!(open_at(&database.url(), Mode::ReadOnly).map(drop), Err(Error::Missing { .. })));
    open_at(&database.url(), Mode::DryRun).map(drop).expect("a dry run needs none");
    let schemas = "SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'tongbu'";
    assert_eq!(database.psql(schemas).stdout.trim(), "0");
    drop(open(&database));
    assert_eq!(database.psql(schemas).stdout.trim(), "1");
    database.psql("INSERT INTO tongbu.schema_migrations VALUES ('sample', '0002_later', '', '')");
    assert!(matches!(open_at(&database.url(), Mode::ReadWrite).map(drop), Err(Error::Newer { .. })));
    database.psql("DELETE FROM tongbu.schema_migrations WHERE component = 'sample'");
    assert!(matches!(open_at(&database.url(), Mode::ReadOnly).map(drop), Err(Error::Older { .. })));
}
