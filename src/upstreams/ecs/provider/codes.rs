//! What a provider's refusal means, told by the text of its error code.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::answer;
use crate::http::{Retry, Retryable};
use crate::secret;
use crate::upstreams::Error;

/// Providers explain themselves at length, signature failures with the whole canonical request.
const MAX_MESSAGE_CHARS: usize = 200;

/// What a refusal means. What goes wrong before an answer is there is the HTTP client's to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The credential is wrong or may not do this: the whole account stops.
    Auth,
    /// Too many calls: wait, then again.
    Throttled,
    /// The provider failed, or the nonce was seen before: again, signed afresh.
    Server,
    /// There is no such region, or it does not do this.
    Region,
    /// An instance that was asked for by its id is not there.
    UnknownInstance,
    /// The call, or its answer, is not understood.
    Bad,
}

/// A provider's codes by what they mean; a trailing `*` stands for any ending. The first kind that fits counts, in the
/// order of the fields.
pub struct Codes {
    pub auth: &'static [&'static str],
    pub throttled: &'static [&'static str],
    pub server: &'static [&'static str],
    pub unknown_instance: &'static [&'static str],
    pub region: &'static [&'static str],
}

impl Codes {
    /// The code's kind; the HTTP status counts only where the code tells nothing.
    fn classify(&self, code: Option<&str>, status: u16) -> Kind {
        let by_code = code.and_then(|code| {
            [
                (self.auth, Kind::Auth),
                (self.throttled, Kind::Throttled),
                (self.server, Kind::Server),
                (self.unknown_instance, Kind::UnknownInstance),
                (self.region, Kind::Region),
            ]
            .into_iter()
            .find(|(patterns, _)| patterns.iter().any(|pattern| fits(pattern, code)))
            .map(|(_, kind)| kind)
        });
        by_code.unwrap_or(match status {
            429 => Kind::Throttled,
            408 | 500.. => Kind::Server,
            401 => Kind::Auth,
            // With an unknown code it may be any rule of the provider's business.
            403 if code.is_none() => Kind::Auth,
            _ => Kind::Bad,
        })
    }
}

fn fits(pattern: &str, code: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == code, |start| code.starts_with(start))
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
        let refusal = answer::decode_any(body).as_ref().and_then(find_refusal).unwrap_or_default();
        let kind = codes.classify(refusal.code.as_deref(), status);
        let message = match &refusal.code {
            None => format!("HTTP status {status} without a readable error code"),
            Some(code) => tell(code, &refusal),
        };
        Self { kind, code: refusal.code, message, wait: None }
    }

    /// An answer that is not what its documentation says.
    pub fn unreadable(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Bad, code: None, message: reason.into(), wait: None }
    }

    /// The provider did not confirm that the account may list instances.
    pub fn unconfirmed() -> Self {
        let message = "the listing is empty and the provider does not confirm that this account may read it".to_owned();
        Self { kind: Kind::Auth, code: None, message, wait: None }
    }

    /// With the time the provider asks to wait.
    #[must_use]
    pub fn after(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait;
        self
    }

    /// As the error of a scope; `context` says what for, such as ``cannot list instances of `prod` in `cn-hangzhou` ``.
    pub fn into_error(self, context: String) -> Error {
        let retry = self.retry();
        let reason = self.message;
        match self.kind {
            Kind::Auth => Error::Auth { context, reason },
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
            Kind::Auth | Kind::Region | Kind::UnknownInstance | Kind::Bad => Retry::Never,
        }
    }
}

/// What a refusal says of itself.
#[derive(Debug, Default)]
struct Refusal {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

/// The outermost object with a code. Where the message stands beside it, and the request's id anywhere.
fn find_refusal(answer: &Value) -> Option<Refusal> {
    let text = |object: &Value, names: &[&str]| {
        names.iter().find_map(|name| object.get(name)?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut level = vec![answer];
    let mut request_id = None;
    while !level.is_empty() {
        for object in &level {
            request_id = request_id.or_else(|| text(object, &["RequestId", "RequestID", "requestId", "request_id"]));
            if let Some(code) = text(object, &["Code", "code", "__type"]) {
                // The JSON protocols of AWS put a namespace before it.
                let code = code.rsplit('#').next().map(str::to_owned);
                return Some(Refusal { code, message: text(object, &["Message", "message"]), request_id });
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

fn tell(code: &str, refusal: &Refusal) -> String {
    let mut told = format!("`{code}`");
    if code.starts_with("SignatureDoesNotMatch") || code.contains("SignatureFailure") {
        // Its message repeats the signed request, the access key's id included.
        told.push_str(": the access key's secret does not belong to its id");
    } else if let Some(message) = &refusal.message {
        told.push_str(": ");
        told.push_str(&shorten(message));
    }
    if let Some(request_id) = &refusal.request_id {
        let _ = write!(told, " (request `{}`)", shorten(request_id));
    }
    told
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
