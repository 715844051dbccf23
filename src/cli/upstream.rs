//! The upstreams' own commands: built from the registry, run with what they need.

use clap::{ArgMatches, Args, Command};

use super::args::RunArgs;
use super::error::Error;
use super::examples;
use super::list_flags;
use super::session::{LogTo, Session};
use super::sync::output::{PassOutput, SyncOutput};
use super::sync::{attendance, explain, matches_of, run_pass};
use crate::config::Config;
use crate::exit::Exit;
use crate::run::Cancel;
use crate::store::Location;
use crate::ui::clear_bars;
use crate::upstreams::command::{Answer, CommandContext, CommandKind, CommandSpec, parse};
use crate::upstreams::{self, Registration};

/// Adds the commands of every upstream; groups of the same name become one.
pub fn augment(command: Command) -> Command {
    upstreams::commands().fold(command, add)
}

fn add(command: Command, spec: &'static CommandSpec) -> Command {
    match &spec.kind {
        CommandKind::Group { commands, .. } if command.find_subcommand(spec.name).is_some() => {
            command.mut_subcommand(spec.name, |group| commands.iter().fold(group, add))
        }
        CommandKind::Group { about, commands } => {
            let group = Command::new(spec.name).about(*about).subcommand_required(true).arg_required_else_help(true);
            command.subcommand(with_examples(commands.iter().fold(group, add), spec))
        }
        CommandKind::Command { augment, outputs, .. } => {
            let own = list_flags::augment(augment(Command::new(spec.name)), outputs);
            command.subcommand(with_examples(own, spec))
        }
        CommandKind::Pass { augment, .. } => {
            // Augmenting takes a struct's own sentence over as the command's: the command's own comes last.
            let command_of_pass = augment(RunArgs::augment_args(Command::new(spec.name)));
            command.subcommand(with_examples(command_of_pass, spec))
        }
    }
}

fn with_examples(command: Command, spec: &CommandSpec) -> Command {
    command.before_long_help(examples::headed(spec.examples))
}

/// A command of an upstream that the command line names.
pub struct Named<'a> {
    /// None where several upstreams share the command.
    registration: Option<&'static Registration>,
    spec: &'static CommandSpec,
    matches: &'a ArgMatches,
}

/// The upstream's command that these words name, if they name one.
pub fn find(matches: &ArgMatches) -> Option<Named<'_>> {
    let own = upstreams::all().map(|registration| (Some(registration), registration.commands));
    let mut all = own.chain([(None, upstreams::SHARED_COMMANDS)]);
    all.find_map(|(registration, specs)| {
        let (spec, matches) = find_below(specs, matches)?;
        Some(Named { registration, spec, matches })
    })
}

fn find_below<'a>(
    specs: &'static [CommandSpec],
    matches: &'a ArgMatches,
) -> Option<(&'static CommandSpec, &'a ArgMatches)> {
    let (name, matches) = matches.subcommand()?;
    specs.iter().filter(|spec| spec.name == name).find_map(|spec| match &spec.kind {
        CommandKind::Group { commands, .. } => find_below(commands, matches),
        CommandKind::Command { .. } | CommandKind::Pass { .. } => Some((spec, matches)),
    })
}

/// Runs it.
pub fn run(session: &mut Session, named: &Named<'_>) -> Result<Exit, Error> {
    match (&named.spec.kind, named.registration) {
        (CommandKind::Command { run, is_logged, .. }, _) => {
            let config = session.load_config(if *is_logged { LogTo::Configured } else { LogTo::FlagOnly })?;
            let database = session.database(&config)?;
            let answer = with_context(session, &config, &database, |context| run(context, named.matches))?;
            match answer {
                Answer::Output(output) => session.ui.output(output.as_ref()),
                Answer::NoDatabase(empty) => session.ui.no_database(&database, empty.as_ref()),
            }
            Ok(Exit::Ok)
        }
        (CommandKind::Pass { output, flags, refuse_dry_run, details, .. }, Some(registration)) => {
            let run_args: RunArgs = parse(named.matches)?;
            let flags = flags(named.matches)?;
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            let matches = matches_of(registration, &flags)?;
            let settings = run_args.settings(attendance(session));
            if settings.dry_run {
                refuse_dry_run(named.matches)?;
            }
            let prepared = session.prepare_run();
            let cancel = Cancel::on_signals(clear_bars).map_err(upstreams::Error::Runtime)?;
            let report = run_pass(session, registration, &matches, &prepared, settings, &cancel).map_err(Error::Run)?;
            let details = prepared.database.as_ref().map(|database| {
                with_context(session, &prepared.config, database, |context| {
                    details(context, named.matches, report.record)
                })
            });
            match details {
                Some(Ok(details)) => session.ui.output(&PassOutput { schema: output, details, report: &report }),
                Some(Err(error)) if report.exit == Exit::Ok => return Err(error.into()),
                // What a failed run did is all there is to show.
                Some(Err(_)) | None => session.ui.output(&SyncOutput(&report)),
            }
            explain(session, &report);
            Ok(report.exit)
        }
        // A group is not run, and a pass belongs to an upstream.
        (CommandKind::Group { .. } | CommandKind::Pass { .. }, _) => Ok(Exit::Ok),
    }
}

fn with_context<T>(
    session: &Session,
    config: &Config,
    database: &Location,
    work: impl FnOnce(&CommandContext<'_>) -> T,
) -> T {
    work(&CommandContext {
        config,
        database,
        clock: session.ui.clock(),
        style: &session.ui.stdout_style(),
        components: upstreams::components,
        warn: &|message: &str| session.ui.warning(message),
    })
}
