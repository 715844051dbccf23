//! The second phase: one film's page after the other, each stored before the next is fetched.

use super::api::{Call, Reply};
use super::fallback::{parse_abstract, parse_rexxar};
use super::merge::with_details;
use super::page;
use super::parsed::{ParsedDetail, SOURCE, Unreadable};
use super::verdict::MAX_MOVES;
use super::work::{Abort, Work, fail};
use crate::error::Class;
use crate::upstreams::films::film::{DetailStatus, Film, FilmId};
use crate::upstreams::films::plan::plan_details;
use crate::upstreams::films::tables;
use crate::upstreams::films::tally::{Outcome, Tally};
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, Scope};

/// An upstream that has failed for so many films in a row fails for the others too.
const MAX_FAILURES_IN_A_ROW: u32 = 5;
/// This many unreadable films in a row are a block that looks like something else.
const MAX_UNREADABLE_IN_A_ROW: u32 = 3;

/// What fetching a film's details brought.
enum Fetched {
    Details {
        parsed: Box<ParsedDetail>,
        /// Where its page has moved to.
        merged_into: Option<FilmId>,
    },
    Gone(String),
    Unreadable(Unreadable),
}

impl Work<'_> {
    /// Asks for the details of every film that lacks them. What ends this before its end is fetched.
    pub async fn details(&self, scope: &Scope<'_>, tally: &mut Tally) -> Result<Option<Abort>, Error> {
        let candidates = scope.context.store.read(|r| tables::load_candidates(r, SOURCE))?;
        let due = plan_details(candidates, self.refresh_after, scope.context.clock.now());
        let total = Some(due.len() as u64);
        let (mut failures_in_a_row, mut unreadable_in_a_row) = (0, 0);
        for (done, id) in (0..).zip(&due) {
            let Some(film) = scope.context.store.read(|r| tables::load_film(r, SOURCE, id))? else { continue };
            let title = film.detail.title.clone();
            scope.advance(done, total, title.as_deref());
            match self.detail(scope, film, tally).await {
                Ok(is_readable) => {
                    failures_in_a_row = 0;
                    unreadable_in_a_row = if is_readable { 0 } else { unreadable_in_a_row + 1 };
                    if unreadable_in_a_row == MAX_UNREADABLE_IN_A_ROW {
                        let sign = format!("{MAX_UNREADABLE_IN_A_ROW} unreadable films in a row");
                        let error = self.api.blocked(&Call::page(id), sign, None);
                        return Ok(Some(Abort { error, film: None }));
                    }
                }
                Err(error) if error.class().is_fatal() => return Err(error),
                Err(error) => {
                    failures_in_a_row += 1;
                    if error.not_before().is_some() || failures_in_a_row == MAX_FAILURES_IN_A_ROW {
                        return Ok(Some(Abort { error, film: Some((id.clone(), title)) }));
                    }
                    fail(scope, tally, id.clone(), title, error.class(), error.to_string());
                }
            }
        }
        scope.advance(due.len() as u64, total, None);
        Ok(None)
    }

    /// Fetches one film's details and stores what came. Returns whether that could be read.
    async fn detail(&self, scope: &Scope<'_>, stored: Film, tally: &mut Tally) -> Result<bool, Error> {
        let fetched = self.fetch_detail(scope, &stored.id).await;
        let now = scope.context.clock.now();
        let failed = |status, reason: &str| stored.clone().with_failed_details(status, reason, now);
        let film = match &fetched {
            Ok(Fetched::Details { parsed, merged_into }) => {
                with_details(stored.clone(), (**parsed).clone(), merged_into.clone(), now)
            }
            Ok(Fetched::Gone(sign)) => failed(DetailStatus::Gone, sign),
            Ok(Fetched::Unreadable(Unreadable(reason))) => failed(DetailStatus::Parse, reason),
            Err(Error::Blocked { sign, .. }) => failed(DetailStatus::Blocked, sign),
            // Whether it has details is as unknown as before.
            Err(_) => return fetched.map(|_| true),
        };
        let (id, outcome) = (film.id.clone(), Outcome::of(Some(&stored), &film));
        let (meta, status) = (WriteMeta::now(scope), film.detail_status);
        scope.write(move |w| tables::save_film(w, &film, outcome, &meta)).await?;
        tally.see(id.clone(), outcome);
        scope.count_rows(|summary| tally.fill(summary));
        let title = stored.detail.title.as_deref();
        tracing::info!(scope = scope.name, film.id = id.as_str(), title, ?status, ?outcome, "film");
        let Fetched::Unreadable(unreadable) = fetched? else { return Ok(true) };
        let message = format!("{}: {unreadable}", Call::page(&id).context());
        fail(scope, tally, id, stored.detail.title, Class::Contract, message);
        Ok(false)
    }

    /// The film's page, wherever it has moved to; where it cannot be read, one of the fallback sources.
    async fn fetch_detail(&self, scope: &Scope<'_>, id: &FilmId) -> Result<Fetched, Error> {
        let mut call = Call::page(id);
        // Every film this page has moved to; the last one is there.
        let mut subjects = vec![id.clone()];
        for _ in 0..=MAX_MOVES {
            let unreadable = match self.fetch(scope, &call, page::parse).await? {
                Reply::Good(parsed) => match check_subject(&parsed, &subjects) {
                    Ok(()) => {
                        let merged_into = subjects.pop().filter(|last| last != id);
                        return Ok(Fetched::Details { parsed: Box::new(parsed), merged_into });
                    }
                    Err(unreadable) => unreadable,
                },
                // The end of a redirect says nothing about the film itself.
                Reply::Gone(sign) if subjects.last() != Some(id) => Unreadable(format!("redirected: {sign}")),
                Reply::Gone(sign) => return Ok(Fetched::Gone(sign)),
                Reply::Unreadable(unreadable) => unreadable,
                Reply::Moved(to) => {
                    subjects.push(to.id);
                    call = call.at(to.path);
                    continue;
                }
            };
            return self.fetch_fallback(scope, id, unreadable).await;
        }
        let endless = Unreadable(format!("more than {MAX_MOVES} redirects"));
        self.fetch_fallback(scope, id, endless).await
    }

    /// One of the sources with fewer fields. Only a block there is an error: otherwise the page is what failed.
    async fn fetch_fallback(&self, scope: &Scope<'_>, id: &FilmId, page: Unreadable) -> Result<Fetched, Error> {
        for (call, parse) in
            [(Call::rexxar(id), parse_rexxar as fn(&[u8]) -> _), (Call::card(id), parse_abstract as fn(&[u8]) -> _)]
        {
            match self.fetch(scope, &call, parse).await {
                Ok(Reply::Good(parsed)) if check_subject(&parsed, std::slice::from_ref(id)).is_ok() => {
                    return Ok(Fetched::Details { parsed: Box::new(parsed), merged_into: None });
                }
                // Only its own page says that a film is gone.
                Ok(Reply::Good(_) | Reply::Gone(_) | Reply::Moved(_) | Reply::Unreadable(_)) => {}
                Err(error) if error.class().is_fatal() || error.not_before().is_some() => return Err(error),
                Err(error) => tracing::warn!(scope = scope.name, film.id = id.as_str(), "{error}"),
            }
        }
        Ok(Fetched::Unreadable(page))
    }
}

/// Refuses a document that is about another film than these.
fn check_subject(parsed: &ParsedDetail, subjects: &[FilmId]) -> Result<(), Unreadable> {
    match parsed.subjects.iter().find(|subject| !subjects.contains(subject)) {
        Some(other) => Err(Unreadable(format!("the page of another film, {other}"))),
        None => Ok(()),
    }
}
