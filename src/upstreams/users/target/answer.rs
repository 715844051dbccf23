//! What a target's answer to a request means.

use std::time::Duration;

use crate::error::{Class, full_message};
use crate::upstreams::Error;

/// The answer to a request.
#[derive(Debug)]
pub enum Answer {
    Accepted,
    /// The target knows of a later event and left everything as it is.
    Superseded,
    Failed(Failure),
    /// The run ended before an answer came.
    Ended,
}

/// A request that was not accepted.
#[derive(Clone, Debug)]
pub struct Failure {
    pub cause: Cause,
    pub class: Class,
    pub error: String,
    /// What a person can do about it.
    pub hint: String,
    /// How long the target wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// Whose failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The target's: no answer came, or it would be the same for every event.
    Target,
    /// The target's or the event's: the answers to other users' events show which.
    Unclear,
    /// The event's.
    Event,
    /// The event's, and every further attempt would fail the same way.
    Permanent,
}

impl Answer {
    /// The answer where the request failed.
    pub fn failed(error: &Error, cause: Cause, retry_after: Option<Duration>) -> Self {
        let class = error.class();
        if class.is_fatal() {
            return Self::Ended;
        }
        Self::Failed(Failure { cause, class, error: full_message(error), hint: error.hint(), retry_after })
    }

    /// The answer where what we stored cannot be sent.
    pub fn unreadable(seq: i64, error: &serde_json::Error) -> Self {
        let error = format!("cannot read the stored event {seq}: {error}");
        let (class, hint) = (Class::Internal, Class::Internal.hint().to_owned());
        Self::Failed(Failure { cause: Cause::Permanent, class, error, hint, retry_after: None })
    }
}
