//! `sync <upstream>` and `sync all`.

mod failed;
pub mod output;
mod whole;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

use self::failed::{FailedRun, UnrecordedRun};
use self::output::{Part, SyncAllOutput, SyncOutput};
pub use self::whole::ALL;
use self::whole::{ALL_ABOUT, WHOLE};
use super::args::RunArgs;
use super::error::Error;
use super::examples;
use super::failure::ErrorOutput;
use super::session::{Prepared, Session};
use crate::exit::Exit;
use crate::run::{self, Cancel, Invocation, Report, Settings, Unrecorded};
use crate::store::{Mode, Trigger};
use crate::ui::clear_bars;
use crate::upstreams::{self, Failure, Registration};

/// What to sync: a subcommand for every line of the registry, and `all`.
pub struct SyncArgs {
    target: Target,
    run: RunArgs,
}

enum Target {
    One { registration: &'static Registration, matches: ArgMatches },
    All,
}

impl Subcommand for SyncArgs {
    fn augment_subcommands(command: Command) -> Command {
        // Augmenting takes a struct's own sentence over as the command's: what it is about comes last.
        let one = |registration: &Registration| {
            RunArgs::augment_args((registration.augment)(Command::new(registration.name)))
                .about(registration.about)
                .before_long_help(examples::headed(registration.examples))
        };
        let all = RunArgs::augment_args(Command::new(ALL)).about(ALL_ABOUT);
        command.subcommands(upstreams::all().map(one)).subcommand(all)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        name == ALL || upstreams::find(name).is_some()
    }
}

impl FromArgMatches for SyncArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (name, matches) =
            matches.subcommand().ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingSubcommand))?;
        let target = upstreams::find(name)
            .map_or(Target::All, |registration| Target::One { registration, matches: matches.clone() });
        Ok(Self { target, run: RunArgs::from_arg_matches(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Makes the run, or all of them, and shows the report.
pub fn cmd_sync(session: &mut Session, args: SyncArgs) -> Result<Exit, Error> {
    let settings = args.run.settings(attendance(session));
    match args.target {
        Target::One { registration, matches } => sync_one(session, registration, &matches, settings),
        Target::All => sync_all(session, &settings),
    }
}

/// Who starts a run when no flag says so.
pub fn attendance(session: &Session) -> Trigger {
    if session.ui.terminal().is_attended() { Trigger::Manual } else { Trigger::Auto }
}

/// The matches of a pass with these flags; flags that every run has are taken too.
pub fn matches_of(registration: &Registration, flags: &[&str]) -> Result<ArgMatches, upstreams::Error> {
    let command = RunArgs::augment_args((registration.augment)(Command::new(registration.name).no_binary_name(true)));
    command.try_get_matches_from(flags).map_err(|error| upstreams::Error::Usage {
        message: format!("`sync {}` cannot run without more flags", registration.name),
        hint: Some(error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ")),
    })
}

fn sync_one(
    session: &mut Session,
    registration: &'static Registration,
    matches: &ArgMatches,
    settings: Settings,
) -> Result<Exit, Error> {
    let prepared = session.prepare_run();
    let cancel = Cancel::on_signals(clear_bars).map_err(upstreams::Error::Runtime)?;
    let report = run_pass(session, registration, matches, &prepared, settings, &cancel).map_err(Error::Run)?;
    session.ui.output(&SyncOutput(&report));
    explain(session, &report);
    Ok(report.exit)
}

/// Makes one pass. An error: it left no record.
pub fn run_pass(
    session: &Session,
    registration: &'static Registration,
    matches: &ArgMatches,
    prepared: &Prepared,
    settings: Settings,
    cancel: &Cancel,
) -> Result<Report, Failure> {
    let ran = run::execute(Invocation {
        registration,
        matches,
        config: &prepared.config,
        database: prepared.database.as_ref(),
        fault: prepared.fault.clone(),
        settings,
        observer: session.ui.observer(),
        cancel: cancel.clone(),
    });
    session.record.set(ran.as_ref().ok().map(|report| report.record));
    ran.map_err(|Unrecorded { failure, warnings }| {
        for warning in &warnings {
            session.ui.warning(warning);
        }
        failure
    })
}

fn sync_all(session: &mut Session, settings: &Settings) -> Result<Exit, Error> {
    let mut prepared = session.prepare_run();
    let mut configured: Vec<_> = upstreams::all().filter(|known| known.is_in_use(&prepared.config)).collect();
    if configured.is_empty() {
        prepared.fault.get_or_insert_with(|| Error::NothingConfigured.to_failure());
        configured = session.guess_upstreams(prepared.database.as_ref());
    }
    // Where nothing has run before, the sync of all is what fails, until something is configured.
    let is_nothing = configured.is_empty();
    if is_nothing || (prepared.fault.is_none() && session.is_failing(ALL, prepared.database.as_ref())) {
        configured.insert(0, &WHOLE);
    }
    let cancel = Cancel::on_signals(clear_bars).map_err(upstreams::Error::Runtime)?;
    if is_nothing {
        // It is recorded and reported, where there is a database or a receiver; there is nothing to show but why.
        let monitor = &prepared.config.settings().monitor;
        let is_new = prepared
            .database
            .as_ref()
            .is_none_or(|place| matches!(session.open_existing(place, Mode::ReadOnly), Ok(None)));
        if is_new && monitor.ping_url.is_none() && monitor.notify.is_empty() {
            return Err(prepared.fault.map_or(Error::NothingConfigured, Error::Run));
        }
        run_pass(session, &WHOLE, &matches_of(&WHOLE, &[])?, &prepared, settings.clone(), &cancel)
            .map_err(Error::Run)?;
        return Err(prepared.fault.map_or(Error::NothingConfigured, Error::Run));
    }
    let mut output = SyncAllOutput { exit: Exit::Ok, runs: Vec::new() };
    let mut said = None;
    let passes = configured.iter().flat_map(|known| known.passes.iter().map(move |flags| (*known, *flags)));
    for (registration, flags) in passes {
        if cancel.token().is_cancelled() {
            break;
        }
        let matches = matches_of(registration, flags)?;
        let sync_type = (registration.sync_type)(&matches)?;
        let run = run_pass(session, registration, &matches, &prepared, settings.clone(), &cancel);
        output.exit = output.exit.worst(exit_of(&run));
        match &run {
            Ok(report) => {
                session.ui.part(&SyncOutput(report));
                explain(session, report);
            }
            Err(failure) => {
                let is_said = said.as_ref() == Some(failure);
                session.ui.explain(&UnrecordedRun { sync: registration.name, sync_type, failure, is_said });
                said = Some(failure.clone());
            }
        }
        output.runs.push(Part { sync: registration.name, sync_type, run });
    }
    session.ui.output(&output);
    Ok(output.exit)
}

fn exit_of(run: &Result<Report, Failure>) -> Exit {
    match run {
        Ok(report) => report.exit,
        Err(failure) => Exit::from(failure.class),
    }
}

/// Why the run is no success. With `-q` nothing else is shown of it, so this is all of it, and its warnings.
pub fn explain(session: &Session, report: &Report) {
    if session.ui.is_quiet() {
        session.ui.explain(&FailedRun(report));
    } else if let Some(failure) = report.failure.as_ref().filter(|_| report.exit != Exit::Ok) {
        session.ui.explain(&ErrorOutput { failure, holder: report.holder.as_ref() });
    }
}
