//! The binary under a wall clock that is off.

use std::path::PathBuf;
use std::process::Command;

use super::run::{Outcome, Running};
use crate::sandbox::Sandbox;

impl Sandbox {
    /// `tongbu` with these words, its clock off by `offset`.
    pub fn command_at(&self, offset: &str, arguments: &str) -> Command {
        let mut command = self.command();
        command.args(arguments.split_whitespace());
        set_clock(&mut command, offset);
        command
    }

    pub fn run_at(&self, offset: &str, arguments: &str) -> Outcome {
        Running::start(self.command_at(offset, arguments)).wait()
    }
}

/// The command's clock is off by `offset` from its first moment on: `-25h`, `+400d`, `+90` seconds.
pub fn set_clock(command: &mut Command, offset: &str) {
    // The program `faketime` shares its start with its children, and fails at that now and then.
    command.env("LD_PRELOAD", library()).env("FAKETIME", offset).env("FAKETIME_DISABLE_SHM", "1");
}

/// Where the distribution has put it, below the folder of its architecture.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("a folder of libraries").flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    libraries.find(|library| library.exists()).expect("libfaketime is installed: see `tests/run.sh`")
}
