//! What a failure means to the operator, whatever layer it came from.

use serde::{Deserialize, Serialize};

/// What a failure means to the person or script that has to act on it.
///
/// Every layer's error answers `class()` by an exhaustive match; [`crate::exit::Exit`] follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A bug, or a panic that was caught.
    Internal,
    /// The command line is wrong.
    Usage,
    /// Configuration or a credential is missing or invalid; nothing was sent.
    Config,
    /// The upstream is unreachable, failing or throttling, after retries; running again later is safe.
    Unavailable,
    /// The upstream rejected the credentials.
    Auth,
    /// The upstream refused for good, blocked us, or answered what we cannot read.
    Contract,
    /// A safety guard withheld deletions; upserts are stored.
    Guard,
    /// `--max-runtime` was reached; what was committed stays.
    Deadline,
    /// Another run holds the lock.
    Busy,
    /// The database cannot be used.
    Database,
    /// Another run took over the lease; nothing was written after that.
    LeaseLost,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Class {
    /// All classes, for tests and tables.
    pub const ALL: [Self; 13] = [
        Self::Internal,
        Self::Usage,
        Self::Config,
        Self::Unavailable,
        Self::Auth,
        Self::Contract,
        Self::Guard,
        Self::Deadline,
        Self::Busy,
        Self::Database,
        Self::LeaseLost,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The name used in JSON, in the database and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::Unavailable => "unavailable",
            Self::Auth => "auth",
            Self::Contract => "contract",
            Self::Guard => "guard",
            Self::Deadline => "deadline",
            Self::Busy => "busy",
            Self::Database => "database",
            Self::LeaseLost => "lease-lost",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// The class of that [`name`](Self::name), if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// What to do next when an error has nothing more exact to say.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Internal => "this is a bug in tongbu: run again with `-vv --log-file FILE` and report what it says",
            Self::Usage => "run `tongbu --help`",
            Self::Config => "run `tongbu config check`",
            Self::Unavailable => "run the same command again later: it is safe, and it resumes where this run ended",
            Self::Auth => "renew the credential the configuration refers to, then run `tongbu config check`",
            Self::Contract => "look at `tongbu records show ID`; if the upstream changed its answers, update tongbu",
            Self::Guard => "if the rows are really gone upstream, run again with `--accept-deletes N`",
            Self::Deadline => "run again: it resumes; or give `--max-runtime` more time",
            Self::Busy => "see who holds it with `tongbu locks list`",
            Self::Database => "see `tongbu doctor`",
            Self::LeaseLost => "another run took over and goes on: see `tongbu records list`",
            Self::Interrupted | Self::Terminated => "run again: it resumes where this run ended",
        }
    }

    /// Whether this failure dooms the whole run rather than one scope.
    pub const fn is_fatal(self) -> bool {
        match self {
            Self::Database | Self::LeaseLost | Self::Interrupted | Self::Terminated | Self::Deadline => true,
            Self::Internal
            | Self::Usage
            | Self::Config
            | Self::Unavailable
            | Self::Auth
            | Self::Contract
            | Self::Guard
            | Self::Busy => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Class;

    #[test]
    fn every_class_is_found_by_its_name() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.name()), Some(class));
            let told = serde_json::to_value(class).unwrap();
            assert_eq!(told, class.name());
            assert_eq!(serde_json::from_value::<Class>(told).unwrap(), class);
        }
    }
}
