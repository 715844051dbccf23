//! `notify test`.

use clap::{Args, Subcommand};

use super::config::output::{CheckedOutput, CheckedPart, TESTED_SCHEMA};
use super::error::Error;
use super::session::{LogTo, Session};
use crate::config::NotifyKind;
use crate::exit::Exit;
use crate::run;
use crate::upstreams::Failure;

/// What to do with the receivers.
#[derive(Debug, Subcommand)]
pub enum NotifyArgs {
    /// Send a test message to the receivers of `[[monitor.notify]]`
    Test(TestArgs),
}

/// Which receivers.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Only those of this kind
    #[arg(long, value_enum)]
    kind: Option<NotifyKind>,
}

/// Sends a test message, and shows who took it.
pub fn cmd_notify(session: &mut Session, args: &NotifyArgs) -> Result<Exit, Error> {
    let NotifyArgs::Test(TestArgs { kind }) = args;
    let config = session.load_config(LogTo::FlagOnly)?;
    let parts = run::send_test(&config, *kind, session.ui.clock())?;
    if parts.is_empty() {
        let of_kind = kind.map(|kind| format!(" of kind `{}`", kind.name())).unwrap_or_default();
        return Err(Error::Usage {
            message: format!("no receiver{of_kind} is configured"),
            hint: "add one under `[[monitor.notify]]` in the file that `tongbu config path` shows".to_owned(),
        });
    }
    let output = CheckedOutput::new(&TESTED_SCHEMA, parts.into_iter().map(part).collect()).with_hints();
    session.ui.output(&output);
    Ok(output.exit)
}

fn part((name, outcome): (String, Result<(), Failure>)) -> CheckedPart {
    CheckedPart::new(name, outcome.err().into_iter().collect())
}
