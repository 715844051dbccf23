//! One run: lease → record → pass → finish → report.

mod cancel;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use self::cancel::Cancel;
pub use self::report::Report;
pub use crate::upstreams::{Flags, OnLock};

use crate::config::Config;
use crate::error::Class;
use crate::progress::Observer;
use crate::store::Trigger;
use crate::upstreams::Registration;

/// What the command line asks of a run, whatever the upstream.
#[derive(Clone, Debug)]
pub struct Settings {
    pub trigger: Trigger,
    pub flags: Flags,
    pub dry_run: bool,
    pub max_runtime: Option<Duration>,
    /// *partial* counts as success.
    pub allow_partial: bool,
    /// Nothing changed is exit 9.
    pub error_on_no_change: bool,
    /// Where the metrics text goes after the run; wins over the configuration.
    pub metrics_file: Option<PathBuf>,
}

/// One upstream's run, asked for.
pub struct Invocation<'a> {
    pub registration: &'static Registration,
    /// The subcommand's matches, with the upstream's own flags.
    pub matches: &'a clap::ArgMatches,
    pub config: &'a Config,
    pub database: &'a Path,
    pub settings: Settings,
    pub observer: Arc<dyn Observer>,
    pub cancel: Cancel,
}

/// Why no run came to exist: nothing was sent, nothing recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Upstream(#[from] crate::upstreams::Error),
    /// The async runtime could not start.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
}

impl Error {
    pub fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Upstream(error) => error.class(),
            Self::Runtime(_) => Class::Internal,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Store(error) => error.hint().unwrap_or_else(|| error.class().hint().to_owned()),
            Self::Upstream(error) => error.hint(),
            Self::Runtime(_) => Class::Internal.hint().to_owned(),
        }
    }
}

/// Makes the run, from its record to its report. Blocks; starts and ends its own async runtime.
pub fn execute(_invocation: Invocation<'_>) -> Result<Report, Error> {
    unimplemented!()
}
