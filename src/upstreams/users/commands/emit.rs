//! `users emit`: one event from the command line, or many from stdin.

use std::io::{BufRead, Read};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::super::config::Config;
use super::super::event::{Event, Invalid, Kind, MAX_EVENT_BYTES, Strictness, parse_object};
use super::super::ingest::{EventStream, Limits};
use super::super::json;
use super::super::outbox::{Ingested, Recipients, save_events};
use crate::error::Class;
use crate::http::json::has_hidden_fault;
use crate::present::{Block, DocumentSchema, Json, Output, Style, Text, text};
use crate::store::{Mode, Store};
use crate::text::ending;
use crate::upstreams::command::{Answer, Command, CommandContext};
use crate::upstreams::{Error, UpstreamSpecific};

/// The lock of commands that store events.
const LOCK: &str = "users/emit";

/// Events stored in one transaction.
const BATCH: usize = 1000;

/// Names stdin.
const STDIN: &str = "-";

/// Some editors write it at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

const STORED: Text = text(
    "stored: {} event{|s}, the last is number {}; `tongbu sync users` delivers them",
    "已存储：{} 个事件，最后一个编号 {}；由 `tongbu sync users` 投递",
);
const PUBLISHED: Text = text("put into the stream: {} event{|s}", "已写入流：{} 个事件");
const KNOWN: Text = text("left out because they are stored already: {}", "已存在而未重复存储：{}");

/// Store an event of a user, or many as JSON lines on stdin
///
/// With `-` as the type every line of stdin is one JSON object with `type`, `user_id`, and perhaps `id`, `username`,
/// `email`, `data`, `timestamp`, `source`. They are stored a thousand at a time; an event whose `id` is stored already is
/// left out, so the same lines may be given again.
#[derive(Debug, Args)]
pub struct EmitArgs {
    /// `user.created`, `user.updated`, `user.deleted` or `user.status_changed`; `-` reads JSON lines from stdin
    #[arg(value_name = "TYPE|-")]
    kind: String,
    /// The user's number
    #[arg(long, value_name = "N")]
    user_id: Option<i64>,
    /// Identifies the event: given twice it is stored once
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The user's name
    #[arg(long, value_name = "TEXT")]
    username: Option<String>,
    /// The user's e-mail address
    #[arg(long, value_name = "TEXT")]
    email: Option<String>,
    /// The user's role
    #[arg(long, value_name = "TEXT")]
    role: Option<String>,
    /// The user's status; of `user.status_changed` the new one
    #[arg(long, value_name = "TEXT")]
    status: Option<String>,
    /// The user's telephone number
    #[arg(long, value_name = "TEXT")]
    phone: Option<String>,
    /// The event's data, a JSON object; `-` reads it from stdin
    #[arg(long, value_name = "JSON|-")]
    data: Option<String>,
    /// Put it into the stream instead of the database; needs `redis_url`
    #[arg(long)]
    to_stream: bool,
}

/// What was stored or published.
#[derive(Debug)]
pub struct Emitted {
    pub ingested: Ingested,
    /// They went into the stream, not into the database.
    pub to_stream: bool,
}

#[derive(Serialize, JsonSchema)]
struct EmitDocument {
    stored: u64,
    known: u64,
    /// Events that were stored with the time of their arrival, because their own was in the future.
    clamped: u64,
    to_stream: bool,
    last_seq: Option<i64>,
}

impl Output for Emitted {
    fn schema(&self) -> &DocumentSchema {
        &EmitArgs::OUTPUTS[0]
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let Ingested { stored, known, last_seq, .. } = self.ingested;
        if self.to_stream {
            return vec![Block::Line(PUBLISHED.fill(style.language, &[&stored]))];
        }
        let mut blocks = vec![Block::Line(STORED.fill(style.language, &[&stored, &last_seq]))];
        if known > 0 {
            blocks.push(Block::Line(KNOWN.fill(style.language, &[&known])));
        }
        blocks
    }

    fn json(&self, _: &Style) -> Json {
        let Ingested { stored, known, clamped, last_seq } = self.ingested;
        let last_seq = (stored > 0 && !self.to_stream).then_some(last_seq);
        Json::of(&EmitDocument { stored, known, clamped, to_stream: self.to_stream, last_seq })
    }
}

impl Command for EmitArgs {
    const NAME: &'static str = "emit";
    const EXAMPLES: &'static str = "  tongbu users emit user.created --user-id 7 --username li --email li@example.com
  tongbu users emit user.status_changed --user-id 7 --status locked
  tongbu users emit - --to-stream";
    const OUTPUTS: &'static [DocumentSchema] =
        &[DocumentSchema::of::<EmitDocument>("tongbu.users-emit/1", "users emit")];
    const IS_LOGGED: bool = true;

