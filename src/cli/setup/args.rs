//! The flags of `setup`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use crate::cli::values;
use crate::config::NotifyKind;
use crate::upstreams;

/// What to set up, and for whom.
#[derive(Debug, Args)]
pub struct SetupArgs {
    /// Configure this upstream (may be repeated)
    #[arg(long = "upstream", value_name = "NAME", value_parser = PossibleValuesParser::new(upstreams::names()))]
    pub upstreams: Vec<String>,
    /// The user the jobs run as, made where it is missing; by default `tongbu` for root, else you
    #[arg(long, value_name = "NAME", value_parser = values::user)]
    pub user: Option<String>,
    /// What starts the jobs; by default what the machine has
    #[arg(long, value_enum, value_name = "WHAT")]
    pub schedule: Option<Scheduler>,
    /// Notify a receiver of this kind of failures
    #[arg(long, value_enum, value_name = "KIND")]
    pub notify: Option<NotifyKind>,
    /// Put the files of a system below this directory, such as a package's; make no user and run nothing
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Do it without asking; a file that was changed stays as it is
    #[arg(long)]
    pub yes: bool,
    /// Only show what would be done
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Read the secrets from stdin, one a line: `NAME=VALUE`, with the name of the secret's file
    #[arg(long, requires = "yes")]
    pub secrets_stdin: bool,
}

/// What starts the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scheduler {
    Cron,
    Systemd,
    None,
}
