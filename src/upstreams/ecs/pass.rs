//! One region's pass: fetch to the end, plan the difference, save it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::api::RegionApi;
use super::diff::{Plan, SaveKind, StoredSet, diff, diff_statuses};
use super::disks::{DiskScope, attach, plan_disks};
use super::instance::{Instance, InstanceId};
use super::listing::Outcome;
use super::plan::AccountHandle;
use super::provider::BadRow;
use super::statuses::StatusRound;
use super::tables::{Place, Stamp, delete_instance, load_stored, save_instance, save_regions, save_status};
use crate::error::Class;
use crate::store::{ScopeState, cursors};
use crate::upstreams::{Error, Scope, ScopeWork, guard};

/// Rows a transaction.
const BATCH_SIZE: usize = 200;

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Full,
    /// The list is read whole, what is asked for beside it only for instances that are new or differ.
    Incremental,
    StatusOnly,
}

/// What a pass over one region works with.
pub struct RegionWork {
    pub account: Arc<AccountHandle>,
    pub place: Place,
    pub mode: Mode,
    /// Who holds one asks the provider. Comparing and saving need none, and keep no other region waiting.
    pub turns: Arc<Semaphore>,
}

impl ScopeWork for RegionWork {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        self.save_unsaved_regions(scope).await?;
        let api = self.account.api.region(&self.place.region)?;
        match self.mode {
            Mode::Full | Mode::Incremental => self.sync_instances(scope, &api).await,
            Mode::StatusOnly => self.sync_statuses(scope, &api).await,
        }
    }
}

impl RegionWork {
    async fn save_unsaved_regions(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let Some(regions) = self.account.take_unsaved() else { return Ok(()) };
        let (place, now) = (self.place.clone(), scope.context.clock.now());
        scope.write(move |w| save_regions(w, &place.account, place.provider, &regions, now)).await
    }

    async fn sync_instances(&self, scope: &Scope<'_>, api: &RegionApi<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let expected = scope.state.record_count;
        let stored = self.load_stored(scope)?;
        let live = stored.values().filter(|row| !row.is_deleted).count() as u64;
        let (listed, fetched) = {
            let _turn = self.turns.acquire().await;
            let mut listed = api.fetch_instances(|count| scope.advance(count, expected, None)).await?;
            let mut fetched: Vec<Instance> = std::mem::take(&mut listed.rows).into_values().collect();
            tell_bad_rows(scope, "instance", &listed.bad);
            self.complete_disks(scope, api, &stored, &mut fetched, &listed.unreadable()).await?;
            if fetched.is_empty() && listed.bad.is_empty() && live > 0 {
                api.confirm_authorised().await?;
            }
            (listed, fetched)
        };
        let received = (fetched.len() + listed.bad.len()) as u64;
        let unreadable = listed.unreadable();
        let Plan { saves, terminated, missing, unchanged_count } = diff(&stored, fetched, &unreadable);
        scope.count(|summary| {
            summary.total = received;
            summary.unchanged = unchanged_count;
        });
        let stamp = stamp(scope);
        let mut saves = saves.into_iter();
        loop {
            let batch: Vec<_> = saves.by_ref().take(BATCH_SIZE).collect();
            if batch.is_empty() {
                break;
            }
            let kinds: Vec<SaveKind> = batch.iter().map(|save| save.kind).collect();
            let place = self.place.clone();
            scope.write(move |w| batch.iter().try_for_each(|save| save_instance(w, &place, stamp, save))).await?;
            scope.count(|summary| {
                for kind in kinds {
                    match kind {
                        SaveKind::Added => summary.new += 1,
                        SaveKind::Updated => summary.updated += 1,
                        SaveKind::Restored => summary.restored += 1,
                        SaveKind::Refreshed => summary.unchanged += 1,
                    }
                }
            });
        }

        let allowed = self.allow_deletions(scope, &listed, missing.len() as u64, live, received);
        let mut gone = terminated;
        if allowed == Ok(true) {
            gone.extend(missing);
        }
        let deleted = gone.len() as u64;
        // What could not be read or withheld is not synced.
        let is_complete = allowed == Ok(true) && scope.summary().failed == 0;
        let state = ScopeState {
            last_success_at: Some(started_at),
            record_count: Some(received),
            not_before: None,
            ..scope.state.clone()
        };
        let place = self.place.clone();
        scope
            .write(move |w| {
                gone.iter().try_for_each(|id| delete_instance(w, &place, stamp, id))?;
                if is_complete { cursors::save_state(w, &state) } else { Ok(()) }
            })
            .await?;
        scope.count(|summary| summary.deleted += deleted);
        tell(scope);
        allowed?;
        Ok(())
    }

