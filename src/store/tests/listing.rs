//! Lists, states and pruning, also over very many records.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use super::Fixture;
use crate::store::records::{Filter, Page, Retention};
use crate::store::{Mode, RecordId, Status, Store, Trigger};

/// Records with ids from 1 on, one a minute, of each type in turn, every tenth failed and every hundredth running.
fn fill(fixture: &Fixture, count: u32) {
    fixture.raw().run(&format!(
        "WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < {count})
         INSERT INTO sync_records (id, sync, sync_type, trigger_type, status, start_time, end_time, duration_ms, trace_id,
                                   host, pid, version, is_read, created_at, updated_at)
         SELECT id,
                CASE id % 5 WHEN 0 THEN 'fairing' WHEN 1 THEN 'douban' WHEN 2 THEN 'ecs' ELSE 'tasks' END,
                CASE id % 5 WHEN 0 THEN 'fairing' WHEN 1 THEN 'douban' WHEN 2 THEN 'ecs' WHEN 3 THEN 'today' ELSE 'historical' END,
                CASE id % 2 WHEN 0 THEN 'auto' ELSE 'manual' END,
                CASE WHEN id % 100 = 0 THEN 'running' WHEN id % 10 IN (3, 7) THEN 'failed' ELSE 'success' END,
                strftime('%Y-%m-%dT%H:%M:%S.000Z', 1767323045 + id * 60, 'unixepoch'),
                CASE WHEN id % 100 = 0 THEN NULL ELSE strftime('%Y-%m-%dT%H:%M:%S.000Z', 1767323075 + id * 60, 'unixepoch') END,
                30000, 'trace-' || id, 'host', 1, '0.1.0', id % 3 = 0,
                strftime('%Y-%m-%dT%H:%M:%S.000Z', 1767323045 + id * 60, 'unixepoch'),
                strftime('%Y-%m-%dT%H:%M:%S.000Z', 1767323045 + id * 60, 'unixepoch')
         FROM ids"
    ));
}

fn page(store: &Store, filter: &Filter, number: u64) -> Page {
    store.load_page(filter, number, 20).unwrap()
}

fn check(store: &Store, filter: &Filter, total: u64, first_ids: &[i64]) {
    let page = page(store, filter, 1);
    let ids: Vec<i64> = page.records.iter().take(first_ids.len()).map(|record| record.id.0).collect();
    assert_eq!((page.total, ids.as_slice()), (total, first_ids), "{filter:?}");
}

#[test]
fn a_page_lists_the_newest_matching_records() {
    let fixture = Fixture::new();
    let store = fixture.store();
    fill(&fixture, 200);
    check(&store, &Filter::default(), 200, &[200, 199, 198]);
    check(&store, &Filter { sync: Some("tasks".to_owned()), ..Filter::default() }, 80, &[199, 198, 194]);
    check(&store, &Filter { sync_type: Some("today".to_owned()), ..Filter::default() }, 40, &[198, 193]);
    // No process works on those that are said to run.
    check(&store, &Filter { status: Some(Status::Running), ..Filter::default() }, 0, &[]);
    check(&store, &Filter { status: Some(Status::Died), ..Filter::default() }, 2, &[200, 100]);
    check(&store, &Filter { trigger: Some(Trigger::Manual), ..Filter::default() }, 100, &[199, 197]);
    check(&store, &Filter { failed_only: true, ..Filter::default() }, 42, &[200, 197]);
    check(&store, &Filter { unread_only: true, ..Filter::default() }, 134, &[200, 199, 197]);
    let since = Some("2026-01-02T06:04:05Z".parse().unwrap());
    check(&store, &Filter { since, ..Filter::default() }, 21, &[200]);
    let last = page(&store, &Filter::default(), 10);
    assert_eq!((last.records.len(), last.records[19].id.0, last.unread_count), (20, 1, 134));
    assert!(page(&store, &Filter::default(), 11).records.is_empty());
}

#[test]
fn a_record_is_marked_read_once() {
    let fixture = Fixture::new();
    let store = fixture.store();
    fill(&fixture, 20);
    assert_eq!(store.mark_read(&[RecordId(1), RecordId(3), RecordId(99)]).unwrap(), 1);
    assert_eq!(fixture.open(Mode::DryRun).unwrap().mark_read(&[]).unwrap(), 13);
    assert_eq!(store.mark_read(&[]).unwrap(), 13);
    assert_eq!(page(&store, &Filter::default(), 1).unread_count, 0);
    assert_eq!(page(&store, &Filter::default(), 1).records[0].read_at, Some(fixture.clock.now()));
}

