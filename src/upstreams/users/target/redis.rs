//! A Redis that holds each user under a key: a cache of the present state.

use super::super::config::{RedisTargetConfig, TargetConfig};
use super::super::event::Kind;
use super::super::redis::{Applied, Connection, Error, KeyPattern, Limits, Page, ScanCursor, Target};
use super::super::tables::StoredEvent;
use super::super::user::Version;
use super::answer::{Answer, Cause};
use crate::error::Class;
use crate::upstreams::{self, Caution};

/// A Redis target, opened; connected when it is first needed.
pub struct RedisTarget(Target);

impl RedisTarget {
    pub fn open(redis: &RedisTargetConfig, target: &TargetConfig, limits: Limits) -> Result<Self, upstreams::Error> {
        let connection = Connection::open(&redis.url.resolve(&target.full_key("url"))?, limits)?;
        Ok(Self(Target::new(connection, KeyPattern::parse(&redis.key)?, redis.ttl.0)))
    }

    /// Brings the key to where the event leaves its user, unless the target knows of a later event.
    pub async fn send(&self, event: &StoredEvent) -> Answer {
        let json = match user_json(event) {
            Ok(json) => json,
            Err(error) => return Answer::unreadable(event.seq, &error),
        };
        let applied = match self.apply(event, json.as_deref()).await {
            // The server may have closed the connection while it was idle; the version keeps the command from taking
            // effect twice.
            Err(Error::Lost { .. }) => self.apply(event, json.as_deref()).await,
            applied => applied,
        };
        match applied {
            Ok(Applied::Done) => Answer::Accepted,
            Ok(Applied::Stale) => Answer::Superseded,
            Err(error) => {
                let cause = cause(&error);
                Answer::failed(&error.into(), cause, None)
            }
        }
    }

    async fn apply(&self, event: &StoredEvent, json: Option<&str>) -> Result<Applied, Error> {
        let version = Version { at_ms: event.version_ms, seq: event.seq };
        match json {
            Some(json) => self.0.put(event.user_id, version, json).await,
            None => self.0.remove(event.user_id, version).await,
        }
    }

    /// What the target holds of the user, as JSON; `None` where it has none.
    pub async fn fetch_user(&self, user_id: i64) -> Result<Option<serde_json::Value>, upstreams::Error> {
        let Some(text) = self.0.load(user_id).await? else { return Ok(None) };
        // What is no JSON is no user of ours, and to be replaced.
        Ok(Some(serde_json::from_str(&text).unwrap_or(serde_json::Value::Null)))
    }

    /// What is to be known about the server's memory.
    pub async fn find_caution(&self) -> Result<Option<Caution>, upstreams::Error> {
        Ok(self.0.find_caution().await?)
    }

    /// Some of the users it holds.
    pub async fn load_user_ids(&self, from: ScanCursor) -> Result<Page, upstreams::Error> {
        Ok(self.0.load_user_ids(from).await?)
    }
}

/// Whose failure the error is.
const fn cause(error: &Error) -> Cause {
    if matches!(error, Error::Version { .. }) {
        Cause::Permanent
    } else if matches!(error, Error::Refused { class: Class::Contract, .. } | Error::Unreadable { .. }) {
        // Such as a key of another type.
        Cause::Event
    } else {
        Cause::Target
    }
}

/// The user after the event, as JSON; `None` when it is deleted.
fn user_json(event: &StoredEvent) -> Result<Option<String>, serde_json::Error> {
    if event.kind == Kind::Deleted {
        return Ok(None);
    }
    let data: serde_json::Value = serde_json::from_str(&event.data)?;
    Ok(data.get("user").map(ToString::to_string))
}
