//! Which scopes are due: every chosen account's regions, and the accounts whose regions cannot be listed.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use tokio::sync::Semaphore;

use super::account::AccountHandle;
use super::config::Config;
use super::pass::RegionWork;
use super::regions::{Region, plan_regions};
use super::resources::Resource;
use super::resources::pass::Assets;
use super::rows::Mode;
use super::tables::RegionKey;
use crate::upstreams::accounts::Account;
use crate::upstreams::adaptive::Bounds;
use crate::upstreams::{Error, PassContext, ScopeName, ScopeRules};

/// A scope and what is due in it, or why nothing can be done there.
type DueScope = (ScopeRules, Result<RegionWork, Arc<Error>>);

/// What the command line names.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub regions: &'a [String],
    pub resources: &'a [Resource],
    pub mode: Mode,
    /// How often a quiet scope is looked at; `None`: each time.
    pub adaptive: Option<Bounds>,
}

/// No more scopes of all accounts are in hand at once: each has a lock file and connections open.
const MAX_SCOPES: usize = 250;

/// Syncs the scopes of these accounts beside one another, each account's as soon as its regions are known. An error ends
/// the pass.
pub async fn sync_accounts(
    accounts: Vec<&Account<Arc<AccountHandle>>>,
    wanted: Wanted<'_>,
    config: &Config,
    context: &PassContext,
) -> Result<(), Error> {
    // As many again may compare and save: regions that begin together come to that together, too.
    let scopes_at_once = config.concurrency.saturating_mul(2);
    let works: Vec<_> =
        accounts.into_iter().map(|account| sync_account(account, wanted, scopes_at_once, config, context)).collect();
    let outcomes = stream::iter(works).buffer_unordered((MAX_SCOPES / scopes_at_once).max(1));
    let outcomes: Vec<Result<(), Error>> = outcomes.collect().await;
    let failures = outcomes.into_iter().filter_map(Result::err);
    // The others were cancelled by it.
    failures.min_by_key(|error| matches!(error, Error::Cancelled)).map_or(Ok(()), Err)
}

async fn sync_account(
    account: &Account<Arc<AccountHandle>>,
    wanted: Wanted<'_>,
    scopes_at_once: usize,
    config: &Config,
    context: &PassContext,
) -> Result<(), Error> {
    let due = fetch_account_scopes(account, wanted, config, context).await;
    context.scopes(due.inspect_err(|_| context.cancel.cancel())?, scopes_at_once).await
}

async fn fetch_account_scopes(
    account: &Account<Arc<AccountHandle>>,
    wanted: Wanted<'_>,
    config: &Config,
    context: &PassContext,
) -> Result<Vec<DueScope>, Error> {
    let name = &account.name;
    let (ttl, adaptive) = (config.lock_ttl.0, wanted.adaptive);
    let rules = |scope: ScopeName| ScopeRules { name: scope, ttl, min_interval: None, adaptive };
    let permits = Arc::new(Semaphore::new(config.concurrency.min(Semaphore::MAX_PERMITS)));
    let account_scope = ScopeName::new("ecs").part(name);
    let account = match account.opened() {
        Ok(account) => account,
        Err(error) => return Ok(vec![(rules(account_scope), Err(error))]),
    };
    // Where the projects are named, so are the regions.
    let configured = match &account.config.regions {
        regions if regions.is_empty() => account.config.projects.keys().cloned().collect(),
        regions => regions.clone(),
    };
    let Wanted { regions: named, mode, .. } = wanted;
    let is_named = !named.is_empty() || !configured.is_empty();
    let known = match account.find_regions(account_scope.as_str(), config, context).await {
        Ok(known) => Some(known),
        Err(error) if error.class().is_fatal() => return Err(error),
        Err(error) if is_named => {
            tracing::warn!(account = name, %error, "cannot list the regions; using them as they are named");
            None
        }
        Err(error) => return Ok(vec![(rules(account_scope), Err(Arc::new(error)))]),
    };
    let due = plan_regions(named, &configured, known.as_deref());
    let known = known.unwrap_or_default();
    let with_projects = |region: Result<Region, _>| region.and_then(|region| account.with_projects(region, &known));
    let mut scopes = Vec::new();
    let of_regions = |assets: &Option<Assets>| assets.is_none_or(|assets| !assets.kind.is_global());
    let (regional, global): (Vec<_>, Vec<_>) = due_assets(account, wanted).into_iter().partition(of_regions);
    for assets in global.into_iter().flatten() {
        let region = account.api.account.default_region.clone();
        let key = RegionKey { account: name.clone(), provider: account.config.provider, region };
        let scope = account_scope.clone().part(assets.kind.resource.name());
        let (account, permits) = (Arc::clone(account), Arc::clone(&permits));
        scopes.push((rules(scope), Ok(RegionWork { account, key, assets: Some(assets), mode, permits })));
    }
    // Where only buckets are due, no region is.
    if regional.is_empty() {
        return Ok(scopes);
    }
    for region in due.regions.into_iter().map(with_projects) {
        match region {
            Ok(region) => {
                let key = RegionKey { account: name.clone(), provider: account.config.provider, region };
                for assets in regional.iter().copied() {
                    let scope = account_scope.clone().part(key.region.as_str());
                    let scope = assets.map_or(scope.clone(), |assets| scope.part(assets.kind.resource.name()));
                    let (account, permits) = (Arc::clone(account), Arc::clone(&permits));
                    scopes.push((rules(scope), Ok(RegionWork { account, key: key.clone(), assets, mode, permits })));
                }
            }
            Err(unknown) => {
                let scope = account_scope.clone().part(&unknown.name);
                scopes.push((rules(scope), Err(Arc::new(unknown.into_error(due.named_by, name)))));
            }
        }
    }
    Ok(scopes)
}

/// What is due in each of the account's regions; `None` for instances. Statuses alone are those of instances.
fn due_assets(account: &AccountHandle, wanted: Wanted<'_>) -> Vec<Option<Assets>> {
    let config = &account.config;
    let chosen = if wanted.resources.is_empty() { &config.resources } else { wanted.resources };
    let is_due = |resource: &&Resource| wanted.mode != Mode::StatusOnly || **resource == Resource::Compute;
    let due = chosen.iter().filter(is_due).filter_map(|resource| match resource.kind() {
        None => Some(None),
        Some(kind) => config.provider.cloud().catalog(*resource).map(|catalog| Some(Assets { kind, catalog })),
    });
    due.collect()
}
