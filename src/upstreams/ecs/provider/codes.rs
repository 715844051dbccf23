//! What a provider's refusal means, by the text of its error code.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use super::xml;
use crate::error::Class;
use crate::http::json::repaired;
use crate::http::{Retry, Retryable};
use crate::secret;
use crate::upstreams::{Error, UpstreamSpecific};

/// Providers explain themselves at length, signature failures with the whole canonical request.
const MAX_MESSAGE_CHARS: usize = 200;

/// Parts of messages, in lower case, that say that the time of a request is the reason, whatever the code.
const CLOCK_WORDS: [&str; 3] = ["signature expired", "signature not yet current", "request has expired"];

/// The strictest provider accepts requests that are this old.
const MAX_CLOCK_OFFSET: SignedDuration = SignedDuration::from_mins(5);

/// What a refusal means. What goes wrong before there is an answer is the HTTP client's to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The access key is wrong: it would be refused everywhere, so the account stops.
    KeyRejected,
    /// The access key is wrong, or only not valid in this region: other answers to the same key decide.
    KeyDoubted,
    /// The access key is right and may not do this here: only this region fails.
    NotPermitted,
    /// The time of the request is not the provider's: every request would be refused, so the account stops.
    ClockOff,
    /// Too many calls: wait, then again.
    Throttled,
    /// The provider failed, or the nonce was seen before: again, signed afresh.
    Server,
    /// There is no such region, or it does not do this.
    Region,
    /// An instance that was named by its id is not there.
    UnknownInstance,
    /// The call, or its answer, is not understood.
    Bad,
}

impl Kind {
    const fn is_auth(self) -> bool {
        matches!(self, Self::KeyRejected | Self::KeyDoubted | Self::NotPermitted | Self::ClockOff)
    }
}

