//! Instances as rows of a pass: their calls, their disks, their table.

use std::collections::BTreeSet;

use super::api::{Listing, RegionApi};
use super::diff::{Save, StoredSet, diff};
use super::disks::{DiskScope, attach, plan_disks};
use super::instance::{DisksKnown, Instance, InstanceId};
use super::rows::{Mode, Rows, report_bad_row};
use super::tables::{RegionKey, delete_instance, load_stored, save_instance};
use super::types::complete_types;
use crate::error::{Class, full_message};
use crate::store::{self, Reader, Writer};
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, Scope};

/// The instances of a region.
#[derive(Clone, Copy, Debug)]
pub struct Instances;

impl Rows for Instances {
    type Row = Instance;

    fn names(&self) -> (&'static str, &'static str) {
        ("instance", "instances")
    }

    fn load_stored(&self, r: &Reader<'_>, key: &RegionKey) -> Result<StoredSet, store::Error> {
        load_stored(r, key)
    }

    fn save(&self, w: &Writer<'_>, key: &RegionKey, meta: &WriteMeta, save: &Save) -> Result<(), store::Error> {
        save_instance(w, key, meta, save)
    }

    fn delete(&self, w: &Writer<'_>, key: &RegionKey, meta: &WriteMeta, id: &InstanceId) -> Result<bool, store::Error> {
        delete_instance(w, key, meta, id)
    }

    async fn fetch(
        &self,
        api: &RegionApi<'_>,
        advance: impl Fn(u64) + Send + Sync,
    ) -> Result<Option<Listing<Instance>>, Error> {
        api.fetch_instances(advance).await.map(Some)
    }

    async fn complete(
        &self,
        scope: &Scope<'_>,
        api: &RegionApi<'_>,
        mode: Mode,
        stored: &StoredSet,
        fetched: &mut [Instance],
        unreadable: &BTreeSet<&str>,
    ) -> Result<(), Error> {
        complete_types(scope, api, fetched).await?;
        // There is nothing to list where the instances' own rows hold all of it.
        if fetched.iter().all(|instance| instance.disks_known == DisksKnown::Fully) {
            return Ok(());
        }
        let wanted: Vec<InstanceId> = match mode {
            Mode::Incremental => diff(stored, fetched.to_vec(), unreadable).saved_ids(),
            Mode::Full | Mode::StatusOnly => Vec::new(),
        };
        let listings = match mode {
            Mode::Incremental => {
                let disk_count = stored.values().map(|row| row.compared.data_disks.len()).sum();
                plan_disks(&wanted, disk_count, api.cloud().disk_chunk())
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

    async fn confirm_empty(&self, api: &RegionApi<'_>, live: &[InstanceId]) -> Result<(), Error> {
        api.confirm_empty(live).await
    }
}