    /// An invalid event is refused, and nothing of its thousand is stored.
    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        let to_stream = self.to_stream;
        let ingested = if self.kind == STDIN {
            self.refuse_fields()?;
            let sink = EventSink::open(context, to_stream)?;
            emit_lines(context, &sink, std::io::stdin().lock())?
        } else {
            // Before the database is created: a wrong command line leaves nothing behind.
            let event = self.into_event()?;
            EventSink::open(context, to_stream)?.write(context, vec![event])?
        };
        if let Some(warning) = ingested.warning() {
            (context.warn)(&warning);
        }
        Ok(Emitted { ingested, to_stream }.into())
    }
}

/// Where events are put.
enum EventSink {
    Outbox(Store),
    Stream { stream: Box<EventStream>, runtime: tokio::runtime::Runtime },
}

impl EventSink {
    fn open(context: &CommandContext<'_>, to_stream: bool) -> Result<Self, Error> {
        if !to_stream {
            return Ok(Self::Outbox(context.open(Mode::ReadWrite)?));
        }
        let config: Config = context.config.section("users")?;
        let limits = Limits { timeout: config.timeout.0, cancel: CancellationToken::new(), deadline: None };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| UpstreamSpecific { class: Class::Internal, hint: None, error: Box::new(error) })?;
        let stream = EventStream::open(&config, limits, context.style.zone.clone())?;
        Ok(Self::Stream { stream: Box::new(stream), runtime })
    }

    /// Writes the events: all of them, or none.
    fn write(&self, context: &CommandContext<'_>, events: Vec<Event>) -> Result<Ingested, Error> {
        let now = context.clock.now();
        match self {
            Self::Outbox(store) => {
                store.write_under_lock(LOCK, move |w| Ok(save_events(w, &events, Recipients::All, None, now)?))
            }
            Self::Stream { stream, runtime } => {
                let stored = runtime.block_on(stream.publish(events, now))?;
                Ok(Ingested { stored, ..Ingested::default() })
            }
        }
    }
}

/// Every line is an event, unless it is blank.
fn emit_lines(context: &CommandContext<'_>, sink: &EventSink, mut input: impl BufRead) -> Result<Ingested, Error> {
    let mut ingested = Ingested::default();
    let mut events = Vec::with_capacity(BATCH);
    // The first line that is not stored yet.
    let mut first = 1_u64;
    let mut number = 0;
    let mut repaired = Vec::new();
    loop {
        let line = read_line(&mut input, number == 0).map_err(|source| unreadable(&source))?;
        if let Some(line) = &line {
            number += 1;
            if !line.trim_ascii().is_empty() {
                let parsed = std::str::from_utf8(line)
                    .map_err(|_| Invalid::Json(json::Error::NotUtf8))
                    .and_then(|text| Event::parse(text, Strictness::KnownKeys, &context.style.zone));
                events.push(parsed.map_err(|invalid| refused_line(number, first, &invalid))?);
                repaired.extend(has_hidden_fault(line).then_some(number));
            }
        }
        if events.len() == BATCH || (line.is_none() && !events.is_empty()) {
            let batch = std::mem::replace(&mut events, Vec::with_capacity(BATCH));
            let written = sink.write(context, batch).inspect_err(|_| {
                if first > 1 {
                    (context.warn)(&go_on_from(first));
                }
            })?;
            ingested.add(written);
            first = number + 1;
        }
        if line.is_none() {
            warn_of_repairs(context, &repaired);
            return Ok(ingested);
        }
    }
}

/// Warns of the lines, by their numbers, in which something became U+FFFD.
fn warn_of_repairs(context: &CommandContext<'_>, lines: &[u64]) {
    if let Some(first) = lines.first() {
        let count = lines.len();
        let s = ending(count as u64);
        (context.warn)(&format!(
            "{count} line{s} with half of a surrogate pair, which is no text and was stored as U+FFFD; the first is line {first}"
        ));
    }
}

