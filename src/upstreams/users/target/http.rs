//! A service that takes events by HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Serialize;
use url::{Position, Url};

use super::super::config::{AuthConfig, Config, HttpTargetConfig, TargetConfig, USER_ID};
use super::super::queue::Delivery;
use super::super::tables::StoredEvent;
use super::answer::{Answer, Cause};
use super::task::{Task, idempotency_key, serialize, task_id};
use crate::clock::Clock;
use crate::config::HttpSettings;
use crate::http::{Client, Context, Error, Profile, Request, Response, Retry, Retryable, StatusKind, classify};
use crate::secret::Secret;
use crate::text::hex;
use crate::upstreams;
use crate::upstreams::hmac::{hmac_sha256, sha256_hex};
use crate::upstreams::http_profile::http_profile;

/// What we say we are, in `X-Sync-Source`.
const SYNC_SOURCE: &str = "tongbu";

/// These answers are about the event itself: the same event would be answered the same again.
const PERMANENT: [u16; 5] = [400, 404, 410, 413, 422];

/// An answer's body is read so that its connection can be used again, but no further than this.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// A user is a few hundred bytes.
const MAX_USER_BYTES: u64 = 1 << 20;

/// An HTTP target, opened.
pub struct HttpTarget {
    events: Endpoint,
    method: String,
    pub batch: usize,
    authorization: Option<Secret>,
    signing_secret: Option<Secret>,
    /// Shows a user, with [`USER_ID`] in its path.
    check: Option<Endpoint>,
    clock: Clock,
}

/// Where requests of one kind go.
struct Endpoint {
    client: Client,
    path: String,
}

#[derive(Serialize)]
struct Batch<'a> {
    tasks: Vec<Task<'a>>,
    timestamp: String,
}

impl HttpTarget {
    pub fn open(
        http: &HttpTargetConfig,
        target: &TargetConfig,
        config: &Config,
        context: Context,
    ) -> Result<Self, upstreams::Error> {
        let clock = context.clock.clone();
        let (base, path) = profile(&http.url, &target.full_key("url"), config)?;
        let events = Endpoint { client: Client::new(base, context)?, path };
        let check = match &http.check_url {
            None => None,
            Some(url) => {
                let (base, path) = profile(url, &target.full_key("check_url"), config)?;
                Some(Endpoint { client: events.client.with_profile(base)?, path })
            }
        };
        let authorization = match &http.auth {
            None => None,
            Some(AuthConfig::Bearer(token)) => {
                let token = token.resolve(&target.full_key("auth.bearer"))?;
                Some(Secret::new(format!("Bearer {}", token.expose())))
            }
            Some(AuthConfig::Basic { username, password }) => {
                let password = password.resolve(&target.full_key("auth.basic.password"))?;
                Some(Secret::new(format!("Basic {}", BASE64.encode(format!("{username}:{}", password.expose())))))
            }
        };
        let signing_secret = http
            .signing_secret
            .as_ref()
            .map(|secret| secret.resolve(&target.full_key("signing_secret")))
            .transpose()?;
        let (method, batch) = (http.method.clone(), http.batch);
        Ok(Self { events, method, batch, authorization, signing_secret, check, clock })
    }

    /// Sends the events in one request.
    pub async fn send(&self, deliveries: &[Delivery]) -> Answer {
        match deliveries {
            [delivery] => self.send_one(&delivery.event).await,
            deliveries => self.send_batch(deliveries).await,
        }
    }

    async fn send_one(&self, event: &StoredEvent) -> Answer {
        let task = match Task::of(event) {
            Ok(task) => task,
            Err(error) => return Answer::unreadable(event.seq, &error),
        };
        let request = self
            .request(&self.events.path, serialize(&task))
            .header("x-sync-task-id", &task_id(event))
            .header("x-sync-event-type", event.kind.name())
            .header("idempotency-key", &idempotency_key(&event.id));
        self.deliver(request).await
    }

    async fn send_batch(&self, deliveries: &[Delivery]) -> Answer {
        let mut tasks = Vec::with_capacity(deliveries.len());
        for Delivery { event, .. } in deliveries {
            match Task::of(event) {
                Ok(task) => tasks.push(task.with_key(event)),
                Err(error) => return Answer::unreadable(event.seq, &error),
            }
        }
        let ids: Vec<&str> = deliveries.iter().map(|delivery| delivery.event.id.as_str()).collect();
        let body = serialize(&Batch { tasks, timestamp: self.clock.now().to_string() });
        let request = self
            .request(&batch_path(&self.events.path), body)
            .header("x-sync-batch-size", &deliveries.len().to_string())
            .header("idempotency-key", &sha256_hex(ids.join("\n")));
        self.deliver(request).await
    }

