//! Machines: what every account rents. It shows how short an upstream is.

mod commands;
mod pass;
mod tables;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tongbu::config::HttpSettings;
use tongbu::http::Client;
use tongbu::store::Migration;
use tongbu::upstreams::accounts::{self, AccountFlag, Accounts, TokenAccount};
use tongbu::upstreams::command::CommandSpec;
use tongbu::upstreams::{Error, Opening, PassContext, ScopeName, ScopeRules, Upstream, Verified, http_profile};

/// The section `[machines]`.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    base_url: String,
    accounts: Vec<TokenAccount>,
    http: HttpSettings,
}

/// The upstream, opened.
pub struct Machines(Accounts<pass::Api>);

impl Upstream for Machines {
    const NAME: &'static str = "machines";
    const ABOUT: &'static str = "The machines that every account rents";
    const EXAMPLES: &'static str = "  tongbu sync machines\n  tongbu sync machines --account lab";
    const MIGRATIONS: &'static [Migration] =
        &[Migration { name: "0001_create", sql: include_str!("migrations/0001_create.sql") }];
    const TEMPLATE: &'static str = include_str!("template.toml");
    const COMMANDS: &'static [CommandSpec] = commands::COMMANDS;
    type Config = Config;
    type Options = AccountFlag;

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        let accounts = Accounts::open(Self::NAME, &config.accounts, |account, key| {
            let profile = http_profile(Self::NAME, &config.base_url, &config.http, None)?;
            let (client, account_name) = (Client::new(profile, opening.http.clone())?, account.name.clone());
            Ok(pass::Api { client, account: account_name, token: account.token.resolve(&format!("{key}.token"))? })
        })?;
        Ok(Self(accounts))
    }

    fn check(&self) -> Result<(), Error> {
        self.0.check()
    }

    async fn pass(&self, options: &AccountFlag, context: &PassContext) -> Result<(), Error> {
        let works = self.0.select(&options.accounts)?.into_iter().map(|account| {
            let name = ScopeName::new(Self::NAME).part(&account.name);
            let ttl = Duration::from_secs(30 * 60);
            (ScopeRules { name, ttl, min_interval: None, adaptive: None }, account.opened())
        });
        context.scopes(works.collect(), 2).await
    }

    async fn verify(&self) -> Vec<Verified> {
        accounts::verify(self.0.iter(), |_, api| async move { api.fetch_page(1).await.map(drop) }).await
    }
}
