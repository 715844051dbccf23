//! Leases: expiring locks with a fencing token, decided on boot time and the OS lock.

mod acquire;
pub(super) mod lease;
mod liveness;
mod request;
pub(super) mod rows;
pub(super) mod types;

use std::time::{Duration, Instant};

use self::lease::{Acquisition, Lease};
use self::request::AcquireRequest;
use self::types::{Holder, LeaseRequest};
use super::cursors::save_unsettled;
use super::error::Error;
use super::handle::Store;
use super::options::TxEnd;
use super::records::dead;
use super::records::ending::save_interrupted;
use super::records::rows as record_rows;
use super::records::types::{ScopeEnd, Status};
use super::statement::Writer;
use super::writer::WriterState;

/// A probe briefly takes the lock of a holder that is gone: try this many times.
const ACQUIRE_ATTEMPTS: u32 = 5;
const ACQUIRE_PAUSE: Duration = Duration::from_millis(1);

/// How long [`Store::write_under_lock`] may keep others out if its process dies.
const SHORT_LEASE_TTL: Duration = Duration::from_secs(60);

/// How long it waits for another process, and how often it tries: several may be started together.
const SHORT_LEASE_PATIENCE: Duration = Duration::from_secs(10);
const SHORT_LEASE_POLL: Duration = Duration::from_millis(20);

impl Store {
    /// Tries once; held only after COMMIT returned. A taken-over run's record becomes `interrupted` in the same
    /// transaction. In a dry run the lease is held at once, and nothing is locked.
    pub async fn acquire(&self, request: LeaseRequest<'_>) -> Result<Acquisition, Error> {
        let request = self.acquire_request(&request);
        if self.is_dry_run() {
            return Ok(Acquisition::Held(request.dry_run_lease(self.clock())));
        }
        for _ in 1..ACQUIRE_ATTEMPTS {
            let request = request.clone();
            match self.on_writer(move |writer| request.acquire(writer)).await?? {
                Acquisition::Busy(holder) if holder.is_gone() => tokio::time::sleep(ACQUIRE_PAUSE).await,
                Acquisition::Busy(holder) => return Ok(Acquisition::Busy(holder)),
                Acquisition::Held(lease) => return Ok(Acquisition::Held(lease)),
            }
        }
        self.on_writer(move |writer| request.acquire(writer)).await?
    }

    /// Ends a scope: its row and the released lock in one transaction. `end` is `None` where no record is kept.
    pub async fn release(&self, lease: Lease, end: Option<ScopeEnd>) -> Result<(), Error> {
        if self.is_dry_run() {
            return Ok(());
        }
        self.on_writer(move |writer| release(&lease, end.as_ref(), writer)).await?
    }