    /// Whether what is not in the listing may be deleted; an error where the guard withholds it.
    fn allow_deletions(
        &self,
        scope: &Scope<'_>,
        listed: &Outcome<Instance>,
        missing: u64,
        live: u64,
        received: u64,
    ) -> Result<bool, guard::Withheld> {
        if listed.is_complete {
            return guard::check(missing, live, received, scope.context.flags.accept_deletes).map(|()| true);
        }
        if listed.bad.is_empty() {
            let region = &self.place.region;
            let message = format!(
                "the listing of `{region}` contradicts its own total: nothing was deleted, and rows may be missing"
            );
            scope.problem(Class::Contract, None, None, message);
        }
        Ok(false)
    }

    /// Gives the instances their data disks, where these are listed apart.
    async fn complete_disks(
        &self,
        scope: &Scope<'_>,
        api: &RegionApi<'_>,
        stored: &StoredSet,
        fetched: &mut [Instance],
        unreadable: &BTreeSet<&str>,
    ) -> Result<(), Error> {
        let wanted: Vec<InstanceId> = match self.mode {
            Mode::Incremental => diff(stored, fetched.to_vec(), unreadable).saved_ids(),
            Mode::Full | Mode::StatusOnly => Vec::new(),
        };
        let listings = match self.mode {
            Mode::Incremental => {
                let disk_count = stored.values().map(|row| row.compared.data_disks.len()).sum();
                plan_disks(&wanted, disk_count, self.place.provider.disk_chunk())
            }
            Mode::Full | Mode::StatusOnly if fetched.is_empty() => Vec::new(),
            Mode::Full | Mode::StatusOnly => vec![DiskScope::Region],
        };
        for of in listings {
            let listed = api.fetch_disks(of).await?;
            tell_bad_rows(scope, "disk", &listed.bad);
            // Half a list would look like disks that are gone; without one the stored disks stay.
            if listed.is_complete && listed.bad.is_empty() {
                let disks: Vec<_> = listed.rows.into_values().collect();
                let is_asked = |instance: &&mut Instance| match of {
                    DiskScope::Region => true,
                    DiskScope::Of(ids) => ids.contains(&instance.id),
                };
                attach(fetched.iter_mut().filter(is_asked), &disks);
            }
        }
        Ok(())
    }

    /// Asks for the statuses of what is stored, and saves those that changed.
    async fn sync_statuses(&self, scope: &Scope<'_>, api: &RegionApi<'_>) -> Result<(), Error> {
        let stored = self.load_stored(scope)?;
        let live = stored.iter().filter(|(_, row)| !row.is_deleted).map(|(id, _)| id.clone());
        let live: Vec<InstanceId> = live.collect();
        let mut round = StatusRound::new(&live, self.place.provider.status_chunk());
        let turn = self.turns.acquire().await;
        while let Some(ids) = round.next_chunk() {
            match api.fetch_statuses(&ids).await? {
                Some(statuses) => round.answered(ids, statuses),
                None => round.refused_as_unknown(ids),
            }
        }
        drop(turn);
        let (statuses, unknown) = round.finish();
        for id in unknown {
            let message = "the provider does not know it any more: a full pass will tell whether it is gone".to_owned();
            let name = stored.get(&id).and_then(|row| row.compared.name.clone());
            scope.problem(Class::Contract, Some(id.to_string()), name, message);
        }
        let plan = diff_statuses(&stored, &statuses);
        scope.count(|summary| {
            summary.total = live.len() as u64;
            summary.unchanged = plan.unchanged_count;
        });
        let (updated, deleted) = (plan.changed.len() as u64, plan.terminated.len() as u64);
        if updated + deleted > 0 {
            let (place, stamp) = (self.place.clone(), stamp(scope));
            scope
                .write(move |w| {
                    plan.changed.iter().try_for_each(|(id, _, change)| save_status(w, &place, stamp, id, change))?;
                    plan.terminated.iter().try_for_each(|id| delete_instance(w, &place, stamp, id))
                })
                .await?;
        }
        scope.count(|summary| {
            summary.updated += updated;
            summary.deleted += deleted;
        });
        tell(scope);
        Ok(())
    }

    fn load_stored(&self, scope: &Scope<'_>) -> Result<StoredSet, Error> {
        Ok(scope.context.store.read(|r| load_stored(r, &self.place))?)
    }
}

fn stamp(scope: &Scope<'_>) -> Stamp {
    Stamp { record: scope.context.record, at: scope.context.clock.now() }
}

fn tell_bad_rows(scope: &Scope<'_>, what: &str, bad: &[BadRow]) {
    for row in bad {
        scope.problem(
            Class::Contract,
            row.id.clone(),
            None,
            format!("cannot read the row of this {what}: {}", row.reason),
        );
    }
}

fn tell(scope: &Scope<'_>) {
    let summary = scope.summary();
    if !summary.is_changed() && summary.failed == 0 && summary.total > 0 {
        scope.note(format!("no change, nothing saved: {} instances", summary.total));
    }
    tracing::info!(
        scope = scope.name,
        fetched = summary.total,
        new = summary.new,
        changed = summary.updated + summary.restored,
        unchanged = summary.unchanged,
        deleted = summary.deleted,
        "{}",
        if summary.is_changed() { "saved" } else { "no change" }
    );
}
