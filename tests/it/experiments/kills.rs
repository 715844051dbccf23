//! Passes under SIGKILL at random instants: the next pass stores what an undisturbed one does, and begins at once.

use std::thread;
use std::time::{Duration, SystemTime};

use super::fixture::{Fixture, Undisturbed};
use super::{Experiment, p99_and_max};
use crate::sandbox::random::Random;
use crate::support::Database;
use crate::upstreams::contract;

/// What the kills came to.
#[derive(Default)]
struct Tally {
    killed: u64,
    /// The killed pass had a record by then, and so perhaps a lock.
    interrupted: u64,
    until_held: Vec<Duration>,
    /// Of that, since it had its record.
    since_record: Vec<Duration>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.killed += other.killed;
        self.interrupted += other.interrupted;
        self.until_held.extend(other.until_held);
        self.since_record.extend(other.since_record);
    }

    /// Kills a pass at a random instant, and looks at the next.
    fn kill(&mut self, fixture: &Fixture<'_>, undisturbed: &Undisturbed, random: &mut Random) {
        fixture.restore(undisturbed.start);
        let usual = u64::try_from(undisturbed.took.as_micros()).expect("a short pass");
        let running = fixture.sandbox.spawn(fixture.line.command);
        thread::sleep(Duration::from_micros(random.below(usual)));
        running.kill();
        if running.wait().signal != Some(9) {
            // It had come to its end just before.
            return;
        }
        self.killed += 1;
        let began = SystemTime::now();
        match fixture.check_next(undisturbed).as_deref() {
            // Before it had a record, or after it was closed.
            None | Some("success") => {}
            Some("interrupted") => self.interrupted += 1,
            Some(status) => panic!("a killed run is {status}"),
        }
        let database = fixture.sandbox.database();
        // Stored in whole milliseconds, cut off.
        let until = |sql: &str| instant(&database, sql).duration_since(began).unwrap_or_default();
        let held = until("SELECT min(locked_at) FROM sync_locks") + Duration::from_millis(1);
        let recorded = until("SELECT max(start_time) FROM sync_records");
        self.until_held.push(held);
        self.since_record.push(held.saturating_sub(recorded));
    }

    fn summary(&self) -> String {
        let (p99, max) = p99_and_max(self.until_held.clone());
        let (record_p99, record_max) = p99_and_max(self.since_record.clone());
        format!(
            "{} kills, {} of them with a record, 0 rows lost, doubled or partial; the next run held its lock {p99:.0?} \
             (p99), {max:.0?} (max) after it was started, {record_p99:.0?} (p99), {record_max:.0?} (max) after its record",
            self.killed, self.interrupted
        )
    }
}

#[test]
fn passes_survive_kills_at_random_instants() {
    let experiment = Experiment::new("kills", 4 * contract::fetching().count() as u64);
    let mut random = Random::new(experiment.seed);
    let each = experiment.count.div_ceil(contract::fetching().count() as u64);
    let mut all = Tally::default();
    for line in contract::fetching() {
        let (fixture, undisturbed) = Fixture::prepare(line);
        let mut tally = Tally::default();
        let mut rounds = 0;
        while tally.killed < each {
            rounds += 1;
            assert!(rounds < 4 * each + 20, "{} kills in {rounds} rounds", tally.killed);
            tally.kill(&fixture, random.pick(&undisturbed), &mut random);
        }
        experiment.report(&format!("{}: {}", line.name, tally.summary()));
        all.add(tally);
    }
    experiment.report(&all.summary());
    let (_, max) = p99_and_max(all.until_held);
    assert!(all.interrupted > 0, "no kill met a run");
    // The 99th percentile is for a machine that does nothing else.
    assert!(max < Duration::from_secs(1), "{max:?}");
}

fn instant(database: &Database, sql: &str) -> SystemTime {
    database.value::<String>(sql).parse::<jiff::Timestamp>().expect("a time").into()
}
