//! The exit codes at the end of every help.

use std::fmt::Write as _;

use crate::exit::Exit;

/// Every exit code on its line.
pub fn exit_status(heading: &str, meaning: fn(Exit) -> &'static str) -> String {
    let mut text = format!("{heading}:\n");
    for exit in Exit::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:>3}  {:11}  {}", exit.code(), exit.name(), meaning(*exit));
    }
    text.trim_end().to_owned()
}
