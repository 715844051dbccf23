//! One run: record → pass, scope by scope under its leases → verdict → report; then what may fail without changing it.

mod cancel;
mod metrics;
mod notify;
mod report;
mod verdict;

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use self::cancel::Cancel;
pub use self::metrics::render_metrics;
use self::notify::PreviousState;
pub use self::report::Report;
use self::verdict::{Verdict, VerdictPolicy, verdict};
pub use crate::upstreams::{Flags, OnLock};

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::error::Class;
use crate::exit::Exit;
use crate::http;
use crate::ident;
use crate::progress::Observer;
use crate::store::records::{self, RunStart};
use crate::store::{self, Mode, Store, Summary, Trigger};
use crate::upstreams::{self, Error, Failure, Opening, Pass, PassContext, PassOutcome, Registration, panic_text};

/// Work that ignores the run's end is left behind after this.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// What the command line asks of a run, whatever the upstream.
#[derive(Clone, Debug)]
pub struct Settings {
    pub trigger: Trigger,
    pub flags: Flags,
    pub dry_run: bool,
    pub max_runtime: Option<Duration>,
    /// *partial* counts as success.
    pub allow_partial: bool,
    /// Nothing changed is exit 9.
    pub error_on_no_change: bool,
    /// Where the metrics text goes after the run; wins over the configuration.
    pub metrics_file: Option<PathBuf>,
}

/// One upstream's run, to be made.
pub struct Invocation<'a> {
    pub registration: &'static Registration,
    /// The subcommand's matches, with the upstream's own flags.
    pub matches: &'a clap::ArgMatches,
    pub config: &'a Config,
    pub database: &'a Path,
    pub settings: Settings,
    pub observer: Arc<dyn Observer>,
    pub cancel: Cancel,
}

/// Makes the run, from its record to its report. An error: no run came to exist, nothing was sent, nothing recorded. Blocks;
/// starts and ends its own async runtime.
pub fn execute(invocation: Invocation<'_>) -> Result<Report, Error> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Error::Runtime)?;
    let trace_id = ident::random_hex();
    let span = tracing::info_span!("run", trace_id, sync = invocation.registration.name);
    let report = runtime.block_on(Run::new(invocation, trace_id).execute().instrument(span));
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    report
}

/// A run in the making.
struct Run<'a> {
    invocation: Invocation<'a>,
    trace_id: Arc<str>,
    clock: Clock,
    /// Cancelled by a signal, a lost lease, or the end of its time.
    cancel: CancellationToken,
    deadline: Option<Instant>,
    requests: Arc<AtomicU64>,
    retries: Arc<AtomicU64>,
}

impl<'a> Run<'a> {
    fn new(invocation: Invocation<'a>, trace_id: String) -> Self {
        let cancel = invocation.cancel.token().child_token();
        let deadline = invocation.settings.max_runtime.and_then(|span| Instant::now().checked_add(span));
        let (requests, retries) = (Arc::default(), Arc::default());
        Self { invocation, trace_id: trace_id.into(), clock: Clock::system(), cancel, deadline, requests, retries }
    }

    async fn execute(self) -> Result<Report, Error> {
        let invocation = &self.invocation;
        let sync_type = (invocation.registration.sync_type)(invocation.matches)?;
        let http = http::Context {
            clock: self.clock.clone(),
            cancel: self.cancel.clone(),
            deadline: self.deadline,
            trace_id: Arc::clone(&self.trace_id),
            requests: Arc::clone(&self.requests),
            retries: Arc::clone(&self.retries),
            skew: http::Skew::default(),
            proxies: http::Proxies::new(config::env::var),
        };
        let max_retries = invocation.config.http(invocation.registration.name)?.retries;
        let pass =
            (invocation.registration.open)(&Opening { config: invocation.config, http: &http }, invocation.matches)?;
        let mode = if invocation.settings.dry_run { Mode::DryRun } else { Mode::ReadWrite };
        let options = store::StoreOptions { clock: self.clock.clone(), mode, components: upstreams::components() };
        let store = Store::open(invocation.database, options)?;

        let started_at = self.clock.now();
        let begun = Instant::now();
        let start = RunStart {
            sync: invocation.registration.name,
            sync_type,
            trigger: invocation.settings.trigger,
            trace_id: &self.trace_id,
            max_retries,
        };
        let previous = self.previous_state(&store, sync_type)?;
        let record = store.open_record(start).await?;
        let context = PassContext {
            store: store.clone(),
            record: record.id(),
            trace_id: Arc::clone(&self.trace_id),
            clock: self.clock.clone(),
            flags: invocation.settings.flags,
            cancel: self.cancel.clone(),
            deadline: self.deadline,
            observer: Arc::clone(&invocation.observer),
            outcome: Mutex::default(),
        };
        let fatal = self.pass(pass, &context).await;
        let record_id = record.id();
        let outcome = context.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut report = self.report(record_id, sync_type, started_at, begun.elapsed(), outcome, fatal);
        if let Err(error) = store.close_record(record, report.to_end()).await {
            // What was stored stays stored; but a run whose record cannot be closed is no success.
            report.record_lost(&error);
        }
        self.follow_up(&store, previous, &mut report).await;
        Ok(report)
    }

