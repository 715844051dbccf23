//! An account in one of its regions: its listings, what confirms them, its rights.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use tokio::sync::MutexGuard;

use super::{Api, Fetched};
use crate::http::Client;
use crate::upstreams::Error;
use crate::upstreams::ecs::disks::{AttachedDisk, DiskScope};
use crate::upstreams::ecs::instance::{Instance, InstanceId, Status, TypeSpec};
use crate::upstreams::ecs::provider::catalog::{Catalog, Supplement};
use crate::upstreams::ecs::provider::{Account, Call, Cloud, Endpoint, Kind, Page, PageToken, ProviderError};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, Patch};
use crate::upstreams::ecs::tables::RegionKey;
use crate::upstreams::mirror::{Collected, Collection, Ending, Identified, Limits, Signs, Step, Unproved};

/// More rows than any region has. AWS may answer pages without rows that name a page after them.
const LIMITS: Limits = Limits { max_pages: 10_000, max_stale_pages: 50 };

/// This many stored rows are looked up by their ids before a listing is taken for empty.
const CONFIRMED_IDS: usize = 3;

/// What a listing brought, and how it ended.
pub type Listing<T> = (Collected<T>, Ending);

/// An account in one of its regions. Its retries are its own, its rate is the account's.
pub struct RegionApi<'a> {
    api: &'a Api,
    region: &'a Region,
    client: Client,
}

impl<'a> RegionApi<'a> {
    /// The account in that region.
    pub fn new(api: &'a Api, region: &'a Region) -> Result<Self, Error> {
        let client = api.client_of(&api.account.cloud().list_instances(region, None))?;
        Ok(Self { api, region, client })
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

    /// Whether types of instances are listed apart.
    pub fn lists_types(&self) -> bool {
        self.cloud().list_types(self.region, &[], None).is_some()
    }

    /// What instances of these types have.
    pub async fn fetch_types(&self, names: &[&String]) -> Result<Vec<TypeSpec>, Error> {
        let call = |page: Option<&PageToken>| self.cloud().list_types(self.region, names, page);
        Ok(self.list("list types of instances", call, |_| ()).await?.0.into_rows().0)
    }

    /// One region of the account at a time looks types up.
    pub async fn types_turn(&self) -> MutexGuard<'_, ()> {
        self.api.types_turn.lock().await
    }

    pub fn are_types_refused(&self) -> bool {
        self.api.are_types_refused.load(Ordering::Relaxed)
    }

    /// Asks no more; whether this is the first time.
    pub fn refuse_types(&self) -> bool {
        !self.api.are_types_refused.swap(true, Ordering::Relaxed)
    }

    pub fn key(&self) -> RegionKey {
        let Account { name, provider, .. } = &self.api.account;
        RegionKey { account: name.clone(), provider: *provider, region: self.region.clone() }
    }

    /// Whether nothing of that name is there any more. What may not be read is.
    pub async fn is_gone(&self, call: &Call<()>, rows: &str) -> Result<bool, Error> {
        let context = self.context(&format!("list {rows}"));
        match self.fetch(call, &context).await?.answer {
            Ok(()) => Ok(false),
            Err(refused) if refused.kind == Kind::NotPermitted => Ok(false),
            Err(refused) if refused.kind == Kind::UnknownInstance => Ok(true),
            Err(refused) => Err(refused.into_error(context)),
        }
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
