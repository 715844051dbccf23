//! Sends requests, within the run's time and the profile's limits.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use reqwest::header::{ACCEPT_ENCODING, AGE, DATE, HeaderName, HeaderValue};
use reqwest::redirect;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use super::backoff::Budget;
use super::context::{Context, millis};
use super::decode;
use super::error::{Error, Phase};
use super::profile::Profile;
use super::rate_limit::{Limiter, limiter};
use super::request::Request;
use super::response::Response;
use super::shared::Shared;
use super::transport::from_transport;

/// How we introduce ourselves; a request may set its own `user-agent`.
const USER_AGENT: &str = concat!("tongbu/", env!("CARGO_PKG_VERSION"));

/// Talks to one upstream. Cheap to clone; clones share connections, rate limit and retry budget.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

impl Client {
    /// Connects nowhere yet. The standard proxy variables of the environment are honoured.
    pub fn new(profile: Profile, context: Context) -> Result<Self, Error> {
        let http = connections(&profile, &context)?;
        Self::assemble(profile, context, http)
    }

    /// A client of another profile in the same run, with its own rate limit and budget. Where scheme and connect timeout
    /// are the same, it shares this client's connections: reading the system's certificates again for every endpoint
    /// would take longer than some requests.
    pub fn with_profile(&self, profile: Profile) -> Result<Self, Error> {
        let connections = self.connections_for(&profile)?;
        Self::assemble(profile, self.0.context.clone(), connections)
    }

    /// This client with another base URL, for an account that has one for each region. The rate limit is shared, since it
    /// is the account's. The budget is not, so that a region in trouble does not use up the retries of the others.
    pub fn with_base_url(&self, base_url: Url) -> Result<Self, Error> {
        let Shared { profile, context, limiter, .. } = &*self.0;
        let profile = Profile { base_url, ..profile.clone() };
        check_base(&profile)?;
        let connections = self.connections_for(&profile)?;
        Ok(Self::of(profile, context.clone(), connections, limiter.clone()))
    }

    fn assemble(profile: Profile, context: Context, connections: reqwest::Client) -> Result<Self, Error> {
        check_base(&profile)?;
        let limiter = match profile.rate_limit.map(limiter) {
            Some(None) => return Err(unusable(&profile, "its rate limit lets no request through")),
            Some(Some(limiter)) => Some(Arc::new(limiter)),
            None => None,
        };
        Ok(Self::of(profile, context, connections, limiter))
    }

    fn of(profile: Profile, context: Context, connections: reqwest::Client, limiter: Option<Arc<Limiter>>) -> Self {
        Self(Arc::new(Shared {
            profile,
            context,
            connections,
            unpooled: OnceLock::new(),
            limiter,
            budget: Budget::default(),
        }))
    }

    fn connections_for(&self, profile: &Profile) -> Result<reqwest::Client, Error> {
        let own = &self.0.profile;
        let is_alike =
            own.base_url.scheme() == profile.base_url.scheme() && own.connect_timeout == profile.connect_timeout;
        if is_alike { Ok(self.0.connections.clone()) } else { connections(profile, &self.0.context) }
    }

    pub fn profile(&self) -> &Profile {
        &self.0.profile
    }

    pub(super) fn context(&self) -> &Context {
        &self.0.context
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// Waits for a permit of the rate limit, sends once, and returns when the response's head has arrived, whatever its
    /// status. For an error status it also reads the beginning of the body, if that arrives within half a second.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        self.send_over(&self.0.connections, request).await
    }

    /// [`send`](Self::send) over a new connection. For a request that may be sent twice and whose connection ended without
    /// a response: the server may have closed it while it was idle.
    pub async fn resend(&self, request: Request) -> Result<Response, Error> {
        let Shared { profile, context, unpooled, .. } = &*self.0;
        let connections = if let Some(connections) = unpooled.get() {
            connections
        } else {
            let made = built(profile, builder(profile, context).pool_max_idle_per_host(0))?;
            unpooled.get_or_init(|| made)
        };
        self.send_over(connections, request).await
    }

