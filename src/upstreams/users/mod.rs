//! Users: their events, brought to every target in order, at least once, with the same key each time.
//!
//! Events ([`event`]) are made whole and stored ([`outbox`]) with the state they reduce to ([`user`]). A pass ([`pass`])
//! sends each [`target`] what is due for it ([`delivery`]); the [`queue`] keeps the state of every event at every target.

mod backoff;
mod check;
mod commands;
pub mod compare;
pub mod config;
mod delivery;
pub mod delivery_actions;
pub mod event;
mod exports;
pub mod findings;
pub mod ingest;
mod json;
mod metrics;
pub mod outbox;
mod pass;
pub mod queries;
pub mod queue;
pub mod redis;
mod report;
pub mod tables;
mod target;
pub mod user;

use self::check::{Check, Repair};
pub use self::config::Config;
use self::config::Source;
use self::ingest::EventStream;
use self::pass::Deliver;
use self::target::Target;

use std::time::Duration;

use jiff::Timestamp;

use super::accounts::{self, AccountSettings, Accounts};
use super::command::CommandSpec;
use super::exported::Exported;
use super::metric::MetricsOf;
use super::row_changes::ChangeSource;
use super::{
    Aspect, Error, Job, Opening, PassContext, Schedule, ScopeName, ScopeRules, SectionsOf, SyncType, Upstream, Verified,
};
use crate::present::text;
use crate::store::history::LevelsOf;
use crate::store::{Component, Migration};

/// A number that no user has: fetching it shows whether a target accepts our credentials.
const PROBE_USER_ID: i64 = 0;

/// What the stream is called among the targets.
const STREAM: &str = "stream";

/// The sync type of a check.
const CHECK: &str = "check";

/// The users upstream, opened.
pub struct Users {
    config: Config,
    targets: Accounts<Target>,
    stream: Option<EventStream>,
}

/// Which targets to deliver to.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Only this target (may be repeated); all that are enabled by default
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Compare every target with the local users, and deliver nothing
    #[arg(long, hide = true)]
    check: bool,
    /// Enqueue what brings the targets in line
    #[arg(long, hide = true, requires = "check")]
    repair: bool,
}

impl Upstream for Users {
    const NAME: &'static str = "users";
    const ABOUT: &'static str = "User events to every target, in order, at least once";
    const EXAMPLES: &'static str = "  tongbu sync users
  tongbu sync users --target unified-auth
  tongbu sync users --trigger auto -q";
    const MIGRATIONS: &'static [Migration] = tables::MIGRATIONS;
    const VIEWS: Option<Component> = Some(exports::VIEWS);
    const CHANGE_SOURCES: &'static [ChangeSource] = exports::CHANGE_SOURCES;
    const EXPORTS: &'static [Exported] = exports::EXPORTS;
    const TEMPLATE: &'static str = include_str!("template.toml");
    const STARTER: &'static str = include_str!("starter.toml");
    const CHINESE: &'static str = include_str!("chinese.toml");
    const SCHEDULE: Schedule = Schedule {
        about: "User events to their targets: every minute, and once in five the targets are checked as well. A pass that \
                takes longer is not disturbed.",
        jobs: &[Job { name: "", times: "* * * * *", flags: &["--on-lock", "skip"] }],
    };
    const COMMANDS: &'static [CommandSpec] = commands::COMMANDS;
    const METRICS: Option<MetricsOf> = Some(metrics::metrics);
    const SYNC_TYPES: &'static [SyncType] =
        &[SyncType { name: CHECK, label: text("consistency check", "一致性检查") }];
    const REPORT: Option<SectionsOf> = Some(report::sections);
    const LEVELS: Option<LevelsOf> = Some(report::levels);
    type Config = Config;
    type Options = Options;

