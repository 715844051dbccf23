//! The sums of each day: what a run adds, what older records had, what outlives what.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::runs::{die, end};
use super::{Fixture, start};
use crate::error::Class;
use crate::exit::Exit;
use crate::store::history::{Level, LevelRow, Sum, Totals, load_days, load_levels};
use crate::store::records::{Change, Retention, RunEnd, load_counters};
use crate::store::{Error, Mode, Problem, ProblemDetails, Reader, Status, Store, Summary};

const TODAY: Date = date(2026, 1, 2);

fn totals(store: &Store, zone: &TimeZone) -> Totals {
    let since = date(2025, 1, 1);
    Totals::of(&store.read(|r| load_days(r, since, zone)).unwrap())
}

fn problem(class: Class) -> Problem {
    Problem {
        scope: "tasks/today".to_owned(),
        class,
        id: None,
        name: None,
        message: "x".to_owned(),
        at: "2026-01-02T03:04:05Z".parse().unwrap(),
        details: ProblemDetails::new(),
    }
}

async fn run(fixture: &Fixture, store: &Store, millis: u64, end: RunEnd) {
    let run = store.open_record(start("trace")).await.unwrap();
    fixture.clock.advance(Duration::from_millis(millis));
    store.close_record(run, end).await.unwrap();
}

async fn run_several(fixture: &Fixture, store: &Store) {
    run(fixture, store, 1000, end(Status::Success)).await;
    let problems = vec![problem(Class::Contract), problem(Class::Unavailable), problem(Class::Unavailable)];
    let summary = Summary { total: 9, new: 1, deleted: 4, matched: 3, pending: 1, failed: 3, ..Summary::default() };
    run(fixture, store, 3000, RunEnd { exit: Exit::Partial, problems, summary, ..end(Status::Partial) }).await;
    run(fixture, store, 9000, RunEnd { exit: Exit::Auth, ..end(Status::Failed) }).await;
    let idle = RunEnd { summary: Summary::default(), request_count: 0, is_idle: true, ..end(Status::Skipped) };
    run(fixture, store, 5, idle.clone()).await;
    run(fixture, store, 5, idle).await;
}

fn check(totals: &Totals) {
    let runs: Vec<_> = totals.labels(Sum::Runs).collect();
    assert_eq!(runs, [("auth", 1), ("ok", 3), ("partial", 1)]);
    assert_eq!((totals.run_count(), totals.success_count()), (3, 1));
    assert_eq!(totals.labels(Sum::Problems).collect::<Vec<_>>(), [("contract", 1), ("unavailable", 2)]);
    assert_eq!(
        totals.labels(Sum::Rows).collect::<Vec<_>>(),
        [("deleted", 4), ("failed", 3), ("new", 5)],
        "what is zero is not kept"
    );
    assert_eq!((totals.total(Sum::Requests), totals.match_rate()), (27, Some(0.75)));
    // Neither the failed run nor those that had nothing to do.
    assert_eq!(totals.total(Sum::Durations), 2);
    assert_eq!(totals.mean_duration(), Some(Duration::from_secs(2)));
    let p95 = totals.duration_at(0.95).unwrap().as_millis();
    assert!((2850..=3150).contains(&p95), "{p95}");
}

#[tokio::test]
async fn a_day_sums_up_its_runs() {
    let fixture = Fixture::new();
    let store = fixture.store();
    run_several(&fixture, &store).await;
    let found = totals(&store, &TimeZone::UTC);
    check(&found);
    assert_eq!(found.total(Sum::Throttles), 10);
    assert_eq!(fixture.raw().int("SELECT COUNT(*) FROM sync_days WHERE day <> '2026-01-02'"), 0);
    assert_eq!(fixture.raw().int("SELECT COUNT(*) FROM sync_records WHERE day = '2026-01-02'"), 4);
}

#[tokio::test]
async fn what_older_records_hold_is_read_and_taken_over_once() {
    let fixture = Fixture::new();
    run_several(&fixture, &fixture.store()).await;
    let raw = fixture.raw();
    raw.run("DELETE FROM sync_days");
    raw.run("UPDATE sync_records SET day = NULL");
    check(&totals(&fixture.open(Mode::ReadOnly).unwrap(), &TimeZone::UTC));

    let store = fixture.store();
    check(&totals(&store, &TimeZone::UTC));
    run(&fixture, &store, 1, RunEnd { exit: Exit::Config, ..end(Status::Failed) }).await;
    let all = totals(&store, &TimeZone::UTC);
    assert_eq!((all.run_count(), all.count(Sum::Runs, "config"), all.count(Sum::Runs, "ok")), (4, 1, 3));
    run(&fixture, &store, 1, RunEnd { exit: Exit::Config, ..end(Status::Failed) }).await;
    assert_eq!(totals(&store, &TimeZone::UTC).run_count(), 5);
}

