//! Messages to a command.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::error::Error;
use crate::secret::Secret;

/// Runs the command with the document on its standard input.
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
    let status = child.wait().map_err(Error::Command)?;
    if status.success() { Ok(()) } else { Err(Error::CommandFailed(status)) }
}
