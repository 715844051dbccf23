//! Douban: the newest films of the explore list, and the details on each film's page.
//!
//! Reading order: [`list`] (the two list answers), [`page`] (a film's page), [`fallback`] (the two JSON sources with
//! fewer fields), [`verdict`] (what an answer means before anything is read from it), [`merge`] (how an answer changes a
//! stored film): all pure, bytes in, values out. Then `api` (the requests), `work`, `pass` and `details` (the two
//! phases). What a film is, the table and the end of a pass belong to [`films`](super::films).

pub mod list;
pub mod page;

pub mod fallback;
pub mod parsed;

pub mod verdict;

pub mod merge;

mod api;
mod commands;
mod config;
mod details;
mod pass;
mod work;

#[cfg(test)]
mod fuzz;

use self::api::{Api, Call, List, Throttle};
pub use self::config::Config;
use self::parsed::SOURCE;
use self::work::Work;
use super::command::CommandSpec;
use super::row_changes::ChangeSource;
use super::{
    Error, Job, Opening, PassContext, Schedule, ScopeName, ScopeRules, Upstream, Verified, films, http_profile,
};
use crate::config::{self as settings, Span};
use crate::http::{Client, Profile};

/// The Douban upstream, opened.
pub struct Douban {
    config: Config,
    api: Api,
}

/// How much to fetch, and how slowly.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// How many of the newest films to list
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// The pause between two requests
    #[arg(long, value_name = "DUR")]
    interval: Option<Span>,
    /// Fetch details again that are older, such as 30d
    #[arg(long, value_name = "DUR", conflicts_with = "no_details")]
    refresh_older_than: Option<Span>,
    /// Only the list, no film's page
    #[arg(long)]
    no_details: bool,
}

impl Upstream for Douban {
    const NAME: &'static str = SOURCE;
    const ABOUT: &'static str = "The newest films on Douban, and the details of each";
    const EXAMPLES: &'static str = "  tongbu sync douban
  tongbu sync douban --limit 20 --interval 5s
  tongbu sync douban --refresh-older-than 30d
  tongbu sync douban --no-details --trigger auto -q";
    const TEMPLATE: &'static str = include_str!("template.toml");
    const STARTER: &'static str = include_str!("starter.toml");
    const CHINESE: &'static str = include_str!("chinese.toml");
    const SCHEDULE: Schedule = Schedule {
        about: "The newest films and their details: every eight hours. After a block the next runs wait by themselves.",
        jobs: &[Job { name: "", times: "23 2,10,18 * * *", flags: &[] }],
    };
    const COMMANDS: &'static [CommandSpec] = commands::COMMANDS;
    const CHANGE_SOURCES: &'static [ChangeSource] = &[films::changes_of(SOURCE)];
    type Config = Config;
    type Options = Options;

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        let lists = Client::new(profile(&config, "list_url", &config.list_url)?, opening.http.clone())?;
        let pages = lists.with_profile(profile(&config, "page_url", &config.page_url)?)?;
        let cookie = config.cookie.as_ref().map(|cookie| cookie.resolve("douban.cookie")).transpose()?;
        let clock = opening.http.clock.clone();
        let api = Api { lists, pages, cookie, clock, block_pause: config.not_before_after_block.0 };
        Ok(Self { config, api })
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let rules = ScopeRules {
            name: ScopeName::new(Self::NAME).part("movies"),
            ttl: self.config.lock_ttl.0,
            min_interval: None,
            adaptive: None,
        };
        let interval = options.interval.unwrap_or(self.config.interval);
        let limit = options.limit.and_then(|limit| limit.try_into().ok());
        let work = Work {
            api: &self.api,
            throttle: Throttle::new(interval.0),
            limit: limit.unwrap_or(self.config.limit),
            has_details: !options.no_details,
            refresh_after: options.refresh_older_than.map(|span| span.0),
        };
        context.scope(rules, &work).await
    }

    async fn verify(&self) -> Vec<Verified> {
        let call = Call::list(List::Explore, 0, 1);
        let reply = self.api.client(&call).retry("the list", |_| self.api.fetch(&call, list::parse)).await;
        let outcome = reply.and_then(|reply| reply.only(&call)).map(drop);
        vec![Verified::credential("the list", outcome)]
    }
}

/// The profile of one of the two origins, whose address is the setting `key`.
fn profile(config: &Config, key: &str, base_url: &str) -> Result<Profile, Error> {
    http_profile(Douban::NAME, base_url, &config.http, None).map_err(|error| {
        if let Error::Config(settings::Error::Invalid { reason, .. }) = error {
            return Error::invalid(&format!("{}.{key}", Douban::NAME), reason);
        }
        error
    })
}
