//! Sends requests, within the run's time and the profile's limits.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::profile::Profile;
use super::retry::Retryable;
use crate::clock::Clock;
use crate::secret::Secret;

/// What a run lends to every client it makes.
#[derive(Clone, Debug)]
pub struct Context {
    pub clock: Clock,
    /// Cancelled by a signal or a lost lease: every wait and every transfer ends at once.
    pub cancel: CancellationToken,
    /// `--max-runtime`: no wait or transfer goes beyond it.
    pub deadline: Option<Instant>,
    pub trace_id: Arc<str>,
    /// Requests sent, retries included.
    pub requests: Arc<AtomicU64>,
    /// Of these, retries.
    pub retries: Arc<AtomicU64>,
}

/// Talks to one upstream. Cheap to clone; clones share connections, pace and retry budget.
#[derive(Clone, Debug)]
pub struct Client {}

/// One request to be sent. Its path is relative to the profile's base; there is no way to name another origin.
#[derive(Clone, Debug)]
pub struct Request {}

impl Request {
    /// `path` begins with `/` and may carry a query of its own.
    pub fn get(_path: &str) -> Self {
        unimplemented!()
    }

    pub fn post(_path: &str) -> Self {
        unimplemented!()
    }

    #[must_use]
    pub fn query(self, _name: &str, _value: &str) -> Self {
        unimplemented!()
    }

    #[must_use]
    pub fn secret_query(self, _name: &str, _value: &Secret) -> Self {
        unimplemented!()
    }

    #[must_use]
    pub fn header(self, _name: &'static str, _value: &str) -> Self {
        unimplemented!()
    }

    #[must_use]
    pub fn secret_header(self, _name: &'static str, _value: &Secret) -> Self {
        unimplemented!()
    }

    #[must_use]
    pub fn body(self, _content_type: &str, _body: Bytes) -> Self {
        unimplemented!()
    }
}

impl Client {
    pub fn new(_profile: Profile, _context: Context) -> Result<Self, Error> {
        unimplemented!()
    }

    pub fn profile(&self) -> &Profile {
        unimplemented!()
    }

    /// Waits for its turn, sends once, answers when the head is there whatever its status.
    pub async fn send(&self, _request: Request) -> Result<Response, Error> {
        unimplemented!()
    }

    /// Runs `attempt` (its number from 0) until it succeeds, its error does not ask for another try, or retries, budget
    /// or deadline are used up. `what` names the work in logs.
    pub async fn retry<T, E, F>(&self, _what: &str, _attempt: impl FnMut(u32) -> F + Send) -> Result<T, E>
    where
        T: Send,
        E: Retryable + From<Error> + std::fmt::Display + Send,
        F: Future<Output = Result<T, E>> + Send,
    {
        unimplemented!()
    }

    /// Sends with retries, expects a good status and a JSON document no larger than the profile's limit.
    pub async fn fetch_json<T: DeserializeOwned + Send>(&self, _request: Request) -> Result<T, Error> {
        unimplemented!()
    }
}

/// The head of an answer, and its body as it comes.
#[derive(Debug)]
pub struct Response {}

impl Response {
    pub fn status(&self) -> u16 {
        unimplemented!()
    }

    /// The value of a header, where it is readable text.
    pub fn header(&self, _name: &str) -> Option<&str> {
        unimplemented!()
    }

    /// The classified error of this status, or the response again if it is good.
    pub fn good(self) -> Result<Self, Error> {
        unimplemented!()
    }

    /// The next decoded bytes of the body; `None` at its proper end. A cut, a slow or a too large body is an error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        unimplemented!()
    }

    /// The rest of the body, at most `limit` bytes.
    pub async fn bytes(self, _limit: u64) -> Result<Bytes, Error> {
        unimplemented!()
    }
}
