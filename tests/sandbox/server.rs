//! The front server of a fake upstream: it logs every request and misbehaves as told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::sync::watch;

use super::fault::Fault;
use super::random::Random;
use super::wire::Wire;

/// The log of one fake upstream and the rules it misbehaves by. Clones are the same server.
#[derive(Clone, Default)]
pub struct FakeServer(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<Book>,
    /// Raised to let every request go on that is held.
    released: watch::Sender<u64>,
}

#[derive(Default)]
struct Book {
    log: Vec<Logged>,
    rules: Vec<Rule>,
    latency: Duration,
    /// How many answers were lost on purpose.
    lost_count: u64,
    keeps_no_log: bool,
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Logged {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: Instant,
}

/// When to misbehave, and how. The first rule that fits a request is used.
#[derive(Clone, Debug)]
pub struct Rule {
    path: String,
    method: Option<&'static str>,
    token: Option<String>,
    /// Texts that have to be in the query or in a header.
    mentions: Vec<String>,
    fault: Fault,
    skip: u32,
    times: Option<u32>,
    /// In so many of a hundred cases.
    share: Option<(u64, Random)>,
}

impl Rule {
    /// For every request whose path begins with `path`.
    pub fn on(path: &str, fault: Fault) -> Self {
        Self {
            path: path.to_owned(),
            method: None,
            token: None,
            mentions: Vec::new(),
            fault,
            skip: 0,
            times: None,
            share: None,
        }
    }

    /// Only for requests by this method.
    pub fn for_method(self, method: &'static str) -> Self {
        Self { method: Some(method), ..self }
    }

    /// Only for requests with this text in their `Authorization`.
    pub fn for_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Only for requests with this text in their query or in a header: a region, an action.
    pub fn mentioning(mut self, text: &str) -> Self {
        self.mentions.push(text.to_owned());
        self
    }

    /// Lets so many requests pass first: `after(2)` begins with page 3.
    pub const fn after(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Only so many times, then the upstream is well again.
    pub const fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    /// Only in so many of a hundred cases, which ones following from the seed and the requests' order.
    pub fn share(self, percent: u64, seed: u64) -> Self {
        Self { share: Some((percent, Random::new(seed))), ..self }
    }

    fn fits(&self, request: &Logged) -> bool {
        request.path.starts_with(&self.path)
            && self.method.is_none_or(|method| request.method == method)
            && self.token.as_ref().is_none_or(|token| request.header("authorization").contains(token.as_str()))
            && self.mentions.iter().all(|text| request.mentions(text))
    }

    /// Counts a fitting request; the fault if it is this request's turn.
    fn take(&mut self) -> Option<Fault> {
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        if self.share.as_mut().is_some_and(|(percent, random)| !random.chance(*percent)) {
            return None;
        }
        match &mut self.times {
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                Some(self.fault.clone())
            }
            None => Some(self.fault.clone()),
        }
    }
}

impl Logged {
    fn mentions(&self, text: &str) -> bool {
        let mut headers = self.headers.values().filter_map(|value| value.to_str().ok());
        self.query.contains(text) || headers.any(|value| value.contains(text))
    }

    /// The header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The decoded value of a parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl FakeServer {
    /// Misbehaves by this rule from now on.
    pub fn add(&self, rule: Rule) {
        self.book().rules.push(rule);
    }

    /// Every request from now on meets this fault.
    pub fn always(&self, fault: Fault) {
        self.add(Rule::on("/", fault));
    }

    /// Behaves again: forgets every rule and lets go what is held.
    pub fn clear_faults(&self) {
        self.book().rules.clear();
        self.0.released.send_modify(|generation| *generation += 1);
    }

    /// Every answer is so late.
    pub fn set_latency(&self, latency: Duration) {
        self.book().latency = latency;
    }

    /// Forgets what came and keeps no log from now on: for runs of so many requests that it would fill the memory.
    pub fn keep_no_log(&self) {
        let mut book = self.book();
        (book.keeps_no_log, book.log) = (true, Vec::new());
    }

    /// How many requests met [`Fault::Lost`].
    pub fn lost_count(&self) -> u64 {
        self.book().lost_count
    }

    pub fn log(&self) -> Vec<Logged> {
        self.book().log.clone()
    }

    /// Empties the log and answers what was in it.
    pub fn take_log(&self) -> Vec<Logged> {
        std::mem::take(&mut self.book().log)
    }

    /// How many requests came whose path begins so.
    pub fn count(&self, path: &str) -> usize {
        self.book().log.iter().filter(|logged| logged.path.starts_with(path)).count()
    }

    /// The router behind this server.
    pub fn guard(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), pass))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs the request; what to do with it.
    fn admit(&self, logged: Logged) -> (Duration, Option<Fault>) {
        let mut book = self.book();
        let fault = book.rules.iter_mut().filter(|rule| rule.fits(&logged)).find_map(Rule::take);
        book.lost_count += u64::from(matches!(fault, Some(Fault::Lost)));
        if !book.keeps_no_log {
            book.log.push(logged);
        }
        (book.latency, fault)
    }
}

async fn pass(State(server): State<FakeServer>, request: Request, next: Next) -> Response {
    let mut released = server.0.released.subscribe();
    let (head, body) = request.into_parts();
    // A body that breaks off is as good as none: its sender is gone.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let request = Request::from_parts(head, Body::from(body.clone()));
    let (latency, fault) = server.admit(Logged {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
        body,
        at: Instant::now(),
    });
    let due = tokio::time::Instant::now() + latency;
    let answer = answer(fault, &mut released, request, next).await;
    // What the answer itself takes is part of its latency.
    tokio::time::sleep_until(due).await;
    answer
}

async fn answer(fault: Option<Fault>, released: &mut watch::Receiver<u64>, request: Request, next: Next) -> Response {
    match fault {
        None => next.run(request).await,
        Some(Fault::Hold) => {
            // An error would mean that the server is gone, and with it whoever could let go.
            let _ = released.changed().await;
            next.run(request).await
        }
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Some(Fault::Lost) => {
            let wire = request.extensions().get::<ConnectInfo<Wire>>().cloned();
            let answer = next.run(request).await;
            wire.expect("every fake serves on connections that can be cut").0.cut();
            answer
        }
        Some(fault) => match fault.instead() {
            Some(answer) => answer,
            None => fault.spoil(next.run(request).await),
        },
    }
}
