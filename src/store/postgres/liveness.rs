//! Which of the server's processes live: the quick evidence that the holder of a lock is gone.

use std::time::{Duration, Instant};

use crate::clock::BootInstant;
use crate::store::error::Error;
use crate::store::statement::Reader;

/// How long a process that was ended may take to be gone.
const END_TIMEOUT: Duration = Duration::from_secs(2);
const END_PAUSE: Duration = Duration::from_millis(10);

/// The server's processes at one moment.
#[derive(Debug)]
pub(in crate::store) struct Backends {
    now: BootInstant,
    /// Process id, and start where this role may see it.
    living: Vec<(i64, Option<i64>)>,
}

impl Backends {
    pub(in crate::store) fn load(r: &Reader<'_>) -> Result<Self, Error> {
        let mut now = 0;
        let living = r.rows(
            "SELECT pid, CAST(EXTRACT(EPOCH FROM backend_start) * 1000000 AS BIGINT),
                    CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)
             FROM pg_catalog.pg_stat_activity",
            &[],
            |row| {
                now = row.int(2)?;
                Ok((row.int(0)?, row.opt_int(1)?))
            },
        )?;
        Ok(Self { now: BootInstant(now), living })
    }

    /// The server's clock.
    pub(in crate::store) const fn now(&self) -> BootInstant {
        self.now
    }

    /// Whether that process has surely ended.
    pub(in crate::store) fn is_gone(&self, backend: &str) -> bool {
        let Some((pid, start)) = parse(backend) else { return false };
        !self.living.iter().any(|(living, since)| *living == pid && since.is_none_or(|since| since == start))
    }
}

/// Ends a process of the server, so that nothing of it can be committed any more.
pub(super) fn end(r: &Reader<'_>, backend: &str) -> Result<(), Error> {
    let Some((pid, start)) = parse(backend) else { return Ok(()) };
    let began = Instant::now();
    loop {
        let living = r.first(
            "SELECT pg_terminate_backend(pid)
             FROM pg_catalog.pg_stat_activity
             WHERE pid = ?1
               AND CAST(EXTRACT(EPOCH FROM backend_start) * 1000000 AS BIGINT) = ?2",
            &[pid.into(), start.into()],
            |_| Ok(()),
        )?;
        // What it holds is waited for, whatever the server says of it.
        if living.is_none() || began.elapsed() > END_TIMEOUT {
            return Ok(());
        }
        std::thread::sleep(END_PAUSE);
    }
}

fn parse(backend: &str) -> Option<(i64, i64)> {
    let (pid, start) = backend.split_once(' ')?;
    Some((pid.parse().ok()?, start.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Backends, BootInstant};

    #[test]
    fn only_a_process_that_is_surely_not_there_is_gone() {
        let backends = Backends { now: BootInstant(5), living: vec![(7, Some(70)), (8, None)] };
        let check = |backend: &str, expected: bool| assert_eq!(backends.is_gone(backend), expected, "{backend}");
        check("7 70", false);
        check("7 71", true);
        // Another role's start cannot be seen.
        check("8 80", false);
        check("9 90", true);
        check("", false);
        check("nine", false);
    }
}
