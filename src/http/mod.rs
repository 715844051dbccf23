//! The only door to the network.
//!
//! A [`Client`] is made from a [`Profile`] (one upstream's base URL, timeouts, limits) and a [`Context`] (the run's
//! cancellation, deadline and counters). [`Client::send`] sends once and returns when the head of the response has
//! arrived; [`Client::retry`] repeats an attempt while its error allows it.
//!
//! Redirects are never followed: a 3xx is a response like any other, and no request can name another origin than the
//! profile's, so a credential never reaches one.

mod profile;
mod proxy;

mod charset;
mod client;
mod context;
mod decode;
mod ending;
pub mod json;
mod request;
mod response;
mod shared;
pub mod strict;

mod classify;
mod error;
mod label;
mod transport;

mod attempts;
mod backoff;
mod rate_limit;
mod retry;
mod retry_after;
mod skew;

mod excerpt;

pub use self::classify::{StatusKind, classify};
pub use self::client::Client;
pub use self::context::Context;
pub use self::error::{Error, JsonFault, Phase};
pub use self::label::RequestLabel;
pub use self::profile::{Jitter, Profile, RateLimit};
pub use self::proxy::Proxies;
pub use self::request::Request;
pub use self::response::Response;
pub use self::retry::{Retry, Retryable};
pub use self::retry_after::retry_after;
pub use self::skew::{Seen, Skew, clock_ahead};
