//! Durations and sizes as people write them: `30m`, `2GiB`.

use std::time::Duration;

use serde::Deserialize;

/// A span of time, written like `2s`, `30m`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(_text: String) -> Result<Self, String> {
        unimplemented!()
    }
}

/// A number of bytes, written like `512KiB`, `2GiB`, `1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct ByteSize(pub u64);

impl TryFrom<String> for ByteSize {
    type Error = String;

    fn try_from(_text: String) -> Result<Self, String> {
        unimplemented!()
    }
}
