//! The only door to the network.
//!
//! A [`Client`] is made from a [`Profile`] (one upstream's base, timeouts, limits, pace) and a [`Context`] (the run's
//! cancellation, deadline and counters). [`Client::send`] sends once and answers when the head of the answer is there;
//! [`Client::retry`] runs an attempt again as long as its error asks for it.
//!
//! Redirects are never followed: a 3xx is an answer like any other, and no request can name another origin than the
//! profile's, so a credential never reaches one.

mod profile;

mod client;
mod context;
mod request;
mod response;

mod classify;
mod error;
mod transport;

mod backoff;
mod pace;
mod retry;
mod retry_after;
mod skew;

mod excerpt;

pub use self::classify::{Verdict, classify};
pub use self::client::Client;
pub use self::context::Context;
pub use self::error::{Asked, Error, Phase};
pub use self::profile::{Jitter, Pace, Profile};
pub use self::request::Request;
pub use self::response::Response;
pub use self::retry::{Retry, Retryable};
pub use self::retry_after::retry_after;
pub use self::skew::{Seen, Skew};
