//! The whole command line, put together.

use clap::{CommandFactory, Parser, Subcommand};

use super::args::GlobalArgs;
use super::backup::BackupArgs;
use super::changes::ChangesArgs;
use super::config::ConfigArgs;
use super::database::DatabaseArgs;
use super::doctor::DoctorArgs;
use super::examples;
use super::exit_status::exit_status;
use super::export::ExportArgs;
use super::generate::GenerateArgs;
use super::list_flags;
use super::locks::LocksArgs;
use super::notify::NotifyArgs;
use super::records::RecordsArgs;
use super::report::ReportArgs;
use super::restore::RestoreArgs;
use super::schema;
use super::setup::SetupArgs;
use super::status::StatusArgs;
use super::sync::SyncArgs;
use super::upstream;
use super::version;
use crate::exit::Exit;

const ABOUT: &str = "One-shot sync passes into a local SQLite file, safe to schedule";

/// Help in the order a person needs it: what, examples, usage, options, exit status.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The parsed command line.
#[derive(Parser)]
#[command(name = "tongbu", version, long_version = version::with_commit(), about = ABOUT, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub globals: GlobalArgs,
}

/// The command that the first word names.
#[derive(Subcommand)]
pub enum Command {
    /// Make one sync pass
    #[command(subcommand, arg_required_else_help = true)]
    Sync(SyncArgs),
    /// Past runs: what each did, and statistics
    #[command(subcommand, arg_required_else_help = true)]
    Records(RecordsArgs),
    /// Locks and their holders
    #[command(subcommand, arg_required_else_help = true)]
    Locks(LocksArgs),
    /// State of each sync
    Status(StatusArgs),
    /// The state of everything on one page: health, trends, what changed, what expires
    Report(ReportArgs),
    /// The configuration file
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigArgs),
    /// Set up the user, folders, configuration, secrets and schedule: shows what it would do, asks, then does it
    Setup(SetupArgs),
    /// Check everything that a run needs
    Doctor(DoctorArgs),
    /// Which rows the syncs changed, and how where that is kept
    Changes(ChangesArgs),
    /// Write a table or a view as CSV or JSON lines, of any length
    Export(ExportArgs),
    /// Write a consistent copy of the database, checked and flushed, while others may write
    Backup(BackupArgs),
    /// Put a backup in the place of the database, which is kept aside
    Restore(RestoreArgs),
    /// Databases as a whole
    #[command(subcommand, arg_required_else_help = true)]
    Database(DatabaseArgs),
    /// Messages to people about failures
    #[command(subcommand, arg_required_else_help = true)]
    Notify(NotifyArgs),
    /// State of each sync, as text for Prometheus
    Metrics,
    /// Generate completions, manual pages, schedules and JSON Schemas
    #[command(subcommand, arg_required_else_help = true)]
    Generate(GenerateArgs),
    /// The version of this program, with its commit
    Version,
}

/// The command with all its subcommands, its help in one form throughout.
pub fn command() -> clap::Command {
    apply_help(upstream::augment(Cli::command()), "", &exit_status("Exit status", Exit::meaning))
}

fn apply_help(command: clap::Command, words: &str, exit_status: &str) -> clap::Command {
    let command = list_flags::augment(command, &schema::of_command(words));
    let mut command = command.help_template(TEMPLATE).after_long_help(exit_status.to_owned());
    if let Some(examples) = examples::of(words) {
        command = command.before_long_help(examples::headed(&examples));
    }
    command.mut_subcommands(|subcommand| {
        let words = format!("{words} {}", subcommand.get_name());
        apply_help(subcommand, words.trim_start(), exit_status)
    })
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
