//! Records: how runs open, end and are found dead.

use super::{Fixture, acquire, held, numbers, put, request, start};
use crate::clock::Clock;
use crate::error::Class;
use crate::exit::Exit;
use crate::secret::Secret;
use crate::store::cursors::{load_state, load_states, save_state};
use crate::store::records::{RunEnd, SkippedScope, load_scopes};
use crate::store::{Mode, Problem, ProblemDetails, RecordId, RunRecord, ScopeState, Status, Store, Summary};

pub(super) fn end(status: Status) -> RunEnd {
    RunEnd {
        status,
        summary: Summary { total: 5, new: 2, idle: 3, ..Summary::default() },
        exit: Exit::Ok,
        error_message: None,
        problems: Vec::new(),
        retry_count: 1,
        request_count: 9,
        throttle_count: 2,
        requests_saved: 0,
        is_idle: false,
        counters: Vec::new(),
        levels: None,
    }
}

/// Leaves what a killed process leaves: the record, open, and the file of a run of the trace `dead`, unlocked.
pub(super) fn die(fixture: &Fixture, run: RunRecord) -> RecordId {
    let id = run.id();
    drop(run);
    std::fs::write(fixture.folder.path().join(format!("tongbu.db.locks/run-{}-dead.lock", id.0)), "").unwrap();
    id
}

fn status(store: &Store, id: RecordId) -> Status {
    store.load_record(id).unwrap().unwrap().status
}

#[tokio::test]
async fn a_closed_record_contains_the_whole_run() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let _secret = Secret::new("hunter2-token".to_owned());
    let run = store.open_record(start("trace")).await.unwrap();
    let id = run.id();
    let skipped = SkippedScope { scope: "tasks/today".to_owned(), reason: "locked".to_owned() };
    store.save_skipped_scope(run.id(), skipped).await.unwrap();
    fixture.clock.advance(std::time::Duration::from_millis(1500));
    let problem = Problem {
        scope: "tasks/today".to_owned(),
        class: Class::Contract,
        id: Some("7".to_owned()),
        name: None,
        message: "rejected hunter2-token".to_owned(),
        at: fixture.clock.now(),
        details: ProblemDetails::from_iter([
            ("task_name".to_owned(), "hunter2-token".into()),
            ("task_id".to_owned(), 7.into()),
        ]),
    };
    let end = RunEnd {
        error_message: Some("no \"hunter2-token\"".to_owned()),
        problems: vec![problem],
        exit: Exit::Partial,
        ..end(Status::Partial)
    };
    store.close_record(run, end).await.unwrap();
    let record = store.load_record(id).unwrap().unwrap();
    let scopes = store.read(|r| load_scopes(r, id)).unwrap();
    assert_eq!(record.status, Status::Partial);
    assert_eq!(record.duration_ms, Some(1500));
    assert_eq!((record.exit_code, record.exit_name.as_deref()), (Some(3), Some("partial")));
    assert_eq!(record.summary, Summary { total: 5, new: 2, idle: 3, ..Summary::default() });
    assert_eq!(record.error_message.as_deref(), Some("no \"***\""));
    assert_eq!(record.problems[0].message, "rejected ***");
    assert_eq!(
        (&record.problems[0].details["task_name"], &record.problems[0].details["task_id"]),
        (&"***".into(), &7.into())
    );
    assert_eq!((record.retry_count, record.request_count, record.max_retries), (1, 9, 3));
    assert_eq!((scopes[0].status, scopes[0].reason.as_deref()), (Status::Skipped, Some("locked")));
    let left = std::fs::read_dir(fixture.folder.path().join("tongbu.db.locks")).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["file", "writer.lock"], "the run's own file went with it");
}

#[tokio::test]
async fn a_dead_run_becomes_interrupted_when_the_next_one_opens_and_a_live_one_does_not() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let live = store.open_record(start("live")).await.unwrap();
    let dead = die(&fixture, store.open_record(start("dead")).await.unwrap());
    let next = fixture.store().open_record(start("next")).await.unwrap();
    assert_eq!(status(&store, dead), Status::Interrupted);
    assert_eq!(status(&store, live.id()), Status::Running);
    assert_eq!(status(&store, next.id()), Status::Running);
}

