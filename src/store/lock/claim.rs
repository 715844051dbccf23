//! Takes a lock, or finds who holds it.

use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rows::{self, LockRow};
use super::verdict::{Verdict, judge};
use super::{ACQUIRE_ATTEMPTS, Acquisition, Held, Holder, Lease, here};
use crate::clock::Clock;
use crate::store::oslock::OsLock;
use crate::store::records::{RecordId, rows as record_rows};
use crate::store::sqlite::{Connection, Ending};
use crate::store::writer::Desk;
use crate::store::{Error, Writer};

/// The same inside a transaction, where others wait.
const LOOK_PAUSE: Duration = Duration::from_micros(100);

/// A request on its way to the writer thread.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) ttl: Duration,
    pub(super) trace_id: String,
    pub(super) record: Option<RecordId>,
    pub(super) lock_file: PathBuf,
}

impl Claim {
    /// Takes the lock if nobody holds it.
    pub(super) fn acquire(self, desk: &mut Desk) -> Result<Acquisition, Error> {
        let clock = desk.clock.clone();
        if let Some(holder) = self.glance(&desk.connection, &clock)? {
            return Ok(Acquisition::Busy(holder));
        }
        let taken = desk.connection.transact(
            Ending::Commit,
            |w| self.take(w, &clock),
            |r, taken| match taken {
                Err(_) => Ok(true),
                Ok(held) => {
                    Ok(rows::load_lock(r, &self.name)?.is_some_and(|lock| lock.is_of(held.token, &self.trace_id)))
                }
            },
        )?;
        Ok(match taken {
            Err(holder) => Acquisition::Busy(*holder),
            Ok(held) => {
                let held = Arc::new(held);
                desk.heartbeat.watch(&held);
                Acquisition::Held(Lease { held, record: self.record, began: clock.boot() })
            }
        })
    }

    /// A look without a transaction: those who find the lock held do not keep its holder from writing.
    fn glance(&self, connection: &Connection, clock: &Clock) -> Result<Option<Holder>, Error> {
        let Some(lock) = connection.snapshot(|r| rows::load_lock(r, &self.name))? else { return Ok(None) };
        let inode = if lock.holder.released { None } else { OsLock::probe(&self.lock_file) };
        let verdict = judge(Some(&lock.standing()), &here(clock, inode));
        Ok((verdict == Verdict::Live).then_some(lock.holder))
    }

    /// Inside the transaction, so that nobody decides on the same lock meanwhile; the OS lock as well.
    fn take(&self, w: &Writer<'_>, clock: &Clock) -> Result<Result<Held, Box<Holder>>, Error> {
        let lock = rows::load_lock(w, &self.name)?;
        let os_lock = self.take_os_lock(lock.as_ref().is_none_or(|lock| lock.holder.released))?;
        let inode = os_lock.as_ref().map(OsLock::inode);
        let verdict = judge(lock.as_ref().map(LockRow::standing).as_ref(), &here(clock, inode));
        let token = match lock {
            Some(lock) if verdict == Verdict::Live => return Ok(Err(Box::new(lock.holder))),
            Some(lock) => {
                if verdict.is_takeover() {
                    tracing::info!(scope = self.name, owner = lock.holder.owner, ?verdict, "took over a lock");
                    record_rows::save_interrupted(w, lock.record_id, clock)?;
                }
                lock.holder.token + 1
            }
            None => 1,
        };
        let held = self.held(token, clock, os_lock);
        rows::save_acquired(w, self, &held, inode)?;
        if let Some(record) = self.record {
            record_rows::save_scope_start(w, record, &self.name, token, clock)?;
        }
        Ok(Ok(held))
    }

    /// A free lock's file is held by somebody who looks at it, for an instant, or by a suspended former holder.
    fn take_os_lock(&self, is_free: bool) -> Result<Option<OsLock>, Error> {
        for _ in 1..if is_free { ACQUIRE_ATTEMPTS } else { 1 } {
            if let Some(os_lock) = OsLock::try_take(&self.lock_file)? {
                return Ok(Some(os_lock));
            }
            std::thread::sleep(LOOK_PAUSE);
        }
        OsLock::try_take(&self.lock_file)
    }

    fn held(&self, token: i64, clock: &Clock, os_lock: Option<OsLock>) -> Held {
        Held {
            name: self.name.clone(),
            token,
            ttl: self.ttl,
            clock: clock.clone(),
            lost: CancellationToken::new(),
            expires_boot: AtomicI64::new(clock.boot().after(self.ttl).0),
            lock_file: self.lock_file.clone(),
            os_lock: Mutex::new(os_lock),
        }
    }

    /// A lease that locks nothing, for a dry run.
    pub(super) fn virtual_lease(&self, clock: &Clock) -> Lease {
        Lease { held: Arc::new(self.held(0, clock, None)), record: self.record, began: clock.boot() }
    }
}
