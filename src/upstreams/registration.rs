//! The registry's line for one upstream: its trait, erased once by monomorphised functions.

use std::time::Duration;

use clap::Args;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;

use super::adaptive::Bounds;
use super::command::{CommandSpec, parse};
use super::error::Error;
use super::exported::Exported;
use super::metric::MetricsOf;
use super::pass::PassContext;
use super::row_changes::ChangeSource;
use super::schedule::Schedule;
use super::upstream::{ChangesOf, Opening, SectionsOf, SyncType, Upstream, Verified};
use crate::config::{self, Config, Setting, Settings, Span};
use crate::store::history::LevelsOf;
use crate::store::records::{PruneOf, Retention};
use crate::store::{Component, Migration};

/// An opened upstream, ready for its one pass.
pub type Pass = Box<dyn for<'a> FnOnce(&'a PassContext) -> BoxFuture<'a, Result<(), Error>> + Send>;

pub type Verify = for<'a> fn(&'a Opening<'a>) -> BoxFuture<'a, Result<Vec<Verified>, Error>>;

/// An upstream as the rest of the program sees it.
pub struct Registration {
    pub name: &'static str,
    pub about: &'static str,
    pub examples: &'static str,
    /// One of its scopes, for the examples of commands that take a lock's name.
    pub example_scope: &'static str,
    /// Its part of what `config init` writes.
    pub template: &'static str,
    /// The lines of that which `setup` puts in force.
    pub starter: &'static str,
    /// The Chinese of its commands' help.
    pub chinese: &'static str,
    /// The flags of each pass that `sync all` makes.
    pub passes: &'static [&'static [&'static str]],
    /// When a ready schedule makes them.
    pub schedule: Schedule,
    /// Its own commands, beside `sync`.
    pub commands: &'static [CommandSpec],
    pub sync_types: &'static [SyncType],
    /// What `records show --changes` lists of its runs.
    pub changes: Option<ChangesOf>,
    /// Where the changes of its rows are found.
    pub change_sources: &'static [ChangeSource],
    /// Whether no two of its scopes write the same rows.
    pub has_own_rows: bool,
    /// Its views for others.
    pub views: Option<Component>,
    /// Its tables and views that may be exported.
    pub exports: &'static [Exported],
    /// Its own numbers for the metrics.
    pub metrics: Option<MetricsOf>,
    /// Its part of the page of `report`.
    pub report: Option<SectionsOf>,
    /// What of its tables is kept for each day.
    pub levels: Option<LevelsOf>,
    /// Delete what it keeps of old changes.
    pub prune_changes: &'static [PruneOf],
    migrations: &'static [Migration],
    /// Adds its own flags to its subcommand.
    pub augment: fn(clap::Command) -> clap::Command,
    /// What the record of a run with these flags carries as its type.
    pub sync_type: fn(&clap::ArgMatches) -> Result<&'static str, Error>,
    is_in_use: fn(&Config) -> bool,
    /// How long a success keeps its scopes from being due again.
    pub min_interval: fn(&Config) -> Result<Option<Duration>, Error>,
    /// The bounds of the interval, where it depends on what changed in a scope.
    pub adaptive: fn(&Config) -> Result<Option<Bounds>, Error>,
    /// Everything in its section that cannot be read.
    pub mistakes: fn(&Config) -> Vec<config::Error>,
    /// Its settings, defaults included, each with what set it.
    pub describe: fn(&Config) -> Result<Vec<Setting>, Error>,
    /// Opens it for one pass with these flags.
    pub open: fn(&Opening<'_>, &clap::ArgMatches) -> Result<Pass, Error>,
    /// Opens it and lets go of it again: an error where any of its accounts cannot be opened.
    pub check: fn(&Opening<'_>) -> Result<(), Error>,
    /// One cheap request per credential.
    pub verify: Verify,
}

impl Registration {
    /// The line of an upstream.
    pub const fn of<U: Upstream>() -> Self {
        Self {
            name: U::NAME,
            about: U::ABOUT,
            examples: U::EXAMPLES,
            example_scope: U::EXAMPLE_SCOPE,
            template: U::TEMPLATE,
            starter: U::STARTER,
            chinese: U::CHINESE,
            passes: U::PASSES,
            schedule: U::SCHEDULE,
            commands: U::COMMANDS,
            sync_types: U::SYNC_TYPES,
            changes: U::CHANGES,
            change_sources: U::CHANGE_SOURCES,
            has_own_rows: U::HAS_OWN_ROWS,
            views: U::VIEWS,
            exports: U::EXPORTS,
            metrics: U::METRICS,
            report: U::REPORT,
            levels: U::LEVELS,
            prune_changes: U::PRUNE_CHANGES,
            migrations: U::MIGRATIONS,
            augment: U::Options::augment_args,
            sync_type: |matches| Ok(U::sync_type(&parse(matches)?)),
            is_in_use: |config| config.section(U::NAME).map_or(true, |section| U::is_in_use(&section)),
            min_interval: |config| Ok(U::min_interval(&config.section(U::NAME)?)),
            adaptive: |config| Ok(U::adaptive(&config.section(U::NAME)?)),
            mistakes: |config| config.inspect_section::<U::Config>(U::NAME).1,
            describe: |config| Ok(config.describe_section::<U::Config>(U::NAME)?),
            open: |opening, matches| {
                let options: U::Options = parse(matches)?;
                let upstream: U = open(opening)?;
                Ok(Box::new(move |context| async move { upstream.pass(&options, context).await }.boxed()))
            },
            check: |opening| open::<U>(opening)?.check(),
            verify: |opening| async move { Ok(open::<U>(opening)?.verify().await) }.boxed(),
        }
    }

    /// The configured names of its accounts, or of its targets.
    pub fn account_names(&self, config: &Config) -> Result<Vec<String>, Error> {
        let rows = (self.describe)(config)?.into_iter().flat_map(Setting::with_tables);
        Ok(rows.filter_map(|row| Some(row.value.get("name")?.as_str()?.to_owned())).collect())
    }

    /// How long what its runs leave is kept.
    pub fn retention(&self, settings: &Settings) -> Retention {
        let span = |kept: Span| SignedDuration::try_from(kept.0).unwrap_or(SignedDuration::MAX);
        Retention {
            records: span(settings.records.keep),
            days: span(settings.history.keep),
            changes: span(settings.history.changes),
            prune_changes: self.prune_changes,
        }
    }

    /// Whether the configuration has something for it to sync. What is wrong there counts, so that it is heard of, and so
    /// does an empty section, which somebody has begun.
    pub fn is_in_use(&self, config: &Config) -> bool {
        config.has_section(self.name) && (config.is_section_empty(self.name) || (self.is_in_use)(config))
    }

    /// What the store has to hold for it.
    pub const fn component(&self) -> Component {
        Component { name: self.name, migrations: self.migrations }
    }
}

fn open<U: Upstream>(opening: &Opening<'_>) -> Result<U, Error> {
    U::open(opening.config.section(U::NAME)?, opening)
}
