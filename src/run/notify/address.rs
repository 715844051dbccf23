//! A receiver's address: the client for it, and the parts that are its credential.

use std::time::Duration;

use bytes::Bytes;
use url::Url;

use super::error::{Error, TIMEOUT};
use crate::clock::Clock;
use crate::config::env;
use crate::http::{self, Client, Context, Jitter, Profile, Proxies, Request};
use crate::secret::Secret;

/// A part of a path or query that is at least this long may be a token.
const MIN_TOKEN_BYTES: usize = 8;

/// Where to send to, taken from an address.
pub struct Target {
    pub client: Client,
    pub path: String,
    pub query: String,
}

/// Its path and its query may each be the credential: neither is ever shown.
pub fn parse(address: &Secret) -> Result<Url, Error> {
    let url = Url::parse(address.expose()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or(Error::Address)?;
    let [path, query] = [url.path(), url.query().unwrap_or_default()].map(str::to_owned);
    let is_token = |part: &&str| part.len() >= MIN_TOKEN_BYTES && part.bytes().any(|byte| byte.is_ascii_digit());
    let segments = path.split('/').filter(is_token).map(str::to_owned);
    let values = url.query_pairs().map(|(_, value)| value.into_owned());
    let whole = [path.trim_end_matches('/').to_owned(), query.clone()];
    for part in segments.chain(values).chain(whole).filter(|part| !part.is_empty()) {
        // Made for what it remembers: errors name the path without the rest of the address.
        drop(Secret::new(part));
    }
    Ok(url)
}

impl Target {
    pub fn open(address: &Secret, clock: &Clock) -> Result<Self, Error> {
        let url = parse(address)?;
        let base_url = url.join("/").map_err(|_| Error::Address)?;
        let profile = Profile {
            name: "notify",
            base_url,
            connect_timeout: TIMEOUT,
            read_timeout: TIMEOUT,
            total_timeout: TIMEOUT,
            max_body: 1024 * 1024,
            retries: 1,
            backoff: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(1),
            jitter: Jitter::Full,
            rate_limit: None,
        };
        let context = Context { proxies: Proxies::new(env::var), ..Context::detached(clock.clone(), "notify") };
        let (path, query) = (url.path().to_owned(), url.query().unwrap_or_default().to_owned());
        Ok(Self { client: Client::new(profile, context)?, path, query })
    }
}

/// Sends until the status is good; returns the body where one of at most `limit` bytes is expected.
pub async fn deliver(
    client: &Client,
    limit: Option<u64>,
    request: impl Fn() -> Request + Sync,
) -> Result<Bytes, http::Error> {
    client
        .retry("notify", |_| {
            let request = request();
            async move {
                let response = client.send(request).await?.error_for_status()?;
                match limit {
                    Some(limit) => response.bytes(limit).await,
                    None => Ok(Bytes::new()),
                }
            }
        })
        .await
}
