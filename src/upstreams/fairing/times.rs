//! What the times in rows say while pages come in: how far an incremental reading got, and whether it was one.

use jiff::Timestamp;

/// The `updated_at` of rows, over the pages of a reading.
#[derive(Clone, Debug, Default)]
pub struct Times {
    pub newest: Option<Timestamp>,
    /// They did not come in ascending order.
    pub is_unsorted: bool,
    /// A row older than the filter came: the upstream ignored it.
    pub is_unfiltered: bool,
    /// The upstream's own clock at the first answer.
    pub server_time: Option<Timestamp>,
}

impl Times {
    /// Takes in the times of a batch, in the order of its rows.
    pub fn add(&mut self, times: &[Timestamp], since: Timestamp) {
        self.is_unfiltered |= times.iter().any(|at| *at < since);
        self.is_unsorted |= !times.is_sorted();
        self.newest = self.newest.max(times.iter().max().copied());
    }
}

/// The instant a row names; without an offset it is UTC.
pub fn instant(written: &str) -> Option<Timestamp> {
    written.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = written.parse().ok()?;
        local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// The instant in a `Date` header.
pub fn server_time(date: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(date).ok()?).ok()
}
