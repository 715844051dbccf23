//! What can go wrong before, after or beside a run.

use std::path::PathBuf;

use crate::error::Class;
use crate::store::Holder;
use crate::ui::log;
use crate::upstreams::Failure;
use crate::{config, store, upstreams};

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A run that left no record.
    #[error("{}", .0.message)]
    Run(Failure),
    #[error(transparent)]
    Upstream(#[from] upstreams::Error),
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The command line asks for what is not there.
    #[error("{message}")]
    Usage { message: String, hint: String },
    #[error("this process may open {limit} files, which is too few")]
    OpenFiles { limit: u64 },
    #[error("no upstream is configured")]
    NothingConfigured,
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    /// One of the system's programs.
    #[error("cannot run `{command}`: {reason}")]
    Program { command: String, reason: String },
}

impl Error {
    pub fn class(&self) -> Class {
        match self {
            Self::Config(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Run(failure) => failure.class,
            Self::Upstream(error) => error.class(),
            Self::Usage { .. } | Self::Read { .. } => Class::Usage,
            Self::Log(_)
            | Self::OpenFiles { .. }
            | Self::NothingConfigured
            | Self::Write { .. }
            | Self::Program { .. } => Class::Config,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        let exact = match self {
            Self::Config(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Run(failure) => Some(failure.hint.clone()),
            Self::Upstream(error) => Some(error.hint()),
            Self::Usage { hint, .. } => Some(hint.clone()),
            Self::Log(_) => Some("give a directory you may write to: `--log-file FILE`".to_owned()),
            Self::OpenFiles { .. } => {
                Some("raise the limit: `ulimit -n 1024`, or `LimitNOFILE=1024` in a systemd unit".to_owned())
            }
            Self::NothingConfigured => {
                Some("write a configuration with `tongbu config init`, then fill in an upstream".to_owned())
            }
            Self::Read { .. } => Some("give the path of a file you may read".to_owned()),
            Self::Program { command, .. } if command.starts_with("crontab ") => {
                Some("install cron first (Debian: `apt-get install cron`), or take `--schedule systemd`".to_owned())
            }
            Self::Program { .. } => {
                Some("run it by hand, then the same command again: what is done is not done twice".to_owned())
            }
            Self::Write { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Some("free some space there, or give a path on another disk".to_owned())
            }
            Self::Write { .. } => Some("give a path you may write to, or remove the file that is there".to_owned()),
        };
        exact.unwrap_or_else(|| self.class().hint().to_owned())
    }

    /// Who holds the lock, where that is why.
    pub fn holder(&self) -> Option<&Holder> {
        let (Self::Store(error) | Self::Upstream(upstreams::Error::Store(error))) = self else { return None };
        if let store::Error::Locked(holder) = error { Some(holder) } else { None }
    }

    /// What there is to show of it.
    pub fn to_failure(&self) -> Failure {
        if let Self::Run(failure) = self { failure.clone() } else { Failure::new(self, self.class(), self.hint()) }
    }
}
