//! A target: where events go, and what its answer means.

mod http;

use std::time::Duration;

use self::http::HttpTarget;
use super::config::{Config, TargetConfig};
use super::queue::Delivery;
use crate::error::Class;
use crate::upstreams::{Error, Opening};

/// An opened target.
pub struct Target {
    pub name: String,
    channel: Channel,
}

enum Channel {
    Http(Box<HttpTarget>),
}

/// What a target said to an event.
#[derive(Debug)]
pub enum Answer {
    Accepted,
    /// Never: another attempt would be answered the same.
    Refused { class: Class, error: String },
    /// Not now; where it said so, not for that long.
    Failed { class: Class, error: String, asked: Option<Duration> },
    /// The run ended before it answered.
    Ended(Error),
}

impl Target {
    /// Resolves the target's credentials. Sends nothing.
    pub fn open(target: &TargetConfig, config: &Config, opening: &Opening<'_>) -> Result<Self, Error> {
        let channel = match target {
            TargetConfig::Http(http) => {
                Channel::Http(Box::new(HttpTarget::open(http, target, config, opening.http.clone())?))
            }
            TargetConfig::Redis(_) => unreachable!(),
        };
        Ok(Self { name: target.name().to_owned(), channel })
    }

    /// How many events it takes in one request.
    pub fn batch(&self) -> usize {
        match &self.channel {
            Channel::Http(http) => http.batch.max(1),
        }
    }

    /// Sends the events, each of another user; answers for each.
    pub async fn send(&self, deliveries: &[Delivery]) -> Vec<Answer> {
        match &self.channel {
            Channel::Http(http) => http.send(deliveries).await,
        }
    }
}
