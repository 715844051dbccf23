//! A held lock, and the writes it allows.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::request::AcquireRequest;
use super::rows::{self, LeaseTimes};
use super::types::Holder;
use crate::clock::{BootInstant, Clock};
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::options::TxEnd;
use crate::store::oslock::OsLock;
use crate::store::records::types::RecordId;
use crate::store::statement::Writer;

/// The answer to a [`LeaseRequest`](super::LeaseRequest).
#[derive(Debug)]
pub enum Acquisition {
    Held(Lease),
    Busy(Holder),
}

/// A held lock. Only its holder can write; dropping it without [`Store::release`](crate::store::Store::release) leaves
/// a lock the next run takes over at once.
///
/// A process that was suspended beyond the expiry goes on if nobody took the lock over meanwhile: its token is still
/// the last one.
#[derive(Debug)]
pub struct Lease {
    state: Arc<LeaseState>,
    record: Option<RecordId>,
    began: BootInstant,
}

impl Lease {
    pub(super) fn new(state: Arc<LeaseState>, record: Option<RecordId>) -> Self {
        let began = state.clock.boot();
        Self { state, record, began }
    }

    /// Rises with every acquisition, for ever; 0 in a dry run.
    pub fn token(&self) -> i64 {
        self.state.token
    }

    /// Cancelled when the lease is found lost, by the heartbeat or by a write.
    pub fn lost(&self) -> &CancellationToken {
        &self.state.lost
    }

    /// How long the lease holds from now on without another renewal.
    pub fn remaining(&self) -> Duration {
        let remaining = self.state.expires_boot.load(Ordering::Relaxed) - self.state.clock.boot().0;
        Duration::from_millis(u64::try_from(remaining).unwrap_or_default())
    }

    pub(in crate::store) const fn state(&self) -> &Arc<LeaseState> {
        &self.state
    }

    pub(super) const fn record(&self) -> Option<RecordId> {
        self.record
    }

    pub(super) const fn began(&self) -> BootInstant {
        self.began
    }
}

/// The holder's side of a lock, shared by the lease and the heartbeat.
#[derive(Debug)]
pub(in crate::store) struct LeaseState {
    name: String,
    token: i64,
    ttl: Duration,
    has_own_rows: bool,
    clock: Clock,
    lost: CancellationToken,
    expires_boot: AtomicI64,
    /// The number of the last write that is known to be stored.
    write_seq: AtomicI64,
    /// `None` on a server.
    lock_file: Option<PathBuf>,
    os_lock: Mutex<Option<OsLock>>,
}

impl LeaseState {
    pub(super) fn new(
        request: &AcquireRequest,
        token: i64,
        clock: &Clock,
        expires_boot: BootInstant,
        os_lock: Option<OsLock>,
    ) -> Self {
        Self {
            name: request.name.clone(),
            token,
            ttl: request.ttl,
            has_own_rows: request.has_own_rows,
            clock: clock.clone(),
            lost: CancellationToken::new(),
            expires_boot: AtomicI64::new(expires_boot.0),
            write_seq: AtomicI64::new(0),
            lock_file: request.evidence.lease_file(&request.name),
            os_lock: Mutex::new(os_lock),
        }
    }

    pub(in crate::store) fn name(&self) -> &str {
        &self.name
    }

    /// What the writes under this lease have to themselves: the tables of the upstream that its scope is of. `None` where
    /// its rows are its own.
    pub(in crate::store) fn gate(&self) -> Option<&str> {
        self.name.split('/').next().filter(|_| !self.has_own_rows)
    }

    pub(super) const fn token(&self) -> i64 {
        self.token
    }

    pub(in crate::store) const fn ttl(&self) -> Duration {
        self.ttl
    }

    pub(in crate::store) const fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    pub(super) fn unlock_file(&self) {
        *self.os_lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The first statement of every leased transaction: checks the token, renews the expiry, and tries for the OS lock
    /// where a suspended former holder still has it.
    fn check_and_renew(&self, w: &Writer<'_>) -> Result<Renewal, Error> {
        let mut os_lock = self.os_lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(lock_file)) = (&*os_lock, &self.lock_file) {
            *os_lock = OsLock::try_take(lock_file)?;
        }
        let times = LeaseTimes::from_now(&self.clock, self.ttl);
        let inode = os_lock.as_ref().map(OsLock::inode);
        // A smaller number means that the database has lost what was stored: a server that took over did not have it.
        let stored = self.write_seq.load(Ordering::Relaxed);
        let renewed = rows::save_renewal(w, &self.name, self.token, &times, inode)?;
        let Some(write_seq) = renewed.filter(|write_seq| *write_seq > stored) else {
            *os_lock = None;
            self.lost.cancel();
            return Err(Error::LeaseLost { name: self.name.clone(), token: self.token });
        };
        Ok(Renewal { write_seq, expires_boot: times.expires_boot })
    }

    /// Runs `f` in one transaction that is void unless the lease is held.
    pub(in crate::store) fn write<T, E: From<Error>>(
        &self,
        connection: &mut Connection,
        gate: Option<&str>,
        end: TxEnd,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (value, renewal) = connection.transact_after(
            end,
            gate,
            |w| self.check_and_renew(w),
            |w, renewal| Ok::<_, E>((f(w)?, renewal)),
            |r, (_, renewal)| Ok(rows::load_write_seq(r, &self.name, self.token)? >= Some(renewal.write_seq)),
        )?;
        self.expires_boot.store(renewal.expires_boot.0, Ordering::Relaxed);
        self.write_seq.store(renewal.write_seq, Ordering::Relaxed);
        Ok(value)
    }
}

struct Renewal {
    /// The number of this write.
    write_seq: i64,
    expires_boot: BootInstant,
}
