//! What can go wrong on the network. No message carries a query string or a secret.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;

use super::classify::{StatusKind, classify};
use super::excerpt::shorten;
use super::label::RequestLabel;
use super::retry::{Retry, Retryable};
use crate::error::Class;
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

    /// A request that would leave the profile's base URL.
    #[error("{}: cannot send {request}: {problem}", request.upstream)]
    InvalidRequest { request: RequestLabel, problem: &'static str },

    /// No connection: refused, no such host, TLS failed.
    #[error("cannot connect to {upstream} at `{origin}`")]
    Connect {
        upstream: &'static str,
        origin: String,
        #[source]
        source: reqwest::Error,
    },

    /// The server's certificate is not valid. Not retried: it may be another server, and time alone does not mend a
    /// certificate.
    #[error("cannot trust the certificate of {upstream} at `{origin}`")]
    Certificate {
        upstream: &'static str,
        origin: String,
        #[source]
        source: reqwest::Error,
    },

    /// A proxy refused to open a tunnel because it does not know us.
    #[error("cannot connect to {upstream}: {proxy} requires a login")]
    ProxyAuth { upstream: &'static str, proxy: String },

    #[error("{}: {phase} within {limit:?} for {request}", request.upstream)]
    Timeout { request: RequestLabel, phase: Phase, limit: Duration },

    /// The connection ended before the response did.
    #[error("{}: response to {request} was cut off", request.upstream)]
    Truncated {
        request: RequestLabel,
        #[source]
        source: Option<reqwest::Error>,
    },

    /// A 200 without a body: something between us and the upstream broke, for every answer of these APIs has one.
    #[error("{}: response to {request} is empty", request.upstream)]
    Empty { request: RequestLabel },

    /// The response breaks the rules of HTTP itself: status line, headers, lengths, chunks.
    #[error("{}: response to {request} is not valid HTTP", request.upstream)]
    NotHttp {
        request: RequestLabel,
        #[source]
        source: reqwest::Error,
    },

    #[error("{}: response to {request} is longer than {limit} bytes", request.upstream)]
    BodyTooLarge { request: RequestLabel, limit: u64 },

    /// The body is not compressed the way its head says.
    #[error("{}: cannot decompress the response to {request}", request.upstream)]
    Decode {
        request: RequestLabel,
        #[source]
        source: std::io::Error,
    },

    /// A status other than 2xx.
    #[error("{}: {} from {request}{}", request.upstream, status_text(*status), excerpt_text(excerpt.as_deref()))]
    Status {
        request: RequestLabel,
        status: u16,
        /// The beginning of the body, without secrets and control characters, where it is text.
        excerpt: Option<Box<str>>,
        /// What to do, where the response's head says more than its status.
        hint: Option<Box<str>>,
        /// The wait its `Retry-After` requests, and the time it ends.
        retry_after: Option<(Duration, Timestamp)>,
    },

    /// A 2xx status, but the body is not the JSON we expect; `found` says what it is instead.
    #[error("{}: cannot read the response to {request}: {found}", request.upstream)]
    Malformed {
        request: RequestLabel,
        found: String,
        #[source]
        source: Option<JsonFault>,
    },

    /// The upstream requests a longer wait than this run can make; `reason` is the error of the last try.
    #[error("cannot wait for {upstream} until {until}: {reason}")]
    RetryAfterTooFar { upstream: &'static str, until: Timestamp, reason: String },

    /// The run was cancelled, by signal or because its lease was lost.
    #[error("cancelled while talking to {upstream}")]
    Cancelled { upstream: &'static str },

    #[error("stopped talking to {upstream}: the run's time is used up")]
    Deadline { upstream: &'static str },
}

/// What the client waited for when a time limit passed.
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
            Self::FirstByte => "no response",
            Self::Idle => "no further data",
            Self::Total => "no complete response",
        })
    }
}

/// What is wrong with a JSON text, without the secrets and control characters that it may hold.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonFault(String);

impl JsonFault {
    /// What the parser says, without the value that it found.
    pub fn of(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let end = text.rfind(", expected ").filter(|_| error.is_data());
        // The value is quoted behind what kind of value it is.
        let value = end.and_then(|end| text[..end].find(['"', '`']).map(|begin| begin..end));
        Self(match value {
            Some(value) => shorten(&[text[..value.start].trim_end(), &text[value.end..]].concat()),
            None => shorten(&text),
        })
    }
}

impl Error {
    pub const fn class(&self) -> Class {
        match self {
            Self::Profile { .. } | Self::InvalidHeader { .. } | Self::InvalidMethod { .. } | Self::ProxyAuth { .. } => {
                Class::Config
            }
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Truncated { .. }
            | Self::Empty { .. }
            | Self::RetryAfterTooFar { .. } => Class::Unavailable,
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

    /// What to do next, where something more exact than the class's hint is known.
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
            Self::Status { hint, .. } => hint.as_deref().map(str::to_owned),
            Self::ProxyAuth { proxy, .. } => Some(format!("check the user name and the password of {proxy}")),
            Self::Profile { .. }
            | Self::InvalidHeader { .. }
            | Self::InvalidMethod { .. }
            | Self::InvalidRequest { .. }
            | Self::Truncated { .. }
            | Self::Empty { .. }
            | Self::NotHttp { .. }
            | Self::BodyTooLarge { .. }
            | Self::Decode { .. }
            | Self::Malformed { .. }
            | Self::Cancelled { .. }
            | Self::Deadline { .. } => None,
        }
    }

    /// Whether the run ends (cancelled, deadline), rather than the upstream failing.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. } | Self::Deadline { .. })
    }

    /// The status of the response, where that is the error.
    pub const fn status(&self) -> Option<u16> {
        if let Self::Status { status, .. } = self { Some(*status) } else { None }
    }

    /// The time before which the upstream accepts no further request: store it, and let the next run honour it.
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
        if let Self::Connect { .. } | Self::Timeout { .. } | Self::Truncated { .. } | Self::Empty { .. } = self {
            return Retry::Backoff;
        }
        let Self::Status { status, retry_after, .. } = self else { return Retry::Never };
        match classify(*status) {
            StatusKind::Retryable => retry_after.map_or(Retry::Backoff, |(wait, _)| Retry::After(wait)),
            StatusKind::Success | StatusKind::Refused(_) => Retry::Never,
        }
    }
}

/// "503 Service Unavailable"; the reason phrase is ours, never the upstream's.
fn status_text(status: u16) -> String {
    match StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => format!("status {status}"),
    }
}

fn excerpt_text(excerpt: Option<&str>) -> String {
    excerpt.map(|excerpt| format!(": `{excerpt}`")).unwrap_or_default()
}
