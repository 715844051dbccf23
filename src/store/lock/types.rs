//! Who holds a lock, and what a request for one says.

use std::time::Duration;

use jiff::Timestamp;

use crate::store::process::{self, HOST};
use crate::store::records::types::RecordId;

/// What to lock, for how long, for whom.
#[derive(Clone, Debug, Default)]
pub struct LeaseRequest<'a> {
    /// The scope's name, `fairing/shop-eu/responses`.
    pub name: &'a str,
    /// Expiry without renewal.
    pub ttl: Duration,
    pub trace_id: &'a str,
    /// The run it is for: its scope row is started in the same transaction. `None` for commands that keep no record.
    pub record: Option<RecordId>,
    /// Nobody else writes the rows that are written under it: writers on several hosts need not wait for each other.
    pub has_own_rows: bool,
}

/// Who holds a lock; a row of `sync_locks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub name: String,
    pub token: i64,
    /// `host-pid`.
    pub owner: String,
    pub pid: i64,
    pub host: String,
    pub trace_id: String,
    pub locked_at: Timestamp,
    /// The last heartbeat or write.
    pub renewed_at: Timestamp,
    /// When it expires by itself.
    pub expires_at: Timestamp,
    pub released: bool,
    /// Expired, from another boot, or its holder is dead: the next acquisition takes it over.
    pub is_stale: bool,
}

impl Holder {
    /// Whether the holder's process is surely gone; only a reason to try again, never to take over.
    pub(super) fn is_gone(&self) -> bool {
        self.host == *HOST && process::is_gone(self.pid)
    }
}
