//! Fairing: post-purchase survey questions and responses.

mod api;
mod config;
mod cursor;
mod parse;
mod pass;
mod pii;
mod row;
mod split;
mod tables;
mod times;

use std::sync::Arc;
use std::time::Duration;

use self::api::{Api, Kind, Query};
pub use self::config::Config;
use self::pass::Work;
use self::pii::{Mode, Pii};
use super::{Error, Job, Opening, PassContext, Schedule, ScopeRules, Upstream, Verified, http_profile};
use crate::http::{Client, RateLimit};
use crate::store::Migration;

/// The Fairing upstream, opened.
pub struct Fairing {
    config: Config,
    accounts: Vec<(String, Api)>,
    pii: Arc<Pii>,
}

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

impl Upstream for Fairing {
    const NAME: &'static str = "fairing";
    const ABOUT: &'static str = "Survey questions and responses of every Fairing account";
    const EXAMPLES: &'static str = "  tongbu sync fairing
  tongbu sync fairing --account shop-eu --kind responses
  tongbu sync fairing --incremental --on-lock skip";
    const MIGRATIONS: &'static [Migration] =
        &[Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") }];
    const TEMPLATE: &'static str = include_str!("template.toml");
    const SCHEDULE: Schedule = Schedule {
        about: "Survey questions and responses: hourly.",
        jobs: &[Job { name: "", times: "7 * * * *", flags: &[] }],
    };
    type Config = Config;
    type Options = Options;

    fn min_interval(config: &Config) -> Option<Duration> {
        Some(config.min_interval.0)
    }

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        if config.accounts.is_empty() {
            return Err(Error::invalid(
                "fairing.accounts",
                "no account is configured: name one under `[[fairing.accounts]]` in the file that `tongbu config path` shows",
            ));
        }
        let pii = Arc::new(open_pii(&config)?);
        let accounts = config
            .accounts
            .iter()
            .enumerate()
            .map(|(index, account)| {
                if config.accounts[..index].iter().any(|other| other.name == account.name) {
                    return Err(Error::invalid(
                        "fairing.accounts",
                        format!("the name `{}` appears twice", account.name),
                    ));
                }
                let token = account.token.resolve(&format!("fairing.accounts[{index}].token"))?;
                let rate_limit = RateLimit { count: config.requests_per_minute.max(1), per: Duration::from_secs(60) };
                let profile = http_profile(Self::NAME, &config.base_url, &config.http, Some(rate_limit))?;
                let client = Client::new(profile, opening.http.clone())?;
                Ok((account.name.clone(), Api::new(client, config.auth, token)))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self { config, accounts, pii })
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let works = self.plan(options)?.into_iter().map(|(account, api, kind)| {
            let rules = ScopeRules {
                name: format!("{}/{account}/{kind}", Self::NAME),
                ttl: self.config.lock_ttl.0,
                min_interval: Some(self.config.min_interval.0),
            };
            let pii = Arc::clone(&self.pii);
            (rules, Work { config: &self.config, api, account, kind, pii, is_incremental: options.incremental })
        });
        context.scopes(works.collect(), self.config.workers).await
    }

    async fn verify(&self) -> Vec<Verified> {
        let target = Query { kind: Kind::Questions, page_size: None, updated_since: None }.target();
        let checks = self.accounts.iter().map(|(name, api)| {
            let target = &target;
            async move {
                let outcome = api.client.retry(name, |_| api.fetch(target)).await.map(|_| ());
                Verified { subject: name.clone(), outcome }
            }
        });
        futures_util::future::join_all(checks).await
    }
}

impl Fairing {
    /// The accounts and kinds asked for, in the configuration's order.
    fn plan(&self, options: &Options) -> Result<Vec<(&str, &Api, Kind)>, Error> {
        for name in &options.accounts {
            if self.accounts.iter().all(|(known, _)| known != name) {
                let known: Vec<&str> = self.accounts.iter().map(|(known, _)| known.as_str()).collect();
                return Err(Error::Usage {
                    message: format!("no account `{name}` is configured"),
                    hint: Some(format!("configured accounts: {}", known.join(", "))),
                });
            }
        }
        Ok(self
            .accounts
            .iter()
            .filter(|(name, _)| options.accounts.is_empty() || options.accounts.contains(name))
            .flat_map(|(name, api)| Kind::ALL.map(|kind| (name.as_str(), api, kind)))
            .filter(|(_, _, kind)| options.kind.is_none_or(|only| only == *kind))
            .collect())
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
