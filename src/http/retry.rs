//! When to try again, and after how long.

use std::time::Duration;

/// What an error says about another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Another try changes nothing.
    Never,
    /// Try again after a backoff.
    Backoff,
    /// The upstream said how long to wait.
    After(Duration),
}

/// An error of an attempt that may ask for another one. Upstreams whose answers carry their own error codes implement
/// it for their own errors.
pub trait Retryable {
    fn retry(&self) -> Retry;
}
