//! Compute instances of cloud accounts: every account and region is a scope, compared field by field with what is stored.
//!
//! Reading order: [`instance`] (what a row is), [`diff`] (what changed), [`regions`] (what is due), [`statuses`] and [`disks`] (the follow-ups), [`provider`] (the clouds' calls), [`tables`]; then
//! what puts them to work: `api` (the network), `account`, `pass` (one scope), `scopes` (which are due).

mod account;
mod api;
mod commands;
pub mod config;
pub mod diff;
pub mod disks;
pub mod instance;
mod pass;
pub mod provider;
pub mod regions;
mod scopes;
pub mod statuses;
pub mod tables;

use std::sync::Arc;

use self::account::AccountHandle;
use self::api::Api;
pub use self::config::Config;
use self::pass::Mode;
use self::scopes::fetch_scopes;
use super::accounts::{self, Accounts};
use super::command::CommandSpec;
use super::{ChangesOf, Error, Job, Opening, PassContext, Schedule, Upstream, Verified};
use crate::store::Migration;

/// The cloud accounts, opened.
pub struct Ecs {
    config: Config,
    accounts: Accounts<Arc<AccountHandle>>,
}

/// Which accounts and regions to read, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Only this account (may be repeated); all enabled ones by default
    #[arg(long = "account", value_name = "NAME")]
    accounts: Vec<String>,
    /// Only these regions; the account's own list by default, else all it has
    #[arg(long, value_name = "R1,R2", value_delimiter = ',')]
    regions: Vec<String>,
    /// List disks only where an instance is new or differs
    #[arg(long, conflicts_with = "status_only")]
    incremental: bool,
    /// Only update the statuses of the instances that are stored
    #[arg(long)]
    status_only: bool,
}

impl Options {
    const fn mode(&self) -> Mode {
        if self.status_only {
            Mode::StatusOnly
        } else if self.incremental {
            Mode::Incremental
        } else {
            Mode::Full
        }
    }
}

impl Upstream for Ecs {
    const NAME: &'static str = "ecs";
    const ABOUT: &'static str = "Compute instances of every cloud account, region by region";
    const EXAMPLES: &'static str = "  tongbu sync ecs
  tongbu sync ecs --account prod --regions cn-hangzhou,cn-beijing
  tongbu sync ecs --incremental --on-lock skip
  tongbu sync ecs --status-only";
    const MIGRATIONS: &'static [Migration] = tables::MIGRATIONS;
    const TEMPLATE: &'static str = include_str!("template.toml");
    const CHINESE: &'static str = include_str!("chinese.toml");
    const COMMANDS: &'static [CommandSpec] = commands::COMMANDS;
    const CHANGES: Option<ChangesOf> = Some(commands::changes_of);
    const SCHEDULE: Schedule = Schedule {
        about: "Compute instances of cloud accounts: hourly, with the disks of what changed; once a day everything is \
                read anew.",
        jobs: &[
            Job { name: "", times: "17 0-3,5-23 * * *", flags: &["--incremental"] },
            Job { name: "full", times: "17 4 * * *", flags: &[] },
        ],
    };
    type Config = Config;
    type Options = Options;

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        config.validate()?;
        let accounts = Accounts::open(Self::NAME, &config.accounts, |account, _| {
            Ok(Arc::new(AccountHandle::new(account.clone(), Api::open(account.open()?, &config, opening)?)))
        })?;
        Ok(Self { config, accounts })
    }

    fn check(&self) -> Result<(), Error> {
        self.accounts.check()
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let accounts = self.accounts.select(&options.accounts)?;
        let works = fetch_scopes(accounts, &options.regions, options.mode(), &self.config, context);
        // As many again may compare and save: regions that begin together come to that together, too.
        context.scopes_as_they_come(works, self.config.concurrency.saturating_mul(2)).await
    }

    async fn verify(&self) -> Vec<Verified> {
        accounts::verify(self.accounts.iter(), |_, account| async { account.api.fetch_regions().await.map(drop) }).await
    }
}
