//! One scope of a pass: due, locked, worked on, ended.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::error::Error;
use super::pass::PassContext;

/// What decides whether and how a scope runs.
#[derive(Clone, Debug)]
pub struct ScopeRules {
    pub name: String,
    /// The lease's expiry without renewal.
    pub ttl: Duration,
    /// A scope whose last success is younger is skipped; `None`: always due.
    pub min_interval: Option<Duration>,
}

/// A scope in hand, under its lease.
pub struct Scope<'a> {
    pub context: &'a PassContext,
}

impl PassContext {
    /// Runs `work` on the scope if it is due and its lock is to be had; keeps how it ended. An error dooms the pass.
    pub async fn scope<F>(&self, _rules: ScopeRules, _work: F) -> Result<(), Error>
    where
        F: for<'s> FnOnce(&'s Scope<'s>) -> BoxFuture<'s, Result<(), Error>> + Send,
    {
        unimplemented!()
    }
}