/// The next line without its end, cut where it is too long; `None` at the end of the input.
fn read_line(input: &mut impl BufRead, is_first: bool) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = (MAX_EVENT_BYTES + BYTE_ORDER_MARK.len()) as u64 + 2;
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if is_first && line.starts_with(BYTE_ORDER_MARK) {
        line.drain(..BYTE_ORDER_MARK.len());
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

/// What to do when only the lines before that one are stored.
fn go_on_from(first: u64) -> String {
    format!(
        "what is before line {first} is stored, give the lines from {first} on again: `tail -n +{first} FILE | tongbu users \
         emit -`"
    )
}

fn refused_line(number: u64, first: u64, invalid: &Invalid) -> Error {
    let hint = if first == 1 {
        "correct the line, nothing was stored".to_owned()
    } else {
        format!("correct the line; {}", go_on_from(first))
    };
    Error::Usage { message: format!("line {number} is no event: {invalid}"), hint: Some(hint) }
}

fn unreadable(error: &std::io::Error) -> Error {
    Error::Usage { message: format!("cannot read stdin: {error}"), hint: None }
}

fn refused(invalid: &Invalid) -> Error {
    Error::Usage {
        message: format!("cannot emit this event: {invalid}"),
        hint: Some("nothing was stored; see `tongbu users emit --help`".to_owned()),
    }
}

impl EmitArgs {
    fn refuse_fields(&self) -> Result<(), Error> {
        let Self { kind: _, user_id, id, username, email, role, status, phone, data, to_stream: _ } = self;
        let has_text = [id, username, email, role, status, phone, data].into_iter().any(Option::is_some);
        if user_id.is_some() || has_text {
            return Err(Error::Usage {
                message: "`users emit -` reads its events from stdin only".to_owned(),
                hint: Some("put every field into the lines: `tongbu users emit --help` shows their keys".to_owned()),
            });
        }
        Ok(())
    }

    fn into_event(self) -> Result<Event, Error> {
        let kind = Kind::parse(&self.kind).map_err(|invalid| refused(&invalid))?;
        let user_id = self.user_id.ok_or_else(|| Error::Usage {
            message: "missing `--user-id`".to_owned(),
            hint: Some(format!("give the user's number: `tongbu users emit {} --user-id N`", kind.name())),
        })?;
        let mut data = read_data(self.data.as_deref())?;
        let mut user = match data.remove("user") {
            Some(Value::Object(user)) => user,
            Some(other) => {
                data.insert("user".to_owned(), other);
                Map::new()
            }
            None => Map::new(),
        };
        if kind == Kind::StatusChanged {
            if let Some(status) = &self.status {
                data.insert("new_status".to_owned(), status.as_str().into());
            } else if !data.contains_key("new_status") {
                return Err(Error::Usage {
                    message: "missing `--status`".to_owned(),
                    hint: Some(format!(
                        "give the new one: `tongbu users emit {} --user-id {user_id} --status TEXT`",
                        self.kind
                    )),
                });
            }
        }
        let flags = [("role", self.role), ("phone", self.phone), ("status", self.status)];
        user.extend(flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))));
        if !user.is_empty() && kind != Kind::Deleted {
            data.insert("user".to_owned(), user.into());
        }
        let event = Event {
            id: self.id,
            kind,
            user_id,
            username: self.username,
            email: self.email,
            data,
            occurred_at: None,
            source: None,
        };
        event.checked().map_err(|invalid| refused(&invalid))
    }
}

fn read_data(data: Option<&str>) -> Result<Map<String, Value>, Error> {
    let mut input = String::new();
    let text = match data {
        None => return Ok(Map::new()),
        Some(STDIN) => {
            let limit = MAX_EVENT_BYTES as u64 + 1;
            std::io::stdin().lock().take(limit).read_to_string(&mut input).map_err(|source| unreadable(&source))?;
            &input
        }
        Some(text) => text,
    };
    parse_object(text).map_err(|invalid| {
        let Invalid::Json(error) = &invalid else { return refused(&invalid) };
        Error::Usage {
            message: format!("cannot read `--data` as a JSON object: {error}"),
            hint: Some("give an object such as '{\"user\":{\"role\":\"admin\"}}', or `-` for stdin".to_owned()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::read_line;
    use crate::upstreams::users::event::MAX_EVENT_BYTES;

    fn check(input: &[u8], expected: &[&[u8]]) {
        let mut input = input;
        let mut is_first = true;
        let lines: Vec<_> =
            std::iter::from_fn(|| read_line(&mut input, std::mem::take(&mut is_first)).unwrap()).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn line_ends_of_all_systems_are_removed() {
        check(b"", &[]);
        check(b"a\nb", &[b"a", b"b"]);
        check(b"a\r\n\r\nb\n", &[b"a", b"", b"b"]);
    }

    #[test]
    fn byte_order_mark_is_removed_at_the_start_only() {
        check(b"\xef\xbb\xbfa\n\xef\xbb\xbfb", &[b"a", b"\xef\xbb\xbfb"]);
        check(b"\xef\xbb\xbf", &[b""]);
    }

    #[test]
    fn line_without_end_does_not_fill_the_memory() {
        let endless = vec![b'x'; 4 * MAX_EVENT_BYTES];
        let line = read_line(&mut endless.as_slice(), true).unwrap().unwrap();
        assert!(line.len() > MAX_EVENT_BYTES && line.len() <= MAX_EVENT_BYTES + 5);
    }
}
