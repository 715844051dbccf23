//! Sends an account's calls: signed afresh for every try, each API at the account's rate, and none once its credential is
//! rejected.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::disks::{AttachedDisk, DiskScope};
use super::instance::{Instance, InstanceId, Status};
use super::provider::catalog::{Catalog, Supplement};
use super::provider::{Account, Call, Cloud, Endpoint, Kind, Page, PageToken, ProviderError};
use super::regions::{KnownRegion, Region};
use super::resources::{Asset, Patch};
use crate::clock::Clock;
use crate::config::HttpSettings;
use crate::http::{Client, RateLimit, Request, Retry, Retryable as _, clock_ahead, retry_after};
use crate::ident;
use crate::upstreams::mirror::{Collected, Collection, Ending, Identified, Limits, Signs, Step, Unproved};
use crate::upstreams::{Error, Opening, http_profile};

/// More rows than any region has. AWS may answer pages without rows that name a page after them.
const LIMITS: Limits = Limits { max_pages: 10_000, max_stale_pages: 50 };

/// The largest page of any provider is a few hundred KiB; what is larger than this is none.
const MAX_ANSWER_BYTES: u64 = 32 << 20;

/// No provider needs more than a few pages for its regions.
const MAX_REGION_PAGES: usize = 100;

/// This many stored rows are looked up by their ids before a listing is taken for empty.
const CONFIRMED_IDS: usize = 3;

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
}

/// An answer, or the refusal that no retry changes; what the head says, and the bytes of the body.
struct Fetched<T> {
    answer: Result<T, ProviderError>,
    signs: Signs,
}

/// What a listing brought, and how it ended.
pub type Listing<T> = (Collected<T>, Ending);

