//! The rows of `sync_locks`.

use std::time::Duration;

use jiff::Timestamp;

use super::liveness::{Liveness, LocalState, LockSnapshot, SERVER_BOOT, evaluate};
use super::request::AcquireRequest;
use super::types::Holder;
use crate::clock::{BootInstant, Clock, boot_id, to_rfc3339_millis};
use crate::store::error::Error;
use crate::store::evidence::{Evidence, Sight};
use crate::store::oslock::OsLock;
use crate::store::process::{self, HOST, INSTANCE};
use crate::store::records::types::RecordId;
use crate::store::statement::{Reader, Row, Writer};

/// A row as stored, its staleness not yet known.
pub(super) struct LockRow {
    pub(super) holder: Holder,
    pub(super) record_id: Option<RecordId>,
    boot_id: String,
    expires_boot: BootInstant,
    os_lock: Option<i64>,
    /// The holder's process, as [`process::OWN`] describes it.
    process: Option<String>,
    /// The same, as [`INSTANCE`] names it; `None` in a row of an older tongbu.
    instance: Option<String>,
    /// The server's process that the holder writes through.
    backend: Option<String>,
}

impl LockRow {
    pub(super) fn snapshot(&self) -> LockSnapshot<'_> {
        LockSnapshot {
            is_released: self.holder.released,
            boot_id: &self.boot_id,
            expires_boot: self.expires_boot,
            os_lock: self.os_lock,
        }
    }

    /// Whether it is this process's acquisition with that token.
    pub(super) fn is_acquisition(&self, token: i64, trace_id: &str) -> bool {
        let holder = &self.holder;
        let is_own = self.instance.as_ref() == Some(&*INSTANCE);
        holder.token == token && holder.trace_id == trace_id && is_own && !holder.released
    }

    /// Whether the lock can be taken. The file of a released lock is not probed: a probe takes it for an instant.
    pub(super) fn probe(&self, sight: &Sight<'_>, clock: &Clock) -> Liveness {
        let local = match sight {
            Sight::Files(folder) => {
                let lock_file = folder.lease_file(&self.holder.name);
                let inode = if self.holder.released { None } else { OsLock::probe(&lock_file) };
                let is_dead = (inode.is_some() || !lock_file.exists()) && self.is_holder_dead();
                LocalState::observe(clock, inode, is_dead)
            }
            Sight::Server(backends) => {
                let is_gone = self.backend.as_deref().is_some_and(|backend| backends.is_gone(backend));
                LocalState::on_server(backends.now(), is_gone)
            }
        };
        evaluate(Some(&self.snapshot()), &local)
    }

    /// Whether the holder's process has ended. Counts only where nobody has the lock file locked. A holder without `/proc`
    /// is never seen from here.
    pub(super) fn is_holder_dead(&self) -> bool {
        let holder = &self.holder;
        !self.boot_id.is_empty() && process::is_dead(&holder.host, holder.pid, self.process.as_deref())
    }

    pub(super) fn into_holder(self, sight: &Sight<'_>, clock: &Clock) -> Holder {
        let is_stale = self.probe(sight, clock).is_takeover();
        Holder { is_stale, ..self.holder }
    }
}

/// The times that an acquisition or a renewal writes.
pub(super) struct LeaseTimes {
    /// By this machine's clock.
    pub(super) expires_boot: BootInstant,
    ttl_ms: i64,
    renewed_at: String,
    expires_at: String,
}

impl LeaseTimes {
    /// A lease that begins now.
    pub(super) fn from_now(clock: &Clock, ttl: Duration) -> Self {
        let now = clock.now();
        Self {
            expires_boot: clock.boot().after(ttl),
            ttl_ms: BootInstant(0).after(ttl).0,
            renewed_at: to_rfc3339_millis(now),
            expires_at: to_rfc3339_millis(now.saturating_add(ttl).unwrap_or(now)),
        }
    }

    /// What is added to [`Reader::millis`] for the stored expiry.
    fn stored_ms(&self, r: &Reader<'_>) -> i64 {
        if r.has_own_clock() { self.ttl_ms } else { self.expires_boot.0 }
    }
}