    /// The state of this sync before this run.
    fn previous_state(&self, store: &Store, sync_type: &str) -> Result<PreviousState, Error> {
        let name = self.invocation.registration.name;
        let states = store.read(records::load_states)?;
        let state = states.into_iter().find(|state| state.sync == name && state.sync_type == sync_type);
        Ok(state.map_or_else(PreviousState::default, |state| PreviousState {
            consecutive_failures: state.consecutive_failures,
            was_auth: state.last.is_some_and(|last| last.exit_code == Some(Exit::Auth.code().into())),
        }))
    }

    /// Runs the pass within its time; the failure that ended it as a whole, if there is one.
    async fn pass(&self, pass: Pass, context: &PassContext) -> Option<Failure> {
        let watch = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
            self.cancel.cancel();
            std::future::pending::<()>().await;
        };
        let work = AssertUnwindSafe(pass(context)).catch_unwind();
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = watch => return None,
        };
        let error = match outcome {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error,
            Err(panic) => Error::Panic { message: panic_text(&*panic) },
        };
        Some(self.to_failure(&error))
    }

    /// A cancellation is reported by its cause.
    fn to_failure(&self, error: &Error) -> Failure {
        let failure = Failure::from(error);
        if failure.class != Class::Interrupted && failure.class != Class::Deadline {
            return failure;
        }
        let (class, message) = match self.invocation.cancel.class() {
            Some(Class::Terminated) => (Class::Terminated, "ended by SIGTERM".to_owned()),
            Some(_) => (Class::Interrupted, "ended by SIGINT".to_owned()),
            None => {
                let span = self.invocation.settings.max_runtime.unwrap_or_default();
                (Class::Deadline, format!("`--max-runtime {}` reached", humantime::format_duration(span)))
            }
        };
        Failure::plain(class, message)
    }

    fn report(
        &self,
        record: store::RecordId,
        sync_type: &'static str,
        started_at: Timestamp,
        duration: Duration,
        mut outcome: PassOutcome,
        fatal: Option<Failure>,
    ) -> Report {
        let mut summary = Summary::default();
        for scope in &outcome.scopes {
            summary.add(&scope.summary);
        }
        // What needs a person comes before what passes by itself.
        outcome.problems.sort_by_key(|problem| Exit::from(problem.class).rank());
        let settings = &self.invocation.settings;
        let policy =
            VerdictPolicy { allow_partial: settings.allow_partial, error_on_no_change: settings.error_on_no_change };
        let Verdict { status, exit, failure } = verdict(&outcome, fatal, &summary, policy);
        let holder = outcome.scopes.iter().find_map(|scope| scope.holder.clone());
        Report {
            record,
            trace_id: self.trace_id.to_string(),
            sync: self.invocation.registration.name,
            sync_type,
            trigger: settings.trigger,
            dry_run: settings.dry_run,
            status,
            exit,
            started_at,
            ended_at: self.clock.now(),
            duration,
            summary,
            scopes: outcome.scopes,
            problems: outcome.problems,
            warnings: outcome.warnings,
            retry_count: self.retries.load(Ordering::Relaxed),
            request_count: self.requests.load(Ordering::Relaxed),
            failure,
            holder,
        }
    }

    /// What follows the pass is best effort: it warns, and never changes the verdict.
    async fn follow_up(&self, store: &Store, previous: PreviousState, report: &mut Report) {
        if store.is_dry_run() {
            return;
        }
        let settings = self.invocation.config.settings();
        let keep = SignedDuration::try_from(settings.records.keep.0).unwrap_or(SignedDuration::MAX);
        if let Ok(before) = self.clock.now().checked_sub(keep)
            && let Err(error) = store.prune_records(Some(before), None)
        {
            report.warnings.push(format!("cannot prune old records: {error}"));
        }
        let metrics_file = self.invocation.settings.metrics_file.as_ref().or(settings.monitor.metrics_file.as_ref());
        if let Some(path) = metrics_file
            && let Err(error) = metrics::write_metrics(store, path)
        {
            report.warnings.push(format!("cannot write the metrics to `{}`: {error}", path.display()));
        }
        report.warnings.extend(notify::report_end(&settings.monitor, report, previous, &self.clock).await);
    }
}