/// A provider's codes by what they mean. A `*` matches any text; the most exact pattern that fits counts. A status, such
/// as `403`, is a pattern for the answers whose code is none of the others.
pub struct Codes(pub &'static [(Kind, &'static [&'static str])]);

impl Codes {
    /// The code's kind; the HTTP status counts only where no pattern fits the code.
    fn classify(&self, code: Option<&str>, status: u16) -> Kind {
        let of_status = || match status {
            429 => Kind::Throttled,
            408 | 500.. => Kind::Server,
            401 => Kind::KeyDoubted,
            // With an unknown code it may be any rule of the provider's business.
            403 if code.is_none() => Kind::KeyDoubted,
            _ => Kind::Bad,
        };
        code.and_then(|code| self.find(code)).or_else(|| self.find(&status.to_string())).unwrap_or_else(of_status)
    }

    fn find(&self, word: &str) -> Option<Kind> {
        best_match(self.0, word)
    }
}

/// What the word means, by the most exact pattern that fits it.
pub fn best_match<T: Copy>(meanings: &[(T, &[&str])], word: &str) -> Option<T> {
    let fitting = meanings.iter().flat_map(|(meaning, patterns)| {
        patterns.iter().filter_map(move |pattern| Some((exactness(pattern, word)?, *meaning)))
    });
    fitting.max_by_key(|(exactness, _)| *exactness).map(|(_, meaning)| meaning)
}

/// How much of the code the pattern spells out; `None` where it does not fit.
fn exactness(pattern: &str, code: &str) -> Option<usize> {
    let mut parts = pattern.split('*');
    let mut rest = code.strip_prefix(parts.next()?)?;
    let Some(end) = parts.next_back() else { return rest.is_empty().then_some(usize::MAX) };
    for part in parts {
        rest = rest.split_once(part)?.1;
    }
    rest.ends_with(end).then(|| pattern.len() - pattern.matches('*').count())
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    pub kind: Kind,
    /// The provider's own word for it.
    pub code: Option<String>,
    message: String,
    wait: Option<Duration>,
}

impl ProviderError {
    /// Reads a refusal from the body of an answer: JSON or XML, whatever surrounds its code.
    pub fn refused(codes: &Codes, status: u16, body: &[u8]) -> Self {
        let refusal = decode_any(body).as_ref().and_then(find_refusal).unwrap_or_default();
        let message = refusal.message.as_deref().unwrap_or_default().to_lowercase();
        let is_of_clock = CLOCK_WORDS.iter().any(|words| message.contains(words));
        let kind = if is_of_clock { Kind::ClockOff } else { codes.classify(refusal.code.as_deref(), status) };
        let message = match &refusal.code {
            None => format!("HTTP status {status} without a readable error code"),
            Some(code) => describe(code, &refusal),
        };
        Self { kind, code: refusal.code, message, wait: None }
    }

    /// An answer that is not what its documentation says.
    pub fn unreadable(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Bad, code: None, message: reason.into(), wait: None }
    }

    /// The answer holds nothing of what was requested by its id.
    pub fn gone() -> Self {
        let message = "the answer holds no such row".to_owned();
        Self { kind: Kind::UnknownInstance, code: None, message, wait: None }
    }

    /// The provider did not confirm that the account may list instances.
    pub fn unconfirmed() -> Self {
        let message = "the listing is empty and the provider does not confirm that this account may read it".to_owned();
        Self { kind: Kind::NotPermitted, code: None, message, wait: None }
    }

    /// With the time the provider asks to wait.
    #[must_use]
    pub fn with_wait(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait;
        self
    }

    /// With what the answer's own date says of this machine's clock, which is `ahead` of it. A refused request that is
    /// far from the provider's time is refused for its time, whatever its code.
    #[must_use]
    pub fn with_clock(mut self, ahead: Option<SignedDuration>) -> Self {
        let offset = ahead.unwrap_or_default();
        if !self.kind.is_auth() || (self.kind != Kind::ClockOff && offset.abs() <= MAX_CLOCK_OFFSET) {
            return self;
        }
        self.kind = Kind::ClockOff;
        let code = self.code.as_deref().unwrap_or("no error code");
        let span = humantime::format_duration(Duration::from_secs(offset.as_secs().unsigned_abs()));
        self.message = match offset.as_secs() {
            0 => format!("this machine's clock is not the provider's (`{code}`)"),
            1.. => format!("this machine's clock is {span} ahead of the provider's (`{code}`)"),
            _ => format!("this machine's clock is {span} behind the provider's (`{code}`)"),
        };
        self
    }

    /// As the error of a scope; `context` says what for, such as ``cannot list instances of `prod` in `cn-hangzhou` ``.
    pub fn into_error(self, context: String) -> Error {
        let retry = self.retry();
        let reason = self.message;
        let auth_with_hint = |hint: &str| {
            let error = format!("{context}: {reason}").into();
            UpstreamSpecific { class: Class::Auth, hint: Some(hint.to_owned()), error }.into()
        };
        match self.kind {
            Kind::ClockOff => auth_with_hint("set this machine's clock, such as by `timedatectl set-ntp true`"),
            Kind::NotPermitted => {
                auth_with_hint("let the access key's user read instances in this region, or leave the region out")
            }
            Kind::KeyRejected | Kind::KeyDoubted => Error::Auth { context, reason },
            Kind::Throttled | Kind::Server => Error::Unavailable { context, reason, retry },
            Kind::Region | Kind::UnknownInstance | Kind::Bad => Error::Contract { context, reason },
        }
    }
}

impl Retryable for ProviderError {
    fn retry(&self) -> Retry {
        match self.kind {
            Kind::Throttled => Retry::Throttled(self.wait),
            Kind::Server => self.wait.map_or(Retry::Backoff, Retry::After),
            Kind::KeyRejected
            | Kind::KeyDoubted
            | Kind::NotPermitted
            | Kind::ClockOff
            | Kind::Region
            | Kind::UnknownInstance
            | Kind::Bad => Retry::Never,
        }
    }
}

/// A body of either kind, JSON or XML, however it is labelled; `None` where it is neither.
fn decode_any(body: &[u8]) -> Option<Value> {
    match xml::decode(body) {
        Ok((_, document)) => Some(document),
        Err(_) => serde_json::from_slice(&repaired(body)).ok(),
    }
}

/// What a refusal says of itself.
#[derive(Debug, Default)]
struct Refusal {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

/// The outermost object with a code, the message beside it, and the request's id wherever it is.
fn find_refusal(answer: &Value) -> Option<Refusal> {
    let text = |object: &Value, names: &[&str]| {
        names.iter().find_map(|name| object.get(name)?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut level = vec![answer];
    let mut request_id = None;
    while !level.is_empty() {
        for object in &level {
            request_id = request_id.or_else(|| text(object, &["RequestId", "RequestID", "requestId", "request_id"]));
            if let Some(code) = text(object, &["Code", "code", "__type", "error_code", "errorCode"]) {
                // The JSON protocols of AWS put a namespace before it.
                let code = code.rsplit('#').next().map(str::to_owned);
                let message = text(object, &["Message", "message", "error_msg", "errorMsg"]);
                return Some(Refusal { code, message, request_id });
            }
        }
        level = level.into_iter().flat_map(children).collect();
    }
    None
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn describe(code: &str, refusal: &Refusal) -> String {
    let mut text = format!("`{code}`");
    if code.starts_with("SignatureDoesNotMatch") || code.contains("SignatureFailure") {
        // Its message repeats the signed request, the access key's id included.
        text.push_str(": the access key's secret does not belong to its id");
    } else if let Some(message) = &refusal.message {
        text.push_str(": ");
        text.push_str(&shorten(message));
    }
    if let Some(request_id) = &refusal.request_id {
        let _ = write!(text, " (request `{}`)", shorten(request_id));
    }
    text
}

fn shorten(text: &str) -> Cow<'_, str> {
    let scrubbed = secret::scrub(text.trim());
    match scrubbed.char_indices().nth(MAX_MESSAGE_CHARS) {
        None => scrubbed,
        Some((end, _)) => Cow::Owned(format!("{}…", &scrubbed[..end])),
    }
}

#[cfg(test)]
mod tests;
