//! An error as an output: what failed, why, who holds the lock, what to do.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Class;
use crate::exit::Exit;
use crate::present::listing::RowJson;
use crate::present::{Block, DocumentSchema, Json, Output, Severity, Style, Text, sanitize, text, words};
use crate::store::Holder;
use crate::text::shell_word;
use crate::upstreams::Failure;

pub const SCHEMA: DocumentSchema =
    DocumentSchema::of::<ErrorDocument<'static>>("tongbu.error/1", "any command that ended before it had an answer");

const CAUSED_BY: Text = text("caused by", "原因");
const HELD_BY: Text = text("held by {} (pid {} on {}), token {}", "持有者 {}（进程 {}，主机 {}），令牌 {}");
const SINCE: Text = text("since {} ({}), last heartbeat {} ({})", "自 {}（{}）起，最近心跳 {}（{}）");
const EXPIRES: Text = text("expires by itself {} ({})", "将于 {} 自动到期（{}）");

/// The error that ends a command, or explains the output before it.
#[derive(Clone, Copy, Debug)]
pub struct ErrorOutput<'a> {
    pub failure: &'a Failure,
    /// Who holds the lock, where that is why.
    pub holder: Option<&'a Holder>,
}

/// What `--json` prints where no run came to exist.
#[derive(Serialize, JsonSchema)]
pub struct ErrorDocument<'a> {
    /// Which of several could not run, in the document of `sync all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<&'a str>,
    exit_code: u8,
    exit_name: &'static str,
    error: ErrorPart<'a>,
}

/// `"error"` in a document: why there is no success.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "failure")]
pub struct ErrorPart<'a> {
    class: Class,
    exit_code: u8,
    message: &'a str,
    causes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<RowJson<'a, Holder>>,
    hint: String,
}

impl<'a> ErrorDocument<'a> {
    pub fn new(sync: Option<&'a str>, output: ErrorOutput<'a>, style: &'a Style) -> Self {
        let exit = Exit::from(output.failure.class);
        let error = ErrorPart::new(output.failure, output.holder, style);
        Self { sync, exit_code: exit.code(), exit_name: exit.name(), error }
    }
}

impl<'a> ErrorPart<'a> {
    pub fn new(failure: &'a Failure, holder: Option<&'a Holder>, style: &'a Style) -> Self {
        Self {
            class: failure.class,
            exit_code: Exit::from(failure.class).code(),
            message: &failure.message,
            causes: &failure.causes,
            lock: holder.map(|holder| RowJson(holder, style)),
            hint: ErrorOutput { failure, holder }.hint(),
        }
    }
}

impl ErrorOutput<'_> {
    fn hint(&self) -> String {
        self.holder.map_or_else(|| self.failure.hint.clone(), lock_hint)
    }
}

impl Output for ErrorOutput<'_> {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    /// `error: …`, `caused by: …`, who holds the lock where that is why, `hint: …`.
    fn blocks(&self, style: &Style) -> Vec<Block> {
        let notice = |label, severity, message: &str| Block::Notice { label, severity, message: message.to_owned() };
        let mut blocks = vec![notice(words::ERROR, Severity::Bad, &self.failure.message)];
        blocks.extend(self.failure.causes.iter().map(|cause| notice(CAUSED_BY, Severity::Plain, cause)));
        let holder = self.holder.into_iter().flat_map(|holder| describe_holder(holder, style));
        blocks.extend(holder.map(|line| Block::Line(format!("  {line}"))));
        let hint = self.hint();
        if !hint.is_empty() {
            blocks.push(notice(words::HINT, Severity::Plain, &hint));
        }
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&ErrorDocument::new(None, *self, style))
    }
}

/// The commands that show who holds a lock, and take it away.
pub fn lock_hint(holder: &Holder) -> String {
    let name = shell_word(&holder.name);
    format!(
        "see `tongbu locks list`; if that run is gone for good: `tongbu locks break {name} --token {}`",
        holder.token
    )
}

pub fn describe_holder(holder: &Holder, style: &Style) -> [String; 3] {
    let at = |at| style.local(at);
    let age = |at| style.age(at);
    let fill = |label: Text, values: &[&dyn std::fmt::Display]| label.fill(style.language, values);
    [
        fill(HELD_BY, &[&sanitize(&holder.owner), &holder.pid, &sanitize(&holder.host), &holder.token]),
        fill(SINCE, &[&at(holder.locked_at), &age(holder.locked_at), &at(holder.renewed_at), &age(holder.renewed_at)]),
        fill(EXPIRES, &[&at(holder.expires_at), &age(holder.expires_at)]),
    ]
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use insta::assert_snapshot;

    use super::{ErrorOutput, lock_hint};
    use crate::cli::samples;
    use crate::error::Class;
    use crate::language::Language;
    use crate::present::output::document;
    use crate::present::style::samples::style;
    use crate::ui::injection_tests;
    use crate::ui::tables::render_output;

    #[test]
    fn an_error_shows_its_causes_the_holder_of_the_lock_and_a_hint() {
        let locked = samples::locked_report();
        let failure = samples::failure(Class::Unavailable, "cannot fetch `/api/responses` of `shop-eu`");
        let error = ErrorOutput { failure: &failure, holder: None };
        let mut all = String::new();
        for language in [Language::En, Language::Zh] {
            let style = style(language, Some(80));
            all.push_str(&render_output(&error, &style));
            let locked = ErrorOutput { failure: locked.failure.as_ref().unwrap(), holder: locked.holder.as_ref() };
            all.push_str(&render_output(&locked, &style));
        }
        writeln!(all, "== JSON\n{}", document(&error, &style(Language::En, None)).as_str()).unwrap();
        assert_snapshot!("errors", all);
    }

    #[test]
    fn a_lock_name_that_a_shell_would_split_is_quoted() {
        let hint = lock_hint(&samples::holder("fairing/my shop's/responses"));
        assert!(hint.contains(r"tongbu locks break 'fairing/my shop'\''s/responses' --token 7"), "{hint}");
    }

    #[test]
    fn hostile_errors_are_harmless() {
        for text in injection_tests::hostile_strings() {
            let (failure, holder) = (samples::failure_of(&text), samples::holder_of(&text));
            injection_tests::check_shown(&text, &ErrorOutput { failure: &failure, holder: Some(&holder) });
            injection_tests::check_shown(&text, &ErrorOutput { failure: &failure, holder: None });
        }
    }
}
