//! The experiments behind the promises: a small count in every test run, any other on demand.
//!
//! `COUNT=1000 cargo test --test it -- --nocapture experiments::kills` runs one with another count; `SEED` chooses
//! another seed.

mod clocks;
pub mod disk;
mod fixture;
mod hours;
mod kills;
mod locks;
mod runs;

use std::time::{Duration, Instant};

/// One experiment under way: its seed, its count, and when it began.
pub struct Experiment {
    name: &'static str,
    pub seed: u64,
    pub count: u64,
    began: Instant,
}

impl Experiment {
    /// With that count, unless `COUNT` says otherwise.
    pub fn new(name: &'static str, count: u64) -> Self {
        let (seed, count) = (number("SEED").unwrap_or(1), number("COUNT").unwrap_or(count));
        Self { name, seed, count, began: Instant::now() }
    }

    /// Prints what came out.
    #[expect(clippy::print_stdout, reason = "an experiment prints its seed, its count, its date and its figures")]
    pub fn report(&self, figures: &str) {
        let Self { name, seed, count, began } = self;
        let (today, took) = (jiff::Zoned::now().date(), began.elapsed().as_secs_f64());
        println!("{name}: seed {seed}, count {count}, {today}, {took:.1} s: {figures}");
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The 99th percentile and the most.
fn p99_and_max(mut spans: Vec<Duration>) -> (Duration, Duration) {
    spans.sort_unstable();
    let p99 = (spans.len() * 99).div_ceil(100).saturating_sub(1);
    (spans.get(p99).copied().unwrap_or_default(), spans.last().copied().unwrap_or_default())
}
