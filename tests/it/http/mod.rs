//! The HTTP client against servers that do not behave.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod bounds;
mod hostile;
mod secrets;
mod streams;

#[path = "../../sandbox/faults/mod.rs"]
pub mod faults;

use std::time::Duration;

use serde::Deserialize;
use tongbu::clock::Clock;
use tongbu::http::{Context, Jitter, Profile};

/// What the upstream of these tests is expected to answer.
#[derive(Debug, Deserialize, PartialEq)]
struct Page {
    data: Vec<Row>,
    /// Whatever else there is, parsed in full.
    more: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Row {
    id: u64,
    name: String,
}

/// Limits that end every fault soon, and no retries.
fn profile(url: &str) -> Profile {
    Profile {
        name: "fairing",
        base_url: url.parse().expect("a URL"),
        connect_timeout: Duration::from_millis(300),
        read_timeout: Duration::from_millis(200),
        total_timeout: Duration::from_millis(300),
        max_body: 2 << 30,
        retries: 0,
        backoff: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(5),
        jitter: Jitter::Full,
        rate_limit: None,
    }
}

/// Limits that no test reaches by accident.
fn patient(url: &str) -> Profile {
    Profile {
        connect_timeout: Duration::from_secs(10),
        read_timeout: Duration::from_secs(20),
        total_timeout: Duration::from_secs(30),
        ..profile(url)
    }
}

fn context() -> Context {
    Context::detached(Clock::system(), "test")
}
