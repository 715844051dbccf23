//! What instances of a type have, where their own rows do not say it: looked up once, since a type stays what it is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::api::RegionApi;
use super::instance::{Instance, TypeSpec};
use super::provider::Provider;
use super::tables::{RegionKey, owned};
use crate::clock::to_rfc3339_millis;
use crate::error::full_message;
use crate::store::{self, Reader, Writer};
use crate::upstreams::{Error, Scope};

/// A call names no more types.
const TYPES_PER_CALL: usize = 100;

/// How long what is known of a type serves, and how long that nothing is.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24 * 90);
const UNKNOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Types by their names.
type Specs = BTreeMap<String, TypeSpec>;

/// Gives the instances cpus and memory by their types, and those that are stored without. What fails is warned of: it is no
/// reason to doubt the instances.
pub async fn complete_types(scope: &Scope<'_>, api: &RegionApi<'_>, fetched: &mut [Instance]) -> Result<(), Error> {
    let lacking = fetched.iter().filter(|instance| instance.details.cpu_count.is_none());
    let wanted: BTreeSet<String> = lacking.filter_map(|instance| instance.compared.instance_type.clone()).collect();
    if wanted.is_empty() || !api.lists_types() {
        return Ok(());
    }
    let (key, now) = (api.key(), scope.context.clock.now());
    let load = || scope.context.store.read(|r| load_specs(r, key.provider, now));
    let mut specs = load()?;
    if wanted.iter().any(|name| !specs.contains_key(name)) {
        // Regions that begin together lack the same types: the first one looks them up.
        let turn = api.types_turn().await;
        specs = load()?;
        let unknown: Vec<&String> = wanted.iter().filter(|name| !specs.contains_key(*name)).collect();
        for names in unknown.chunks(TYPES_PER_CALL) {
            let Some(found) = fetch_specs(scope, api, names).await? else { break };
            specs.extend(found.iter().map(|spec| (spec.instance_type.clone(), spec.clone())));
            let provider = key.provider;
            scope.write(move |w| found.iter().try_for_each(|spec| save_spec(w, provider, spec, now))).await?;
        }
        drop(turn);
    }
    for instance in fetched.iter_mut().filter(|instance| instance.details.cpu_count.is_none()) {
        if let Some(spec) = instance.compared.instance_type.as_ref().and_then(|name| specs.get(name)) {
            (instance.details.cpu_count, instance.details.memory_mib) = (spec.cpu_count, spec.memory_mib);
        }
    }
    if scope.context.store.read(|r| has_gaps(r, &key))? {
        scope.write(move |w| fill_gaps(w, &key)).await?;
    }
    Ok(())
}

/// What the provider says of these types, nothing of those it does not name; `None` where it does not answer.
async fn fetch_specs(
    scope: &Scope<'_>,
    api: &RegionApi<'_>,
    names: &[&String],
) -> Result<Option<Vec<TypeSpec>>, Error> {
    if api.are_types_refused() {
        return Ok(None);
    }
    match api.fetch_types(names).await {
        Ok(found) => {
            let found: Specs = found.into_iter().map(|spec| (spec.instance_type.clone(), spec)).collect();
            let nothing = |name: &String| TypeSpec { instance_type: name.clone(), ..TypeSpec::default() };
            let spec = |name: &&String| found.get(*name).cloned().unwrap_or_else(|| nothing(name));
            Ok(Some(names.iter().map(spec).collect()))
        }
        Err(error) if error.class().is_fatal() => Err(error),
        Err(error) => {
            if api.refuse_types() {
                let reason = full_message(&error);
                scope.context.warn(format!("{reason}; the cpus and the memory of new types are not known"));
            }
            Ok(None)
        }
    }
}

fn load_specs(r: &Reader<'_>, provider: Provider, now: Timestamp) -> Result<Specs, store::Error> {
    let rows = r.rows(
        "SELECT instance_type, cpu_count, memory_mib, fetched_at
         FROM ecs_types
         WHERE provider = ?1",
        &[provider.name().into()],
        |row| {
            let spec = TypeSpec {
                instance_type: owned(row, 0)?.unwrap_or_default(),
                cpu_count: row.opt_int(1)?,
                memory_mib: row.opt_int(2)?,
            };
            Ok((spec, row.instant(3)?))
        },
    )?;
    let is_fresh = |(spec, fetched_at): &(TypeSpec, Timestamp)| {
        let serves = if spec.cpu_count.is_some() { KNOWN_FOR } else { UNKNOWN_FOR };
        let age = now.duration_since(*fetched_at);
        !age.is_negative() && age < serves
    };
    let fresh = rows.into_iter().filter(is_fresh);
    Ok(fresh.map(|(spec, _)| (spec.instance_type.clone(), spec)).collect())
}

/// What was known before stays where nothing is found now.
fn save_spec(w: &Writer<'_>, provider: Provider, spec: &TypeSpec, now: Timestamp) -> Result<(), store::Error> {
    w.execute(
        "INSERT INTO ecs_types (provider, instance_type, cpu_count, memory_mib, fetched_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (provider, instance_type) DO UPDATE
         SET cpu_count = coalesce(excluded.cpu_count, ecs_types.cpu_count),
             memory_mib = coalesce(excluded.memory_mib, ecs_types.memory_mib),
             fetched_at = excluded.fetched_at",
        &[
            provider.name().into(),
            spec.instance_type.as_str().into(),
            spec.cpu_count.into(),
            spec.memory_mib.into(),
            to_rfc3339_millis(now).as_str().into(),
        ],
    )?;
    Ok(())
}

/// Whether a stored instance lacks what is known of its type.
fn has_gaps(r: &Reader<'_>, key: &RegionKey) -> Result<bool, store::Error> {
    let found = r.first(
        "SELECT 1
         FROM ecs_instances AS i
         JOIN ecs_types AS t
            ON t.provider = i.provider AND t.instance_type = i.instance_type AND t.cpu_count IS NOT NULL
         WHERE i.account = ?1 AND i.provider = ?2 AND i.region = ?3 AND i.cpu_count IS NULL AND i.deleted_at IS NULL
         LIMIT 1",
        &key.values(),
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

fn fill_gaps(w: &Writer<'_>, key: &RegionKey) -> Result<(), store::Error> {
    w.execute(
        "UPDATE ecs_instances
         SET cpu_count = (
                SELECT t.cpu_count
                FROM ecs_types AS t
                WHERE t.provider = ecs_instances.provider AND t.instance_type = ecs_instances.instance_type
             ),
             memory_mib = (
                SELECT t.memory_mib
                FROM ecs_types AS t
                WHERE t.provider = ecs_instances.provider AND t.instance_type = ecs_instances.instance_type
             )
         WHERE account = ?1 AND provider = ?2 AND region = ?3 AND cpu_count IS NULL AND deleted_at IS NULL
            AND EXISTS (
                SELECT 1
                FROM ecs_types AS t
                WHERE t.provider = ecs_instances.provider AND t.instance_type = ecs_instances.instance_type
                    AND t.cpu_count IS NOT NULL
            )",
        &key.values(),
    )?;
    Ok(())
}
