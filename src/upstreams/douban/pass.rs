//! The pass: the list first, then the details of films that lack them; and what is to be remembered of both.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::api::{Api, Call, List, Reply, Rhythm};
use super::film::{Film, FilmId};
use super::list::{self, ListItem};
use super::plan::plan_details;
use super::refusal::Unreadable;
use super::tables;
use super::tally::{Outcome, Tally};
use crate::error::Class;
use crate::store;
use crate::store::{RecordId, ScopeState, Writer, cursors};
use crate::upstreams::{Error, Scope, ScopeWork};

/// What the pass works with.
pub struct Work<'a> {
    pub api: &'a Api,
    pub rhythm: Rhythm,
    /// So many films are listed.
    pub limit: usize,
    /// Whether details are asked for at all.
    pub has_details: bool,
    /// Details that are older are asked for again.
    pub refresh_after: Option<Duration>,
}

/// What ended a phase before its work was done. What came before it is stored.
pub struct Stop {
    pub error: Error,
    /// The film that was in hand.
    pub film: Option<(FilmId, Option<String>)>,
}

/// The list as far as it came.
struct Listed {
    films: Vec<ListItem>,
    unreadable_count: usize,
    /// Why this is not all of it, or not the list that was wanted.
    failure: Option<Error>,
}

impl ScopeWork for Work<'_> {
    /// Lists, asks for details, remembers.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let mut tally = Tally::default();
        let stop = self.list(scope, &mut tally).await?;
        let stop = match stop {
            None if self.has_details => self.details(scope, &mut tally).await?,
            stop => stop,
        };
        self.finish(scope, &tally, stop).await
    }
}

impl Work<'_> {
    /// Asks in the pass's rhythm, again where the upstream is unwell.
    pub async fn ask<T: Send>(
        &self,
        scope: &Scope<'_>,
        call: &Call,
        parse: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<Reply<T>, Error> {
        let attempt = |_| async {
            self.rhythm.turn(scope.context).await?;
            self.api.fetch(call, parse).await
        };
        self.api.client(call).retry(scope.name, attempt).await
    }

    /// The first phase. What forbids the second is answered.
    async fn list(&self, scope: &Scope<'_>, tally: &mut Tally) -> Result<Option<Stop>, Error> {
        let Listed { films, unreadable_count, failure } = self.fetch_list(scope).await?;
        let names: Vec<(FilmId, Outcome)> = self.save_list(scope, films, failure.is_none()).await?;
        for (id, outcome) in names {
            tally.see(id, outcome);
        }
        scope.count(|summary| tally.fill(summary));
        if unreadable_count > 0 {
            let message = format!("{unreadable_count} films of the list have no id or no title");
            scope.problem(Class::Contract, None, None, message);
        }
        match failure {
            Some(error) if error.not_before().is_some() => Ok(Some(Stop { error, film: None })),
            Some(error) => {
                scope.problem(error.class(), None, None, error.to_string());
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// The explore list; where that is refused or cannot be read, the other one.
    async fn fetch_list(&self, scope: &Scope<'_>) -> Result<Listed, Error> {
        let mut listed = Listed { films: Vec::new(), unreadable_count: 0, failure: None };
        let Err(error) = self.fetch_pages(scope, List::Explore, usize::MAX, &mut listed).await else {
            return Ok(listed);
        };
        if error.class().is_fatal() {
            return Err(error);
        }
        if listed.films.is_empty() {
            if error.class() != Class::Contract {
                return Err(error);
            }
            // Who is refused asks once more elsewhere, and no more.
            let page_count = if error.not_before().is_some() { 1 } else { usize::MAX };
            if let Err(second) = self.fetch_pages(scope, List::Search, page_count, &mut listed).await {
                if second.class().is_fatal() {
                    return Err(second);
                }
                if listed.films.is_empty() {
                    scope.context.warn(format!("the other list is no help: {second}"));
                    return Err(error);
                }
            }
        }
        listed.failure = Some(error);
        Ok(listed)
    }

    /// Page after page of a list: until enough films are there, it ends, or a page brings nothing new. What `total`
    /// says is not believed.
    async fn fetch_pages(
        &self,
        scope: &Scope<'_>,
        list: List,
        page_count: usize,
        listed: &mut Listed,
    ) -> Result<(), Error> {
        let mut start = 0;
        for _ in 0..page_count {
            let call = Call::list(list, start, self.limit);
            let page = self.ask(scope, &call, list::parse).await?.only(&call)?;
            start += page.received_count;
            listed.unreadable_count += page.unreadable_count;
            let new_count = list::append(&mut listed.films, page.films);
            if listed.films.is_empty() {
                let reason = "there is no film in the list".to_owned();
                return Err(Error::Contract { context: call.context(), reason });
            }
            if new_count == 0 || listed.films.len() >= self.limit {
                break;
            }
        }
        listed.films.truncate(self.limit);
        Ok(())
    }

    /// Stores the list at once; films that a complete one does not hold lose their place.
    async fn save_list(
        &self,
        scope: &Scope<'_>,
        films: Vec<ListItem>,
        is_complete: bool,
    ) -> Result<Vec<(FilmId, Outcome)>, Error> {
        let (record, now) = (scope.context.record, scope.context.clock.now());
        scope
            .write(move |w| {
                let outcomes = (0..)
                    .zip(&films)
                    .map(|(rank, item)| save_listed(w, item, rank, record, now))
                    .collect::<Result<_, _>>()?;
                if is_complete {
                    let listed: HashSet<&FilmId> = films.iter().map(|item| &item.id).collect();
                    for id in tables::load_ranked(w)?.iter().filter(|id| !listed.contains(id)) {
                        tables::save_unranked(w, id)?;
                    }
                }
                Ok(outcomes)
            })
            .await
    }

    /// Remembers how far the pass came. Where a stop left something stored it is one problem of a pass that did the
    /// rest; where it left nothing it is why the pass failed.
    async fn finish(&self, scope: &Scope<'_>, tally: &Tally, stop: Option<Stop>) -> Result<(), Error> {
        let candidates = scope.context.store.read(tables::load_candidates)?;
        let record_count = Some(candidates.len() as u64);
        let now = scope.context.clock.now();
        let missing_count = plan_details(candidates, None, now).len();
        let not_before = stop.as_ref().and_then(|stop| stop.error.not_before());
        if missing_count > 0 {
            scope.note(format!("details missing: {missing_count} films"));
        }
        match stop {
            Some(stop) if !tally.is_changed() => return Err(stop.error),
            Some(Stop { error, film }) => {
                let (id, name) = film.map(|(id, name)| (Some(id.to_string()), name)).unwrap_or_default();
                let message = format!("{error}; {}", error.hint());
                scope.problem(error.class(), id, name, message);
            }
            None => {}
        }
        let last_success_at = if scope.summary().failed == 0 { Some(now) } else { scope.state.last_success_at };
        let state = ScopeState { last_success_at, record_count, not_before, ..scope.state.clone() };
        scope.write(move |w| cursors::save_state(w, &state)).await
    }
}

fn save_listed(
    w: &Writer<'_>,
    item: &ListItem,
    rank: u32,
    record: RecordId,
    now: Timestamp,
) -> Result<(FilmId, Outcome), store::Error> {
    let stored = tables::load_film(w, &item.id)?;
    let film = stored.clone().unwrap_or_else(|| Film::new(item.id.clone())).listed(item, rank);
    let outcome = Outcome::of(stored.as_ref(), &film);
    if stored.as_ref() != Some(&film) {
        tables::save_film(w, &film, record, now)?;
    }
    Ok((film.id, outcome))
}
