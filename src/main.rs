//! The `tongbu` command: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    tongbu::cli::run(std::env::args_os())
}
