//! The head of an answer, and its body as it comes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{
    AGE, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, LOCATION, RETRY_AFTER, TRANSFER_ENCODING,
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;

use super::charset::Charset;
use super::classify::{StatusKind, classify};
use super::context::within;
use super::decode::{Decoder, Fault};
use super::ending::Ending;
use super::error::{Error, JsonFault, Phase};
use super::excerpt::{WINDOW_BYTES, excerpt, shorten};
use super::json::repaired;
use super::label::RequestLabel;
use super::profile::Profile;
use super::retry::later;
use super::retry_after::retry_after;
use super::shared::Shared;
use super::skew::{TOLERATED_SKEW, clock_ahead, skew_hint};
use super::transport::from_transport;

/// A document that is parsed as a whole is held as a whole: what is larger must be read by [`Response::chunk`]. Keeps
/// a compressed bomb within the memory a run may use.
const JSON_LIMIT_BYTES: u64 = 32 << 20;

/// How long the text of a refusal is waited for; the refusal itself is known without it.
const EXCERPT_TIMEOUT: Duration = Duration::from_millis(500);

/// An answer whose head has come. Dropping it ends the transfer.
pub struct Response {
    shared: Arc<Shared>,
    request: RequestLabel,
    answer: reqwest::Response,
    total_end: Option<Instant>,
    /// `None` where the body has a compression that no request accepts.
    decoder: Option<Decoder>,
    charset: Charset,
    /// Compressed bytes received.
    raw_received: u64,
    /// Looks for the end of the document, where HTTP does not prove the end of the body.
    ending: Option<Ending>,
    /// The beginning of a refusal's body, read for its error text and not yet given out.
    ahead: VecDeque<Result<Bytes, Error>>,
    /// Decoded bytes given out.
    received: u64,
    /// How many these may become.
    limit: u64,
}

impl Response {
    pub(super) async fn new(
        shared: Arc<Shared>,
        request: RequestLabel,
        answer: reqwest::Response,
        total_end: Option<Instant>,
    ) -> Self {
        let limit = shared.profile.max_body;
        let decoder = Decoder::new(&content_encoding(&answer));
        let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let charset = Charset::new(content_type.unwrap_or_default());
        let ending = (!has_proved_end(&answer)).then(Ending::default);
        let (ahead, received, raw_received) = (VecDeque::new(), 0, 0);
        let mut response =
            Self { shared, request, answer, total_end, decoder, charset, raw_received, ending, ahead, received, limit };
        if classify(response.status()) != StatusKind::Success {
            response.look_ahead().await;
        }
        response
    }

    pub fn status(&self) -> u16 {
        self.answer.status().as_u16()
    }

    /// Whether HTTP itself proves that the body came to its end; else a JSON document has to.
    pub const fn has_proved_end(&self) -> bool {
        self.ending.is_none()
    }

