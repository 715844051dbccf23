//! A target: where events go.

mod answer;
mod command;
mod http;
mod redis;
mod task;

use serde_json::Value;

pub use self::answer::{Answer, Cause, Failure};
use self::command::CommandTarget;
use self::http::HttpTarget;
use self::redis::RedisTarget;
use super::config::{Config, TargetConfig};
use super::queue::Delivery;
use super::redis::{Limits, Page, ScanCursor};
use crate::upstreams::accounts::AccountSettings as _;
use crate::upstreams::{Caution, Error, Opening};

/// An opened target.
pub struct Target {
    pub name: String,
    channel: Channel,
}

enum Channel {
    Http(Box<HttpTarget>),
    Redis(Box<RedisTarget>),
    Command(Box<CommandTarget>),
}

impl Target {
    /// Resolves the target's credentials. Sends nothing.
    pub fn open(target: &TargetConfig, config: &Config, opening: &Opening<'_>) -> Result<Self, Error> {
        let channel = match target {
            TargetConfig::Http(http) => {
                Channel::Http(Box::new(HttpTarget::open(http, target, config, opening.http.clone())?))
            }
            TargetConfig::Redis(redis) => {
                Channel::Redis(Box::new(RedisTarget::open(redis, target, limits(config, opening))?))
            }
            TargetConfig::Command(command) => {
                Channel::Command(Box::new(CommandTarget::new(command, limits(config, opening))))
            }
        };
        Ok(Self { name: target.name().to_owned(), channel })
    }

    /// How many events it takes in one request.
    pub fn batch(&self) -> usize {
        match &self.channel {
            Channel::Http(http) => http.batch.max(1),
            Channel::Redis(_) | Channel::Command(_) => 1,
        }
    }

    /// Sends the events, each of another user and no more than [`batch`](Self::batch), in one request.
    pub async fn send(&self, deliveries: &[Delivery]) -> Answer {
        match (&self.channel, deliveries) {
            (Channel::Http(http), deliveries) => http.send(deliveries).await,
            (Channel::Redis(redis), [delivery, ..]) => redis.send(&delivery.event).await,
            (Channel::Command(command), [delivery, ..]) => command.send(&delivery.event).await,
            (Channel::Redis(_) | Channel::Command(_), []) => Answer::Ended,
        }
    }

    /// Whether it shows what it holds.
    pub fn can_check(&self) -> bool {
        match &self.channel {
            Channel::Http(http) => http.can_check(),
            Channel::Redis(_) => true,
            Channel::Command(_) => false,
        }
    }

    /// What it holds of the user, as JSON; `None` where it has none.
    pub async fn fetch_user(&self, user_id: i64) -> Result<Option<Value>, Error> {
        match &self.channel {
            Channel::Http(http) => http.fetch_user(user_id).await,
            Channel::Redis(redis) => redis.fetch_user(user_id).await,
            Channel::Command(_) => Ok(None),
        }
    }

    /// Whether it keeps what it accepts, as far as it shows that.
    pub async fn find_durability(&self) -> Option<Result<Option<Caution>, Error>> {
        match &self.channel {
            Channel::Http(_) | Channel::Command(_) => None,
            Channel::Redis(redis) => Some(redis.find_caution().await),
        }
    }

    /// Some of the users it holds; `None` where it cannot list them.
    pub async fn fetch_user_ids(&self, from: ScanCursor) -> Result<Option<Page>, Error> {
        match &self.channel {
            Channel::Http(_) | Channel::Command(_) => Ok(None),
            Channel::Redis(redis) => redis.load_user_ids(from).await.map(Some),
        }
    }
}

/// What no request to a Redis and no program goes beyond.
pub fn limits(config: &Config, opening: &Opening<'_>) -> Limits {
    Limits { timeout: config.timeout.0, cancel: opening.http.cancel.clone(), deadline: opening.http.deadline }
}
