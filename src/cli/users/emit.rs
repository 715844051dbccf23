//! `users emit`: one event from the command line, or many from stdin.

use std::io::{BufRead, Read};

use clap::Args;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::super::error::Error;
use super::super::session::{LogTo, Session};
use crate::exit::Exit;
use crate::run;
use crate::store::{Mode, Store};
use crate::ui::users::EmitAnswer;
use crate::upstreams::users::event::{Event, Invalid, Kind, MAX_EVENT_BYTES, Strictness};
use crate::upstreams::users::ingest::{Intake, Limits};
use crate::upstreams::users::outbox::{Audience, Taken, save_events};

/// The lock of what takes events in.
const LOCK: &str = "users/emit";

/// Events stored in one transaction.
const BATCH: usize = 1000;

/// What stands for stdin.
const STDIN: &str = "-";

/// What happened.
#[derive(Debug, Args)]
pub struct EmitArgs {
    /// `user.created`, `user.updated`, `user.deleted` or `user.status_changed`; `-` reads JSON lines from stdin
    #[arg(value_name = "TYPE|-")]
    kind: String,
    /// The user's number
    #[arg(long, value_name = "N")]
    user_id: Option<i64>,
    /// Tells the event apart from every other: given twice it is stored once
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

/// Takes events in; what is no event is refused and nothing of its thousand is stored.
pub fn cmd_emit(session: &mut Session, args: EmitArgs) -> Result<Exit, Error> {
    let to_stream = args.to_stream;
    let taken = if args.kind == STDIN {
        args.refuse_beside_stdin()?;
        let outlet = Outlet::open(session, to_stream)?;
        emit_lines(session, &outlet, std::io::stdin().lock())?
    } else {
        // Before the database is made: a wrong command line leaves nothing behind.
        let event = args.into_event()?;
        Outlet::open(session, to_stream)?.take(session, vec![event])?
    };
    session.ui.answer(&EmitAnswer { taken, to_stream });
    Ok(Exit::Ok)
}

/// Where events are put.
enum Outlet {
    Outbox(Store),
    Stream { intake: Intake, runtime: tokio::runtime::Runtime },
}

impl Outlet {
    fn open(session: &mut Session, to_stream: bool) -> Result<Self, Error> {
        let config = session.load_config(LogTo::Configured)?;
        if !to_stream {
            return Ok(Self::Outbox(session.open(&session.database(&config)?, Mode::ReadWrite)?));
        }
        let settings = super::settings(&config)?;
        let limits = Limits { timeout: settings.timeout.0, cancel: CancellationToken::new(), deadline: None };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(run::Error::Runtime)?;
        Ok(Self::Stream { intake: Intake::open(&settings, limits)?, runtime })
    }

    /// Takes the events in: all of them, or none.
    fn take(&self, session: &Session, events: Vec<Event>) -> Result<Taken, Error> {
        let now = session.ui.clock().now();
        match self {
            Self::Outbox(store) => {
                store.write_under_lock(LOCK, move |w| Ok(save_events(w, &events, Audience::Everybody, None, now)?))
            }
            Self::Stream { intake, runtime } => {
                let stored = runtime.block_on(intake.publish(events, now))?;
                Ok(Taken { stored, ..Taken::default() })
            }
        }
    }
}

/// Every line is an event; blank ones are not.
fn emit_lines(session: &Session, outlet: &Outlet, mut input: impl BufRead) -> Result<Taken, Error> {
    let mut taken = Taken::default();
    let mut events = Vec::with_capacity(BATCH);
    // The first line that is not stored yet.
    let mut first = 1_u64;
    let mut number = 0;
    loop {
        let line = read_line(&mut input).map_err(|source| Error::Read { path: "<stdin>".into(), source })?;
        if let Some(line) = &line {
            number += 1;
            if !line.trim_ascii().is_empty() {
                let parsed = std::str::from_utf8(line)
                    .map_err(|_| Invalid::Json("it is not UTF-8".to_owned()))
                    .and_then(|text| Event::parse(text, Strictness::KnownKeys));
                events.push(parsed.map_err(|invalid| refused_line(number, first, &invalid))?);
            }
        }
        if events.len() == BATCH || (line.is_none() && !events.is_empty()) {
            let batch = std::mem::replace(&mut events, Vec::with_capacity(BATCH));
            let took = outlet.take(session, batch).inspect_err(|_| {
                if first > 1 {
                    session.ui.warning(&go_on_from(first));
                }
            })?;
            taken.add(took);
            first = number + 1;
        }
        if line.is_none() {
            return Ok(taken);
        }
    }
}

/// The next line without its end, no more of it than is too long; `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = MAX_EVENT_BYTES as u64 + 2;
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
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
        "the {} lines before line {first} are stored, give those from line {first} on again: `tail -n +{first} FILE | tongbu \
         users emit -`",
        first - 1
    )
}

