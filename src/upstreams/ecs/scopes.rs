//! Which scopes are due: every chosen account's regions, and the accounts whose regions cannot be listed.

use std::sync::Arc;

use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};
use tokio::sync::Semaphore;

use super::account::AccountHandle;
use super::config::Config;
use super::pass::{Mode, RegionWork};
use super::regions::{Region, plan_regions};
use super::tables::RegionKey;
use crate::upstreams::accounts::Account;
use crate::upstreams::{Error, PassContext, ScopeName, ScopeRules};

/// A scope and what is due in it, or why nothing can be done there.
type DueScope = (ScopeRules, Result<RegionWork, Arc<Error>>);

/// The scopes of these accounts, each account's as soon as its regions are known; `named` are the regions of the command
/// line. An error ends the pass.
pub fn fetch_scopes<'a>(
    accounts: Vec<&'a Account<Arc<AccountHandle>>>,
    named: &'a [String],
    mode: Mode,
    config: &'a Config,
    context: &'a PassContext,
) -> impl Stream<Item = Result<DueScope, Error>> + Send {
    let permits = Arc::new(Semaphore::new(config.concurrency.min(Semaphore::MAX_PERMITS)));
    let fetch = |account| fetch_account_scopes(account, named, mode, Arc::clone(&permits), config, context);
    let accounts: FuturesUnordered<_> = accounts.into_iter().map(fetch).collect();
    accounts.map(|due| stream::iter(each(due))).flatten()
}

fn each<T>(due: Result<Vec<T>, Error>) -> Vec<Result<T, Error>> {
    match due {
        Ok(scopes) => scopes.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

async fn fetch_account_scopes(
    account: &Account<Arc<AccountHandle>>,
    named: &[String],
    mode: Mode,
    permits: Arc<Semaphore>,
    config: &Config,
    context: &PassContext,
) -> Result<Vec<DueScope>, Error> {
    let name = &account.name;
    let rules = |scope: ScopeName| ScopeRules { name: scope, ttl: config.lock_ttl.0, min_interval: None };
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
    let scopes = due.regions.into_iter().map(with_projects).map(|region| match region {
        Ok(region) => {
            let key = RegionKey { account: name.clone(), provider: account.config.provider, region };
            (
                rules(account_scope.clone().part(key.region.as_str())),
                Ok(RegionWork { account: Arc::clone(account), key, mode, permits: Arc::clone(&permits) }),
            )
        }
        Err(unknown) => {
            let scope = account_scope.clone().part(&unknown.name);
            (rules(scope), Err(Arc::new(unknown.into_error(due.named_by, name))))
        }
    });
    Ok(scopes.collect())
}
