//! One line of a kind that has a name: `warning: …`.

use crate::present::{Severity, Style, Text};

/// The line; ends with a line break.
pub fn render(label: Text, message: &str, severity: Severity, style: &Style) -> String {
    format!("{}: {}\n", coloured(style.label(label), severity, style), style.message(message))
}

fn coloured(label: &str, severity: Severity, style: &Style) -> String {
    let code = match severity {
        Severity::Good => "1;32",
        Severity::Bad => "1;31",
        Severity::Warning => "1;33",
        Severity::Plain => return label.to_owned(),
    };
    if style.colour { format!("\u{1b}[{code}m{label}\u{1b}[0m") } else { label.to_owned() }
}
