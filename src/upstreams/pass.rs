//! What a pass works with: the store, the run's limits, and the outcome its scopes add to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::row_changes::{ChangeSource, RowChange};
use crate::clock::Clock;
use crate::config::{SecretRef, Setting};
use crate::error::{Class, causes};
use crate::progress::{Event, Observer};
use crate::store::{Holder, Problem, RecordId, Status, Store, Summary};

/// What to do when a scope's lock is held by another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLock {
    /// The scope fails as *busy*.
    Fail,
    /// The scope is skipped; that is a success.
    Skip,
    /// Wait for it, at most this long; then fail.
    Wait(Option<Duration>),
}

/// The flags of a run that change what a pass does.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// Ignore the minimum interval and a stored not-before.
    pub force: bool,
    pub on_lock: OnLock,
    /// The operator intends at most this number of deletions.
    pub accept_deletes: Option<u64>,
}

/// Why a scope did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum SkipReason {
    MinInterval,
    /// Nothing changed there for long.
    Adaptive,
    NotBefore,
    Locked,
}

impl SkipReason {
    /// The word in JSON and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// How one scope of the pass ended.
#[derive(Clone, Debug)]
pub struct ScopeReport {
    pub scope: String,
    pub status: Status,
    pub summary: Summary,
    pub duration: Duration,
    /// Why it was skipped, and until when where that is known.
    pub skipped: Option<(SkipReason, Option<Timestamp>)>,
    /// Who held its lock, where that is why it did nothing.
    pub holder: Option<Holder>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// One line a person may want to read, such as "no change, nothing saved: 150 records".
    pub note: Option<String>,
    /// Those of its parts that were worked on, where others were left out.
    pub parts: Option<Vec<String>>,
}

/// What the report and the record keep of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub class: Class,
    pub message: String,
    pub causes: Vec<String>,
    pub hint: String,
}

impl Failure {
    /// The status in the record of what ended with this failure.
    pub const fn status(&self) -> Status {
        match self.class {
            Class::Hangup | Class::Interrupted | Class::Terminated | Class::Deadline => Status::Cancelled,
            Class::Guard => Status::Partial,
            Class::LeaseLost => Status::Interrupted,
            Class::Internal
            | Class::Usage
            | Class::Config
            | Class::Unavailable
            | Class::Auth
            | Class::Contract
            | Class::Busy
            | Class::Database => Status::Failed,
        }
    }

    /// The message and its causes in one line.
    pub fn full_message(&self) -> String {
        std::iter::once(&self.message).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    /// One without causes, with its class's own hint.
    pub fn plain(class: Class, message: String) -> Self {
        Self { class, message, causes: Vec::new(), hint: class.hint().to_owned() }
    }

    /// What is kept of an error: its text and the texts of the errors behind it.
    pub fn new(error: &dyn std::error::Error, class: Class, hint: String) -> Self {
        Self { class, message: error.to_string(), causes: causes(error).map(ToString::to_string).collect(), hint }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self::new(error, error.class(), error.hint())
    }
}

/// The result of a pass.
#[derive(Clone, Debug, Default)]
pub struct PassOutcome {
    pub scopes: Vec<ScopeReport>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
    /// The first of what a dry run would change.
    pub preview: Vec<RowChange>,
    /// By scopes that were not due because nothing had changed there for long.
    pub requests_saved: u64,
}

/// Everything one pass works with.
pub struct PassContext {
    pub store: Store,
    pub record: RecordId,
    pub trace_id: Arc<str>,
    pub clock: Clock,
    pub flags: Flags,
    /// Ends every wait of the pass.
    pub cancel: CancellationToken,
    pub observer: Arc<dyn Observer>,
    pub credentials: Credentials,
    /// What a dry run finds its changes by: the upstream, and where its changes are.
    pub changes: (&'static str, &'static [ChangeSource]),
    /// See [`Upstream::HAS_OWN_ROWS`](super::Upstream::HAS_OWN_ROWS).
    pub has_own_rows: bool,
    /// The result of the pass; grows while it runs.
    pub outcome: Mutex<PassOutcome>,
}

/// Which references the credentials are from, for each table of an upstream's settings that has any or has a name; those
/// of the whole section have none.
#[derive(Debug, Default)]
pub struct Credentials(Vec<(String, Vec<SecretRef>)>);

impl Credentials {
    /// Those among an upstream's settings.
    pub fn of(settings: Vec<Setting>) -> Self {
        let rows = settings.into_iter().flat_map(Setting::with_tables).filter(|setting| !setting.is_list_of_tables());
        let named = rows.map(|row| {
            let name = row.value.get("name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            (name, row.references().into_iter().map(|(_, reference)| reference).collect())
        });
        Self(named.collect())
    }

    /// The failure; that of rejected credentials names where they are from: those of the account or target that the scope
    /// or the message names, else those of the whole section.
    pub fn name_in(&self, scope: &str, failure: Failure) -> Failure {
        // Where the clock is the reason, the credentials may be right.
        if failure.class != Class::Auth || failure.hint.contains("this machine's clock") {
            return failure;
        }
        let account = scope.split('/').nth(1).unwrap_or_default();
        let is_named = |name: &str| name == account || failure.message.contains(&format!("`{name}`"));
        let of_tables = |is_its: &dyn Fn(&str) -> bool| -> Vec<&Vec<SecretRef>> {
            self.0.iter().filter(|(name, _)| is_its(name)).map(|(_, found)| found).collect()
        };
        let own = of_tables(&|name| !name.is_empty() && is_named(name));
        let tables = if own.is_empty() { of_tables(&str::is_empty) } else { own };
        let found: Vec<String> = tables.into_iter().flatten().map(ToString::to_string).collect();
        if found.is_empty() {
            return failure;
        }
        Failure { message: format!("{}; credential: {}", failure.message, found.join(", ")), ..failure }
    }
}

impl PassContext {
    /// Warns of something that does not change the verdict but that a person should know.
    pub fn warn(&self, message: String) {
        tracing::warn!("{message}");
        self.observer.observe(&Event::Warning { message: &message });
        self.outcome().warnings.push(message);
    }

    /// Waits; ends early, with an error, when the run is to end.
    pub async fn pause(&self, span: Duration) -> Result<(), Error> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(Error::Cancelled),
            () = tokio::time::sleep(span) => Ok(()),
        }
    }

    pub(super) fn outcome(&self) -> MutexGuard<'_, PassOutcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
