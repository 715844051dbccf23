//! One scope's pass: fetch page after page, plan each batch, save what differs; then what is missing, and the cursor.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::api::{Api, Kind, OLD_PAGE_SIZE, Query, next_target};
use super::config::Config;
use super::cursor::Cursor;
use super::parse::{self, Batch, Piece, Treatment, parse};
use super::pii::Pii;
use super::row::BadRow;
use super::split::Envelope;
use super::tables::{QUESTIONS, RESPONSES, Saved, Stamp, Table};
use super::tally::{Tally, server_time};
use crate::clock::to_rfc3339_millis;
use crate::error::Class;
use crate::store::{ScopeState, cursors};
use crate::upstreams::{Error, Scope, ScopeWork, guard};

/// Chunks of the body that may wait for the parser, and batches that may wait for the writer: enough to keep all three
/// busy, few enough for flat memory. Batches that wait are written in one transaction.
const WAITING_CHUNKS: usize = 16;
const WAITING_BATCHES: usize = 4;

/// What a pass over one scope works with.
pub struct Work<'a> {
    pub config: &'a Config,
    pub api: &'a Api,
    pub account: &'a str,
    pub kind: Kind,
    pub pii: Arc<Pii>,
    pub is_incremental: bool,
}

impl ScopeWork for Work<'_> {
    /// Reads the scope, fully or since its cursor.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let cursor = Cursor::load(&scope.state);
        if self.is_incremental
            && self.kind == Kind::Responses
            && let Some(since) = cursor.since(self.config, scope.context.clock.now())
        {
            if self.read_since(scope, since, &cursor).await? {
                return Ok(());
            }
            let account = self.account;
            scope
                .context
                .warn(format!("account `{account}`: the upstream ignored `updated_at_min`; reading everything"));
        }
        self.read_all(scope).await
    }
}