    /// Does `work` in one transaction under a lease of that name, and releases it. Waits a while for another process
    /// that holds it; then the error is [`Error::Locked`]. For code that runs outside the async runtime.
    pub fn write_under_lock<T, E>(
        &self,
        name: &str,
        work: impl FnOnce(&Writer<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let lease = self.wait_for_lease(name)?;
        let outcome = self.write_blocking(&lease, work);
        let released = if self.is_dry_run() {
            Ok(())
        } else {
            self.on_writer_blocking(move |writer| release(&lease, None, writer)).flatten()
        };
        let value = outcome?;
        released?;
        self.check_identity()?;
        Ok(value)
    }

    fn wait_for_lease(&self, name: &str) -> Result<Lease, Error> {
        let request = self.acquire_request(&LeaseRequest {
            name,
            ttl: SHORT_LEASE_TTL,
            trace_id: "",
            record: None,
            has_own_rows: false,
        });
        if self.is_dry_run() {
            return Ok(request.dry_run_lease(self.clock()));
        }
        let began = Instant::now();
        loop {
            let request = request.clone();
            match self.on_writer_blocking(move |writer| request.acquire(writer))?? {
                Acquisition::Held(lease) => return Ok(lease),
                Acquisition::Busy(holder) if began.elapsed() >= SHORT_LEASE_PATIENCE => {
                    return Err(Error::Locked(Box::new(holder)));
                }
                // Random, because processes that started together would otherwise try together each time.
                Acquisition::Busy(_) => std::thread::sleep(SHORT_LEASE_POLL.mul_f64(0.5 + fastrand::f64())),
            }
        }
    }

    fn acquire_request(&self, request: &LeaseRequest<'_>) -> AcquireRequest {
        AcquireRequest {
            name: request.name.to_owned(),
            ttl: self.longest_ttl().map_or(request.ttl, |longest| request.ttl.min(longest)),
            trace_id: request.trace_id.to_owned(),
            record: request.record,
            has_own_rows: request.has_own_rows,
            evidence: self.evidence().clone(),
        }
    }

    /// Every lock ever taken, by name.
    pub fn load_locks(&self) -> Result<Vec<Holder>, Error> {
        self.read(|r| {
            let sight = self.evidence().look(r)?;
            Ok(rows::load_locks(r)?.into_iter().map(|lock| lock.into_holder(&sight, self.clock())).collect())
        })
    }

    /// Marks stale locks as released, and the records of the dead runs as interrupted; returns what it cleaned (or, in
    /// a dry run, would clean).
    pub fn clean_locks(&self) -> Result<Vec<Holder>, Error> {
        let evidence = self.evidence().clone();
        let clock = self.clock().clone();
        let is_real = !self.is_dry_run();
        self.transact(move |w| {
            let sight = evidence.look(w)?;
            let mut cleaned = Vec::new();
            for lock in rows::load_locks(w)? {
                let record = lock.record_id;
                let holder = lock.into_holder(&sight, &clock);
                if holder.is_stale {
                    rows::save_released(w, &holder.name, holder.token)?;
                    save_interrupted(w, record, &clock)?;
                    cleaned.push(holder);
                }
            }
            dead::save_dead_runs(w, &sight, &clock)?;
            if let Some(folder) = evidence.folder().filter(|_| is_real) {
                folder.delete_leftover_runs();
            }
            Ok(cleaned)
        })
    }

    /// Takes a lock away from its holder if it still has that token: the holder's next write is refused. Returns the
    /// holder it was taken from, or `None` where name and token do not match a held lock.
    pub fn break_lock(&self, name: &str, token: i64) -> Result<Option<Holder>, Error> {
        let evidence = self.evidence().clone();
        let clock = self.clock().clone();
        let name = name.to_owned();
        self.transact(move |w| {
            let Some(lock) = rows::load_lock(w, &name)? else { return Ok(None) };
            let sight = evidence.look(w)?;
            let is_broken = rows::save_released(w, &name, token)?;
            Ok(is_broken.then(|| lock.into_holder(&sight, &clock)))
        })
    }
}

fn release(lease: &Lease, end: Option<&ScopeEnd>, writer: &mut WriterState) -> Result<(), Error> {
    let state = lease.state();
    let duration_ms = writer.clock.boot().0 - lease.began().0;
    // A scope's rows are on the disk, and the end of the run will be. A lock that a power loss locks again is a dead
    // holder's.
    state.write(&mut writer.connection, None, TxEnd::CommitLazily, |w| {
        if let (Some(record), Some(end)) = (lease.record(), end) {
            record_rows::save_scope_end(w, record, state.name(), end, duration_ms, &writer.clock)?;
            if !matches!(end.status, Status::Success | Status::Skipped) {
                save_unsettled(w, state.name())?;
            }
        }
        rows::save_released(w, state.name(), state.token())?;
        // Before the COMMIT: the next acquisition comes after it and finds the OS lock free. If the COMMIT fails, the
        // lock counts as a dead holder's.
        state.unlock_file();
        Ok(())
    })
}
