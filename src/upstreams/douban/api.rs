//! The requests to Douban's two origins, with the headers its own pages send.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use super::parsed::Unreadable;
use super::verdict::{Answer, Move, Verdict, response_verdict};
use crate::clock::Clock;
use crate::error::Class;
use crate::http::{Client, Request, Retry, retry_after};
use crate::secret::Secret;
use crate::upstreams::films::film::FilmId;
use crate::upstreams::{Error, PassContext};

const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
const LANGUAGE: &str = "zh-CN,zh;q=0.9,en;q=0.5";
/// The referer of the lists; without it the explore list is refused with code 1287.
const EXPLORE_PAGE: &str = "https://movie.douban.com/explore";
const PAGE_ORIGIN: &str = "https://movie.douban.com";

/// The most films one request of the explore list asks for.
const EXPLORE_LIMIT: usize = 100;
/// The films one request of the other list brings.
const SEARCH_LIMIT: usize = 50;

/// Decoded bytes of a list or a film's JSON, and of a film's page: several times what they have today.
const JSON_BYTES: u64 = 4 << 20;
const PAGE_BYTES: u64 = 512 << 10;

/// The share of the interval that is added to it at most, at random: requests at exact intervals look like a machine.
const JITTER: f64 = 0.25;

/// One of the two lists of the newest films.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `recent_hot`, what the explore page shows.
    Explore,
    /// `search_subjects`, with fewer fields and 50 films a page.
    Search,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Lists,
    Pages,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call {
    origin: Origin,
    /// Path and query.
    target: String,
    referer: String,
    accept: &'static str,
    max_bytes: u64,
}

impl Call {
    /// Films of a list from `start` on; `limit` is how many are wanted in all.
    pub fn list(list: List, start: usize, limit: usize) -> Self {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let (origin, path) = match list {
            List::Explore => {
                query.append_pair("start", &start.to_string());
                query.append_pair("limit", &limit.min(EXPLORE_LIMIT).to_string());
                query.append_pair("category", "最新").append_pair("type", "全部");
                (Origin::Lists, "/rexxar/api/v2/subject/recent_hot/movie")
            }
            List::Search => {
                query.append_pair("type", "movie").append_pair("tag", "最新");
                query.append_pair("page_limit", &SEARCH_LIMIT.to_string());
                query.append_pair("page_start", &start.to_string());
                (Origin::Pages, "/j/search_subjects")
            }
        };
        Self::json(origin, format!("{path}?{}", query.finish()), EXPLORE_PAGE.to_owned())
    }

    /// A film's page.
    pub fn page(id: &FilmId) -> Self {
        Self {
            origin: Origin::Pages,
            target: format!("/subject/{id}/"),
            referer: EXPLORE_PAGE.to_owned(),
            accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
            max_bytes: PAGE_BYTES,
        }
    }

    /// A film's JSON on the mobile site.
    pub fn rexxar(id: &FilmId) -> Self {
        let referer = format!("https://m.douban.com/movie/subject/{id}/");
        Self::json(Origin::Lists, format!("/rexxar/api/v2/movie/{id}"), referer)
    }

    /// The JSON behind a film's hover card.
    pub fn card(id: &FilmId) -> Self {
        Self::json(Origin::Pages, format!("/j/subject_abstract?subject_id={id}"), EXPLORE_PAGE.to_owned())
    }

    /// The same on another path of its origin.
    pub fn at(self, target: String) -> Self {
        Self { target, ..self }
    }

    fn json(origin: Origin, target: String, referer: String) -> Self {
        Self { origin, target, referer, accept: "application/json", max_bytes: JSON_BYTES }
    }

    /// What is being done, for messages: without the query.
    pub fn context(&self) -> String {
        let path = self.target.split('?').next().unwrap_or(&self.target);
        format!("cannot fetch `{path}`")
    }
}

/// An answer that does not end the pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply<T> {
    Good(T),
    /// There is no such film, or not for us: the sign of it.
    Gone(String),
    /// The same is to be fetched there, on the same origin.
    Moved(Move),
    Unreadable(Unreadable),
}

impl<T> Reply<T> {
    /// The value; anything else is an error.
    pub fn only(self, call: &Call) -> Result<T, Error> {
        let reason = match self {
            Self::Good(value) => return Ok(value),
            Self::Gone(sign) => sign,
            Self::Moved(Move { path, .. }) => format!("a redirect to `{path}`"),
            Self::Unreadable(unreadable) => unreadable.0,
        };
        Err(Error::Contract { context: call.context(), reason })
    }
}

/// The clients of both origins.
#[derive(Clone, Debug)]
pub struct Api {
    pub lists: Client,
    pub pages: Client,
    pub cookie: Option<Secret>,
    pub clock: Clock,
    /// How long nothing is fetched after a block.
    pub block_pause: Duration,
}

impl Api {
    /// The client of its origin.
    pub const fn client(&self, call: &Call) -> &Client {
        match call.origin {
            Origin::Lists => &self.lists,
            Origin::Pages => &self.pages,
        }
    }

