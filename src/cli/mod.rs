//! The command line: arguments in, exit code out.
//!
//! One file per command: its `XArgs` and its `cmd_x`. [`command`] puts them together with a subcommand for every line of
//! the upstreams' registry, so help, completions and manual pages come from one place.

mod alerts;
mod args;
mod backup;
mod chinese;
mod command;
mod config;
mod crontab;
mod doctor;
mod error;
mod examples;
mod exit_status;
mod failure;
mod generate;
mod limits;
mod locks;
mod manual;
mod metrics;
mod notify;
mod panics;
mod records;
mod restore;
mod runs;
#[cfg(test)]
mod samples;
mod schedule;
mod schema;
mod session;
mod status;
mod sync;
mod systemd;
mod upstream;
mod usage;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

pub use self::command::command;
pub use self::error::Error;

use self::args::GlobalArgs;
use self::command::{Cli, Command};
use self::failure::ErrorOutput;
use self::session::Session;
use crate::clock::Clock;
use crate::exit::Exit;
use crate::ui::{Terminal, Ui};

/// Runs one invocation. A panic is caught: it ends as exit 1 with a hint, never as a backtrace.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = help_as_flag(args.into_iter().collect());
    panics::remember();
    let exit = std::panic::catch_unwind(|| run_caught(&args)).unwrap_or_else(|_| {
        early_ui(&args).error(&ErrorOutput { failure: &panics::failure(), holder: None });
        Exit::Internal
    });
    exit.into()
}

/// `tongbu help sync` is `tongbu sync --help`.
fn help_as_flag(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args
}

fn run_caught(args: &[OsString]) -> Exit {
    let parsed = command().try_get_matches_from(args).and_then(|matches| {
        let globals = GlobalArgs::from_arg_matches(&matches)?;
        // What is no upstream's own command is one of the program's.
        let command =
            if upstream::find(&matches).is_some() { None } else { Some(Cli::from_arg_matches(&matches)?.command) };
        Ok((matches, globals, command))
    });
    let (matches, globals, command) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage::show(error, args, &early_ui(args)),
    };
    let ui = Ui::new(globals.output_options(), Terminal::detect(), Clock::system());
    let mut session = Session::new(ui, globals);
    let ended = limits::check_open_files().and_then(|()| match (command, upstream::find(&matches)) {
        (Some(command), _) => run_command(&mut session, command),
        (None, Some(named)) => upstream::run(&mut session, &named),
        (None, None) => Ok(Exit::Ok),
    });
    let exit = ended.unwrap_or_else(|error| {
        session.ui.error(&ErrorOutput { failure: &error.to_failure(), holder: error.holder() });
        Exit::from(error.class())
    });
    if !session.ui.is_output_lost() {
        return exit;
    }
    // What a run stored is stored and recorded, even where it could not be shown.
    match session.record.get() {
        Some(record) => {
            session.ui.say_recorded(record.0);
            exit.worst(Exit::Partial)
        }
        None => exit.worst(Exit::Internal),
    }
}

fn run_command(session: &mut Session, command: Command) -> Result<Exit, Error> {
    match command {
        Command::Sync(args) => sync::cmd_sync(session, args),
        Command::Records(args) => records::cmd_records(session, args),
        Command::Locks(args) => locks::cmd_locks(session, args),
        Command::Status(args) => status::cmd_status(session, &args),
        Command::Config(args) => config::cmd_config(session, &args),
        Command::Doctor(args) => doctor::cmd_doctor(session, &args),
        Command::Backup(args) => backup::cmd_backup(session, &args),
        Command::Restore(args) => restore::cmd_restore(session, &args),
        Command::Notify(args) => notify::cmd_notify(session, &args),
        Command::Metrics => metrics::cmd_metrics(session),
        Command::Generate(args) => generate::cmd_generate(session, &args, command::command()),
    }
}

/// The [`Ui`] for what happens before, or instead of, parsing the command line.
fn early_ui(args: &[OsString]) -> Ui {
    Ui::new(usage::output_options(args), Terminal::detect(), Clock::system())
}
