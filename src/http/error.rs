//! What can go wrong on the network; no text of it carries a query string or a secret.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;

use super::classify::{StatusKind, classify};
use super::retry::{Retry, Retryable};
use crate::error::Class;
use crate::secret::scrub;
use crate::text::safe;

/// A failed request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The profile cannot be used: its base is not `http`, its rate limit lets nothing through, or TLS cannot be set up.
    #[error("cannot talk to {upstream}: {problem}")]
    Profile {
        upstream: &'static str,
        problem: &'static str,
        #[source]
        source: Option<reqwest::Error>,
    },

    /// A header whose value (a credential, mostly) no HTTP message can carry.
    #[error("cannot send header `{name}` to {upstream}: its value holds a line break or a character that is not ASCII")]
    InvalidHeader { upstream: &'static str, name: &'static str },

    #[error("cannot send to {upstream} by method `{}`", safe(method))]
    InvalidMethod { upstream: &'static str, method: String },

    /// A request that would lead elsewhere than to the profile's base.
    #[error("cannot send {}: {problem}", request.to())]
    InvalidRequest { request: RequestLabel, problem: &'static str },

    /// No connection: refused, no such host, TLS broken off.
    #[error("cannot connect to {upstream} at `{origin}`")]
    Connect {
        upstream: &'static str,
        origin: String,
        #[source]
        source: reqwest::Error,
    },

    /// The other side could not prove who it is. Not retried: it may be somebody else, and time alone does not mend a
    /// certificate.
    #[error("cannot trust the certificate of {upstream} at `{origin}`")]
    Certificate {
        upstream: &'static str,
        origin: String,
        #[source]
        source: reqwest::Error,
    },

    #[error("cannot get an answer to {request}: {phase} within {limit:?}")]
    Timeout { request: RequestLabel, phase: Phase, limit: Duration },

    /// The connection ended before the answer did.
    #[error("cannot read the answer to {request}: it was cut off")]
    Truncated {
        request: RequestLabel,
        #[source]
        source: reqwest::Error,
    },

    /// What came breaks the rules of HTTP itself: status line, headers, lengths, chunks.
    #[error("cannot read the answer to {request} as HTTP")]
    NotHttp {
        request: RequestLabel,
        #[source]
        source: reqwest::Error,
    },

    #[error("cannot take the answer to {request}: it is longer than {limit} bytes")]
    BodyTooLarge { request: RequestLabel, limit: u64 },

    /// The body is not compressed the way its head says.
    #[error("cannot decompress the answer to {request}")]
    Decode {
        request: RequestLabel,
        #[source]
        source: reqwest::Error,
    },

    /// A status other than 2xx.
    #[error("cannot use the answer to {request}: {}{}", status_text(*status), excerpt_text(excerpt.as_deref()))]
    Status {
        request: RequestLabel,
        status: u16,
        /// The beginning of the body, without secrets and control characters, where it is text.
        excerpt: Option<String>,
        /// What its `Retry-After` asked for, and until when that is.
        retry_after: Option<(Duration, Timestamp)>,
    },

    /// A good status, but the body is not the JSON we expect; `found` says what it is instead.
    #[error("cannot read the answer to {request}: {found}")]
    Malformed {
        request: RequestLabel,
        found: String,
        #[source]
        source: Option<JsonFault>,
    },

    /// The upstream asked to be left alone for longer than this run can wait; `reason` is what it was refused with.
    #[error("cannot wait for {upstream} until {until}: {reason}")]
    RetryAfterTooFar { upstream: &'static str, until: Timestamp, reason: String },

    /// The run was cancelled, by signal or because its lease was lost.
    #[error("cancelled while talking to {upstream}")]
    Cancelled { upstream: &'static str },

    #[error("cannot go on talking to {upstream}: the run's time is used up")]
    Deadline { upstream: &'static str },
}

/// Which request an error is about: upstream, method and path, never its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLabel {
    pub upstream: &'static str,
    pub method: Box<str>,
    pub path: Box<str>,
}

impl RequestLabel {
    pub(super) fn new(upstream: &'static str, method: &str, path: &str) -> Self {
        let shown = |text: &str| safe(&scrub(text)).into();
        Self { upstream, method: shown(method), path: shown(path) }
    }

    /// For a sentence of sending: "`GET /x` to fairing".
    fn to(&self) -> String {
        format!("`{} {}` to {}", self.method, self.path, self.upstream)
    }
}

impl fmt::Display for RequestLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{} {}` from {}", self.method, self.path, self.upstream)
    }
}

/// What was waited for when the time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Connect,
    FirstByte,
    Idle,
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection",
            Self::FirstByte => "nothing came",
            Self::Idle => "nothing more came",
            Self::Total => "not all of it came",
        })
    }
}

/// What is wrong with a JSON text, without the secrets and control characters that it may hold.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonFault(pub(super) String);

impl Error {
    pub const fn class(&self) -> Class {
        match self {
            Self::Profile { .. } | Self::InvalidHeader { .. } | Self::InvalidMethod { .. } => Class::Config,
            Self::Connect { .. } | Self::Timeout { .. } | Self::Truncated { .. } | Self::RetryAfterTooFar { .. } => {
                Class::Unavailable
            }
            Self::InvalidRequest { .. }
            | Self::Certificate { .. }
            | Self::NotHttp { .. }
            | Self::BodyTooLarge { .. }
            | Self::Decode { .. }
            | Self::Malformed { .. } => Class::Contract,
            Self::Status { status, .. } => match classify(*status) {
                StatusKind::Retryable => Class::Unavailable,
                StatusKind::Refused(class) => class,
                StatusKind::Success => Class::Contract,
            },
            Self::Cancelled { .. } => Class::Interrupted,
            Self::Deadline { .. } => Class::Deadline,
        }
    }

    /// What to do next, where there is something more exact than the class's own hint.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connect { origin, .. } => Some(format!("see what `curl -sS -o /dev/null {origin}` says")),
            Self::Certificate { origin, .. } => Some(format!(
                "check this machine's clock and CA certificates; `curl -sSv -o /dev/null {origin}` shows the certificate"
            )),
            Self::Timeout { request, phase, .. } => {
                let key = phase.setting();
                Some(format!("run again later; if it is only slow, raise `{key}` under `[{}.http]`", request.upstream))
            }
            Self::RetryAfterTooFar { until, .. } => Some(format!("run again after {until}, or at once with `--force`")),
            Self::Status { status: 407, .. } => {
                Some("check the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names".to_owned())
            }
            Self::Profile { .. }
            | Self::InvalidHeader { .. }
            | Self::InvalidMethod { .. }
            | Self::InvalidRequest { .. }
            | Self::Truncated { .. }
            | Self::NotHttp { .. }
            | Self::BodyTooLarge { .. }
            | Self::Decode { .. }
            | Self::Status { .. }
            | Self::Malformed { .. }
            | Self::Cancelled { .. }
            | Self::Deadline { .. } => None,
        }
    }

    /// Whether this is the end of the run (cancelled, deadline) rather than a fault of the upstream.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. } | Self::Deadline { .. })
    }

    /// The status of the answer that was refused, if there was one.
    pub const fn status(&self) -> Option<u16> {
        if let Self::Status { status, .. } = self { Some(*status) } else { None }
    }

    /// The upstream asked to be left alone until then: store it, and let the next run honour it.
    pub const fn not_before(&self) -> Option<Timestamp> {
        if let Self::RetryAfterTooFar { until, .. } | Self::Status { retry_after: Some((_, until)), .. } = self {
            Some(*until)
        } else {
            None
        }
    }
}

impl Phase {
    /// The key of the configuration that sets its limit.
    const fn setting(self) -> &'static str {
        match self {
            Self::Connect => "connect_timeout",
            Self::FirstByte | Self::Idle => "read_timeout",
            Self::Total => "total_timeout",
        }
    }
}

impl Retryable for Error {
    fn retry(&self) -> Retry {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Truncated { .. } => Retry::Backoff,
            Self::Status { status, retry_after, .. } if classify(*status) == StatusKind::Retryable => {
                retry_after.map_or(Retry::Backoff, |(wait, _)| Retry::After(wait))
            }
            Self::Status { .. }
            | Self::Profile { .. }
            | Self::InvalidHeader { .. }
            | Self::InvalidMethod { .. }
            | Self::InvalidRequest { .. }
            | Self::Certificate { .. }
            | Self::NotHttp { .. }
            | Self::BodyTooLarge { .. }
            | Self::Decode { .. }
            | Self::Malformed { .. }
            | Self::RetryAfterTooFar { .. }
            | Self::Cancelled { .. }
            | Self::Deadline { .. } => Retry::Never,
        }
    }
}

/// "status 503 Service Unavailable"; the reason phrase is ours, never the upstream's.
fn status_text(status: u16) -> String {
    match StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("status {status} {reason}"),
        None => format!("status {status}"),
    }
}

fn excerpt_text(excerpt: Option<&str>) -> String {
    excerpt.map(|excerpt| format!(", `{excerpt}`")).unwrap_or_default()
}
