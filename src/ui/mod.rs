//! What people and programs see: stdout is the output, stderr the commentary.
//!
//! [`Ui`] names intents, not streams. It draws what `present` describes, or prints its JSON document. Everything from
//! elsewhere is made harmless and free of secrets on its way out.

mod bars;
mod charset;
pub mod html;
#[cfg(test)]
pub(crate) mod injection_tests;
mod json;
pub mod log;
mod log_file;
mod log_observer;
mod notice;
mod prompt;
#[cfg(test)]
pub(crate) mod snapshots;
pub mod tables;
mod terminal;
mod watch;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;

pub use self::bars::clear_bars;
pub use self::charset::Charset;
pub use self::terminal::Terminal;
pub use self::watch::leave_screen;

use crate::clock::Clock;
use crate::config;
use crate::language::Language;
use crate::present::{Output, Severity, Style, Text, output, sanitize, text, words};
use crate::progress::Observer;
use crate::secret;
use crate::store::Location;
use crate::text::safe;
use crate::upstreams;
use crate::zone;

const NO_RUN_YET: Text = text(
    "no run has been made yet: `{}` does not exist; try `tongbu sync all`",
    "尚未运行过：`{}` 不存在；可运行 `tongbu sync all`",
);

const RECORDED: Text =
    text("the run is recorded as it ended: `tongbu records show {}`", "本次运行已如实记录：`tongbu records show {}`");

/// How the command line wants the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate flag")]
pub struct OutputOptions {
    pub json: bool,
    /// Lists as CSV.
    pub csv: bool,
    /// Tables with every column.
    pub wide: bool,
    pub quiet: bool,
    /// How often `-v` was given.
    pub verbosity: u8,
    pub no_progress: bool,
    pub lang: Option<Language>,
}

/// The one place that prints.
#[derive(Debug)]
pub struct Ui {
    options: OutputOptions,
    terminal: Terminal,
    clock: Clock,
    language: Language,
    charset: Charset,
    zone: TimeZone,
    is_output_lost: AtomicBool,
}

impl Ui {
    /// As the flags and the environment want it; the system's zone until [`set_zone`](Self::set_zone).
    pub fn new(options: OutputOptions, terminal: Terminal, clock: Clock) -> Self {
        let language = options.lang.unwrap_or_else(|| config::early_language(&terminal.env));
        let charset = Charset::of_locale(&terminal.env);
        let (zone, is_output_lost) = (zone::system(), AtomicBool::new(false));
        Self { options, terminal, clock, language, charset, zone, is_output_lost }
    }

    /// Shows texts in that language from now on.
    pub const fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// Shows times in that zone from now on.
    pub fn set_zone(&mut self, zone: TimeZone) {
        self.zone = zone;
    }

    /// The language that is wanted.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// What text is written in.
    pub const fn charset(&self) -> Charset {
        self.charset
    }

