//! Renews held leases while nothing is written.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::error::Error;
use super::lock::lease::LeaseState;
use super::options::TxEnd;
use super::records::rows::{self, RUN_TTL_MS};
use super::records::types::RecordId;

/// A lease is renewed this many times within its expiry.
const BEATS_PER_TTL: u32 = 3;

/// After a failed renewal the next try comes in this fraction of the interval.
const RETRY_DIVISOR: u32 = 4;

const RUN_INTERVAL: Duration = Duration::from_millis(RUN_TTL_MS.unsigned_abs() / 3);

/// The leases this process holds, each with the time of its next renewal. The writer thread beats it between jobs, so
/// that a renewal never waits for a lock of this process.
#[derive(Default)]
pub(super) struct Heartbeat {
    watched: Vec<Watched>,
    /// The run whose record says until when it goes on, and when that is said again.
    run: Option<(Weak<RecordId>, Instant)>,
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

    /// Renews the run's record from now on, as long as the returned value exists.
    pub(super) fn watch_run(&mut self, id: RecordId) -> Arc<RecordId> {
        let id = Arc::new(id);
        self.run = Some((Arc::downgrade(&id), Instant::now() + RUN_INTERVAL));
        id
    }

    /// How long until the next renewal is due; `None` where nothing is to be renewed.
    pub(super) fn pause(&self) -> Option<Duration> {
        let run = self.run.as_ref().map(|(_, due)| *due);
        let due = self.watched.iter().map(|watched| watched.due).chain(run).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Renews what is due.
    pub(super) fn beat(&mut self, connection: &mut Connection) {
        let now = Instant::now();
        self.beat_run(connection, now);
        self.watched.retain_mut(|watched| {
            let Some(lease) = watched.lease.upgrade() else { return false };
            if watched.due > now {
                return true;
            }
            watched.due = now + interval(&lease);
            match lease.write(connection, None, TxEnd::CommitLazily, |_| Ok::<_, Error>(())) {
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

    fn beat_run(&mut self, connection: &mut Connection, now: Instant) {
        let Some((run, due)) = &mut self.run else { return };
        let Some(id) = run.upgrade() else {
            self.run = None;
            return;
        };
        if *due <= now {
            *due = now + RUN_INTERVAL;
            let saved = connection.transact(TxEnd::Commit, None, |w| rows::save_beat(w, *id), |_, ()| Ok(true));
            if let Err(error) = saved {
                tracing::warn!(%error, "cannot say that the run goes on");
            }
        }
    }
}

fn interval(lease: &LeaseState) -> Duration {
    lease.ttl() / BEATS_PER_TTL
}
