//! TMDB: films released around today, and the details of each.
//!
//! Reading order: [`item`] and [`movie`] (what a list and a film's own answer hold), [`merge`] (how an answer changes a
//! stored film), [`codes`] (what a refusal means), [`days`] (how a listing is split), [`cursor`] (what the next pass
//! knows): all pure. Then `api` (the requests), `listing` and `pass`. What a film is, the table and the end of a pass
//! belong to [`films`](super::films).

pub mod item;
pub mod movie;

pub mod merge;

pub mod codes;
pub mod days;

pub mod cursor;

mod api;
mod config;
mod listing;
mod pass;

use std::time::Duration;

use jiff::civil::Date;

use self::api::{Api, Call};
pub use self::config::Config;
use self::days::Days;
use self::item::SOURCE;
use self::pass::Work;
use super::row_changes::ChangeSource;
use super::{Error, Job, Opening, PassContext, Schedule, ScopeName, ScopeRules, Upstream, Verified, http_profile};
use crate::config::Span;
use crate::http::{Client, RateLimit};
use crate::since;

/// The TMDB upstream, opened.
pub struct Tmdb {
    config: Config,
    api: Api,
}

/// Which films to list, and how much of them to fetch.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// List the films released from this day on instead
    #[arg(long, value_name = "DATE", requires = "to", value_parser = since::parse_day)]
    from: Option<Date>,
    /// The last day of these, included
    #[arg(long, value_name = "DATE", requires = "from", value_parser = since::parse_day)]
    to: Option<Date>,
    /// Only what the upstream says has changed; no list of new films
    #[arg(long, conflicts_with = "from")]
    incremental: bool,
    /// Fetch details again that are older, such as 30d
    #[arg(long, value_name = "DUR", conflicts_with = "no_details")]
    refresh_older_than: Option<Span>,
    /// Only the list, no film's details
    #[arg(long)]
    no_details: bool,
}

impl Upstream for Tmdb {
    const NAME: &'static str = SOURCE;
    const CHANGE_SOURCES: &'static [ChangeSource] = &[super::films::changes_of(SOURCE)];
    const ABOUT: &'static str =
        "Films on TMDB by release date; uses the TMDB API but is not endorsed or certified by TMDB";
    const EXAMPLES: &'static str = "  tongbu sync tmdb
  tongbu sync tmdb --incremental --trigger auto -q
  tongbu sync tmdb --from 2010-01-01 --to 2010-12-31
  tongbu films list --source tmdb";
    const TEMPLATE: &'static str = include_str!("template.toml");
    const STARTER: &'static str = include_str!("starter.toml");
    const CHINESE: &'static str = include_str!("chinese.toml");
    const SCHEDULE: Schedule = Schedule {
        about: "Films on TMDB: once a day those released around it, and what changed every eight hours.",
        jobs: &[
            Job { name: "", times: "47 13,21 * * *", flags: &["--incremental"] },
            Job { name: "full", times: "47 5 * * *", flags: &[] },
        ],
    };
    type Config = Config;
    type Options = Options;

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        let token = config.token.as_ref().ok_or_else(|| Error::invalid("tmdb.token", "missing"))?;
        let token = token.resolve("tmdb.token")?;
        let rate_limit = RateLimit { count: config.requests_per_second, per: Duration::from_secs(1) };
        let profile = http_profile(Self::NAME, &config.base_url, &config.http, Some(rate_limit))?;
        let api = Api::new(Client::new(profile, opening.http.clone())?, &token, opening.http.clock.clone());
        Ok(Self { config, api })
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let days = options.from.zip(options.to).map(|(from, to)| Days { from, to });
        if days.is_some_and(|days| days.from > days.to) {
            let message = "`--from` is after `--to`".to_owned();
            return Err(Error::Usage { message, hint: None });
        }
        let rules = ScopeRules {
            name: ScopeName::new(Self::NAME).part("movies"),
            ttl: self.config.lock_ttl.0,
            min_interval: None,
            adaptive: None,
        };
        let work = Work {
            config: &self.config,
            api: &self.api,
            is_incremental: options.incremental,
            days,
            has_details: !options.no_details,
            refresh_after: options.refresh_older_than.map(|span| span.0),
        };
        context.scope(rules, &work).await
    }

    async fn verify(&self) -> Vec<Verified> {
        let call = Call::authentication();
        let outcome = self.api.fetch("the token", &call).await.and_then(|reply| reply.only(&call)).map(drop);
        vec![Verified::credential(Self::NAME, outcome)]
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_template_holds_every_key_with_its_default() {
        let lines = include_str!("template.toml").lines();
        let keys = lines.filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')));
        let mut table: toml::Table = keys.collect::<Vec<_>>().join("\n").parse().unwrap();
        let section = table.remove("tmdb").unwrap();
        let default = toml::Table::try_from(Config::default()).unwrap();
        for key in default.keys().map(String::as_str).filter(|key| *key != "http").chain(["token"]) {
            assert!(section.get(key).is_some(), "{key}");
        }
        let parsed = Config { token: None, ..section.try_into().unwrap() };
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Config::default()));
    }
}
