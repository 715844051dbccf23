//! Messages to a command.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::{Error, TIMEOUT};
use crate::secret::Secret;

/// How often it is looked whether the command has ended.
const POLL: Duration = Duration::from_millis(10);

/// Runs the command with the document on its standard input. One that does not end in time is killed.
pub fn run(command: &Secret, document: &str) -> Result<(), Error> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command.expose()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::Command)?;
    if let Some(mut input) = child.stdin.take() {
        // A command that does not read its input may still do its work.
        let _ = input.write_all(document.as_bytes());
    }
    let started = Instant::now();
    while started.elapsed() < TIMEOUT {
        match child.try_wait().map_err(Error::Command)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(Error::CommandFailed(status)),
            None => sleep(POLL),
        }
    }
    // It may have ended in between.
    let _ = child.kill();
    let _ = child.wait();
    Err(Error::CommandTimeout)
}
