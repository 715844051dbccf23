//! Redis, as the source of events and as a target.
//!
//! A [`Connection`] is made of a URL and [`Limits`]; a [`Target`] keeps one key per user over it, a [`Source`] reads a
//! stream by its consumer group, and [`publish`] appends to one.

mod error;

mod address;
mod connection;
mod durability;

mod key;
mod target;

mod entry;
mod stream;

pub use self::connection::{Connection, Limits};
pub use self::entry::Entry;
pub use self::error::Error;
pub use self::key::KeyPattern;
pub use self::stream::{Group, Source, consumer_name, publish};
pub use self::target::{Applied, Page, ScanCursor, Target};
