//! An error, told once: what failed, why, what to do.

use serde::Serialize;

use super::json::ErrorPart;
use super::labels;
use crate::exit::Exit;
use crate::present::style::{Style, sanitize};
use crate::present::table::Severity;
use crate::store::Holder;
use crate::upstreams::Failure;

/// What `--json` prints where no run came to exist.
#[derive(Debug, Serialize)]
pub struct ErrorDocument<'a> {
    schema: &'static str,
    exit_code: u8,
    exit_name: &'static str,
    error: ErrorPart<'a>,
}

impl<'a> ErrorDocument<'a> {
    /// `holder`: who holds the lock, where that is why.
    pub fn new(failure: &'a Failure, holder: Option<&'a Holder>, style: &Style) -> Self {
        let exit = Exit::from(failure.class);
        Self {
            schema: "tongbu.error/1",
            exit_code: exit.code(),
            exit_name: exit.name(),
            error: ErrorPart::new(failure, holder, style),
        }
    }
}

/// The error for a person: `error: …`, `caused by: …`, who holds the lock where that is why, `hint: …`.
pub fn render_error(failure: &Failure, holder: Option<&Holder>, style: &Style) -> String {
    let mut text = String::new();
    push_line(&mut text, &toned(style.label(labels::ERROR), Severity::Bad, style), &sanitize(&failure.message));
    for cause in &failure.causes {
        push_line(&mut text, style.label(labels::CAUSED_BY), &sanitize(cause));
    }
    if let Some(holder) = holder {
        for line in render_holder(holder, style) {
            text.push_str("  ");
            text.push_str(&line);
            text.push('\n');
        }
    }
    let hint = holder.map_or_else(|| failure.hint.clone(), lock_hint);
    if !hint.is_empty() {
        push_line(&mut text, style.label(labels::HINT), &sanitize(&hint));
    }
    text
}

/// One line of a kind that has a name: `warning: …`.
pub fn render_line(label: labels::Text, message: &str, tone: Severity, style: &Style) -> String {
    let mut text = String::new();
    push_line(&mut text, &toned(style.label(label), tone, style), &sanitize(message));
    text
}

/// The commands that show who holds a lock, and take it away.
pub fn lock_hint(holder: &Holder) -> String {
    let name = shell_word(&holder.name);
    format!(
        "see `tongbu locks list`; if that run is gone for good: `tongbu locks break {name} --token {}`",
        holder.token
    )
}

fn render_holder(holder: &Holder, style: &Style) -> [String; 3] {
    let at = |at| style.local(at);
    let age = |at| style.age(at);
    let fill = |label: labels::Text, values: &[&dyn std::fmt::Display]| label.fill(style.language, values);
    [
        fill(labels::LOCK_HOLDER, &[&sanitize(&holder.owner), &holder.pid, &sanitize(&holder.host), &holder.token]),
        fill(
            labels::LOCK_SINCE,
            &[&at(holder.locked_at), &age(holder.locked_at), &at(holder.renewed_at), &age(holder.renewed_at)],
        ),
        fill(labels::LOCK_EXPIRES, &[&at(holder.expires_at), &age(holder.expires_at)]),
    ]
}

fn push_line(text: &mut String, label: &str, message: &str) {
    text.push_str(label);
    text.push_str(": ");
    text.push_str(message);
    text.push('\n');
}

fn toned(label: &str, tone: Severity, style: &Style) -> String {
    if !style.colour {
        return label.to_owned();
    }
    let code = match tone {
        Severity::Plain => "1",
        Severity::Good => "1;32",
        Severity::Bad => "1;31",
        Severity::Warning => "1;33",
    };
    format!("\u{1b}[{code}m{label}\u{1b}[0m")
}

/// The text as one word of a shell command.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.,:@%+=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
