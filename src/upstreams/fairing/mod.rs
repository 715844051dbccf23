//! Fairing: post-purchase survey questions and responses.

use super::{Error, Opening, PassContext, Upstream, Verified};
use crate::store::Migration;

/// The Fairing upstream, opened.
pub struct Fairing {}

/// Which accounts and kinds to read, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Only this account (may be repeated); all configured ones by default
    #[arg(long = "account", value_name = "NAME")]
    accounts: Vec<String>,
    /// Only this kind; both by default
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Only what changed since the last pass; never deletes
    #[arg(long)]
    incremental: bool,
}

/// What an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Questions,
    Responses,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl Upstream for Fairing {
    const NAME: &'static str = "fairing";
    const ABOUT: &'static str = "Survey questions and responses of every Fairing account";
    const EXAMPLES: &'static str = "  tongbu sync fairing\n  tongbu sync fairing --account shop-eu --kind responses";
    const MIGRATIONS: &'static [Migration] = &[];
    const TEMPLATE: &'static str = include_str!("template.toml");
    type Config = Config;
    type Options = Options;

    fn open(_config: Config, _opening: &Opening<'_>) -> Result<Self, Error> {
        unimplemented!()
    }

    async fn pass(&self, _options: &Options, _context: &PassContext) -> Result<(), Error> {
        unimplemented!()
    }

    async fn verify(&self) -> Vec<Verified> {
        unimplemented!()
    }
}