    /// The value of a header, where it is readable text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.answer.headers().get(name)?.to_str().ok()
    }

    /// All headers that are readable text, by their names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.answer.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The beginning of a refusal's body, as far as it came in time; nothing of a good answer.
    pub fn beginning(&self) -> Vec<u8> {
        self.ahead.iter().flatten().flatten().copied().collect()
    }

    /// The classified error of this status, or the response again if it is good.
    pub fn error_for_status(self) -> Result<Self, Error> {
        match classify(self.status()) {
            StatusKind::Success => Ok(self),
            StatusKind::Retryable | StatusKind::Refused(_) => Err(self.refusal()),
        }
    }

    /// The next decoded bytes of the body; `None` at its proper end. A cut, a slow or a too large body is an error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = match self.ahead.pop_front() {
            Some(ahead) => Some(ahead?),
            None if self.announced() > self.limit => return Err(self.too_large()),
            None => self.pull().await?,
        };
        if chunk.is_none() && self.received == 0 && self.status() == 200 && &*self.request.method != "HEAD" {
            return Err(Error::Empty { request: self.request.clone() });
        }
        self.received += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if self.received > self.limit { Err(self.too_large()) } else { Ok(chunk) }
    }

    /// The rest of the body, at most `limit` bytes.
    pub async fn bytes(mut self, limit: u64) -> Result<Bytes, Error> {
        self.limit = self.limit.min(self.received.saturating_add(limit));
        self.collect().await
    }

    /// The rest of the body as one JSON document, at most 32 MiB; values that are no JSON are repaired.
    pub async fn json<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        self.limit = self.limit.min(self.received.saturating_add(JSON_LIMIT_BYTES));
        let body = self.collect().await?;
        let document = repaired(&body);
        serde_json::from_slice(&document).map_err(|fault| self.malformed(&document, &fault))
    }

    async fn collect(&mut self) -> Result<Bytes, Error> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// The next decoded bytes from the connection.
    async fn pull(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(decoder) = &mut self.decoder else { return Err(self.unaccepted()) };
            // A body that is always ready must not keep the other transfers of its task from their turn.
            consume_budget().await;
            let mut output = decoder.decode();
            let mut is_end = false;
            if let Ok(None) = output {
                let chunk = self.shared.wait(&self.request, Phase::Idle, self.total_end, self.answer.chunk()).await?;
                if let Some(chunk) = chunk.map_err(|error| from_transport(error, &self.request, &self.shared))? {
                    self.raw_received += chunk.len() as u64;
                    decoder.push(chunk);
                    continue;
                }
                is_end = true;
                output = decoder.finish().map(Some);
            }
            let chunk = output.map_err(|fault| self.undecodable(fault))?.unwrap_or_default();
            let chunk = self.charset.decode(chunk, is_end);
            if let Some(ending) = &mut self.ending {
                ending.push(&chunk);
            }
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
            if is_end {
                return self.check_end().map(|()| None);
            }
        }
    }

    /// Whether the body that ended came whole. Of a refusal nothing but its status matters.
    fn check_end(&self) -> Result<(), Error> {
        let is_short = length_header(&self.answer).is_some_and(|length| self.raw_received < length);
        // No request asks for a part: what holds only one (206) is not all of it.
        let is_cut = self.status() == 206 || self.ending.as_ref().is_some_and(Ending::is_cut);
        if classify(self.status()) != StatusKind::Success || &*self.request.method == "HEAD" {
            Ok(())
        } else if is_short || is_cut {
            Err(Error::Truncated { request: self.request.clone(), source: None })
        } else {
            Ok(())
        }
    }

    fn unaccepted(&self) -> Error {
        let found = format!("its compression `{}` was not requested", shorten(&content_encoding(&self.answer)));
        Error::Malformed { request: self.request.clone(), found, source: None }
    }

    fn undecodable(&self, fault: Fault) -> Error {
        let request = self.request.clone();
        match fault {
            Fault::Truncated => Error::Truncated { request, source: None },
            Fault::Invalid(source) => Error::Decode { request, source },
        }
    }

    /// Takes the beginning of the body in, for an excerpt; whatever comes is given out by [`chunk`](Self::chunk) later.
    async fn look_ahead(&mut self) {
        let end = Instant::now().checked_add(EXCERPT_TIMEOUT);
        let mut seen = 0;
        while seen < WINDOW_BYTES {
            match within(end, self.pull()).await {
                None | Some(Ok(None)) => return,
                Some(Ok(Some(chunk))) => {
                    seen += chunk.len();
                    self.ahead.push_back(Ok(chunk));
                }
                Some(Err(error)) => return self.ahead.push_back(Err(error)),
            }
        }
    }

    /// How long the body is by its head, where that says so: what was given out and what is to come.
    fn announced(&self) -> u64 {
        let is_plain = self.decoder.as_ref().is_none_or(Decoder::is_identity);
        self.received.saturating_add(self.answer.content_length().filter(|_| is_plain).unwrap_or(0))
    }

    fn too_large(&self) -> Error {
        Error::BodyTooLarge { request: self.request.clone(), limit: self.limit }
    }

    /// What to do about a refusal where our clock is far from the upstream's.
    pub fn clock_hint(&self) -> Option<String> {
        // A response that has aged in a cache is no clock.
        let date = self.header(DATE.as_str()).filter(|_| self.header(AGE.as_str()).is_none());
        let ahead = clock_ahead(date, self.shared.context.clock.now());
        let skew = ahead.filter(|ahead| ahead.unsigned_abs() > TOLERATED_SKEW);
        skew.map(|ahead| skew_hint(self.shared.profile.name, ahead))
    }

    fn refusal(self) -> Error {
        let now = self.shared.context.clock.now();
        let wait = self.header(RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now));
        Error::Status {
            status: self.status(),
            hint: self.hint().map(String::into_boxed_str),
            excerpt: excerpt(&self.beginning()).map(String::into_boxed_str),
            retry_after: wait.map(|wait| (wait, later(now, wait))),
            request: self.request,
        }
    }

    /// What to do about the refusal, where its head says more than its status.
    fn hint(&self) -> Option<String> {
        let Profile { name, .. } = self.shared.profile;
        let header = |name: HeaderName| self.header(name.as_str());
        match self.status() {
            401 | 403 => {
                let renewal = "renew the credential the configuration refers to, then run `tongbu doctor`";
                self.clock_hint().or_else(|| (self.status() == 401).then(|| renewal.to_owned()))
            }
            404 => Some(format!("check `base_url` under `[{name}]`")),
            407 => Some(format!("check {}", self.shared.context.proxies.describe(&self.shared.profile))),
            300..=399 => header(LOCATION).map(|location| {
                // A query may hold a credential.
                let place = location.split(['?', '#']).next().unwrap_or_default();
                format!(
                    "redirects are not followed: check `base_url` under `[{name}]`; it leads to `{}`",
                    shorten(place)
                )
            }),
            _ => None,
        }
    }

    fn malformed(&self, body: &[u8], fault: &serde_json::Error) -> Error {
        let content_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let source = Some(JsonFault::of(fault));
        Error::Malformed {
            request: self.request.clone(),
            found: describe(body, content_type, fault.classify()),
            source,
        }
    }
}

