//! `sync all` itself, as a sync: what fails where no upstream is configured.

use serde::{Deserialize, Serialize};

use crate::upstreams::{
    Error, Opening, PassContext, Registration, Scope, ScopeName, ScopeRules, ScopeWork, Upstream, Verified,
};

pub const ALL: &str = "all";
pub const ALL_ABOUT: &str = "Every configured upstream; one failing does not stop the others, the worst code wins";

pub static WHOLE: Registration = Registration::of::<Whole>();

/// Long enough for a transaction.
const LOCK_TTL: std::time::Duration = std::time::Duration::from_secs(60);

struct Whole;

#[derive(Deserialize, Serialize)]
struct NoSettings {}

#[derive(clap::Args)]
struct NoFlags {}

impl Upstream for Whole {
    const NAME: &'static str = ALL;
    const ABOUT: &'static str = ALL_ABOUT;
    const EXAMPLES: &'static str = "";
    type Config = NoSettings;
    type Options = NoFlags;

    fn open(_: NoSettings, _: &Opening<'_>) -> Result<Self, Error> {
        Ok(Self)
    }

    async fn pass(&self, _: &NoFlags, context: &PassContext) -> Result<(), Error> {
        let rules = ScopeRules { name: ScopeName::new(ALL), ttl: LOCK_TTL, min_interval: None, adaptive: None };
        context.scope(rules, self).await
    }

    async fn verify(&self) -> Vec<Verified> {
        Vec::new()
    }
}

impl ScopeWork for Whole {
    /// There is something to sync: that is all.
    async fn run(&self, _: &Scope<'_>) -> Result<(), Error> {
        Ok(())
    }
}
