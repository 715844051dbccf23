//! One window's pass: fetch page after page, plan each batch, save what differs.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::api::FIRST_PAGE;
use super::config::Config;
use super::matching::Packages;
use super::plan::{TaskOutcome, plan_batch};
use super::row::{ReadTask, RowError, task_id};
use super::session::{Api, Session};
use super::tables;
use super::window::{Period, Window};
use super::window_rows::{WindowRows, read_rows};
use crate::error::Class;
use crate::store::{self, ProblemDetails, ScopeState, cursors};
use crate::upstreams::mirror::{Limits, PageInfo, Paginator, Step, WriteMeta};
use crate::upstreams::{Error, Scope, ScopeWork};

/// Real windows have a few pages; each one brings something new.
const LIMITS: Limits = Limits { max_pages: 10_000, max_stale_pages: 0 };

/// What a pass over one window works with.
pub struct Work<'a> {
    pub config: &'a Config,
    pub api: &'a Api,
    pub zone: &'a TimeZone,
    pub window: Window,
    /// The days to read instead of the window's own, both included.
    pub repair: Option<(Date, Date)>,
}

/// What became of the rows of a stored batch, and why some could not be stored.
type Saved = (Vec<TaskOutcome>, Vec<RowError>);

impl ScopeWork for Work<'_> {
    /// Reads the window and stores what comes, even where that is not all of it.
    async fn run(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let started_at = scope.context.clock.now();
        let period = match self.repair {
            Some((from, to)) => Period::repair(from, to, started_at, self.zone)?,
            None => Period::of(self.window, started_at, self.zone, self.config.historical_days)?,
        };
        let packages = Arc::new(Packages::new(scope.context.store.read(tables::load_package_codes)?));
        let mut session = Session::new(self.api, self.config, scope.context);
        let window = WindowRows::default();
        let mut writer = BatchWriter { scope, packages, batch_size: self.config.batch_size, window };
        let mut is_complete = true;
        for request in period.requests(self.zone)? {
            writer.window.begin_request();
            is_complete &= self.read_request(request, &mut session, &mut writer).await?;
        }
        is_complete &= scope.summary().failed == 0;
        report(scope, is_complete);
        // A repair says nothing about the window.
        if is_complete && self.repair.is_none() {
            let state = ScopeState {
                last_success_at: Some(started_at),
                record_count: Some(writer.window.count()),
                not_before: None,
                ..scope.state.clone()
            };
            scope.write(move |w| cursors::save_state(w, &state)).await?;
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Every page of one request, each stored while the next one comes; answers whether the end is proved.
    async fn read_request(
        &self,
        request: Period,
        session: &mut Session<'_>,
        writer: &mut BatchWriter<'_, '_>,
    ) -> Result<bool, Error> {
        let scope = writer.scope;
        let mut pages = Paginator::new(FIRST_PAGE, LIMITS);
        let mut number = FIRST_PAGE;
        let mut page = session.fetch_page(request, number).await?;
        loop {
            let mut rows = read_rows(&page, &self.config.fields, self.zone);
            let row_count = rows.len() as u64;
            let fresh_count = writer.window.take(&mut rows);
            let (received, total) = (writer.window.received(), page.total_count);
            tracing::info!(page = number, received, total_count = total, "read a page");
            let next = (received < total).then_some(number + 1);
            number = match pages.take(PageInfo { row_count, fresh_count, next, total: Some(total) }) {
                Step::Next(next) => next,
                Step::Again(first) => {
                    tracing::info!("the pages contradict their total: reading them once more");
                    writer.window.begin_reading();
                    first
                }
                Step::End(ending) => {
                    writer.save_all(rows).await?;
                    scope.advance(received, Some(total), None);
                    if !ending.is_proved() {
                        scope.scope_problem(Class::Contract, format!("the tasks {request}: {ending}"));
                    }
                    return Ok(ending.is_proved());
                }
            };
            let (saved, fetched) = tokio::join!(writer.save_all(rows), session.fetch_page(request, number));
            saved?;
            scope.advance(received, Some(total), None);
            page = fetched?;
        }
    }
}

/// Stores the rows of a window and counts what became of them.
struct BatchWriter<'a, 's> {
    scope: &'a Scope<'s>,
    packages: Arc<Packages>,
    batch_size: usize,
    window: WindowRows,
}

impl BatchWriter<'_, '_> {
    /// Stores batch after batch, each on its own: one that fails does not touch the others.
    async fn save_all(&mut self, rows: Vec<ReadTask>) -> Result<(), Error> {
        let mut rows = rows.into_iter();
        loop {
            let batch: Arc<[ReadTask]> = rows.by_ref().take(self.batch_size).collect();
            if batch.is_empty() {
                return Ok(());
            }
            match self.save(&batch).await {
                Ok(saved) => self.count(&batch, saved),
                Err(error) if is_about_content(&error) => {
                    tracing::warn!(%error, "a batch failed: storing its tasks one by one");
                    self.save_one_by_one(&batch).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Finds the rows that make a batch fail; the others are stored.
    async fn save_one_by_one(&mut self, batch: &[ReadTask]) -> Result<(), Error> {
        for row in batch {
            let single = Arc::from([row.clone()]);
            match self.save(&single).await {
                Ok(saved) => self.count(&single, saved),
                Err(error) if is_about_content(&error) => {
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                    let task = row.as_ref().ok();
                    let failure = RowError {
                        task_id: task.map(|task| task.id.clone()),
                        task_name: task.map(|task| task.name.clone()),
                        error: format!("{error}{cause}"),
                    };
                    self.count(&single, (vec![TaskOutcome::Failed], vec![failure]));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Stores what of the batch differs, in one transaction.
    async fn save(&self, batch: &Arc<[ReadTask]>) -> Result<Saved, Error> {
        let (batch, packages) = (Arc::clone(batch), Arc::clone(&self.packages));
        let meta = WriteMeta::now(self.scope);
        self.scope
            .write(move |w| {
                let ids = batch.iter().flatten().map(|task| task.id.as_str());
                let stored = tables::load_stored_tasks(w, ids)?;
                let plan = plan_batch(&batch, &stored, &packages);
                for task in &plan.tasks {
                    tables::save_task(w, task, &meta)?;
                }
                for (id, matched) in &plan.matches {
                    tables::save_match(w, id, matched, &meta)?;
                }
                Ok((plan.outcomes, plan.failures))
            })
            .await
    }

    /// Counts each task once, as it ended. The failures are those of the rows that failed, in their order.
    fn count(&mut self, batch: &[ReadTask], (outcomes, failures): Saved) {
        let mut failures = failures.into_iter();
        for (row, outcome) in batch.iter().zip(outcomes) {
            let failure = if outcome == TaskOutcome::Failed { failures.next() } else { None };
            let earlier = task_id(row).and_then(|id| self.window.record_outcome(id, outcome));
            let outcome = earlier.map_or(outcome, |earlier| outcome.after(earlier));
            self.scope.count(|summary| {
                if let Some(earlier) = earlier {
                    earlier.tally(summary, |count| *count -= 1);
                }
                outcome.tally(summary, |count| *count += 1);
            });
            if let Some(failure) = failure.filter(|_| earlier != Some(TaskOutcome::Failed)) {
                self.report_failure(failure);
            }
        }
    }

    fn report_failure(&self, RowError { task_id, task_name, error }: RowError) {
        let details = ProblemDetails::from_iter([
            ("task_id".to_owned(), task_id.clone().into()),
            ("task_name".to_owned(), task_name.clone().into()),
        ]);
        self.scope.problem_with(Class::Contract, task_id, task_name, error, details);
    }
}

/// Whether a write failed for what was to be stored, so that other rows may do better.
const fn is_about_content(error: &Error) -> bool {
    matches!(error, Error::Store(store::Error::Statement { .. } | store::Error::Value { .. }))
}

fn report(scope: &Scope<'_>, is_complete: bool) {
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
