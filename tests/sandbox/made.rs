//! The arguments about made-up data: how much there is, and where it is served.

use crate::sandbox::{Clock, Settings};

#[derive(clap::Args)]
pub struct Made {
    /// The first fake's port, the others follow; free ports by default
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// How many survey responses the first account has
    #[arg(long, default_value_t = 150)]
    pub responses: u64,
    /// How many films Douban's lists hold
    #[arg(long, default_value_t = 6)]
    pub films: u64,
    /// How many regions the two cloud accounts have together
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub regions: u8,
    /// How many instances each of these regions has
    #[arg(long, default_value_t = 12)]
    pub instances: u64,
    /// How many cloud accounts there are, half of them of each of two clouds
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=200))]
    pub accounts: u8,
    /// How many databases and caches each of the regions has, and how many buckets each account
    #[arg(long, default_value_t = 0)]
    pub resources: u8,
    /// The same seed makes the same data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Made {
    pub const fn settings(&self, clock: Clock) -> Settings {
        Settings {
            seed: self.seed,
            port: self.port,
            responses: self.responses,
            films: self.films,
            regions: self.regions as usize,
            instances: self.instances,
            accounts: self.accounts as usize,
            resources: self.resources as usize,
            clock,
        }
    }
}
