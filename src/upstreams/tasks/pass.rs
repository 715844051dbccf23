//! One window's pass: fetch page after page, plan each batch, save what differs.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::api::FIRST_PAGE;
use super::config::Config;
use super::history;
use super::matching::{Packages, State};
use super::plan::plan_batch;
use super::row::{Task, read_page_rows};
use super::session::{Api, Session};
use super::tables;
use super::window::{Period, Window};
use crate::error::{Class, full_message};
use crate::store::{self, ProblemDetails, ScopeState, cursors};
use crate::text::ending;
use crate::upstreams::mirror::{BadRow, Collected, Collection, Ending, Limits, ReadRow, RowOutcome, Step, WriteMeta};
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
        let mut window = Collected::default();
        let mut read = Ok(true);
        for request in period.requests(self.zone)? {
            match self.read_request(scope, request, &mut session, &mut window).await {
                Ok(ending) => read = read.map(|is_proved| is_proved && ending.is_proved()),
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        std::mem::take(&mut window.remarks).warn(scope);
        let record_count = Some(window.count());
        BatchWriter { scope, packages }.save_all(window, self.config.batch_size).await?;
        let is_complete = read? && scope.summary().failed == 0;
        report(scope, is_complete);
        // A repair says nothing about the window.
        if is_complete && self.repair.is_none() {
            let last_success_at = Some(started_at);
            let state = ScopeState { last_success_at, record_count, not_before: None, ..scope.state.clone() };
            scope.write(move |w| cursors::save_state(w, &state)).await?;
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Every page of one request; what came is added to the window, also where not all of it did.
    async fn read_request(
        &self,
        scope: &Scope<'_>,
        request: Period,
        session: &mut Session<'_>,
        window: &mut Collected<Task>,
    ) -> Result<Ending, Error> {
        let mut pages = Collection::new(FIRST_PAGE, LIMITS);
        let ending = self.read_pages(scope, request, session, &mut pages).await;
        // No task is ever deleted, so what an earlier round brought is stored, too.
        window.extend(pages.finish(false));
        let ending = ending?;
        if !ending.is_proved() {
            scope.scope_problem(Class::Contract, format!("the tasks {request}: {ending}"));
        }
        Ok(ending)
    }

    async fn read_pages(
        &self,
        scope: &Scope<'_>,
        request: Period,
        session: &mut Session<'_>,
        pages: &mut Collection<u32, Task>,
    ) -> Result<Ending, Error> {
        let mut number = FIRST_PAGE;
        loop {
            let page = session.fetch_page(request, number).await?;
            let total = page.total_count;
            let page = read_page_rows(&page, &self.config.fields, self.zone);
            let step = pages.take(page, |count| (count < total).then_some(number + 1));
            tracing::info!(page = number, received = pages.count(), total_count = total, "read a page");
            scope.advance(pages.count(), Some(total), None);
            number = match step {
                Step::Next(next) => next,
                Step::Again(first) => {
                    tracing::info!("the pages contradict their total: reading them once more");
                    first
                }
                Step::End(ending) => return Ok(ending),
            };
        }
    }
}

/// What became of each task of a batch, in their order.
type Saved = Vec<ReadRow<(RowOutcome, State)>>;

/// Stores the tasks of a window and counts what became of them.
struct BatchWriter<'a, 's> {
    scope: &'a Scope<'s>,
    packages: Arc<Packages>,
}

impl BatchWriter<'_, '_> {
    /// Stores batch after batch, each by itself: one that fails does not touch the others.
    async fn save_all(&self, window: Collected<Task>, batch_size: usize) -> Result<(), Error> {
        let (tasks, bad) = window.into_rows();
        let mut tasks = tasks.into_iter();
        loop {
            let batch: Arc<[Task]> = tasks.by_ref().take(batch_size).collect();
            if batch.is_empty() {
                break;
            }
            match self.save(&batch).await {
                Ok(saved) => self.count(saved),
                Err(error) if is_about_content(&error) => {
                    tracing::warn!(%error, "a batch failed: storing its tasks one by one");
                    self.save_one_by_one(&batch).await?;
                }
                Err(error) => return Err(error),
            }
        }
        self.count(bad.into_iter().map(Err).collect());
        Ok(())
    }

    /// Finds the rows that make a batch fail; the others are stored.
    async fn save_one_by_one(&self, batch: &[Task]) -> Result<(), Error> {
        for task in batch {
            match self.save(&Arc::from([task.clone()])).await {
                Ok(saved) => self.count(saved),
                Err(error) if is_about_content(&error) => self.count(vec![Err(task.refused(full_message(&error)))]),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Stores what of the batch differs, in one transaction.
    async fn save(&self, batch: &Arc<[Task]>) -> Result<Saved, Error> {
        let (batch, packages) = (Arc::clone(batch), Arc::clone(&self.packages));
        let meta = WriteMeta::now(self.scope);
        self.scope
            .write(move |w| {
                let stored = tables::load_stored_tasks(w, batch.iter().map(|task| task.id.as_str()))?;
                let plan = plan_batch(&batch, &stored, &packages);
                for task in &plan.tasks {
                    if stored.contains_key(&task.id) {
                        history::save_task_updates(w, task, &meta)?;
                    }
                    tables::save_task(w, task, &meta)?;
                }
                for (id, matched) in &plan.matches {
                    if let Some(before) = stored.get(*id) {
                        history::save_match_update(w, id, &before.matched, matched, &meta)?;
                    }
                    tables::save_match(w, id, matched, &meta)?;
                }
                Ok(plan.outcomes)
            })
            .await
    }

    fn count(&self, saved: Saved) {
        for outcome in saved {
            match outcome {
                Ok((outcome, state)) => self.scope.count_rows(|summary| {
                    outcome.count(summary);
                    state.count(summary);
                }),
                Err(BadRow { id, name, reason }) => {
                    let details = ProblemDetails::from_iter([
                        ("task_id".to_owned(), id.clone().into()),
                        ("task_name".to_owned(), name.clone().into()),
                    ]);
                    BadRow { id, name, reason }.report(self.scope, details);
                }
            }
        }
    }
}

/// Whether a write failed for what was to be stored, so that other rows may do better.
const fn is_about_content(error: &Error) -> bool {
    matches!(error, Error::Store(store::Error::Statement { .. } | store::Error::Value { .. }))
}

fn report(scope: &Scope<'_>, is_complete: bool) {
    let summary = scope.summary();
    if is_complete && !summary.is_changed() && summary.total > 0 {
        scope.note(format!("no change, nothing saved: {} task{s}", summary.total, s = ending(summary.total)));
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
