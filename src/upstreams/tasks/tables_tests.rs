//! The statements against a real database.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::value::RawValue;

use super::*;
use crate::clock::Clock;
use crate::store::{Acquisition, Component, Lease, LeaseRequest, Mode, Store, StoreOptions};
use crate::upstreams::mirror::{BadRow, ReadRow, RowOutcome};
use crate::upstreams::row_changes;
use crate::upstreams::tasks::config::Fields;
use crate::upstreams::tasks::matching::Packages;
use crate::upstreams::tasks::matching::State;
use crate::upstreams::tasks::packages::{plan_import, read_csv};
use crate::upstreams::tasks::plan::plan_batch;
use crate::upstreams::tasks::row::read_row;

const CODE: &str = "禹州-1015A-高三-5000";

/// The run that writes.
fn run(seconds: i64) -> WriteMeta {
    WriteMeta { record: Some(7), at: to_rfc3339_millis(at(seconds)) }
}

/// A person, who writes outside of a run.
fn person(seconds: i64) -> WriteMeta {
    WriteMeta { record: None, ..run(seconds) }
}

struct Fixture {
    _folder: tempfile::TempDir,
    store: Store,
    lease: Lease,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let components = vec![Component { name: "tasks", migrations: MIGRATIONS }, row_changes::COMPONENT];
        let options = StoreOptions { clock: Clock::manual(at(0)), mode: Mode::ReadWrite, components };
        let store = Store::open(folder.path().join("tongbu.db"), options).unwrap();
        let request = LeaseRequest {
            name: "tasks/today",
            ttl: Duration::from_secs(60),
            trace_id: "trace",
            record: None,
            has_own_rows: false,
        };
        let Acquisition::Held(lease) = store.acquire(request).await.unwrap() else { panic!("the lock is not free") };
        Self { _folder: folder, store, lease }
    }

    async fn write(&self, f: impl FnOnce(&Writer<'_>) -> Result<(), Error> + Send + 'static) {
        self.store.write(&self.lease, f).await.unwrap();
    }

    fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> T {
        self.store.read(f).unwrap()
    }

    fn stored(&self, id: &str) -> Option<StoredTask> {
        self.read(|r| load_stored_tasks(r, [id])).remove(id)
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_760_688_000 + seconds).unwrap()
}

fn task(id: u32, state: u32) -> Task {
    let json = format!(r#"{{"id":{id},"name":"{CODE}-N-A--L3-1017","state":{state},"createTime":1760688000}}"#);
    read_row(&RawValue::from_string(json).unwrap(), &Fields::default(), &TimeZone::UTC).unwrap()
}

fn auto() -> Match {
    Match::Auto { code: CODE.to_owned() }
}

fn save(task: Task, matched: Match, meta: WriteMeta) -> impl FnOnce(&Writer<'_>) -> Result<(), Error> + Send + 'static {
    move |w| {
        save_task(w, &task, &meta)?;
        save_match(w, &task.id, &matched, &meta)
    }
}

#[tokio::test]
async fn a_task_comes_back_with_its_digest_and_its_match() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.stored("1"), None);
    let manual = Match::Manual { code: "gone".to_owned() };
    for (state, matched) in [(1, Match::Pending), (1, auto()), (2, manual), (2, Match::Idle)] {
        fixture.write(save(task(1, state), matched.clone(), run(i64::from(state)))).await;
        let digest = Some(task(1, state).digest);
        assert_eq!(fixture.stored("1"), Some(StoredTask { digest, matched }));
    }
    let times = "SELECT first_seen_at, last_changed_at, last_seen_record, seat_group FROM tasks";
    let times = fixture.read(|r| {
        r.rows(times, &[], |row| {
            Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.int(2)?, row.text(3)?.to_owned()))
        })
    });
    assert_eq!(times, [(to_rfc3339_millis(at(1)), to_rfc3339_millis(at(2)), 7, "A-".to_owned())]);
}

/// One pass over these tasks: what became of each.
async fn pass(fixture: &Fixture, tasks: Vec<Task>) -> Vec<ReadRow<(RowOutcome, State)>> {
    let outcome = fixture.store.write(&fixture.lease, move |w| {
        let packages = Packages::new(load_package_codes(w)?);
        let stored = load_stored_tasks(w, tasks.iter().map(|task| task.id.as_str()))?;
        let plan = plan_batch(&tasks, &stored, &packages);
        for task in &plan.tasks {
            save_task(w, task, &run(1))?;
        }
        for (id, matched) in &plan.matches {
            save_match(w, id, matched, &run(1))?;
        }
        Ok::<_, Error>(plan.outcomes)
    });
    outcome.await.unwrap()
}

