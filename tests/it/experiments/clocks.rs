//! A wall clock that jumps: a dead holder is replaced at once, a live one never.

use std::time::Duration;

use super::{Experiment, p99_and_max};
use crate::lifecycle::{LOCK, ONE};
use crate::support::Sandbox;
use jiff::{Timestamp, Unit};

/// How many hours the clock of one run is off.
const JUMPS: [i64; 5] = [-25, -1, 0, 1, 25];

#[test]
fn clock_jump_neither_steals_a_live_lock_nor_keeps_a_dead_one() {
    // Every jump of the holder's clock against every one of the next run's.
    let experiment = Experiment::new("clocks", 1);
    let usual = Sandbox::small().run(ONE).expect(0).took;
    let (mut attempts, mut spans) = (0, Vec::new());
    for _ in 0..experiment.count {
        for holder in JUMPS {
            for next in JUMPS.into_iter().filter(|next| holder == 0 || *next == 0) {
                let sandbox = Sandbox::small();
                let running = sandbox.spawn_held_by(sandbox.command_at(&hours(holder), ONE));
                assert_eq!(sandbox.hours_off(), holder);
                check_live(&sandbox, next);
                running.kill();
                running.wait();
                let outcome = sandbox.run_at(&hours(next), ONE).expect(0);
                spans.push(outcome.took.saturating_sub(usual));
                let database = sandbox.database();
                database.assert_consistent();
                let statuses: Vec<_> = database.records().into_iter().map(|record| record.status).collect();
                assert_eq!(statuses, ["interrupted", "skipped", "success"], "{holder} h and then {next} h");
                assert_eq!(sandbox.hours_off(), next);
                assert_eq!(database.value::<i64>(&format!("SELECT token FROM sync_locks WHERE name = '{LOCK}'")), 2);
                attempts += 1;
            }
        }
    }
    let (p99, max) = p99_and_max(spans);
    experiment.report(&format!(
        "{attempts} pairs of clocks, 0 live holders robbed, 0 dead ones' locks kept; a run over a dead one's lock took \
         {p99:.0?} (p99), {max:.0?} (max) more than the usual {usual:.0?}"
    ));
    assert!(max < Duration::from_secs(1), "{max:?}");
}

/// A run that starts while the holder lives ends without the lock, and the holder stays what it was.
fn check_live(sandbox: &Sandbox, jump: i64) {
    let holder = "SELECT token, pid, released FROM sync_locks";
    let before = sandbox.database().rows(holder);
    sandbox.run_at(&hours(jump), ONE).expect(11);
    assert_eq!(sandbox.database().rows(holder), before, "{jump} h");
}

fn hours(jump: i64) -> String {
    format!("{jump:+}h")
}

impl Sandbox {
    /// What the clock of the last holder was off.
    fn hours_off(&self) -> i64 {
        let locked_at = self.database().value::<String>("SELECT locked_at FROM sync_locks");
        let locked_at: Timestamp = locked_at.parse().expect("a time");
        locked_at.duration_since(Timestamp::now()).round(Unit::Hour).expect("a few hours").as_hours()
    }
}
