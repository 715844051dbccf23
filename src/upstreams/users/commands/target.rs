//! The target that a command is about.

use super::super::config::Config;
use super::super::queries::load_reported_targets;
use crate::store::Store;
use crate::upstreams::Error;
use crate::upstreams::accounts::AccountSettings as _;
use crate::upstreams::command::CommandContext;
use crate::upstreams::names::check_filter;

/// Refuses a target that is neither configured nor ever had deliveries.
pub fn check_target(context: &CommandContext<'_>, store: &Store, target: Option<&str>) -> Result<(), Error> {
    let config: Config = context.config.section("users").unwrap_or_default();
    let configured = config.targets.iter().map(|target| target.name().to_owned());
    let stored = store.read(|r| load_reported_targets(r, Vec::new()))?;
    check_filter("target", target, &configured.chain(stored).collect())
}