#[test]
fn pruning_keeps_running_records_and_each_types_last_success_and_failure() {
    let fixture = Fixture::new();
    let store = fixture.store();
    fill(&fixture, 200);
    let all = || page(&store, &Filter::default(), 1).total;
    let (nothing, everything) = ("2020-01-01T00:00:00Z".parse().unwrap(), "2030-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(store.prune_records(nothing, None).unwrap(), 0);
    let dry = fixture.open(Mode::DryRun).unwrap();
    let would = dry.prune_records(nothing, Some(10)).unwrap();
    drop(dry);
    assert_eq!(store.prune_records(nothing, Some(10)).unwrap(), would);
    assert!((50..60).contains(&all()), "{}", all());
    assert_eq!(store.prune_records(everything, None).unwrap(), 0, "the newest stay whatever their age");
    store.prune_records(nothing, Some(0)).unwrap();
    let left = store.read(|r| r.rows("SELECT id FROM sync_records ORDER BY id", &[], |row| row.int(0))).unwrap();
    // Two are running; ecs and `today` have failures, the others only successes.
    assert_eq!(left, [100, 192, 193, 195, 196, 197, 198, 199, 200]);
}

#[test]
fn age_counts_beyond_the_newest_fifty_and_not_by_a_clock_that_jumped() {
    let fixture = Fixture::new();
    let store = fixture.store();
    fill(&fixture, 400);
    let all = || page(&store, &Filter::default(), 1).total;
    // All ended on this day, by a clock that is now 400 days ahead.
    fixture.clock.advance(Duration::from_secs(400 * 86_400));
    let age = Retention {
        records: SignedDuration::from_hours(90 * 24),
        days: SignedDuration::MAX,
        changes: SignedDuration::MAX,
        prune_changes: &[],
    };
    assert_eq!(store.prune_aged(age).unwrap(), 0);
    fixture.raw().run("UPDATE sync_records SET end_time = '2027-02-06T03:04:05.000Z' WHERE id > 395");
    assert_eq!(store.prune_aged(age).unwrap(), 0);
    fixture.raw().run("UPDATE sync_records SET end_time = '2027-02-06T03:04:05.000Z' WHERE id > 385");
    let gone = store.prune_aged(age).unwrap();
    // 80 records of each type, some of them running.
    assert!((140..=150).contains(&gone), "{gone}");
    assert_eq!(all(), 400 - gone);
}

#[test]
fn a_state_has_the_last_run_and_the_failures_since_the_last_success() {
    let fixture = Fixture::new();
    let store = fixture.store();
    assert!(store.load_states().unwrap().is_empty());
    fill(&fixture, 20);
    fixture.raw().run("UPDATE sync_records SET status = 'failed' WHERE sync = 'ecs' AND id > 10");
    let states = store.load_states().unwrap();
    let found: Vec<_> = states
        .iter()
        .map(|state| (state.sync_type.as_str(), state.last.as_ref().unwrap().id.0, state.consecutive_failures))
        .collect();
    assert_eq!(found, [("douban", 16, 0), ("ecs", 17, 3), ("fairing", 20, 0), ("historical", 19, 0), ("today", 18, 0)]);
    assert_eq!(states[1].last_success_at, Some("2026-01-02T03:06:35Z".parse().unwrap()));
    assert_eq!(states.iter().map(|state| state.unread_count).sum::<u64>(), 14);
}

/// The query plans make them fast: a slow machine must not fail this.
#[test]
fn lists_and_states_over_many_records_stay_fast() {
    let fixture = Fixture::new();
    let store = fixture.store();
    fill(&fixture, 100_000);
    // Each run ends those that died before it: there are never many.
    fixture.raw().run("UPDATE sync_records SET status = 'failed' WHERE status = 'running' AND id < 99900");
    drop(store);
    let reading = fixture.open(Mode::ReadOnly).unwrap();
    for (what, filter) in [
        ("all", Filter::default()),
        ("failed", Filter { failed_only: true, ..Filter::default() }),
        ("unread", Filter { unread_only: true, ..Filter::default() }),
        ("sync", Filter { sync: Some("ecs".to_owned()), ..Filter::default() }),
    ] {
        let began = Instant::now();
        page(&reading, &filter, 1);
        println!("page of {what}: {:?}", began.elapsed());
    }
    let began = Instant::now();
    assert_eq!(reading.load_states().unwrap().len(), 5);
    println!("states: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(1));
}
