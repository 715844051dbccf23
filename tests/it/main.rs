//! The integration tests: the real binary, in a throw-away home, against fake upstreams on loopback.

#![expect(clippy::disallowed_methods, reason = "tests read the clock and the environment that the program runs in")]
#![expect(clippy::expect_used, reason = "a test that cannot go on fails at once")]

#[path = "../sandbox/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the example uses the other half of it")]
mod sandbox;
mod support;

mod alarms;
mod architecture;
mod cli;
mod commands;
mod demo;
mod docs;
mod experiments;
mod fakes;
mod http;
mod lifecycle;
mod server;
mod statements;

mod upstreams;
