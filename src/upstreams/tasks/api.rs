//! The requests to the platform, and what its answers mean.
//!
//! Every answer is HTTP 200 with a `code` in its body; 200 is the only good one.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::config::{Config, Credentials};
use super::window::{Period, written};
use crate::error::Class;
use crate::http::json::repaired;
use crate::http::strict::Strict;
use crate::http::{JsonFault, Request, Retry, StatusKind, classify};
use crate::secret::{self, Secret};
use crate::upstreams::Error;
use crate::upstreams::mirror::says_failed;

/// The first page's number.
pub const FIRST_PAGE: u32 = 1;

/// What an upstream says may have any length; an error shows this much of it.
const MAX_MESSAGE_CHARS: usize = 200;

const GOOD: i64 = 200;
const TOKEN_INVALID: i64 = 1_000_001;
const TOKEN_EXPIRED: i64 = 1_000_002;

/// One page of the task list.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Box<RawValue>>,
    /// How many tasks the whole period has.
    pub total_count: u64,
    /// The answer held bytes that are no text.
    pub is_garbled: bool,
}

/// Why an answer holds nothing to work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The token is invalid or expired: fetch a new one and send the request once more.
    #[error("the token was refused with code {code}")]
    Token { code: i64 },
    /// A code that is an HTTP status, such as 429.
    #[error("answered code {code}: {message}")]
    Refused { code: i64, message: String, verdict: StatusKind },
    /// The answer has another shape than the documented one.
    #[error("{reason}")]
    Contract { reason: String },
}

impl AnswerError {
    /// The error of a pass; `context` is what was requested. A refused token is *auth* by then: the caller has tried a
    /// fresh one.
    pub fn during(self, context: &str) -> Error {
        let (context, reason) = (context.to_owned(), shortened(&self.to_string()));
        match self {
            Self::Token { .. } | Self::Refused { verdict: StatusKind::Refused(Class::Auth), .. } => {
                Error::Auth { context, reason }
            }
            Self::Refused { verdict: StatusKind::Retryable, .. } => {
                Error::Unavailable { context, reason, retry: Retry::Backoff }
            }
            Self::Refused { verdict: StatusKind::Refused(Class::Unavailable), .. } => {
                Error::Unavailable { context, reason, retry: Retry::Never }
            }
            Self::Refused { .. } | Self::Contract { .. } => Error::Contract { context, reason },
        }
    }
}

/// Requests a token; it is valid for 30 days.
pub fn token_request(credentials: &Credentials) -> Request {
    match credentials {
        Credentials::Secret(secret) => Request::get("/token/secret").secret_query("secret", secret),
        Credentials::Password { username, password } => {
            Request::get("/token").query("username", username).secret_query("password", password)
        }
    }
}

/// Requests one page of a period that is no longer than seven days.
pub fn page_request(config: &Config, period: Period, page: u32, token: &Secret) -> Request {
    page_query(config, period, page)
        .iter()
        .fold(Request::get(&config.list_path), |request, (name, value)| request.query(name, value))
        .secret_header("Authorization", token)
}

/// Reads the answer to [`token_request`]. No error repeats any of it: it holds a credential.
pub fn read_token(body: &[u8]) -> Result<Secret, AnswerError> {
    #[derive(Deserialize)]
    struct Data {
        token: String,
    }

    let document = repaired(body);
    let data = read_envelope(&document)?;
    match serde_json::from_str::<Data>(data.get()) {
        Ok(Data { token }) if !token.trim().is_empty() => Ok(Secret::new(token)),
        Ok(_) | Err(_) => Err(contract("the answer has no text `data.token`")),
    }
}

