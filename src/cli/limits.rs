//! The limit on open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::Error;

/// What a run needs: its database, locks, runtime and log, and some connections.
const NEEDED: u64 = 64;

/// Raises the limit where that is allowed; an error where it is too low to work.
pub fn check_open_files() -> Result<(), Error> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match current {
        Some(limit) if limit < NEEDED => setrlimit(Resource::Nofile, Rlimit { current: Some(NEEDED), maximum })
            .map_err(|_| Error::OpenFiles { limit }),
        Some(_) | None => Ok(()),
    }
}