    fn sync_type(options: &Options) -> &'static str {
        if options.check { CHECK } else { Self::NAME }
    }

    fn is_in_use(config: &Config) -> bool {
        config.targets.iter().any(AccountSettings::is_enabled)
    }

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        config.check()?;
        let targets = Accounts::open(Self::NAME, &config.targets, |target, _| Target::open(target, &config, opening))?;
        let stream = match config.source {
            Source::Outbox => None,
            Source::Redis => {
                let zone = opening.config.time_zone()?;
                Some(EventStream::open(&config, target::limits(&config, opening), zone)?)
            }
        };
        Ok(Self { config, targets, stream })
    }

    fn check(&self) -> Result<(), Error> {
        self.targets.check()
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let chosen = self.targets.select(&options.targets)?;
        let targets: Vec<&Target> = chosen.iter().filter_map(|target| target.opened().ok()).collect();
        if !targets.is_empty() {
            self.pass_over(targets, options, context).await?;
        }
        for target in chosen {
            if let Err(error) = target.opened() {
                let rules = self.rules(&["target", &target.name], None);
                context.scope(rules, &Err::<Deliver<'_>, _>(error)).await?;
            }
        }
        Ok(())
    }

    async fn verify(&self) -> Vec<Verified> {
        // A target that does not show its users cannot be verified before it gets an event.
        let checked = self.targets.iter().filter(|target| target.opened().map_or(true, Target::can_check));
        let mut verified =
            accounts::verify(checked, |_, target| async { target.fetch_user(PROBE_USER_ID).await.map(drop) }).await;
        // What does not answer was said once.
        let answers = |verified: &[Verified], name: &str| {
            verified.iter().any(|known| known.subject == name && known.outcome.is_ok())
        };
        let durable =
            |subject: &str, outcome| Verified { aspect: Aspect::Durability, subject: subject.to_owned(), outcome };
        for target in self.targets.iter().filter_map(|target| target.opened().ok()) {
            if answers(&verified, &target.name)
                && let Some(outcome) = target.find_durability().await
            {
                verified.push(durable(&target.name, outcome));
            }
        }
        if let Some(stream) = &self.stream {
            verified.push(Verified::credential(STREAM, stream.verify().await));
            if answers(&verified, STREAM) {
                verified.push(durable(STREAM, stream.find_caution().await));
            }
        }
        verified
    }
}

impl Users {
    async fn pass_over(&self, targets: Vec<&Target>, options: &Options, context: &PassContext) -> Result<(), Error> {
        let (config, is_part) = (&self.config, !options.targets.is_empty());
        if options.check {
            let repair = if options.repair { Repair::All } else { Repair::Nothing };
            let check = Check { config, targets, is_part, repair };
            return context.scope(self.rules(&["check"], None), &check).await;
        }
        // Hosts that share a database share the targets: each target has a lock there.
        let (together, alone) =
            if context.store.is_shared() { (Vec::new(), targets.clone()) } else { (targets.clone(), Vec::new()) };
        let deliver = Deliver { config, targets: together, is_part, stream: self.stream.as_ref(), is_alone: false };
        context.scope(self.rules(&["deliver"], None), &deliver).await?;
        let at_once = alone.len();
        let alone = alone.into_iter().map(|target| {
            let deliver = Deliver { config, targets: vec![target], is_part, stream: None, is_alone: true };
            (self.rules(&["deliver", &target.name], None), deliver)
        });
        context.scopes(alone.collect(), at_once).await?;
        let mut targets: Vec<&Target> = targets.into_iter().filter(|target| target.can_check()).collect();
        if is_part && !context.flags.force {
            // The scope knows only when all of them were checked.
            let now = context.clock.now();
            let since = now.checked_sub(config.check_every.0).unwrap_or(Timestamp::MIN);
            let fresh = context.store.read(|r| findings::load_checked_between(r, since, now))?;
            targets.retain(|target| !fresh.contains(&target.name));
        }
        // Where another run delivers, it also checks; what could not be delivered anywhere cannot be compared anywhere.
        let is_undone = {
            let scopes = &context.outcome().scopes;
            let mut is_undone =
                scopes.iter().rev().take(at_once.max(1)).map(|scope| scope.holder.is_some() || scope.failure.is_some());
            is_undone.all(|is_undone| is_undone)
        };
        if targets.is_empty() || is_undone || context.store.is_dry_run() {
            return Ok(());
        }
        let repair = if config.auto_repair { Repair::Promising } else { Repair::Nothing };
        let check = Check { config, targets, is_part, repair };
        context.scope(self.rules(&["check"], Some(config.check_every.0)), &check).await
    }

    fn rules(&self, parts: &[&str], min_interval: Option<Duration>) -> ScopeRules {
        let name = parts.iter().fold(ScopeName::new(Self::NAME), |name, part| name.part(part));
        ScopeRules { name, ttl: self.config.lock_ttl.0, min_interval, adaptive: None }
    }
}
