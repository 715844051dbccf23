//! The mirror engine: what every upstream needs that keeps a copy of a remote set.
//!
//! Its parts, which can be used one by one:
//!
//! - [`Table`]: a table declared by a [`TableSpec`], and every statement on it: [`Table::find`] (the only look-up of a
//!   known row), [`Table::save`] (the only upsert; [`Replace`] says what it may replace), [`Table::delete`] (a
//!   tombstone), [`Table::load_live`], [`Table::count_live`]. Tables with an integer key are *numbered*: their rows are
//!   remembered as one bit each ([`KeySet`]).
//! - [`Ahead`]: for numbered tables, recognises rows that come in the order of the stored ones before they are parsed.
//! - [`Paginator`]: reads page after page and ends with one [`Ending`]. Only a proved one allows deletions.
//! - [`Reading`] and [`Changes`]: for numbered tables, which rows came, what became of each, and the rows that came
//!   twice.
//! - [`Collection`]: the pages of a set that is held in memory until its end; of rows that came twice it keeps the later.
//! - [`PagedSet`]: all of a pass, where a set comes in pages of JSON objects and goes into a numbered table.
//! - [`Deletions`] and [`finish`]: the guard, then one transaction, then the counts, the note and the log line.
//!
//! # A pass
//!
//! ```ignore
//! pub static MACHINES: LazyLock<Table> = LazyLock::new(|| {
//!     Table::new(TableSpec {
//!         name: "machines",
//!         key: &["account", "region", "id"], // the scope's columns, then the row's own id
//!         number: None,
//!         columns: vec!["name", "cpu_count"], // in the order they are bound
//!         hash: HashColumn::Text,
//!     })
//! });
//!
//! let mut pages = Collection::new(1, Limits { max_pages: 10_000, max_stale_pages: 0 });
//! let mut number = 1;
//! let ending = loop {
//!     // By cursor, the page names the next one. By number or offset, it follows from the total.
//!     let page = api.fetch_page(number).await?;
//!     let total = page.total;
//!     number = match pages.take(page, |count| (Some(count) < total).then_some(number + 1)) {
//!         Step::Next(next) | Step::Again(next) => next,
//!         Step::End(ending) => break ending,
//!     };
//! };
//! let (fetched, bad) = pages.finish(ending.is_proved()).into_rows();
//!
//! // In `scope.write(|w| …)`, for each row that differs from `MACHINES.find(w, &key)?`:
//! let values = RowValues { key: &key, number: None, content_hash, raw: Some(&row.raw) };
//! MACHINES.save(w, &values, [(&row.name).into(), row.cpu_count.into()], Replace::Anything, &meta)?;
//!
//! let subject = Subject { account: Some(account), rows: "machines" };
//! let deletions = Deletions::check(scope, subject, ending, Counts { missing, live, received, unreadable });
//! let gone = if deletions.are_allowed() { missing_ids } else { Vec::new() };
//! let meta = WriteMeta::now(scope);
//! finish(scope, subject, deletions, state, move |w| {
//!     gone.iter().try_fold(0, |count, id| Ok(count + u64::from(MACHINES.delete(w, &address(id), &meta)?)))
//! })
//! .await
//! ```

mod ahead;
mod changes;
mod collection;
mod finish;
#[cfg(test)]
mod fixture;
mod key_set;
mod outcome;
mod paged_set;
mod paginator;
mod reading;
mod rows;
mod signs;
mod table;

pub use self::ahead::{Ahead, Arrival};
pub use self::changes::{Changed, Changes, Comparison, Fetched, Found};
pub use self::collection::{Collected, Collection, Identified, Page};
pub use self::finish::{Counts, Deletions, Subject, finish};
pub use self::key_set::KeySet;
pub use self::outcome::{RowOutcome, WriteMeta};
pub use self::paged_set::{PagedSet, SetRow};
pub use self::paginator::{Ending, Limits, PageInfo, Paginator, Step, Unproved};
pub use self::reading::{Reading, Round};
pub use self::rows::{BadRow, ReadRow, Remarks};
pub use self::signs::{Signs, says_failed};
pub use self::table::{HashColumn, Known, NewRow, Replace, RowValues, Table, TableSpec};
