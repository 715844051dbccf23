//! Fairing: post-purchase survey questions and responses.

mod api;
mod config;
mod cursor;
mod envelope;
mod exports;
mod parse;
mod pass;
mod pii;
mod row;
mod split;
mod tables;
mod times;

use std::sync::Arc;
use std::time::Duration;

use strum::VariantArray as _;

use self::api::{Api, Kind, Query};
pub use self::config::Config;
use self::envelope::{BOM, not_json};
use self::pass::Work;
use self::pii::{Mode, Pii};
use super::accounts::{self, Account, AccountFlag, AccountSettings, Accounts};
use super::exported::Exported;
use super::row_changes::ChangeSource;
use super::{Error, Job, Opening, PassContext, Schedule, ScopeName, ScopeRules, Upstream, Verified, http_profile};
use crate::http::{Client, RateLimit};
use crate::store::{Component, Migration};

/// The Fairing upstream, opened.
pub struct Fairing {
    config: Config,
    accounts: Accounts<Api>,
    pii: Arc<Pii>,
}

/// Which accounts and kinds to read, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    account: AccountFlag,
    /// Only this kind; both by default
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Only what changed since the last pass; never deletes
    #[arg(long)]
    incremental: bool,
}

impl Upstream for Fairing {
    const NAME: &'static str = "fairing";
    const ABOUT: &'static str = "Survey questions and responses of every Fairing account";
    const EXAMPLES: &'static str = "  tongbu sync fairing
  tongbu sync fairing --account shop-eu --kind responses
  tongbu sync fairing --incremental --on-lock skip";
    const EXAMPLE_SCOPE: &'static str = "fairing/shop-eu/responses";
    const MIGRATIONS: &'static [Migration] =
        &[Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") }];
    const VIEWS: Option<Component> = Some(exports::VIEWS);
    const HAS_OWN_ROWS: bool = true;
    const CHANGE_SOURCES: &'static [ChangeSource] = exports::CHANGE_SOURCES;
    const EXPORTS: &'static [Exported] = exports::EXPORTS;
    const TEMPLATE: &'static str = include_str!("template.toml");
    const STARTER: &'static str = include_str!("starter.toml");
    const CHINESE: &'static str = include_str!("chinese.toml");
    const SCHEDULE: Schedule = Schedule {
        about: "Survey questions and responses: hourly.",
        jobs: &[Job { name: "", times: "7 * * * *", flags: &[] }],
    };
    type Config = Config;
    type Options = Options;

    fn min_interval(config: &Config) -> Option<Duration> {
        Some(config.min_interval.0)
    }

    fn is_in_use(config: &Config) -> bool {
        config.accounts.iter().any(AccountSettings::is_enabled)
    }

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        let pii = Arc::new(open_pii(&config)?);
        let accounts = Accounts::open(Self::NAME, &config.accounts, |account, key| {
            let token = account.token.resolve(&format!("{key}.token"))?;
            let rate_limit = RateLimit { count: config.requests_per_minute, per: Duration::from_secs(60) };
            let profile = http_profile(Self::NAME, &config.base_url, &config.http, Some(rate_limit))?;
            Ok(Api::new(Client::new(profile, opening.http.clone())?, config.auth, token))
        })?;
        Ok(Self { config, accounts, pii })
    }

    fn check(&self) -> Result<(), Error> {
        self.accounts.check()
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let works = self.accounts.select(&options.account.accounts)?.into_iter().flat_map(|account| {
            let kinds = Kind::VARIANTS.iter().copied().filter(|kind| options.kind.is_none_or(|only| only == *kind));
            kinds.map(|kind| self.plan_scope(account, kind, options))
        });
        context.scopes(works.collect(), self.config.workers).await
    }

    async fn verify(&self) -> Vec<Verified> {
        let target = &Query { kind: Kind::Questions, page_size: None, updated_since: None }.target();
        accounts::verify(self.accounts.iter(), |name, api| async move {
            let mut response = api.client.retry(name, |_| api.fetch(target)).await?;
            // A page to log in is an answer, too.
            let start = response.chunk().await?.unwrap_or_default();
            let start = start.strip_prefix(BOM).unwrap_or(&start).trim_ascii_start();
            if start.starts_with(b"{") || start.starts_with(b"[") {
                return Ok(());
            }
            let context = format!("cannot read {} of account `{name}`", Kind::Questions);
            Err(Error::Contract { context, reason: not_json(start).to_string() })
        })
        .await
    }
}

impl Fairing {
    fn plan_scope<'a>(
        &'a self,
        account: &'a Account<Api>,
        kind: Kind,
        options: &Options,
    ) -> (ScopeRules, Result<Work<'a>, Arc<Error>>) {
        let work = account.opened().map(|api| Work {
            config: &self.config,
            api,
            account: &account.name,
            kind,
            pii: Arc::clone(&self.pii),
            is_incremental: options.incremental,
        });
        let rules = ScopeRules {
            name: ScopeName::new(Self::NAME).part(&account.name).part(kind.into_str()),
            ttl: self.config.lock_ttl.0,
            // What cannot be read at all fails in every run, however young its last success is.
            min_interval: work.is_ok().then_some(self.config.min_interval.0),
            adaptive: None,
        };
        (rules, work)
    }
}

fn open_pii(config: &Config) -> Result<Pii, Error> {
    Ok(match (config.pii, &config.pii_key) {
        (Mode::Keep, _) => Pii::Keep,
        (Mode::Drop, _) => Pii::Drop,
        (Mode::Hash, Some(key)) => Pii::Hash(key.resolve("fairing.pii_key")?),
        (Mode::Hash, None) => {
            return Err(Error::invalid("fairing.pii_key", "`pii = \"hash\"` needs a key"));
        }
    })
}
