//! One scope of a pass: the rows of one kind in one region.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::account::AccountHandle;
use super::api::RegionApi;
use super::diff::{StoredSet, diff_statuses};
use super::instance::InstanceId;
use super::instances::Instances;
use super::resources::pass::Assets;
use super::rows::{Mode, sync_rows};
use super::statuses::StatusRound;
use super::tables::{RegionKey, delete_instance, load_stored, save_regions, save_status};
use crate::error::Class;
use crate::store::{ScopeState, cursors};
use crate::upstreams::mirror::{Deletions, Subject, WriteMeta, finish};
use crate::upstreams::{Error, Scope, ScopeWork};

/// What a pass over one scope works with.
pub struct RegionWork {
    pub account: Arc<AccountHandle>,
    pub key: RegionKey,
    /// `None` for instances.
    pub assets: Option<Assets>,
    pub mode: Mode,
    /// One is held while requests are made. Comparing and saving need none, and keep no other region waiting.
    pub permits: Arc<Semaphore>,
}

impl ScopeWork for RegionWork {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        self.save_unsaved_regions(scope).await?;
        let api = RegionApi::new(&self.account.api, &self.key.region)?;
        match (self.assets, self.mode) {
            // Large: they hold a page of rows and its supplements.
            (Some(assets), mode) => Box::pin(sync_rows(&assets, scope, &api, &self.key, mode, &self.permits)).await,
            (None, Mode::StatusOnly) => self.sync_statuses(scope, &api).await,
            (None, mode) => Box::pin(sync_rows(&Instances, scope, &api, &self.key, mode, &self.permits)).await,
        }
    }
}

impl RegionWork {
    async fn save_unsaved_regions(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let Some(regions) = self.account.take_unsaved() else { return Ok(()) };
        let (key, now) = (self.key.clone(), scope.context.clock.now());
        scope.write(move |w| save_regions(w, &key.account, key.provider, &regions, now)).await
    }

    /// Lists the statuses of what is stored, and saves those that changed.
    async fn sync_statuses(&self, scope: &Scope<'_>, api: &RegionApi<'_>) -> Result<(), Error> {
        let stored: StoredSet = scope.context.store.read(|r| load_stored(r, &self.key))?;
        let live = stored.iter().filter(|(_, row)| !row.is_deleted).map(|(id, _)| id.clone());
        let live: Vec<InstanceId> = live.collect();
        let mut round = StatusRound::new(&live, self.key.provider.cloud().status_chunk());
        let permit = self.permits.acquire().await;
        while let Some(ids) = round.next_chunk() {
            match api.fetch_statuses(&ids).await? {
                Some(statuses) => round.answered(ids, statuses),
                None => round.refused_as_unknown(ids),
            }
        }
        drop(permit);
        let (statuses, unknown) = round.finish();
        for id in unknown {
            let message = "the provider names no status for it: a full pass will show whether it is gone".to_owned();
            let name = stored.get(&id).and_then(|row| row.compared.name.clone());
            scope.problem(Class::Contract, Some(id.to_string()), name, message);
        }
        let plan = diff_statuses(&stored, &statuses);
        scope.count_rows(|summary| summary.unchanged = plan.unchanged_count);
        let updated = plan.changed.len() as u64;
        let (key, meta) = (self.key.clone(), WriteMeta::now(scope));
        // A round of statuses proves nothing about the list: the scope's state stays, but for what was found.
        let is_moving = statuses.values().any(|status| status.is_moving());
        let state = ScopeState { is_unsettled: scope.state.is_unsettled || is_moving, ..scope.state.clone() };
        let name = scope.state.scope.clone();
        let subject = Subject { account: Some(self.key.account.as_str()), rows: "instances" };
        finish(scope, subject, Deletions::Allowed, state, move |w| {
            plan.changed.iter().try_for_each(|(id, _, change)| save_status(w, &key, &meta, id, change))?;
            if !plan.changed.is_empty() {
                cursors::save_changed(w, &name, &meta.at)?;
            }
            let gone = plan.terminated.iter();
            gone.map(|id| delete_instance(w, &key, &meta, id).map(u64::from)).sum()
        })
        .await?;
        scope.count_rows(|summary| summary.updated += updated);
        Ok(())
    }
}
