//! How a run begins and ends: locks, signals, deadlines, and what it says to whom.

mod bars;
mod chinese;
mod decisions;
mod endings;
mod history;
mod limits;
mod locks;
pub mod places;
mod proxies;
mod readers;
mod records;
mod speech;
mod watch;

use std::process::Command;

use crate::sandbox::{Fault, Rule};
use crate::support::{Running, Sandbox};

/// A pass of one scope.
pub const ONE: &str = "sync fairing --account shop-eu --kind responses";
/// Its lock.
pub const LOCK: &str = "fairing/shop-eu/responses";
/// How many rows that scope has in a small sandbox.
const ROWS: u64 = 150;

impl Sandbox {
    /// Starts a pass that holds its lock and waits for the answer to its first request; no later request is held.
    pub fn spawn_held(&self, arguments: &str) -> Running {
        let mut command = self.command();
        command.args(arguments.split_whitespace());
        self.spawn_held_by(command)
    }

    /// The same by this command.
    pub fn spawn_held_by(&self, command: Command) -> Running {
        let server = self.fairing.server();
        let count = server.count("/");
        server.add(Rule::on("/", Fault::Hold).times(1));
        let mut running = Running::start(command);
        running.await_requests(server, count + 1);
        running
    }
}
