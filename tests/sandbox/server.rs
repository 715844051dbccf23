//! What every fake upstream answers through: a log of the requests, and faults on demand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::connection::Cut;
use super::fault::Fault;
use super::random::Random;

/// The log of one fake upstream and its rules for faults. Clones share both.
#[derive(Clone, Default)]
pub struct FakeServer(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<ServerState>,
    /// Raised to answer every request that is held.
    released: watch::Sender<u64>,
}

#[derive(Default)]
struct ServerState {
    log: Vec<Logged>,
    rules: Vec<Rule>,
    latency: Duration,
    /// How many requests were processed without an answer.
    lost_count: u64,
    keeps_no_log: bool,
    /// How many seconds the clock in its answers is ahead of this machine's.
    seconds_ahead: i64,
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

/// Which requests meet which fault. The first rule that fits a request is used.
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
    /// In this percentage of the cases.
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

    /// Lets this number of requests pass first: `after(2)` begins with page 3.
    pub const fn after(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Only this number of times.
    pub const fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    /// Only in this percentage of the cases. The seed and the order of the requests decide which ones.
    pub fn share(self, percent: u64, seed: u64) -> Self {
        Self { share: Some((percent, Random::new(seed))), ..self }
    }

    fn fits(&self, request: &Logged) -> bool {
        request.path.starts_with(&self.path)
            && self.method.is_none_or(|method| request.method == method)
            && self.token.as_ref().is_none_or(|token| request.header("authorization").contains(token.as_str()))
            && self.mentions.iter().all(|text| request.mentions(text))
    }

    /// Counts a fitting request; the fault if this request meets it.
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
    /// Adds a rule for the requests to come.
    pub fn add(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    /// Every request to come meets this fault.
    pub fn always(&self, fault: Fault) {
        self.add(Rule::on("/", fault));
    }

    /// Forgets every rule and answers the requests that are held.
    pub fn clear_faults(&self) {
        self.state().rules.clear();
        self.0.released.send_modify(|generation| *generation += 1);
    }

    /// Delays every answer to come.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// From now on the clock in its answers is ahead of this machine's by this number of seconds.
    pub fn set_clock(&self, seconds_ahead: i64) {
        self.state().seconds_ahead = seconds_ahead;
    }

    /// The time at this upstream.
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.state().seconds_ahead)
    }

    /// Empties the log and keeps none from now on: over many requests it would fill the memory.
    pub fn keep_no_log(&self) {
        let mut state = self.state();
        (state.keeps_no_log, state.log) = (true, Vec::new());
    }

    /// How many requests met [`Fault::Lost`].
    pub fn lost_count(&self) -> u64 {
        self.state().lost_count
    }

    pub fn log(&self) -> Vec<Logged> {
        self.state().log.clone()
    }

    /// Empties the log and returns what was in it.
    pub fn take_log(&self) -> Vec<Logged> {
        std::mem::take(&mut self.state().log)
    }

    /// How many requests came whose path begins with `path`.
    pub fn count(&self, path: &str) -> usize {
        self.state().log.iter().filter(|logged| logged.path.starts_with(path)).count()
    }

    /// The router, with the log and the faults in front of it.
    pub fn guard(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), pass))
    }

    fn state(&self) -> MutexGuard<'_, ServerState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs the request; how long its answer takes at least, and its fault.
    fn admit(&self, logged: Logged) -> (Duration, Option<Fault>) {
        let mut state = self.state();
        let fault = state.rules.iter_mut().filter(|rule| rule.fits(&logged)).find_map(Rule::take);
        state.lost_count += u64::from(matches!(fault, Some(Fault::Lost)));
        if !state.keeps_no_log {
            state.log.push(logged);
        }
        (state.latency, fault)
    }
}

async fn pass(State(server): State<FakeServer>, request: Request, next: Next) -> Response {
    let mut released = server.0.released.subscribe();
    let (head, body) = request.into_parts();
    // A body that breaks off counts as none: its sender is gone.
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
    let mut answer = answer(fault, &mut released, request, next).await;
    let date =
        HeaderValue::from_str(&httpdate::fmt_http_date(server.now().into())).expect("a date is a header's value");
    answer.headers_mut().entry(header::DATE).or_insert(date);
    // What the answer itself takes is part of its latency.
    tokio::time::sleep_until(due).await;
    answer
}

async fn answer(fault: Option<Fault>, released: &mut watch::Receiver<u64>, request: Request, next: Next) -> Response {
    match fault {
        None => next.run(request).await,
        Some(Fault::Hold) => {
            // An error means that the sandbox ends: nobody waits for the answer any more.
            let _ = released.changed().await;
            next.run(request).await
        }
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Some(Fault::Lost) => {
            let cut = request.extensions().get::<ConnectInfo<Cut>>().cloned();
            let answer = next.run(request).await;
            cut.expect("every fake serves on connections that can be cut").0.cut();
            answer
        }
        Some(fault) => match fault.replacement() {
            Some(answer) => answer,
            None => fault.damage(next.run(request).await),
        },
    }
}