    /// Warns where the locale's encoding is unknown, or cannot write the language that is wanted.
    pub fn check_charset(&self) {
        let named = config::locale_charset(&self.terminal.env);
        if let Some(name) = named.filter(|name| !Charset::is_known(name)) {
            self.warning(&format!("the encoding `{name}` of the locale is unknown: the output is in UTF-8"));
        } else if !self.charset.has(self.language) {
            let name = self.charset.name();
            self.warning(&format!("the encoding {name} of the locale has no Chinese: set `LC_ALL=zh_CN.UTF-8`"));
        }
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

    /// Whether the output is a JSON document.
    pub const fn is_json(&self) -> bool {
        self.options.json
    }

    /// Whether a success prints nothing.
    pub const fn is_quiet(&self) -> bool {
        self.options.quiet
    }

    /// Whether an output could not be written, other than to a reader that closed its end.
    pub fn is_output_lost(&self) -> bool {
        self.is_output_lost.load(Ordering::Relaxed)
    }

    /// What a command answers with: drawn for a person, or as a document.
    pub fn output(&self, output: &dyn Output) {
        self.show(output, |style| tables::render_output(output, style));
    }

    /// That no run has made a database yet; a program gets the empty output.
    pub fn no_database(&self, database: &Location, empty: &dyn Output) {
        let path = sanitize(&database.to_string());
        self.show(empty, |style| NO_RUN_YET.fill(style.language, &[&path]) + "\n");
    }

    fn show(&self, output: &dyn Output, render_text: impl FnOnce(&Style) -> String) {
        let is_read = self.terminal.stdout_is_terminal && !self.options.quiet;
        let style = Style { names_left_out: is_read && output.schema().is_list(), ..self.stdout_style() };
        if self.options.json {
            self.print_document(output, &style);
        } else if let Some(lines) = output.csv(&style).filter(|_| self.options.csv) {
            self.data(secret::scrub(&String::from_utf8_lossy(&lines)).as_bytes());
        } else if !(output.is_quiet_on_success() && self.options.quiet) {
            self.print(&self.charset.encode(&secret::scrub(&render_text(&style))));
        }
    }

    fn print_document(&self, output: &dyn Output, style: &Style) {
        self.print((json::scrub_document(output::document(output, style).as_str()).into_owned() + "\n").as_bytes());
    }

    /// One of several outputs, as soon as it is there; with `--json` the last one holds them all.
    pub fn part(&self, output: &dyn Output) {
        if !self.options.json {
            self.output(output);
        }
    }

    /// Help as it is to be shown.
    pub fn help(&self, text: &str) {
        self.print(&self.charset.encode(&secret::scrub(text)));
    }

    /// Text for a program, in UTF-8: a completion script, a file's contents.
    pub fn verbatim(&self, text: &str) {
        self.print(secret::scrub(text).as_bytes());
    }

    /// Whole lines for a program, of which more may follow; whether more are wanted. A person's terminal gets them
    /// harmless.
    pub fn data(&self, lines: &[u8]) -> bool {
        if !self.terminal.stdout_is_terminal {
            return self.print(lines);
        }
        let shown: String = String::from_utf8_lossy(lines).lines().map(|line| safe(line).into_owned() + "\n").collect();
        self.print(shown.as_bytes())
    }

    /// Something a person should know though the verdict stays.
    pub fn warning(&self, message: &str) {
        if !self.options.json {
            let style = self.stderr_style();
            self.comment(&notice::render(words::WARNING, message, Severity::Warning, &style));
        }
    }

    /// The error that ends a command: on stderr, or as a document on stdout.
    pub fn error(&self, error: &dyn Output) {
        if self.options.json {
            self.print_document(error, &self.stdout_style());
        } else {
            self.explain(error);
        }
    }

    /// The error behind an output that was already shown; with `--json` that output holds it.
    pub fn explain(&self, error: &dyn Output) {
        if !self.options.json {
            self.comment(&tables::render_output(error, &self.stderr_style()));
        }
    }

    /// Where to find what a run did, whose output is lost.
    pub fn say_recorded(&self, record: i64) {
        let style = self.stderr_style();
        let message = RECORDED.fill(style.language, &[&record]);
        self.comment(&notice::render(words::HINT, &message, Severity::Plain, &style));
    }

    /// Commentary, unchanged.
    #[expect(clippy::disallowed_methods, reason = "the commentary goes to stderr")]
    pub fn comment(&self, text: &str) {
        // Where stderr cannot be written there is no other place for this.
        let _ = io::stderr().lock().write_all(&self.charset.encode(&secret::scrub(text)));
    }

    /// Who watches a run: bars where a person does, the log otherwise. Bars go when the observer is dropped.
    pub fn observer(&self) -> Arc<dyn Observer> {
        let options = &self.options;
        let is_bare = options.json || options.quiet || options.no_progress || options.verbosity > 0;
        if is_bare || !self.terminal.can_draw() || !self.charset.is_utf8() {
            Arc::new(log_observer::LogObserver)
        } else {
            Arc::new(bars::Bars::on_stderr(self.stderr_style().messages))
        }
    }

    /// Makes clap's styled text fit for stdout.
    pub fn render_help(&self, text: &clap::builder::StyledStr) -> String {
        if self.terminal.colours_stdout() { text.ansi().to_string() } else { text.to_string() }
    }

    /// The style of what goes to stdout.
    pub fn stdout_style(&self) -> Style {
        // English can be written anywhere.
        let language = if self.charset.has(self.language) { self.language } else { Language::En };
        Style {
            language,
            messages: upstreams::messages(language),
            zone: self.zone.clone(),
            now: self.clock.now(),
            width: self.terminal.width().filter(|_| !self.options.wide),
            is_wide: self.options.wide,
            names_left_out: false,
            colour: self.terminal.colours_stdout(),
        }
    }

    fn stderr_style(&self) -> Style {
        Style { colour: self.terminal.colours_stderr(), ..self.stdout_style() }
    }

    #[expect(clippy::disallowed_methods, reason = "the output goes to stdout")]
    /// Whether somebody may read more.
    fn print(&self, text: &[u8]) -> bool {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text).and_then(|()| stdout.flush());
        if let Err(error) = &written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.is_output_lost.store(true, Ordering::Relaxed);
            let style = self.stderr_style();
            let message = format!("cannot write the output to stdout: {error}");
            self.comment(&notice::render(words::ERROR, &message, Severity::Bad, &style));
        }
        written.is_ok()
    }
}
