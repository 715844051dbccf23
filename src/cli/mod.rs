//! The command line: arguments in, exit code out.
//!
//! One file per command: its `XArgs` and its `cmd_x`. [`command`] puts them together with a subcommand for every line of
//! the upstreams' registry, so help, completions and manual pages come from one place.

mod alerts;
mod args;
mod backup;
mod changes;
mod chinese;
mod command;
mod complete;
mod config;
mod crontab;
mod database;
mod doctor;
mod error;
mod examples;
mod exit_status;
mod export;
mod failure;
mod generate;
mod installed;
mod limits;
mod list_flags;
mod locks;
mod manual;
mod metrics;
mod notify;
mod panics;
mod records;
mod report;
mod restore;
mod runs;
#[cfg(test)]
mod samples;
mod schedule;
mod schema;
mod session;
mod setup;
mod status;
mod sync;
mod systemd;
mod upstream;
mod usage;
mod values;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args as _, FromArgMatches};

pub use self::chinese::meaning as chinese_meaning;
pub use self::command::command;
pub use self::error::Error;

use self::args::GlobalArgs;
use self::command::{Cli, Command};
use self::failure::ErrorOutput;
use self::session::Session;
use crate::clock::Clock;
use crate::exit::Exit;
use crate::ui::{Terminal, Ui, log};

/// Runs one invocation. A panic is caught: it ends as exit 1 with a hint, never as a backtrace.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    panics::remember();
    // A shell is waiting for candidates, not for an explanation.
    match std::panic::catch_unwind(|| complete::answer(&args, command)) {
        Ok(None) => {}
        Ok(Some(code)) => return code,
        Err(_) => return ExitCode::FAILURE,
    }
    let args = help_as_flag(args);
    let exit = std::panic::catch_unwind(|| run_caught(&args)).unwrap_or_else(|_| {
        early_ui(&args).error(&ErrorOutput { failure: &panics::failure(), holder: None });
        Exit::Internal
    });
    exit.into()
}

/// `tongbu help sync` is `tongbu sync --help`, behind global flags too.
fn help_as_flag(mut args: Vec<OsString>) -> Vec<OsString> {
    if let Some(first) = first_word(&args).filter(|first| args[*first] == "help") {
        args.remove(first);
        args.push("--help".into());
    }
    args
}

/// The place of the first argument that is neither a flag nor the value of one.
fn first_word(args: &[OsString]) -> Option<usize> {
    let command = GlobalArgs::augment_args(clap::Command::new(""));
    let takes_value = |word: &str| {
        let mut flags = command.get_arguments().filter(|flag| flag.get_action().takes_values());
        flags.any(|flag| flag.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long)))
    };
    let mut is_value = false;
    args.iter().enumerate().skip(1).find_map(|(place, arg)| {
        let word = arg.to_str().unwrap_or_default();
        let is_found = !is_value && !word.starts_with('-');
        is_value = !is_value && takes_value(word);
        is_found.then_some(place)
    })
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
    let options = list_flags::apply(globals.output_options(), &matches);
    let ui = Ui::new(options, Terminal::detect(), Clock::system());
    let mut session = Session::new(ui, globals);
    let ended = limits::check_open_files().and_then(|()| limits::survive_large_files()).and_then(|()| {
        match (command, upstream::find(&matches)) {
            (Some(command), _) => run_command(&mut session, command),
            (None, Some(named)) => upstream::run(&mut session, &named),
            (None, None) => Ok(Exit::Ok),
        }
    });
    let exit = ended.unwrap_or_else(|error| {
        session.ui.error(&ErrorOutput { failure: &error.to_failure(), holder: error.holder() });
        Exit::from(error.class())
    });
    session.ui.check_charset();
    if let Some(lost) = log::lost_lines() {
        session.ui.warning(lost);
    }
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
        Command::Report(args) => report::cmd_report(session, &args),
        Command::Status(args) => status::cmd_status(session, &args),
        Command::Config(args) => config::cmd_config(session, &args),
        Command::Setup(args) => setup::cmd_setup(session, &args),
        Command::Doctor(args) => doctor::cmd_doctor(session, &args),
        Command::Changes(args) => changes::cmd_changes(session, &args),
        Command::Export(args) => export::cmd_export(session, &args),
        Command::Backup(args) => backup::cmd_backup(session, &args),
        Command::Restore(args) => restore::cmd_restore(session, &args),
        Command::Database(args) => database::cmd_database(session, args),
        Command::Notify(args) => notify::cmd_notify(session, &args),
        Command::Metrics => metrics::cmd_metrics(session),
        Command::Version => Ok(version::cmd_version(session)),
        Command::Generate(args) => generate::cmd_generate(session, &args, command::command()),
    }
}

/// The [`Ui`] for what happens before, or instead of, parsing the command line.
fn early_ui(args: &[OsString]) -> Ui {
    Ui::new(usage::output_options(args), Terminal::detect(), Clock::system())
}
