//! The pass: list what is released in these days, read which films changed, fetch details, find the films of other
//! sources; then the state of the scope.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::api::{Api, Call, Reply};
use super::config::Config;
use super::cursor::Cursor;
use super::days::Days;
use super::item::{Item, SOURCE, is_same, listed_day, read_changed, read_item};
use super::listing::Listing;
use super::merge::{with_details, with_item};
use super::movie::read_movie;
use crate::store;
use crate::store::{ProblemDetails, Writer};
use crate::upstreams::films::details::{Abort, DetailSource, Fetched, fetch_details, finish};
use crate::upstreams::films::film::{DetailStatus, Film, FilmId};
use crate::upstreams::films::plan::plan_details;
use crate::upstreams::films::tables;
use crate::upstreams::films::tally::{Outcome, Tally};
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, Scope, ScopeWork};

/// Films a transaction.
const BATCH_SIZE: usize = 500;

/// What a pass works with.
pub struct Work<'a> {
    pub config: &'a Config,
    pub api: &'a Api,
    pub is_incremental: bool,
    /// Other days than those around today.
    pub days: Option<Days>,
    /// Whether details are fetched at all.
    pub has_details: bool,
    /// Details that are older are fetched again.
    pub refresh_after: Option<Duration>,
}

/// What is known while the pass goes on.
struct PassState {
    cursor: Cursor,
    started_at: Timestamp,
    today: Date,
    tally: Tally,
    /// Films whose details are due though they have some.
    due: BTreeSet<FilmId>,
    /// What the list holds of them now, where it holds something else than before; `None`: nothing any more.
    raws: HashMap<FilmId, Option<String>>,
}

/// A way to details that remembers which films it reached.
struct Details<'a> {
    work: &'a Work<'a>,
    raws: &'a HashMap<FilmId, Option<String>>,
    reached: Mutex<BTreeSet<FilmId>>,
}

impl ScopeWork for Work<'_> {
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let mut cursor = Cursor::load(&scope.state);
        let due = std::mem::take(&mut cursor.due).iter().filter_map(|id| FilmId::parse(id)).collect();
        let today = started_at.to_zoned(TimeZone::UTC).date();
        let mut state = PassState { cursor, started_at, today, tally: Tally::default(), due, raws: HashMap::new() };
        let mut abort = or_abort(self.gather(scope, &mut state).await)?;
        if abort.is_none() && self.has_details {
            abort = self.details(scope, &mut state, None).await?;
        }
        if abort.is_none() && self.has_details && self.config.find_others {
            let mut found = Vec::new();
            abort = or_abort(self.find_others(scope, &mut state, &mut found).await)?;
            let details = self.details(scope, &mut state, Some(&found)).await?;
            abort = abort.or(details);
        }
        state.cursor.due = state.due.iter().map(ToString::to_string).collect();
        let cursor = serde_json::to_value(&state.cursor).ok();
        finish(scope, SOURCE, &mut state.tally, abort, cursor).await
    }
}

