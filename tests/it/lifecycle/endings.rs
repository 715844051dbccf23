//! Signals and deadlines.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::Signal;

use super::ONE;
use crate::sandbox::Fault;
use crate::support::Sandbox;

#[test]
fn signal_ends_a_run_cleanly() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let sandbox = Sandbox::small();
        let running = sandbox.spawn_held(ONE);
        running.signal(signal);
        running.wait().expect(code);
        let database = sandbox.database();
        database.assert_consistent();
        let record = &database.records()[0];
        assert_eq!((record.status.as_str(), record.exit_code), ("cancelled", Some(i64::from(code))));
    }
}

#[test]
fn a_run_under_nohup_goes_on_after_a_hangup() {
    let sandbox = Sandbox::small();
    let tongbu = sandbox.command();
    let mut shell = sandbox.home.command(Path::new("/bin/sh"));
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(tongbu.get_program()).args(ONE.split(' '));
    let running = sandbox.spawn_held_by(shell);
    running.signal(Signal::HUP);
    sandbox.fairing.server().clear_faults();
    running.wait().expect(0);
}

#[test]
fn a_second_signal_ends_a_run_at_once_even_if_it_cannot_write() {
    let sandbox = Sandbox::small();
    let mut running = sandbox.spawn_held(ONE);
    let blocker = Connection::open(sandbox.home.database()).expect("the database is there");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the pass waits for its answer and writes nothing");
    sandbox.fairing.server().clear_faults();

    let begun = Instant::now();
    while !running.has_ended() {
        // Two that come at once may be seen as one, so they are sent until it ends.
        running.signal(Signal::TERM);
        assert!(begun.elapsed() < Duration::from_secs(3), "it is still running after many signals");
    }
    let outcome = running.wait();
    assert!(outcome.code == Some(143) || outcome.signal == Some(15), "{outcome:?}");
    drop(blocker);
    sandbox.run(ONE).expect(0);
    sandbox.database().assert_consistent();
}

#[test]
fn signals_that_come_together_are_one() {
    let sandbox = Sandbox::small();
    let running = sandbox.spawn_held(&format!("{ONE} -q"));
    for _ in 0..4 {
        running.signal(Signal::HUP);
        std::thread::sleep(Duration::from_millis(2));
    }
    let outcome = running.wait().expect(129);
    assert!(outcome.stderr.contains("ended by SIGHUP"), "{}", outcome.stderr);
    assert_eq!(sandbox.database().records()[0].status, "cancelled");
}

#[test]
fn a_run_ends_when_its_time_is_up_and_keeps_what_it_has() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.workers", 1);
    sandbox.run("sync fairing --account shop-us").expect(0);
    let kept = sandbox.database().count("fairing_responses");
    sandbox.fairing.server().always(Fault::Hold);
    let outcome = sandbox.run("sync fairing --max-runtime 1s").expect(10);
    assert!(outcome.took < Duration::from_secs(3), "{:?}", outcome.took);
    let database = sandbox.database();
    database.assert_consistent();
    assert_eq!(database.count("fairing_responses"), kept);
    assert_eq!(database.records()[1].exit_code, Some(10));
}

#[test]
fn failing_upstream_ends_the_run_after_its_retries() {
    let sandbox = Sandbox::small();
    let server = sandbox.fairing.server();
    server.always(Fault::Status(503));
    let outcome = sandbox.run(&format!("{ONE} --json")).expect(5);
    assert_eq!(server.count("/"), 3, "the first try and two retries");
    assert_eq!(outcome.json()["retries"], 2);
    assert_eq!(outcome.json()["requests"], 3);
}
