//! One run: record → pass, scope by scope under its leases → verdict → report; then what may fail without changing it.

mod cancel;
mod invocation;
mod metrics;
mod notify;
mod report;
mod verdict;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use self::cancel::Cancel;
pub use self::invocation::{Invocation, Settings, Unrecorded};
pub use self::metrics::{render_metrics, render_no_metrics};
use self::notify::PreviousState;
pub use self::notify::{NOTIFICATION_SCHEMA, check as check_monitor, send_test, verify_mail};
pub use self::report::Report;
use self::verdict::{Verdict, VerdictPolicy, refusal, verdict};
pub use crate::upstreams::{Flags, OnLock};
use crate::zone;

use crate::clock::Clock;
use crate::config::{self, Unread};
use crate::error::Class;
use crate::exit::Exit;
use crate::http;
use crate::ident;
use crate::store::records::RunStart;
use crate::store::{self, Mode, RecordId, Store, Summary};
use crate::upstreams::PREVIEWED;
use crate::upstreams::{self, Credentials, Error, Failure, Opening, Pass, PassContext, PassOutcome, panic_text};

/// Work that ignores the run's end is left behind after this.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Makes the run, from its record to its report. Blocks; starts and ends its own async runtime.
pub fn execute(invocation: Invocation<'_>) -> Result<Report, Unrecorded> {
    // One worker: requests and the connections they go over must not run at the same time.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Error::Runtime)?;
    let trace_id = ident::random_hex();
    let span = tracing::info_span!("run", trace_id, sync = invocation.registration.name);
    let report = runtime.block_on(Run::new(invocation, trace_id).execute().instrument(span));
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    report
}

/// When which kind of pass began.
struct Start {
    sync_type: &'static str,
    at: Timestamp,
    begun: Instant,
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
    throttles: Arc<AtomicU64>,
    /// Microseconds.
    waited: Arc<AtomicU64>,
}

impl<'a> Run<'a> {
    fn new(invocation: Invocation<'a>, trace_id: String) -> Self {
        let cancel = invocation.cancel.token().child_token();
        let deadline = invocation.settings.max_runtime.and_then(|span| Instant::now().checked_add(span));
        Self {
            invocation,
            trace_id: trace_id.into(),
            clock: Clock::system(),
            cancel,
            deadline,
            requests: Arc::default(),
            retries: Arc::default(),
            throttles: Arc::default(),
            waited: Arc::default(),
        }
    }

    /// What fails before there is a record is reported like any failure; wrong arguments make no run.
    async fn execute(self) -> Result<Report, Unrecorded> {
        let sync_type = (self.invocation.registration.sync_type)(self.invocation.matches)?;
        let start = Start { sync_type, at: self.clock.now(), begun: Instant::now() };
        let opened = self.open();
        if let Err(failure) = &opened
            && failure.class == Class::Usage
        {
            return Err(failure.clone().into());
        }
        let ran = match self.open_store() {
            Ok(store) => self.run(&store, &start, opened).await.map_err(|error| Failure::from(&error)),
            Err(failure) => Err(failure),
        };
        match ran {
            Ok(report) => {
                report.log_end();
                Ok(report)
            }
            // Nobody is called because of wrong arguments.
            Err(failure) if failure.class == Class::Usage => Err(failure.into()),
            Err(failure) => Err(self.unrecorded(&start, failure).await),
        }
    }

    /// Opens the upstream, unless something went wrong already.
    fn open(&self) -> Result<Pass, Failure> {
        let Invocation { registration, matches, config, fault, .. } = &self.invocation;
        if let Some(fault) = fault {
            return Err(fault.clone());
        }
        let http = http::Context {
            clock: self.clock.clone(),
            cancel: self.cancel.clone(),
            deadline: self.deadline,
            trace_id: Arc::clone(&self.trace_id),
            requests: Arc::clone(&self.requests),
            retries: Arc::clone(&self.retries),
            throttles: Arc::clone(&self.throttles),
            waited: Arc::clone(&self.waited),
            skew: http::Skew::default(),
            proxies: http::Proxies::new(config::env::var),
        };
        (registration.open)(&Opening { config, http: &http }, matches).map_err(|error| Failure::from(&error))
    }

