//! An account with its settings and its list of regions.

use std::sync::{Mutex, PoisonError};

use super::api::Api;
use super::config::{AccountConfig, Config};
use super::regions::{KnownRegion, Region, UnknownRegion, is_fresh};
use super::tables::load_regions;
use crate::http::Retry;
use crate::store::cursors;
use crate::upstreams::{Error, PassContext};

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

    /// The region with the account's projects in it, as they are configured, else as they are listed; an error where it
    /// needs one and none is known.
    pub fn with_projects(&self, region: Region, known: &[KnownRegion]) -> Result<Region, UnknownRegion> {
        if !self.config.provider.cloud().has_projects() {
            return Ok(region);
        }
        let configured = self.config.projects.get(region.as_str()).map(|projects| projects.ids().to_vec());
        let listed = || known.iter().find(|known| known.name == region.as_str()).map(|known| known.projects.clone());
        match configured.or_else(listed).filter(|projects| !projects.is_empty()) {
            Some(projects) => Ok(region.with_projects(projects)),
            None => Err(UnknownRegion {
                name: region.to_string(),
                reason: format!("no project is known in `{region}`: name it under `projects` of the account"),
                nearest: None,
            }),
        }
    }

    /// The account's regions: as stored while the list is fresh, else as the provider lists them now.
    pub async fn find_regions(
        &self,
        scope: &str,
        config: &Config,
        context: &PassContext,
    ) -> Result<Vec<KnownRegion>, Error> {
        let now = context.clock.now();
        let AccountConfig { name, provider, .. } = &self.config;
        let (stored, state) = context
            .store
            .read(|r| Ok::<_, Error>((load_regions(r, name, *provider)?, cursors::load_state(r, scope)?)))?;
        if !context.flags.force {
            if let Some((_, known)) = stored.filter(|(at, _)| is_fresh(*at, now, config.regions_ttl.0)) {
                return Ok(known);
            }
            if let Some(until) = state.pause_end(now) {
                // The scope of that name is skipped for the same reason; this is what a named region goes on without.
                let operation = format!("cannot list the regions of account `{name}`");
                let reason = format!("the upstream demands a pause until {until}");
                return Err(Error::Unavailable { context: operation, reason, retry: Retry::Never });
            }
        }
        let regions = self.api.fetch_regions().await?;
        if regions.iter().all(KnownRegion::is_readable) {
            self.keep_unsaved(&regions);
        }
        Ok(regions)
    }

    /// Keeps a list that was fetched, to be stored.
    pub fn keep_unsaved(&self, regions: &[KnownRegion]) {
        *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = Some(regions.to_vec());
    }
}
