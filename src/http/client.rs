//! Sends requests, within the run's time and the profile's limits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use reqwest::header::{AGE, DATE, HeaderName};
use reqwest::redirect;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use super::backoff::Budget;
use super::context::{Context, millis, within};
use super::error::{Error, Phase, RequestLabel};
use super::profile::Profile;
use super::rate_limit::{self, Limiter};
use super::request::Request;
use super::response::Response;
use super::transport::from_transport;

/// How we introduce ourselves; a request may set its own `user-agent`.
const USER_AGENT: &str = concat!("tongbu/", env!("CARGO_PKG_VERSION"));

/// Talks to one upstream. Cheap to clone; clones share connections, rate limit and retry budget.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    profile: Profile,
    context: Context,
    http: reqwest::Client,
    rate_limit: Option<Arc<Limiter>>,
    budget: Budget,
}

impl Client {
    /// Connects nowhere yet. The standard proxy variables of the environment are honoured.
    pub fn new(profile: Profile, context: Context) -> Result<Self, Error> {
        let http = connections(&profile)?;
        Self::assemble(profile, context, http)
    }

    /// A client of another profile in the same run, with a rate limit and a budget of its own. Where scheme and connect
    /// timeout allow, it shares this one's connections: an upstream of many endpoints reads the system's certificates
    /// once, which takes longer than some requests.
    pub fn with_profile(&self, profile: Profile) -> Result<Self, Error> {
        let http = self.connections_for(&profile)?;
        Self::assemble(profile, self.0.context.clone(), http)
    }

    /// This client at another base, for an account that has one for each region: the rate limit is shared, for it is the
    /// account's, and the budget is its own, so that a region in trouble does not use up the retries of the others.
    pub fn with_base_url(&self, base_url: Url) -> Result<Self, Error> {
        let Shared { profile, context, rate_limit, .. } = &*self.0;
        let profile = Profile { base_url, ..profile.clone() };
        check_base(&profile)?;
        let (context, http, rate_limit) = (context.clone(), self.connections_for(&profile)?, rate_limit.clone());
        Ok(Self(Arc::new(Shared { profile, context, http, rate_limit, budget: Budget::default() })))
    }

    fn assemble(profile: Profile, context: Context, http: reqwest::Client) -> Result<Self, Error> {
        check_base(&profile)?;
        let rate_limit = match profile.rate_limit.map(rate_limit::limiter) {
            Some(None) => return Err(unusable(&profile, "its rate limit lets no request through")),
            Some(Some(rate_limit)) => Some(Arc::new(rate_limit)),
            None => None,
        };
        Ok(Self(Arc::new(Shared { profile, context, http, rate_limit, budget: Budget::default() })))
    }

    fn connections_for(&self, profile: &Profile) -> Result<reqwest::Client, Error> {
        let Shared { profile: own, http, .. } = &*self.0;
        let is_alike =
            own.base_url.scheme() == profile.base_url.scheme() && own.connect_timeout == profile.connect_timeout;
        if is_alike { Ok(http.clone()) } else { connections(profile) }
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

    /// Waits for its turn, sends once, answers when the head is there whatever its status. Of a refusal the first words
    /// are taken in as well, if they come within half a second.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let Shared { profile, context, http, .. } = &*self.0;
        let label = request.label(profile.name);
        let rate_limit_key = request.rate_limit_key;
        let request = request.build(&profile.base_url, &label)?;
        self.wait_for_permit(rate_limit_key).await?;

        self.budget().count_request();
        context.requests.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let total_end = started.checked_add(profile.total_timeout);
        let sent = self.wait(&label, Phase::FirstByte, total_end, http.execute(request)).await;
        let answer = sent.and_then(|sent| sent.map_err(|error| from_transport(error, &label, profile)));
        let duration_ms = millis(started.elapsed());
        let (upstream, method, path, trace_id) = (profile.name, &*label.method, &*label.path, &*context.trace_id);
        match answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let header = |name: HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok());
                context.skew.note(upstream, header(DATE), header(AGE).is_some(), context.clock.now());
                debug!(upstream, method, path, status, duration_ms, trace_id, "{upstream} answered");
                Ok(Response::new(self.clone(), label, answer, total_end).await)
            }
            Err(error) => {
                debug!(upstream, method, path, %error, duration_ms, trace_id, "{upstream} did not answer");
                Err(error)
            }
        }
    }

    /// Sends with retries, expects a good status and a JSON document no larger than the profile's limit (and than
    /// [`Response::json`] takes).
    pub async fn fetch_json<T: DeserializeOwned + Send>(&self, request: Request) -> Result<T, Error> {
        let what = request.label(self.profile().name).to_string();
        self.retry(&what, |_| {
            let request = request.clone();
            async { self.send(request).await?.error_for_status()?.json().await }
        })
        .await
    }

    /// Waits until the rate limit lets another request with this key through.
    async fn wait_for_permit(&self, rate_limit_key: &'static str) -> Result<(), Error> {
        let Shared { profile, context, rate_limit, .. } = &*self.0;
        context
            .bounded(profile.name, async {
                if let Some(rate_limit) = rate_limit {
                    rate_limit.until_key_ready(&rate_limit_key).await;
                }
            })
            .await
    }

    /// What `work` gives, unless the upstream takes longer than its profile allows or the run ends.
    pub(super) async fn wait<T>(
        &self,
        label: &RequestLabel,
        phase: Phase,
        total_end: Option<Instant>,
        work: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let Shared { profile, context, .. } = &*self.0;
        let read_end = Instant::now().checked_add(profile.read_timeout);
        let (end, phase, limit) = match (read_end, total_end) {
            (Some(read_end), Some(total_end)) if read_end < total_end => (Some(read_end), phase, profile.read_timeout),
            (_, Some(total_end)) => (Some(total_end), Phase::Total, profile.total_timeout),
            (read_end, None) => (read_end, phase, profile.read_timeout),
        };
        let timed = context.bounded(profile.name, within(end, work)).await?;
        timed.ok_or_else(|| Error::Timeout { request: label.clone(), phase, limit })
    }
}

/// Refuses a base that no request can stand behind.
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
/// are [`Client::wait`]'s.
fn connections(profile: &Profile) -> Result<reqwest::Client, Error> {
    // It fails where a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(profile.connect_timeout);
    // Reading the system's certificates takes milliseconds and fails where there are none, so who needs none reads none.
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
pub(super) mod tests {
    use std::time::Duration;

    use super::{Client, Profile};
    use crate::error::Class;
    use crate::http::context::tests::context;
    use crate::http::{Jitter, RateLimit};

    pub fn profile() -> Profile {
        Profile {
            name: "fairing",
            base_url: "http://127.0.0.1:9".parse().unwrap(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(15),
            total_timeout: Duration::from_secs(300),
            max_body: 1 << 20,
            retries: 3,
            backoff: Duration::from_secs(2),
            backoff_cap: Duration::from_secs(60),
            jitter: Jitter::Full,
            rate_limit: None,
        }
    }

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