    async fn send_over(&self, connections: &reqwest::Client, request: Request) -> Result<Response, Error> {
        let shared = &self.0;
        let Shared { profile, context, budget, .. } = &**shared;
        let label = request.label(profile.name);
        let rate_limit_key = request.rate_limit_key;
        let request = request.build(&profile.base_url, &label)?;
        shared.wait_for_permit(rate_limit_key).await?;

        budget.count_request();
        context.requests.fetch_add(1, Ordering::Relaxed);
        crate::progress::count_request();
        let started = Instant::now();
        let total_end = started.checked_add(profile.total_timeout);
        let sent = shared.wait(&label, Phase::FirstByte, total_end, execute(connections, request)).await;
        let response = sent.and_then(|sent| sent.map_err(|error| from_transport(error, &label, shared)));
        let duration_ms = millis(started.elapsed());
        let (upstream, method, path) = (profile.name, &*label.method, &*label.path);
        match response {
            Ok(response) => {
                let status = response.status().as_u16();
                let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
                context.skew.note(upstream, header(DATE), header(AGE).is_some(), context.clock.now());
                debug!(upstream, method, path, status, duration_ms, "{upstream} responded");
                Ok(Response::new(Arc::clone(shared), label, response, total_end).await)
            }
            Err(error) => {
                debug!(upstream, method, path, %error, duration_ms, "{upstream} did not respond");
                Err(error)
            }
        }
    }
}

/// Sends the request from a task, which ends when this future is dropped.
///
/// Each connection has a task that ends when the server closes it. A request that is handed to it just then, by another
/// thread, stays in a queue that nobody reads, and waits for its whole time limit. So the runtime has one worker, and
/// requests are handed over by its tasks, too.
async fn execute(connections: &reqwest::Client, request: reqwest::Request) -> reqwest::Result<reqwest::Response> {
    let mut task = JoinSet::new();
    task.spawn(connections.execute(request));
    match task.join_next().await {
        Some(Ok(sent)) => sent,
        Some(Err(ended)) if ended.is_panic() => resume_unwind(ended.into_panic()),
        // The runtime ends, and this future with it.
        Some(Err(_)) | None => pending().await,
    }
}

/// Refuses a base URL that no request can be sent to.
fn check_base(profile: &Profile) -> Result<(), Error> {
    let base = &profile.base_url;
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err(unusable(profile, "its base URL is neither `http://…` nor `https://…`"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(unusable(profile, "its base URL holds a user name or a password, which a log could show"));
    }
    Ok(())
}

/// Connections without redirects, without retries but ours, and without time limits but for connecting: the others
/// are [`Shared::wait`]'s.
fn connections(profile: &Profile, context: &Context) -> Result<reqwest::Client, Error> {
    built(profile, builder(profile, context))
}

fn builder(profile: &Profile, context: &Context) -> reqwest::ClientBuilder {
    // Fails where a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .default_headers([(ACCEPT_ENCODING, HeaderValue::from_static(decode::ACCEPTED))].into_iter().collect())
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(profile.connect_timeout);
    if context.proxies.is_bypassed(profile) { builder.no_proxy() } else { builder }
}

fn built(profile: &Profile, builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    // Reading the system's certificates takes milliseconds and fails where there are none, so they are read only where they are needed.
    let built = match profile.base_url.scheme() {
        "http" => builder.tls_certs_only([]).build(),
        _ => builder.build(),
    };
    built.map_err(|source| Error::Profile {
        upstream: profile.name,
        problem: "TLS cannot be set up",
        source: Some(source),
    })
}

fn unusable(profile: &Profile, problem: &'static str) -> Error {
    Error::Profile { upstream: profile.name, problem, source: None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Client, Profile};
    use crate::error::Class;
    use crate::http::RateLimit;
    use crate::http::context::tests::context;
    use crate::http::profile::tests::profile;

    fn check_refused(profile: Profile, expected: &str) {
        let error = Client::new(profile, context(None)).unwrap_err();
        assert_eq!((error.class(), error.to_string().as_str()), (Class::Config, expected));
    }

    #[test]
    fn a_profile_that_cannot_work_is_refused() {
        let ftp = Profile { base_url: "ftp://a.example".parse().unwrap(), ..profile() };
        check_refused(ftp, "cannot talk to fairing: its base URL is neither `http://…` nor `https://…`");
        let open = Profile { base_url: "http://:pass@a.example".parse().unwrap(), ..profile() };
        check_refused(
            open,
            "cannot talk to fairing: its base URL holds a user name or a password, which a log could show",
        );
        let still = Profile { rate_limit: Some(RateLimit { count: 0, per: Duration::from_secs(1) }), ..profile() };
        check_refused(still, "cannot talk to fairing: its rate limit lets no request through");
    }
}
