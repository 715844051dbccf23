//! The registry's line for one upstream: its trait, erased once by monomorphised functions.

use std::time::Duration;

use clap::{Args, FromArgMatches};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::command::CommandSpec;
use super::error::Error;
use super::pass::PassContext;
use super::schedule::Schedule;
use super::upstream::{ChangesOf, Opening, SyncType, Upstream, Verified};
use crate::config::{Config, Setting};
use crate::store::{Component, Migration};

/// An opened upstream, ready for its one pass.
pub type Pass = Box<dyn for<'a> FnOnce(&'a PassContext) -> BoxFuture<'a, Result<(), Error>> + Send>;

type Verify = for<'a> fn(&'a Opening<'a>) -> BoxFuture<'a, Result<Vec<Verified>, Error>>;

/// An upstream as the rest of the program sees it.
pub struct Registration {
    pub name: &'static str,
    pub about: &'static str,
    pub examples: &'static str,
    /// Its part of what `config init` writes.
    pub template: &'static str,
    /// The flags of each pass that `sync all` makes.
    pub passes: &'static [&'static [&'static str]],
    /// When a ready schedule makes them.
    pub schedule: Schedule,
    /// Its own commands, beside `sync`.
    pub commands: &'static [CommandSpec],
    pub sync_types: &'static [SyncType],
    /// What `records show --changes` lists of its runs.
    pub changes: Option<ChangesOf>,
    migrations: &'static [Migration],
    augment: fn(clap::Command) -> clap::Command,
    sync_type: fn(&clap::ArgMatches) -> Result<&'static str, Error>,
    min_interval: fn(&Config) -> Result<Option<Duration>, Error>,
    describe: fn(&Config) -> Result<Vec<Setting>, Error>,
    open: fn(&Opening<'_>, &clap::ArgMatches) -> Result<Pass, Error>,
    check: fn(&Opening<'_>) -> Result<(), Error>,
    verify: Verify,
}

impl Registration {
    /// The line of an upstream.
    pub const fn of<U: Upstream>() -> Self {
        Self {
            name: U::NAME,
            about: U::ABOUT,
            examples: U::EXAMPLES,
            template: U::TEMPLATE,
            passes: U::PASSES,
            schedule: U::SCHEDULE,
            commands: U::COMMANDS,
            sync_types: U::SYNC_TYPES,
            changes: U::CHANGES,
            migrations: U::MIGRATIONS,
            augment: U::Options::augment_args,
            sync_type: sync_type::<U>,
            min_interval: min_interval::<U>,
            describe: describe::<U>,
            open: open::<U>,
            check: check::<U>,
            verify: verify::<U>,
        }
    }

    /// What the store has to hold for it.
    pub const fn component(&self) -> Component {
        Component { name: self.name, migrations: self.migrations }
    }

    /// Adds its own flags to its subcommand.
    pub fn augment(&self, command: clap::Command) -> clap::Command {
        (self.augment)(command)
    }

    /// What the record of a run with these flags carries as its type.
    pub fn sync_type(&self, matches: &clap::ArgMatches) -> Result<&'static str, Error> {
        (self.sync_type)(matches)
    }

    /// How long a success keeps its scopes from being due again.
    pub fn min_interval(&self, config: &Config) -> Result<Option<Duration>, Error> {
        (self.min_interval)(config)
    }

    /// Its settings, defaults included, each with what set it.
    pub fn describe(&self, config: &Config) -> Result<Vec<Setting>, Error> {
        (self.describe)(config)
    }

    /// Opens it for one pass with these flags.
    pub fn open(&self, opening: &Opening<'_>, matches: &clap::ArgMatches) -> Result<Pass, Error> {
        (self.open)(opening, matches)
    }

    /// Opens it and lets go of it again: an error where any of its accounts cannot be opened.
    pub fn check(&self, opening: &Opening<'_>) -> Result<(), Error> {
        (self.check)(opening)
    }

    /// One cheap request per credential.
    pub fn verify<'a>(&self, opening: &'a Opening<'a>) -> BoxFuture<'a, Result<Vec<Verified>, Error>> {
        (self.verify)(opening)
    }
}

fn options<U: Upstream>(matches: &clap::ArgMatches) -> Result<U::Options, Error> {
    U::Options::from_arg_matches(matches)
        .map_err(|error| Error::Usage { message: error.to_string().trim_end().to_owned(), hint: None })
}

fn sync_type<U: Upstream>(matches: &clap::ArgMatches) -> Result<&'static str, Error> {
    Ok(U::sync_type(&options::<U>(matches)?))
}

fn min_interval<U: Upstream>(config: &Config) -> Result<Option<Duration>, Error> {
    Ok(U::min_interval(&config.section::<U::Config>(U::NAME)?))
}

fn describe<U: Upstream>(config: &Config) -> Result<Vec<Setting>, Error> {
    Ok(config.describe_section::<U::Config>(U::NAME)?)
}

fn open<U: Upstream>(opening: &Opening<'_>, matches: &clap::ArgMatches) -> Result<Pass, Error> {
    let options = options::<U>(matches)?;
    let upstream = open_upstream::<U>(opening)?;
    Ok(Box::new(move |context| async move { upstream.pass(&options, context).await }.boxed()))
}

fn check<U: Upstream>(opening: &Opening<'_>) -> Result<(), Error> {
    open_upstream::<U>(opening)?.check()
}

fn open_upstream<U: Upstream>(opening: &Opening<'_>) -> Result<U, Error> {
    U::open(opening.config.section::<U::Config>(U::NAME)?, opening)
}

fn verify<'a, U: Upstream>(opening: &'a Opening<'a>) -> BoxFuture<'a, Result<Vec<Verified>, Error>> {
    async move {
        let upstream = open_upstream::<U>(opening)?;
        Ok(upstream.verify().await)
    }
    .boxed()
}
