//! `backup FILE`.

use std::path::PathBuf;

use clap::Args;

use super::error::Error;
use super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::store::Store;
use crate::ui::notices::BackupAnswer;

/// Where the copy goes.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The copy; must not exist yet
    file: PathBuf,
}

/// Copies the database, which others may write meanwhile.
pub fn cmd_backup(session: &mut Session, args: &BackupArgs) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = session.database(&config)?;
    let byte_count = Store::back_up(&database, &args.file)?;
    session.ui.answer(&BackupAnswer { path: args.file.clone(), byte_count });
    Ok(Exit::Ok)
}
