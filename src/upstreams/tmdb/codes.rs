//! What a refusal of TMDB means, by the code in its body.
//!
//! Codes: the public documentation, "Errors".

use std::time::Duration;

use serde_json::Value;

use crate::error::Class;
use crate::http::{Retry, StatusKind, classify};
use crate::secret;
use crate::upstreams::{Error, UpstreamSpecific};

/// What an upstream says may have any length; an error shows this much of it.
const MAX_MESSAGE_CHARS: usize = 200;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: u64,
    message: String,
    meaning: Meaning,
}

/// What follows from a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Auth,
    Throttled,
    Unavailable,
    /// There is no such film.
    Gone,
    Contract,
}

impl Refusal {
    /// The refusal in an answer of that status, if it is one: its body says that it failed.
    pub fn of(status: u16, document: &Value) -> Option<Self> {
        let code = document.get("status_code")?.as_u64()?;
        let is_good = matches!(classify(status), StatusKind::Success);
        if is_good && document.get("success").and_then(Value::as_bool) != Some(false) {
            return None;
        }
        let message = document.get("status_message").and_then(Value::as_str).unwrap_or_default();
        // Scrubs first: what is left of a secret after a cut would not be recognised.
        let message = secret::scrub(message).chars().take(MAX_MESSAGE_CHARS).collect();
        Some(Self { code, message, meaning: meaning(code).unwrap_or_else(|| meaning_of_status(status)) })
    }

    /// Whether it says that there is no such film.
    pub fn is_gone(&self) -> bool {
        self.meaning == Meaning::Gone
    }

    /// What it says.
    pub fn sign(&self) -> String {
        format!("code {}: {}", self.code, self.message)
    }

    /// The error of a pass; `wait` is how long the upstream wants to be left alone, `clock_hint` what to do where our clock
    /// is far from its own.
    pub fn into_error(self, context: String, wait: Option<Duration>, clock_hint: Option<String>) -> Error {
        let reason = self.sign();
        match self.meaning {
            Meaning::Auth if clock_hint.is_some() => {
                let error = format!("{context}: {reason}").into();
                UpstreamSpecific { class: Class::Auth, hint: clock_hint, error }.into()
            }
            Meaning::Auth => Error::Auth { context, reason },
            Meaning::Throttled => Error::Unavailable { context, reason, retry: Retry::Throttled(wait) },
            Meaning::Unavailable => {
                Error::Unavailable { context, reason, retry: wait.map_or(Retry::Backoff, Retry::After) }
            }
            Meaning::Gone | Meaning::Contract => Error::Contract { context, reason },
        }
    }
}

/// `None` where the code is none that is documented.
const fn meaning(code: u64) -> Option<Meaning> {
    match code {
        3 | 7 | 10 | 14 | 16 | 17 | 30..=33 | 35 | 36 | 38 | 39 | 45 => Some(Meaning::Auth),
        25 => Some(Meaning::Throttled),
        9 | 11 | 15 | 24 | 43 | 46 => Some(Meaning::Unavailable),
        6 | 34 => Some(Meaning::Gone),
        5 | 20 | 22 | 23 | 27 | 47 => Some(Meaning::Contract),
        _ => None,
    }
}

const fn meaning_of_status(status: u16) -> Meaning {
    match classify(status) {
        StatusKind::Refused(Class::Auth) => Meaning::Auth,
        StatusKind::Retryable if status == 429 => Meaning::Throttled,
        StatusKind::Retryable | StatusKind::Refused(Class::Unavailable) => Meaning::Unavailable,
        StatusKind::Success | StatusKind::Refused(_) => Meaning::Contract,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Refusal;
    use crate::error::Class;

    /// The class of a refusal with that code, and whether it means that a film is gone.
    fn check(status: u16, code: u64, expected: Class, is_gone: bool) {
        let body = json!({"success": false, "status_code": code, "status_message": "no"});
        let refusal = Refusal::of(status, &body).unwrap();
        assert_eq!(refusal.is_gone(), is_gone, "{code}");
        let error = refusal.into_error("cannot fetch `/movie/1`".to_owned(), None, None);
        assert_eq!(error.class(), expected, "{code}");
        assert_eq!(error.to_string(), format!("cannot fetch `/movie/1`: code {code}: no"));
    }

    #[test]
    fn every_documented_code_has_its_class() {
        for code in [3, 7, 10, 14, 16, 17, 30, 31, 32, 33, 35, 36, 38, 39, 45] {
            check(401, code, Class::Auth, false);
        }
        for code in [9, 11, 15, 24, 43, 46] {
            check(503, code, Class::Unavailable, false);
        }
        check(429, 25, Class::Unavailable, false);
        for code in [6, 34] {
            check(404, code, Class::Contract, true);
        }
        for code in [5, 20, 22, 23, 27, 47] {
            check(400, code, Class::Contract, false);
        }
    }

    #[test]
    fn an_unknown_code_is_judged_by_its_status() {
        for (status, class) in
            [(401, Class::Auth), (429, Class::Unavailable), (502, Class::Unavailable), (404, Class::Contract)]
        {
            check(status, 999, class, false);
        }
    }

    #[test]
    fn an_answer_is_a_refusal_only_where_it_says_so() {
        for (status, body, is_refusal) in [
            (200, json!({"id": 1}), false),
            (200, json!({"success": true, "status_code": 1}), false),
            (200, json!({"success": false, "status_code": 7}), true),
            (401, json!({"status_code": 7, "status_message": "Invalid API key"}), true),
            (404, json!({"error": "no route"}), false),
            (404, json!("<html>"), false),
        ] {
            assert_eq!(Refusal::of(status, &body).is_some(), is_refusal, "{status} {body}");
        }
    }
}