    /// Sends one request. A block is [`Error::Blocked`]; a failing upstream is an error to be retried.
    pub async fn fetch<T>(&self, call: &Call, parse: fn(&[u8]) -> Result<T, Unreadable>) -> Result<Reply<T>, Error> {
        let client = self.client(call);
        let base = &client.profile().base_url;
        let response = client.send(self.request(call)).await?;
        let status = response.status();
        let location = response.header("location").map(ToOwned::to_owned);
        let now = self.clock.now();
        let wait = response.header("retry-after").and_then(|value| retry_after(value, now));
        let body = match response.bytes(call.max_bytes).await {
            Ok(body) => body,
            Err(error) if error.class() == Class::Contract => {
                return Ok(Reply::Unreadable(Unreadable(error.to_string())));
            }
            Err(error) => return Err(error.into()),
        };
        let requested = address(base, &call.target);
        let answer = Answer { requested: &requested, status, location: location.as_deref(), body: &body };
        match response_verdict(answer, parse) {
            Verdict::Good(value) => Ok(Reply::Good(value)),
            Verdict::Gone(sign) => Ok(Reply::Gone(sign)),
            Verdict::Moved(Move { path, id }) => Ok(Reply::Moved(Move { path: below(base, path), id })),
            Verdict::Parse(unreadable) => Ok(Reply::Unreadable(unreadable)),
            Verdict::Blocked(sign) => Err(self.blocked(call, sign, wait)),
            Verdict::Retry => Err(Error::Unavailable {
                context: call.context(),
                reason: format!("status {status}"),
                retry: wait.map_or(Retry::Backoff, Retry::After),
            }),
        }
    }

    /// The error that ends a run: nothing is fetched for a while.
    pub fn blocked(&self, call: &Call, sign: String, wait: Option<Duration>) -> Error {
        let now = self.clock.now();
        let span = SignedDuration::try_from(self.block_pause.max(wait.unwrap_or_default()));
        let until = now.saturating_add(span.unwrap_or(SignedDuration::MAX)).unwrap_or(now);
        // People read it.
        let until = until.round(jiff::Unit::Second).unwrap_or(until);
        Error::Blocked { context: call.context(), sign, until }
    }

    fn request(&self, call: &Call) -> Request {
        let request = Request::get(&call.target)
            .header("user-agent", USER_AGENT)
            .header("accept", call.accept)
            .header("accept-language", LANGUAGE)
            .header("referer", &call.referer);
        let request = if call.accept == "application/json" { request.header("origin", PAGE_ORIGIN) } else { request };
        match &self.cookie {
            Some(cookie) => request.secret_header("cookie", cookie),
            None => request,
        }
    }
}

/// The pause between two requests of a pass, whatever came of the first.
#[derive(Debug)]
pub struct Throttle {
    interval: Duration,
    has_begun: AtomicBool,
}

impl Throttle {
    pub const fn new(interval: Duration) -> Self {
        Self { interval, has_begun: AtomicBool::new(false) }
    }

    /// Waits until the next request may be sent; the first one may at once.
    pub async fn wait(&self, context: &PassContext) -> Result<(), Error> {
        let has_begun = self.has_begun.swap(true, Ordering::Relaxed);
        if !has_begun || self.interval.is_zero() {
            return Ok(());
        }
        context.pause(self.interval.mul_f64(1.0 + JITTER * fastrand::f64())).await
    }
}

/// The whole address of a target behind a base, which may have a path.
fn address(base: &Url, target: &str) -> Url {
    let whole = format!("{}{target}", base.as_str().trim_end_matches('/'));
    Url::parse(&whole).unwrap_or_else(|_| base.clone())
}

/// A path of the origin as one behind the base.
fn below(base: &Url, path: String) -> String {
    let prefix = base.path().trim_end_matches('/');
    match path.strip_prefix(prefix) {
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        Some(_) | None => path,
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Call, List, address, below};

    fn check_list(list: List, start: usize, limit: usize, expected: &str) {
        assert_eq!(Call::list(list, start, limit).target, expected);
    }

    #[test]
    fn list_requests_are_as_documented() {
        check_list(
            List::Explore,
            0,
            80,
            "/rexxar/api/v2/subject/recent_hot/movie?start=0&limit=80&category=%E6%9C%80%E6%96%B0&type=%E5%85%A8%E9%83%A8",
        );
        check_list(
            List::Explore,
            100,
            300,
            "/rexxar/api/v2/subject/recent_hot/movie?start=100&limit=100&category=%E6%9C%80%E6%96%B0&type=%E5%85%A8%E9%83%A8",
        );
        check_list(
            List::Search,
            50,
            80,
            "/j/search_subjects?type=movie&tag=%E6%9C%80%E6%96%B0&page_limit=50&page_start=50",
        );
    }

    #[test]
    fn a_base_may_have_a_path() {
        for (base, moved, expected) in [
            ("https://movie.douban.com", "/subject/2/", "/subject/2/"),
            ("http://mirror.example/films/", "/films/subject/2/?from=x", "/subject/2/?from=x"),
            ("http://mirror.example/films", "/subject/2/", "/subject/2/"),
            ("http://mirror.example/films", "/filmsubject/", "/filmsubject/"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(below(&base, moved.to_owned()), expected);
            assert!(address(&base, "/subject/1/").as_str().ends_with("/subject/1/"), "{base}");
        }
        let base = Url::parse("http://mirror.example/films/").unwrap();
        assert_eq!(address(&base, "/subject/1/").as_str(), "http://mirror.example/films/subject/1/");
    }
}
