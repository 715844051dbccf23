//! `douban list`.

use clap::{Args, Subcommand};

use super::error::Error;
use super::session::Session;
use crate::exit::Exit;
use crate::store::Mode;
use crate::ui::films::FilmsAnswer;
use crate::upstreams::douban::film::DetailStatus;
use crate::upstreams::douban::tables;

/// What to see of Douban's films.
#[derive(Debug, Subcommand)]
pub enum DoubanArgs {
    /// The stored films, newest first
    List(ListArgs),
}

/// Which films to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those whose details have not come: not yet asked for, refused, unreadable or gone
    #[arg(long)]
    missing_details: bool,
}

/// Answers one of the `douban` commands.
pub fn cmd_douban(session: &mut Session, args: &DoubanArgs) -> Result<Exit, Error> {
    match args {
        DoubanArgs::List(args) => cmd_list(session, args),
    }
}

fn cmd_list(session: &mut Session, args: &ListArgs) -> Result<Exit, Error> {
    session.answer_from_store(Mode::ReadOnly, FilmsAnswer(Vec::new()), |_, _, store| {
        let mut films = store.read(tables::load_films)?;
        films.retain(|film| !args.missing_details || film.detail_status != DetailStatus::Ok);
        Ok(FilmsAnswer(films))
    })
}
