//! A Redis that holds each user under a key: a cache of the present state.

use std::time::Duration;

use tokio::sync::OnceCell;

use super::super::config::{RedisTargetConfig, TargetConfig};
use super::super::event::Kind;
use super::super::redis::{Connection, Error, KeyPattern, Limits, Page, ScanCursor, Target};
use super::super::tables::StoredEvent;
use super::super::user::Version;
use super::Answer;
use crate::error::Class;
use crate::secret::Secret;
use crate::upstreams;

/// A Redis target, opened; connected when it is first needed.
pub struct RedisTarget {
    url: Secret,
    limits: Limits,
    pattern: KeyPattern,
    ttl: Duration,
    connected: OnceCell<Target>,
}

impl RedisTarget {
    pub fn open(redis: &RedisTargetConfig, target: &TargetConfig, limits: Limits) -> Result<Self, upstreams::Error> {
        Ok(Self {
            url: redis.url.resolve(&target.full_key("url"))?,
            limits,
            pattern: KeyPattern::parse(&redis.key)?,
            ttl: redis.ttl.0,
            connected: OnceCell::new(),
        })
    }

    /// Brings the key to where the event leaves its user; a later one than it is left alone, which is a success.
    pub async fn send(&self, event: &StoredEvent) -> Answer {
        let version = Version { at_ms: event.occurred_at.as_millisecond(), seq: event.seq };
        let applied = match user_json(event) {
            Err(error) => return Answer::Refused { class: Class::Internal, error },
            Ok(json) => self.apply(event.user_id, version, json.as_deref()).await,
        };
        match applied {
            Ok(()) => Answer::Accepted,
            Err(error) => Answer::of(&error.into(), None),
        }
    }

    async fn apply(&self, user_id: i64, version: Version, json: Option<&str>) -> Result<(), Error> {
        let target = self.target().await?;
        match json {
            Some(json) => target.put(user_id, version, json).await,
            None => target.remove(user_id, version).await,
        }
        .map(|_| ())
    }

    /// What the target holds of the user, as JSON; `None` where it has none.
    pub async fn fetch_user(&self, user_id: i64) -> Result<Option<serde_json::Value>, upstreams::Error> {
        let Some(text) = self.target().await?.load(user_id).await? else { return Ok(None) };
        // What is no JSON is no user of ours, and to be replaced.
        Ok(Some(serde_json::from_str(&text).unwrap_or(serde_json::Value::Null)))
    }

    /// Some of the users it holds.
    pub async fn load_user_ids(&self, from: ScanCursor) -> Result<Page, upstreams::Error> {
        Ok(self.target().await?.load_user_ids(from).await?)
    }

    async fn target(&self) -> Result<&Target, Error> {
        self.connected
            .get_or_try_init(|| async {
                let connection = Connection::connect(&self.url, self.limits.clone()).await?;
                Ok(Target::new(connection, self.pattern.clone(), self.ttl))
            })
            .await
    }
}

/// The user after the event, as JSON; `None` when it is gone.
fn user_json(event: &StoredEvent) -> Result<Option<String>, String> {
    if event.kind == Kind::Deleted {
        return Ok(None);
    }
    let data: serde_json::Value = serde_json::from_str(&event.data)
        .map_err(|error| format!("cannot read the stored event {}: {error}", event.seq))?;
    Ok(data.get("user").map(ToString::to_string))
}
