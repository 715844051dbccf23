//! Which scopes are due: every chosen account's regions, and the accounts whose regions are not to be had.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};

use tokio::sync::Semaphore;

use super::api::Api;
use super::config::{AccountConfig, Config};
use super::pass::{Mode, RegionWork};
use super::regions::{KnownRegion, is_fresh, plan_regions};
use super::tables::{Place, load_regions};
use crate::http::Retry;
use crate::store::cursors;
use crate::upstreams::accounts::Account;
use crate::upstreams::{Error, PassContext, ScopeName, ScopeRules};

/// An account with its settings.
pub struct AccountHandle {
    pub config: AccountConfig,
    pub api: Api,
    /// A list of regions that was fetched and is to be stored by the first region that holds a lease.
    unsaved: Mutex<Option<Vec<KnownRegion>>>,
}

impl AccountHandle {
    pub const fn new(config: AccountConfig, api: Api) -> Self {
        Self { config, api, unsaved: Mutex::new(None) }
    }

    /// The fetched list, once.
    pub fn take_unsaved(&self) -> Option<Vec<KnownRegion>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep_unsaved(&self, regions: &[KnownRegion]) {
        *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = Some(regions.to_vec());
    }
}

/// A scope and what is due in it, or why nothing can be done there.
type Planned = (ScopeRules, Result<RegionWork, Arc<Error>>);

/// The scopes of these accounts, each account's as soon as its regions are known; `asked` are the regions of the command
/// line. An error dooms the pass.
pub fn plan_scopes<'a>(
    accounts: Vec<&'a Account<Arc<AccountHandle>>>,
    asked: &'a [String],
    mode: Mode,
    config: &'a Config,
    context: &'a PassContext,
) -> impl Stream<Item = Result<Planned, Error>> + Send {
    let turns = Arc::new(Semaphore::new(config.concurrency.min(Semaphore::MAX_PERMITS)));
    let plan = |account| plan_account(account, asked, mode, Arc::clone(&turns), config, context);
    let plans: FuturesUnordered<_> = accounts.into_iter().map(plan).collect();
    plans.map(|planned| stream::iter(each(planned))).flatten()
}

fn each<T>(planned: Result<Vec<T>, Error>) -> Vec<Result<T, Error>> {
    match planned {
        Ok(scopes) => scopes.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

async fn plan_account(
    account: &Account<Arc<AccountHandle>>,
    asked: &[String],
    mode: Mode,
    turns: Arc<Semaphore>,
    config: &Config,
    context: &PassContext,
) -> Result<Vec<Planned>, Error> {
    let name = &account.name;
    let rules = |scope: ScopeName| ScopeRules { name: scope, ttl: config.lock_ttl.0, min_interval: None };
    let account_scope = ScopeName::new("ecs").part(name);
    let account = match account.opened() {
        Ok(account) => account,
        Err(error) => return Ok(vec![(rules(account_scope), Err(error))]),
    };
    let is_named = !asked.is_empty() || !account.config.regions.is_empty();
    let known = match find_regions(account, account_scope.as_str(), config, context).await {
        Ok(known) => Some(known),
        Err(error) if error.class().is_fatal() => return Err(error),
        Err(error) if is_named => {
            tracing::warn!(account = name, %error, "the regions are taken as they are named");
            None
        }
        Err(error) => return Ok(vec![(rules(account_scope), Err(Arc::new(error)))]),
    };
    let due = plan_regions(asked, &account.config.regions, known.as_deref());
    let scopes = due.regions.into_iter().map(|region| match region {
        Ok(region) => {
            let place = Place { account: name.clone(), provider: account.config.provider, region };
            (
                rules(account_scope.clone().part(place.region.as_str())),
                Ok(RegionWork { account: Arc::clone(account), place, mode, turns: Arc::clone(&turns) }),
            )
        }
        Err(unknown) => {
            let scope = account_scope.clone().part(&unknown.name);
            (rules(scope), Err(Arc::new(unknown.into_error(due.named_by, name))))
        }
    });
    Ok(scopes.collect())
}

/// The account's regions: as stored while the list is fresh, else as the provider lists them now.
async fn find_regions(
    account: &AccountHandle,
    scope: &str,
    config: &Config,
    context: &PassContext,
) -> Result<Vec<KnownRegion>, Error> {
    let now = context.clock.now();
    let AccountConfig { name, provider, .. } = &account.config;
    let (stored, state) =
        context.store.read(|r| Ok::<_, Error>((load_regions(r, name, *provider)?, cursors::load_state(r, scope)?)))?;
    if !context.flags.force {
        if let Some((_, known)) = stored.filter(|(at, _)| is_fresh(*at, now, config.regions_ttl.0)) {
            return Ok(known);
        }
        if let Some(until) = state.not_before.filter(|until| *until > now) {
            // The scope of that name is skipped for the same reason; this is what a named region goes on without.
            let operation = format!("cannot list the regions of account `{name}`");
            let reason = format!("the upstream asked for a pause until {until}");
            return Err(Error::Unavailable { context: operation, reason, retry: Retry::Never });
        }
    }
    let regions = account.api.fetch_regions().await?;
    account.keep_unsaved(&regions);
    Ok(regions)
}