    fn open_store(&self) -> Result<Store, Failure> {
        let Invocation { config, database, fault, settings, .. } = &self.invocation;
        match (database, fault) {
            (Some(database), _) => {
                let mode = if settings.dry_run { Mode::DryRun } else { Mode::ReadWrite };
                let clock = self.clock.clone();
                let options = store::StoreOptions { clock, mode, components: upstreams::components() };
                let store = Store::open(*database, options).map_err(|error| Failure::from(&Error::from(error)))?;
                if let Some(mode) = config.settings().database_mode.filter(|_| !settings.dry_run) {
                    store.set_file_mode(mode.0);
                }
                Ok(store)
            }
            (None, Some(fault)) => Err(fault.clone()),
            (None, None) => Err(Failure::from(&Error::from(config::Error::NoDatabase))),
        }
    }

    async fn run(&self, store: &Store, start: &Start, opened: Result<Pass, Failure>) -> Result<Report, Error> {
        let invocation = &self.invocation;
        let name = invocation.registration.name;
        let previous = self.previous_state(store, start.sync_type)?;
        let record = store
            .open_record(RunStart {
                sync: name,
                sync_type: start.sync_type,
                trigger: invocation.settings.trigger,
                trace_id: Arc::clone(&self.trace_id),
                max_retries: invocation.config.http(name).map_or(0, |http| http.retries),
                is_unread: invocation.config.settings().records.unread == Unread::All,
                zone: invocation.config.time_zone().unwrap_or_else(|_| zone::system()),
            })
            .await?;
        let context = PassContext {
            store: store.clone(),
            record: record.id(),
            trace_id: Arc::clone(&self.trace_id),
            clock: self.clock.clone(),
            flags: invocation.settings.flags,
            cancel: self.cancel.clone(),
            observer: Arc::clone(&invocation.observer),
            credentials: Credentials::of((invocation.registration.describe)(invocation.config).unwrap_or_default()),
            changes: (name, invocation.registration.change_sources),
            has_own_rows: invocation.registration.has_own_rows,
            outcome: Mutex::default(),
        };
        if !store.is_dry_run() {
            self.report_death(store, &previous, &context).await;
        }
        let fatal = match opened {
            Ok(pass) => self.pass(pass, &context).await,
            Err(failure) => Some(failure),
        };
        let outcome = context.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(Failure { message, hint, .. }) = refusal(&outcome, fatal.as_ref()) {
            store.discard_record(record).await?;
            return Err(Error::Usage { message, hint: Some(hint) });
        }
        let record_id = record.id();
        let mut report = self.report(record_id, start, outcome, fatal);
        match store.close_record(record, report.to_end(invocation.registration.levels)).await {
            Ok(kept_in) => report.record = kept_in,
            // What was stored stays stored; but a run whose record cannot be closed is no success.
            Err(error) => report.record_lost(&error),
        }
        self.follow_up(store, previous, &mut report).await;
        Ok(report)
    }

    /// Reports a failure that no record keeps. How this sync did before is not known: every such run is reported.
    async fn unrecorded(&self, start: &Start, failure: Failure) -> Unrecorded {
        let mut report = self.report(RecordId(0), start, PassOutcome::default(), Some(failure.clone()));
        if !self.invocation.settings.dry_run {
            let Invocation { config, registration, .. } = self.invocation;
            let previous = PreviousState::default();
            report.warnings = notify::report_end(config, registration, None, &report, &previous, &self.clock).await;
        }
        report.log_end();
        Unrecorded { failure, warnings: report.warnings }
    }

    /// The state of this sync before this run.
    fn previous_state(&self, store: &Store, sync_type: &str) -> Result<PreviousState, Error> {
        let name = self.invocation.registration.name;
        let states = store.load_states()?;
        let state = states.into_iter().find(|state| state.sync == name && state.sync_type == sync_type);
        Ok(state.map(PreviousState::from).unwrap_or_default())
    }

