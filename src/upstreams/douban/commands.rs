//! `douban list`.

use clap::Args;

use super::parsed::SOURCE;
use crate::present::{DocumentSchema, ListingSpec};
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext, CommandSpec, PartArgs};
use crate::upstreams::films::{self, film::Film};

pub const COMMANDS: &[CommandSpec] = &[CommandSpec::group(
    "douban",
    "The films that came from Douban",
    "  tongbu douban list\n  tongbu douban list --missing-details",
    &[CommandSpec::command::<ListArgs>()],
)];

/// The stored films, newest first
#[derive(Debug, Args)]
struct ListArgs {
    /// Only films without details: never fetched, blocked, unreadable or gone
    #[arg(long)]
    missing_details: bool,
    #[command(flatten)]
    part: PartArgs,
}

impl Command for ListArgs {
    const NAME: &'static str = "list";
    const EXAMPLES: &'static str = "  tongbu douban list\n  tongbu douban list --missing-details --json";
    const OUTPUTS: &'static [DocumentSchema] = &[Film::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        films::list(context, Some(SOURCE), self.missing_details, self.part)
    }
}
