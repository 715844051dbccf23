//! What a failure means to the operator, whatever layer it came from.

use std::error::Error;
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What a failure means to the person or script that has to act on it.
///
/// Every layer's error answers `class()` by an exhaustive match; [`crate::exit::Exit`] follows from it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
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
    /// SIGHUP.
    Hangup,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Class {
    /// All classes, for tests and tables.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name used in JSON, in the database and in logs.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// What to do next when an error has nothing more exact to say.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Internal => "this is a bug in tongbu: run again with `-vv --log-file FILE` and report what it says",
            Self::Usage => "run `tongbu --help`",
            Self::Config => "run `tongbu config check`",
            Self::Unavailable => "run the same command again later: it is safe, and it resumes where this run ended",
            Self::Auth => "renew the credential the configuration refers to, then run `tongbu doctor`",
            Self::Contract => {
                "look at the run with `tongbu records show last`; if the upstream changed its answers, update tongbu"
            }
            Self::Guard => "if the rows are really gone upstream, run again with `--accept-deletes N`",
            Self::Deadline => "run again: it resumes; or give `--max-runtime` more time",
            Self::Busy => "see who holds it with `tongbu locks list`",
            Self::Database => "see `tongbu doctor`",
            Self::LeaseLost => "another run took over and goes on: see `tongbu records list`",
            Self::Hangup | Self::Interrupted | Self::Terminated => "run again: it resumes where this run ended",
        }
    }

    /// Whether this failure ends the whole run rather than one scope.
    pub const fn is_fatal(self) -> bool {
        match self {
            Self::Database | Self::LeaseLost | Self::Hangup | Self::Interrupted | Self::Terminated | Self::Deadline => {
                true
            }
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

/// The errors behind an error, nearest first; without those that the one before has said already.
pub fn causes<'a>(error: &'a dyn Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut before = error.to_string();
    std::iter::successors(error.source(), |&cause| cause.source()).filter(move |cause| {
        let text = cause.to_string();
        let is_said = before.ends_with(&text);
        if !is_said {
            before = text;
        }
        !is_said
    })
}

/// The error and its causes in one line.
pub fn full_message(error: &dyn Error) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The first error of that type: the error itself or one behind it.
pub fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    // An I/O error names as its source that of the error it wraps, not the wrapped error.
    let wrapped =
        error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).map(|wrapped| wrapped as &(dyn Error + 'static));
    error.downcast_ref().or_else(|| find_cause(wrapped.or(error.source())?))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Class, causes, find_cause, full_message};

    #[test]
    fn class_names_are_the_same_in_json_and_parse_back() {
        assert_eq!(Class::LeaseLost.name(), "lease-lost");
        for class in Class::ALL {
            assert_eq!(class.name().parse(), Ok(*class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot send")]
    struct Outer(#[source] io::Error);

    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("bad certificate")]
    struct Inner;

    #[derive(Debug, thiserror::Error)]
    #[error("permanent error (554): {0}")]
    struct Repeating(#[source] Inner);

    #[test]
    fn cause_that_was_said_already_is_not_said_again() {
        assert_eq!(full_message(&Repeating(Inner)), "permanent error (554): bad certificate");
    }

    #[test]
    fn error_chain_is_walked_through_wrapping_io_errors() {
        let error = Outer(io::Error::other(io::Error::other(Inner)));
        assert_eq!(full_message(&error), "cannot send: bad certificate");
        assert_eq!(causes(&error).count(), 1);
        assert_eq!(find_cause(&error), Some(&Inner));
        assert!(find_cause::<serde_json::Error>(&error).is_none());
    }
}
