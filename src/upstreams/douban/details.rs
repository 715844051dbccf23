//! The second phase: one film's page after the other, each stored before the next is asked for.

use super::api::{Call, Reply};
use super::fallback::{parse_abstract, parse_rexxar};
use super::film::{DetailStatus, Film, FilmId};
use super::page::{self, Told};
use super::pass::{Stop, Work};
use super::plan::plan_details;
use super::refusal::{MAX_MOVES, Unreadable};
use super::tables;
use super::tally::{Outcome, Tally};
use crate::error::Class;
use crate::upstreams::{Error, Scope};

/// An upstream that has failed for so many films in a row fails for the others too.
const MAX_FAILURES_IN_A_ROW: u32 = 5;

/// What asking for a film's details brought.
enum Answered {
    Told {
        told: Box<Told>,
        /// Where its page has moved to.
        merged_into: Option<FilmId>,
    },
    Gone(String),
    Unreadable(Unreadable),
}

impl Work<'_> {
    /// Asks for the details of every film that lacks them. What ends this before its end is answered.
    pub async fn details(&self, scope: &Scope<'_>, tally: &mut Tally) -> Result<Option<Stop>, Error> {
        let candidates = scope.context.store.read(tables::load_candidates)?;
        let due = plan_details(candidates, self.refresh_after, scope.context.clock.now());
        let total = Some(due.len() as u64);
        let mut failures_in_a_row = 0;
        for (done, id) in (0..).zip(&due) {
            let Some(film) = scope.context.store.read(|r| tables::load_film(r, id))? else { continue };
            let title = film.detail.title.clone();
            scope.advance(done, total, title.as_deref());
            match self.detail(scope, film, tally).await {
                Ok(()) => failures_in_a_row = 0,
                Err(error) if error.class().is_fatal() => return Err(error),
                Err(error) => {
                    failures_in_a_row += 1;
                    if error.not_before().is_some() || failures_in_a_row == MAX_FAILURES_IN_A_ROW {
                        return Ok(Some(Stop { error, film: Some((id.clone(), title)) }));
                    }
                    scope.problem(error.class(), Some(id.to_string()), title, error.to_string());
                }
            }
        }
        scope.advance(due.len() as u64, total, None);
        Ok(None)
    }

    /// Asks for one film's details and stores what came.
    async fn detail(&self, scope: &Scope<'_>, stored: Film, tally: &mut Tally) -> Result<(), Error> {
        let answered = self.fetch_detail(scope, &stored.id).await;
        let now = scope.context.clock.now();
        let refused = |status, reason: &str| stored.clone().refused(status, reason, now);
        let film = match &answered {
            Ok(Answered::Told { told, merged_into }) => {
                stored.clone().detailed((**told).clone(), merged_into.clone(), now)
            }
            Ok(Answered::Gone(sign)) => refused(DetailStatus::Gone, sign),
            Ok(Answered::Unreadable(Unreadable(reason))) => refused(DetailStatus::Parse, reason),
            Err(Error::Blocked { sign, .. }) => refused(DetailStatus::Blocked, sign),
            // Whether it has details is as open as before.
            Err(_) => return answered.map(drop),
        };
        let (id, outcome) = (film.id.clone(), Outcome::of(Some(&stored), &film));
        let record = scope.context.record;
        scope.write(move |w| tables::save_film(w, &film, record, now)).await?;
        tally.see(id.clone(), outcome);
        scope.count(|summary| tally.fill(summary));
        if let Answered::Unreadable(unreadable) = answered? {
            let message = format!("{}: {unreadable}", Call::page(&id).context());
            scope.problem(Class::Contract, Some(id.to_string()), stored.detail.title, message);
        }
        Ok(())
    }

    /// The film's page, wherever it has moved to; where it cannot be read, one of the lesser sources.
    async fn fetch_detail(&self, scope: &Scope<'_>, id: &FilmId) -> Result<Answered, Error> {
        let mut call = Call::page(id);
        let mut merged_into = None;
        for _ in 0..=MAX_MOVES {
            match self.ask(scope, &call, page::parse).await? {
                Reply::Good(told) => {
                    let merged_into = merged_into.filter(|other| other != id);
                    return Ok(Answered::Told { told: Box::new(told), merged_into });
                }
                Reply::Gone(sign) => return Ok(Answered::Gone(sign)),
                Reply::Unreadable(unreadable) => return self.fetch_lesser(scope, id, unreadable).await,
                Reply::Moved(to) => {
                    merged_into = to.id.or(merged_into);
                    call = call.at(to.path);
                }
            }
        }
        let endless = Unreadable(format!("more than {MAX_MOVES} redirects"));
        self.fetch_lesser(scope, id, endless).await
    }

    /// One of the sources with fewer fields. Only a refusal of theirs is told: otherwise the page is what failed.
    async fn fetch_lesser(&self, scope: &Scope<'_>, id: &FilmId, page: Unreadable) -> Result<Answered, Error> {
        for (call, parse) in
            [(Call::rexxar(id), parse_rexxar as fn(&[u8]) -> _), (Call::card(id), parse_abstract as fn(&[u8]) -> _)]
        {
            match self.ask(scope, &call, parse).await {
                Ok(Reply::Good(told)) => return Ok(Answered::Told { told: Box::new(told), merged_into: None }),
                Ok(Reply::Gone(_) | Reply::Moved(_) | Reply::Unreadable(_)) => {}
                Err(error) if error.class().is_fatal() || error.not_before().is_some() => return Err(error),
                Err(error) => tracing::warn!(scope = scope.name, film.id = id.as_str(), "{error}"),
            }
        }
        Ok(Answered::Unreadable(page))
    }
}
