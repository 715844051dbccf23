//! Renews held leases while nothing is written.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::error::Error;
use super::lock::lease::LeaseState;
use super::sqlite::connection::Connection;

/// A lease is renewed this many times within its expiry.
const BEATS_PER_TTL: u32 = 3;

/// After a failed renewal the next try comes in this fraction of the interval.
const RETRY_DIVISOR: u32 = 4;

/// The leases this process holds, each with the time of its next renewal. The writer thread beats it between jobs, so
/// that a renewal never waits for a lock of this process.
#[derive(Default)]
pub(super) struct Heartbeat {
    watched: Vec<Watched>,
}

struct Watched {
    lease: Weak<LeaseState>,
    due: Instant,
}

impl Heartbeat {
    /// Renews the lease from now on, as long as it is held.
    pub(super) fn watch(&mut self, lease: &Arc<LeaseState>) {
        self.watched.push(Watched { lease: Arc::downgrade(lease), due: Instant::now() + interval(lease) });
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
            let Some(lease) = watched.lease.upgrade() else { return false };
            if watched.due > now {
                return true;
            }
            watched.due = now + interval(&lease);
            match lease.write(connection, |_| Ok::<_, Error>(())) {
                Ok(()) => true,
                Err(_) if lease.lost().is_cancelled() => {
                    tracing::warn!(scope = lease.name(), "another run took over the lock");
                    false
                }
                Err(error) => {
                    tracing::warn!(scope = lease.name(), %error, "cannot renew the lock");
                    watched.due = now + interval(&lease) / RETRY_DIVISOR;
                    true
                }
            }
        });
    }
}

fn interval(lease: &LeaseState) -> Duration {
    lease.ttl() / BEATS_PER_TTL
}
