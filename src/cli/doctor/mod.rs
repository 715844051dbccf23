//! `doctor`: checks everything that a run needs, and shows what to do where something fails.

mod clock;
mod cron;
mod database;
mod files;
mod finding;
pub mod output;
mod upstreams;

use clap::Args;

use self::finding::{Check, Finding};
use self::output::DoctorOutput;
use super::error::Error;
use super::session::Session;
use crate::exit::Exit;
use crate::store::Store;

/// What to check.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Send nothing; only look the credentials up
    #[arg(long)]
    offline: bool,
    /// Check once more in cron's environment, and show the differences
    #[arg(long)]
    cron: bool,
}

/// Shows every finding; the worst failure is the exit code, warnings are none.
pub fn cmd_doctor(session: &mut Session, args: &DoctorArgs) -> Result<Exit, Error> {
    let findings = examine(session, args.offline)?;
    let mut exit = findings.iter().map(Finding::exit).fold(Exit::Ok, Exit::worst);
    let cron = args.cron.then(|| cron::repeat(&session.globals, args.offline, &findings));
    exit = cron.as_ref().map_or(exit, |cron| exit.worst(cron.exit));
    if exit != Exit::Ok || !session.globals.quiet || session.ui.is_json() {
        session.ui.output(&DoctorOutput { exit, findings, cron });
    }
    Ok(exit)
}

fn examine(session: &mut Session, is_offline: bool) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    let config = files::check_configuration(session, &mut findings);
    findings.push(Finding::ok(Check::Sqlite, Store::engine_version()));
    let Some(config) = config else { return Ok(findings) };
    let newest = match session.database(&config) {
        Ok(database) => database::check_database(session, &database, &mut findings),
        Err(error) => {
            findings.push(Finding::failed(Check::Database, &error.to_failure()));
            None
        }
    };
    findings.extend(files::check_outputs(session, &config));
    findings.extend(files::check_secrets(&config));
    let context = upstreams::context(session, is_offline);
    findings.extend(upstreams::check_credentials(&config, &context, is_offline)?);
    findings.push(clock::check_clock(context.skew.largest(), newest, session.ui.clock().now()));
    Ok(findings)
}
