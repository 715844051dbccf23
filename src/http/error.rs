//! What can go wrong on the network; no text of it carries a query string or a secret.

use jiff::Timestamp;

use super::retry::{Retry, Retryable};
use crate::error::Class;

/// A failed request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run was cancelled, by signal or because its lease was lost.
    #[error("cancelled while talking to {upstream}")]
    Cancelled { upstream: &'static str },
}

impl Error {
    pub const fn class(&self) -> Class {
        match self {
            Self::Cancelled { .. } => Class::Interrupted,
        }
    }

    /// What to do next, where there is something more exact than the class's own hint.
    pub fn hint(&self) -> Option<String> {
        None
    }

    /// Whether this is the end of the run (cancelled, deadline) rather than a fault of the upstream.
    pub const fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled { .. } => true,
        }
    }

    /// The status of the answer that was refused, if there was one.
    pub const fn status(&self) -> Option<u16> {
        None
    }

    /// The upstream asked to be left alone until then, further away than this run can wait: store it.
    pub const fn not_before(&self) -> Option<Timestamp> {
        None
    }
}

impl Retryable for Error {
    fn retry(&self) -> Retry {
        Retry::Never
    }
}
