//! The pass over one kind of rows of a region: fetch to the end, complete, plan the difference, save it.

use std::collections::BTreeSet;

use tokio::sync::Semaphore;

use super::api::{Listing, RegionApi};
use super::diff::{Comparable, Plan, Save, StoredSet, diff};
use super::instance::InstanceId;
use super::tables::RegionKey;
use crate::progress;
use crate::store::{self, ProblemDetails, Reader, ScopeState, Writer, cursors};
use crate::upstreams::mirror::{BadRow, Counts, Deletions, RowOutcome, Subject, WriteMeta, finish};
use crate::upstreams::{Error, Scope};

/// Rows a transaction.
const BATCH_SIZE: usize = 200;

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Full,
    /// The list is read whole, what else there is only of rows that are new or differ.
    Incremental,
    StatusOnly,
}

/// A kind of rows.
pub trait Rows: Clone + Send + Sync + 'static {
    type Row: Comparable<Compared: Send + Sync> + Clone + PartialEq + Send + Sync + 'static;

    /// One of them and several, in messages.
    fn names(&self) -> (&'static str, &'static str);

    fn load_stored(
        &self,
        r: &Reader<'_>,
        key: &RegionKey,
    ) -> Result<StoredSet<<Self::Row as Comparable>::Compared>, store::Error>;

    fn save(
        &self,
        w: &Writer<'_>,
        key: &RegionKey,
        meta: &WriteMeta,
        save: &Save<Self::Row>,
    ) -> Result<(), store::Error>;

    /// Makes a live row a tombstone; answers whether there was one.
    fn delete(&self, w: &Writer<'_>, key: &RegionKey, meta: &WriteMeta, id: &InstanceId) -> Result<bool, store::Error>;

    /// Every row; `None` where the region does not offer this kind.
    fn fetch(
        &self,
        api: &RegionApi<'_>,
        advance: impl Fn(u64) + Send + Sync,
    ) -> impl Future<Output = Result<Option<Listing<Self::Row>>, Error>> + Send;

    /// Gives the rows what is listed apart. What fails here is a problem of the scope: the rows keep what is stored.
    fn complete(
        &self,
        scope: &Scope<'_>,
        api: &RegionApi<'_>,
        mode: Mode,
        stored: &StoredSet<<Self::Row as Comparable>::Compared>,
        fetched: &mut [Self::Row],
        unreadable: &BTreeSet<&str>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Whether an empty listing is empty because there is nothing.
    fn confirm_empty(&self, api: &RegionApi<'_>, live: &[InstanceId])
    -> impl Future<Output = Result<(), Error>> + Send;

    /// Which of the missing rows are gone.
    fn confirm_missing(
        &self,
        _api: &RegionApi<'_>,
        _stored: &StoredSet<<Self::Row as Comparable>::Compared>,
        missing: Vec<InstanceId>,
    ) -> impl Future<Output = Result<Vec<InstanceId>, Error>> + Send {
        async { Ok(missing) }
    }
}

/// Syncs the rows of that kind; one of the permits is held while requests are made.
pub async fn sync_rows<K: Rows>(
    kind: &K,
    scope: &Scope<'_>,
    api: &RegionApi<'_>,
    key: &RegionKey,
    mode: Mode,
    permits: &Semaphore,
) -> Result<(), Error> {
    let started_at = scope.context.clock.now();
    let expected = scope.state.record_count;
    let (singular, rows_name) = kind.names();
    let subject = Subject { account: Some(key.account.as_str()), rows: rows_name };
    let stored = scope.context.store.read(|r| kind.load_stored(r, key))?;
    let live_ids: Vec<_> = stored.iter().filter(|(_, row)| !row.is_deleted).map(|(id, _)| id.clone()).collect();
    let live = live_ids.len() as u64;
    let permit = permits.acquire().await;
    let Some((listed, ending)) = kind.fetch(api, |count| scope.advance(count, expected, None)).await? else {
        if live > 0 {
            let context = format!("cannot list the {rows_name} of account `{}` in `{}`", key.account, key.region);
            let reason = "the region does not offer them any more, and some are stored".to_owned();
            return Err(Error::Contract { context, reason });
        }
        scope.note(format!("this region does not offer {rows_name}"));
        return Ok(());
    };
    listed.remarks.clone().warn(scope);
    let (received, nameless_count) = (listed.count(), listed.nameless.len() as u64);
    let (mut fetched, bad) = listed.into_rows();
    let unreadable: BTreeSet<&str> = bad.iter().filter_map(|row| row.id.as_deref()).collect();
    bad.iter().cloned().for_each(|row| report_bad_row(scope, singular, row));
    kind.complete(scope, api, mode, &stored, &mut fetched, &unreadable).await?;
    if received == 0 && live > 0 {
        kind.confirm_empty(api, &live_ids).await?;
    }
    drop(permit);
    let is_moving = fetched.iter().any(|row| row.status().is_moving());
    let Plan { saves, terminated, missing, unchanged_count } = diff(&stored, fetched, &unreadable);
    let missing_count = missing.len();
    let missing = kind.confirm_missing(api, &stored, missing).await?;
    let kept_count = (missing_count - missing.len()) as u64;
    scope.count_rows(|summary| summary.unchanged = unchanged_count + kept_count);
    save_in_batches(kind, scope, key, saves).await?;

    let counts = Counts { missing: missing.len() as u64, live, received, unreadable: nameless_count };
    let deletions = Deletions::check(scope, subject, ending, counts);
    let mut gone = terminated;
    if deletions.are_allowed() {
        gone.extend(missing);
    }
    let state = ScopeState {
        last_success_at: Some(started_at),
        record_count: Some(received),
        not_before: None,
        success_count: scope.state.success_count + 1,
        is_unsettled: is_moving,
        // What a pass costs that may be skipped.
        request_count: match (mode, scope.state.request_count) {
            (Mode::Full | Mode::StatusOnly, known @ 1..) => known,
            (..) => progress::request_count(),
        },
        ..scope.state.clone()
    };
    let (kind, key, meta) = (kind.clone(), key.clone(), WriteMeta::now(scope));
    finish(scope, subject, deletions, state, move |w| {
        gone.iter().try_fold(0, |count, id| Ok(count + u64::from(kind.delete(w, &key, &meta, id)?)))
    })
    .await
}

async fn save_in_batches<K: Rows>(
    kind: &K,
    scope: &Scope<'_>,
    key: &RegionKey,
    saves: Vec<Save<K::Row>>,
) -> Result<(), Error> {
    let mut saves = saves.into_iter();
    loop {
        let batch: Vec<_> = saves.by_ref().take(BATCH_SIZE).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let outcomes: Vec<RowOutcome> = batch.iter().map(|save| save.kind.outcome()).collect();
        let (kind, key, meta) = (kind.clone(), key.clone(), WriteMeta::now(scope));
        let changed =
            outcomes.iter().any(|outcome| *outcome != RowOutcome::Unchanged).then(|| scope.state.scope.clone());
        let save = move |w: &Writer<'_>| {
            batch.iter().try_for_each(|save| kind.save(w, &key, &meta, save))?;
            changed.map_or(Ok(()), |scope| cursors::save_changed(w, &scope, &meta.at))
        };
        scope.write(save).await?;
        scope.count_rows(|summary| outcomes.into_iter().for_each(|outcome| outcome.count(summary)));
    }
}

/// Fails one row that cannot be read.
pub fn report_bad_row(scope: &Scope<'_>, what: &str, row: BadRow) {
    let reason = format!("cannot read the row of this {what}: {}", row.reason);
    BadRow { reason, ..row }.report(scope, ProblemDetails::new());
}
