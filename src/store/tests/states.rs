//! What the records say of each sync: what runs, what ended last, what is to be read.

use std::time::Duration;

use super::runs::{die, end};
use super::{Fixture, held, request, start};
use crate::exit::Exit;
use crate::store::records::{Filter, RunEnd, RunStart, SkippedScope, SyncState};
use crate::store::{RecordId, RunRecord, Status, Store, Summary, Trigger};

async fn open(store: &Store, trace_id: &str) -> RunRecord {
    store.open_record(start(trace_id)).await.unwrap()
}

async fn close(store: &Store, run: RunRecord, status: Status) -> RecordId {
    store.close_record(run, end(status)).await.unwrap()
}

fn state(store: &Store) -> SyncState {
    store.load_states().unwrap().remove(0)
}

/// The running record, the one that ended last with its status, the failures since the last success, the unread ones.
#[track_caller]
fn check(store: &Store, running: Option<i64>, last: Option<(i64, Status)>, failures: u64, unread: u64) {
    let state = state(store);
    assert_eq!(state.running.map(|record| record.id.0), running);
    assert_eq!(state.last.map(|record| (record.id.0, record.status)), last);
    assert_eq!((state.consecutive_failures, state.unread_count), (failures, unread));
}

#[tokio::test]
async fn the_last_result_is_that_of_the_run_that_ended_last() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let long = open(&store, "long").await;
    check(&store, Some(1), None, 0, 0);
    let other = open(&store, "other").await;
    close(&store, other, Status::Failed).await;
    check(&store, Some(1), Some((2, Status::Failed)), 1, 1);
    close(&store, long, Status::Success).await;
    check(&store, None, Some((1, Status::Success)), 0, 1);
    // A clock that is set back changes nothing.
    fixture.raw().run("UPDATE sync_records SET end_time = '2099-01-01T00:00:00.000Z'");
    let later = open(&store, "later").await;
    close(&store, later, Status::Partial).await;
    check(&store, None, Some((3, Status::Partial)), 1, 2);
}

#[tokio::test]
async fn a_dead_run_is_the_last_result_before_the_next_run_has_seen_it() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let good = open(&store, "good").await;
    close(&store, good, Status::Success).await;
    die(&fixture, open(&store, "dead").await);
    check(&store, None, Some((2, Status::Died)), 1, 1);
    let filter = Filter { failed_only: true, ..Filter::default() };
    let failed = store.load_page(&filter, 1, 20).unwrap();
    assert_eq!((failed.total, failed.records[0].status, failed.records[0].is_read), (1, Status::Died, false));
    assert!(failed.records[0].error_message.is_some());
    let _next = open(&store, "next").await;
    check(&store, Some(3), Some((2, Status::Interrupted)), 1, 1);
    assert!(store.load_record(RecordId(2)).unwrap().unwrap().is_died());
}

#[tokio::test]
async fn a_run_without_its_lock_folder_lives_as_long_as_one_of_its_locks() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let run = open(&store, "trace").await;
    std::fs::remove_dir_all(Store::lock_directory(&fixture.path())).unwrap();
    check(&store, None, Some((1, Status::Died)), 1, 1);
    let _lease = held(store.acquire(request("tasks/today", Some(run.id()))).await.unwrap());
    std::fs::remove_dir_all(Store::lock_directory(&fixture.path())).unwrap();
    check(&store, Some(1), None, 0, 0);
    fixture.raw().run("UPDATE sync_records SET pid = 999999999");
    check(&store, None, Some((1, Status::Died)), 1, 1);
}

#[tokio::test]
async fn only_failures_are_unread_unless_everything_is_to_be_read() {
    let fixture = Fixture::new();
    let store = fixture.store();
    for status in [Status::Success, Status::Skipped, Status::Cancelled, Status::Failed, Status::Partial] {
        let run = open(&store, "trace").await;
        close(&store, run, status).await;
    }
    assert_eq!(state(&store).unread_count, 2);
    let all = store.open_record(RunStart { is_unread: true, ..start("trace") }).await.unwrap();
    assert_eq!(state(&store).unread_count, 3);
    close(&store, all, Status::Success).await;
    assert_eq!(state(&store).unread_count, 3);
}

