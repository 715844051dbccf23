//! Sends an account's calls: signed afresh for every try, each API at the account's pace, and none once its credential is
//! refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::config::Config;
use super::disks::{AttachedDisk, DiskScope};
use super::instance::{Instance, InstanceId, Status};
use super::listing::{Listed, Listing, Outcome, Step};
use super::provider::{Account, Call, Kind, Page, PageToken, ProviderError};
use super::regions::{KnownRegion, Region};
use crate::clock::Clock;
use crate::http::{Client, RateLimit, Request, retry_after};
use crate::upstreams::{Error, Opening, http_profile};

/// The largest page of any provider is a few hundred KiB; what is larger than this is none.
const MAX_ANSWER_BYTES: u64 = 32 << 20;

/// An account that can be asked.
pub struct Api {
    pub account: Account,
    client: Client,
    clock: Clock,
    trace_id: Arc<str>,
    /// Counts what was signed: no nonce is used twice.
    signed_count: AtomicU64,
    /// Cancelled by the first refusal of the credential: it would be refused in every other region, too.
    refused: CancellationToken,
}

/// An account in one of its regions. Its retries are its own, its pace is the account's.
pub struct RegionApi<'a> {
    api: &'a Api,
    region: &'a Region,
    client: Client,
}

impl Api {
    pub fn open(account: Account, config: &Config, opening: &Opening<'_>) -> Result<Self, Error> {
        let rate_limit = RateLimit { count: config.qps, per: Duration::from_secs(1) };
        let base_url = account.origin(&account.list_regions()).url();
        let client =
            Client::new(http_profile("ecs", &base_url, &config.http, Some(rate_limit))?, opening.http.clone())?;
        Ok(Self {
            account,
            client,
            clock: opening.http.clock.clone(),
            trace_id: Arc::clone(&opening.http.trace_id),
            signed_count: AtomicU64::new(0),
            refused: CancellationToken::new(),
        })
    }

    pub async fn fetch_regions(&self) -> Result<Vec<KnownRegion>, Error> {
        let call = self.account.list_regions();
        let context = format!("cannot list the regions of account `{}`", self.account.name);
        self.ask(&self.client, &call, &context, |status, body| call.parse(status, body)).await
    }

    /// The account in that region.
    pub fn region<'a>(&'a self, region: &'a Region) -> Result<RegionApi<'a>, Error> {
        let origin = self.account.origin(&self.account.list_instances(region, None)).url();
        let base_url = Url::parse(&origin).map_err(|error| {
            let reason = format!("`{origin}` is not a URL: {error}");
            Error::invalid(&format!("ecs.accounts.{}.endpoint", self.account.name), reason)
        })?;
        Ok(RegionApi { api: self, region, client: self.client.with_base_url(base_url)? })
    }

    async fn ask<T: Sync, U: Send>(
        &self,
        client: &Client,
        call: &Call<T>,
        context: &str,
        read: impl Fn(u16, &[u8]) -> Result<U, ProviderError> + Send + Sync,
    ) -> Result<U, Error> {
        let read = &read;
        client
            .retry(context, |_| async move {
                let response = client.send(self.request(call)).await?;
                let status = response.status();
                let wait = self.account.provider.wait(|name| response.header(name)).or_else(|| {
                    let value = response.header("retry-after")?;
                    retry_after(value, self.clock.now())
                });
                let body = response.bytes(MAX_ANSWER_BYTES).await?;
                read(status, &body).map_err(|refused| refused.after(wait).into_error(context.to_owned()))
            })
            .await
    }

    fn request<T>(&self, call: &Call<T>) -> Request {
        let nonce = format!("{}-{}", self.trace_id, self.signed_count.fetch_add(1, Ordering::Relaxed));
        let signed = self.account.sign(call, self.clock.now(), &nonce);
        let request = Request::new(signed.method, &signed.target).rate_limit_key(call.action());
        let request = signed.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        match signed.content_type {
            Some(content_type) => request.body(content_type, signed.body),
            None => request,
        }
    }
}

impl RegionApi<'_> {
    /// Every instance, page after page; `advance` is told how many there are so far.
    pub async fn fetch_instances(&self, advance: impl Fn(u64) + Send + Sync) -> Result<Outcome<Instance>, Error> {
        let context = self.context("list instances");
        self.list(&context, |page| Some(self.api.account.list_instances(self.region, page)), advance).await
    }

    /// The disks of that scope. Where the instances' own rows tell them nothing is asked, and the outcome is not complete.
    pub async fn fetch_disks(&self, of: DiskScope<'_>) -> Result<Outcome<AttachedDisk>, Error> {
        let context = self.context("list disks");
        self.list(&context, |page| self.api.account.list_disks(self.region, of, page), |_| ()).await
    }

    /// The statuses of these instances; `None` where the provider refuses because it does not know all of them.
    pub async fn fetch_statuses(&self, ids: &[InstanceId]) -> Result<Option<BTreeMap<InstanceId, Status>>, Error> {
        let call = self.api.account.list_statuses(self.region, ids);
        self.ask(&call, &self.context("ask for statuses"), |status, body| match call.parse(status, body) {
            Ok(statuses) => Ok(Some(statuses)),
            Err(refused) if refused.kind == Kind::UnknownInstance => Ok(None),
            Err(refused) => Err(refused),
        })
        .await
    }

    /// Whether an empty listing is empty because there is nothing; an error where the account may not see it.
    pub async fn confirm_authorised(&self) -> Result<(), Error> {
        match self.api.account.confirm_authorised(self.region) {
            None => Ok(()),
            Some(call) => {
                let context = self.context("list instances");
                self.ask(&call, &context, |status, body| call.parse(status, body)).await
            }
        }
    }

    async fn list<T: Listed + Send + Sync>(
        &self,
        context: &str,
        call: impl Fn(Option<&PageToken>) -> Option<Call<Page<T>>>,
        advance: impl Fn(u64),
    ) -> Result<Outcome<T>, Error> {
        let mut listing = Listing::default();
        let mut token = None;
        while let Some(call) = call(token.as_ref()) {
            let page = self.ask(&call, context, |status, body| call.parse(status, body)).await?;
            match listing.take(page).map_err(|endless| endless.into_error(context.to_owned()))? {
                Step::Next(next) => token = Some(next),
                Step::Again => token = None,
                Step::End => break,
            }
            advance(listing.row_count());
        }
        Ok(listing.finish())
    }

    /// Asks unless the account's credential was refused; the first refusal ends what the others wait for.
    async fn ask<T: Sync, U: Send>(
        &self,
        call: &Call<T>,
        context: &str,
        read: impl Fn(u16, &[u8]) -> Result<U, ProviderError> + Send + Sync,
    ) -> Result<U, Error> {
        let refused = &self.api.refused;
        let asked = refused.run_until_cancelled(self.api.ask(&self.client, call, context, read)).await;
        let outcome = asked.unwrap_or_else(|| {
            let reason = "the account's credential was refused in another region".to_owned();
            Err(Error::Auth { context: context.to_owned(), reason })
        });
        if matches!(outcome, Err(Error::Auth { .. })) {
            refused.cancel();
        }
        outcome
    }

    fn context(&self, what: &str) -> String {
        format!("cannot {what} of account `{}` in `{}`", self.api.account.name, self.region)
    }
}
