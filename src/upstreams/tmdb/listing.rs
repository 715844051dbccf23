//! Listings that are split by days: the upstream shows no more than 500 pages of any of them.

use serde_json::Value;

use super::api::{Answer, Api, Call};
use super::days::Days;
use crate::error::Class;
use crate::upstreams::mirror::{BadRow, Collected, Collection, Ending, Identified, Limits, Page, ReadRow, Signs, Step};
use crate::upstreams::{Error, Scope};

/// Pages that exist, whatever `total_pages` says.
const MAX_PAGES: u32 = 500;

const LIMITS: Limits = Limits { max_pages: MAX_PAGES as u64, max_stale_pages: 0 };

/// What the days brought.
pub struct Part<R> {
    pub days: Days,
    pub rows: Collected<R>,
    pub ending: Ending,
}

/// One listing, part by part.
pub struct Listing<C, R> {
    /// The request of a page.
    call: C,
    /// Reads a row.
    read: R,
    /// What is still to be read, the last first.
    left: Vec<Days>,
}

impl<C: Fn(Days, u32) -> Call + Sync, R> Listing<C, R> {
    pub fn new(days: Days, call: C, read: R) -> Self {
        Self { call, read, left: vec![days] }
    }

    /// The next part: as many of the days as the upstream shows at once.
    pub async fn next<T>(&mut self, scope: &Scope<'_>, api: &Api) -> Result<Option<Part<T>>, Error>
    where
        T: Identified + PartialEq + Send,
        R: Fn(&Value) -> ReadRow<T> + Sync,
    {
        while let Some(days) = self.left.pop() {
            match self.fetch(scope, api, days).await? {
                Some(part) => return Ok(Some(part)),
                None => self.left.extend(days.halves().into_iter().flatten().rev()),
            }
        }
        Ok(None)
    }

    /// The rows of these days; `None` where they are more than the upstream shows, and the days can be split.
    async fn fetch<T>(&self, scope: &Scope<'_>, api: &Api, days: Days) -> Result<Option<Part<T>>, Error>
    where
        T: Identified + PartialEq + Send,
        R: Fn(&Value) -> ReadRow<T> + Sync,
    {
        let mut pages = Collection::new(1, LIMITS);
        let mut number = 1;
        loop {
            let call = (self.call)(days, number);
            let answer = api.fetch(scope.name, &call).await?.only(&call)?;
            let (page, page_count) = self.read_page(&call, &answer)?;
            if page_count > MAX_PAGES && number == 1 && days.halves().is_some() {
                return Ok(None);
            }
            let total = page.total;
            let step =
                pages.take(page, |received| (Some(received) < total && number < page_count).then_some(number + 1));
            number = match step {
                Step::Next(next) | Step::Again(next) => next,
                Step::End(ending) => return Ok(Some(Part { days, rows: pages.finish(ending.is_proved()), ending })),
            };
        }
    }

    /// A page, and how many there are. An answer without its total proves nothing, so it is none.
    fn read_page<T>(&self, call: &Call, answer: &Answer) -> Result<(Page<u32, ReadRow<T>>, u32), Error>
    where
        R: Fn(&Value) -> ReadRow<T>,
    {
        let number = |key: &str| answer.document.get(key).and_then(Value::as_u64);
        let missing = |key: &str| call.contract(format!("the answer has no `{key}`"));
        let results = answer.document.get("results").and_then(Value::as_array).ok_or_else(|| missing("results"))?;
        let total = number("total_results").ok_or_else(|| missing("total_results"))?;
        let page_count = number("total_pages").ok_or_else(|| missing("total_pages"))?;
        let rows = results.iter().map(&self.read).collect();
        let mut signs = answer.document.as_object().map(Signs::of).unwrap_or_default().and(answer.signs);
        // Both are known, and weighed, as what they are.
        (signs.row_count, signs.page_count) = (None, None);
        let page_count = u32::try_from(page_count).unwrap_or(u32::MAX);
        Ok((Page { rows, next: None, total: Some(total), signs }, page_count))
    }
}

impl<R: Identified + PartialEq> Part<R> {
    /// The readable rows. What is odd about the others, and about the end, becomes problems and warnings of the scope.
    /// Answers whether no other row of these days can exist.
    pub fn into_rows(self, scope: &Scope<'_>, what: &str) -> (Vec<R>, Vec<BadRow>, bool) {
        let Self { days, rows, ending } = self;
        if !ending.is_proved() {
            let reason = match ending {
                Ending::Cap(_) => format!("a day has more than {MAX_PAGES} pages"),
                Ending::ProvedEnd | Ending::UnprovedEnd(_) | Ending::Loop => ending.to_string(),
            };
            scope.scope_problem(
                Class::Contract,
                format!("the end of the {what} from {days} is not proved, so no film counts as missing: {reason}"),
            );
        }
        rows.remarks.clone().warn(scope);
        let (rows, bad) = rows.into_rows();
        let is_complete = ending.is_proved() && bad.iter().all(|row| row.id.is_some());
        (rows, bad, is_complete)
    }
}
