//! Limits that the system sets.

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::error::Error;
use crate::upstreams;

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

/// Where files may not grow without limit: a write beyond it is an error, as on a full disk, instead of a silent death.
pub fn survive_large_files() -> Result<(), Error> {
    if getrlimit(Resource::Fsize).current.is_none() {
        return Ok(());
    }
    let runtime = runtime::Builder::new_current_thread().enable_io().build().map_err(upstreams::Error::Runtime)?;
    let _guard = runtime.enter();
    // The signal stays caught for the rest of the process.
    let caught = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
    caught.map(drop).map_err(|error| upstreams::Error::Runtime(error).into())
}
