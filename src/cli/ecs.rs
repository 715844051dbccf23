//! `ecs list | changes`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::error::Error;
use super::session::Session;
use super::values::{self, Since};
use crate::exit::Exit;
use crate::store::Mode;
use crate::ui::ecs::{ChangesAnswer, InstancesAnswer};
use crate::upstreams::ecs::instance::Status;
use crate::upstreams::ecs::tables::{ChangeFilter, InstanceFilter, load_changes, load_instances};

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum EcsArgs {
    /// The instances that are stored
    List(ListArgs),
    /// What changed, instance by instance and field by field
    Changes(ChangesArgs),
}

/// Which instances to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(Status::ALL.map(Status::name)))]
    status: Option<String>,
    /// Only those with this tag (may be repeated)
    #[arg(long = "tag", value_name = "KEY[=VALUE]", value_parser = tag)]
    tags: Vec<(String, Option<String>)>,
}

/// Which changes to list.
#[derive(Debug, Args)]
pub struct ChangesArgs {
    /// Only of this instance
    #[arg(value_name = "ID")]
    instance: Option<String>,
    /// Only those told since: 7d, 2025-10-24
    #[arg(long, value_name = "DUR|DATE", value_parser = values::since)]
    since: Option<Since>,
}

/// Answers one of the `ecs` commands.
pub fn cmd_ecs(session: &mut Session, args: EcsArgs) -> Result<Exit, Error> {
    match args {
        EcsArgs::List(ListArgs { account, region, status, tags }) => {
            session.answer_from_store(Mode::ReadOnly, InstancesAnswer(Vec::new()), |_, _, store| {
                let filter = InstanceFilter { account, region, status, tags };
                Ok(InstancesAnswer(store.read(|r| load_instances(r, &filter))?))
            })
        }
        EcsArgs::Changes(ChangesArgs { instance, since }) => {
            session.answer_from_store(Mode::ReadOnly, ChangesAnswer(Vec::new()), |session, _, store| {
                let since = since.map(|since| since.resolve(session.ui.clock().now(), session.ui.zone()));
                let filter = ChangeFilter { instance, since, record: None };
                Ok(ChangesAnswer(store.read(|r| load_changes(r, &filter))?))
            })
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a parser that may fail")]
fn tag(text: &str) -> Result<(String, Option<String>), String> {
    let pair = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
    Ok((pair.0.to_owned(), pair.1.map(str::to_owned)))
}
