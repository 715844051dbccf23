//! Takes a lock, or finds who holds it.

use std::sync::Arc;
use std::time::Duration;

use super::lease::{Acquisition, Lease, LeaseState};
use super::liveness::{Liveness, LocalState, evaluate};
use super::request::AcquireRequest;
use super::rows::{self, LeaseTimes, LockRow};
use super::types::Holder;
use crate::clock::Clock;
use crate::store::connection::Connection;
use crate::store::error::Error;
use crate::store::evidence::Sight;
use crate::store::options::TxEnd;
use crate::store::oslock::OsLock;
use crate::store::records::ending::save_interrupted;
use crate::store::records::rows as record_rows;
use crate::store::statement::Writer;
use crate::store::writer::WriterState;

/// A probe briefly takes the lock file: try this many times, with this pause, which is short because it falls into a
/// transaction that others wait for.
const OS_LOCK_ATTEMPTS: u32 = 5;
const OS_LOCK_PAUSE: Duration = Duration::from_micros(100);

impl AcquireRequest {
    /// Takes the lock if nobody holds it.
    pub(super) fn acquire(&self, writer: &mut WriterState) -> Result<Acquisition, Error> {
        let clock = &writer.clock;
        if let Some(holder) = self.peek(&mut writer.connection, clock)? {
            return Ok(Acquisition::Busy(holder));
        }
        // What is done under the lease, and the end of the run, are on the disk when they are reported; this with them.
        let taken = writer.connection.transact(
            TxEnd::CommitLazily,
            None,
            |w| self.take(w, clock),
            |r, taken| match taken {
                Err(_) => Ok(true),
                Ok(lease) => Ok(rows::load_lock(r, &self.name)?
                    .is_some_and(|lock| lock.is_acquisition(lease.token(), &self.trace_id))),
            },
        )?;
        Ok(match taken {
            Err(holder) => Acquisition::Busy(*holder),
            Ok(state) => {
                let state = Arc::new(state);
                writer.heartbeat.watch(&state);
                Acquisition::Held(Lease::new(state, self.record))
            }
        })
    }

    /// Reads the lock without a write transaction: a process that finds it held does not keep its holder from writing.
    fn peek(&self, connection: &mut Connection, clock: &Clock) -> Result<Option<Holder>, Error> {
        connection.snapshot(|r| {
            let Some(lock) = rows::load_lock(r, &self.name)?.filter(|lock| !lock.holder.released) else {
                return Ok(None);
            };
            let liveness = lock.probe(&self.evidence.look(r)?, clock);
            Ok((liveness == Liveness::Live).then_some(lock.holder))
        })
    }

    /// Decides and takes the OS lock inside the transaction, so that nobody else decides on this lock meanwhile.
    fn take(&self, w: &Writer<'_>, clock: &Clock) -> Result<Result<LeaseState, Box<Holder>>, Error> {
        let lock = rows::load_lock_to_take(w, &self.name)?;
        let os_lock = self.take_os_lock(lock.as_ref().is_none_or(|lock| lock.holder.released))?;
        let inode = os_lock.as_ref().map(OsLock::inode);
        let liveness = match (&lock, self.evidence.look(w)?) {
            (Some(lock), sight @ Sight::Server(_)) => lock.probe(&sight, clock),
            (lock, _) => {
                let snapshot = lock.as_ref().map(LockRow::snapshot);
                let is_dead = os_lock.is_some() && lock.as_ref().is_some_and(LockRow::is_holder_dead);
                evaluate(snapshot.as_ref(), &LocalState::observe(clock, inode, is_dead))
            }
        };
        let token = match lock {
            Some(lock) if liveness == Liveness::Live => return Ok(Err(Box::new(lock.holder))),
            Some(lock) => {
                if liveness.is_takeover() {
                    tracing::info!(scope = self.name, owner = lock.holder.owner, ?liveness, "took over a lock");
                    save_interrupted(w, lock.record_id, clock)?;
                }
                lock.holder.token + 1
            }
            None => 1,
        };
        let times = LeaseTimes::from_now(clock, self.ttl);
        rows::save_acquired(w, self, token, &times, inode)?;
        if let Some(record) = self.record {
            record_rows::save_scope_start(w, record, &self.name, token, clock)?;
        }
        Ok(Ok(LeaseState::new(self, token, clock, times.expires_boot, os_lock)))
    }

    /// The file of a free lock is held for an instant by a probe, or by a suspended former holder.
    fn take_os_lock(&self, is_free: bool) -> Result<Option<OsLock>, Error> {
        let Some(lock_file) = self.evidence.lease_file(&self.name) else { return Ok(None) };
        for _ in 1..if is_free { OS_LOCK_ATTEMPTS } else { 1 } {
            if let Some(os_lock) = OsLock::try_take(&lock_file)? {
                return Ok(Some(os_lock));
            }
            std::thread::sleep(OS_LOCK_PAUSE);
        }
        OsLock::try_take(&lock_file)
    }

    /// A lease that locks nothing, for a dry run.
    pub(super) fn dry_run_lease(&self, clock: &Clock) -> Lease {
        Lease::new(Arc::new(LeaseState::new(self, 0, clock, clock.boot().after(self.ttl), None)), self.record)
    }
}
