//! What an upstream's author writes.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::adaptive::Bounds;
use super::command::CommandSpec;
use super::error::Error;
use super::exported::Exported;
use super::metric::MetricsOf;
use super::pass::PassContext;
use super::row_changes::{ChangeSource, tables::delete_changes};
use super::schedule::Schedule;
use crate::config::Config;
use crate::http;
use crate::present::page::{Period, Section as PageSection};
use crate::present::{Output, Style, Text};
use crate::store::history::LevelsOf;
use crate::store::records::PruneOf;
use crate::store::{Component, Migration, Reader, RecordId};

/// What a request of [`verify`](Upstream::verify) showed.
#[derive(Debug)]
pub struct Verified {
    pub aspect: Aspect,
    /// The account or target it belongs to.
    pub subject: String,
    pub outcome: Result<Option<Caution>, Error>,
}

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    Credentials,
    /// Whether the credential may do what a pass does.
    Rights,
    /// Whether what was accepted survives a restart there.
    Durability,
}

/// What works, and is not as it should be.
#[derive(Debug)]
pub struct Caution {
    pub found: String,
    /// What to do about it.
    pub hint: String,
}

impl Verified {
    /// How a credential fared.
    pub fn credential(subject: impl Into<String>, outcome: Result<(), Error>) -> Self {
        Self { aspect: Aspect::Credentials, subject: subject.into(), outcome: outcome.map(|()| None) }
    }
}

/// A kind of pass that is not simply the upstream's own.
#[derive(Clone, Copy, Debug)]
pub struct SyncType {
    /// What records carry: `historical`.
    pub name: &'static str,
    pub label: Text,
}

/// The rows that one record's run changed, as a list.
pub type ChangesOf = fn(&Reader<'_>, RecordId) -> Result<Box<dyn Output>, Error>;

/// Its sections of the page of `report`, over these days.
pub type SectionsOf = fn(&Reader<'_>, &Period, &Style) -> Result<Vec<PageSection>, Error>;

/// What an upstream is opened with, besides its own section.
pub struct Opening<'a> {
    /// The whole configuration, for the time zone and the like.
    pub config: &'a Config,
    /// What every HTTP client of this run is made with.
    pub http: &'a http::Context,
}

/// One upstream, typed for its author. [`Registration`](super::Registration) erases it once.
pub trait Upstream: Sized + Send + Sync + 'static {
    /// The subcommand, the configuration section, the component, the label.
    const NAME: &'static str;
    /// One line for `--help`.
    const ABOUT: &'static str;
    /// A paragraph with examples first, for `--help` and the manual page.
    const EXAMPLES: &'static str;
    /// One of its scopes, for the examples of commands that take a lock's name.
    const EXAMPLE_SCOPE: &'static str = Self::NAME;
    /// The steps of its schema; none where its tables are shared.
    const MIGRATIONS: &'static [Migration] = &[];
    /// Its part of what `config init` writes.
    const TEMPLATE: &'static str = "";
    /// The lines of that which a new configuration needs, in force; its secrets are files in `secrets/`.
    const STARTER: &'static str = "";
    /// The Chinese texts of its commands' help; see `cli::chinese`.
    const CHINESE: &'static str = "";
    /// The flags of each pass that `sync all` makes, one after the other.
    const PASSES: &'static [&'static [&'static str]] = &[&[]];
    /// When these passes are due in a ready schedule.
    const SCHEDULE: Schedule = Schedule::NONE;
    /// Its own commands, beside `sync`.
    const COMMANDS: &'static [CommandSpec] = &[];
    /// Its kinds of pass, where there are several.
    const SYNC_TYPES: &'static [SyncType] = &[];
    /// What `records show --changes` lists of its runs.
    const CHANGES: Option<ChangesOf> = None;
    /// Where the changes of its rows are found.
    const CHANGE_SOURCES: &'static [ChangeSource] = &[];
    /// Whether no two of its scopes write the same rows: then hosts that share a server write at the same time.
    const HAS_OWN_ROWS: bool = false;
    /// Its views for others, with stable names; made once its tables are.
    const VIEWS: Option<Component> = None;
    /// Its tables and views that may be exported.
    const EXPORTS: &'static [Exported] = &[];
    /// Its own numbers for the metrics.
    const METRICS: Option<MetricsOf> = None;
    /// Its part of the page of `report`.
    const REPORT: Option<SectionsOf> = None;
    /// What of its tables is kept for each day.
    const LEVELS: Option<LevelsOf> = None;
    /// Delete old changes: by default those that all upstreams keep together.
    const PRUNE_CHANGES: &'static [PruneOf] = &[delete_changes];
    /// Its section; every key has a default or is required by name in [`open`](Self::open). It is shown as it is
    /// serialised: secrets are references in it.
    type Config: DeserializeOwned + Serialize;
    /// Its own flags, beside those every sync has.
    type Options: clap::Args + Send + Sync;

    /// What the record carries as its type: the name, unless an option makes it another kind of pass.
    fn sync_type(_options: &Self::Options) -> &'static str {
        Self::NAME
    }

    /// Whether there is anything to sync: a section may hold settings alone, or accounts that are switched off.
    fn is_in_use(_config: &Self::Config) -> bool {
        true
    }

    /// How long a success keeps a scope from being due again; for `status`, which opens nothing.
    fn min_interval(_config: &Self::Config) -> Option<Duration> {
        None
    }

    /// The bounds of the interval, where it depends on what changed in a scope; for `status`, which opens nothing.
    fn adaptive(_config: &Self::Config) -> Option<Bounds> {
        None
    }

    /// Checks the settings, resolves the credentials and makes the clients. Sends nothing.
    fn open(config: Self::Config, opening: &Opening<'_>) -> Result<Self, Error>;

    /// The first error of an account that [`open`](Self::open) left to fail alone in the pass.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// One pass: every due scope through [`PassContext::scope`]. An error is one that dooms every scope; what fails in
    /// one scope is kept by the context.
    fn pass(&self, options: &Self::Options, context: &PassContext) -> impl Future<Output = Result<(), Error>> + Send;

    /// One cheap request per credential, and what else can be found out about it cheaply.
    fn verify(&self) -> impl Future<Output = Vec<Verified>> + Send;
}
