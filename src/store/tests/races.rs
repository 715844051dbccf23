//! Several stores at once: locks never overlap, first opens never fail.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Fixture, SAMPLE, numbers, request};
use crate::clock::Clock;
use crate::store::{Acquisition, Component, Error, LeaseRequest, Migration, Mode, Store, StoreOptions};

fn open(fixture: &Fixture, components: Vec<Component>) -> Result<Store, Error> {
    Store::open(fixture.path(), StoreOptions { clock: Clock::system(), mode: Mode::ReadWrite, components })
}

#[test]
fn many_holders_never_overlap_and_their_tokens_have_no_gaps() {
    const STORES: u64 = 8;
    const ROUNDS: u64 = 25;
    let fixture = Fixture::new();
    drop(open(&fixture, vec![SAMPLE]).unwrap());
    let inside = AtomicI64::new(0);
    let last_token = AtomicI64::new(0);
    let acquired = AtomicU64::new(0);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..STORES {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                let store = open(&fixture, vec![SAMPLE]).unwrap();
                let mut done = 0;
                while done < ROUNDS {
                    let lease = match runtime.block_on(store.acquire(request("tasks/today", None))).unwrap() {
                        Acquisition::Held(lease) => lease,
                        Acquisition::Busy(_) => {
                            thread::sleep(Duration::from_millis(2));
                            continue;
                        }
                    };
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two holders at once");
                    assert_eq!(last_token.swap(lease.token(), Ordering::SeqCst), lease.token() - 1);
                    let token = lease.token();
                    let insert = "INSERT INTO numbers (number) VALUES (?1)";
                    store.write_blocking(&lease, move |w| w.execute(insert, &[token.into()])).unwrap();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    runtime.block_on(store.release(lease, None)).unwrap();
                    acquired.fetch_add(1, Ordering::SeqCst);
                    done += 1;
                }
            });
        }
    });
    let total = STORES * ROUNDS;
    println!("{total} acquisitions by {STORES} stores in {:?}", began.elapsed());
    assert_eq!(acquired.into_inner(), total);
    let expected: Vec<i64> = (1..=i64::try_from(total).unwrap()).collect();
    assert_eq!(numbers(&fixture.store()), expected);
}

/// Opens another store and writes until `is_over`, starting together with the others; returns the number of writes.
fn write_until(fixture: &Fixture, name: &str, start: &Barrier, pause: Duration, is_over: impl Fn(u64) -> bool) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let store = open(fixture, vec![SAMPLE]).unwrap();
    let lease = super::held(runtime.block_on(store.acquire(request(name, None))).unwrap());
    start.wait();
    let mut writes = 0;
    while !is_over(writes) {
        let write = store.write_blocking(&lease, move |_| {
            thread::sleep(pause);
            Ok::<_, Error>(())
        });
        write.unwrap();
        writes += 1;
    }
    writes
}

#[test]
fn no_writer_starves_while_others_write_all_the_time() {
    const STORES: usize = 8;
    const WRITES: u64 = 50;
    let fixture = Fixture::new();
    drop(open(&fixture, vec![SAMPLE]).unwrap());
    let (start, done) = (Barrier::new(STORES), AtomicUsize::new(0));
    let counts: Vec<u64> = thread::scope(|scope| {
        let writer = |index| {
            let (fixture, start, done) = (&fixture, &start, &done);
            scope.spawn(move || {
                write_until(fixture, &format!("ecs/a/{index}"), start, Duration::ZERO, |writes| {
                    if writes == WRITES {
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                    done.load(Ordering::SeqCst) == STORES
                })
            })
        };
        let writers: Vec<_> = (0..STORES).map(writer).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    println!("{counts:?}");
    assert!(counts.iter().all(|count| *count <= 5 * WRITES), "the slowest wrote {WRITES} times: {counts:?}");
}

#[test]
fn a_short_write_waits_for_few_long_writes_in_a_row() {
    const WRITES: u64 = 10;
    let fixture = Fixture::new();
    drop(open(&fixture, vec![SAMPLE]).unwrap());
    let (start, is_over) = (Barrier::new(2), AtomicBool::new(false));
    let long = thread::scope(|scope| {
        let long = scope.spawn(|| {
            let pause = Duration::from_millis(40);
            write_until(&fixture, "ecs/a/long", &start, pause, |_| is_over.load(Ordering::SeqCst))
        });
        write_until(&fixture, "ecs/a/short", &start, Duration::ZERO, |writes| {
            // By the time the next one is due, a long one is on its way again.
            thread::sleep(Duration::from_millis(5));
            writes == WRITES
        });
        is_over.store(true, Ordering::SeqCst);
        long.join().unwrap()
    });
    println!("{long} long writes beside {WRITES} short ones");
    assert!(long <= 4 * WRITES, "{long} long writes beside {WRITES} short ones");
}

#[test]
fn first_opens_and_upgrades_race_without_failing() {
    const UPGRADED: Component = Component {
        name: SAMPLE.name,
        migrations: &[
            SAMPLE.migrations[0],
            Migration { name: "0002_words", sql: "ALTER TABLE numbers ADD COLUMN word TEXT" },
        ],
    };
    for _ in 0..10 {
        let fixture = Fixture::new();
        for component in [SAMPLE, UPGRADED] {
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| open(&fixture, vec![component]).map(drop).unwrap());
                }
            });
        }
        assert_eq!(fixture.raw().int("SELECT COUNT(*) FROM schema_migrations"), 9);
    }
}

/// A disk that is full at the N-th page, simulated by the engine's page limit.
#[tokio::test]
async fn a_full_disk_loses_no_acknowledged_write_and_leaves_no_lock() {
    for extra_pages in 0..12 {
        let fixture = Fixture::new();
        let store = fixture.store();
        let pages = fixture.raw().int("PRAGMA page_count");
        let limit = format!("PRAGMA max_page_count = {}", pages + extra_pages);
        store
            .on_writer(move |writer| writer.connection.snapshot(|r| r.first(&limit, &[], |_| Ok(()))))
            .await
            .unwrap()
            .unwrap();
        let mut acknowledged = Vec::new();
        let error = loop {
            let lease = match store.acquire(LeaseRequest { ..request("tasks/today", None) }).await {
                Ok(Acquisition::Held(lease)) => lease,
                Ok(Acquisition::Busy(holder)) => panic!("{holder:?}"),
                Err(error) => break error,
            };
            let first = i64::try_from(acknowledged.len()).unwrap();
            let written = store.write(&lease, move |w| {
                let insert = "INSERT INTO numbers (number) VALUES (?1)";
                (first..first + 5_000).try_for_each(|number| w.execute(insert, &[number.into()]).map(drop))
            });
            match written.await {
                Ok(()) => acknowledged.extend(first..first + 5_000),
                Err(error) => break error,
            }
            store.release(lease, None).await.unwrap();
        };
        assert!(matches!(error, Error::Full { .. }), "{error}");
        assert!(error.to_string().contains("tongbu.db"));
        drop(store);
        // The next run, with free space again, continues after the last acknowledged batch.
        let next = fixture.store();
        assert_eq!(numbers(&next), acknowledged);
        super::acquire(&next, "tasks/today").await;
        assert_eq!(fixture.raw().texts("PRAGMA integrity_check"), ["ok"]);
    }
}

#[test]
fn store_lease_and_record_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Store>();
    check::<crate::store::Lease>();
    check::<crate::store::RunRecord>();
}
