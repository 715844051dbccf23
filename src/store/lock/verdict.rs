//! Decides whether a lock can be taken, from what its row and the operating system say.

use crate::clock::BootInstant;

/// What a row of `sync_locks` says about its holder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing<'a> {
    pub(super) is_released: bool,
    pub(super) boot_id: &'a str,
    pub(super) expires_boot: BootInstant,
    /// The inode of the lock file the holder has locked, if it has.
    pub(super) os_lock: Option<i64>,
}

/// What is known here and now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here<'a> {
    pub(super) boot: BootInstant,
    pub(super) boot_id: &'a str,
    /// The inode of the lock file, where nobody else has it locked.
    pub(super) free_os_lock: Option<i64>,
}

/// Whether a lock can be taken, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Never taken, or released.
    Free,
    /// The machine has booted since: the holder is gone.
    OtherBoot,
    /// The holder had the OS lock and has it no more: it is gone.
    HolderDead,
    /// Not renewed in time: the holder is suspended or stuck, and its token fences it.
    Expired,
    /// Somebody holds it.
    Live,
}

impl Verdict {
    /// Whether somebody loses the lock by its being taken.
    pub(super) const fn is_takeover(self) -> bool {
        matches!(self, Self::OtherBoot | Self::HolderDead | Self::Expired)
    }
}

/// The verdict, which no wall clock can move. A free OS lock speaks only where the holder is known to have held that
/// very file: a lease taken from a suspended holder has none at first.
pub(super) fn judge(lock: Option<&Standing<'_>>, here: &Here<'_>) -> Verdict {
    match lock {
        None => Verdict::Free,
        Some(lock) if lock.is_released => Verdict::Free,
        Some(lock) if lock.boot_id != here.boot_id => Verdict::OtherBoot,
        Some(lock) if lock.os_lock.is_some() && lock.os_lock == here.free_os_lock => Verdict::HolderDead,
        Some(lock) if lock.expires_boot <= here.boot => Verdict::Expired,
        Some(_) => Verdict::Live,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Here, Standing, Verdict, judge};
    use crate::clock::Clock;

    const TTL: Duration = Duration::from_secs(60);

    /// A lock taken now for a minute with lock file 7, judged after `later` seconds with `free` as the free OS lock.
    fn check(edit: impl FnOnce(&mut Standing<'_>), later: u64, free: Option<i64>, expected: Verdict) {
        let clock = Clock::manual("2026-01-02T03:04:05Z".parse().unwrap());
        let mut lock =
            Standing { is_released: false, boot_id: "this", expires_boot: clock.boot().after(TTL), os_lock: Some(7) };
        edit(&mut lock);
        clock.advance(Duration::from_secs(later));
        let here = Here { boot: clock.boot(), boot_id: "this", free_os_lock: free };
        assert_eq!(judge(Some(&lock), &here), expected);
    }

    #[test]
    fn a_lock_is_live_until_its_boot_time_is_over() {
        check(|_| {}, 0, None, Verdict::Live);
        check(|_| {}, 59, None, Verdict::Live);
        check(|_| {}, 60, None, Verdict::Expired);
    }

    #[test]
    fn a_released_lock_is_free_whatever_else_is_said() {
        check(|lock| lock.is_released = true, 0, None, Verdict::Free);
        check(|lock| (lock.is_released, lock.boot_id) = (true, "other"), 90, Some(7), Verdict::Free);
    }

    #[test]
    fn another_boot_ends_every_lock() {
        check(|lock| lock.boot_id = "other", 0, None, Verdict::OtherBoot);
    }

    #[test]
    fn a_free_os_lock_means_a_dead_holder_only_if_the_holder_had_that_file() {
        check(|_| {}, 0, Some(7), Verdict::HolderDead);
        check(|_| {}, 0, Some(8), Verdict::Live);
        check(|lock| lock.os_lock = None, 0, Some(7), Verdict::Live);
        check(|lock| lock.os_lock = None, 60, Some(7), Verdict::Expired);
    }

    #[test]
    fn a_lock_never_taken_is_free() {
        let here = Here { boot: Clock::system().boot(), boot_id: "this", free_os_lock: None };
        assert_eq!(judge(None, &here), Verdict::Free);
    }
}
