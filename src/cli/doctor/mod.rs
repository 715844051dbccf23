//! `doctor`: checks everything that a run needs, and shows what to do where something fails.

mod clock;
mod cron;
mod database;
mod files;
mod finding;
pub mod output;
mod schedule;
mod server;
mod upstreams;

use clap::Args;

pub use self::files::references;

use self::finding::{Check, Finding, State};
use self::output::DoctorOutput;
use super::error::Error;
use super::session::Session;
use crate::exit::Exit;
use crate::store::{Location, Mode, Store};

/// What to check.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Send nothing; only look the credentials up
    #[arg(long)]
    offline: bool,
    /// Check once more in cron's environment, and show the differences; also whether the schedule is installed and kept
    #[arg(long)]
    cron: bool,
}

/// Shows every finding; the worst failure is the exit code, warnings are none.
pub fn cmd_doctor(session: &mut Session, args: &DoctorArgs) -> Result<Exit, Error> {
    let findings = examine(session, args)?;
    let mut exit = findings.iter().map(Finding::exit).fold(Exit::Ok, Exit::worst);
    let cron = args.cron.then(|| cron::repeat(&session.globals, args.offline, &findings));
    exit = cron.as_ref().map_or(exit, |cron| exit.worst(cron.exit));
    // A mail is about what is wrong.
    let is_brief = session.globals.quiet && !session.ui.is_json();
    if exit != Exit::Ok || !is_brief {
        let findings = findings.into_iter().filter(|finding| !is_brief || finding.state != State::Ok).collect();
        session.ui.output(&DoctorOutput { exit, findings, cron });
    }
    Ok(exit)
}

fn examine(session: &mut Session, args: &DoctorArgs) -> Result<Vec<Finding>, Error> {
    let is_offline = args.offline;
    let mut findings = Vec::new();
    let config = files::check_configuration(session, &mut findings);
    findings.push(Finding::ok(Check::Sqlite, Store::engine_version()));
    let Some(config) = config else { return Ok(findings) };
    let newest = match session.database(&config) {
        Ok(Location::File(path)) => database::check_database(session, &config, &path, &mut findings),
        Ok(server) => server::check_server(session, &server, &mut findings),
        Err(error) => {
            findings.push(Finding::failed(Check::Database, &error.to_failure()));
            None
        }
    };
    if args.cron {
        let database = session.database(&config).ok();
        let store = database.and_then(|path| session.open_existing(&path, Mode::ReadOnly).ok().flatten());
        findings.extend(schedule::check_schedule(&config, store.as_ref(), &session.ui.stdout_style()));
        findings.extend(schedule::check_mail(&config));
    }
    findings.extend(files::check_outputs(session, &config));
    findings.extend(files::check_secrets(&config));
    findings.extend(files::check_addresses(&config));
    let context = upstreams::context(session, is_offline);
    findings.extend(upstreams::check_credentials(&config, &context, is_offline)?);
    findings.extend(upstreams::check_mail_servers(&config, is_offline));
    findings.push(clock::check_clock(context.skew.largest(), newest, session.ui.clock().now()));
    Ok(findings)
}
