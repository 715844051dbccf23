//! The experiments behind the promises: a small count in every test run, the full count on demand.
//!
//! The full counts: `cargo test --test it -- --ignored --nocapture experiments`; `SEED` chooses another seed, `COUNT`
//! another count.

mod clocks;
mod kills;
mod locks;
mod runs;

use std::time::{Duration, Instant};

/// One experiment under way: its seed, its count, and when it began.
struct Trial {
    name: &'static str,
    seed: u64,
    count: u64,
    began: Instant,
}

impl Trial {
    fn small(name: &'static str, count: u64) -> Self {
        Self { name, seed: 1, count, began: Instant::now() }
    }

    fn full(name: &'static str, count: u64) -> Self {
        let (seed, count) = (number("SEED").unwrap_or(1), number("COUNT").unwrap_or(count));
        Self { seed, ..Self::small(name, count) }
    }

    /// Prints what came out.
    #[expect(clippy::print_stdout, reason = "an experiment tells its seed, its count, its date and its figures")]
    fn tell(&self, figures: &str) {
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
