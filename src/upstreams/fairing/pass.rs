//! One scope's pass: fetch page after page, plan each batch, save what differs; then what is missing, and the cursor.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::api::{Api, Kind, OLD_PAGE_SIZE, Query, is_same_page, next_target};
use super::config::Config;
use super::cursor::Cursor;
use super::envelope::{Envelope, Malformed};
use super::parse::{self, BATCH_BYTES, Batch, BodyEvent, ParseContext, parse};
use super::pii::Pii;
use super::row::text;
use super::tables::{KindTable, QUESTIONS, RESPONSES};
use super::times::Times;
use crate::error::full_message;
use crate::http::Retry;
use crate::store::{self, ScopeState, Writer, cursors};
use crate::upstreams::mirror::{
    Ahead, Changed, Changes, Counts, Deletions, Ending, Limits, NewRow, PageInfo, Paginator, Reading, RowOutcome,
    Signs, Step, Subject, WriteMeta, finish,
};
use crate::upstreams::{Error, Scope, ScopeWork};

/// Chunks of the body that may wait for the parser: enough to keep it busy.
const WAITING_CHUNKS: usize = 16;

/// Batches that may wait for the writer, and then are written in one transaction: while one is flushed, the parser goes
/// on. Few enough for flat memory: with its parsed rows, a batch takes twice its bytes, and as many are being written.
const WAITING_BATCHES: usize = 3 * 1024 * 1024 / BATCH_BYTES;

/// What a pass over one scope works with.
pub struct Work<'a> {
    pub config: &'a Config,
    pub api: &'a Api,
    pub account: &'a str,
    pub kind: Kind,
    pub pii: Arc<Pii>,
    pub is_incremental: bool,
}

/// What is known while pages come in.
struct PassState {
    reading: Reading,
    times: Times,
    /// Only rows updated since then were requested.
    since: Option<Timestamp>,
    looks_up: bool,
    ahead: Option<Arc<Mutex<Ahead>>>,
}

impl ScopeWork for Work<'_> {
    /// Reads the scope, fully or since its cursor.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let (cursor, now) = (Cursor::load(&scope.state), scope.context.clock.now());
        let times = Times::new(now, cursor.updated_at);
        let mut state = PassState { reading: Reading::default(), times, since: None, looks_up: true, ahead: None };
        if self.is_incremental
            && self.kind == Kind::Responses
            && let Some(since) = cursor.since(self.config, now)
        {
            if self.read_since(scope, since, &cursor, &mut state).await? {
                return Ok(());
            }
            let account = self.account;
            scope
                .context
                .warn(format!("account `{account}`: the upstream ignored `updated_at_min`; reading everything"));
            state.reading.begin_round();
        }
        self.read_all(scope, state).await
    }
}

