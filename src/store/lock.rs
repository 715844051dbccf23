//! Leases: expiring locks with a fencing token, decided on boot time and the OS lock.

mod claim;
mod rows;
mod verdict;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::claim::Claim;
pub(super) use self::rows::LockRow;
use self::verdict::{Here, Verdict, judge};
use super::oslock::{LockFolder, OsLock};
use super::records::{RecordId, Status, Summary, rows as record_rows};
use super::sqlite::{Connection, Ending};
use super::writer::Desk;
use super::{Error, Store, Writer};
use crate::clock::{BootInstant, Clock, boot_id};

/// Whoever looks at a lock file has it locked for an instant: that often is looked again.
const ACQUIRE_ATTEMPTS: u32 = 5;
const ACQUIRE_PAUSE: Duration = Duration::from_millis(1);

/// A held lock. Only its holder can write; dropping it without [`Store::release`] leaves a lock the next run takes over
/// at once.
///
/// A process that was suspended beyond the expiry goes on if nobody took the lock over meanwhile: its token is still
/// the last one.
#[derive(Debug)]
pub struct Lease {
    held: Arc<Held>,
    record: Option<RecordId>,
    began: BootInstant,
}

impl Lease {
    pub fn name(&self) -> &str {
        &self.held.name
    }

    /// Rises with every acquisition, for ever; 0 in a dry run.
    pub fn token(&self) -> i64 {
        self.held.token
    }

    /// Cancelled when the lease is found lost, by the heartbeat or by a write.
    pub fn lost(&self) -> &CancellationToken {
        &self.held.lost
    }

    /// How long the lease holds by itself from now on, without another renewal.
    pub fn remaining(&self) -> Duration {
        let left = self.held.expires_boot.load(Ordering::Relaxed) - self.held.clock.boot().0;
        Duration::from_millis(u64::try_from(left).unwrap_or_default())
    }

    pub(super) const fn held(&self) -> &Arc<Held> {
        &self.held
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
    pub status: Status,
    pub summary: Summary,
    pub error: Option<String>,
}

/// The holder's side of a lock, shared by the lease and the heartbeat.
#[derive(Debug)]
pub(super) struct Held {
    name: String,
    token: i64,
    ttl: Duration,
    clock: Clock,
    lost: CancellationToken,
    expires_boot: AtomicI64,
    lock_file: PathBuf,
    os_lock: Mutex<Option<OsLock>>,
}

impl Held {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn ttl(&self) -> Duration {
        self.ttl
    }

    pub(super) const fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// The first statement of every leased transaction: checks the token, renews the expiry, and tries for the OS lock
    /// where a suspended former holder still has it. Answers the write's number.
    fn check_and_renew(&self, w: &Writer<'_>) -> Result<Renewal, Error> {
        let mut os_lock = self.os_lock.lock().unwrap_or_else(PoisonError::into_inner);
        if os_lock.is_none() {
            *os_lock = OsLock::try_take(&self.lock_file)?;
        }
        let expires_boot = self.clock.boot().after(self.ttl);
        let write_seq = rows::save_renewal(w, self, expires_boot, os_lock.as_ref().map(OsLock::inode))?;
        let Some(write_seq) = write_seq else {
            *os_lock = None;
            self.lost.cancel();
            return Err(self.lease_lost());
        };
        Ok(Renewal { write_seq, expires_boot })
    }

    /// Runs `f` in one transaction that is void unless the lease is held.
    pub(super) fn write<T, E: From<Error>>(
        &self,
        connection: &mut Connection,
        f: impl FnOnce(&Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (value, renewal) = connection.transact(
            Ending::Commit,
            |w| {
                let renewal = self.check_and_renew(w)?;
                Ok::<_, E>((f(w)?, renewal))
            },
            |r, (_, renewal)| Ok(rows::load_write_seq(r, &self.name, self.token)? >= Some(renewal.write_seq)),
        )?;
        self.expires_boot.store(renewal.expires_boot.0, Ordering::Relaxed);
        Ok(value)
    }

    fn lease_lost(&self) -> Error {
        Error::LeaseLost { name: self.name.clone(), token: self.token }
    }
}

struct Renewal {
    write_seq: i64,
    expires_boot: BootInstant,
}

/// Renews a lease without writing anything else.
pub(super) fn renew(connection: &mut Connection, held: &Held) -> Result<(), Error> {
    held.write(connection, |_| Ok(()))
}

impl Store {
    /// Tries once; held only after COMMIT returned. A taken-over run's record becomes `interrupted` in the same
    /// transaction. In a dry run the lease is held at once, and nothing is locked.
    pub async fn acquire(&self, request: LeaseRequest<'_>) -> Result<Acquisition, Error> {
        let claim = Claim {
            name: request.name.to_owned(),
            ttl: request.ttl,
            trace_id: request.trace_id.to_owned(),
            record: request.record,
            lock_file: self.lock_folder().lease_file(request.name),
        };
        if self.is_dry_run() {
            return Ok(Acquisition::Held(claim.virtual_lease(self.clock())));
        }
        for _ in 1..ACQUIRE_ATTEMPTS {
            let claim = claim.clone();
            match self.on_writer(move |desk| claim.acquire(desk)).await?? {
                Acquisition::Busy(holder) if is_gone(&holder) => tokio::time::sleep(ACQUIRE_PAUSE).await,
                Acquisition::Busy(holder) => return Ok(Acquisition::Busy(holder)),
                Acquisition::Held(lease) => return Ok(Acquisition::Held(lease)),
            }
        }
        self.on_writer(move |desk| claim.acquire(desk)).await?
    }

