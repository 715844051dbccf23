//! The plain case: a set that comes in pages of JSON objects, mirrored into a numbered table.

use std::hash::Hash;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::changes::{Changed, Changes};
use super::collection::Page;
use super::finish::Subject;
use super::outcome::{RowOutcome, WriteMeta};
use super::paginator::{Ending, Limits, PageInfo, Paginator, Step};
use super::reading::Reading;
use super::rows::BadRow;
use super::table::{NewRow, Table};
use crate::http::JsonFault;
use crate::http::strict::{Strict, fault_of, is_mark};
use crate::store::{self, ScopeState, Value, Writer};
use crate::upstreams::digest::of_bytes;
use crate::upstreams::{Error, Scope};

/// More pages than this are not read, and no page may bring nothing new.
const LIMITS: Limits = Limits { max_pages: 10_000, max_stale_pages: 0 };

/// A row as the upstream sends it; other members of its object are kept in `raw`.
pub trait SetRow: DeserializeOwned + Send + 'static {
    /// The member with the id.
    const ID: &'static str = "id";

    /// The last column of the key.
    fn id(&self) -> &str;

    /// The values of the typed columns, in the table's order.
    fn columns(&self) -> Vec<Value<'_>>;
}

/// Which set is mirrored, and where.
#[derive(Clone, Copy, Debug)]
pub struct PagedSet<'a> {
    pub table: &'static Table,
    pub subject: Subject<'a>,
    /// The values of the key's columns before the row's own id.
    pub parent: &'a [&'a str],
}

impl PagedSet<'_> {
    /// Reads all pages from `first` on, saves each before the next is read, and deletes the rows that did not come, if
    /// that is allowed. `fetch` retries by itself.
    pub async fn mirror<R: SetRow, T: Clone + Eq + Hash + Send + Sync, F>(
        self,
        scope: &Scope<'_>,
        first: T,
        fetch: impl Fn(T) -> F + Send + Sync,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<Page<T, Box<RawValue>>, Error>> + Send,
    {
        let state =
            ScopeState { last_success_at: Some(scope.context.clock.now()), not_before: None, ..scope.state.clone() };
        let parent: Vec<Value<'_>> = self.parent.iter().copied().map(Value::from).collect();
        let live = scope.context.store.read(|r| self.table.load_live(r, &parent))?;
        let mut reading = Reading::default();
        let ending = self.read_pages::<R, T, F>(scope, first, fetch, &mut reading).await;
        reading.report(scope);
        reading.finish(scope, self.subject, self.table, live, ending?, state).await
    }

    async fn read_pages<R: SetRow, T: Clone + Eq + Hash + Send + Sync, F>(
        self,
        scope: &Scope<'_>,
        first: T,
        fetch: impl Fn(T) -> F + Send + Sync,
        reading: &mut Reading,
    ) -> Result<Ending, Error>
    where
        F: Future<Output = Result<Page<T, Box<RawValue>>, Error>> + Send,
    {
        let mut pages = Paginator::new(first.clone(), LIMITS);
        let mut token = first;
        loop {
            let Page { rows, next, total, signs } = fetch(token).await?;
            if signs.is_garbled {
                reading.note_garbled();
            }
            let (row_count, received_before) = (rows.len() as u64, reading.received());
            self.save::<R>(scope, rows, reading).await?;
            let received = reading.received();
            scope.advance(received, total.or(scope.state.record_count), None);
            let fresh_count = received.saturating_sub(received_before);
            token = match pages.take(PageInfo { row_count, fresh_count, next, total, signs }) {
                Step::Next(next) => next,
                Step::Again(first) => {
                    reading.begin_round();
                    first
                }
                Step::End(ending) => return Ok(ending),
            };
        }
    }

    /// Saves what of a page differs, in one transaction, and counts.
    async fn save<R: SetRow>(
        self,
        scope: &Scope<'_>,
        rows: Vec<Box<RawValue>>,
        reading: &mut Reading,
    ) -> Result<(), Error> {
        let mut readable = Vec::with_capacity(rows.len());
        for raw in rows {
            match read_row::<R>(&raw) {
                Ok(row) => readable.push((row, raw)),
                Err(reason) => self.see_bad::<R>(scope, &raw, &reason, reading)?,
            }
        }
        let (table, changes, meta) = (self.table, reading.changes.clone(), WriteMeta::now(scope));
        let parent: Vec<String> = self.parent.iter().map(|&part| part.to_owned()).collect();
        let saved = scope.write(move |w| save_rows(w, table, &parent, &readable, &changes, &meta)).await?;
        for (id, number, outcome) in saved {
            reading.record_outcome(number, &id, outcome);
        }
        reading.count(scope);
        Ok(())
    }
}

impl PagedSet<'_> {
    /// Takes in a row that cannot be read, by its id where that much can be.
    fn see_bad<R: SetRow>(
        self,
        scope: &Scope<'_>,
        raw: &RawValue,
        reason: &str,
        reading: &mut Reading,
    ) -> Result<(), Error> {
        // An id of another type than text may be part of what is wrong.
        let row = serde_json::from_str(raw.get()).map_or(Json::Null, |Strict(row)| row);
        let id = row.get(R::ID).and_then(Json::as_str).filter(|id| !id.is_empty() && !is_mark(id)).map(str::to_owned);
        let known = id.as_ref().map(|id| {
            let key: Vec<Value<'_>> = self.parent.iter().copied().map(Value::from).chain([id.into()]).collect();
            scope.context.store.read(|r| self.table.find(r, &key))
        });
        let number = known.transpose()?.flatten().map(|known| known.number);
        let reason = format!("cannot read one of the {}: {reason}", self.subject.rows);
        reading.see_bad(BadRow { id, name: None, reason }, number);
        Ok(())
    }
}

fn read_row<R: SetRow>(raw: &RawValue) -> Result<R, String> {
    let describe = |error| JsonFault::of(&error).to_string();
    let Strict(row) = serde_json::from_str(raw.get()).map_err(describe)?;
    match fault_of(&row) {
        Some(reason) => Err(reason.to_owned()),
        None => serde_json::from_value(row).map_err(describe),
    }
}

/// Saves the rows in their order; the id and number of each, and what became of it.
fn save_rows<R: SetRow>(
    w: &Writer<'_>,
    table: &Table,
    parent: &[String],
    rows: &[(R, Box<RawValue>)],
    changes: &Changes,
    meta: &WriteMeta,
) -> Result<Vec<(String, i64, RowOutcome)>, store::Error> {
    let incoming: Vec<_> = rows
        .iter()
        .map(|(row, raw)| {
            let row = NewRow {
                key: parent.iter().map(Value::from).chain([row.id().into()]).collect(),
                content_hash: of_bytes(raw.get().as_bytes(), 0),
                raw: Some(raw.get()),
                columns: row.columns(),
            };
            Changed { row, found: None }
        })
        .collect();
    let saved = changes.save(w, table, &incoming, meta)?;
    Ok(rows.iter().zip(saved).map(|((row, _), (number, outcome))| (row.id().to_owned(), number, outcome)).collect())
}