/// Reads the answer to [`page_request`].
pub fn read_page(body: &[u8]) -> Result<Page, AnswerError> {
    #[derive(Deserialize)]
    struct Data {
        // Without this, the parser takes a member that is not there for null.
        #[serde(deserialize_with = "Option::deserialize")]
        data: Option<Vec<Box<RawValue>>>,
        #[serde(rename = "totalCount")]
        total_count: u64,
    }

    let document = repaired(body);
    let is_garbled = std::str::from_utf8(body).is_err();
    let data = read_envelope(&document)?;
    let unreadable = |error| {
        let error = JsonFault::of(&error);
        contract(&format!("cannot read `data`: {error}"))
    };
    let page: Data = serde_json::from_str(data.get()).map_err(unreadable)?;
    match (page.data, page.total_count) {
        (Some(rows), total_count) => Ok(Page { rows, total_count, is_garbled }),
        // Some platforms write an empty list as null.
        (None, 0) => Ok(Page { rows: Vec::new(), total_count: 0, is_garbled }),
        (None, _) => Err(contract("`data.data` is null though `totalCount` is not 0")),
    }
}

fn page_query(config: &Config, period: Period, page: u32) -> [(&str, String); 4] {
    let parameters = &config.parameters;
    [
        (&parameters.page, page.to_string()),
        (&parameters.page_size, config.page_size.to_string()),
        (&parameters.from, written(period.from)),
        (&parameters.to, written(period.to)),
    ]
}

