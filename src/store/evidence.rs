//! What shows whether the holder of a lock, or a run, still lives: files of this machine, or the server's own list.

use std::path::PathBuf;

use super::error::Error;
use super::oslock::LockFolder;
use super::postgres::liveness::Backends;
use super::statement::Reader;

/// Where the evidence is.
#[derive(Clone, Debug)]
pub(super) enum Evidence {
    /// All processes are on this machine.
    Files(LockFolder),
    /// Those of several machines.
    Server,
}

/// The evidence at one moment.
pub(super) enum Sight<'a> {
    Files(&'a LockFolder),
    Server(Backends),
}

impl Evidence {
    pub(super) fn look(&self, r: &Reader<'_>) -> Result<Sight<'_>, Error> {
        Ok(match self {
            Self::Files(folder) => Sight::Files(folder),
            Self::Server => Sight::Server(Backends::load(r)?),
        })
    }

    /// The folder of the lock files.
    pub(super) const fn folder(&self) -> Option<&LockFolder> {
        match self {
            Self::Files(folder) => Some(folder),
            Self::Server => None,
        }
    }

    /// The file that the holder of that lock has locked.
    pub(super) fn lease_file(&self, name: &str) -> Option<PathBuf> {
        self.folder().map(|folder| folder.lease_file(name))
    }
}
