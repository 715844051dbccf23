//! Leases: who holds, who waits, who is fenced.

use std::time::Duration;

use super::{Fixture, SAMPLE, TTL, acquire, busy, held, numbers, put, request, start};
use crate::clock::Clock;
use crate::store::ScopeEnd;
use crate::store::records::load_scopes;
use crate::store::{Error, Mode, Status, Store, StoreOptions, Summary};

const SCOPE: &str = "tasks/today";

#[tokio::test]
async fn a_held_lock_keeps_others_out_until_it_is_released() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.store(), fixture.store());
    let lease = acquire(&one, SCOPE).await;
    let holder = busy(&other, SCOPE).await;
    assert_eq!((holder.token, holder.pid, holder.trace_id.as_str()), (1, i64::from(std::process::id()), "trace"));
    assert_eq!(holder.owner, format!("{}-{}", holder.host, holder.pid));
    assert_eq!(lease.remaining(), TTL);
    one.release(lease, None).await.unwrap();
    assert_eq!(acquire(&other, SCOPE).await.token(), 2);
}

#[tokio::test]
async fn different_scopes_are_held_at_the_same_time() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.store(), fixture.store());
    let _first = acquire(&one, "ecs/a/north").await;
    assert_eq!(acquire(&other, "ecs/a/south").await.token(), 1);
}

#[tokio::test]
async fn the_lock_of_a_dead_holder_is_taken_over_at_once() {
    let fixture = Fixture::new();
    let one = fixture.store();
    // Dropped without release: what a killed process leaves.
    drop(acquire(&one, SCOPE).await);
    let other = fixture.store();
    assert!(other.load_locks().unwrap()[0].is_stale);
    assert_eq!(acquire(&other, SCOPE).await.token(), 2);
}

#[tokio::test]
async fn a_suspended_holder_loses_its_lock_after_expiry_and_cannot_write() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.store(), fixture.store());
    let suspended = acquire(&one, SCOPE).await;
    put(&one, &suspended, 1).await.unwrap();
    fixture.clock.advance(TTL / 2);
    busy(&other, SCOPE).await;
    fixture.clock.advance(TTL / 2);
    let taken = acquire(&other, SCOPE).await;
    assert_eq!(taken.token(), 2);

    let error = put(&one, &suspended, 2).await.unwrap_err();
    assert!(matches!(error, Error::LeaseLost { token: 1, .. }), "{error}");
    assert!(suspended.lost().is_cancelled());
    assert!(matches!(one.release(suspended, None).await, Err(Error::LeaseLost { .. })));
    put(&other, &taken, 3).await.unwrap();
    assert_eq!(numbers(&other), [1, 3]);
}

/// Two containers may have the same name and give their only process the same number.
#[tokio::test]
async fn a_process_of_the_same_host_and_number_cannot_write_with_anothers_lease() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, SCOPE).await;
    put(&store, &lease, 1).await.unwrap();
    fixture.raw().run("UPDATE sync_locks SET instance = 'another'");
    let error = put(&store, &lease, 2).await.unwrap_err();
    assert!(matches!(error, Error::LeaseLost { token: 1, .. }), "{error}");
    assert_eq!(numbers(&store), [1]);
}

#[tokio::test]
async fn a_failed_statement_that_nobody_minds_is_not_committed_over() {
    const INSERT: &str = "INSERT INTO numbers (number) VALUES (?1)";
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, SCOPE).await;
    let swallowed = store.write(&lease, |w| {
        w.execute(INSERT, &[1_i64.into()])?;
        assert!(w.execute(INSERT, &[1_i64.into()]).is_err());
        Ok::<_, Error>(())
    });
    assert!(matches!(swallowed.await, Err(Error::Engine { .. })));
    let next = store.write(&lease, |w| {
        assert!(w.execute(INSERT, &["no number".into()]).is_err());
        w.execute(INSERT, &[2_i64.into()]).map(drop)
    });
    assert!(matches!(next.await, Err(Error::Engine { .. })));
    assert!(numbers(&store).is_empty());
    put(&store, &lease, 3).await.unwrap();
    assert_eq!(numbers(&store), [3]);
}

#[tokio::test]
async fn a_statement_among_the_rows_of_another_is_refused() {
    const ALL: &str = "SELECT number FROM numbers";
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, SCOPE).await;
    put(&store, &lease, 1).await.unwrap();
    let inside = store.read(|r| r.for_each(ALL, &[], |_| r.first(ALL, &[], |row| row.int(0)).map(drop)));
    assert!(matches!(inside, Err(Error::Statement { .. })));
    let one_by_one = store.read(|r| {
        let first = r.first(ALL, &[], |row| row.int(0))?;
        Ok::<_, Error>((first, r.rows(ALL, &[], |row| row.int(0))?))
    });
    assert_eq!(one_by_one.unwrap(), (Some(1), vec![1]));
}

