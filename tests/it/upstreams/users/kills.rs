//! Deliveries under SIGKILL, with targets that fail and answers that are lost: nothing is lost, little comes twice.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{TARGET, created, updated};
use crate::experiments::Experiment;
use crate::sandbox::random::Random;
use crate::sandbox::users::FaultShares;
use crate::sandbox::{Settings, Users};
use crate::support::Sandbox;

/// Requests on their way at one target, as configured by default.
const WORKERS: u64 = 3;

/// Users that events are about; few, so that there are always several of one.
const USERS: i64 = 40;

#[test]
fn deliveries_survive_kills() {
    let experiment = Experiment::new("deliveries", 8);
    let (kills, seed) = (experiment.count, experiment.seed);
    // Two targets, 10 % of the answers 503, 5 % of the others lost after processing.
    let sandbox = Sandbox::start(Settings { seed, ..Settings::default() });
    sandbox.users.inject_faults(FaultShares { failed: 10, lost: 5, latency: Duration::from_millis(2) });
    sandbox.users.server().keep_no_log();
    let mut random = Random::new(seed);
    sandbox.emit(&created(1..=USERS));
    let (mut killed, mut rounds, mut events) = (0, 0, USERS);
    while killed < kills {
        rounds += 1;
        assert!(rounds < 4 * kills + 20, "{killed} kills in {rounds} rounds");
        // Something is always due.
        while sandbox.open_count() < 120 {
            sandbox.emit(&updated(1..=USERS, &format!("role{events}")));
            events += USERS;
        }
        let mut running = sandbox.spawn("sync users");
        thread::sleep(Duration::from_millis(20 + random.below(200)));
        if running.has_ended() {
            running.wait();
            continue;
        }
        running.signal(Signal::KILL);
        // It may have come to its end just before.
        killed += u64::from(running.wait().signal == Some(9));
    }
    sandbox.sync_all();

    let events = u64::try_from(events).expect("a count");
    let lost_answers = sandbox.users.server().lost_count();
    let duplicates = sandbox.users.duplicates();
    let again: u64 = duplicates.values().sum();
    let allowed = killed * WORKERS * 2 + lost_answers;
    let inversions = sandbox.users.order_inversions();
    experiment.report(&format!(
        "{killed} kills, {events} events at 2 targets, {} processed, {} lost; {again} duplicates of {allowed} \
         allowed ({lost_answers} lost answers), {} inversions",
        sandbox.users.processed(),
        2 * events - sandbox.users.processed(),
        inversions.len()
    ));
    assert_eq!(sandbox.users.processed(), 2 * events, "one that came again had another key, or one was lost");
    assert!(again <= allowed, "{again} duplicates, {allowed} allowed");
    assert_eq!(inversions, []);
    for target in [Users::AUTH, TARGET] {
        assert_eq!(sandbox.states(target).len() as u64, events);
        assert!(sandbox.states(target).iter().all(|state| state == "delivered"), "{target}");
    }
    sandbox.database().assert_consistent();
    sandbox.run("check users").expect(0);
}
