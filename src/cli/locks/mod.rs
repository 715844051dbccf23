//! `locks list | clean | break`.

pub mod output;

use clap::{Args, Subcommand};

use self::output::CleanedOutput;
use super::error::Error;
use super::examples;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::present::Listing;
use crate::store::Mode;

/// What to do with locks.
#[derive(Debug, Subcommand)]
pub enum LocksArgs {
    /// List held and stale locks
    List(ListArgs),
    /// Release the locks of dead runs, and mark these runs as interrupted
    Clean(CleanArgs),
    /// Take a lock from its holder, whose next write is then refused
    Break(BreakArgs),
}

/// Which locks to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Also list locks that nobody holds
    #[arg(long)]
    all: bool,
}

/// How to clean.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Only show what would be cleaned
    #[arg(long)]
    dry_run: bool,
}

/// Which lock to break.
#[derive(Debug, Args)]
pub struct BreakArgs {
    #[arg(help = examples::fill("The lock's name, such as {scope}"))]
    name: String,
    /// The token that `locks list` shows; a lock with a newer token stays
    #[arg(long, value_name = "N")]
    token: i64,
}

/// Runs one of the `locks` commands.
pub fn cmd_locks(session: &mut Session, args: LocksArgs) -> Result<Exit, Error> {
    match args {
        LocksArgs::List(args) => cmd_list(session, &args),
        LocksArgs::Clean(args) => cmd_clean(session, &args),
        LocksArgs::Break(args) => cmd_break(session, &args),
    }
}

fn cmd_list(session: &mut Session, args: &ListArgs) -> Result<Exit, Error> {
    session.output_from_store(Mode::ReadOnly, &Listing::new(Vec::new()), |_, _, store| {
        let mut locks = store.load_locks()?;
        locks.retain(|lock| args.all || !lock.released);
        Ok(Listing::new(locks))
    })
}

fn cmd_clean(session: &mut Session, args: &CleanArgs) -> Result<Exit, Error> {
    let mode = if args.dry_run { Mode::DryRun } else { Mode::ReadWrite };
    let is_dry_run = args.dry_run;
    session.output_from_store(mode, &CleanedOutput { cleaned: Vec::new(), is_dry_run }, |_, _, store| {
        Ok(CleanedOutput { cleaned: store.clean_locks()?, is_dry_run })
    })
}

fn cmd_break(session: &mut Session, args: &BreakArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let store = session.open_existing(&database, Mode::ReadWrite)?;
    let broken = store.map(|store| store.break_lock(&args.name, args.token)).transpose()?.flatten();
    let holder = broken.ok_or_else(|| Error::Usage {
        message: format!("nobody holds the lock `{}` with token {}", args.name, args.token),
        hint: "see names and tokens with `tongbu locks list`".to_owned(),
    })?;
    session.ui.output(&output::broken(&holder, &session.ui.stdout_style()));
    Ok(Exit::Ok)
}
