//! What a person or a program is told: stdout is the answer, stderr the commentary.
//!
//! [`Ui`] names intents, not streams. What can be told is an [`Answer`]: it renders itself for a person in a [`Style`],
//! and as one JSON document. Everything from elsewhere is made harmless and free of secrets on its way out.

mod bars;
pub mod doctor;
pub mod errors;
#[cfg(test)]
pub(crate) mod hostile;
mod json;
pub mod labels;
mod lines;
pub mod locks;
pub mod log;
pub mod notices;
pub mod pass_report;
pub mod records;
#[cfg(test)]
mod samples;
pub mod schema;
pub mod settings;
pub mod show;
#[cfg(test)]
pub(crate) mod snapshots;
pub mod stats;
pub mod status;
pub mod sync_report;
pub mod tables;
mod terminal;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;
use serde::Serialize;

pub use self::terminal::Terminal;
pub use crate::present::Style;

use crate::clock::Clock;
use crate::config;
use crate::language::Language;
use crate::present::{self, Output, Severity};
use crate::progress::Observer;
use crate::secret;
use crate::store::Holder;
use crate::upstreams::Failure;

/// Something a command answers.
pub trait Answer {
    /// Whether it tells what was done rather than what was asked for: then `-q` silences it, the exit code says enough.
    const IS_OUTCOME: bool = false;

    /// For a person; ends with a line break.
    fn render_text(&self, style: &Style) -> String;

    /// For a program: one document with a `schema`.
    fn document(&self, style: &Style) -> impl Serialize;
}

/// What the command line asks of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub json: bool,
    pub quiet: bool,
    /// How often `-v` was given.
    pub verbosity: u8,
    pub no_progress: bool,
    pub lang: Option<Language>,
}

/// The one place that prints.
#[derive(Debug)]
pub struct Ui {
    wishes: Wishes,
    terminal: Terminal,
    clock: Clock,
    language: Language,
    zone: TimeZone,
    is_output_lost: AtomicBool,
}

impl Ui {
    /// A voice as the flags and the environment want it; the system's zone until [`set_zone`](Self::set_zone).
    pub fn new(wishes: Wishes, terminal: Terminal, clock: Clock) -> Self {
        let language = wishes.lang.unwrap_or_else(|| config::locale_language(&terminal.env));
        Self { wishes, terminal, clock, language, zone: TimeZone::system(), is_output_lost: AtomicBool::new(false) }
    }

    /// Speaks that language from now on.
    pub const fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// Shows times in that zone from now on.
    pub fn set_zone(&mut self, zone: TimeZone) {
        self.zone = zone;
    }

    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub const fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Whether the answer is to be a JSON document.
    pub const fn is_json(&self) -> bool {
        self.wishes.json
    }

    /// Whether an answer could not be written, other than to a reader who had seen enough.
    pub fn is_output_lost(&self) -> bool {
        self.is_output_lost.load(Ordering::Relaxed)
    }

    /// The answer, as the person wants it.
    pub fn answer<A: Answer>(&self, answer: &A) {
        let style = self.stdout_style();
        if self.wishes.json {
            self.print(&(json::render(&answer.document(&style)) + "\n"));
        } else if !(A::IS_OUTCOME && self.wishes.quiet) {
            self.print(&secret::scrub(&answer.render_text(&style)));
        }
    }

    /// What a command of an upstream answers.
    pub fn output(&self, output: &dyn Output) {
        let style = self.stdout_style();
        if self.wishes.json {
            self.print_document(output, &style);
        } else if !(output.is_quiet_on_success() && self.wishes.quiet) {
            self.print(&secret::scrub(&tables::render_output(output, &style)));
        }
    }

    /// That no run has made a database yet; a program gets the empty output.
    pub fn no_database(&self, database: &Path, empty: &dyn Output) {
        let style = self.stdout_style();
        if self.wishes.json {
            self.print_document(empty, &style);
        } else if !(empty.is_quiet_on_success() && self.wishes.quiet) {
            self.print(&(notices::no_run_yet(database, &style) + "\n"));
        }
    }

    fn print_document(&self, output: &dyn Output, style: &Style) {
        self.print(&(json::scrub_document(present::output::document(output, style).as_str()).into_owned() + "\n"));
    }

    /// One of several outcomes, as soon as it is there; with `--json` the last one holds them all.
    pub fn part(&self, answer: &impl Answer) {
        if !self.wishes.json {
            self.answer(answer);
        }
    }

    /// Text that is the answer as it stands: help, a completion script, a file's contents.
    pub fn verbatim(&self, text: &str) {
        self.print(&secret::scrub(text));
    }

    /// Something a person should know though the verdict stays.
    pub fn warning(&self, message: &str) {
        if !self.wishes.json && !self.wishes.quiet {
            let style = self.stderr_style();
            self.comment(&errors::render_line(labels::WARNING, message, Severity::Warning, &style));
        }
    }

    /// The error that ends a command which has no document of its own: on stderr, or as a document on stdout.
    pub fn error(&self, failure: &Failure, holder: Option<&Holder>) {
        if self.wishes.json {
            let style = self.stdout_style();
            self.print(&(json::render(&errors::ErrorDocument::new(failure, holder, &style)) + "\n"));
        } else {
            self.explain(failure, holder);
        }
    }

    /// The error behind an answer that was already given; with `--json` that answer holds it.
    pub fn explain(&self, failure: &Failure, holder: Option<&Holder>) {
        if !self.wishes.json {
            self.comment(&errors::render_error(failure, holder, &self.stderr_style()));
        }
    }

    /// Commentary as it stands.
    #[expect(clippy::disallowed_methods, reason = "the commentary goes to stderr")]
    pub fn comment(&self, text: &str) {
        // Where stderr cannot be written nobody is left to be told.
        let _ = io::stderr().lock().write_all(secret::scrub(text).as_bytes());
    }

    /// Who watches a run: bars where a person does, the log otherwise. Bars go when the observer is dropped.
    pub fn observer(&self) -> Arc<dyn Observer> {
        let wishes = &self.wishes;
        let is_bare = wishes.json || wishes.quiet || wishes.no_progress || wishes.verbosity > 0;
        if is_bare || !self.terminal.can_draw() { Arc::new(lines::Lines) } else { Arc::new(bars::Bars::on_stderr()) }
    }

    /// Makes clap's styled text fit for stdout.
    pub fn render_help(&self, text: &clap::builder::StyledStr) -> String {
        if self.terminal.colours_stdout() { text.ansi().to_string() } else { text.to_string() }
    }

    /// How answers on stdout are made.
    pub fn stdout_style(&self) -> Style {
        Style {
            language: self.language,
            zone: self.zone.clone(),
            now: self.clock.now(),
            width: self.terminal.width(),
            colour: self.terminal.colours_stdout(),
        }
    }

    fn stderr_style(&self) -> Style {
        Style { colour: self.terminal.colours_stderr(), ..self.stdout_style() }
    }

    #[expect(clippy::disallowed_methods, reason = "the answer goes to stdout")]
    fn print(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.is_output_lost.store(true, Ordering::Relaxed);
            let style = self.stderr_style();
            let message = format!("cannot write the answer to stdout: {error}");
            self.comment(&errors::render_line(labels::ERROR, &message, Severity::Bad, &style));
        }
    }
}
