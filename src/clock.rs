//! The only wall time and the only boot time.
//!
//! Wall time is for people and for upstreams; every decision about a lease uses boot time with the boot id, which no
//! clock change can move and which a suspended machine keeps counting.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// Where the time comes from: the system, or a test that sets it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual: Option<Arc<Mutex<ManualTime>>>,
    /// How far its wall time is ahead of that.
    ahead: SignedDuration,
}

#[derive(Debug)]
struct ManualTime {
    now: Timestamp,
    boot: BootInstant,
}

/// Milliseconds since this machine booted, time asleep included. Comparable only under the same [`boot_id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootInstant(pub i64);

impl BootInstant {
    /// The instant that much later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self { manual: None, ahead: SignedDuration::ZERO }
    }

    /// A clock that stops until [`advance`](Self::advance) moves it.
    pub fn manual(now: Timestamp) -> Self {
        let manual = ManualTime { now, boot: BootInstant(1_000_000) };
        Self { manual: Some(Arc::new(Mutex::new(manual))), ahead: SignedDuration::ZERO }
    }

    /// The same clock with a wall time that much ahead: that of a server, whose time several machines share.
    #[must_use]
    pub fn ahead(mut self, ahead: SignedDuration) -> Self {
        self.ahead = ahead;
        self
    }

    /// Moves a manual clock forward; a system clock moves by itself.
    pub fn advance(&self, span: Duration) {
        if let Some(manual) = &self.manual {
            let mut manual = manual.lock().unwrap_or_else(PoisonError::into_inner);
            manual.boot = manual.boot.after(span);
            manual.now = SignedDuration::try_from(span)
                .ok()
                .and_then(|span| manual.now.checked_add(span).ok())
                .unwrap_or(Timestamp::MAX);
        }
    }

    /// Wall time, for people, records and upstreams.
    #[expect(clippy::disallowed_methods, reason = "wall time is read here and nowhere else")]
    pub fn now(&self) -> Timestamp {
        let now = match &self.manual {
            None => Timestamp::now(),
            Some(manual) => manual.lock().unwrap_or_else(PoisonError::into_inner).now,
        };
        now.saturating_add(self.ahead).unwrap_or(now)
    }

    /// Boot time, for leases.
    pub fn boot(&self) -> BootInstant {
        match &self.manual {
            None => {
                let time = clock_gettime(ClockId::Boottime);
                BootInstant(time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000))
            }
            Some(manual) => manual.lock().unwrap_or_else(PoisonError::into_inner).boot,
        }
    }
}

/// The id of this boot of this machine; empty where the kernel gives none.
pub fn boot_id() -> &'static str {
    static BOOT_ID: LazyLock<String> = LazyLock::new(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
    });
    &BOOT_ID
}

/// Renders wall time the way it is stored: RFC 3339 UTC with milliseconds, always the same width, so text order is time
/// order.
pub fn to_rfc3339_millis(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BootInstant, Clock, to_rfc3339_millis};

    #[test]
    fn a_manual_clock_moves_both_times_together() {
        let clock = Clock::manual("2026-01-02T03:04:05Z".parse().unwrap());
        let before = clock.boot();
        clock.advance(Duration::from_millis(1500));
        assert_eq!(to_rfc3339_millis(clock.now()), "2026-01-02T03:04:06.500Z");
        assert_eq!(clock.boot(), before.after(Duration::from_millis(1500)));
        assert!(BootInstant(i64::MAX).after(Duration::from_secs(1)) == BootInstant(i64::MAX));
    }
}
