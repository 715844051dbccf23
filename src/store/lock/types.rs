//! Who holds a lock, and what a request for one says.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;

use crate::store::records::types::RecordId;

/// This machine's name, for people.
pub static HOST: LazyLock<String> = LazyLock::new(|| rustix::system::uname().nodename().to_string_lossy().into_owned());

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

/// A [`LeaseRequest`] that can go to the writer thread.
#[derive(Clone)]
pub(in crate::store) struct AcquireRequest {
    pub(super) name: String,
    pub(super) ttl: Duration,
    pub(super) trace_id: String,
    pub(super) record: Option<RecordId>,
    pub(super) lock_file: PathBuf,
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
    /// Whether the holder was a process of this machine and `/proc` shows that it has ended. Counts only where nobody
    /// has the lock file locked: a container with the same host name has other process ids.
    pub(super) fn is_dead(&self) -> bool {
        if self.host != *HOST || !Path::new("/proc/self/stat").exists() {
            return false;
        }
        match std::fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            // `pid (command) state …`: a zombie has ended, and waits for its parent.
            Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])),
            // `/proc` may hide the processes of others.
            Err(_) => self.is_gone(),
        }
    }

    /// Whether the holder's process is surely gone; only a reason to try again, never to take over.
    pub(super) fn is_gone(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        self.host == *HOST
            && pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
    }
}