const COLUMNS: &str = "name, token, owner, pid, host, trace_id, locked_at, renewed_at, expires_at, released,
                       record_id, boot_id, expires_boot_ms, os_lock, process, instance, backend";

fn read(row: &Row<'_>) -> Result<LockRow, Error> {
    Ok(LockRow {
        holder: Holder {
            name: row.text(0)?.to_owned(),
            token: row.int(1)?,
            owner: row.text(2)?.to_owned(),
            pid: row.int(3)?,
            host: row.text(4)?.to_owned(),
            trace_id: row.text(5)?.to_owned(),
            locked_at: row.instant(6)?,
            renewed_at: row.instant(7)?,
            expires_at: row.instant(8)?,
            released: row.flag(9)?,
            is_stale: false,
        },
        record_id: row.opt_int(10)?.map(RecordId),
        boot_id: row.text(11)?.to_owned(),
        expires_boot: BootInstant(row.int(12)?),
        os_lock: row.opt_int(13)?,
        process: row.opt_text(14)?.map(str::to_owned),
        instance: row.opt_text(15)?.map(str::to_owned),
        backend: row.opt_text(16)?.map(str::to_owned),
    })
}

pub(super) fn load_lock(r: &Reader<'_>, name: &str) -> Result<Option<LockRow>, Error> {
    r.first(
        &format!(
            "SELECT {COLUMNS}
             FROM sync_locks
             WHERE name = ?1"
        ),
        &[name.into()],
        read,
    )
}

/// The same, for a transaction that may take it: others wait until it has ended. A server's lock needs a row for that.
pub(super) fn load_lock_to_take(w: &Writer<'_>, name: &str) -> Result<Option<LockRow>, Error> {
    if !w.has_own_clock() {
        return load_lock(w, name);
    }
    w.write(
        "INSERT INTO sync_locks (name, token, owner, pid, host, boot_id, expires_boot_ms, trace_id,
                                 locked_at, renewed_at, expires_at, released, write_seq)
         VALUES (?1, 0, '', 0, '', '', 0, '', ?2, ?2, ?2, 1, 0)
         ON CONFLICT (name) DO NOTHING",
        &[name.into(), (&to_rfc3339_millis(Timestamp::UNIX_EPOCH)).into()],
    )?;
    let for_update = w.for_update();
    w.first(
        &format!(
            "SELECT {COLUMNS}
             FROM sync_locks
             WHERE name = ?1
             {for_update}"
        ),
        &[name.into()],
        read,
    )
}

pub(super) fn load_locks(r: &Reader<'_>) -> Result<Vec<LockRow>, Error> {
    r.rows(
        &format!(
            "SELECT {COLUMNS}
             FROM sync_locks
             ORDER BY name"
        ),
        &[],
        read,
    )
}

/// The first lock that a live run holds.
pub(in crate::store) fn load_live(r: &Reader<'_>, evidence: &Evidence, clock: &Clock) -> Result<Option<Holder>, Error> {
    let sight = evidence.look(r)?;
    let holders = load_locks(r)?.into_iter().map(|lock| lock.into_holder(&sight, clock));
    Ok(holders.into_iter().find(|holder| !holder.released && !holder.is_stale))
}

/// Whether a lock that was taken for the record is held.
pub(in crate::store) fn has_live_lock(
    r: &Reader<'_>,
    record: RecordId,
    sight: &Sight<'_>,
    clock: &Clock,
) -> Result<bool, Error> {
    let locks = load_locks(r)?;
    let mut own = locks.into_iter().filter(|lock| lock.record_id == Some(record));
    Ok(own.any(|lock| lock.probe(sight, clock) == Liveness::Live))
}

/// The number of the holder's last committed write; `None` once another token holds the lock.
pub(super) fn load_write_seq(r: &Reader<'_>, name: &str, token: i64) -> Result<Option<i64>, Error> {
    let for_update = r.for_update();
    r.first(
        &format!(
            "SELECT write_seq
             FROM sync_locks
             WHERE name = ?1
               AND token = ?2
               AND instance = ?3
             {for_update}"
        ),
        &[name.into(), token.into(), INSTANCE.as_str().into()],
        |row| row.int(0),
    )
}