impl Work<'_> {
    /// Finds out what there is, and what has changed.
    async fn gather(&self, scope: &Scope<'_>, state: &mut PassState) -> Result<(), Error> {
        let around = Days::around(state.today, self.config.days_back, self.config.days_ahead);
        let is_full = !self.is_incremental || state.cursor.is_full_due(self.config, state.started_at);
        if is_full || self.days.is_some() {
            let is_complete = self.list(scope, self.days.unwrap_or(around), state).await?;
            if is_complete && self.days.is_none() {
                state.cursor.last_full_at = Some(state.started_at);
            }
        }
        let Some((days, is_reached)) = state.cursor.feed(state.today) else {
            state.cursor.changes_from = Some(state.today);
            return Ok(());
        };
        if !is_reached {
            // What changed before the first day of the feed is in no answer any more.
            let candidates = scope.context.store.read(|r| tables::load_candidates(r, SOURCE))?;
            let first = days.from.to_zoned(TimeZone::UTC).map_or(state.started_at, |start| start.timestamp());
            let age = Duration::try_from(state.started_at.duration_since(first)).unwrap_or_default();
            state.due.extend(plan_details(candidates, Some(age), state.started_at));
        }
        if self.read_changes(scope, days, state).await? {
            state.cursor.changes_from = Some(state.today);
        }
        Ok(())
    }

    /// Stores the films of a list. Those that a complete one does not hold any more are looked at: whether a film is gone,
    /// only its own answer says. Answers whether the list was complete.
    async fn list(&self, scope: &Scope<'_>, days: Days, state: &mut PassState) -> Result<bool, Error> {
        let stored = scope.context.store.read(|r| tables::load_raws(r, SOURCE))?;
        let (mut seen, mut complete, mut is_complete) = (HashSet::new(), Vec::new(), true);
        let call = |days, page| Call::discover(self.config, days, page);
        let mut listing = Listing::new(days, call, |row: &serde_json::Value| read_item(self.config, row));
        while let Some(part) = listing.next(scope, self.api).await? {
            let days = part.days;
            let (items, bad, is_part_complete) = part.into_rows(scope, "films");
            seen.extend(items.iter().map(|item| item.id.clone()));
            for row in bad {
                if let Some(id) = row.id.as_deref().and_then(FilmId::parse) {
                    state.tally.see(id.clone(), Outcome::Failed);
                    seen.insert(id);
                }
                row.report(scope, ProblemDetails::new());
            }
            for batch in items.chunks(BATCH_SIZE) {
                self.save(scope, batch.to_vec(), state).await?;
            }
            is_complete &= is_part_complete;
            complete.extend(is_part_complete.then_some(days));
            scope.advance(seen.len() as u64, scope.state.record_count, None);
        }
        let is_missing = |raw: &str| listed_day(raw).is_some_and(|day| complete.iter().any(|days| days.contain(day)));
        for (id, raw) in stored {
            if !seen.contains(&id) && is_missing(&raw) {
                state.due.insert(id.clone());
                state.raws.insert(id, None);
            }
        }
        Ok(is_complete)
    }

    /// Stores what differs of these films, and notes those whose details are not what they were.
    async fn save(&self, scope: &Scope<'_>, items: Vec<Item>, state: &mut PassState) -> Result<(), Error> {
        let meta = WriteMeta::now(scope);
        let saved =
            scope.write(move |w| items.iter().map(|item| save_item(w, item, &meta)).collect::<Result<Vec<_>, _>>());
        for (id, outcome, raw) in saved.await? {
            state.tally.see(id.clone(), outcome);
            if let Some(raw) = raw {
                state.due.insert(id.clone());
                state.raws.insert(id, Some(raw));
            }
        }
        scope.count_rows(|summary| state.tally.fill(summary));
        Ok(())
    }

    /// Notes which of the known films changed in these days; answers whether these were all.
    async fn read_changes(&self, scope: &Scope<'_>, days: Days, state: &mut PassState) -> Result<bool, Error> {
        let candidates = scope.context.store.read(|r| tables::load_candidates(r, SOURCE))?;
        let known: HashSet<FilmId> = candidates.into_iter().map(|candidate| candidate.id).collect();
        let mut is_complete = true;
        let mut listing = Listing::new(days, Call::changes, read_changed);
        while let Some(part) = listing.next(scope, self.api).await? {
            // An entry without an id may be any film, and is none that can be fetched.
            let (rows, _, is_part_complete) = part.into_rows(scope, "changes");
            state.due.extend(rows.into_iter().map(|row| row.0).filter(|id| known.contains(id)));
            is_complete &= is_part_complete;
        }
        Ok(is_complete)
    }

    /// Fetches the details of these films, or of all that are due.
    async fn details(
        &self,
        scope: &Scope<'_>,
        state: &mut PassState,
        only: Option<&[FilmId]>,
    ) -> Result<Option<Abort>, Error> {
        let mut films = only.map(<[FilmId]>::to_vec).unwrap_or_default();
        if only.is_none() {
            let candidates = scope.context.store.read(|r| tables::load_candidates(r, SOURCE))?;
            films = plan_details(candidates, self.refresh_after, state.started_at);
            let planned: HashSet<FilmId> = films.iter().cloned().collect();
            films.extend(state.due.iter().filter(|id| !planned.contains(id)).cloned());
        }
        let details = Details { work: self, raws: &state.raws, reached: Mutex::default() };
        let abort = fetch_details(scope, &details, &films, &mut state.tally).await?;
        let reached = details.reached.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.due.retain(|id| !reached.contains(id));
        Ok(abort)
    }

    /// Stores the films that other sources have with an `IMDb` id, and this one does not have.
    async fn find_others(
        &self,
        scope: &Scope<'_>,
        state: &mut PassState,
        found: &mut Vec<FilmId>,
    ) -> Result<(), Error> {
        state.cursor.forget_looked_for(state.today);
        for imdb_id in scope.context.store.read(|r| tables::load_foreign_imdb_ids(r, SOURCE))? {
            if state.cursor.looked_for.contains_key(&imdb_id) {
                continue;
            }
            let call = Call::find(self.config, &imdb_id);
            let answer = self.api.fetch(scope.name, &call).await?.only(&call)?;
            let results = answer.document.get("movie_results").and_then(serde_json::Value::as_array);
            let results = results.ok_or_else(|| call.contract("the answer has no `movie_results`"))?;
            if let Some(Ok(item)) = results.first().map(|row| read_item(self.config, row)) {
                let (id, meta) = (item.id.clone(), WriteMeta::now(scope));
                let outcome = scope.write(move |w| save_found(w, &item, &meta)).await?;
                state.tally.see(id.clone(), outcome);
                found.push(id);
            }
            state.cursor.looked_for.insert(imdb_id, state.today);
        }
        scope.count_rows(|summary| state.tally.fill(summary));
        Ok(())
    }
}

