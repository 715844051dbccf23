//! The requests to TMDB.
//!
//! Endpoints and parameters: the public documentation of version 3.

use serde_json::Value;

use super::codes::Refusal;
use super::config::Config;
use super::days::Days;
use crate::clock::Clock;
use crate::http::{Client, Request, StatusKind, classify, retry_after};
use crate::secret::Secret;
use crate::upstreams::Error;
use crate::upstreams::films::film::FilmId;
use crate::upstreams::films::json::{Unreadable, document};
use crate::upstreams::mirror::{Signs, says_failed};

/// Bytes of an answer: a list has some tens of thousands, a film with hundreds of actors a megabyte.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// What comes with a film in one answer.
const APPENDED: &str = "credits,external_ids,release_dates,alternative_titles,translations";
/// Releases in cinemas: few of them, all of them.
const CINEMA_TYPES: &str = "2|3";

/// A request, and what is being done, for messages.
pub struct Call {
    request: Request,
    pub context: String,
}

/// An answer that is no error.
pub enum Reply {
    Good(Answer),
    /// There is no such thing: the sign of it.
    Gone(String),
    Unreadable(Unreadable),
}

/// A document, and what its head and its bytes say of it.
pub struct Answer {
    pub document: Value,
    pub signs: Signs,
}

impl Call {
    fn get(path: &str) -> Self {
        Self { request: Request::get(path), context: format!("cannot fetch `{path}`") }
    }

    fn query(self, name: &str, value: &str) -> Self {
        Self { request: self.request.query(name, value), ..self }
    }

    /// A page of the films released in these days, in their order: a list by dates hardly moves while it is read.
    pub fn discover(config: &Config, days: Days, page: u32) -> Self {
        let call = Self::get("/discover/movie")
            .query("language", &config.language)
            .query("include_adult", "false")
            .query("sort_by", "primary_release_date.asc");
        let [from, to] = [days.from, days.to].map(|day| day.to_string());
        let call = if config.region.is_empty() {
            call.query("primary_release_date.gte", &from).query("primary_release_date.lte", &to)
        } else {
            call.query("region", &config.region)
                .query("with_release_type", CINEMA_TYPES)
                .query("release_date.gte", &from)
                .query("release_date.lte", &to)
        };
        call.query("page", &page.to_string())
    }

    /// A page of the ids of all films that changed in these days.
    pub fn changes(days: Days, page: u32) -> Self {
        Self::get("/movie/changes")
            .query("start_date", &days.from.to_string())
            .query("end_date", &days.to.to_string())
            .query("page", &page.to_string())
    }

    /// A film with its details.
    pub fn movie(config: &Config, id: &FilmId) -> Self {
        Self::get(&format!("/movie/{id}")).query("language", &config.language).query("append_to_response", APPENDED)
    }

    /// The films of an `IMDb` id.
    pub fn find(config: &Config, imdb_id: &str) -> Self {
        Self::get(&format!("/find/{imdb_id}")).query("external_source", "imdb_id").query("language", &config.language)
    }

    /// Whether the token is good.
    pub fn authentication() -> Self {
        Self::get("/authentication")
    }

    pub fn contract(&self, reason: impl Into<String>) -> Error {
        Error::Contract { context: self.context.clone(), reason: reason.into() }
    }
}

impl Reply {
    /// The answer; anything else is an error.
    pub fn only(self, call: &Call) -> Result<Answer, Error> {
        match self {
            Self::Good(answer) => Ok(answer),
            Self::Gone(sign) => Err(call.contract(sign)),
            Self::Unreadable(Unreadable(reason)) => Err(call.contract(reason)),
        }
    }
}

/// The door to the upstream.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    authorization: Secret,
    clock: Clock,
}

impl Api {
    pub fn new(client: Client, token: &Secret, clock: Clock) -> Self {
        Self { client, authorization: Secret::new(format!("Bearer {}", token.expose())), clock }
    }

    /// Sends with retries. `what` names the work in logs.
    pub async fn fetch(&self, what: &str, call: &Call) -> Result<Reply, Error> {
        self.client.retry(what, |_| self.send(call)).await
    }

    async fn send(&self, call: &Call) -> Result<Reply, Error> {
        let request = call
            .request
            .clone()
            .header("accept", "application/json")
            .secret_header("authorization", &self.authorization);
        let response = self.client.send(request).await?;
        let status = response.status();
        let wait = response.header("retry-after").and_then(|value| retry_after(value, self.clock.now()));
        let clock_hint = response.clock_hint();
        let refused = |refusal: Refusal| {
            let is_gone = refusal.is_gone();
            if is_gone {
                return Ok(Reply::Gone(refusal.sign()));
            }
            Err(refusal.into_error(call.context.clone(), wait, clock_hint.clone()))
        };
        if !matches!(classify(status), StatusKind::Success) {
            let said = document(&response.beginning()).ok();
            if let Some(refusal) = said.and_then(|said| Refusal::of(status, &said)) {
                return refused(refusal);
            }
        }
        let response = response.error_for_status()?;
        let head = Signs::of_head(&response, |_| true);
        let body = response.bytes(MAX_ANSWER_BYTES).await?;
        let signs = Signs { is_garbled: std::str::from_utf8(&body).is_err(), ..head };
        match document(&body) {
            Ok(document) => match Refusal::of(status, &document) {
                Some(refusal) => refused(refusal),
                None if document.as_object().is_some_and(says_failed) => {
                    Err(call.contract("the answer says that it failed"))
                }
                None => Ok(Reply::Good(Answer { document, signs })),
            },
            Err(unreadable) => Ok(Reply::Unreadable(unreadable)),
        }
    }
}
