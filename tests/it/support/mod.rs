//! What the tests do with a [`Sandbox`]: run the binary in it, and look into its database.

mod clock;
mod database;
mod postgres;
mod python;
mod redis;
mod run;
mod tls;

pub use self::clock::set_clock;
pub use self::database::Database;
pub use self::postgres::{PostgresDatabase, PostgresServer};
pub use self::python::{python_program, run_python};
pub use self::redis::RedisServer;
pub use self::run::{Outcome, Running};
pub use self::tls::serve_self_signed;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

pub use crate::sandbox::{Sandbox, Settings};

/// How long anything may take before the test fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_secs(300);

impl Sandbox {
    /// A small one: 150 responses in the first account, 15 in the second.
    pub fn small() -> Self {
        Self::start(Settings::default())
    }
}

/// Waits until the condition holds.
pub fn poll(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a request to a fake without tongbu: the status and the body.
pub fn fetch(url: &str, authorization: &str) -> (u16, Vec<u8>) {
    let url = url::Url::parse(url).expect("a URL");
    let address = (url.host_str().expect("a host"), url.port().expect("a port"));
    let mut stream = TcpStream::connect(address).expect("the fake listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout is possible");
    let path = &url[url::Position::BeforePath..];
    // The older protocol, for its bodies are not chunked.
    write!(stream, "GET {path} HTTP/1.0\r\nauthorization: {authorization}\r\n\r\n").expect("the fake reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the fake answers to the end");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head and a body");
    let status = std::str::from_utf8(&answer[9..12]).ok().and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.split_off(end + 4))
}