#[tokio::test]
async fn cleaning_interrupts_dead_runs_and_deletes_leftover_files() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let dead = die(&fixture, store.open_record(start("dead")).await.unwrap());
    let leftover = fixture.folder.path().join("tongbu.db.locks/run-1-dead.lock");
    fixture.open(Mode::DryRun).unwrap().clean_locks().unwrap();
    assert_eq!(status(&store, dead), Status::Died);
    assert!(leftover.exists());
    store.clean_locks().unwrap();
    assert_eq!(status(&store, dead), Status::Interrupted);
    assert!(!leftover.exists());
}

#[tokio::test]
async fn closing_a_record_marked_interrupted_changes_nothing() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let run = store.open_record(start("trace")).await.unwrap();
    let id = run.id();
    fixture.raw().run("UPDATE sync_records SET status = 'interrupted'");
    store.close_record(run, end(Status::Success)).await.unwrap();
    assert_eq!(status(&store, id), Status::Interrupted);
}

#[tokio::test]
async fn each_run_of_one_trace_has_a_record() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let one = store.open_record(start("all")).await.unwrap();
    let other = store.open_record(start("all")).await.unwrap();
    assert_ne!(one.id(), other.id());
    store.close_record(one, end(Status::Success)).await.unwrap();
    store.open_record(start("later")).await.unwrap();
    assert_eq!(status(&store, other.id()), Status::Running);
}

#[tokio::test]
async fn a_dry_run_does_everything_and_changes_nothing() {
    let fixture = Fixture::new();
    let real = fixture.store();
    let lease = acquire(&real, "tasks/today").await;
    put(&real, &lease, 1).await.unwrap();
    let dry = fixture.open(Mode::DryRun).unwrap();
    let run = dry.open_record(start("dry")).await.unwrap();
    // Another store holds the lock; a dry run goes on, because it writes nothing.
    let tried = held(dry.acquire(request("tasks/today", Some(run.id()))).await.unwrap());
    let seen = dry
        .write(&tried, |w| {
            w.execute("INSERT INTO numbers (number) VALUES (2)", &[])?;
            w.rows("SELECT number FROM numbers ORDER BY number", &[], |row| row.int(0))
        })
        .await
        .unwrap();
    assert_eq!(seen, [1, 2]);
    assert_eq!(dry.write_blocking(&tried, |w| w.execute("DELETE FROM numbers", &[])).unwrap(), 1);
    dry.save_skipped_scope(run.id(), SkippedScope { scope: "x".to_owned(), reason: "locked".to_owned() })
        .await
        .unwrap();
    dry.release(tried, None).await.unwrap();
    dry.close_record(run, end(Status::Success)).await.unwrap();
    assert_eq!(numbers(&dry), [1]);
    put(&real, &lease, 3).await.unwrap();
    assert!(real.load_record(RecordId(1)).unwrap().is_none());
}

#[tokio::test]
async fn a_scope_state_is_replaced_as_a_whole() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let lease = acquire(&store, "fairing/shop/questions").await;
    let now = Clock::now(&fixture.clock);
    let full = ScopeState {
        scope: "fairing/shop/questions".to_owned(),
        cursor: Some(serde_json::json!({"after": "问"})),
        last_success_at: Some(now),
        record_count: Some(12),
        not_before: Some(now),
        last_changed_at: Some(now),
        success_count: 7,
        is_unsettled: true,
        request_count: 3,
    };
    let bare = ScopeState { scope: "fairing/shop/responses".to_owned(), ..ScopeState::default() };
    for states in [[full.clone(), bare.clone()], [bare.clone(), full.clone()]] {
        let written = states.clone();
        store.write(&lease, move |w| written.iter().try_for_each(|state| save_state(w, state))).await.unwrap();
        assert_eq!(store.read(|r| load_state(r, &full.scope)).unwrap(), full);
    }
    assert_eq!(store.read(|r| load_states(r, "fairing/shop/")).unwrap(), [full.clone(), bare]);
    assert_eq!(store.read(|r| load_states(r, "fairing/%")).unwrap(), []);
    // When something changed there is no part of what a pass replaces.
    let cleared = ScopeState { scope: full.scope.clone(), last_changed_at: Some(now), ..ScopeState::default() };
    let written = cleared.clone();
    store.write(&lease, move |w| save_state(w, &written)).await.unwrap();
    assert_eq!(store.read(|r| load_state(r, &full.scope)).unwrap(), cleared);
    assert_eq!(store.read(|r| load_state(r, "fairing/none")).unwrap().scope, "fairing/none");
}
