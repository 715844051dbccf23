//! Sends an account's calls: signed afresh for every try, each API at the account's rate, and none once its credential is
//! rejected.

mod region;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use self::region::{Listing, RegionApi};
use super::provider::{Account, Call, Kind, ProviderError};
use super::regions::KnownRegion;
use crate::clock::Clock;
use crate::config::HttpSettings;
use crate::http::{Client, RateLimit, Request, Retry, Retryable as _, clock_ahead, retry_after};
use crate::ident;
use crate::upstreams::mirror::Signs;
use crate::upstreams::{Error, Opening, http_profile};

/// The largest page of any provider is a few hundred KiB; what is larger than this is none.
const MAX_ANSWER_BYTES: u64 = 32 << 20;

/// No provider needs more than a few pages for its regions.
const MAX_REGION_PAGES: usize = 100;

/// An account's calls.
pub struct Api {
    pub account: Account,
    client: Client,
    clock: Clock,
    /// Whether an answer has shown that the access key is right.
    is_key_accepted: AtomicBool,
    /// Made at most once: a call that no region refuses, where a region's refusal leaves the key in doubt.
    key_check: OnceCell<()>,
    /// The answer that rejects the credential, or the time of every request.
    rejection: OnceLock<ProviderError>,
    /// Cancelled by that answer: every other region would give the same.
    rejected: CancellationToken,
    /// Held while types of instances are looked up.
    types_turn: Mutex<()>,
    /// The provider does not say what types have.
    are_types_refused: AtomicBool,
}

/// An answer, or the refusal that no retry changes; what the head says, and the bytes of the body.
struct Fetched<T> {
    answer: Result<T, ProviderError>,
    signs: Signs,
}

impl Api {
    /// At most `qps` requests a second go to one API.
    pub fn open(account: Account, qps: u32, http: &HttpSettings, opening: &Opening<'_>) -> Result<Self, Error> {
        let rate_limit = RateLimit { count: qps, per: Duration::from_secs(1) };
        let regions = account.cloud().list_regions(&account.default_region, None);
        let base_url = account.origin(&regions).url();
        let client = Client::new(http_profile("ecs", &base_url, http, Some(rate_limit))?, opening.http.clone())?;
        Ok(Self {
            account,
            client,
            clock: opening.http.clock.clone(),
            is_key_accepted: AtomicBool::new(false),
            key_check: OnceCell::new(),
            rejection: OnceLock::new(),
            rejected: CancellationToken::new(),
            types_turn: Mutex::new(()),
            are_types_refused: AtomicBool::new(false),
        })
    }

    /// The provider's regions, all pages of the list.
    pub async fn fetch_regions(&self) -> Result<Vec<KnownRegion>, Error> {
        let context = format!("cannot list the regions of account `{}`", self.account.name);
        let (cloud, mut listed, mut token) = (self.account.cloud(), Vec::new(), None);
        let mut pages_left = MAX_REGION_PAGES;
        loop {
            let call = cloud.list_regions(&self.account.default_region, token.as_ref());
            let answer = self.fetch(&self.client, &call, &context).await?.answer;
            let page = answer.map_err(|refused| self.refuse_regions(refused, &context))?;
            listed.extend(page.rows);
            pages_left -= 1;
            match page.next {
                None => break,
                next if pages_left == 0 || next == token => {
                    let reason = "the list of regions does not end".to_owned();
                    return Err(Error::Contract { context, reason });
                }
                next => token = next,
            }
        }
        let regions = cloud.merge_regions(listed);
        if regions.is_empty() {
            return Err(Error::Contract { context, reason: "the list of regions is empty".to_owned() });
        }
        Ok(regions)
    }

    fn refuse_regions(&self, refused: ProviderError, context: &str) -> Error {
        if refused.kind == Kind::KeyDoubted && !self.is_key_accepted.load(Ordering::Relaxed) {
            self.reject(&refused);
        }
        refused.into_error(context.to_owned())
    }

    /// A client for the origin that the call goes to.
    fn client_of<T>(&self, call: &Call<T>) -> Result<Client, Error> {
        let origin = self.account.origin(call).url();
        let base_url = Url::parse(&origin).map_err(|error| {
            let reason = format!("`{origin}` is not a URL: {error}");
            Error::invalid(&format!("ecs.accounts.{}.endpoint", self.account.name), reason)
        })?;
        Ok(self.client.with_base_url(base_url)?)
    }

    async fn fetch<T: Send + Sync>(&self, client: &Client, call: &Call<T>, context: &str) -> Result<Fetched<T>, Error> {
        let fetched: Result<Fetched<T>, Error> = client
            .retry(context, |_| async move {
                let response = client.send(self.request(call)).await?;
                let status = response.status();
                let host = client.profile().base_url.host_str();
                tracing::info!(account = self.account.name, action = call.action(), host, status, "called");
                let now = self.clock.now();
                let ahead = clock_ahead(response.header("date"), now);
                let wait = self.account.cloud().wait(&|name| response.header(name)).or_else(|| {
                    let value = response.header("retry-after")?;
                    retry_after(value, now)
                });
                let head = Signs::of_head(&response, |_| false);
                let body = response.bytes(MAX_ANSWER_BYTES).await?;
                let signs = Signs { is_garbled: std::str::from_utf8(&body).is_err(), ..head };
                // A refusal that the call takes for an answer, such as that nothing was ever set, is one.
                let signs = Signs { doubt: signs.doubt.filter(|_| matches!(status, 200..300)), ..signs };
                match call.parse(status, &body).map_err(|refused| refused.with_wait(wait).with_clock(ahead)) {
                    Err(refused) if refused.retry() != Retry::Never => Err(refused.into_error(context.to_owned())),
                    answer => Ok(Fetched { answer, signs }),
                }
            })
            .await;
        let fetched = fetched?;
        match fetched.answer.as_ref().map_err(|refused| (refused.kind, refused)) {
            Ok(_) | Err((Kind::NotPermitted, _)) => self.is_key_accepted.store(true, Ordering::Relaxed),
            Err((Kind::KeyRejected | Kind::ClockOff, refused)) => self.reject(refused),
            Err(_) => {}
        }
        Ok(fetched)
    }

    /// Ends every call of the account with that answer.
    fn reject(&self, refused: &ProviderError) {
        self.rejection.get_or_init(|| refused.clone());
        self.rejected.cancel();
    }

    /// Finds out whether a key in doubt is wrong, or only not valid in one region.
    async fn check_key(&self) {
        if !self.is_key_accepted.load(Ordering::Relaxed) {
            self.key_check.get_or_init(|| async { drop(self.fetch_regions().await) }).await;
        }
    }

    fn request<T>(&self, call: &Call<T>) -> Request {
        // Accepted once, whichever process sends it.
        let signed = self.account.sign(call, self.clock.now(), &ident::random_hex());
        let request = Request::new(signed.method, &signed.target).rate_limit_key(call.api());
        let request = signed.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        match signed.content_type {
            Some(content_type) => request.body(content_type, signed.body),
            None => request,
        }
    }
}
