//! Users: what happens to users, brought to every target in order, at least once, with the same key each time.
//!
//! Events are told ([`event`]), made whole and stored ([`outbox`]) with the state they reduce to ([`user`]). A pass
//! ([`pass`]) sends each [`target`] what is due for it ([`delivery`]); how every event stands at every target is kept in
//! the [`queue`].

mod backoff;
pub mod config;
mod delivery;
pub mod event;
pub mod letters;
pub mod listing;
pub mod outbox;
mod pass;
pub mod queue;
pub mod redis;
pub mod tables;
mod target;
pub mod user;

pub use self::config::Config;
use self::pass::Deliver;
use self::target::Target;
use super::{Error, Opening, PassContext, ScopeRules, Upstream, Verified};
use crate::store::Migration;

/// The users upstream, opened.
pub struct Users {
    config: Config,
    targets: Vec<Target>,
}

/// Which targets to deliver to.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Only this target (may be repeated); all that are enabled by default
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
}

impl Upstream for Users {
    const NAME: &'static str = "users";
    const ABOUT: &'static str = "User events to every target, in order, at least once";
    const EXAMPLES: &'static str = "  tongbu sync users
  tongbu sync users --target unified-auth
  tongbu sync users --trigger auto -q";
    const MIGRATIONS: &'static [Migration] = tables::MIGRATIONS;
    const TEMPLATE: &'static str = include_str!("template.toml");
    type Config = Config;
    type Options = Options;

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
        Ok(Self { config, targets })
    }

    async fn pass(&self, options: &Options, context: &PassContext) -> Result<(), Error> {
        let targets = self.chosen(&options.targets)?;
        let rules = ScopeRules { name: "users/deliver".to_owned(), ttl: self.config.lock_ttl.0, min_interval: None };
        context.scope(rules, &Deliver { config: &self.config, targets }).await
    }

    async fn verify(&self) -> Vec<Verified> {
        Vec::new()
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