    /// Reports that the run before this one died, before this one may do so, too.
    async fn report_death(&self, store: &Store, previous: &PreviousState, context: &PassContext) {
        let Some(died) = &previous.died else { return };
        context.warn(format!("run {0} died without saying why: see `tongbu records show {0}`", died.id.0));
        let unsent = notify::report_death(self.invocation.config, store, died, &self.clock).await;
        for warning in unsent {
            context.warn(warning);
        }
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
            Some(class @ Class::Hangup) => (class, "ended by SIGHUP".to_owned()),
            Some(class @ Class::Terminated) => (class, "ended by SIGTERM".to_owned()),
            Some(_) => (Class::Interrupted, "ended by SIGINT".to_owned()),
            None => {
                let span = self.invocation.settings.max_runtime.unwrap_or_default();
                (Class::Deadline, format!("`--max-runtime {}` reached", humantime::format_duration(span)))
            }
        };
        Failure::plain(class, message)
    }

    fn report(&self, record: RecordId, start: &Start, mut outcome: PassOutcome, fatal: Option<Failure>) -> Report {
        let mut summary = Summary::default();
        for scope in &outcome.scopes {
            summary.add(&scope.summary);
        }
        // What needs a person comes before what passes by itself.
        outcome.problems.sort_by_key(|problem| Exit::from(problem.class).rank());
        let settings = &self.invocation.settings;
        let policy =
            VerdictPolicy { allow_partial: settings.allow_partial, error_on_no_change: settings.error_on_no_change };
        let requests_saved = outcome.requests_saved;
        let Verdict { status, exit, mut failure } = verdict(&outcome, fatal, &summary, policy);
        if record.0 > 0 {
            // By the time the hint is read another run may be the last.
            for failure in outcome.scopes.iter_mut().filter_map(|scope| scope.failure.as_mut()).chain(&mut failure) {
                failure.hint = failure.hint.replace("records show last", &format!("records show {}", record.0));
            }
        }
        let holder = outcome.scopes.iter().find_map(|scope| scope.holder.clone());
        Report {
            record,
            trace_id: self.trace_id.to_string(),
            sync: self.invocation.registration.name,
            sync_type: start.sync_type,
            trigger: settings.trigger,
            dry_run: settings.dry_run,
            is_whole: self.invocation.is_whole(),
            status,
            exit,
            started_at: start.at,
            ended_at: self.clock.now(),
            duration: start.begun.elapsed(),
            summary,
            scopes: outcome.scopes,
            problems: outcome.problems,
            warnings: outcome.warnings,
            preview: outcome.preview.into_iter().take(PREVIEWED).collect(),
            retry_count: self.retries.load(Ordering::Relaxed),
            request_count: self.requests.load(Ordering::Relaxed),
            throttle_count: self.throttles.load(Ordering::Relaxed),
            requests_saved,
            api_time: Duration::from_micros(self.waited.load(Ordering::Relaxed)),
            failure,
            holder,
        }
    }

    /// What follows the pass is best effort: it warns, and never changes the verdict.
    async fn follow_up(&self, store: &Store, mut previous: PreviousState, report: &mut Report) {
        if store.is_dry_run() {
            return;
        }
        let settings = self.invocation.config.settings();
        let registration = self.invocation.registration;
        match notify::save_failing(store, registration, report) {
            Ok(is_failing) => previous.is_failing = is_failing,
            Err(error) => report.warnings.push(format!("cannot store what fails: {error}")),
        }
        if let Err(error) = store.prune_aged(registration.retention(settings)) {
            report.warnings.push(format!("cannot prune old records: {error}"));
        }
        let metrics_file = self.invocation.settings.metrics_file.as_ref().or(settings.monitor.metrics_file.as_ref());
        if let Some(path) = metrics_file
            && let Err(error) = metrics::write_metrics(store, path)
        {
            report.warnings.push(format!("cannot write the metrics to `{}`: {error}", path.display()));
        }
        let config = self.invocation.config;
        let unsent = notify::report_end(config, registration, Some(store), report, &previous, &self.clock).await;
        report.warnings.extend(unsent);
        report.warnings.extend(notify::report_limits(config, registration, store, report, &self.clock).await);
        if let Err(error) = store.save_warnings(report.record, &report.warnings) {
            report.warnings.push(format!("cannot store the warnings: {error}"));
        }
    }
}
