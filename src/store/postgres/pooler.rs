//! Whether something in between gives each transaction another process of the server.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;

use super::address::Address;
use super::facts::Role;
use super::io::IoThread;
use super::session::Session;
use super::wait::wait_for;
use crate::store::error::Error;

/// A pool of one is waited for no longer: another session holds its process.
const TIMEOUT: Duration = Duration::from_secs(2);

impl Session {
    /// Whether this session shares its process of the server with others: settings and prepared statements are then
    /// anybody's. Only sessions with something in between are looked at.
    pub(super) fn shares_its_process(&self, address: &Arc<Address>, io: &IoThread) -> Result<bool, Error> {
        if self.backend().is_some() {
            return Ok(false);
        }
        let own = self.process();
        let other = Self::begin(address, io, Role::Read)?;
        // Inside a transaction the process is surely the other session's.
        other.run("BEGIN")?;
        let is_shared = other.process() == own || self.process() != own;
        other.roll_back();
        Ok(is_shared)
    }

    fn process(&self) -> Option<String> {
        let answered = wait_for(self.client().simple_query("SELECT pg_backend_pid()"), TIMEOUT)?;
        answered.ok()?.into_iter().find_map(|message| {
            if let SimpleQueryMessage::Row(row) = message { row.get(0).map(str::to_owned) } else { None }
        })
    }
}
