//! Tasks: call-centre tasks of a time window, matched to the lead packages they call.
//!
//! A pass: [`window`] says which periods of local time to request, [`session`] sends the requests with a [`token`],
//! [`api`] and [`row`] read the answers, [`plan`] compares them with what [`tables`] holds and [`matching`] finds each
//! task's package. Packages come in by [`packages`]; [`commands`] are for people.

pub mod api;
mod commands;
mod commands_packages;
pub mod config;
mod exports;
pub mod grammar;
mod history;
pub mod matching;
mod outputs;
pub mod packages;
mod packages_json;
mod packages_source;
mod pass;
pub mod plan;
pub mod row;
mod session;
pub mod similar;
pub mod tables;
mod token;
pub mod window;

use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use self::config::Config;
use self::packages_source::PackageSource;
use self::pass::Work;
use self::session::{Api, profile};
use self::window::Window;
use super::command::CommandSpec;
use super::exported::Exported;
use super::metric::MetricsOf;
use super::row_changes::ChangeSource;
use super::{Error, Job, Opening, PassContext, Schedule, ScopeName, ScopeRules, SyncType, Upstream, Verified};
use crate::http::Client;
use crate::present::text;
use crate::since;
use crate::store::{Component, Migration};

/// The tasks upstream, opened.
pub struct Tasks {
    config: Config,
    api: Api,
    packages: Option<PackageSource>,
    zone: TimeZone,
}

/// Which window to read.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The days before today, or today up to now; each has its own lock
    #[arg(long, value_enum)]
    window: Window,
    /// Read the days from this one on instead, for a repair
    #[arg(long, value_name = "DATE", requires = "to", value_parser = since::parse_day)]
    from: Option<Date>,
    /// The last day of the repair, included
    #[arg(long, value_name = "DATE", requires = "from", value_parser = since::parse_day)]
    to: Option<Date>,
}

impl Upstream for Tasks {
    const NAME: &'static str = "tasks";
    const ABOUT: &'static str = "Call-centre tasks of a time window, matched to lead packages";
    const EXAMPLES: &'static str = "  tongbu sync tasks --window today
  tongbu sync tasks --window historical --trigger auto -q
  tongbu sync tasks --window historical --from 2025-10-01 --to 2025-10-07";
    const MIGRATIONS: &'static [Migration] = tables::MIGRATIONS;
    const VIEWS: Option<Component> = Some(exports::VIEWS);
    const CHANGE_SOURCES: &'static [ChangeSource] = exports::CHANGE_SOURCES;
    const EXPORTS: &'static [Exported] = exports::EXPORTS;
    const TEMPLATE: &'static str = include_str!("template.toml");
    const STARTER: &'static str = include_str!("starter.toml");
    const CHINESE: &'static str = include_str!("chinese.toml");
    const PASSES: &'static [&'static [&'static str]] = &[&["--window", "historical"], &["--window", "today"]];
    const SCHEDULE: Schedule = Schedule {
        about: "Call tasks: those of the days before four times a day, today's hourly while calls are made.",
        jobs: &[
            Job { name: "historical", times: "29 1,10,15,21 * * *", flags: &["--window", "historical"] },
            Job { name: "today", times: "37 9-23 * * *", flags: &["--window", "today"] },
        ],
    };
    const COMMANDS: &'static [CommandSpec] = commands::COMMANDS;
    const METRICS: Option<MetricsOf> = Some(tables::metrics);
    const SYNC_TYPES: &'static [SyncType] = &[
        SyncType { name: Window::Historical.into_str(), label: text("historical data", "历史数据") },
        SyncType { name: Window::Today.into_str(), label: text("today's data", "今日数据") },
    ];
    type Config = Config;
    type Options = Options;

    fn sync_type(options: &Options) -> &'static str {
        options.window.into_str()
    }

    fn is_in_use(config: &Config) -> bool {
        config.secret.is_some() || config.username.is_some() || config.password.is_some()
    }

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        config.check()?;
        let credentials = config.credentials()?;
        let zone = config::zone(opening.config)?;
        let profile = profile(Self::NAME, &config.base_url, &config)?;
        let api = Api::new(Client::new(profile, opening.http.clone())?, credentials);
        let packages = PackageSource::open(&config, opening)?;
        Ok(Self { config, api, packages, zone })
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let rules = |part: &str| ScopeRules {
            name: ScopeName::new(Self::NAME).part(part),
            ttl: self.config.lock_ttl.0,
            min_interval: None,
            adaptive: None,
        };
        // First: the tasks are matched to what comes. Where it fails, they are to what is stored.
        if let Some(packages) = &self.packages {
            context.scope(rules(packages_source::PART), packages).await?;
        }
        let work = Work {
            config: &self.config,
            api: &self.api,
            zone: &self.zone,
            window: options.window,
            repair: options.from.zip(options.to),
        };
        context.scope(rules(options.window.into_str()), &work).await
    }

    async fn verify(&self) -> Vec<Verified> {
        let mut verified = vec![Verified::credential(Self::NAME, self.api.fetch_token().await.map(drop))];
        if let Some(packages) = &self.packages {
            verified.push(Verified::credential(packages_source::PART, packages.verify().await));
        }
        verified
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Config, profile};
    use crate::clock::Clock;
    use crate::http::{Client, Context, Retry};
    use crate::upstreams::Error;

    #[tokio::test(start_paused = true)]
    async fn a_failing_request_is_tried_again_after_2_4_and_8_seconds() {
        let clock = Clock::manual("2026-01-02T03:04:05Z".parse().unwrap());
        let context = Context::detached(clock, "test");
        let client =
            Client::new(profile("tasks", "http://127.0.0.1:1", &Config::default()).unwrap(), context.clone()).unwrap();
        let begun = Instant::now();
        let mut tries = Vec::new();
        let failed: Result<(), Error> = client
            .retry("a page", |_| {
                tries.push(begun.elapsed());
                let reason = "answered code 503: busy".to_owned();
                async { Err(Error::Unavailable { context: "reading".to_owned(), reason, retry: Retry::Backoff }) }
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(tries, [0, 2, 6, 14].map(Duration::from_secs));
        assert_eq!(context.retries.load(Ordering::Relaxed), 3);
    }
}
