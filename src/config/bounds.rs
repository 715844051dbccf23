//! The bounds of settings, for `#[serde(deserialize_with = …)]`: a value beyond them is refused with its key.
//!
//! Both ends are allowed. Spans are bounded in milliseconds, sizes in bytes.

use std::fmt::Display;
use std::net::IpAddr;

use serde::de::{Deserialize, Deserializer, Error};
use url::{Host, Url};

use super::units::{ByteSize, Span};

pub const SECOND: u64 = 1_000;
pub const HOUR: u64 = 60 * 60 * SECOND;
pub const DAY: u64 = 24 * HOUR;
pub const YEAR: u64 = 366 * DAY;

/// Whether what is sent there stays on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // Schemes that the parser does not know leave an address as a name.
        Some(Host::Domain(name)) => {
            name == "localhost"
                || name.ends_with(".localhost")
                || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        None => false,
    }
}

/// A whole number from `MIN` to `MAX`.
pub fn count<'de, const MIN: i64, const MAX: i64, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    let number = within(i64::deserialize(deserializer)?, MIN, MAX).map_err(D::Error::custom)?;
    T::try_from(number).map_err(|_| D::Error::custom("is too large"))
}

/// The same, where it may be left out.
pub fn count_if_any<'de, const MIN: i64, const MAX: i64, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    count::<MIN, MAX, T, D>(deserializer).map(Some)
}

/// A span of time from `MIN` to `MAX` milliseconds.
pub fn span<'de, const MIN: u64, const MAX: u64, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    within(Span::deserialize(deserializer)?, Span::from_millis(MIN), Span::from_millis(MAX)).map_err(D::Error::custom)
}

/// The same, where it may be left out.
pub fn span_if_any<'de, const MIN: u64, const MAX: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Span>, D::Error> {
    span::<MIN, MAX, D>(deserializer).map(Some)
}

/// The span after which a lock expires: long enough to be renewed, short enough to be waited for.
pub fn lock_ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    span::<SECOND, { 7 * DAY }, D>(deserializer)
}

/// A size from `MIN` to `MAX` bytes.
pub fn size<'de, const MIN: u64, const MAX: u64, D: Deserializer<'de>>(deserializer: D) -> Result<ByteSize, D::Error> {
    within(ByteSize::deserialize(deserializer)?, ByteSize(MIN), ByteSize(MAX)).map_err(D::Error::custom)
}

/// The value, unless it is out of bounds.
pub fn within<T: Copy + PartialOrd + Display>(value: T, min: T, max: T) -> Result<T, String> {
    if min <= value && value <= max { Ok(value) } else { Err(format!("must be from {min} to {max}, not {value}")) }
}
