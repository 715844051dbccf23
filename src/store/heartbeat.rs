//! Renews held leases while nothing is written.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::lock::{Held, renew};
use super::sqlite::Connection;

/// A lease is renewed this many times within its expiry.
const BEATS_PER_TTL: u32 = 3;

/// After a failed renewal the next try comes this much sooner than the next beat.
const HASTE: u32 = 4;

/// The leases this process holds, each with the time of its next renewal. The writer thread beats it between jobs, so
/// that a renewal never waits behind a lock of its own process.
#[derive(Default)]
pub(super) struct Heartbeat {
    watched: Vec<Watched>,
}

struct Watched {
    held: Weak<Held>,
    due: Instant,
}

impl Heartbeat {
    /// Renews the lease from now on, as long as somebody has it.
    pub(super) fn watch(&mut self, held: &Arc<Held>) {
        self.watched.push(Watched { held: Arc::downgrade(held), due: Instant::now() + interval(held) });
    }

    /// How long until the next renewal is due; `None` where no lease is held.
    pub(super) fn pause(&self) -> Option<Duration> {
        let due = self.watched.iter().map(|watched| watched.due).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Renews what is due.
    pub(super) fn beat(&mut self, connection: &mut Connection) {
        let now = Instant::now();
        self.watched.retain_mut(|watched| {
            let Some(held) = watched.held.upgrade() else { return false };
            if watched.due > now {
                return true;
            }
            watched.due = now + interval(&held);
            match renew(connection, &held) {
                Ok(()) => true,
                Err(_) if held.lost().is_cancelled() => {
                    tracing::warn!(scope = held.name(), "another run took over the lock");
                    false
                }
                Err(error) => {
                    tracing::warn!(scope = held.name(), %error, "cannot renew the lock");
                    watched.due = now + interval(&held) / HASTE;
                    true
                }
            }
        });
    }
}

fn interval(held: &Held) -> Duration {
    held.ttl() / BEATS_PER_TTL
}