/// A run with nothing due: its scope is skipped for that reason.
async fn idle(store: &Store, trace_id: &str, reason: &str) -> RecordId {
    let run = open(store, trace_id).await;
    let skipped = SkippedScope { scope: "tasks/today".to_owned(), reason: reason.to_owned() };
    store.save_skipped_scope(run.id(), skipped).await.unwrap();
    let end = RunEnd { summary: Summary::default(), request_count: 0, is_idle: true, ..end(Status::Skipped) };
    store.close_record(run, end).await.unwrap()
}

#[tokio::test]
async fn runs_with_nothing_to_do_are_folded_into_one_record() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let began = fixture.clock.now();
    for number in 0..4 {
        assert_eq!(idle(&store, &format!("trace-{number}"), "min-interval").await, RecordId(1));
        fixture.clock.advance(Duration::from_secs(60));
    }
    let record = store.load_record(RecordId(1)).unwrap().unwrap();
    assert_eq!((record.run_count, record.start_time, record.trace_id.as_str()), (4, began, "trace-3"));
    assert_eq!(record.end_time.map(|end| end.duration_since(began).as_secs()), Some(180));
    assert_eq!(fixture.raw().int("SELECT COUNT(*) FROM sync_scopes"), 1);
    let since = Some(fixture.clock.now().checked_sub(jiff::SignedDuration::from_secs(90)).unwrap());
    assert_eq!(store.load_page(&Filter { since, ..Filter::default() }, 1, 20).unwrap().total, 1);

    // Another reason, something done in between, another exit: a record each.
    assert_eq!(idle(&store, "other", "not-before").await, RecordId(5));
    let busy = open(&store, "busy").await;
    close(&store, busy, Status::Success).await;
    assert_eq!(idle(&store, "again", "not-before").await, RecordId(7));
    fixture.raw().run("UPDATE sync_records SET exit_code = 9 WHERE id = 7");
    assert_eq!(idle(&store, "again", "not-before").await, RecordId(8));
    let failed = open(&store, "failed").await;
    store.close_record(failed, RunEnd { exit: Exit::Locked, ..end(Status::Skipped) }).await.unwrap();
    assert_eq!(idle(&store, "again", "not-before").await, RecordId(10));
    check(&store, None, Some((10, Status::Skipped)), 0, 0);
}

#[tokio::test]
async fn runs_with_nothing_to_do_are_folded_by_who_started_them() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let idle_by = async |trigger| {
        let run = store.open_record(RunStart { trigger, ..start("trace") }).await.unwrap();
        let skipped = SkippedScope { scope: "tasks/today".to_owned(), reason: "min-interval".to_owned() };
        store.save_skipped_scope(run.id(), skipped).await.unwrap();
        let end = RunEnd { summary: Summary::default(), request_count: 0, is_idle: true, ..end(Status::Skipped) };
        store.close_record(run, end).await.unwrap().0
    };
    let mut records = Vec::new();
    for trigger in [Trigger::Auto, Trigger::Manual].repeat(3) {
        records.push(idle_by(trigger).await);
    }
    assert_eq!(records, [1, 2, 1, 2, 1, 2]);
    // Not across one that did something, started by a person or not.
    let busy = store.open_record(RunStart { trigger: Trigger::Manual, ..start("busy") }).await.unwrap();
    let busy = close(&store, busy, Status::Success).await.0;
    assert_eq!(idle_by(Trigger::Auto).await, busy + 1);
    assert_eq!(idle_by(Trigger::Manual).await, busy + 2);
    assert_eq!(idle_by(Trigger::Auto).await, busy + 1);
}

#[tokio::test]
async fn a_discarded_record_leaves_nothing() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let run = open(&store, "trace").await;
    store.discard_record(run).await.unwrap();
    assert_eq!(fixture.raw().int("SELECT COUNT(*) FROM sync_records"), 0);
}