impl Work<'_> {
    /// Reads the complete set; what is stored but did not come becomes a tombstone, within the guard.
    async fn read_all(&self, scope: &Scope<'_>, mut state: PassState) -> Result<(), Error> {
        let table = &self.table().table;
        let started_at = scope.context.clock.now();
        let live = scope.context.store.read(|r| table.load_live(r, &[self.account.into()]))?;
        (state.times, state.since) = (Times::new(started_at, None), None);
        // Rows of the scope that were deleted are not live; they are found when they are written.
        state.looks_up = !live.is_empty();
        state.ahead = state.looks_up.then(|| Arc::new(Mutex::new(Ahead::new(table, vec![self.account.to_owned()]))));
        let ending = self.read_pages(scope, &mut state).await;
        state.reading.report(scope);
        let (ending, PassState { reading, times, .. }) = (ending?, state);

        let cursor = Cursor { updated_at: Some(times.read_at), last_full_at: Some(started_at) };
        let state = ScopeState { last_success_at: Some(started_at), ..cursor.moved(&scope.state, None) };
        reading.finish(scope, self.subject(), table, live, ending, state).await
    }

    /// Reads what was updated since; answers whether the upstream did filter.
    async fn read_since(
        &self,
        scope: &Scope<'_>,
        since: Timestamp,
        cursor: &Cursor,
        state: &mut PassState,
    ) -> Result<bool, Error> {
        let started_at = state.times.read_at;
        state.since = Some(since);
        let ending = self.read_pages(scope, state).await;
        if ending.is_ok() && state.times.is_unfiltered {
            return Ok(false);
        }
        state.reading.report(scope);
        if let Some((at, id)) = &state.times.from_future {
            let (name, read_at) = (scope.name, state.times.read_at);
            scope.context.warn(format!(
                "`{name}`: `{id}` says that it was updated at {at}, which is in the future; the next pass reads on from {read_at}"
            ));
        }
        // Nothing is missing from what was requested, so the guard has nothing to weigh.
        let counts = Counts { missing: 0, live: 0, received: 0, unreadable: state.reading.bad_count() };
        let deletions = Deletions::check(scope, self.subject(), ending?, counts);
        let state = ScopeState { last_success_at: Some(started_at), ..cursor.moved(&scope.state, state.times.newest) };
        finish(scope, self.subject(), deletions, state, |_| Ok(0)).await?;
        Ok(true)
    }

    /// Page after page until the set ends; every page is stored before the next one is read.
    async fn read_pages(&self, scope: &Scope<'_>, state: &mut PassState) -> Result<Ending, Error> {
        let mut query = Query { kind: self.kind, page_size: self.page_size(), updated_since: state.since };
        let limits = Limits { max_pages: self.config.max_pages, max_stale_pages: 0 };
        let mut target = query.target();
        let mut pages = Paginator::new(target.clone(), limits);
        loop {
            let seen_before = state.reading.received();
            let envelope = match self.read_page(scope, &target, state).await {
                Err(Error::Http(error)) if pages.page_count() == 1 && query.is_shrinkable(error.status()) => {
                    query.page_size = Some(OLD_PAGE_SIZE);
                    target = query.target();
                    pages = Paginator::new(target.clone(), limits);
                    continue;
                }
                page => page?,
            };
            if state.times.is_unfiltered {
                return Ok(Ending::ProvedEnd);
            }
            let received = state.reading.received();
            scope.advance(received, scope.state.record_count, None);
            let next = envelope.next.as_deref().map(|next| next_target(next, &target, self.config)).transpose()?;
            let page = PageInfo {
                row_count: envelope.row_count as u64,
                fresh_count: received.saturating_sub(seen_before),
                // On its last page the real API names the page itself.
                next: next.filter(|next| !is_same_page(next, &target)),
                total: None,
                signs: envelope.signs,
            };
            target = match pages.take(page) {
                Step::Next(next) => next,
                Step::Again(first) => {
                    state.reading.begin_round();
                    first
                }
                Step::End(ending) => return Ok(ending),
            };
        }
    }

    /// One page, tried again as a whole when it breaks in the middle.
    async fn read_page(&self, scope: &Scope<'_>, target: &str, state: &mut PassState) -> Result<Envelope, Error> {
        let before = &(state.reading.round(), state.times.clone());
        let state = &tokio::sync::Mutex::new(state);
        self.api
            .client
            .retry(&self.context(), |attempt| async move {
                let mut state = state.lock().await;
                if attempt > 0 {
                    state.reading.restore_round(&before.0);
                    state.times.clone_from(&before.1);
                }
                self.try_page(scope, target, &mut state).await
            })
            .await
    }

    /// Network, parser and writer work at the same time, each on its own thread, with little between them.
    async fn try_page(&self, scope: &Scope<'_>, target: &str, state: &mut PassState) -> Result<Envelope, Error> {
        let started = tokio::time::Instant::now();
        let mut response = self.api.fetch(target).await?;
        if let Some(date) = response.header("date") {
            state.times.see_server(date);
        }
        let is_own_page =
            |link: &str| next_target(link, target, self.config).is_ok_and(|link| is_same_page(&link, target));
        let head = Signs::of_head(&response, is_own_page);
        let (event_sender, events) = mpsc::channel(WAITING_CHUNKS);
        let (batch_sender, mut batches) = mpsc::channel(WAITING_BATCHES);
        let context = self.parse_context(scope, state);
        let parser = tokio::task::spawn_blocking(move || parse(events, &batch_sender, &context));
        let network = async move {
            while let Some(bytes) = response.chunk().await? {
                if event_sender.send(BodyEvent::Bytes(bytes)).await.is_err() {
                    return Ok(());
                }
            }
            // A parser that is gone has said why.
            let _ = event_sender.send(BodyEvent::End).await;
            Ok::<(), Error>(())
        };
        let counted = &mut *state;
        let writer = async move {
            // Ends, and with it the channel, at the first error: then parser and network end too.
            let mut waiting = Vec::new();
            while batches.recv_many(&mut waiting, WAITING_BATCHES).await > 0 {
                self.save(scope, std::mem::take(&mut waiting), counted).await?;
            }
            Ok::<(), Error>(())
        };
        let (fetched, saved) = futures_util::future::join(network, writer).await;
        let parsed = parser.await.map_err(|panic| Error::Panic { message: panic.to_string() })?;
        saved?;
        fetched?;
        let mut envelope = parsed.map_err(|error| self.unreadable(error))?;
        envelope.signs = envelope.signs.and(head);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (account, kind, fetched) = (self.account, self.kind.into_str(), state.reading.received());
        tracing::info!(account, kind, fetched, duration_ms, "read a page");
        Ok(envelope)
    }

    /// Saves what of the batches differs, in one transaction, and counts.
    async fn save(&self, scope: &Scope<'_>, batches: Vec<Batch>, state: &mut PassState) -> Result<(), Error> {
        for batch in &batches {
            take_in(batch, state, scope.context.clock.now());
        }
        if !state.times.is_unfiltered && batches.iter().any(|batch| !batch.rows.is_empty()) {
            // The cursor moves with its page, as long as pages come oldest first.
            let is_last = batches.iter().any(|batch| batch.is_last);
            let moves = state.since.is_some() && is_last && !state.times.is_unsorted && state.reading.bad_count() == 0;
            let cursor = moves.then(|| Cursor::load(&scope.state).moved(&scope.state, state.times.newest));
            let (table, account, changes) = (self.table(), self.account.to_owned(), state.reading.changes.clone());
            let meta = WriteMeta::now(scope);
            let saved = scope
                .write(move |w| {
                    if let Some(cursor) = &cursor {
                        cursors::save_state(w, cursor)?;
                    }
                    save_batches(w, table, &batches, &account, &changes, &meta)
                })
                .await?;
            for (id, number, outcome) in saved {
                state.reading.record_outcome(number, &id, outcome);
            }
        }
        state.reading.count(scope);
        scope.advance(state.reading.received(), scope.state.record_count, None);
        Ok(())
    }

    fn parse_context(&self, scope: &Scope<'_>, state: &PassState) -> ParseContext {
        ParseContext {
            store: scope.context.store.clone(),
            table: self.table(),
            account: self.account.into(),
            pii: Arc::clone(&self.pii),
            changes: state.reading.changes.clone(),
            looks_up: state.looks_up,
            ahead: state.ahead.clone(),
            parses_all: state.since.is_some(),
            batch_size: self.config.batch_size,
            page_size: self.config.page_size,
        }
    }

    const fn subject(&self) -> Subject<'_> {
        Subject { account: Some(self.account), rows: "records" }
    }

    fn table(&self) -> &'static KindTable {
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
            parse::Error::Malformed(malformed @ Malformed::Empty) => {
                let (context, reason) = (self.context(), malformed.to_string());
                Error::Unavailable { context, reason, retry: Retry::Backoff }
            }
            parse::Error::Malformed(malformed) => {
                Error::Contract { context: self.context(), reason: full_message(&malformed) }
            }
            parse::Error::Abandoned => Error::Cancelled,
        }
    }
}

