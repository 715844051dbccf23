//! The second phase: one film's page after the other, each stored before the next is fetched.

use super::api::{Call, Reply};
use super::fallback::{parse_abstract, parse_rexxar};
use super::merge::with_details;
use super::page;
use super::parsed::{ParsedDetail, SOURCE, Unreadable};
use super::verdict::MAX_MOVES;
use super::work::Work;
use crate::upstreams::films::details::{DetailSource, Fetched};
use crate::upstreams::films::film::{Film, FilmId};
use crate::upstreams::{Error, Scope};

impl DetailSource for Work<'_> {
    const SOURCE: &'static str = SOURCE;

    /// The film's page, wherever it has moved to; where it cannot be read, one of the fallback sources.
    async fn fetch_detail(&self, scope: &Scope<'_>, film: &Film) -> Result<Fetched, Error> {
        let id = &film.id;
        let mut call = Call::page(id);
        // Every film this page has moved to; the last one is there.
        let mut subjects = vec![id.clone()];
        for _ in 0..=MAX_MOVES {
            let unreadable = match self.fetch(scope, &call, page::parse).await? {
                Reply::Good(parsed) => match check_subject(&parsed, &subjects) {
                    Ok(()) => {
                        let merged_into = subjects.pop().filter(|last| last != id);
                        return Ok(completed(scope, film, parsed, merged_into));
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
            return self.fetch_fallback(scope, film, unreadable).await;
        }
        let endless = Unreadable(format!("more than {MAX_MOVES} redirects"));
        self.fetch_fallback(scope, film, endless).await
    }

    fn context(&self, id: &FilmId) -> String {
        Call::page(id).context()
    }

    /// Pages that cannot be read, one after the other, are a block that looks like something else.
    fn systematic(&self, id: &FilmId, sign: String) -> Error {
        self.api.blocked(&Call::page(id), sign, None)
    }
}

impl Work<'_> {
    /// One of the sources with fewer fields. Only a block there is an error: otherwise the page is what failed.
    async fn fetch_fallback(&self, scope: &Scope<'_>, film: &Film, page: Unreadable) -> Result<Fetched, Error> {
        let id = &film.id;
        for (call, parse) in
            [(Call::rexxar(id), parse_rexxar as fn(&[u8]) -> _), (Call::card(id), parse_abstract as fn(&[u8]) -> _)]
        {
            match self.fetch(scope, &call, parse).await {
                Ok(Reply::Good(parsed)) if check_subject(&parsed, std::slice::from_ref(id)).is_ok() => {
                    return Ok(completed(scope, film, parsed, None));
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

/// The film with what was read of it.
fn completed(scope: &Scope<'_>, film: &Film, parsed: ParsedDetail, merged_into: Option<FilmId>) -> Fetched {
    Fetched::Film(Box::new(with_details(film.clone(), parsed, merged_into, scope.context.clock.now())))
}

/// Refuses a document that is about another film than these.
fn check_subject(parsed: &ParsedDetail, subjects: &[FilmId]) -> Result<(), Unreadable> {
    match parsed.subjects.iter().find(|subject| !subjects.contains(subject)) {
        Some(other) => Err(Unreadable(format!("the page of another film, {other}"))),
        None => Ok(()),
    }
}
