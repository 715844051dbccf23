//! A point in the past as people write it: a duration, a date or a time.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A point in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// That long ago.
    Ago(Duration),
    /// From its first moment on, in the person's zone.
    Day(Date),
    At(Timestamp),
}

impl Since {
    /// Parses a duration (`30d`), a date (`2025-10-24`) or a full time (`2025-10-24T09:00:00+08:00`).
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(span) = humantime::parse_duration(text) {
            return Ok(Self::Ago(span));
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        if let Ok(day) = text.parse() {
            return Ok(Self::Day(day));
        }
        Err("write a duration like `30d` or a date like `2025-10-24`".to_owned())
    }

    /// The instant it means now and there.
    pub fn resolve(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Ago(span) => {
                now.saturating_sub(jiff::SignedDuration::try_from(span).unwrap_or_default()).unwrap_or(now)
            }
            Self::Day(day) => day.to_zoned(zone.clone()).map_or(now, |start| start.timestamp()),
            Self::At(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::Since;

    fn check(text: &str, expected: Option<&str>) {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let resolved = Since::parse(text).ok().map(|since: Since| since.resolve(now, &zone).to_string());
        assert_eq!(resolved.as_deref(), expected, "{text}");
    }

    #[test]
    fn since_takes_durations_dates_and_times() {
        check("1h 30m", Some("2026-01-02T01:34:05Z"));
        check("2025-10-24", Some("2025-10-23T16:00:00Z"));
        check("2025-10-24T09:00:00+08:00", Some("2025-10-24T01:00:00Z"));
        check("yesterday", None);
        check("30", None);
        check("", None);
        check("500000y", Some("-009999-01-02T01:59:59Z"));
    }
}
