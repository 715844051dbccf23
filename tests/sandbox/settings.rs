//! What the fakes begin with.

use serde::{Deserialize, Serialize};

use super::clock::Clock;

/// Everything that made-up data follows from, and where it is served.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The same seed makes the same data.
    pub seed: u64,
    /// The first upstream listens here, the others on the ports behind it; 0: on free ports.
    pub port: u16,
    /// Responses of the first Fairing account; the second has a tenth.
    pub responses: u64,
    /// Films in Douban's lists.
    pub films: u64,
    /// Regions of the two cloud accounts together, 20 at most.
    pub regions: usize,
    /// Instances of each of these regions.
    pub instances: u64,
    /// Cloud accounts, each with the regions of its provider.
    pub accounts: usize,
    /// Databases and caches of each of these regions, and buckets of each account; 0: only instances are synced.
    pub resources: usize,
    /// What the data is dated relative to.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        let (accounts, resources, clock) = (2, 0, Clock::fixed());
        Self { seed: 1, port: 0, responses: 150, films: 6, regions: 3, instances: 12, accounts, resources, clock }
    }
}
