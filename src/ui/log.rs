//! The log: lines on stderr with `-v`, JSON lines in a file with `--log-file`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::Value;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::charset::Charset;
use super::json;
pub use super::log_file::{LogFile, lost_lines};
use crate::clock::Clock;
use crate::present::style::sanitize;

/// What is before a trace id in a JSON line.
const TRACE_ID: &str = "\"trace_id\":\"";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot open the log file `{}`", path.display())]
    Open { path: PathBuf, source: io::Error },
}

/// Starts the log for this process; the first call counts. Without `-v` and without a file there is none.
#[expect(clippy::disallowed_methods, reason = "the log goes to stderr")]
pub fn start(verbosity: u8, file: Option<&LogFile>, charset: Charset) -> Result<(), Error> {
    let level = if verbosity > 1 { Level::DEBUG } else { Level::INFO };
    let filter = Targets::new().with_target("tongbu", level).with_default(LevelFilter::WARN);
    let stderr = (verbosity > 0).then(|| {
        fmt::layer()
            .with_ansi(false)
            .with_writer(Clean { inner: io::stderr, scrub: clean_line, charset: Some(charset) })
            .with_filter(filter.clone())
    });
    let opened = file.map(|file| {
        let writer = file.open(Clock::system());
        writer.map_err(|source| Error::Open { path: file.path.clone(), source })
    });
    let file = opened.transpose()?.map(|writer| {
        let layer = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(true);
        layer
            .with_writer(Clean { inner: Mutex::new(writer), scrub: clean_json_line, charset: None })
            .with_filter(filter)
    });
    // A process that already has a log (a test's) keeps it.
    let _ = tracing_subscriber::registry().with(stderr).with(file).try_init();
    Ok(())
}

/// The lines of one run in the log files, oldest first; files that cannot be read count as empty.
pub fn load_lines(file: &LogFile, trace_id: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (_, path) in file.parts() {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        lines.extend(text.lines().filter(|line| line.contains(trace_id)).map(ToOwned::to_owned));
    }
    lines
}

/// One JSON line of the log for a person: time, level, message, and the fields that are no bookkeeping.
pub fn render_line(line: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else { return sanitize(line) };
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut rendered = format!("{} {:5} {}", text("timestamp"), text("level"), text("message"));
    for (key, value) in &fields {
        if !["timestamp", "level", "message", "target", "spans", "span", "trace_id"].contains(&key.as_str()) {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            // Writing to a string cannot fail.
            let _ = write!(rendered, " {key}={value}");
        }
    }
    sanitize(&rendered)
}

fn clean_line(line: &str) -> Cow<'_, str> {
    let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
    Cow::Owned(sanitize(text) + end)
}

/// The line without secrets. The trace id of its span becomes a field of the line itself.
fn clean_json_line(line: &str) -> Cow<'_, str> {
    let line = json::scrub_document(line);
    let of_span = line.split_once(TRACE_ID).and_then(|(_, rest)| rest.split_once('"')).map(|(id, _)| id);
    match (of_span, line.strip_prefix('{')) {
        (Some(id), Some(fields)) => Cow::Owned(format!("{{{TRACE_ID}{id}\",{fields}")),
        (_, _) => line,
    }
}

/// A log's destination that every line is cleaned for.
struct Clean<M> {
    inner: M,
    scrub: fn(&str) -> Cow<'_, str>,
    /// None: UTF-8.
    charset: Option<Charset>,
}

struct CleanWriter<W> {
    inner: W,
    scrub: fn(&str) -> Cow<'_, str>,
    charset: Option<Charset>,
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Clean<M> {
    type Writer = CleanWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        CleanWriter { inner: self.inner.make_writer(), scrub: self.scrub, charset: self.charset }
    }
}

impl<W: Write> Write for CleanWriter<W> {
    /// The log's formatter writes a whole line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let clean = (self.scrub)(&text);
        match self.charset {
            Some(charset) => self.inner.write_all(&charset.encode(&clean))?,
            None => self.inner.write_all(clean.as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::{CleanWriter, LogFile, clean_json_line, clean_line, load_lines, render_line};
    use crate::secret::Secret;

    fn check(line: &str, expected: &str) {
        let mut writer = CleanWriter { inner: Vec::new(), scrub: clean_line, charset: None };
        writer.write_all(line.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(writer.inner).unwrap(), expected);
    }

    #[test]
    fn a_line_carries_no_secret_and_nothing_that_steers_a_terminal() {
        let _secret = Secret::new("log-canary-1".to_owned());
        check("token log-canary-1 \u{1b}[31m\u{202e}\n", "token *** \\u{1b}[31m\\u{202e}\n");
        let masked = clean_json_line("{\"message\":\"log-canary-1 \u{9b}\"}\n");
        assert_eq!(masked, "{\"message\":\"*** \u{9b}\"}\n");
    }

    #[test]
    fn the_lines_of_one_run_are_found_again_over_several_days() {
        let directory = tempfile::tempdir().unwrap();
        let file = LogFile { path: directory.path().join("t.jsonl"), keep: Duration::from_secs(1), max_bytes: 1 };
        for (name, text) in [
            ("t.2026-01-02.jsonl", "{\"n\":2,\"spans\":[{\"trace_id\":\"abc\"}]}\n"),
            ("t.2026-01-01.jsonl", "{\"n\":1,\"spans\":[{\"trace_id\":\"abc\"}]}\n{\"spans\":[]}\n"),
            ("other.2026-01-01.jsonl", "abc\n"),
        ] {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let found = load_lines(&file, "abc");
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("\"n\":1") && found[1].contains("\"n\":2"), "{found:?}");
    }

    #[test]
    fn a_log_line_is_read_by_a_person() {
        let line = r#"{"timestamp":"2026-01-02T03:04:05Z","level":"INFO","message":"done","scope":"a/b","spans":[]}"#;
        assert_eq!(render_line(line), "2026-01-02T03:04:05Z INFO  done scope=a/b");
        assert_eq!(render_line("no \u{1b} json"), "no \\u{1b} json");
    }
}
