//! Events from a stream, into the outbox: acknowledged only when they are stored.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::config::Config;
use super::event::{self, Event, Strictness};
use super::outbox::{Ingested, Recipients, save_events};
pub use super::redis::Limits;
use super::redis::{Connection, Entry, Group, Source, consumer_name, publish};
use super::tables::{self, Rejection};
use crate::http::json::has_hidden_fault;
use crate::ident;
use crate::store::HOST;
use crate::text::ending;
use crate::upstreams::{Caution, Error, Scope};

/// Entries read, stored in one transaction and acknowledged together.
const BATCH: usize = 1000;

/// An entry that another consumer was given that long ago is taken over: its reader died.
const STALE_AFTER: Duration = Duration::from_secs(5 * 60);

/// The stream that events are read from.
pub struct EventStream {
    connection: Connection,
    group: Group,
    /// Of times without one.
    zone: TimeZone,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamRead {
    pub ingested: Ingested,
    pub rejected: u64,
    /// Events with half of a surrogate pair, which became U+FFFD.
    repaired: u64,
}

impl EventStream {
    /// Resolves the address. Sends nothing.
    pub fn open(config: &Config, limits: Limits, zone: TimeZone) -> Result<Self, Error> {
        let url = config.redis_url.as_ref().ok_or_else(|| Error::invalid("users.redis_url", "is missing"))?;
        Ok(Self {
            connection: Connection::open(&url.resolve("users.redis_url")?, limits)?,
            zone,
            group: Group { stream: config.stream.clone(), name: config.group.clone(), consumer: consumer_name(&HOST) },
        })
    }

    /// Reads everything up to the end of the stream as it is then; what is appended meanwhile is for the next pass.
    pub async fn read(&self, scope: &Scope<'_>) -> Result<StreamRead, Error> {
        let mut source = Source::open(self.connection.clone(), self.group.clone()).await?;
        let mut read = StreamRead::default();
        loop {
            let entries = source.claim_stale(STALE_AFTER, BATCH).await?;
            if entries.is_empty() {
                break;
            }
            self.store(scope, &source, entries, &mut read).await?;
        }
        while !source.is_caught_up() {
            let entries = source.read(BATCH).await?;
            if !entries.is_empty() {
                self.store(scope, &source, entries, &mut read).await?;
            }
        }
        if let Err(error) = source.remove_idle_consumers().await {
            // Harmless, and on some servers not permitted.
            tracing::info!(%error, "cannot remove idle consumers");
        }
        if let Some(warning) = read.ingested.warning() {
            scope.context.warn(warning);
        }
        let repaired = read.repaired;
        if repaired > 0 {
            let s = ending(repaired);
            scope.context.warn(format!(
                "{repaired} event{s} of the stream with half of a surrogate pair, which is no text and was stored as U+FFFD"
            ));
        }
        Ok(read)
    }

    /// Whether the server lets us in.
    pub async fn verify(&self) -> Result<(), Error> {
        Ok(self.connection.ping().await?)
    }

    /// What is to be known about the server's memory.
    pub async fn find_caution(&self) -> Result<Option<Caution>, Error> {
        Ok(self.connection.find_caution().await?)
    }

    /// Only what is committed is acknowledged; what was committed and not acknowledged comes again and is known.
    async fn store(
        &self,
        scope: &Scope<'_>,
        source: &Source,
        entries: Vec<Entry>,
        read: &mut StreamRead,
    ) -> Result<(), Error> {
        let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
        let (record, now) = (scope.context.record.0, scope.context.clock.now());
        let is_repaired = |entry: &&Entry| entry.event.as_deref().is_ok_and(|text| has_hidden_fault(text.as_bytes()));
        read.repaired += entries.iter().filter(is_repaired).count() as u64;
        let (events, rejections) = self.sort(entries, now);
        let rejected = rejections.len() as u64;
        let ingested = scope
            .write(move |w| {
                for rejection in &rejections {
                    tables::save_rejection(w, rejection)?;
                }
                save_events(w, &events, Recipients::All, Some(record), now)
            })
            .await?;
        source.ack(&ids).await?;
        read.ingested.add(ingested);
        read.rejected += rejected;
        scope.advance(read.ingested.stored, None, Some(&self.group.stream));
        Ok(())
    }

    /// The events, and the entries that are none.
    fn sort(&self, entries: Vec<Entry>, now: Timestamp) -> (Vec<Event>, Vec<Rejection>) {
        let (mut events, mut rejections) = (Vec::new(), Vec::new());
        for Entry { id, event } in entries {
            let rejected = |reason: String, raw| Rejection {
                entry_id: id.clone(),
                stream: self.group.stream.clone(),
                reason,
                raw,
                rejected_at: now,
            };
            match event.as_deref().map(|text| (text, Event::parse(text, Strictness::AnyKeys, &self.zone))) {
                Err(reason) => rejections.push(rejected(reason.clone(), None)),
                Ok((text, Err(invalid))) => rejections.push(rejected(invalid.to_string(), event::outline(text))),
                Ok((_, Ok(event))) => {
                    let own = || format!("{}:{id}", self.group.stream);
                    let event = Event { id: Some(event.id.clone().unwrap_or_else(own)), ..event };
                    events.push(event);
                }
            }
        }
        (events, rejections)
    }

    /// Puts events into the stream, each with an id and a time; all of them or none. Returns how many.
    pub async fn publish(&self, events: Vec<Event>, now: Timestamp) -> Result<u64, Error> {
        let texts: Vec<String> = events.into_iter().map(|event| text_of(event, now)).collect();
        Ok(publish(&self.connection, &self.group.stream, &texts).await?.len() as u64)
    }
}

fn text_of(event: Event, now: Timestamp) -> String {
    let Event { id, kind, user_id, username, email, data, occurred_at, source } = event;
    serde_json::json!({
        "id": id.unwrap_or_else(ident::random_hex),
        "type": kind.name(),
        "user_id": user_id,
        "username": username,
        "email": email,
        "data": data,
        "timestamp": occurred_at.unwrap_or(now).to_string(),
        "source": source.unwrap_or_else(|| super::outbox::SOURCE.to_owned()),
    })
    .to_string()
}