    fn request(&self, path: &str, body: Vec<u8>) -> Request {
        let mut request = Request::new(&self.method, path).header("x-sync-source", SYNC_SOURCE);
        if let Some(authorization) = &self.authorization {
            request = request.secret_header("authorization", authorization);
        }
        if let Some(secret) = &self.signing_secret {
            let timestamp = self.clock.now().as_second().to_string();
            let signed = [timestamp.as_bytes(), b".", &body].concat();
            let signature = hex(&hmac_sha256(secret.expose().as_bytes(), signed));
            request = request
                .header("x-sync-timestamp", &timestamp)
                .header("x-sync-signature", &format!("sha256={signature}"));
        }
        request.body("application/json", Bytes::from(body))
    }

    async fn deliver(&self, request: Request) -> Answer {
        match self.events.send(request).await {
            Ok(response) => {
                // It has accepted; the rest is only read so that the connection can be used again.
                let _ = response.bytes(MAX_ANSWER_BYTES).await;
                Answer::Accepted
            }
            Err(error) => {
                let retry_after = match error.retry() {
                    Retry::After(wait) | Retry::Throttled(Some(wait)) => Some(wait),
                    Retry::Throttled(None) | Retry::Backoff | Retry::Never => None,
                };
                let cause = cause(&error);
                Answer::failed(&error.into(), cause, retry_after)
            }
        }
    }

    /// Whether it shows its users.
    pub const fn can_check(&self) -> bool {
        self.check.is_some()
    }

    /// What the target holds of the user, as JSON; `None` where it has none.
    pub async fn fetch_user(&self, user_id: i64) -> Result<Option<serde_json::Value>, upstreams::Error> {
        let Some(check) = &self.check else { return Ok(None) };
        let path = check.path.replace(USER_ID, &user_id.to_string());
        let mut request = Request::get(&path);
        if let Some(authorization) = &self.authorization {
            request = request.secret_header("authorization", authorization);
        }
        match check.send(request).await {
            Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(None),
            response => {
                let body = response?.bytes(MAX_USER_BYTES).await?;
                let user = serde_json::from_slice(&body).map_err(|error| upstreams::Error::Contract {
                    context: format!("cannot read the target's answer about user {user_id}"),
                    reason: error.to_string(),
                })?;
                Ok(Some(user))
            }
        }
    }
}

impl Endpoint {
    /// Sends the request; once more where its connection ended without an answer, for the target may have closed it while
    /// it was idle, and the idempotency key keeps it from taking an event twice.
    async fn send(&self, request: Request) -> Result<Response, Error> {
        match self.client.send(request.clone()).await {
            Err(Error::Truncated { .. }) => self.client.resend(request).await,
            answer => answer,
        }
        .and_then(Response::error_for_status)
    }
}

/// Whose failure the error is.
fn cause(error: &Error) -> Cause {
    match error.status() {
        Some(status) if PERMANENT.contains(&status) => Cause::Permanent,
        Some(401 | 407) => Cause::Target,
        // This user alone may be forbidden or sent elsewhere, or everything.
        Some(300..=399 | 403 | 500..) => Cause::Unclear,
        Some(status) if classify(status) == StatusKind::Retryable => Cause::Unclear,
        Some(_) => Cause::Event,
        // The target may end its connections because of this event.
        None if matches!(error, Error::Truncated { .. }) => Cause::Unclear,
        None => Cause::Target,
    }
}

/// Where batches go: `/batch` behind the path, before its query.
fn batch_path(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    format!("{}/batch{query}", path.trim_end_matches('/'))
}

/// The profile and the path of a URL. One attempt: the retries are the queue's.
fn profile(url: &str, key: &str, config: &Config) -> Result<(Profile, String), upstreams::Error> {
    const PLACEHOLDER: &str = "tongbu-user-id";
    let invalid = |error| upstreams::Error::invalid(key, format!("not a URL: {error}"));
    let url = Url::parse(&url.replace(USER_ID, PLACEHOLDER)).map_err(invalid)?;
    let path = url[Position::BeforePath..Position::AfterQuery].replace(PLACEHOLDER, USER_ID);
    let settings = HttpSettings {
        connect_timeout: config.http.connect_timeout.min(config.timeout),
        read_timeout: config.timeout,
        total_timeout: config.timeout,
        retries: 0,
        ..config.http.clone()
    };
    Ok((http_profile("users", &url[..Position::BeforePath], &settings, None)?, path))
}

#[cfg(test)]
mod tests {
    use super::batch_path;

    #[test]
    fn batches_go_behind_the_path_and_before_its_query() {
        for (path, expected) in
            [("/sync", "/sync/batch"), ("/sync/", "/sync/batch"), ("/sync?key=1", "/sync/batch?key=1")]
        {
            assert_eq!(batch_path(path), expected);
        }
    }
}
