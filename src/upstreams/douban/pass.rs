//! The pass: the list first, then the details of films that lack them, then the state of the scope.

use std::collections::HashSet;

use super::api::{Call, List};
use super::list::{self, ListItem, Listing};
use super::merge::with_list_item;
use super::parsed::SOURCE;
use super::work::Work;
use crate::error::Class;
use crate::store::{self, ProblemDetails};
use crate::upstreams::films::details::{Abort, fetch_details, finish};
use crate::upstreams::films::film::FilmId;
use crate::upstreams::films::plan::plan_details;
use crate::upstreams::films::tables;
use crate::upstreams::films::tally::{Outcome, Tally};
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, Scope, ScopeWork};

impl ScopeWork for Work<'_> {
    /// Lists, fetches details, saves the state.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let mut tally = Tally::default();
        let abort = self.list(scope, &mut tally).await?;
        let abort = match abort {
            None if self.has_details => {
                let candidates = scope.context.store.read(|r| tables::load_candidates(r, SOURCE))?;
                let due = plan_details(candidates, self.refresh_after, scope.context.clock.now());
                fetch_details(scope, self, &due, &mut tally).await?
            }
            abort => abort,
        };
        finish(scope, SOURCE, &mut tally, abort, None).await
    }
}

impl Work<'_> {
    /// The first phase. Returns what forbids the second.
    async fn list(&self, scope: &Scope<'_>, tally: &mut Tally) -> Result<Option<Abort>, Error> {
        let mut listing = Listing::default();
        let failure = self.fetch_list(scope, &mut listing).await?;
        let Listing { mut films, bad, remarks, .. } = listing;
        films.truncate(self.limit);
        let ids: HashSet<FilmId> = bad.iter().filter_map(|row| FilmId::parse(row.id.as_deref()?)).collect();
        // An item without an id may be any film.
        let is_complete = failure.is_none() && ids.len() == bad.len();
        for (id, outcome) in self.save_list(scope, films, is_complete.then(|| ids.clone())).await? {
            tally.see(id, outcome);
        }
        for id in ids {
            tally.see(id, Outcome::Failed);
        }
        for row in bad {
            row.report(scope, ProblemDetails::new());
        }
        remarks.warn(scope);
        scope.count_rows(|summary| tally.fill(summary));
        match failure {
            Some(error) if error.not_before().is_some() => Ok(Some(Abort { error, film: None })),
            Some(error) => {
                scope.scope_problem(error.class(), error.to_string());
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// The explore list; where that is refused or cannot be read, the other one. Returns why this is not all of it, or
    /// not the list that was wanted.
    async fn fetch_list(&self, scope: &Scope<'_>, listing: &mut Listing) -> Result<Option<Error>, Error> {
        let Err(error) = self.fetch_pages(scope, List::Explore, usize::MAX, listing).await else { return Ok(None) };
        if error.class().is_fatal() {
            return Err(error);
        }
        if listing.films.is_empty() {
            if error.class() != Class::Contract {
                return Err(error);
            }
            // After a block the other list is tried once, and no more.
            let page_count = if error.not_before().is_some() { 1 } else { usize::MAX };
            if let Err(second) = self.fetch_pages(scope, List::Search, page_count, listing).await {
                if second.class().is_fatal() {
                    return Err(second);
                }
                if listing.films.is_empty() {
                    scope.context.warn(format!("cannot use the other list either: {second}"));
                    return Err(error);
                }
            }
        }
        Ok(Some(error))
    }

    /// Page after page of a list: until enough films are there, it ends, or a page brings nothing new. `total` is not
    /// to be trusted.
    async fn fetch_pages(
        &self,
        scope: &Scope<'_>,
        list: List,
        page_count: usize,
        listing: &mut Listing,
    ) -> Result<(), Error> {
        let mut start = 0;
        for _ in 0..page_count {
            let call = Call::list(list, start, self.limit);
            let page = self.fetch(scope, &call, list::parse).await?.only(&call)?;
            start += page.received_count;
            let new_count = listing.extend(page);
            if listing.films.is_empty() {
                let reason = "there is no film in the list".to_owned();
                return Err(Error::Contract { context: call.context(), reason });
            }
            if new_count == 0 || listing.films.len() >= self.limit {
                break;
            }
        }
        Ok(())
    }

    /// Stores the list at once. Films that a complete one does not hold lose their place, but for those it holds in items
    /// that cannot be read.
    async fn save_list(
        &self,
        scope: &Scope<'_>,
        films: Vec<ListItem>,
        unreadable: Option<HashSet<FilmId>>,
    ) -> Result<Vec<(FilmId, Outcome)>, Error> {
        let meta = WriteMeta::now(scope);
        scope
            .write(move |w| {
                let outcomes = (0..)
                    .zip(&films)
                    .map(|(rank, item)| {
                        let merge = |film| with_list_item(film, item, rank);
                        let (_, outcome) = tables::save_merged(w, SOURCE, &item.id, &meta, merge)?;
                        Ok((item.id.clone(), outcome))
                    })
                    .collect::<Result<_, store::Error>>()?;
                if let Some(mut listed) = unreadable {
                    listed.extend(films.iter().map(|item| item.id.clone()));
                    for id in tables::load_ranked(w, SOURCE)?.iter().filter(|id| !listed.contains(id)) {
                        tables::save_unranked(w, SOURCE, id)?;
                    }
                }
                Ok(outcomes)
            })
            .await
    }
}
