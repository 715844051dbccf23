//! Runs back to back while somebody looks all the time: nobody sees "busy", and nothing grows.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Experiment;
use crate::support::Sandbox;

/// The cheapest pass: one request, one row.
const CHEAPEST: &str = "sync douban --limit 1 --no-details";

/// How often somebody looks.
const EVERY: Duration = Duration::from_millis(100);

/// The log beside the database, at rest.
const LARGEST_LOG_BYTES: u64 = 16 << 20;

/// Room for pages that are free again; the records of 10,000 runs would take many times as much.
const LARGEST_GROWTH_BYTES: u64 = 64 << 10;

#[test]
fn consecutive_runs_leave_nothing_behind() {
    let experiment = Experiment::new("runs", 30);
    let mut sandbox = Sandbox::small();
    sandbox.home.set("records.keep", "0s");
    sandbox.douban.server().keep_no_log();
    sandbox.run(CHEAPEST).expect(0);
    let bytes_at_first = size(&sandbox);
    let is_over = AtomicBool::new(false);
    let (log_bytes, looks) = thread::scope(|scope| {
        let looking = scope.spawn(|| look_until(&sandbox, &is_over));
        let log_bytes = run_times(&sandbox, experiment.count);
        is_over.store(true, Ordering::Relaxed);
        (log_bytes, looking.join().expect("the reader does not panic"))
    });

    let database = sandbox.database();
    database.assert_consistent();
    let records = database.count("sync_records");
    let last = database.value::<i64>("SELECT max(id) FROM sync_records");
    assert_eq!(last, i64::try_from(experiment.count).expect("a count") + 1, "not every run has a record");
    // The newest 50 stay whatever their age, beside the last success.
    assert!(records <= 51, "{records} records are left");
    assert_eq!(database.count("sync_scopes"), records);
    let bytes = size(&sandbox);
    assert!(bytes <= bytes_at_first + LARGEST_GROWTH_BYTES, "{bytes_at_first} bytes have become {bytes}");
    let lock_files =
        fs::read_dir(sandbox.home.path().join("tongbu.db.locks")).expect("the lock files are there").count();
    assert!(lock_files <= 4, "{lock_files} lock files are left behind");
    experiment.report(&format!(
        "{looks} looks, 0 saw busy; the log {log_bytes} bytes at most; {records} records, {bytes_at_first} bytes at first, {bytes} at the end, {lock_files} lock \
         files"
    ));
}

fn size(sandbox: &Sandbox) -> u64 {
    fs::metadata(sandbox.home.database()).expect("the database is there").len()
}

/// Answers how large the log was at most after a run.
fn run_times(sandbox: &Sandbox, count: u64) -> u64 {
    let mut most = 0;
    for _ in 0..count {
        let outcome = sandbox.run(CHEAPEST).expect(0);
        assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
        let log = sandbox.home.database().with_extension("db-wal");
        most = most.max(fs::metadata(log).map_or(0, |metadata| metadata.len()));
        assert!(most <= LARGEST_LOG_BYTES, "the log has {most} bytes");
    }
    most
}

/// Asks for the status again and again; answers how often.
fn look_until(sandbox: &Sandbox, is_over: &AtomicBool) -> u64 {
    let mut looks = 0;
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let outcome = sandbox.run("status --json").expect(0);
        assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
        assert_eq!(outcome.json()["exit_code"], 0, "{}", outcome.stdout);
        looks += 1;
        thread::sleep(EVERY.saturating_sub(began.elapsed()));
    }
    looks
}
