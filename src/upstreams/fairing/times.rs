//! What the times in rows say while pages come in: how far an incremental reading got, and whether it was one.

use jiff::{SignedDuration, Timestamp};

/// Clocks differ by less than this; a row of a later time is from the future.
const TOLERATED_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The `updated_at` of rows, over the pages of a reading.
#[derive(Clone, Debug)]
pub struct Times {
    /// The cursor, as far as the rows move it: never past the beginning of the reading.
    pub newest: Option<Timestamp>,
    /// When the reading began, by the earlier of the two clocks.
    pub read_at: Timestamp,
    /// They did not come in ascending order.
    pub is_unsorted: bool,
    /// A row older than the filter came: the upstream ignored it.
    pub is_unfiltered: bool,
    /// The upstream's own clock at the newest page.
    server_time: Option<Timestamp>,
    /// The latest time from the future, and the row's id.
    pub from_future: Option<(Timestamp, String)>,
}

impl Times {
    /// Of a reading that begins now; the rows of earlier ones have moved the cursor to `newest`.
    pub const fn new(now: Timestamp, newest: Option<Timestamp>) -> Self {
        Self { newest, read_at: now, is_unsorted: false, is_unfiltered: false, server_time: None, from_future: None }
    }

    /// Takes in the `Date` of a page.
    pub fn see_server(&mut self, date: &str) {
        let Some(at) = httpdate::parse_http_date(date).ok().and_then(|date| Timestamp::try_from(date).ok()) else {
            return;
        };
        if self.server_time.is_none() {
            self.read_at = self.read_at.min(at);
        }
        self.server_time = self.server_time.max(Some(at));
    }

    /// Takes in the times of a batch, in the order of its rows, and the latest with its row.
    pub fn add(&mut self, times: &[Timestamp], latest: Option<&(Timestamp, String)>, since: Timestamp, now: Timestamp) {
        self.is_unfiltered |= times.iter().any(|at| *at < since);
        self.is_unsorted |= !times.is_sorted();
        self.newest = self.newest.max(times.iter().max().map(|at| *at.min(&self.read_at)));
        let present = self.server_time.map_or(now, |at| at.max(now));
        let future = latest.filter(|(at, _)| at.duration_since(present) > TOLERATED_SKEW);
        self.from_future = self.from_future.take().max(future.cloned());
    }
}

/// The instant a row names; without an offset it is UTC.
pub fn instant(written: &str) -> Option<Timestamp> {
    written.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = written.parse().ok()?;
        local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Times;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_cursor_never_passes_the_beginning_of_the_reading_by_either_clock() {
        let (now, since) = (at("2026-01-02T03:04:05Z"), at("2026-01-01T00:00:00Z"));
        for (date, read_at) in [
            (None, now),
            (Some("Fri, 02 Jan 2026 03:00:00 GMT"), at("2026-01-02T03:00:00Z")),
            (Some("Fri, 02 Jan 2026 09:00:00 GMT"), now),
            (Some("soon"), now),
        ] {
            let mut times = Times::new(now, None);
            if let Some(date) = date {
                times.see_server(date);
            }
            let latest = (at("2099-01-01T00:00:00Z"), "r9".to_owned());
            times.add(&[at("2026-01-01T10:00:00Z"), latest.0], Some(&latest), since, now);
            assert_eq!((times.newest, times.read_at), (Some(read_at), read_at), "{date:?}");
            assert_eq!(times.from_future, Some(latest));
        }
    }

    #[test]
    fn a_row_that_changes_while_it_is_read_is_not_from_the_future() {
        let mut times = Times::new(at("2026-01-02T03:00:00Z"), None);
        times.see_server("Fri, 02 Jan 2026 03:00:00 GMT");
        times.see_server("Fri, 02 Jan 2026 05:00:00 GMT");
        let latest = (at("2026-01-02T05:04:00Z"), "r1".to_owned());
        times.add(&[latest.0], Some(&latest), at("2026-01-01T00:00:00Z"), at("2026-01-02T03:00:00Z"));
        assert_eq!((times.from_future, times.newest), (None, Some(at("2026-01-02T03:00:00Z"))));
    }
}