#[tokio::test]
async fn a_run_belongs_to_the_day_that_it_began_on_in_its_own_zone() {
    let fixture = Fixture::new();
    let store = fixture.store();
    // 2026-01-02 03:04 in Greenwich is the day before in New York.
    let zone = TimeZone::fixed(jiff::tz::offset(-5));
    let run = store.open_record(crate::store::records::RunStart { zone, ..start("trace") }).await.unwrap();
    fixture.clock.advance(Duration::from_secs(86_400));
    store.close_record(run, end(Status::Success)).await.unwrap();
    assert_eq!(fixture.raw().texts("SELECT DISTINCT day FROM sync_days"), ["2026-01-01"]);
}

#[tokio::test]
async fn a_dead_run_counts_once_as_died() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let run = store.open_record(start("dead")).await.unwrap();
    die(&fixture, run);
    for _ in 0..2 {
        let next = store.open_record(start("trace")).await.unwrap();
        store.close_record(next, end(Status::Success)).await.unwrap();
    }
    let totals = totals(&store, &TimeZone::UTC);
    assert_eq!(totals.labels(Sum::Runs).collect::<Vec<_>>(), [("died", 1), ("ok", 2)]);
    assert_eq!(totals.labels(Sum::Statuses).collect::<Vec<_>>(), [("interrupted", 1), ("success", 2)]);
    let died = store.read(load_counters).unwrap().into_iter().find(|row| row.label == "died");
    assert_eq!(died.map(|row| (row.name, row.value)), Some(("runs".to_owned(), 1)));
}

#[tokio::test]
async fn counters_are_added_with_the_end_of_the_run() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let counters = vec![("runs", "ok", Change::Add(1)), ("last_api_us", "", Change::Set(7))];
    for _ in 0..2 {
        run(&fixture, &store, 1, RunEnd { counters: counters.clone(), ..end(Status::Success) }).await;
    }
    let found: Vec<_> = store.read(load_counters).unwrap().into_iter().map(|row| (row.name, row.value)).collect();
    assert_eq!(found, [("last_api_us".to_owned(), 7), ("runs".to_owned(), 2)]);
}

fn numbers(r: &Reader<'_>) -> Result<Vec<Level>, Error> {
    let value = r.first("SELECT COUNT(*) FROM numbers", &[], |row| row.count(0))?.unwrap_or_default();
    Ok(vec![Level { name: "numbers", label: format!("{value}"), value }])
}

#[tokio::test]
async fn the_levels_of_a_day_are_those_after_its_last_change() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let ended = |is_changed: bool| {
        let summary = Summary { new: u64::from(is_changed), ..Summary::default() };
        RunEnd { levels: Some(numbers), summary, ..end(Status::Success) }
    };
    let levels = |store: &Store| store.read(|r| load_levels(r, "tasks", TODAY)).unwrap();
    let one = |value: u64| vec![LevelRow { day: TODAY, name: "numbers".to_owned(), label: value.to_string(), value }];
    run(&fixture, &store, 1, ended(false)).await;
    assert_eq!(levels(&store), one(0), "the first of a day");
    fixture.raw().run("INSERT INTO numbers VALUES (1)");
    run(&fixture, &store, 1, ended(false)).await;
    assert_eq!(levels(&store), one(0));
    run(&fixture, &store, 1, ended(true)).await;
    assert_eq!(levels(&store), one(1), "a label that is gone is gone");
    assert!(store.read(|r| load_levels(r, "ecs", TODAY)).unwrap().is_empty());
}

#[tokio::test]
async fn days_outlive_records_and_go_by_their_own_age() {
    let fixture = Fixture::new();
    let store = fixture.store();
    run_several(&fixture, &store).await;
    fixture.clock.advance(Duration::from_secs(40 * 86_400));
    for _ in 0..60 {
        run(&fixture, &store, 1, end(Status::Success)).await;
    }
    let day = SignedDuration::from_hours(24);
    let kept = |records: i32, days: i32| Retention {
        records: day * records,
        days: day * days,
        changes: SignedDuration::MAX,
        prune_changes: &[],
    };
    let before = totals(&store, &TimeZone::UTC);
    assert!(store.prune_aged(kept(30, 365)).unwrap() > 0);
    assert_eq!(totals(&store, &TimeZone::UTC), before);
    store.prune_aged(kept(30, 30)).unwrap();
    assert_eq!(totals(&store, &TimeZone::UTC).run_count(), 60);
}
