//! The pass: the list first, then the details of films that lack them, then the state of the scope.

use std::collections::HashSet;

use super::api::{Call, List};
use super::list::{self, ListItem};
use super::merge::with_list_item;
use super::parsed::SOURCE;
use super::work::{Abort, Work};
use crate::error::Class;
use crate::store;
use crate::store::{ScopeState, Writer, cursors};
use crate::upstreams::films::film::{Film, FilmId};
use crate::upstreams::films::plan::plan_details;
use crate::upstreams::films::tables;
use crate::upstreams::films::tally::{Outcome, Tally};
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, Scope, ScopeWork};

/// The list as far as it came.
struct Listed {
    films: Vec<ListItem>,
    unreadable_count: usize,
    /// Why this is not all of it, or not the list that was wanted.
    failure: Option<Error>,
}

impl ScopeWork for Work<'_> {
    /// Lists, fetches details, saves the state.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let mut tally = Tally::default();
        let abort = self.list(scope, &mut tally).await?;
        let abort = match abort {
            None if self.has_details => self.details(scope, &mut tally).await?,
            abort => abort,
        };
        self.finish(scope, &tally, abort).await
    }
}

impl Work<'_> {
    /// The first phase. Returns what forbids the second.
    async fn list(&self, scope: &Scope<'_>, tally: &mut Tally) -> Result<Option<Abort>, Error> {
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
            Some(error) if error.not_before().is_some() => Ok(Some(Abort { error, film: None })),
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
            // After a block the other list is tried once, and no more.
            let page_count = if error.not_before().is_some() { 1 } else { usize::MAX };
            if let Err(second) = self.fetch_pages(scope, List::Search, page_count, &mut listed).await {
                if second.class().is_fatal() {
                    return Err(second);
                }
                if listed.films.is_empty() {
                    scope.context.warn(format!("cannot use the other list either: {second}"));
                    return Err(error);
                }
            }
        }
        listed.failure = Some(error);
        Ok(listed)
    }

    /// Page after page of a list: until enough films are there, it ends, or a page brings nothing new. `total` is not
    /// to be trusted.
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
            let page = self.fetch(scope, &call, list::parse).await?.only(&call)?;
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
        let meta = WriteMeta::now(scope);
        scope
            .write(move |w| {
                let outcomes = (0..)
                    .zip(&films)
                    .map(|(rank, item)| save_listed(w, item, rank, &meta))
                    .collect::<Result<_, _>>()?;
                if is_complete {
                    let listed: HashSet<&FilmId> = films.iter().map(|item| &item.id).collect();
                    for id in tables::load_ranked(w, SOURCE)?.iter().filter(|id| !listed.contains(id)) {
                        tables::save_unranked(w, SOURCE, id)?;
                    }
                }
                Ok(outcomes)
            })
            .await
    }

    /// Remembers how far the pass came. Where a abort left something stored it is one problem of a pass that did the
    /// rest; where it left nothing it is why the pass failed.
    async fn finish(&self, scope: &Scope<'_>, tally: &Tally, abort: Option<Abort>) -> Result<(), Error> {
        let candidates = scope.context.store.read(|r| tables::load_candidates(r, SOURCE))?;
        let record_count = Some(candidates.len() as u64);
        let now = scope.context.clock.now();
        let missing_count = plan_details(candidates, None, now).len();
        let not_before = abort.as_ref().and_then(|abort| abort.error.not_before());
        if missing_count > 0 {
            scope.note(format!("details missing: {missing_count} films"));
        }
        match abort {
            Some(abort) if !tally.is_changed() => return Err(abort.error),
            Some(Abort { error, film }) => {
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
    meta: &WriteMeta,
) -> Result<(FilmId, Outcome), store::Error> {
    let stored = tables::load_film(w, SOURCE, &item.id)?;
    let film = stored.clone().unwrap_or_else(|| Film::new(SOURCE, item.id.clone()));
    let film = with_list_item(film, item, rank);
    let outcome = Outcome::of(stored.as_ref(), &film);
    if stored.as_ref() != Some(&film) {
        tables::save_film(w, &film, outcome, meta)?;
    }
    Ok((film.id, outcome))
}