fn content_encoding(answer: &reqwest::Response) -> String {
    let values = answer.headers().get_all(CONTENT_ENCODING).iter();
    values.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(", ")
}

fn length_header(answer: &reqwest::Response) -> Option<u64> {
    answer.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether HTTP itself proves that the body came to its end: by its length, or by its last chunk.
fn has_proved_end(answer: &reqwest::Response) -> bool {
    let headers = answer.headers();
    headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("request", &self.request)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// What came instead of the JSON that was expected. Of JSON nothing is shown: it may hold personal data.
fn describe(body: &[u8], content_type: &str, category: Category) -> String {
    let beginning = body.trim_ascii_start();
    let is_markup = beginning.starts_with(b"<");
    let what = if beginning.is_empty() {
        return "it is empty".to_owned();
    } else if category == Category::Data {
        return "its JSON is not of the shape we know".to_owned();
    } else if is_markup && (content_type.contains("html") || !beginning.starts_with(b"<?xml")) {
        "it is HTML"
    } else if is_markup {
        "it is XML"
    } else {
        "it is not JSON"
    };
    let content_type = Some(shorten(content_type)).filter(|text| !text.is_empty()).map(|text| format!(" (`{text}`)"));
    let words = excerpt(beginning).map(|words| format!(", beginning with `{words}`"));
    format!("{what}{}{}", content_type.unwrap_or_default(), words.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::describe;

    #[derive(Debug, Deserialize)]
    struct Page {
        #[expect(dead_code, reason = "only its type matters")]
        data: Vec<u64>,
    }

    fn check(body: &str, content_type: &str, expected: &str) {
        let fault = serde_json::from_str::<Page>(body).unwrap_err();
        assert_eq!(describe(body.as_bytes(), content_type, fault.classify()), expected);
    }

    #[test]
    fn what_came_instead_is_named() {
        check("", "application/json", "it is empty");
        check(" \r\n", "", "it is empty");
        check(
            "<!doctype html>\n<p>hi",
            "text/html",
            "it is HTML (`text/html`), beginning with `<!doctype html> <p>hi`",
        );
        check("\n<HTML>", "", "it is HTML, beginning with `<HTML>`");
        check("<?xml version='1.0'?>", "text/xml", "it is XML (`text/xml`), beginning with `<?xml version='1.0'?>`");
        check("oops", "text/plain", "it is not JSON (`text/plain`), beginning with `oops`");
        check(r#"{"data":"a@b.example"}"#, "application/json", "its JSON is not of the shape we know");
    }
}
