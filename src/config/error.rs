//! What can be wrong with the configuration.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Class;

/// A configuration error: what, where, and what to write instead. None carries a value that could be a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value is missing or wrong; `key` is its dotted path.
    #[error("`{key}`: {reason}")]
    Invalid { key: String, reason: String },
    /// A secret is not where it should be.
    #[error("`{key}`: {reason}")]
    NoSecret { key: String, reason: String, hint: String },
    /// The same as `Invalid`, where it is known what said so.
    #[error("{place}: {reason}")]
    Misplaced { place: Place, reason: String },
    #[error("`{}` line {line}, column {column}: {reason}", path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, reason: String },
    #[error("cannot read the configuration `{}`", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot tell where the database is: neither `XDG_STATE_HOME` nor `HOME` is set")]
    NoDatabase,
    /// The address is left out: it may hold a password.
    #[error("{named_by} holds the password of the database server")]
    DatabasePassword { named_by: &'static str },
    #[error("cannot tell where the configuration belongs: neither `XDG_CONFIG_HOME` nor `HOME` is set")]
    NoConfig,
    #[error("`{key}`: cannot read `{}`", path.display())]
    SecretFile {
        key: String,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{key}`: cannot run `{program}`")]
    SecretCommand {
        key: String,
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot write a configuration to `{}`: it is there already", path.display())]
    AlreadyThere { path: PathBuf },
    #[error("cannot write the configuration `{}`", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// What a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file, with the line if it could be found.
    File { path: PathBuf, line: Option<usize> },
    /// An environment variable, or a flag.
    Variable(String),
}

impl Error {
    pub const fn class(&self) -> Class {
        match self {
            Self::Invalid { .. }
            | Self::NoSecret { .. }
            | Self::Misplaced { .. }
            | Self::Syntax { .. }
            | Self::Unreadable { .. }
            | Self::NoDatabase
            | Self::DatabasePassword { .. }
            | Self::NoConfig
            | Self::SecretFile { .. }
            | Self::SecretCommand { .. }
            | Self::AlreadyThere { .. }
            | Self::Unwritable { .. } => Class::Config,
        }
    }

    /// What to do next, where there is something more exact than the class's own hint.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("write one with `tongbu config init`, or give another with `--config FILE`".to_owned())
            }
            Self::DatabasePassword { .. } => {
                Some("leave it out there, and write where it is: `database_password = { env = \"NAME\" }`".to_owned())
            }
            Self::NoDatabase => Some("give it with `--db FILE` or `TONGBU_DB=FILE`".to_owned()),
            Self::NoConfig => Some("give it with `--config FILE` or `TONGBU_CONFIG=FILE`".to_owned()),
            Self::AlreadyThere { path } => {
                Some(format!("edit `{}`, or give another with `--config FILE`", path.display()))
            }
            Self::Syntax { .. } | Self::Misplaced { place: Place::File { line: Some(_), .. }, .. } => {
                Some("correct the line; `tongbu config check` shows whether there is more".to_owned())
            }
            Self::Misplaced { place: Place::Variable(name), .. } => Some(format!("correct `{name}` or unset it")),
            Self::NoSecret { hint, .. } => Some(hint.clone()),
            Self::SecretFile { path, source, .. } if source.kind() == io::ErrorKind::NotFound => Some(fill_in(path)),
            Self::Unreadable { path, .. } | Self::SecretFile { path, .. } => {
                Some(format!("see `ls -ld '{}'`: the user who runs tongbu has to be able to read it", path.display()))
            }
            Self::SecretCommand { .. } => Some("run the command by hand, as the user who runs tongbu".to_owned()),
            Self::Unwritable { path, .. } => {
                Some(format!("give another with `--config FILE`, or look at `ls -ld '{}'`", path.display()))
            }
            Self::Invalid { .. } | Self::Misplaced { .. } => None,
        }
    }
}

/// How a secret gets into its file without a trace elsewhere.
pub fn fill_in(path: &Path) -> String {
    format!("put the secret into it: `install -m 400 /dev/stdin '{}'`, paste it, Enter, Ctrl-D", path.display())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: Some(line) } => write!(f, "`{}` line {line}", path.display()),
            Self::File { path, line: None } => write!(f, "`{}`", path.display()),
            Self::Variable(name) => write!(f, "`{name}`"),
        }
    }
}
