//! Leases: expiring locks with a fencing token, decided on boot time and the OS lock.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::records::{RecordId, ScopeStatus, Summary};
use super::{Error, Store};

/// A held lock. Only its holder can write; dropping it without [`Store::release`] leaves a lock the next run takes over
/// at once.
#[derive(Debug)]
pub struct Lease {}

impl Lease {
    pub fn name(&self) -> &str {
        unimplemented!()
    }

    /// Rises with every acquisition, for ever.
    pub fn token(&self) -> i64 {
        unimplemented!()
    }

    /// Cancelled when the lease is found lost, by the heartbeat or by a write.
    pub fn lost(&self) -> &CancellationToken {
        unimplemented!()
    }

    /// How long the lease holds by itself from now on, without another renewal.
    pub fn remaining(&self) -> Duration {
        unimplemented!()
    }
}

/// What to lock, for how long, for whom.
#[derive(Clone, Debug)]
pub struct LeaseRequest<'a> {
    /// The scope's name, `fairing/shop-eu/responses`.
    pub name: &'a str,
    /// Expiry without renewal.
    pub ttl: Duration,
    pub trace_id: &'a str,
    /// The run it is for: its scope row is started in the same transaction. `None` for commands that keep no record.
    pub record: Option<RecordId>,
}

/// The answer to a [`LeaseRequest`].
#[derive(Debug)]
pub enum Acquisition {
    Held(Lease),
    Busy(Holder),
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

/// What a finished scope leaves in its row of `sync_scopes`.
#[derive(Clone, Debug)]
pub struct ScopeEnd {
    pub status: ScopeStatus,
    pub summary: Summary,
    pub error: Option<String>,
}

impl Store {
    /// Tries once; held only after COMMIT returned. A taken-over run's record becomes `interrupted` in the same
    /// transaction.
    pub async fn acquire(&self, _request: LeaseRequest<'_>) -> Result<Acquisition, Error> {
        unimplemented!()
    }

    /// Ends a scope: its row and the released lock in one transaction. `end` is `None` where no record is kept.
    pub async fn release(&self, _lease: Lease, _end: Option<ScopeEnd>) -> Result<(), Error> {
        unimplemented!()
    }

    /// Every lock ever taken, by name.
    pub fn load_locks(&self) -> Result<Vec<Holder>, Error> {
        unimplemented!()
    }

    /// Marks stale locks as released, and the records of the dead runs as interrupted; answers what it cleaned (or, in
    /// a dry run, would clean).
    pub fn clean_locks(&self) -> Result<Vec<Holder>, Error> {
        unimplemented!()
    }

    /// Takes a lock away from its holder if it still has that token: the holder's next write is refused. Answers the
    /// holder it was taken from, or `None` where name and token do not match a held lock.
    pub fn break_lock(&self, _name: &str, _token: i64) -> Result<Option<Holder>, Error> {
        unimplemented!()
    }
}