#[tokio::test]
async fn a_lease_taken_from_a_suspended_holder_survives_that_holders_death() {
    let fixture = Fixture::new();
    let (one, two, three) = (fixture.store(), fixture.store(), fixture.store());
    let suspended = acquire(&one, SCOPE).await;
    fixture.clock.advance(TTL);
    let taken = acquire(&two, SCOPE).await;
    // The suspended process dies: its OS lock is free now, but it says nothing about the new holder.
    drop(suspended);
    busy(&three, SCOPE).await;
    // The next write takes the OS lock; from then on a crash is seen at once again.
    put(&two, &taken, 1).await.unwrap();
    drop(taken);
    assert_eq!(acquire(&three, SCOPE).await.token(), 3);
}

#[tokio::test]
async fn a_process_suspended_past_its_expiry_can_write_if_nobody_took_over() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, SCOPE).await;
    fixture.clock.advance(TTL * 2);
    put(&store, &lease, 1).await.unwrap();
    assert_eq!(lease.remaining(), TTL);
}

#[tokio::test]
async fn a_write_renews_the_lease() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.store(), fixture.store());
    let lease = acquire(&one, SCOPE).await;
    fixture.clock.advance(TTL / 2);
    put(&one, &lease, 1).await.unwrap();
    fixture.clock.advance(TTL / 2);
    assert_eq!(busy(&other, SCOPE).await.renewed_at, "2026-01-02T03:19:05Z".parse().unwrap());
}

#[tokio::test]
async fn a_lock_from_another_boot_is_taken_over_at_once() {
    let fixture = Fixture::new();
    let one = fixture.store();
    let before = acquire(&one, SCOPE).await;
    fixture.raw().run("UPDATE sync_locks SET boot_id = 'earlier'");
    assert_eq!(acquire(&fixture.store(), SCOPE).await.token(), 2);
    assert!(put(&one, &before, 1).await.is_err());
}

#[tokio::test]
async fn a_wall_clock_jump_neither_frees_nor_blocks_a_lock() {
    let fixture = Fixture::new();
    let path = fixture.path();
    let store_at = |now: &str| {
        // The same boot time, another wall time.
        let options = StoreOptions {
            clock: Clock::manual(now.parse().unwrap()),
            mode: Mode::ReadWrite,
            components: vec![SAMPLE],
        };
        Store::open(&path, options).unwrap()
    };
    for (jumped, first) in [("2026-01-01T02:00:00Z", 1), ("2026-01-02T02:00:00Z", 3), ("2026-01-03T05:00:00Z", 5)] {
        let live = store_at("2026-01-02T03:00:00Z");
        let lease = acquire(&live, SCOPE).await;
        assert_eq!(lease.token(), first);
        let other = store_at(jumped);
        busy(&other, SCOPE).await;
        put(&live, &lease, first).await.unwrap();
        drop(lease);
        let after_crash = acquire(&other, SCOPE).await;
        assert_eq!(after_crash.token(), first + 1);
        other.release(after_crash, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_deleted_lock_folder_does_not_make_a_live_holder_look_dead() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.store(), fixture.store());
    let lease = acquire(&one, SCOPE).await;
    std::fs::remove_dir_all(fixture.folder.path().join("tongbu.db.locks")).unwrap();
    busy(&other, SCOPE).await;
    put(&one, &lease, 1).await.unwrap();
}

#[tokio::test]
async fn breaking_a_lock_needs_its_token_and_fences_the_holder() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.store(), fixture.store());
    let lease = acquire(&one, SCOPE).await;
    assert_eq!(other.break_lock(SCOPE, 7).unwrap(), None);
    assert_eq!(other.break_lock("tasks/none", 1).unwrap(), None);
    assert_eq!(other.break_lock(SCOPE, 1).unwrap().unwrap().token, 1);
    assert_eq!(other.break_lock(SCOPE, 1).unwrap(), None);
    assert!(put(&one, &lease, 1).await.is_err());
    assert_eq!(acquire(&other, SCOPE).await.token(), 2);
}

