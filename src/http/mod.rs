//! The only door to the network.
//!
//! A [`Client`] is made from a [`Profile`] (one upstream's base, timeouts, limits, pace) and a [`Context`] (the run's
//! cancellation, deadline and counters). [`Client::send`] sends once and answers when the head of the answer is there;
//! [`Client::retry`] runs an attempt again as long as its error asks for it.

mod classify;
mod client;
mod error;
mod pace;
mod profile;
mod retry;

pub use self::classify::{Verdict, classify};
pub use self::client::{Client, Context, Request, Response};
pub use self::error::Error;
pub use self::profile::{Pace, Profile};
pub use self::retry::{Retry, Retryable};