fn refused_line(number: u64, first: u64, invalid: &Invalid) -> Error {
    let hint = if first == 1 {
        "correct the line, nothing was stored".to_owned()
    } else {
        format!("correct the line; {}", go_on_from(first))
    };
    Error::Usage { message: format!("line {number} is no event: {invalid}"), hint }
}

impl EmitArgs {
    fn refuse_beside_stdin(&self) -> Result<(), Error> {
        let Self { kind: _, user_id, id, username, email, role, status, phone, data, to_stream: _ } = self;
        let has_text = [id, username, email, role, status, phone, data].into_iter().any(Option::is_some);
        if user_id.is_some() || has_text {
            return Err(Error::Usage {
                message: "`users emit -` takes its events from stdin alone".to_owned(),
                hint: "put every field into the lines: `tongbu users emit --help` shows their keys".to_owned(),
            });
        }
        Ok(())
    }

    fn into_event(self) -> Result<Event, Error> {
        let kind = Kind::from_name(&self.kind).ok_or_else(|| refused(&Invalid::UnknownType(self.kind.clone())))?;
        let user_id = self.user_id.ok_or_else(|| Error::Usage {
            message: "`--user-id` is missing".to_owned(),
            hint: format!("say whom it is about: `tongbu users emit {} --user-id N`", self.kind),
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
        if kind == Kind::StatusChanged
            && let Some(status) = &self.status
        {
            data.insert("new_status".to_owned(), status.as_str().into());
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

fn refused(invalid: &Invalid) -> Error {
    Error::Usage {
        message: format!("cannot take this event: {invalid}"),
        hint: "nothing was stored; see `tongbu users emit --help`".to_owned(),
    }
}

fn read_data(data: Option<&str>) -> Result<Map<String, Value>, Error> {
    let text = match data {
        None => return Ok(Map::new()),
        Some(STDIN) => {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .take(MAX_EVENT_BYTES as u64 + 1)
                .read_to_string(&mut text)
                .map_err(|source| Error::Read { path: "<stdin>".into(), source })?;
            text
        }
        Some(text) => text.to_owned(),
    };
    if text.len() > MAX_EVENT_BYTES {
        return Err(refused(&Invalid::TooLong));
    }
    serde_json::from_str(&text).map_err(|error| Error::Usage {
        message: format!("cannot read `--data` as a JSON object: {error}"),
        hint: "give an object such as '{\"user\":{\"role\":\"admin\"}}', or `-` for stdin".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::read_line;
    use crate::upstreams::users::event::MAX_EVENT_BYTES;

    fn check(input: &[u8], expected: &[&[u8]]) {
        let mut input = input;
        let lines: Vec<_> = std::iter::from_fn(|| read_line(&mut input).unwrap()).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_end_as_they_do_on_any_system() {
        check(b"", &[]);
        check(b"a\nb", &[b"a", b"b"]);
        check(b"a\r\n\r\nb\n", &[b"a", b"", b"b"]);
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let endless = vec![b'x'; 4 * MAX_EVENT_BYTES];
        let line = read_line(&mut endless.as_slice()).unwrap().unwrap();
        assert!(line.len() > MAX_EVENT_BYTES && line.len() <= MAX_EVENT_BYTES + 2);
    }
}
