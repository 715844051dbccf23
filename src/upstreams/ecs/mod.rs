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
mod exports;
mod history;
pub mod instance;
mod instances;
mod pass;
pub mod provider;
pub mod regions;
mod report;
pub mod resources;
mod rows;
mod scopes;
pub mod statuses;
pub mod tables;
pub mod types;

use std::sync::Arc;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;

use self::account::AccountHandle;
use self::api::{Api, RegionApi};
pub use self::config::Config;
use self::regions::Region;
use self::resources::Resource;
use self::rows::Mode;
use self::scopes::{Wanted, sync_accounts};
use super::accounts::{self, Account, AccountSettings, Accounts};
use super::adaptive::Bounds;
use super::command::CommandSpec;
use super::exported::Exported;
use super::row_changes::ChangeSource;
use super::{Aspect, Caution, ChangesOf, Error, Job, Opening, PassContext, Schedule, SectionsOf, Upstream, Verified};
use crate::error::{Class, full_message};
use crate::store::history::LevelsOf;
use crate::store::records::PruneOf;
use crate::store::{Component, Migration};

/// What only passes with `--status-only` call.
const STATUS_ACTIONS: [&str; 2] = ["DescribeInstanceStatus", "DescribeInstancesStatus"];

/// The cloud accounts, opened.
pub struct Ecs {
    config: Config,
    accounts: Accounts<Arc<AccountHandle>>,
}

/// Which accounts and regions to read, and how.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line")]
pub struct Options {
    /// Only this account (may be repeated); all enabled ones by default
    #[arg(long = "account", value_name = "NAME")]
    accounts: Vec<String>,
    /// Only these regions; the account's own list by default, else all it has
    #[arg(long, value_name = "R1,R2", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    regions: Vec<String>,
    /// Only these kinds of resource; those of the account by default
    #[arg(long = "resource", value_name = "KIND", value_delimiter = ',', value_enum)]
    resources: Vec<Resource>,
    /// List disks, tags and the like only where a row is new or differs
    #[arg(long, conflicts_with = "status_only")]
    incremental: bool,
    /// Only update the statuses of the instances that are stored
    #[arg(long)]
    status_only: bool,
    /// Look less often at regions where nothing changed for long, whatever the configuration says
    #[arg(long, requires = "incremental", overrides_with = "no_adaptive")]
    adaptive: bool,
    /// Look at every region each time, whatever the configuration says
    #[arg(long, overrides_with = "adaptive")]
    no_adaptive: bool,
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

    /// How often a quiet scope is looked at; `None`: each time.
    fn bounds(&self, config: &Config) -> Option<Bounds> {
        let is_wanted = (config.adaptive || self.adaptive) && !self.no_adaptive;
        (is_wanted && self.regions.is_empty() && self.mode() == Mode::Incremental).then(|| config.bounds())
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
    const VIEWS: Option<Component> = Some(exports::VIEWS);
    const HAS_OWN_ROWS: bool = true;
    const CHANGE_SOURCES: &'static [ChangeSource] = exports::CHANGE_SOURCES;
    const EXPORTS: &'static [Exported] = exports::EXPORTS;
    const TEMPLATE: &'static str = include_str!("template.toml");
    const STARTER: &'static str = include_str!("starter.toml");
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
    const REPORT: Option<SectionsOf> = Some(report::sections);
    const LEVELS: Option<LevelsOf> = Some(history::levels);
    const PRUNE_CHANGES: &'static [PruneOf] = &[history::delete_changes, history::delete_resource_changes];
    type Config = Config;
    type Options = Options;

    fn is_in_use(config: &Config) -> bool {
        config.accounts.iter().any(AccountSettings::is_enabled)
    }

    fn min_interval(config: &Config) -> Option<Duration> {
        config.adaptive.then_some(config.max_interval.0)
    }

    fn adaptive(config: &Config) -> Option<Bounds> {
        config.adaptive.then(|| config.bounds())
    }

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        config.validate()?;
        let accounts = Accounts::open(Self::NAME, &config.accounts, |account, _| {
            let qps = account.qps.or_else(|| account.provider.cloud().default_qps()).unwrap_or(config.qps);
            let api = Api::open(account.open()?, qps, &config.http, opening)?;
            Ok(Arc::new(AccountHandle::new(account.clone(), api)))
        })?;
        Ok(Self { config, accounts })
    }

    fn check(&self) -> Result<(), Error> {
        self.accounts.check()
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let accounts = self.accounts.select(&options.accounts)?;
        refuse_unknown_kinds(&accounts, options)?;
        let Options { regions, resources, .. } = options;
        let wanted = Wanted { regions, resources, mode: options.mode(), adaptive: options.bounds(&self.config) };
        sync_accounts(accounts, wanted, &self.config, context).await
    }

    async fn verify(&self) -> Vec<Verified> {
        let regions = accounts::verify(self.accounts.iter(), |_, account| async {
            account.api.fetch_regions().await.map(|regions| account.keep_unsaved(&regions))
        });
        let mut verified = regions.await;
        for account in self.accounts.iter().filter_map(|account| account.opened().ok()) {
            // Without an answer each further call would wait as long as this one did.
            let is_answered = |known: &Verified| match &known.outcome {
                Ok(_) => true,
                Err(error) => error.class() == Class::Auth,
            };
            if verified.iter().any(|known| known.subject == account.config.name && is_answered(known)) {
                verified.extend(verify_rights(account).await);
            }
        }
        verified
    }
}

/// Refuses a kind that none of these accounts offers.
fn refuse_unknown_kinds(accounts: &[&Account<Arc<AccountHandle>>], options: &Options) -> Result<(), Error> {
    let offers = |account: &Account<Arc<AccountHandle>>, resource: Resource| {
        account.opened().is_ok_and(|account| account.config.provider.cloud().catalog(resource).is_some())
    };
    let is_known = |resource: &Resource| {
        *resource == Resource::Compute || accounts.iter().any(|account| offers(account, *resource))
    };
    match options.resources.iter().find(|resource| !is_known(resource)) {
        None => Ok(()),
        Some(unknown) => Err(Error::Usage {
            message: format!("no chosen account is of a provider from which `{}` is synced", unknown.name()),
            hint: Some("see the table of providers in README.md".to_owned()),
        }),
    }
}

/// The rights that the list of regions does not show, in one of the account's regions.
async fn verify_rights(account: &AccountHandle) -> Vec<Verified> {
    let first = account.config.regions.first().and_then(|name| Region::parse(name).ok());
    let region = first.unwrap_or_else(|| account.api.account.default_region.clone());
    let known = account.take_unsaved().unwrap_or_default();
    let Ok(region) = account.with_projects(region, &known) else { return Vec::new() };
    let Ok(api) = RegionApi::new(&account.api, &region) else { return Vec::new() };
    let verified = |(action, allowed): (&str, Result<(), Error>)| {
        let outcome = match allowed {
            Ok(()) => Ok(None),
            Err(error) if STATUS_ACTIONS.contains(&action) => Ok(Some(Caution {
                found: full_message(&error),
                hint: format!("allow `{action}` where `sync ecs --status-only` is used; nothing else needs it"),
            })),
            Err(error) => Err(error),
        };
        Verified { aspect: Aspect::Rights, subject: format!("{}/{action}", account.config.name), outcome }
    };
    let cloud = account.config.provider.cloud();
    let catalogs: Vec<_> = account.config.resources.iter().filter_map(|resource| cloud.catalog(*resource)).collect();
    api.verify_rights(&catalogs).await.into_iter().map(verified).collect()
}
