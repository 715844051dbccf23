//! One region's pass: fetch to the end, plan the difference, save it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::account::AccountHandle;
use super::api::RegionApi;
use super::diff::{Plan, Save, StoredSet, diff, diff_statuses};
use super::disks::{DiskScope, attach, plan_disks};
use super::instance::{DisksKnown, Instance, InstanceId};
use super::statuses::StatusRound;
use super::tables::{RegionKey, delete_instance, load_stored, save_instance, save_regions, save_status};
use crate::error::{Class, full_message};
use crate::store::{self, ProblemDetails, ScopeState, Writer};
use crate::upstreams::mirror::{BadRow, Counts, Deletions, RowOutcome, Subject, WriteMeta, finish};
use crate::upstreams::{Error, Scope, ScopeWork};

/// Rows a transaction.
const BATCH_SIZE: usize = 200;

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Full,
    /// The list is read whole, the disks only of instances that are new or differ.
    Incremental,
    StatusOnly,
}

/// What a pass over one region works with.
pub struct RegionWork {
    pub account: Arc<AccountHandle>,
    pub key: RegionKey,
    pub mode: Mode,
    /// One is held while requests are made. Comparing and saving need none, and keep no other region waiting.
    pub permits: Arc<Semaphore>,
}

impl ScopeWork for RegionWork {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        self.save_unsaved_regions(scope).await?;
        let api = self.account.api.region(&self.key.region)?;
        match self.mode {
            Mode::Full | Mode::Incremental => self.sync_instances(scope, &api).await,
            Mode::StatusOnly => self.sync_statuses(scope, &api).await,
        }
    }
}

impl RegionWork {
    async fn save_unsaved_regions(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let Some(regions) = self.account.take_unsaved() else { return Ok(()) };
        let (key, now) = (self.key.clone(), scope.context.clock.now());
        scope.write(move |w| save_regions(w, &key.account, key.provider, &regions, now)).await
    }

    async fn sync_instances(&self, scope: &Scope<'_>, api: &RegionApi<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let expected = scope.state.record_count;
        let stored = self.load_stored(scope)?;
        let live = stored.values().filter(|row| !row.is_deleted).count() as u64;
        let permit = self.permits.acquire().await;
        let (listed, ending) = api.fetch_instances(|count| scope.advance(count, expected, None)).await?;
        listed.remarks.clone().warn(scope);
        let (received, nameless_count) = (listed.count(), listed.nameless.len() as u64);
        let (mut fetched, bad) = listed.into_rows();
        let unreadable: BTreeSet<&str> = bad.iter().filter_map(|row| row.id.as_deref()).collect();
        bad.iter().cloned().for_each(|row| report_bad_row(scope, "instance", row));
        self.complete_disks(scope, api, &stored, &mut fetched, &unreadable).await?;
        if received == 0 && live > 0 {
            let live_ids = stored.iter().filter(|(_, row)| !row.is_deleted).map(|(id, _)| id.clone());
            api.confirm_empty(&live_ids.collect::<Vec<_>>()).await?;
        }
        drop(permit);
        let Plan { saves, terminated, missing, unchanged_count } = diff(&stored, fetched, &unreadable);
        scope.count_rows(|summary| summary.unchanged = unchanged_count);
        self.save_in_batches(scope, saves).await?;

        let counts = Counts { missing: missing.len() as u64, live, received, unreadable: nameless_count };
        let deletions = Deletions::check(scope, self.subject(), ending, counts);
        let mut gone = terminated;
        if deletions.are_allowed() {
            gone.extend(missing);
        }
        let state = ScopeState {
            last_success_at: Some(started_at),
            record_count: Some(received),
            not_before: None,
            ..scope.state.clone()
        };
        let (key, meta) = (self.key.clone(), WriteMeta::now(scope));
        finish(scope, self.subject(), deletions, state, move |w| delete_all(w, &key, &meta, &gone)).await
    }

