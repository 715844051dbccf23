//! One window's pass: fetch every page, plan each batch, save what differs.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::api::FIRST_PAGE;
use super::config::Config;
use super::listing::{Listing, Progress, Row};
use super::matching::Packages;
use super::plan::plan;
use super::row::RowError;
use super::session::{Api, Session};
use super::tables;
use super::window::{Period, Window};
use crate::error::Class;
use crate::store::{self, Facts, ScopeState, Summary, cursors};
use crate::upstreams::{Error, Scope, ScopeWork};

/// A sequence of more pages than this has no end.
const MAX_PAGES: u32 = 10_000;

/// What a pass over one window works with.
pub struct Work<'a> {
    pub config: &'a Config,
    pub api: &'a Api,
    pub zone: &'a TimeZone,
    pub window: Window,
    /// The days to read instead of the window's own, both included.
    pub repair: Option<(Date, Date)>,
}

/// What a stored batch adds up to.
type Saved = (Summary, Vec<RowError>);

impl ScopeWork for Work<'_> {
    /// Reads the window and stores what came, even where that is not all of it.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let period = match self.repair {
            Some((from, to)) => Period::repair(from, to, started_at, self.zone)?,
            None => Period::of(self.window, started_at, self.zone, self.config.historical_days)?,
        };
        let mut listing = Listing::default();
        let fetched = self.fetch_all(scope, period, &mut listing).await;
        if fetched.as_ref().is_err_and(|error| error.class().dooms_run()) {
            return fetched.map(drop);
        }
        let rows = listing.into_rows();
        let count = rows.len() as u64;
        self.save_all(scope, rows).await?;
        let is_complete = fetched? && scope.summary().failed == 0;
        tell(scope, is_complete);
        // A repair says nothing about the window.
        if is_complete && self.repair.is_none() {
            let state = ScopeState {
                last_success_at: Some(started_at),
                record_count: Some(count),
                not_before: None,
                ..scope.state.clone()
            };
            scope.write(move |w| cursors::save_state(w, &state)).await?;
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Every page of the period; answers whether each sequence of pages was complete.
    async fn fetch_all(&self, scope: &Scope<'_>, period: Period, listing: &mut Listing) -> Result<bool, Error> {
        let mut session = Session::new(self.api, self.config, scope.context);
        let mut is_complete = true;
        for request in period.requests(self.zone)? {
            listing.begin_request();
            is_complete &= self.fetch_request(scope, &mut session, request, listing).await?;
        }
        Ok(is_complete)
    }

    async fn fetch_request(
        &self,
        scope: &Scope<'_>,
        session: &mut Session<'_>,
        request: Period,
        listing: &mut Listing,
    ) -> Result<bool, Error> {
        for number in FIRST_PAGE..=MAX_PAGES {
            let page = session.fetch_page(request, number).await?;
            let progress = listing.add(&page, &self.config.fields, self.zone);
            let received = listing.received();
            tracing::info!(page = number, received, total_count = page.total_count, "read a page");
            scope.advance(received, Some(page.total_count), None);
            match progress {
                Progress::More => {}
                Progress::Complete => return Ok(true),
                Progress::Incomplete { received, total_count } => {
                    let message = format!(
                        "the pages of the tasks {request} brought {received} different ones, the upstream counts \
                         {total_count}"
                    );
                    scope.doubt(Class::Contract, message);
                    return Ok(false);
                }
            }
        }
        let doing = format!("cannot read the tasks {request}");
        Err(Error::Contract { doing, reason: format!("more than {MAX_PAGES} pages") })
    }

    /// Stores batch after batch, each on its own: one that fails does not touch the others.
    async fn save_all(&self, scope: &Scope<'_>, rows: Vec<Row>) -> Result<(), Error> {
        let codes = scope.context.store.read(tables::load_package_codes)?;
        let packages = Arc::new(Packages::new(codes));
        let total = rows.len() as u64;
        let mut rows = rows.into_iter();
        let mut done = 0;
        loop {
            let batch: Arc<[Row]> = rows.by_ref().take(self.config.batch_size).collect();
            if batch.is_empty() {
                return Ok(());
            }
            done += batch.len() as u64;
            match save(scope, &batch, &packages).await {
                Ok(saved) => count(scope, saved),
                Err(error) if is_about_content(&error) => {
                    tracing::warn!(%error, "a batch failed: storing its tasks one by one");
                    save_one_by_one(scope, &batch, &packages).await?;
                }
                Err(error) => return Err(error),
            }
            scope.advance(done, Some(total), None);
        }
    }
}

/// Finds the rows that make a batch fail; the others are stored.
async fn save_one_by_one(scope: &Scope<'_>, batch: &[Row], packages: &Arc<Packages>) -> Result<(), Error> {
    for row in batch {
        match save(scope, &Arc::from([row.clone()]), packages).await {
            Ok(saved) => count(scope, saved),
            Err(error) if is_about_content(&error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                let task = row.as_ref().ok();
                let failure = RowError {
                    task_id: task.map(|task| task.id.clone()),
                    task_name: task.map(|task| task.name.clone()),
                    error: format!("{error}{cause}"),
                };
                count(scope, (Summary { total: 1, ..Summary::default() }, vec![failure]));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Stores what of the batch differs, in one transaction.
async fn save(scope: &Scope<'_>, batch: &Arc<[Row]>, packages: &Arc<Packages>) -> Result<Saved, Error> {
    let (batch, packages) = (Arc::clone(batch), Arc::clone(packages));
    let (record, at) = (scope.context.record, scope.context.clock.now());
    scope
        .write(move |w| {
            let ids = batch.iter().flatten().map(|task| task.id.as_str());
            let stored = tables::load_stored_tasks(w, ids)?;
            let plan = plan(&batch, &stored, &packages);
            for task in &plan.tasks {
                tables::save_task(w, task, record, at)?;
            }
            for (id, matched) in &plan.matches {
                tables::save_match(w, id, matched, Some(record), at)?;
            }
            Ok((plan.summary, plan.failures))
        })
        .await
}

fn count(scope: &Scope<'_>, (summary, failures): Saved) {
    scope.count(|counted| counted.add(&summary));
    for RowError { task_id, task_name, error } in failures {
        let facts = Facts::from_iter([
            ("task_id".to_owned(), task_id.clone().into()),
            ("task_name".to_owned(), task_name.clone().into()),
        ]);
        scope.problem_with(Class::Contract, task_id, task_name, error, facts);
    }
}

/// Whether a write failed for what was to be stored, so that other rows may do better.
const fn is_about_content(error: &Error) -> bool {
    matches!(error, Error::Store(store::Error::Statement { .. } | store::Error::Value { .. }))
}

fn tell(scope: &Scope<'_>, is_complete: bool) {
    let summary = scope.summary();
    if is_complete && !summary.is_changed() && summary.total > 0 {
        scope.note(format!("no change, nothing saved: {} tasks", summary.total));
    }
    tracing::info!(
        total = summary.total,
        new = summary.new,
        changed = summary.updated,
        unchanged = summary.unchanged,
        matched = summary.matched,
        pending = summary.pending,
        idle = summary.idle,
        failed = summary.failed,
        "stored the window"
    );
}