    /// Ends a scope: its row and the released lock in one transaction. `end` is `None` where no record is kept.
    pub async fn release(&self, lease: Lease, end: Option<ScopeEnd>) -> Result<(), Error> {
        if self.is_dry_run() {
            return Ok(());
        }
        self.on_writer(move |desk| release(&lease, end.as_ref(), desk)).await?
    }

    /// Every lock ever taken, by name.
    pub fn load_locks(&self) -> Result<Vec<Holder>, Error> {
        let locks = self.read(rows::load_locks)?;
        Ok(locks.into_iter().map(|lock| lock.into_holder(self.lock_folder(), self.clock())).collect())
    }

    /// Marks stale locks as released, and the records of the dead runs as interrupted; answers what it cleaned (or, in
    /// a dry run, would clean).
    pub fn clean_locks(&self) -> Result<Vec<Holder>, Error> {
        let folder = self.lock_folder().clone();
        let clock = self.clock().clone();
        let is_real = !self.is_dry_run();
        self.transact(move |w| {
            let mut cleaned = Vec::new();
            for lock in rows::load_locks(w)? {
                let record = lock.record_id;
                let holder = lock.into_holder(&folder, &clock);
                if holder.is_stale {
                    rows::save_released(w, &holder.name, holder.token)?;
                    record_rows::save_interrupted(w, record, &clock)?;
                    cleaned.push(holder);
                }
            }
            record_rows::save_dead_runs(w, &folder, &clock)?;
            if is_real {
                folder.delete_leftover_runs();
            }
            Ok(cleaned)
        })
    }

    /// Takes a lock away from its holder if it still has that token: the holder's next write is refused. Answers the
    /// holder it was taken from, or `None` where name and token do not match a held lock.
    pub fn break_lock(&self, name: &str, token: i64) -> Result<Option<Holder>, Error> {
        let folder = self.lock_folder().clone();
        let clock = self.clock().clone();
        let name = name.to_owned();
        self.transact(move |w| {
            let Some(lock) = rows::load_lock(w, &name)? else { return Ok(None) };
            let is_broken = rows::save_released(w, &name, token)?;
            Ok(is_broken.then(|| lock.into_holder(&folder, &clock)))
        })
    }
}

fn release(lease: &Lease, end: Option<&ScopeEnd>, desk: &mut Desk) -> Result<(), Error> {
    let held = &lease.held;
    let duration = desk.clock.boot().0 - lease.began.0;
    held.write(&mut desk.connection, |w| {
        if let (Some(record), Some(end)) = (lease.record, end) {
            record_rows::save_scope_end(w, record, held.name(), end, duration, &desk.clock)?;
        }
        rows::save_released(w, held.name(), held.token)?;
        // Before the COMMIT: whoever acquires next does so after it and finds the OS lock free. Should the COMMIT
        // fail, the lock counts as a dead holder's.
        *held.os_lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    })
}

fn here(clock: &Clock, free_os_lock: Option<i64>) -> Here<'static> {
    Here { boot: clock.boot(), boot_id: boot_id(), free_os_lock }
}

impl LockRow {
    fn into_holder(self, folder: &LockFolder, clock: &Clock) -> Holder {
        // Released locks are not looked at: looking takes their file for an instant.
        let is_stale = !self.holder.released && {
            let inode = OsLock::probe(&folder.lease_file(&self.holder.name));
            judge(Some(&self.standing()), &here(clock, inode)) != Verdict::Live
        };
        Holder { is_stale, ..self.holder }
    }
}

/// Whether the holder's process is surely gone; only a reason to look again, never to take over.
fn is_gone(holder: &Holder) -> bool {
    let pid = i32::try_from(holder.pid).ok().and_then(rustix::process::Pid::from_raw);
    holder.host == *HOST
        && pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}

/// This machine's name, for people.
pub static HOST: LazyLock<String> = LazyLock::new(|| rustix::system::uname().nodename().to_string_lossy().into_owned());
