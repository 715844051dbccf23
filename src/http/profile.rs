//! How one upstream is spoken to.

use std::time::Duration;

use url::Url;

/// Everything about an upstream's endpoint that does not change from request to request.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The upstream's name, for logs and errors.
    pub name: &'static str,
    /// Requests go to this origin only; a path given to a request is put behind this one's.
    pub base_url: Url,
    pub connect_timeout: Duration,
    /// To the head of the answer (connecting included), and between two pieces of its body.
    pub read_timeout: Duration,
    /// From the request to the last byte of the body.
    pub total_timeout: Duration,
    /// Of decoded bytes.
    pub max_body: u64,
    /// Further tries after the first.
    pub retries: u32,
    /// Before the first retry; doubled each time.
    pub backoff: Duration,
    pub backoff_cap: Duration,
    pub jitter: Jitter,
    /// `None`: as fast as it answers.
    pub rate_limit: Option<RateLimit>,
}

impl Profile {
    /// Scheme, host and port: what may be shown of a base that may hold a password.
    pub(super) fn origin(&self) -> String {
        self.base_url.origin().ascii_serialization()
    }
}

/// How much of a wait before another try is left to chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Anywhere between nothing and the whole wait: many clients thrown back together do not return together.
    #[default]
    Full,
    /// The whole wait, for an upstream that lays its schedule down.
    None,
}

/// How many requests with one key a client and its clones may send per time: evenly spread, the first at once, never two
/// together, so no stretch of `per` sees more than `count`.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    pub count: u32,
    pub per: Duration,
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::{Jitter, Profile};

    pub fn profile() -> Profile {
        Profile {
            name: "fairing",
            base_url: "http://127.0.0.1:9".parse().unwrap(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(15),
            total_timeout: Duration::from_secs(300),
            max_body: 1 << 20,
            retries: 3,
            backoff: Duration::from_secs(2),
            backoff_cap: Duration::from_secs(60),
            jitter: Jitter::Full,
            rate_limit: None,
        }
    }
}
