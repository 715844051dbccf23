//! Decides whether a lock can be taken, from its row and its OS lock.

use crate::clock::{BootInstant, Clock, boot_id};

/// The boot of every holder where a server's clock counts.
pub(super) const SERVER_BOOT: &str = "server";

/// What a row of `sync_locks` says about its holder.
#[derive(Clone, Copy, Debug)]
pub(super) struct LockSnapshot<'a> {
    pub(super) is_released: bool,
    pub(super) boot_id: &'a str,
    pub(super) expires_boot: BootInstant,
    /// The inode of the lock file the holder has locked, if it has.
    pub(super) os_lock: Option<i64>,
}

/// What this process sees at the moment of the decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalState<'a> {
    boot: BootInstant,
    boot_id: &'a str,
    /// The inode of the lock file, where nobody else has it locked.
    free_os_lock: Option<i64>,
    /// Nobody has the lock file locked, and the holder's process is known to have ended.
    is_holder_dead: bool,
}

impl LocalState<'static> {
    pub(super) fn observe(clock: &Clock, free_os_lock: Option<i64>, is_holder_dead: bool) -> Self {
        Self { boot: clock.boot(), boot_id: boot_id(), free_os_lock, is_holder_dead }
    }

    /// On a server its clock decides, which every holder's expiry is by.
    pub(super) fn on_server(now: BootInstant, is_holder_dead: bool) -> Self {
        Self { boot: now, boot_id: SERVER_BOOT, free_os_lock: None, is_holder_dead }
    }
}

/// Whether a lock can be taken, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Liveness {
    /// Never taken, or released.
    Free,
    /// The machine has booted since: the holder is gone.
    OtherBoot,
    /// The holder had the OS lock and lost it, or its process has ended.
    HolderDead,
    /// Not renewed in time: the holder is suspended or stuck, and its token fences it.
    Expired,
    /// Somebody holds it.
    Live,
}

impl Liveness {
    /// Whether somebody loses the lock when it is taken.
    pub(super) const fn is_takeover(self) -> bool {
        matches!(self, Self::OtherBoot | Self::HolderDead | Self::Expired)
    }
}

/// Decides without any wall clock. A free OS lock counts only where the holder is known to have held that very file: a
/// lease taken from a suspended holder has none at first.
pub(super) fn evaluate(lock: Option<&LockSnapshot<'_>>, local: &LocalState<'_>) -> Liveness {
    match lock {
        None => Liveness::Free,
        Some(lock) if lock.is_released => Liveness::Free,
        Some(lock) if is_other_boot(lock.boot_id, local.boot_id) => Liveness::OtherBoot,
        Some(lock) if lock.os_lock.is_some() && lock.os_lock == local.free_os_lock => Liveness::HolderDead,
        // The lock file that the holder had is missing: the database was moved without its lock folder.
        Some(_) if local.is_holder_dead => Liveness::HolderDead,
        Some(lock) if lock.expires_boot <= local.boot => Liveness::Expired,
        Some(_) => Liveness::Live,
    }
}

/// Whether the machine has booted since. Without `/proc` the boot is unknown, which proves nothing.
fn is_other_boot(one: &str, other: &str) -> bool {
    !one.is_empty() && !other.is_empty() && one != other
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Liveness, LocalState, LockSnapshot, evaluate};
    use crate::clock::Clock;

    const TTL: Duration = Duration::from_secs(60);

    /// A lock taken now for a minute with lock file 7, evaluated after `later` seconds with `free` as the free OS lock.
    fn check(edit: impl FnOnce(&mut LockSnapshot<'_>), later: u64, free: Option<i64>, expected: Liveness) {
        let clock = Clock::manual("2026-01-02T03:04:05Z".parse().unwrap());
        let mut lock = LockSnapshot {
            is_released: false,
            boot_id: "this",
            expires_boot: clock.boot().after(TTL),
            os_lock: Some(7),
        };
        edit(&mut lock);
        clock.advance(Duration::from_secs(later));
        let local = LocalState { boot: clock.boot(), boot_id: "this", free_os_lock: free, is_holder_dead: false };
        assert_eq!(evaluate(Some(&lock), &local), expected);
    }

    #[test]
    fn a_lock_is_live_until_it_expires() {
        check(|_| {}, 0, None, Liveness::Live);
        check(|_| {}, 59, None, Liveness::Live);
        check(|_| {}, 60, None, Liveness::Expired);
    }

    #[test]
    fn a_released_lock_is_free() {
        check(|lock| lock.is_released = true, 0, None, Liveness::Free);
        check(|lock| (lock.is_released, lock.boot_id) = (true, "other"), 90, Some(7), Liveness::Free);
    }

    #[test]
    fn a_lock_from_another_boot_can_be_taken() {
        check(|lock| lock.boot_id = "other", 0, None, Liveness::OtherBoot);
        check(|lock| lock.boot_id = "", 0, None, Liveness::Live);
    }

    #[test]
    fn a_free_os_lock_means_a_dead_holder_if_the_holder_had_that_file() {
        check(|_| {}, 0, Some(7), Liveness::HolderDead);
        check(|_| {}, 0, Some(8), Liveness::Live);
        check(|lock| lock.os_lock = None, 0, Some(7), Liveness::Live);
        check(|lock| lock.os_lock = None, 60, Some(7), Liveness::Expired);
    }

    #[test]
    fn a_lock_without_a_row_is_free() {
        let local =
            LocalState { boot: Clock::system().boot(), boot_id: "this", free_os_lock: None, is_holder_dead: false };
        assert_eq!(evaluate(None, &local), Liveness::Free);
    }
}
