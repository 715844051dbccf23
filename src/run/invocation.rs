//! What a run is made with, and what is left where it has no report.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::cancel::Cancel;
use crate::config::Config;
use crate::progress::Observer;
use crate::store::{Location, Trigger};
use crate::upstreams::{Error, Failure, Flags, Registration};

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
    pub matches: &'a ArgMatches,
    pub config: &'a Config,
    /// `None` where not even its place is known; then there is a fault.
    pub database: Option<&'a Location>,
    /// What went wrong before: the run ends with it, once that is recorded and reported.
    pub fault: Option<Failure>,
    pub settings: Settings,
    pub observer: Arc<dyn Observer>,
    pub cancel: Cancel,
}

impl Invocation<'_> {
    /// Whether no flag of the upstream's own leaves out a part of what is configured. One without a value does not, and
    /// hidden ones and those of the passes of `sync all` say what kind of pass it is.
    pub(super) fn is_whole(&self) -> bool {
        let kinds: Vec<&str> = self.registration.passes.iter().copied().flatten().copied().collect();
        let is_kind = |flag: &Arg| {
            !flag.get_action().takes_values()
                || flag.is_hide_set()
                || flag.get_long().is_some_and(|long| kinds.contains(&format!("--{long}").as_str()))
        };
        let own = (self.registration.augment)(Command::new(self.registration.name));
        let is_given = |flag: &Arg| self.matches.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine);
        !own.get_arguments().any(|flag| is_given(flag) && !is_kind(flag))
    }
}

/// Why a run has no report: it left no record.
#[derive(Clone, Debug)]
pub struct Unrecorded {
    pub failure: Failure,
    /// What else went wrong, such as a receiver that could not be notified of the failure.
    pub warnings: Vec<String>,
}

impl From<Failure> for Unrecorded {
    fn from(failure: Failure) -> Self {
        Self { failure, warnings: Vec::new() }
    }
}

impl From<Error> for Unrecorded {
    fn from(error: Error) -> Self {
        Failure::from(&error).into()
    }
}
