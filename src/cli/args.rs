//! The flags that many commands share.

use std::path::PathBuf;

use clap::Args;

use super::values::{self, Limit};
use crate::language::Language;
use crate::run::{Flags, OnLock, Settings};
use crate::store::Trigger;
use crate::ui::OutputOptions;

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The database file
    #[arg(long, global = true, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing on success
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log to stderr; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// No progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// The language of tables and summaries; by the locale by default
    #[arg(long, global = true, value_parser = values::Languages, value_name = "LANG")]
    pub lang: Option<Language>,
}

impl GlobalArgs {
    /// How they want the output.
    pub fn output_options(&self) -> OutputOptions {
        OutputOptions {
            json: self.json,
            quiet: self.quiet,
            verbosity: self.verbose,
            no_progress: self.no_progress,
            lang: self.lang,
            ..OutputOptions::default()
        }
    }
}

/// What every sync takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Run options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate flag")]
pub struct RunArgs {
    /// Fetch, compare and show, but write nothing
    #[arg(long)]
    dry_run: bool,
    /// Ignore the minimum interval and a pause that the upstream requested
    #[arg(long)]
    force: bool,
    /// When another run holds a lock: fail, skip, wait or wait=DUR
    #[arg(long, value_name = "WHAT", default_value = "fail", value_parser = values::on_lock)]
    on_lock: OnLock,
    /// End the run after this time, `none` for no limit; what was committed stays
    #[arg(long, value_name = "DUR", default_value = "1h", value_parser = values::limit)]
    max_runtime: Limit,
    /// Who started it; manual on a terminal by default, else auto
    #[arg(long, value_enum, value_name = "WHO")]
    trigger: Option<Trigger>,
    /// Exit 0 instead of 3 when some items or scopes failed
    #[arg(long)]
    allow_partial: bool,
    /// Allow up to this many deletions in each scope that a guard would withhold
    #[arg(long, value_name = "N")]
    accept_deletes: Option<u64>,
    /// Exit 9 when nothing changed
    #[arg(long)]
    error_on_no_change: bool,
    /// Write the metrics' text here after the run
    #[arg(long, value_name = "PATH")]
    metrics_file: Option<PathBuf>,
}

impl RunArgs {
    /// The settings of the run; `attended` is who started it where no flag says so.
    pub fn settings(&self, attended: Trigger) -> Settings {
        Settings {
            trigger: self.trigger.unwrap_or(attended),
            flags: Flags { force: self.force, on_lock: self.on_lock, accept_deletes: self.accept_deletes },
            dry_run: self.dry_run,
            max_runtime: self.max_runtime.0,
            allow_partial: self.allow_partial,
            error_on_no_change: self.error_on_no_change,
            metrics_file: self.metrics_file.clone(),
        }
    }
}
