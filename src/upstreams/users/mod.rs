//! Users: what happens to users, brought to every target in order, at least once, with the same key each time.
//!
//! Events are told ([`event`]), made whole and stored ([`outbox`]) with the state they reduce to ([`user`]). A pass
//! ([`pass`]) sends each [`target`] what is due for it ([`delivery`]); how every event stands at every target is kept in
//! the [`queue`].

mod backoff;
mod check;
pub mod compare;
pub mod config;
mod delivery;
pub mod event;
pub mod findings;
pub mod ingest;
pub mod letters;
pub mod listing;
pub mod outbox;
mod pass;
pub mod queue;
pub mod redis;
pub mod tables;
mod target;
pub mod user;

use self::check::{Check, Repair};
pub use self::config::Config;
use self::config::Source;
use self::ingest::Intake;
use self::pass::Deliver;
use self::target::Target;
use futures_util::future::join_all;

use super::{Error, Job, Opening, PassContext, Schedule, ScopeRules, Upstream, Verified};
use crate::store::Migration;

/// Number of a user that no service has: for asking whether it lets us in.
const NOBODY: i64 = 0;

/// The users upstream, opened.
pub struct Users {
    config: Config,
    targets: Vec<Target>,
    intake: Option<Intake>,
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
    const TEMPLATE: &'static str = include_str!("template.toml");
    const SCHEDULE: Schedule = Schedule {
        about: "User events to their targets: every minute, and once in five the targets are checked as well. A pass that \
                takes longer is not disturbed.",
        jobs: &[Job { name: "", times: "* * * * *", flags: &["--on-lock", "skip"] }],
    };
    type Config = Config;
    type Options = Options;

    fn sync_type(options: &Options) -> &'static str {
        if options.check { "check" } else { Self::NAME }
    }

    fn open(config: Config, opening: &Opening<'_>) -> Result<Self, Error> {
        config.check()?;
        let targets: Vec<Target> = config
            .targets
            .iter()
            .filter(|target| target.is_enabled())
            .map(|target| Target::open(target, &config, opening))
            .collect::<Result<_, Error>>()?;
        if targets.is_empty() {
            return Err(Error::invalid(
                "users.targets",
                "no target is enabled: name one under `[[users.targets]]` in the file that `tongbu config path` shows",
            ));
        }
        let intake = match config.source {
            Source::Outbox => None,
            Source::Redis => Some(Intake::open(&config, target::limits(&config, opening))?),
        };
        Ok(Self { config, targets, intake })
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let targets = self.chosen(&options.targets)?;
        let rules = |name: &str, min_interval| ScopeRules {
            name: format!("{}/{name}", Self::NAME),
            ttl: self.config.lock_ttl.0,
            min_interval,
        };
        if options.check {
            let repair = if options.repair { Repair::All } else { Repair::Nothing };
            let check = Check { config: &self.config, targets, repair };
            return context.scope(rules("check", None), &check).await;
        }
        let deliver = Deliver { config: &self.config, targets: targets.clone(), intake: self.intake.as_ref() };
        context.scope(rules("deliver", None), &deliver).await?;
        let targets: Vec<&Target> = targets.into_iter().filter(|target| target.can_check()).collect();
        // Where another run delivers, it also checks; what could not be delivered anywhere cannot be compared anywhere.
        let is_undone = context.outcome().scopes.iter().any(|scope| scope.holder.is_some() || scope.failure.is_some());
        if targets.is_empty() || is_undone || context.store.is_dry_run() {
            return Ok(());
        }
        let repair = if self.config.auto_repair { Repair::Promising } else { Repair::Nothing };
        let check = Check { config: &self.config, targets, repair };
        context.scope(rules("check", Some(self.config.check_every.0)), &check).await
    }

    async fn verify(&self) -> Vec<Verified> {
        // Of a target that cannot be asked nothing is known until it is given an event.
        let checks = self.targets.iter().filter(|target| target.can_check()).map(|target| async {
            Verified { subject: target.name.clone(), outcome: target.fetch_user(NOBODY).await.map(drop) }
        });
        let mut verified = join_all(checks).await;
        if let Some(intake) = &self.intake {
            verified.push(Verified { subject: "stream".to_owned(), outcome: intake.verify().await });
        }
        verified
    }
}

impl Users {
    /// The targets asked for, in the configuration's order.
    fn chosen(&self, names: &[String]) -> Result<Vec<&Target>, Error> {
        for name in names {
            if self.targets.iter().all(|target| target.name != *name) {
                let known: Vec<&str> = self.targets.iter().map(|target| target.name.as_str()).collect();
                return Err(Error::Usage {
                    message: format!("no target `{name}` is enabled"),
                    hint: Some(format!("enabled targets: {}", known.join(", "))),
                });
            }
        }
        Ok(self.targets.iter().filter(|target| names.is_empty() || names.contains(&target.name)).collect())
    }
}