impl Work<'_> {
    /// Reads the complete set; what is stored but did not come becomes a tombstone, within the guard.
    async fn read_all(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let table = self.table();
        let started_at = scope.context.clock.now();
        let live = scope.context.store.read(|r| table.load_live(r, self.account))?;
        // Rows of the scope that were deleted are not live; they are found when they are written.
        let looks_up = live.len() > 0;
        let mut tally = Tally::default();
        self.read_pages(scope, None, looks_up, &mut tally).await?;

        let received = tally.seen.len();
        let missing = live.minus(&tally.seen).count() as u64;
        scope.count(|summary| {
            summary.total = received + tally.bad_count;
            summary.unchanged = received.saturating_sub(summary.new + summary.updated + summary.restored);
        });
        // A row that could not be read may be any of the missing ones.
        let allowed = if tally.bad_count > 0 {
            Ok(0)
        } else {
            guard::check(missing, live.len(), received, scope.context.flags.accept_deletes).map(|()| missing)
        };
        let deleted = allowed.unwrap_or(0);
        let cursor =
            Cursor { updated_at: Some(tally.server_time.unwrap_or(started_at)), last_full_at: Some(started_at) };
        let is_complete = allowed.is_ok() && tally.bad_count == 0;
        let state = ScopeState {
            last_success_at: Some(started_at),
            record_count: Some(received),
            digest: Some(format!("{:032x}", tally.digest)),
            ..cursor.moved(&scope.state, None)
        };
        let stamp = self.stamp(scope);
        scope
            .write(move |w| {
                if deleted > 0 {
                    for key in live.minus(&tally.seen) {
                        table.delete(w, key, &stamp)?;
                    }
                }
                if is_complete { cursors::save_state(w, &state) } else { Ok(()) }
            })
            .await?;
        scope.count(|summary| summary.deleted += deleted);
        self.tell(scope);
        allowed?;
        Ok(())
    }

    /// Reads what was updated since; answers whether the upstream did filter.
    async fn read_since(&self, scope: &Scope<'_>, since: Timestamp, cursor: &Cursor) -> Result<bool, Error> {
        let started_at = scope.context.clock.now();
        let mut tally = Tally { newest: cursor.updated_at, ..Tally::default() };
        self.read_pages(scope, Some(since), true, &mut tally).await?;
        if tally.is_unfiltered {
            return Ok(false);
        }
        let received = tally.seen.len();
        scope.count(|summary| {
            summary.total = received + tally.bad_count;
            summary.unchanged = received.saturating_sub(summary.new + summary.updated + summary.restored);
        });
        if tally.bad_count == 0 {
            let state = ScopeState { last_success_at: Some(started_at), ..cursor.moved(&scope.state, tally.newest) };
            scope.write(move |w| cursors::save_state(w, &state)).await?;
        }
        self.tell(scope);
        Ok(true)
    }

    /// Page after page until the set ends; every page is stored before the next one is asked for.
    async fn read_pages(
        &self,
        scope: &Scope<'_>,
        since: Option<Timestamp>,
        looks_up: bool,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let mut query = Query { kind: self.kind, page_size: self.page_size(), updated_since: since };
        let mut target = query.target();
        let mut visited = HashSet::new();
        loop {
            if visited.len() as u64 >= self.config.max_pages {
                let reason = format!("more than {} pages (`max_pages`)", self.config.max_pages);
                return Err(Error::Contract { context: self.context(), reason });
            }
            visited.insert(target.clone());
            let seen_before = tally.seen.len();
            let page = self.read_page(scope, &target, looks_up, since, tally).await;
            let envelope = match page {
                Err(Error::Http(error)) if visited.len() == 1 && query.is_shrinkable(error.status()) => {
                    query.page_size = Some(OLD_PAGE_SIZE);
                    target = query.target();
                    continue;
                }
                page => page?,
            };
            if tally.is_unfiltered {
                return Ok(());
            }
            scope.advance(tally.seen.len(), scope.state.record_count, None);
            let brought_nothing = tally.seen.len() == seen_before;
            let Some(next) = envelope.next.filter(|_| !brought_nothing) else { return Ok(()) };
            target = next_target(&next, self.config)?;
            if visited.contains(&target) {
                return Ok(());
            }
        }
    }

    /// One page, tried again as a whole when it breaks in the middle.
    async fn read_page(
        &self,
        scope: &Scope<'_>,
        target: &str,
        looks_up: bool,
        since: Option<Timestamp>,
        tally: &mut Tally,
    ) -> Result<Envelope, Error> {
        let before = tally.clone();
        let tally = &tokio::sync::Mutex::new(tally);
        self.api
            .client
            .retry(&self.context(), |attempt| {
                let before = &before;
                async move {
                    let mut tally = tally.lock().await;
                    if attempt > 0 {
                        tally.clone_from(before);
                    }
                    self.try_page(scope, target, looks_up, since, &mut tally).await
                }
            })
            .await
    }

    /// Network, parser and writer work at the same time, each on its own thread, with little between them.
    async fn try_page(
        &self,
        scope: &Scope<'_>,
        target: &str,
        looks_up: bool,
        since: Option<Timestamp>,
        tally: &mut Tally,
    ) -> Result<Envelope, Error> {
        let started = tokio::time::Instant::now();
        let mut response = self.api.fetch(target).await?;
        if tally.server_time.is_none() {
            tally.server_time = response.header("date").and_then(server_time);
        }
        let (piece_sender, pieces) = mpsc::channel(WAITING_CHUNKS);
        let (batch_sender, mut batches) = mpsc::channel(WAITING_BATCHES);
        let treatment = self.treatment(scope, looks_up, since.is_some());
        let parser = tokio::task::spawn_blocking(move || parse(pieces, &batch_sender, &treatment));
        let network = async move {
            while let Some(bytes) = response.chunk().await? {
                if piece_sender.send(Piece::Bytes(bytes)).await.is_err() {
                    return Ok(());
                }
            }
            // A parser that is gone has said why.
            let _ = piece_sender.send(Piece::End).await;
            Ok::<(), Error>(())
        };
        let counted = &mut *tally;
        let writer = async move {
            // Ends, and with it the channel, at the first error: then parser and network end too.
            let mut waiting = Vec::new();
            while batches.recv_many(&mut waiting, WAITING_BATCHES).await > 0 {
                self.save(scope, std::mem::take(&mut waiting), since, counted).await?;
            }
            Ok::<(), Error>(())
        };
        let (fetched, saved) = futures_util::future::join(network, writer).await;
        let parsed = parser.await.map_err(|panic| Error::Panic { message: panic.to_string() })?;
        saved?;
        fetched?;
        let envelope = parsed.map_err(|error| self.unreadable(error))?;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (account, kind, fetched) = (self.account, self.kind.name(), tally.seen.len());
        tracing::info!(account, kind, fetched, duration_ms, "read a page");
        Ok(envelope)
    }

    /// Saves what of the batches differs, in one transaction, and counts.
    async fn save(
        &self,
        scope: &Scope<'_>,
        batches: Vec<Batch>,
        since: Option<Timestamp>,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        for batch in &batches {
            self.look_at(scope, batch, since, tally)?;
        }
        if tally.is_unfiltered || batches.iter().all(|batch| batch.rows.is_empty()) {
            return Ok(());
        }
        let (table, stamp) = (self.table(), self.stamp(scope));
        // The cursor moves with the page it stands for, as long as pages come oldest first.
        let is_last = batches.iter().any(|batch| batch.is_last);
        let moves = since.is_some() && is_last && !tally.is_unsorted && tally.bad_count == 0;
        let state = moves.then(|| Cursor::load(&scope.state).moved(&scope.state, tally.newest));
        let Saved { new, updated, restored, members } = scope
            .write(move |w| {
                if let Some(state) = &state {
                    cursors::save_state(w, state)?;
                }
                let mut saved = Saved::default();
                batches.iter().try_for_each(|batch| table.save_batch(w, batch, &stamp, &mut saved))?;
                Ok(saved)
            })
            .await?;
        scope.count(|summary| {
            summary.new += new;
            summary.updated += updated;
            summary.restored += restored;
        });
        for (key, member) in members {
            tally.see(key, member);
        }
        scope.advance(tally.seen.len(), scope.state.record_count, None);
        Ok(())
    }

    /// Counts what needs no writing.
    fn look_at(
        &self,
        scope: &Scope<'_>,
        batch: &Batch,
        since: Option<Timestamp>,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        for bad in &batch.bad {
            tally.bad_count += 1;
            match bad {
                BadRow::NotJson(_) | BadRow::NotUtf8 => {
                    return Err(Error::Contract { context: self.context(), reason: bad_row(bad) });
                }
                BadRow::NoId | BadRow::OddId => scope.problem(Class::Contract, None, None, bad_row(bad)),
            }
        }
        for (key, member) in &batch.unchanged {
            tally.see(*key, *member);
        }
        if let Some(since) = since {
            tally.look_at_times(batch, self.table(), since);
        }
        Ok(())
    }

    fn treatment(&self, scope: &Scope<'_>, looks_up: bool, parses_all: bool) -> Treatment {
        Treatment {
            store: scope.context.store.clone(),
            table: self.table(),
            account: self.account.into(),
            pii: Arc::clone(&self.pii),
            looks_up,
            parses_all,
            batch_size: self.config.batch_size.max(1),
            page_size: self.config.page_size,
        }
    }

    fn stamp(&self, scope: &Scope<'_>) -> Stamp {
        Stamp {
            account: self.account.to_owned(),
            record: scope.context.record.0,
            now: to_rfc3339_millis(scope.context.clock.now()),
        }
    }

    fn table(&self) -> &'static Table {
        match self.kind {
            Kind::Questions => &QUESTIONS,
            Kind::Responses => &RESPONSES,
        }
    }

    /// `limit` is only sent where the sets are large.
    const fn page_size(&self) -> Option<usize> {
        match self.kind {
            Kind::Questions => None,
            Kind::Responses => Some(self.config.page_size),
        }
    }

    fn context(&self) -> String {
        format!("cannot read {} of account `{}`", self.kind, self.account)
    }

    fn unreadable(&self, error: parse::Error) -> Error {
        match error {
            parse::Error::Store(error) => Error::Store(error),
            parse::Error::Malformed(malformed) => {
                let cause = std::error::Error::source(&malformed).map(|cause| format!(": {cause}")).unwrap_or_default();
                Error::Contract { context: self.context(), reason: format!("{malformed}{cause}") }
            }
            parse::Error::Abandoned => Error::Cancelled,
        }
    }

    fn tell(&self, scope: &Scope<'_>) {
        let summary = scope.summary();
        let previous = scope.state.record_count.unwrap_or(0);
        if !summary.is_changed() && summary.failed == 0 && summary.total > 0 {
            scope.note(format!("no change, nothing saved: {} records", summary.total));
        }
        tracing::info!(
            account = self.account,
            kind = self.kind.name(),
            fetched = summary.total,
            new = summary.new,
            changed = summary.updated + summary.restored,
            unchanged = summary.unchanged,
            deleted = summary.deleted,
            previous,
            "{}",
            if summary.is_changed() { "saved" } else { "no change, nothing saved" }
        );
    }
}

impl Query {
    /// Whether an answer of this status may mean that the page is larger than the upstream allows.
    fn is_shrinkable(&self, status: Option<u16>) -> bool {
        matches!(status, Some(400 | 422)) && self.page_size.is_some_and(|size| size > OLD_PAGE_SIZE)
    }
}

fn bad_row(bad: &BadRow) -> String {
    let cause = std::error::Error::source(bad).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("cannot store a row: {bad}{cause}")
}
