//! What the phases of a pass share: the settings, and one way to fetch.

use std::time::Duration;

use super::api::{Api, Call, Reply, Throttle};
use super::parsed::Unreadable;
use crate::upstreams::{Error, Scope};

/// What the pass works with.
pub struct Work<'a> {
    pub api: &'a Api,
    pub throttle: Throttle,
    /// How many films are listed.
    pub limit: usize,
    /// Whether details are fetched at all.
    pub has_details: bool,
    /// Details that are older are fetched again.
    pub refresh_after: Option<Duration>,
}

impl Work<'_> {
    /// Fetches under the throttle, with retries.
    pub async fn fetch<T: Send>(
        &self,
        scope: &Scope<'_>,
        call: &Call,
        parse: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<Reply<T>, Error> {
        let attempt = |_| async {
            self.throttle.wait(scope.context).await?;
            self.api.fetch(call, parse).await
        };
        self.api.client(call).retry(scope.name, attempt).await
    }
}
