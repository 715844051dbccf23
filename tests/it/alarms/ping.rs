//! Pings to a watchdog: which address, and when.

use crate::lifecycle::ONE;
use crate::sandbox::Fault;
use crate::support::Sandbox;

const RUN: &str = "sync tasks --window today --json";
const PATH: &str = "/receiver-canary";
const QUERY: &str = "token=query-canary";

#[test]
fn every_run_pings_its_url_and_a_failed_one_another() {
    let mut sandbox = Sandbox::small();
    let address = format!("{}{PATH}?{QUERY}", sandbox.receiver.base_url());
    sandbox.ping(&address);
    sandbox.run(RUN).expect(0);
    assert_eq!(sandbox.pings(), [format!("GET {PATH}?{QUERY}")]);

    sandbox.fail();
    sandbox.run(RUN).expect(5);
    assert_eq!(sandbox.pings(), [format!("GET {PATH}/fail?{QUERY}")]);
    sandbox.tasks.server().clear_faults();

    // A rehearsal says nothing.
    sandbox.run(&format!("{RUN} --dry-run")).expect(0);
    assert_eq!(sandbox.pings(), [""; 0]);
}

#[test]
fn each_sync_and_type_can_have_an_address_of_its_own() {
    let mut sandbox = Sandbox::small();
    let address = format!("{}/ping/{{sync}}-{{type}}", sandbox.receiver.base_url());
    sandbox.ping(&address);
    sandbox.fail();
    sandbox.run("sync all").expect(5);
    let mut pings = sandbox.pings();
    pings.sort();
    let expected = [
        "douban-douban",
        "ecs-ecs",
        "fairing-fairing",
        "tasks-historical/fail",
        "tasks-today/fail",
        "tmdb-tmdb",
        "users-users",
    ];
    assert_eq!(pings, expected.map(|part| format!("GET /ping/{part}?")));
}

#[test]
fn run_that_was_not_due_pings_a_success_only_after_one() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.min_interval", "1h");
    let address = format!("{}{PATH}", sandbox.receiver.base_url());
    sandbox.ping(&address);
    sandbox.run(ONE).expect(0);
    sandbox.pings();
    assert_eq!(sandbox.run(&format!("{ONE} --json")).expect(0).json()["status"], "skipped");
    assert_eq!(sandbox.pings(), [format!("GET {PATH}?")]);

    sandbox.fairing.server().always(Fault::Status(503));
    sandbox.run(&format!("{ONE} --force")).expect(5);
    assert_eq!(sandbox.pings(), [format!("GET {PATH}/fail?")]);
    assert_eq!(sandbox.run(&format!("{ONE} --json")).expect(0).json()["status"], "skipped");
    assert_eq!(sandbox.pings(), [""; 0], "the failure is hidden by a run that did nothing");
}

#[test]
fn run_that_skipped_a_held_lock_pings_nothing() {
    let mut sandbox = Sandbox::small();
    let address = format!("{}{PATH}", sandbox.receiver.base_url());
    sandbox.run(ONE).expect(0);
    sandbox.ping(&address);
    let held = sandbox.spawn_held(&format!("{ONE} --force"));
    sandbox.run(&format!("{ONE} --on-lock skip --force")).expect(0);
    assert_eq!(sandbox.pings(), [""; 0]);
    sandbox.fairing.server().clear_faults();
    held.wait().expect(0);
    assert_eq!(sandbox.pings().len(), 1);
}
