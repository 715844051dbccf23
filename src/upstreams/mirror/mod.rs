//! The mirror engine: what every upstream needs that keeps a copy of a remote set.
//!
//! Its parts, which can be used one by one:
//!
//! - [`Table`]: a table declared by a [`TableSpec`], and every statement on it: [`Table::find`] (the only look-up of a
//!   known row), [`Table::save`] (the only upsert; [`Replace`] says what it may replace), [`Table::delete`] (a
//!   tombstone), [`Table::load_live`], [`Table::count_live`]. Tables with an integer key are *numbered*: their rows are
//!   remembered as one bit each ([`KeySet`]).
//! - [`Paginator`]: reads page after page and ends with one [`Ending`]. Only a proved one allows deletions.
//! - [`Reading`] and [`Changes`]: for numbered tables, which rows came, what became of each, and the rows that came
//!   twice. An upstream that holds a whole scope in memory keeps a map of its rows instead.
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
//! let mut pages = Paginator::new(1, Limits { max_pages: 10_000, max_stale_pages: 0 });
//! let (mut number, mut fetched) = (1, BTreeMap::new());
//! let ending = loop {
//!     let page = api.fetch_page(number).await?;
//!     let before = fetched.len();
//!     fetched.extend(page.rows.iter().map(|row| (row.id.clone(), row.clone())));
//!     let info = PageInfo {
//!         row_count: page.rows.len() as u64,
//!         fresh_count: (fetched.len() - before) as u64,
//!         // By cursor: the token, `None` on the last page. By number or offset: computed from the total.
//!         next: ((fetched.len() as u64) < page.total).then_some(number + 1),
//!         total: Some(page.total),
//!     };
//!     number = match pages.take(info) {
//!         Step::Next(next) => next,
//!         Step::Again(first) => {
//!             fetched.clear(); // or keep it aside: what was seen may be stored, and proves nothing
//!             first
//!         }
//!         Step::End(ending) => break ending,
//!     };
//! };
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

mod finish;
#[cfg(test)]
mod fixture;
mod key_set;
mod outcome;
mod paged_set;
mod paginator;
mod reading;
mod table;

pub use self::finish::{Counts, Deletions, Subject, finish};
pub use self::key_set::KeySet;
pub use self::outcome::{RowOutcome, WriteMeta};
pub use self::paged_set::{Page, PagedSet, SetRow};
pub use self::paginator::{Ending, Limits, PageInfo, Paginator, Step, Unproved};
pub use self::reading::{Changes, Comparison, Found, Reading, Round};
pub use self::table::{HashColumn, Known, Replace, RowValues, Table, TableSpec};
