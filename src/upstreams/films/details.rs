//! The details of films: fetched one after the other, each film stored before the next one is fetched; then the end of
//! the pass.

use serde_json::Value;

use super::film::{DetailStatus, Film, FilmId};
use super::json::Unreadable;
use super::plan::plan_details;
use super::tables;
use super::tally::{Outcome, Tally};
use crate::error::Class;
use crate::store::{ScopeState, cursors};
use crate::text::ending;
use crate::upstreams::mirror::WriteMeta;
use crate::upstreams::{Error, Scope};

/// An upstream that has failed for this many films in a row fails for the others too.
const MAX_FAILURES_IN_A_ROW: u32 = 5;
/// This many unreadable films in a row are no accident of single films.
const MAX_UNREADABLE_IN_A_ROW: u32 = 3;

/// What fetching a film's details brought.
pub enum Fetched {
    /// The film with them.
    Film(Box<Film>),
    /// The source has no such film any more: the sign of it.
    Gone(String),
    /// Why the answer cannot be used.
    Unreadable(Unreadable),
}

/// One source's way to a film's details.
pub trait DetailSource: Sync {
    /// The source of its films in the table.
    const SOURCE: &'static str;

    /// Fetches them, with retries. An error is one of the request, not of the film.
    fn fetch_detail(&self, scope: &Scope<'_>, film: &Film) -> impl Future<Output = Result<Fetched, Error>> + Send;

    /// What is fetched, for messages.
    fn context(&self, id: &FilmId) -> String;

    /// The error that ends the pass where several films in a row cannot be read; `sign` says how many.
    fn systematic(&self, id: &FilmId, sign: String) -> Error;
}

/// What ended a phase before its work was done. What came before it is stored.
pub struct Abort {
    pub error: Error,
    /// The film whose details were being fetched.
    pub film: Option<(FilmId, Option<String>)>,
}

/// Fetches the details of these films. What ends this before its end is returned.
pub async fn fetch_details<S: DetailSource>(
    scope: &Scope<'_>,
    source: &S,
    due: &[FilmId],
    tally: &mut Tally,
) -> Result<Option<Abort>, Error> {
    let total = Some(due.len() as u64);
    let (mut failures_in_a_row, mut unreadable_in_a_row) = (0, 0);
    for (done, id) in (0..).zip(due) {
        let Some(film) = scope.context.store.read(|r| tables::load_film(r, S::SOURCE, id))? else { continue };
        let title = film.detail.title.clone();
        scope.advance(done, total, title.as_deref());
        match fetch_film(scope, source, film, tally).await {
            Ok(is_readable) => {
                failures_in_a_row = 0;
                unreadable_in_a_row = if is_readable { 0 } else { unreadable_in_a_row + 1 };
                if unreadable_in_a_row == MAX_UNREADABLE_IN_A_ROW {
                    let sign = format!("{MAX_UNREADABLE_IN_A_ROW} unreadable films in a row");
                    return Ok(Some(Abort { error: source.systematic(id, sign), film: None }));
                }
            }
            Err(error) if error.class().is_fatal() => return Err(error),
            Err(error) => {
                failures_in_a_row += 1;
                let is_final = error.not_before().is_some() || error.class() == Class::Auth;
                if is_final || failures_in_a_row == MAX_FAILURES_IN_A_ROW {
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
async fn fetch_film<S: DetailSource>(
    scope: &Scope<'_>,
    source: &S,
    stored: Film,
    tally: &mut Tally,
) -> Result<bool, Error> {
    let fetched = source.fetch_detail(scope, &stored).await;
    let now = scope.context.clock.now();
    let failed = |status, reason: &str| stored.clone().with_failed_details(status, reason, now);
    let film = match &fetched {
        Ok(Fetched::Film(film)) => (**film).clone(),
        Ok(Fetched::Gone(sign)) => failed(DetailStatus::Gone, sign),
        Ok(Fetched::Unreadable(Unreadable(reason))) => failed(DetailStatus::Parse, reason),
        Err(Error::Blocked { sign, .. }) => failed(DetailStatus::Blocked, sign),
        // Whether it has details is as unknown as before.
        Err(_) => return fetched.map(|_| true),
    };
    let (id, outcome) = (film.id.clone(), Outcome::of(Some(&stored), &film));
    let (meta, status) = (WriteMeta::now(scope), film.detail_status);
    if film != stored {
        scope.write(move |w| tables::save_film(w, &film, outcome, &meta)).await?;
    }
    tally.see(id.clone(), outcome);
    scope.count_rows(|summary| tally.fill(summary));
    let title = stored.detail.title.as_deref();
    tracing::info!(scope = scope.name, film.id = id.as_str(), title, ?status, ?outcome, "film");
    let Fetched::Unreadable(unreadable) = fetched? else { return Ok(true) };
    let message = format!("{}: {unreadable}", source.context(&id));
    fail(scope, tally, id, stored.detail.title, Class::Contract, message);
    Ok(false)
}

/// Records that something of a film could not be had; the film counts as failed, whatever else became of it.
pub fn fail(scope: &Scope<'_>, tally: &mut Tally, id: FilmId, name: Option<String>, class: Class, message: String) {
    scope.problem(class, Some(id.to_string()), name, message);
    tally.see(id, Outcome::Failed);
    scope.count_rows(|summary| tally.fill(summary));
}

/// Ends the pass: remembers how far it came, with the cursor it leaves. Where an abort left something stored it is one
/// problem of a pass that did the rest; where it left nothing it is why the pass failed.
pub async fn finish(
    scope: &Scope<'_>,
    source: &str,
    tally: &mut Tally,
    abort: Option<Abort>,
    cursor: Option<Value>,
) -> Result<(), Error> {
    let candidates = scope.context.store.read(|r| tables::load_candidates(r, source))?;
    let record_count = Some(candidates.len() as u64);
    let now = scope.context.clock.now();
    let missing_count = plan_details(candidates, None, now).len();
    let not_before = abort.as_ref().and_then(|abort| abort.error.not_before());
    if missing_count > 0 {
        let s = ending(missing_count as u64);
        scope.note(format!("details missing: {missing_count} film{s}"));
    }
    match abort {
        Some(abort) if !tally.is_changed => return Err(abort.error),
        Some(Abort { error, film }) => {
            let message = format!("{error}; {}", error.hint());
            match film {
                Some((id, name)) => fail(scope, tally, id, name, error.class(), message),
                None => scope.scope_problem(error.class(), message),
            }
        }
        None => {}
    }
    let last_success_at = if scope.has_problems() { scope.state.last_success_at } else { Some(now) };
    let state = ScopeState { cursor, last_success_at, record_count, not_before, ..scope.state.clone() };
    scope.write(move |w| cursors::save_state(w, &state)).await
}
