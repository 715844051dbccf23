//! The demonstration.
use crate::sandbox::{Sandbox, Settings};
use std::process::ExitCode;
pub fn run(settings: Settings) -> ExitCode {
    let _ = Sandbox::start(settings);
    ExitCode::SUCCESS
}
