//! The commands that look after the rest: doctor, backup, metrics, schedules.

mod answers;
mod backup;
mod bounds;
mod changes;
mod doctor;
mod doctor_schedule;
mod export;
mod lists;
mod machine;
mod metrics;
mod mistakes;
mod report;
mod restore;
mod schedule;
mod setup;
mod shell;

use rustix::process::Signal;

use crate::sandbox::{Fault, Rule};
use crate::support::{Running, Sandbox};

/// A pass that is under way: it holds its lock and waits for the answer to its first request.
fn under_way(sandbox: &Sandbox) -> Running {
    let server = sandbox.fairing.server();
    server.add(Rule::on("/", Fault::Hold).times(1));
    let mut running = sandbox.spawn("sync fairing");
    running.await_requests(server, 1);
    running
}

/// A pass that was killed in the middle.
fn kill_one(sandbox: &Sandbox) {
    let running = under_way(sandbox);
    running.signal(Signal::KILL);
    running.wait();
}
