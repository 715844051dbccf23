//! Transactions that end in unusual ways.

use std::time::Duration;

use tongbu::store::{Error, Mode};

use super::proxy::{Mishap, Proxy};
use super::{NAME, held, numbers, open, open_at, put, try_acquire};
use crate::support::PostgresDatabase;

/// Whether a write counts as stored whose COMMIT has that mishap; the same has to be true of its row, for ever.
async fn check(mishap: Mishap) -> bool {
    let database = PostgresDatabase::create();
    let proxy = Proxy::start(PostgresDatabase::port(), mishap);
    let store = open_at(&database.url_at(proxy.port), Mode::ReadWrite).expect("the proxy passes");
    let lease = held(try_acquire(&store).await);
    put(&store, &lease, 1).await.expect("nothing goes wrong yet");
    proxy.arm();
    let is_stored = match put(&store, &lease, 2).await {
        Ok(()) => true,
        Err(Error::Server(_)) => false,
        Err(error) => panic!("{error:?}"),
    };
    let expected = if is_stored { vec![1, 2] } else { vec![1] };
    assert_eq!(numbers(&database), expected);
    // The lease goes on with a new connection.
    put(&store, &lease, 3).await.expect("the server answers");
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(numbers(&database), [expected, vec![3]].concat());
    is_stored
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_counts_as_stored() {
    assert!(check(Mishap::Unanswered).await);
}

#[tokio::test]
async fn a_commit_that_never_arrives_does_not_count_as_stored() {
    assert!(!check(Mishap::Swallowed).await);
}

#[tokio::test]
async fn a_commit_that_arrives_late_is_not_done_twice() {
    check(Mishap::Late(Duration::from_secs(1))).await;
}

#[tokio::test]
async fn a_transaction_with_a_failed_statement_is_not_committed() {
    let database = PostgresDatabase::create();
    let store = open(&database);
    let lease = held(try_acquire(&store).await);
    let swallowed = store.write(&lease, |w| {
        w.execute("INSERT INTO numbers (number) VALUES (1)", &[])?;
        let _ = w.execute("INSERT INTO numbers (number) VALUES (1)", &[]);
        Ok::<_, Error>(())
    });
    assert!(matches!(swallowed.await, Err(Error::Engine { .. })));
    let nested = store.write(&lease, |w| {
        w.for_each("SELECT name FROM sync_locks", &[], |_| {
            w.execute("INSERT INTO numbers (number) VALUES (2)", &[]).map(drop)
        })
    });
    assert!(matches!(nested.await, Err(Error::Statement { .. })));
    assert_eq!(numbers(&database), Vec::<i64>::new());
    put(&store, &lease, 3).await.expect("the next transaction is a new one");
    assert_eq!(numbers(&database), [3]);
}

#[tokio::test]
async fn values_come_back_as_they_were_stored() {
    let database = PostgresDatabase::create();
    let store = open(&database);
    let lease = held(try_acquire(&store).await);
    store
        .write(&lease, |w| {
            w.execute(
                "UPDATE sync_locks SET trace_id = ?2, record_id = ?3 WHERE name = ?1",
                &[NAME.into(), "it's ?1 \0 时".into(), i64::MIN.into()],
            )
        })
        .await
        .expect("it is stored");
    let read = store.read(|r| {
        r.first(
            "SELECT trace_id, record_id, released = 0, process FROM sync_locks WHERE name = ?1",
            &[NAME.into()],
            |row| Ok((row.text(0)?.to_owned(), row.int(1)?, row.flag(2)?, row.opt_int(3).is_err())),
        )
    });
    let read: Option<(String, i64, bool, bool)> = read.expect("it is read");
    assert_eq!(read, Some(("it's ?1 \u{fffd} 时".to_owned(), i64::MIN, true, true)));
}