impl DetailSource for Details<'_> {
    const SOURCE: &'static str = SOURCE;

    async fn fetch_detail(&self, scope: &Scope<'_>, film: &Film) -> Result<Fetched, Error> {
        let Work { config, api, refresh_after, .. } = self.work;
        let fetched = match api.fetch(scope.name, &Call::movie(config, &film.id)).await? {
            Reply::Gone(sign) => Fetched::Gone(sign),
            Reply::Unreadable(unreadable) => return Ok(Fetched::Unreadable(unreadable)),
            Reply::Good(answer) => match read_movie(config, &film.id, &answer.document) {
                Err(unreadable) => return Ok(Fetched::Unreadable(unreadable)),
                Ok(detail) => {
                    let raw = self.raws.get(&film.id).unwrap_or(&film.raw).clone();
                    let now = scope.context.clock.now();
                    Fetched::Film(Box::new(with_details(film, detail, raw, now, refresh_after.is_some())))
                }
            },
        };
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(film.id.clone());
        Ok(fetched)
    }

    fn context(&self, id: &FilmId) -> String {
        Call::movie(self.work.config, id).context
    }

    fn systematic(&self, id: &FilmId, sign: String) -> Error {
        Error::Contract { context: self.context(id), reason: sign }
    }
}

/// An error that ends only what is left of the pass is the reason of its abort.
fn or_abort(outcome: Result<(), Error>) -> Result<Option<Abort>, Error> {
    match outcome {
        Ok(()) => Ok(None),
        Err(error) if error.class().is_fatal() => Err(error),
        Err(error) => Ok(Some(Abort { error, film: None })),
    }
}

/// Stores what the list has new of a film. Where its details are not what they were, also answers the item to store with
/// them.
fn save_item(w: &Writer<'_>, item: &Item, meta: &WriteMeta) -> Result<(FilmId, Outcome, Option<String>), store::Error> {
    let (stored, outcome) = tables::save_merged(w, SOURCE, &item.id, meta, |film| with_item(film, item))?;
    let is_due = stored.is_some_and(|stored| match stored.detail_status {
        DetailStatus::Ok => stored.raw.is_none_or(|raw| !is_same(&raw, item)),
        // It is there again.
        DetailStatus::Gone => true,
        DetailStatus::Missing | DetailStatus::Blocked | DetailStatus::Parse => false,
    });
    Ok((item.id.clone(), outcome, is_due.then(|| item.raw.clone())))
}

/// Stores a film that was found by itself: it is in no list.
fn save_found(w: &Writer<'_>, item: &Item, meta: &WriteMeta) -> Result<Outcome, store::Error> {
    let found = |film: Film| if film.raw.is_none() { Film { raw: None, ..with_item(film, item) } } else { film };
    Ok(tables::save_merged(w, SOURCE, &item.id, meta, found)?.1)
}