#[tokio::test]
async fn a_manual_match_survives_a_hundred_passes_and_fails_alone_once_its_package_is_gone() {
    const OTHER: &str = "老客户-1101B-高二-300";
    let fixture = Fixture::new().await;
    let import = read_csv(format!("code\n{CODE}\n{OTHER}\n").as_bytes()).unwrap();
    fixture
        .write(move |w| {
            plan_import(import, &BTreeMap::new()).saves.iter().try_for_each(|p| save_package(w, p, &person(0)))
        })
        .await;
    let tasks = |state| (1..=60).map(|id| task(id, state)).collect::<Vec<_>>();
    pass(&fixture, tasks(0)).await;
    let manual = Match::Manual { code: OTHER.to_owned() };
    let decided = manual.clone();
    fixture.write(move |w| save_match(w, "7", &decided, &person(0))).await;
    for round in 1..=100 {
        // Every task changes in every other round, so that each is written again and again.
        assert!(pass(&fixture, tasks(round / 2)).await.iter().all(Result::is_ok), "round {round}");
        assert_eq!(fixture.stored("7").map(|stored| stored.matched), Some(manual.clone()), "round {round}");
        assert_eq!(fixture.stored("8").map(|stored| stored.matched), Some(auto()), "round {round}");
    }
    fixture.write(|w| delete_package(w, OTHER, &person(2)).map(drop)).await;
    let failed: Vec<BadRow> = pass(&fixture, tasks(99)).await.into_iter().filter_map(Result::err).collect();
    assert_eq!((failed.len(), failed[0].id.as_deref()), (1, Some("7")));
    assert!(failed[0].reason.contains("数据包不存在") && failed[0].reason.contains(OTHER), "{}", failed[0].reason);
}

#[tokio::test]
async fn tasks_are_listed_by_their_state() {
    let fixture = Fixture::new().await;
    for (id, matched) in [(1, auto()), (2, Match::Pending), (3, Match::Idle)] {
        fixture.write(save(task(id, 1), matched, run(0))).await;
    }
    let ids = |state| -> Vec<String> {
        let lines = fixture.read(|r| load_task_page(r, state, 1, 20));
        assert_eq!(fixture.read(|r| count_tasks(r, state)), lines.len() as u64);
        lines.into_iter().map(|line| line.id).collect()
    };
    assert_eq!(ids(None), ["1", "2", "3"]);
    assert_eq!(ids(Some(State::Matched)), ["1"]);
    assert_eq!(ids(Some(State::Pending)), ["2"]);
    assert_eq!(ids(Some(State::Idle)), ["3"]);
    assert_eq!(fixture.read(load_pending), [("2".to_owned(), task(2, 1).name)]);
    let line = fixture.read(|r| load_listed_task(r, "2")).unwrap();
    assert_eq!((line.prefix.as_str(), line.matched, line.state), (CODE, Match::Pending, Some(1)));
    assert_eq!(line.created_at, Some(at(0)));
    assert_eq!(fixture.read(|r| load_listed_task(r, "4")), None);
}

#[tokio::test]
async fn a_package_is_replaced_removed_and_brought_back() {
    let fixture = Fixture::new().await;
    let mut seen = Vec::new();
    for (csv, is_removed) in [("X,n,2.5", false), ("X,m,", true), ("X,m,", false), ("X,m,", false)] {
        let import = read_csv(format!("code,name,cost_per_lead\n{csv}\n").as_bytes()).unwrap();
        let before = fixture.read(|r| load_stored_packages(r, ["X"]));
        let plan = plan_import(import, &before);
        seen.push((plan.new_count, plan.updated_count, plan.unchanged_count));
        let package = plan.saves.first().cloned();
        fixture
            .write(move |w| {
                package.iter().try_for_each(|package| save_package(w, package, &person(0)))?;
                if is_removed {
                    assert!(delete_package(w, "X", &person(1))?);
                    assert!(!delete_package(w, "X", &person(1))?);
                }
                Ok(())
            })
            .await;
        assert_eq!(fixture.read(load_package_codes).is_empty(), is_removed);
        assert_eq!(fixture.read(load_packages).len(), usize::from(!is_removed));
    }
    assert_eq!(seen, [(1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1)]);
}

#[tokio::test]
async fn a_match_that_contradicts_itself_is_refused_by_the_table() {
    let fixture = Fixture::new().await;
    fixture.write(save(task(1, 1), Match::Pending, run(0))).await;
    for set in ["state = 'matched'", "state = 'idle'", "how = 'auto'", "package_code = 'X'", "state = 'other'"] {
        let sql = format!("UPDATE task_matches SET {set}");
        let outcome = fixture.store.write(&fixture.lease, move |w| w.execute(&sql, &[]).map(drop)).await;
        assert!(outcome.is_err(), "{set}");
    }
}
