//! Databases, caches and buckets as rows of a pass.

use std::collections::{BTreeMap, BTreeSet};

use super::asset::{Asset, Cells, Known, Patch};
use super::kind::Kind;
use super::tables::{delete_asset, load_stored, save_asset};
use crate::error::{Class, full_message};
use crate::store::{self, Reader, Writer};
use crate::text::ending;
use crate::upstreams::ecs::api::{Listing, RegionApi};
use crate::upstreams::ecs::diff::{Save, StoredSet, diff};
use crate::upstreams::ecs::instance::InstanceId;
use crate::upstreams::ecs::provider::catalog::{Catalog, Supplement};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::rows::{Mode, Rows};
use crate::upstreams::ecs::tables::RegionKey;
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, Scope};

/// One kind of resource, and how the account's provider lists it.
#[derive(Clone, Copy)]
pub struct Assets {
    pub kind: &'static Kind,
    pub catalog: &'static Catalog,
}

impl Rows for Assets {
    type Row = Asset;

    fn names(&self) -> (&'static str, &'static str) {
        (self.kind.resource.name(), self.kind.rows)
    }

    fn load_stored(&self, r: &Reader<'_>, key: &RegionKey) -> Result<StoredSet<Known>, store::Error> {
        load_stored(r, self.kind, key)
    }

    fn save(&self, w: &Writer<'_>, key: &RegionKey, meta: &WriteMeta, save: &Save<Asset>) -> Result<(), store::Error> {
        save_asset(w, self.kind, key, meta, save)
    }

    fn delete(&self, w: &Writer<'_>, key: &RegionKey, meta: &WriteMeta, id: &InstanceId) -> Result<bool, store::Error> {
        delete_asset(w, self.kind, key, meta, id)
    }

    async fn fetch(
        &self,
        api: &RegionApi<'_>,
        advance: impl Fn(u64) + Send + Sync,
    ) -> Result<Option<Listing<Asset>>, Error> {
        api.fetch_assets(self.catalog, self.kind.rows, advance).await
    }

    async fn complete(
        &self,
        scope: &Scope<'_>,
        api: &RegionApi<'_>,
        mode: Mode,
        stored: &StoredSet<Known>,
        fetched: &mut [Asset],
        unreadable: &BTreeSet<&str>,
    ) -> Result<(), Error> {
        report_unknown_statuses(scope, fetched, self.kind.rows);
        let wanted: BTreeSet<InstanceId> = match mode {
            Mode::Incremental => diff(stored, fetched.to_vec(), unreadable).saved_ids().into_iter().collect(),
            Mode::Full | Mode::StatusOnly => fetched.iter().map(|asset| asset.id.clone()).collect(),
        };
        if wanted.is_empty() {
            return Ok(());
        }
        for supplement in self.catalog.supplements {
            let is_wanted = |asset: &&mut Asset| wanted.contains(&asset.id) && (supplement.is_needed)(asset);
            match complete_with(supplement, api, fetched.iter_mut().filter(is_wanted).collect()).await {
                Ok(()) => {}
                Err(error) if error.class().is_fatal() => return Err(error),
                Err(error) => {
                    let reason = full_message(&error);
                    scope.scope_problem(error.class(), format!("{reason}; what is stored stays as it is"));
                }
            }
        }
        Ok(())
    }

    async fn confirm_empty(&self, api: &RegionApi<'_>, live: &[InstanceId]) -> Result<(), Error> {
        match self.catalog.find {
            // Each is looked up where it is.
            Some(_) if self.catalog.is_late => Ok(()),
            Some(find) => api.confirm_gone(live, |region, id| vec![find(region, id)], self.kind.rows).await,
            None => Ok(()),
        }
    }

    async fn confirm_missing(
        &self,
        api: &RegionApi<'_>,
        stored: &StoredSet<Known>,
        missing: Vec<InstanceId>,
    ) -> Result<Vec<InstanceId>, Error> {
        let Some(find) = self.catalog.find.filter(|_| self.catalog.is_late) else { return Ok(missing) };
        let mut gone = Vec::new();
        for id in missing.into_iter().take(MAX_LOOKED_UP) {
            let region = stored.get(&id).and_then(|row| row.compared.get("region")?.as_deref());
            // Elsewhere it would look gone.
            let Some(region) = region.and_then(|name| Region::parse(name).ok()) else { continue };
            if api.is_gone(&find(&region, &id), self.kind.rows).await? {
                gone.push(id);
            }
        }
        Ok(gone)
    }
}

/// One problem for each word, however many rows have it.
fn report_unknown_statuses(scope: &Scope<'_>, fetched: &[Asset], rows: &str) {
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for word in fetched.iter().filter_map(|asset| asset.unknown_status.as_deref()) {
        *words.entry(word).or_default() += 1;
    }
    for (word, count) in words {
        let s = ending(count);
        let message =
            format!("the status `{word}` of {count} row{s} among the {rows} is none that is known: `unknown`");
        scope.scope_problem(Class::Contract, message);
    }
}

/// A pass looks up no more rows than this by their ids; the others' turn comes in the next one.
const MAX_LOOKED_UP: usize = 100;

/// A supplement that fails for this many rows in a row fails for all.
const MAX_FAILURES: u32 = 3;

/// Requests what the supplement says of these rows, and applies it chunk by chunk: a later error takes nothing away.
async fn complete_with(supplement: &Supplement, api: &RegionApi<'_>, mut rows: Vec<&mut Asset>) -> Result<(), Error> {
    let chunk = supplement.chunk.unwrap_or(usize::MAX).min(rows.len()).max(1);
    let (mut failure, mut failure_count) = (None, 0);
    for rows in rows.chunks_mut(chunk) {
        let named: Vec<Asset> = rows.iter().map(|asset| Asset::clone(asset)).collect();
        let patches = match api.fetch_patches(supplement, &named).await {
            Ok(Some(patches)) => patches,
            // One that vanished meanwhile leaves the list in the next pass.
            Ok(None) => continue,
            Err(error) if error.class().is_fatal() => return Err(error),
            Err(error) => {
                failure.get_or_insert(error);
                failure_count += 1;
                if failure_count == MAX_FAILURES {
                    break;
                }
                continue;
            }
        };
        failure_count = 0;
        let mut said: BTreeMap<InstanceId, Vec<Cells>> = BTreeMap::new();
        for Patch { id, cells, .. } in patches {
            said.entry(id).or_default().push(cells);
        }
        for asset in rows {
            let empty = supplement.lists.iter().map(|(column, empty)| (*column, empty()));
            asset.apply(empty.collect());
            for cells in said.remove(&asset.id).unwrap_or_default() {
                asset.apply(cells);
            }
        }
    }
    failure.map_or(Ok(()), Err)
}
