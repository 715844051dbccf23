//! `check users`.

use clap::{Args, Subcommand};

use super::args::RunArgs;
use super::error::Error;
use super::session::{LogTo, Session};
use super::sync::{attendance, explain, matches_of};
use crate::exit::Exit;
use crate::run::{self, Cancel, Invocation};
use crate::store::{self, Mode};
use crate::ui::check::UsersCheckAnswer;
use crate::upstreams;
use crate::upstreams::Upstream as _;
use crate::upstreams::users::findings::{load_checked, load_findings};
use crate::upstreams::users::{self, Users};

/// More findings than these are counted, not listed; the table `user_findings` has them all.
const LISTED_FINDINGS: u64 = 1000;

/// What to compare.
#[derive(Debug, Subcommand)]
pub enum CheckArgs {
    /// Every target with the local users: who is missing there, different, or there without being here
    Users(CheckUsersArgs),
}

/// What to do with what is found.
#[derive(Debug, Args)]
pub struct CheckUsersArgs {
    /// Enqueue an event for each difference, to that target only; `tongbu sync users` delivers them
    #[arg(long)]
    repair: bool,
    /// Only this target (may be repeated); all that are enabled by default
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    #[command(flatten)]
    run: RunArgs,
}

/// Answers one of the `check` commands.
pub fn cmd_check(session: &mut Session, args: CheckArgs) -> Result<Exit, Error> {
    match args {
        CheckArgs::Users(args) => cmd_check_users(session, &args),
    }
}

/// A check is a run like any other: recorded, locked, ended by signals.
fn cmd_check_users(session: &mut Session, args: &CheckUsersArgs) -> Result<Exit, Error> {
    let settings = args.run.settings(attendance(session));
    if settings.dry_run {
        return Err(Error::Usage {
            message: "`check users` has no rehearsal".to_owned(),
            hint: "leave out `--repair`: then it changes nothing anywhere".to_owned(),
        });
    }
    let config = session.load_config(LogTo::Configured)?;
    let database = session.database(&config)?;
    let registration = upstreams::find(Users::NAME).ok_or(Error::NothingConfigured)?;
    let mut flags = vec!["--check"];
    if args.repair {
        flags.push("--repair");
    }
    flags.extend(args.targets.iter().flat_map(|target| ["--target", target.as_str()]));
    let matches = matches_of(registration, &flags)?;
    let report = run::execute(Invocation {
        registration,
        matches: &matches,
        config: &config,
        database: &database,
        settings,
        observer: session.ui.observer(),
        cancel: Cancel::on_signals().map_err(run::Error::Runtime)?,
    })?;
    let mut names = config.section::<users::Config>(Users::NAME)?.target_names();
    names.retain(|name| args.targets.is_empty() || args.targets.contains(name));
    let (checked, mut findings) = session.open(&database, Mode::ReadOnly)?.read(|r| {
        let checked = names.iter().map(|name| load_checked(r, name)).collect::<Result<Vec<_>, store::Error>>()?;
        Ok::<_, store::Error>((checked, load_findings(r, LISTED_FINDINGS)?))
    })?;
    findings.retain(|finding| names.contains(&finding.target));
    session.ui.answer(&UsersCheckAnswer {
        report: &report,
        checked: checked.into_iter().flatten().collect(),
        findings,
    });
    explain(session, &report);
    Ok(report.exit)
}