/// An account in one of its regions. Its retries are its own, its rate is the account's.
pub struct RegionApi<'a> {
    api: &'a Api,
    region: &'a Region,
    client: Client,
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

    /// The account in that region.
    pub fn region<'a>(&'a self, region: &'a Region) -> Result<RegionApi<'a>, Error> {
        let client = self.client_of(&self.account.cloud().list_instances(region, None))?;
        Ok(RegionApi { api: self, region, client })
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

impl RegionApi<'_> {
    /// Every instance, page after page; `advance` gets how many there are so far.
    pub async fn fetch_instances(&self, advance: impl Fn(u64) + Send + Sync) -> Result<Listing<Instance>, Error> {
        self.list("list instances", |page| Some(self.cloud().list_instances(self.region, page)), advance).await
    }

    /// The disks of that scope; no end is proved where the provider lists none.
    pub async fn fetch_disks(&self, of: DiskScope<'_>) -> Result<Listing<AttachedDisk>, Error> {
        self.list("list disks", |page| self.cloud().list_disks(self.region, of, page), |_| ()).await
    }

    /// Every row of a kind that the catalog lists; `None` where the region does not offer it.
    pub async fn fetch_assets(
        &self,
        catalog: &Catalog,
        rows: &str,
        advance: impl Fn(u64) + Send + Sync,
    ) -> Result<Option<Listing<Asset>>, Error> {
        let what = format!("list {rows}");
        match self.try_list(&what, |page| Some((catalog.list)(self.region, page)), advance).await? {
            Ok(listing) => Ok(Some(listing)),
            Err(refused) if refused.kind == Kind::Region => Ok(None),
            Err(refused) => Err(refused.into_error(self.context(&what))),
        }
    }

    /// What the supplement says of these rows; `None` where the only one is gone.
    pub async fn fetch_patches(&self, supplement: &Supplement, rows: &[Asset]) -> Result<Option<Vec<Patch>>, Error> {
        let call = |page: Option<&PageToken>| Some((supplement.call)(self.region, rows, page));
        match self.try_list(supplement.what, call, |_| ()).await? {
            Ok((listed, ending)) => {
                let (patches, bad) = listed.into_rows();
                let context = || self.context(supplement.what);
                // Half a list would look like what is gone.
                if !ending.is_proved() {
                    let reason = format!("the end of the list is not proved: {ending}");
                    return Err(Error::Contract { context: context(), reason });
                }
                match bad.into_iter().next() {
                    Some(bad) => Err(Error::Contract { context: context(), reason: bad.reason }),
                    None => Ok(Some(patches)),
                }
            }
            Err(refused) if refused.kind == Kind::UnknownInstance && supplement.chunk == Some(1) => Ok(None),
            Err(refused) => Err(refused.into_error(self.context(supplement.what))),
        }
    }

    /// The statuses of these instances; `None` where the provider refuses because it does not know all of them.
    pub async fn fetch_statuses(&self, ids: &[InstanceId]) -> Result<Option<BTreeMap<InstanceId, Status>>, Error> {
        let mut statuses = BTreeMap::new();
        for call in self.cloud().list_statuses(self.region, ids) {
            match self.fetch(&call, &self.context("list statuses")).await?.answer {
                Ok(answered) => statuses.extend(answered),
                Err(refused) if refused.kind == Kind::UnknownInstance => return Ok(None),
                Err(refused) => return Err(refused.into_error(self.context("list statuses"))),
            }
        }
        Ok(Some(statuses))
    }

    /// Whether an empty listing is empty because there is nothing; an error where the account may not see it, or where
    /// one of the `stored` instances is still there. Another empty listing would prove nothing: lost permission lasts.
    pub async fn confirm_empty(&self, stored: &[InstanceId]) -> Result<(), Error> {
        if let Some(call) = self.cloud().confirm_authorised(self.region) {
            let context = self.context("list instances");
            return self.fetch(&call, &context).await?.answer.map_err(|refused| refused.into_error(context));
        }
        self.confirm_gone(stored, |region, id| self.cloud().find_instance(region, id), "instances").await
    }

    /// Whether the first of the stored rows are gone by their ids.
    pub async fn confirm_gone(
        &self,
        stored: &[InstanceId],
        find: impl Fn(&Region, &InstanceId) -> Vec<Call<()>> + Send + Sync,
        rows: &str,
    ) -> Result<(), Error> {
        let context = self.context(&format!("list {rows}"));
        for id in stored.iter().take(CONFIRMED_IDS) {
            for call in find(self.region, id) {
                match self.fetch(&call, &context).await?.answer {
                    Ok(()) => {
                        let reason = format!("the listing is empty, and `{id}` is still there");
                        return Err(Error::Contract { context, reason });
                    }
                    Err(refused) if refused.kind == Kind::UnknownInstance => {}
                    Err(refused) => return Err(refused.into_error(context)),
                }
            }
        }
        Ok(())
    }

    /// Whether the account may do what a pass does, by action; nothing once its credential is rejected.
    pub async fn verify_rights(&self, catalogs: &[&Catalog]) -> Vec<(&'static str, Result<(), Error>)> {
        let mut rights = Vec::new();
        for catalog in catalogs {
            let call = (catalog.list)(self.region, None);
            let context = self.context(&format!("call {}", call.action()));
            let allowed = match self.fetch(&call, &context).await {
                Ok(Fetched { answer: Err(refused), .. }) if refused.kind != Kind::Region => {
                    Err(refused.into_error(context))
                }
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            rights.push((call.action(), allowed));
        }
        for call in self.cloud().probe_rights(self.region) {
            let context = self.context(&format!("call {}", call.action()));
            let answer = self.fetch(&call, &context).await;
            if self.api.rejection.get().is_some() {
                break;
            }
            let allowed = answer.and_then(|answer| answer.answer.map_err(|refused| refused.into_error(context)));
            rights.push((call.action(), allowed));
        }
        rights
    }

    async fn list<T: Identified + PartialEq + Send + Sync>(
        &self,
        what: &str,
        call: impl Fn(Option<&PageToken>) -> Option<Call<Page<T>>>,
        advance: impl Fn(u64),
    ) -> Result<Listing<T>, Error> {
        self.try_list(what, call, advance).await?.map_err(|refused| refused.into_error(self.context(what)))
    }

    /// The listing, or the provider's refusal.
    async fn try_list<T: Identified + PartialEq + Send + Sync>(
        &self,
        what: &str,
        call: impl Fn(Option<&PageToken>) -> Option<Call<Page<T>>>,
        advance: impl Fn(u64),
    ) -> Result<Result<Listing<T>, ProviderError>, Error> {
        let context = self.context(what);
        let mut pages = Collection::new(None, LIMITS);
        let mut token = None;
        while let Some(call) = call(token.as_ref()) {
            let Fetched { answer, signs } = self.fetch(&call, &context).await?;
            let mut page = match answer {
                Ok(page) => page,
                Err(refused) => return Ok(Err(refused)),
            };
            page.signs = page.signs.and(signs);
            match pages.take(page, |_| None) {
                Step::Next(next) | Step::Again(next) => token = next,
                Step::End(ending) => return Ok(Ok((pages.finish(ending.is_proved()), ending))),
            }
            advance(pages.count());
        }
        Ok(Ok((pages.finish(false), Ending::UnprovedEnd(Unproved::EmptyPage))))
    }

    /// The answer to a call, unless the account's credential is rejected meanwhile.
    async fn fetch<T: Send + Sync>(&self, call: &Call<T>, context: &str) -> Result<Fetched<T>, Error> {
        let api = self.api;
        let other = match call.endpoint {
            Endpoint::Compute | Endpoint::Regions => None,
            Endpoint::Disks | Endpoint::Databases | Endpoint::Caches | Endpoint::Buckets | Endpoint::Tags => {
                Some(api.client_of(call)?)
            }
        };
        let client = other.as_ref().unwrap_or(&self.client);
        let fetched = api.rejected.run_until_cancelled(api.fetch(client, call, context)).await;
        let fetched = match (fetched, api.rejection.get()) {
            (Some(fetched), _) => fetched?,
            (None, Some(rejection)) => Fetched { answer: Err(rejection.clone()), signs: Signs::default() },
            (None, None) => return Err(Error::Cancelled),
        };
        if fetched.answer.as_ref().is_err_and(|refused| refused.kind == Kind::KeyDoubted) {
            api.check_key().await;
        }
        Ok(fetched)
    }

    pub const fn cloud(&self) -> &'static dyn Cloud {
        self.api.account.cloud()
    }

    fn context(&self, what: &str) -> String {
        format!("cannot {what} of account `{}` in `{}`", self.api.account.name, self.region)
    }
}
