//! `generate completions | man | cron | systemd | schema`: everything that is made from the program itself.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::alerts;
use super::chinese;
use super::complete;
use super::crontab;
use super::error::Error;
use super::manual;
use super::schedule::{self, Program};
use super::schema;
use super::session::Session;
use super::systemd;
use super::values;
use crate::exit::Exit;
use crate::language::Language;

/// What to generate.
#[derive(Debug, Subcommand)]
pub enum GenerateArgs {
    /// A completion script for a shell
    Completions(CompletionsArgs),
    /// A manual page for every command
    Man(ManArgs),
    /// A system crontab of what is configured; with --config and --db where these are given
    Cron(ScheduleArgs),
    /// Units of systemd: a service template, and a timer for each job of what is configured
    Systemd(SystemdArgs),
    /// Alert rules for Prometheus: stale and failing syncs, dead letters, old queues
    Alerts,
    /// JSON Schemas of every document `--json` prints
    Schema,
}

/// Which script.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell it is for
    shell: Shell,
}

/// Where the pages go.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The directory; made where it is missing
    dir: PathBuf,
}

/// Whose jobs they are.
#[derive(Debug, Args)]
pub struct ScheduleArgs {
    /// The user the jobs run as
    #[arg(long, value_name = "NAME", default_value = "tongbu", value_parser = values::user)]
    user: String,
}

/// Whose jobs they are, and where the units go.
#[derive(Debug, Args)]
pub struct SystemdArgs {
    #[command(flatten)]
    schedule: ScheduleArgs,
    /// The directory; made where it is missing. Without one, the units are printed
    dir: Option<PathBuf>,
}

/// Runs one of the `generate` commands for that command line.
pub fn cmd_generate(session: &mut Session, args: &GenerateArgs, command: clap::Command) -> Result<Exit, Error> {
    match args {
        GenerateArgs::Completions(args) => session.ui.verbatim(&complete::script(args.shell)),
        GenerateArgs::Man(args) => {
            let pages = match session.ui.language() {
                Language::En => manual::pages(command, Exit::meaning),
                Language::Zh => chinese::manual_pages(command),
            };
            write_files(&args.dir, pages)?;
        }
        GenerateArgs::Cron(args) => {
            let program = Program::of(session)?;
            let groups = schedule::groups(&session.config_if_any()?);
            session.ui.verbatim(&crontab::render(&groups, &program, &args.user));
        }
        GenerateArgs::Systemd(args) => cmd_systemd(session, args)?,
        GenerateArgs::Alerts => {
            let rules = alerts::render(&session.config_if_any()?)?;
            session.ui.verbatim(&rules);
        }
        GenerateArgs::Schema => session.ui.verbatim(&schema::render_all()),
    }
    Ok(Exit::Ok)
}

fn cmd_systemd(session: &mut Session, args: &SystemdArgs) -> Result<(), Error> {
    let config = session.config_if_any()?;
    let units = systemd::render(&config, &schedule::groups(&config), &Program::of(session)?, &args.schedule.user)?;
    if let Some(dir) = &args.dir {
        return write_files(dir, units);
    }
    let headed = units.into_iter().map(|(name, text)| format!("# /etc/systemd/system/{name}\n{text}"));
    session.ui.verbatim(&headed.collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// Each by its path below the directory.
fn write_files(directory: &Path, files: impl IntoIterator<Item = (String, impl AsRef<[u8]>)>) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    fs::create_dir_all(directory).map_err(failed(directory))?;
    for (name, content) in files {
        let path = directory.join(name);
        let folder = path.parent().unwrap_or(directory);
        fs::create_dir_all(folder).map_err(failed(folder))?;
        fs::write(&path, content).map_err(failed(&path))?;
    }
    Ok(())
}