pub(super) fn save_acquired(
    w: &Writer<'_>,
    request: &AcquireRequest,
    token: i64,
    times: &LeaseTimes,
    os_lock: Option<i64>,
) -> Result<(), Error> {
    let millis = w.millis();
    w.write(
        &format!(
            "INSERT INTO sync_locks (name, token, owner, pid, host, boot_id, expires_boot_ms, trace_id,
                                     locked_at, renewed_at, expires_at, released, record_id, os_lock, write_seq,
                                     process, instance, backend)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, {millis} + ?7, ?8, ?9, ?9, ?10, 0, ?11, ?12, 0, ?13, ?14, ?15)
             ON CONFLICT (name) DO UPDATE
             SET token = excluded.token,
                 owner = excluded.owner,
                 pid = excluded.pid,
                 host = excluded.host,
                 boot_id = excluded.boot_id,
                 expires_boot_ms = excluded.expires_boot_ms,
                 trace_id = excluded.trace_id,
                 locked_at = excluded.locked_at,
                 renewed_at = excluded.renewed_at,
                 expires_at = excluded.expires_at,
                 released = excluded.released,
                 record_id = excluded.record_id,
                 os_lock = excluded.os_lock,
                 write_seq = excluded.write_seq,
                 process = excluded.process,
                 instance = excluded.instance,
                 backend = excluded.backend"
        ),
        &[
            (&request.name).into(),
            token.into(),
            (&format!("{}-{}", *HOST, std::process::id())).into(),
            i64::from(std::process::id()).into(),
            HOST.as_str().into(),
            if w.has_own_clock() { SERVER_BOOT } else { boot_id() }.into(),
            times.stored_ms(w).into(),
            (&request.trace_id).into(),
            (&times.renewed_at).into(),
            (&times.expires_at).into(),
            request.record.map(|record| record.0).into(),
            os_lock.into(),
            process::OWN.as_deref().into(),
            INSTANCE.as_str().into(),
            w.backend().into(),
        ],
    )
}

/// Renews a lease and returns the number of this write, or `None` where the lease is lost.
pub(super) fn save_renewal(
    w: &Writer<'_>,
    name: &str,
    token: i64,
    times: &LeaseTimes,
    os_lock: Option<i64>,
) -> Result<Option<i64>, Error> {
    let millis = w.millis();
    w.first(
        &format!(
            "UPDATE sync_locks
             SET expires_boot_ms = {millis} + ?3,
                 renewed_at = ?4,
                 expires_at = ?5,
                 os_lock = ?6,
                 backend = ?8,
                 write_seq = write_seq + 1
             WHERE name = ?1
               AND token = ?2
               AND instance = ?7
               AND released = 0
             RETURNING write_seq"
        ),
        &[
            name.into(),
            token.into(),
            times.stored_ms(w).into(),
            (&times.renewed_at).into(),
            (&times.expires_at).into(),
            os_lock.into(),
            INSTANCE.as_str().into(),
            w.backend().into(),
        ],
        |row| row.int(0),
    )
}

/// Releases the lock if that token still holds it; returns whether it did.
pub(super) fn save_released(w: &Writer<'_>, name: &str, token: i64) -> Result<bool, Error> {
    let changed = w.execute(
        "UPDATE sync_locks
         SET released = 1,
             os_lock = NULL,
             process = NULL
         WHERE name = ?1
           AND token = ?2
           AND released = 0",
        &[name.into(), token.into()],
    )?;
    Ok(changed == 1)
}

/// Releases every lock, in a copy that no process works on; the tokens stay.
pub(in crate::store) fn save_all_released(w: &Writer<'_>) -> Result<(), Error> {
    if !w.has_table("sync_locks")? {
        return Ok(());
    }
    w.write(
        "UPDATE sync_locks
         SET released = 1,
             os_lock = NULL,
             process = NULL
         WHERE released = 0",
        &[],
    )
}