/// The `data` of a good answer.
fn read_envelope(body: &[u8]) -> Result<&RawValue, AnswerError> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        code: i64,
        #[serde(default)]
        message: Option<String>,
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
        #[serde(flatten)]
        others: Strict,
    }

    // The parser's own words may quote the answer, and with it a token.
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| {
        contract(&format!(
            "the answer is not `{{\"code\", \"data\"}}` in JSON (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    match envelope.code {
        GOOD if envelope.others.0.as_object().is_some_and(says_failed) => {
            Err(contract("code 200, and beside it the answer says that it failed"))
        }
        GOOD => envelope.data.ok_or_else(|| contract("the answer has no `data`")),
        code @ (TOKEN_INVALID | TOKEN_EXPIRED) => Err(AnswerError::Token { code }),
        code => {
            let verdict = u16::try_from(code)
                .ok()
                .filter(|status| (100..1000).contains(status))
                .map_or(StatusKind::Refused(Class::Contract), classify);
            let message = envelope.message.unwrap_or_else(|| "no message".to_owned());
            Err(AnswerError::Refused { code, message, verdict })
        }
    }
}

/// Scrubs first: what is left of a secret after a cut would not be recognised.
fn shortened(text: &str) -> String {
    secret::scrub(text).chars().take(MAX_MESSAGE_CHARS).collect()
}

fn contract(reason: &str) -> AnswerError {
    AnswerError::Contract { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{AnswerError, page_query, read_page, read_token};
    use crate::error::Class;
    use crate::upstreams::tasks::Config;
    use crate::upstreams::tasks::config::Parameters;
    use crate::upstreams::tasks::window::Period;

    fn check_page(body: &str, expected: Result<(usize, u64), &str>) {
        let page = read_page(body.as_bytes()).map(|page| (page.rows.len(), page.total_count));
        assert_eq!(
            page.as_ref().map_err(ToString::to_string),
            expected.as_ref().map_err(ToString::to_string),
            "{body}"
        );
    }

    fn check_class(body: &str, expected: Class) {
        let error = read_page(body.as_bytes()).unwrap_err().during("reading page 1");
        assert_eq!(error.class(), expected, "{body}");
    }

    #[test]
    fn a_page_has_rows_and_a_total() {
        check_page(r#"{"code":200,"data":{"data":[{"id":1},{"id":2}],"page":1,"totalCount":85}}"#, Ok((2, 85)));
        check_page(r#"{"code":200,"message":"OK","data":{"data":[],"totalCount":0},"more":1}"#, Ok((0, 0)));
        check_page(r#"{"code":200,"data":{"data":null,"totalCount":0}}"#, Ok((0, 0)));
    }

    #[test]
    fn another_shape_is_a_broken_contract_and_never_no_data() {
        check_page(r#"{"code":200}"#, Err("the answer has no `data`"));
        check_page(r#"{"code":200,"data":null}"#, Err("the answer has no `data`"));
        check_page(
            r#"{"code":200,"data":{"list":[],"totalCount":0}}"#,
            Err("cannot read `data`: missing field `data` at line 1 column 26"),
        );
        check_page(
            r#"{"code":200,"data":{"data":null,"totalCount":3}}"#,
            Err("`data.data` is null though `totalCount` is not 0"),
        );
        check_class(r#"{"code":200,"data":{"data":[]}}"#, Class::Contract);
        check_class(r#"{"code":200,"data":{"data":[],"totalCount":0},"error":{"message":"busy"}}"#, Class::Contract);
        check_class(r#"{"success":false,"code":200,"data":{"data":[],"totalCount":0}}"#, Class::Contract);
        check_class(r#"{"code":200,"data":{"data":{},"totalCount":1}}"#, Class::Contract);
        check_class(r#"{"code":200,"data":[]}"#, Class::Contract);
        check_class(r#"{"code":"200","data":{"data":[],"totalCount":0}}"#, Class::Contract);
        check_class(r#"{"code":200,"data":{"data":[],"totalCount":0}} trailing"#, Class::Contract);
        check_class("<html>maintenance</html>", Class::Contract);
        check_class("", Class::Contract);
    }

    #[test]
    fn the_two_token_codes_ask_for_a_new_token_and_are_auth_in_the_end() {
        for code in [1_000_001, 1_000_002] {
            let body = format!(r#"{{"code":{code},"message":"token","data":null}}"#);
            assert_eq!(read_page(body.as_bytes()).unwrap_err(), AnswerError::Token { code });
            assert_eq!(read_token(body.as_bytes()).unwrap_err(), AnswerError::Token { code });
            check_class(&body, Class::Auth);
        }
    }

    #[test]
    fn a_code_that_is_a_known_status_means_what_the_status_means() {
        check_class(r#"{"code":429,"message":"slow down"}"#, Class::Unavailable);
        check_class(r#"{"code":503}"#, Class::Unavailable);
        check_class(r#"{"code":501}"#, Class::Unavailable);
        check_class(r#"{"code":401}"#, Class::Auth);
        check_class(r#"{"code":400,"message":"bad"}"#, Class::Contract);
        check_class(r#"{"code":1000003,"message":"no"}"#, Class::Contract);
        check_class(r#"{"code":-1}"#, Class::Contract);
    }

    #[test]
    fn what_the_upstream_says_is_shown_up_to_a_length() {
        let long = "x".repeat(10_000);
        for body in [
            format!(r#"{{"code":500,"message":"{long}"}}"#),
            format!(r#"{{"code":200,"data":{{"data":[],"totalCount":"{long}"}}}}"#),
        ] {
            assert!(read_page(body.as_bytes()).unwrap_err().during("reading").to_string().len() < 300);
        }
    }

    #[test]
    fn a_token_is_text_and_no_error_repeats_the_answer() {
        let token = read_token(br#"{"code":200,"message":"OK","data":{"token":"t0ken-of-30-days"}}"#).unwrap();
        assert_eq!(token.expose(), "t0ken-of-30-days");
        for body in [
            r#"{"code":200,"data":"canary"}"#,
            r#"{"code":200,"data":{"tokens":"canary"}}"#,
            r#"{"code":200,"data":{"token":["canary"]}}"#,
            r#"{"code":"canary"}"#,
            r#"{"code":200,"data":{"token":" "}}"#,
        ] {
            let error = read_token(body.as_bytes()).unwrap_err();
            assert!(matches!(error, AnswerError::Contract { .. }));
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_query_is_spelt_as_configured() {
        let parameters = Parameters { page: "pageNo".to_owned(), ..Parameters::default() };
        let config = Config { page_size: 100, parameters, ..Config::default() };
        let period =
            Period { from: "2025-10-17 00:00:00".parse().unwrap(), to: "2025-10-17 09:30:00".parse().unwrap() };
        let query = page_query(&config, period, 2);
        let expected = [
            ("pageNo", "2"),
            ("pageSize", "100"),
            ("startTime", "2025-10-17 00:00:00"),
            ("endTime", "2025-10-17 09:30:00"),
        ];
        assert_eq!(query, expected.map(|(name, value)| (name, value.to_owned())));
    }
}