/// Takes in what needs no writing.
fn take_in(batch: &Batch, state: &mut PassState, now: Timestamp) {
    for (row, number) in &batch.bad {
        state.reading.see_bad(row.clone(), *number);
    }
    for number in &batch.unchanged {
        state.reading.see(*number);
    }
    if batch.is_garbled {
        state.reading.note_garbled();
    }
    if let Some(since) = state.since {
        state.times.add(&batch.times, batch.latest.as_ref(), since, now);
    }
}

/// Saves the rows of these batches in their order; the id and number of each, and what became of it.
fn save_batches(
    w: &Writer<'_>,
    KindTable { table, .. }: &KindTable,
    batches: &[Batch],
    account: &str,
    changes: &Changes,
    meta: &WriteMeta,
) -> Result<Vec<(String, i64, RowOutcome)>, store::Error> {
    let rows: Vec<_> = batches.iter().flat_map(|batch| batch.rows.iter().map(|row| (&batch.text, row))).collect();
    let incoming: Vec<_> = (rows.iter())
        .map(|(source, row)| {
            let columns = row.cells.iter().map(|cell| cell.value(source)).collect();
            let key = vec![account.into(), (&row.id).into()];
            let raw = Some(text(source, &row.raw));
            Changed { row: NewRow { key, content_hash: row.digest, raw, columns }, found: row.found.as_ref() }
        })
        .collect();
    let saved = changes.save(w, table, &incoming, meta)?;
    let named = rows.iter().zip(saved).map(|((_, row), (number, outcome))| (row.id.clone(), number, outcome));
    Ok(named.collect())
}

impl Query {
    /// Whether an answer of this status may mean that the page is larger than the upstream allows.
    fn is_shrinkable(&self, status: Option<u16>) -> bool {
        matches!(status, Some(400 | 422)) && self.page_size.is_some_and(|size| size > OLD_PAGE_SIZE)
    }
}
