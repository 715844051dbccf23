//! How a store is opened.

use super::migrate::Component;
use crate::clock::Clock;

/// What the store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Creates the file where it is missing, migrates it, writes.
    ReadWrite,
    /// Never changes anything; a missing file is an error that says what creates it.
    ReadOnly,
    /// Does everything `ReadWrite` does up to each COMMIT and rolls back instead; takes no lock. A missing file stays
    /// missing: a private temporary database replaces it.
    DryRun,
}

/// How a successful transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TxEnd {
    Commit,
    /// Committed, and on the disk with the next one that is. A file only: a power loss may take it back, and ends every
    /// process that knew of it.
    CommitLazily,
    /// A dry run.
    RollBack,
}

/// How to open a [`Store`](super::Store).
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub clock: Clock,
    pub mode: Mode,
    /// The upstreams' components; `core` is always included.
    pub components: Vec<Component>,
}
