//! Completion: what can follow in a shell, names from the configuration and the database included.
//!
//! The script of a shell calls this program with a variable. Nothing is written then, nothing is printed but candidates,
//! and what cannot be read has none.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, Command, Id};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use crate::clock::Clock;
use crate::config::env::{Environment, TONGBU_COMPLETE};
use crate::config::{self, Config};
use crate::store::{Mode, Store, StoreOptions, cursors};
use crate::upstreams::{self, Registration};

const PROGRAM: &str = "tongbu";

/// Whose names an argument takes.
#[derive(Clone, Copy)]
enum Names {
    /// The accounts of an upstream, or its targets.
    Accounts(&'static Registration),
    /// The regions where an upstream had a pass.
    Regions(&'static Registration),
    Locks,
    /// What can be exported.
    Exports,
}

/// Answers a shell that completes `command`; `None` where this is a run like any other.
pub fn answer(args: &[OsString], command: fn() -> Command) -> Option<ExitCode> {
    let given = args.to_vec();
    let factory = || with_names(command(), None, &given);
    let folder = std::env::current_dir().ok();
    match CompleteEnv::with_factory(factory).var(TONGBU_COMPLETE).try_complete(given.clone(), folder.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::SUCCESS),
        Err(_) => Some(ExitCode::FAILURE),
    }
}

/// The script that makes a shell call this program.
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(&shell.to_string()) {
        // Writing to memory cannot fail.
        let _ = completer.write_registration(TONGBU_COMPLETE, PROGRAM, PROGRAM, PROGRAM, &mut script);
    }
    String::from_utf8_lossy(&script).into_owned()
}

fn with_names(command: Command, outer: Option<&'static Registration>, given: &[OsString]) -> Command {
    let upstream = upstreams::find(command.get_name()).or(outer);
    let named: Vec<(Id, Names)> = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_id().clone(), names_of(arg, upstream, command.get_name())?)))
        .collect();
    let command = named.into_iter().fold(command, |command, (id, names)| {
        let given = given.to_vec();
        let candidates = move || {
            let found = candidates(names, &given).unwrap_or_default();
            found.into_iter().map(CompletionCandidate::new).collect()
        };
        command.mut_arg(id, |arg| arg.add(ArgValueCandidates::new(candidates)))
    });
    command.mut_subcommands(|subcommand| with_names(subcommand, upstream, given))
}

fn names_of(arg: &Arg, upstream: Option<&'static Registration>, command: &str) -> Option<Names> {
    match (arg.get_long(), upstream) {
        (Some("account" | "target"), Some(upstream)) => Some(Names::Accounts(upstream)),
        (Some("region" | "regions"), Some(upstream)) => Some(Names::Regions(upstream)),
        (None, _) if command == "break" && arg.get_id() == "name" => Some(Names::Locks),
        (None, _) if command == "export" && arg.get_id() == "table" => Some(Names::Exports),
        _ => None,
    }
}

fn candidates(names: Names, given: &[OsString]) -> Option<Vec<String>> {
    let file = path_after("--config", given);
    let config = config::load(file.as_deref(), &upstreams::sections(), &Environment::process()).ok()?;
    match names {
        Names::Accounts(upstream) => upstream.account_names(&config).ok(),
        Names::Exports => Some(upstreams::exports().map(|(_, exported)| exported.name.to_owned()).collect()),
        Names::Regions(upstream) => {
            let scopes =
                open(&config, given)?.read(|r| cursors::load_states(r, &format!("{}/", upstream.name))).ok()?;
            let mut regions: Vec<String> =
                scopes.iter().filter_map(|scope| Some(scope.scope.split('/').nth(2)?.to_owned())).collect();
            regions.sort();
            regions.dedup();
            Some(regions)
        }
        Names::Locks => Some(open(&config, given)?.load_locks().ok()?.into_iter().map(|lock| lock.name).collect()),
    }
}

/// The database, where there is one.
fn open(config: &Config, given: &[OsString]) -> Option<Store> {
    let database = config.locate_database(path_after("--db", given).as_deref()).ok()?.path;
    let options = StoreOptions { clock: Clock::system(), mode: Mode::ReadOnly, components: upstreams::components() };
    database.exists().then(|| Store::open(&database, options).ok())?
}

/// The value of a flag among the words so far.
fn path_after(flag: &str, given: &[OsString]) -> Option<PathBuf> {
    let place = given.iter().position(|word| word == flag)?;
    given.get(place + 1).map(PathBuf::from)
}