#[tokio::test]
async fn a_failed_or_panicking_write_rolls_back_and_the_next_one_works() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, SCOPE).await;
    put(&store, &lease, 1).await.unwrap();
    let insert = "INSERT INTO numbers (number) VALUES (?1)";
    let twice = store.write(&lease, move |w| {
        w.execute(insert, &[2_i64.into()])?;
        w.execute(insert, &[1_i64.into()])
    });
    assert!(matches!(twice.await, Err(Error::Statement { .. })));
    let panicking = {
        let (store, lease) = (store.clone(), acquire(&store, "tasks/other").await);
        tokio::spawn(async move {
            store
                .write(&lease, move |w| w.execute(insert, &[3_i64.into()]).map::<(), _>(|_| panic!("on purpose")))
                .await
        })
    };
    assert!(panicking.await.unwrap_err().is_panic());
    put(&store, &lease, 4).await.unwrap();
    assert_eq!(numbers(&store), [1, 4]);
}

#[tokio::test]
async fn a_takeover_marks_the_record_and_its_running_scopes_interrupted() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.store(), fixture.store());
    let run = one.open_record(start("trace")).await.unwrap();
    let done = held(one.acquire(request("tasks/done", Some(run.id()))).await.unwrap());
    let end = ScopeEnd { status: Status::Success, summary: Summary { total: 3, ..Summary::default() }, error: None };
    one.release(done, Some(end)).await.unwrap();
    let _suspended = held(one.acquire(request(SCOPE, Some(run.id()))).await.unwrap());
    fixture.clock.advance(TTL);
    acquire(&other, SCOPE).await;
    let record = other.load_record(run.id()).unwrap().unwrap();
    let scopes = other.read(|r| load_scopes(r, run.id())).unwrap();
    assert_eq!(record.status, Status::Interrupted);
    assert_eq!(record.end_time, Some(fixture.clock.now()));
    let states: Vec<_> = scopes.iter().map(|scope| (scope.scope.as_str(), scope.status, scope.summary.total)).collect();
    assert_eq!(states, [("tasks/done", Status::Success, 3), (SCOPE, Status::Interrupted, 0)]);
}

#[tokio::test]
async fn cleaning_releases_stale_locks_only() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let _live = acquire(&store, "tasks/live").await;
    drop(acquire(&store, "tasks/dead").await);
    let would = fixture.open(Mode::DryRun).unwrap().clean_locks().unwrap();
    let cleaned = store.clean_locks().unwrap();
    assert_eq!(would, cleaned);
    assert_eq!(cleaned.iter().map(|lock| lock.name.as_str()).collect::<Vec<_>>(), ["tasks/dead"]);
    assert_eq!(store.clean_locks().unwrap(), []);
}

#[tokio::test]
async fn the_heartbeat_renews_a_lease_and_notices_its_loss() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let ttl = Duration::from_millis(60);
    let brief = crate::store::LeaseRequest { ttl, ..request(SCOPE, None) };
    let lease = held(store.acquire(brief).await.unwrap());
    let beats = || store.read(|r| r.first("SELECT write_seq FROM sync_locks", &[], |row| row.int(0))).unwrap();
    tokio::time::timeout(Duration::from_secs(10), async {
        while beats() < Some(2) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    fixture.store().break_lock(SCOPE, 1).unwrap();
    tokio::time::timeout(Duration::from_secs(10), lease.lost().cancelled()).await.unwrap();
}

#[tokio::test]
async fn a_failed_commit_is_read_back_before_it_counts() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, SCOPE).await;
    let insert = "INSERT INTO numbers (number) VALUES (?1)";
    // Committed behind the store's back: its own COMMIT fails although the data is there.
    let committed = store.write(&lease, move |w| {
        w.execute(insert, &[1_i64.into()])?;
        w.execute_batch("COMMIT")
    });
    committed.await.unwrap();
    // Refused at COMMIT: nothing is there.
    let orphan = "PRAGMA defer_foreign_keys = ON;
                  INSERT INTO sync_scopes (record_id, scope, status, start_time) VALUES (99, 'x', 'running', '')";
    let refused = store.write(&lease, move |w| {
        w.execute(insert, &[2_i64.into()])?;
        w.execute_batch(orphan)
    });
    assert!(matches!(refused.await, Err(Error::Statement { .. })));
    put(&store, &lease, 3).await.unwrap();
    assert_eq!(numbers(&store), [1, 3]);
}

#[tokio::test]
async fn a_transaction_that_the_engine_rolled_back_accepts_no_statement() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, SCOPE).await;
    let insert = "INSERT INTO numbers (number) VALUES (?1)";
    let error = store.write(&lease, move |w| {
        w.execute_batch("ROLLBACK")?;
        w.execute(insert, &[1_i64.into()])
    });
    assert!(matches!(error.await, Err(Error::Engine { .. })));
    assert!(numbers(&store).is_empty());
}