    async fn save_in_batches(&self, scope: &Scope<'_>, saves: Vec<Save>) -> Result<(), Error> {
        let mut saves = saves.into_iter();
        loop {
            let batch: Vec<_> = saves.by_ref().take(BATCH_SIZE).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let outcomes: Vec<RowOutcome> = batch.iter().map(|save| save.kind.outcome()).collect();
            let (key, meta) = (self.key.clone(), WriteMeta::now(scope));
            scope.write(move |w| batch.iter().try_for_each(|save| save_instance(w, &key, &meta, save))).await?;
            scope.count_rows(|summary| outcomes.into_iter().for_each(|outcome| outcome.count(summary)));
        }
    }

    const fn subject(&self) -> Subject<'_> {
        Subject { account: Some(self.key.account.as_str()), rows: "instances" }
    }

    /// Gives the instances their data disks, where these are listed apart. What fails here is a problem of the scope: the
    /// instances keep the disks that are stored.
    async fn complete_disks(
        &self,
        scope: &Scope<'_>,
        api: &RegionApi<'_>,
        stored: &StoredSet,
        fetched: &mut [Instance],
        unreadable: &BTreeSet<&str>,
    ) -> Result<(), Error> {
        // There is nothing to list where the instances' own rows hold all of it.
        if fetched.iter().all(|instance| instance.disks_known == DisksKnown::Fully) {
            return Ok(());
        }
        let wanted: Vec<InstanceId> = match self.mode {
            Mode::Incremental => diff(stored, fetched.to_vec(), unreadable).saved_ids(),
            Mode::Full | Mode::StatusOnly => Vec::new(),
        };
        let listings = match self.mode {
            Mode::Incremental => {
                let disk_count = stored.values().map(|row| row.compared.data_disks.len()).sum();
                plan_disks(&wanted, disk_count, self.key.provider.cloud().disk_chunk())
            }
            Mode::Full | Mode::StatusOnly => vec![DiskScope::Region],
        };
        for of in listings {
            let (listed, ending) = match api.fetch_disks(of).await {
                Ok(listed) => listed,
                Err(error) if error.class().is_fatal() => return Err(error),
                Err(error) => {
                    let reason = full_message(&error);
                    scope.scope_problem(error.class(), format!("{reason}; the stored disks stay as they are"));
                    return Ok(());
                }
            };
            listed.remarks.clone().warn(scope);
            let (disks, bad) = listed.into_rows();
            let is_readable = bad.is_empty();
            for row in bad {
                report_bad_row(scope, "disk", row);
            }
            // Half a list would look like disks that are gone.
            if !ending.is_proved() {
                let message = format!("the end of the disks is not proved, so the stored ones stay: {ending}");
                scope.scope_problem(Class::Contract, message);
            } else if is_readable {
                let is_in_scope = |instance: &&mut Instance| match of {
                    DiskScope::Region => true,
                    DiskScope::Of(ids) => ids.contains(&instance.id),
                };
                attach(fetched.iter_mut().filter(is_in_scope), &disks);
            }
        }
        Ok(())
    }

    /// Lists the statuses of what is stored, and saves those that changed.
    async fn sync_statuses(&self, scope: &Scope<'_>, api: &RegionApi<'_>) -> Result<(), Error> {
        let stored = self.load_stored(scope)?;
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
        // A round of statuses proves nothing about the list: the scope's state stays.
        let state = scope.state.clone();
        finish(scope, self.subject(), Deletions::Allowed, state, move |w| {
            plan.changed.iter().try_for_each(|(id, _, change)| save_status(w, &key, &meta, id, change))?;
            delete_all(w, &key, &meta, &plan.terminated)
        })
        .await?;
        scope.count_rows(|summary| summary.updated += updated);
        Ok(())
    }

    fn load_stored(&self, scope: &Scope<'_>) -> Result<StoredSet, Error> {
        Ok(scope.context.store.read(|r| load_stored(r, &self.key))?)
    }
}

fn delete_all(w: &Writer<'_>, key: &RegionKey, meta: &WriteMeta, ids: &[InstanceId]) -> Result<u64, store::Error> {
    ids.iter().try_fold(0, |count, id| Ok(count + u64::from(delete_instance(w, key, meta, id)?)))
}

fn report_bad_row(scope: &Scope<'_>, what: &str, row: BadRow) {
    let reason = format!("cannot read the row of this {what}: {}", row.reason);
    BadRow { reason, ..row }.report(scope, ProblemDetails::new());
}
