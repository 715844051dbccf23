//! What can go wrong in a pass.

use std::fmt;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;

use crate::error::Class;
use crate::http::{Retry, Retryable};
use crate::{config, http, store};

/// Why a scope, or a whole pass, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error(transparent)]
    Config(#[from] config::Error),
    /// What an upstream's own machinery says.
    #[error(transparent)]
    UpstreamSpecific(#[from] UpstreamSpecific),
    /// An error that several scopes end with: all that an account has.
    #[error(transparent)]
    Shared(Arc<Self>),
    /// The command line asks for what the configuration does not have.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// The upstream answered something its documented shape does not allow.
    #[error("{context}: {reason}")]
    Contract { context: String, reason: String },
    /// The upstream rejected the credentials in its answer's body.
    #[error("{context}: {reason}")]
    Auth { context: String, reason: String },
    /// The upstream says in its answer's body that it cannot answer now.
    #[error("{context}: {reason}")]
    Unavailable { context: String, reason: String, retry: Retry },
    /// The upstream suspects us, or has had enough of us: it is left alone until then.
    #[error("{context}: blocked by the upstream ({sign})")]
    Blocked { context: String, sign: String, until: Timestamp },
    /// Deletions were withheld.
    #[error(transparent)]
    Guard(#[from] super::guard::Withheld),
    /// The run is to end: a signal, `--max-runtime`.
    #[error("cancelled")]
    Cancelled,
    /// A bug that was caught.
    #[error("panicked: {message}")]
    Panic { message: String },
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
}

/// An error of a kind that only one upstream knows.
#[derive(Debug)]
pub struct UpstreamSpecific {
    pub class: Class,
    pub hint: Option<String>,
    pub error: Box<dyn std::error::Error + Send + Sync>,
}

impl fmt::Display for UpstreamSpecific {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for UpstreamSpecific {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl Error {
    /// A setting that is missing or wrong; `key` is its dotted path.
    pub fn invalid(key: &str, reason: impl Into<String>) -> Self {
        Self::Config(config::Error::Invalid { key: key.to_owned(), reason: reason.into() })
    }

    pub fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Http(error) => error.class(),
            Self::Config(error) => error.class(),
            Self::UpstreamSpecific(own) => own.class,
            Self::Shared(error) => error.class(),
            Self::Usage { .. } => Class::Usage,
            Self::Contract { .. } | Self::Blocked { .. } => Class::Contract,
            Self::Auth { .. } => Class::Auth,
            Self::Unavailable { .. } => Class::Unavailable,
            Self::Guard(_) => Class::Guard,
            Self::Cancelled => Class::Interrupted,
            Self::Panic { .. } | Self::Runtime(_) => Class::Internal,
        }
    }

    /// What to do next; the class's own hint where there is nothing more exact.
    pub fn hint(&self) -> String {
        let exact = match self {
            Self::Store(error) => error.hint(),
            Self::Http(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::UpstreamSpecific(own) => own.hint.clone(),
            Self::Shared(error) => return error.hint(),
            Self::Usage { hint, .. } => hint.clone(),
            Self::Guard(withheld) => Some(withheld.hint()),
            Self::Blocked { until, .. } => Some(format!("run again after {until}, or at once with `--force`")),
            Self::Contract { .. }
            | Self::Auth { .. }
            | Self::Unavailable { .. }
            | Self::Cancelled
            | Self::Panic { .. }
            | Self::Runtime(_) => None,
        };
        exact.unwrap_or_else(|| self.class().hint().to_owned())
    }

    /// When the scope may ask again, where the upstream said so.
    pub fn not_before(&self) -> Option<Timestamp> {
        if let Self::Shared(error) = self {
            return error.not_before();
        }
        if let Self::Blocked { until, .. } = self { Some(*until) } else { self.http()?.not_before() }
    }

    /// The error of the HTTP client, where that is it.
    fn http(&self) -> Option<&http::Error> {
        if let Self::Http(error) = self { Some(error) } else { None }
    }
}

impl Retryable for Error {
    fn retry(&self) -> Retry {
        if let Self::Shared(error) = self {
            return error.retry();
        }
        if let Self::Unavailable { retry, .. } = self {
            return *retry;
        }
        self.http().map_or(Retry::Never, Retryable::retry)
    }
}
