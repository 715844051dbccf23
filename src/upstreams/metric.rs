//! Numbers of an upstream's own, for the metrics and for the limits of `[monitor]`.

use super::error::Error;
use crate::store::Reader;

pub use crate::present::number;

/// How many entries wait in a queue.
pub const QUEUE_LENGTH: &str = "queue_length";
/// When the oldest of them came in, as Unix time.
pub const QUEUE_OLDEST: &str = "queue_oldest_timestamp_seconds";
/// How many entries were given up and wait for a person.
pub const DEAD_LETTERS: &str = "dead_letters";

/// One number, read from the upstream's tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// After `tongbu_`; the same name may come several times with other labels.
    pub name: &'static str,
    pub help: &'static str,
    /// Beside `sync`.
    pub labels: Vec<(&'static str, String)>,
    pub value: f64,
}

/// Reads an upstream's numbers.
pub type MetricsOf = fn(&Reader<'_>) -> Result<Vec<Metric>, Error>;

impl Metric {
    /// One number with one label.
    pub fn new(name: &'static str, help: &'static str, label: &'static str, of: &str, value: f64) -> Self {
        Self { name, help, labels: vec![(label, of.to_owned())], value }
    }
}
