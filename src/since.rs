//! A point in the past as people write it: a duration, a date or a time.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A point in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// That long ago.
    Ago(Duration),
    /// From its first moment on, in the person's zone.
    Day(Date),
    /// A reading of the person's clock.
    Local(DateTime),
    At(Timestamp),
}

impl Since {
    /// Parses a duration (`30d`), a date (`2025-10-24`) or a time of that day, with or without its offset
    /// (`2025-10-24T09:00`, `2025-10-24T09:00:00+08:00`).
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(span) = humantime::parse_duration(text) {
            return Ok(Self::Ago(span));
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        if let Ok(day) = parse_day(text) {
            return Ok(Self::Day(day));
        }
        // The parser would pass over a zone.
        let is_reading = |c: char| c.is_ascii_digit() || "-:. Tt".contains(c);
        match text.parse() {
            Ok(reading) if text.chars().all(is_reading) => Ok(Self::Local(reading)),
            Ok(_) | Err(_) => Err("write a duration like `30d` or a date like `2025-10-24`".to_owned()),
        }
    }

    /// The instant it means now and there.
    pub fn resolve(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Ago(span) => {
                now.saturating_sub(jiff::SignedDuration::try_from(span).unwrap_or_default()).unwrap_or(now)
            }
            Self::Day(day) => day.to_zoned(zone.clone()).map_or(now, |start| start.timestamp()),
            Self::Local(reading) => reading.to_zoned(zone.clone()).map_or(now, |at| at.timestamp()),
            Self::At(at) => at,
        }
    }
}

/// Parses a date. A time of day behind it is refused, not dropped.
pub fn parse_day(text: &str) -> Result<Date, String> {
    let is_date = text.chars().all(|c| c.is_ascii_digit() || c == '-');
    match text.parse() {
        Ok(day) if is_date => Ok(day),
        Ok(_) | Err(_) => Err("write a date like `2025-10-24`, without a time of day".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Since, parse_day};

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
        check("2025-10-24T09:00:00", Some("2025-10-24T01:00:00Z"));
        check("2025-10-24 09:00", Some("2025-10-24T01:00:00Z"));
        check("2025-10-24T09:00[Europe/Berlin]", None);
        check("2025-10-24[Europe/Berlin]", None);
        check("yesterday", None);
        check("30", None);
        check("", None);
        assert!(parse_day("2025-10-24").is_ok());
        for refused in ["2025-10-24T10:00:00", "2025-10-24 10:00", "2025-10-24Z", "2025-10-24[UTC]", "today", ""] {
            assert!(parse_day(refused).is_err(), "{refused}");
        }
        check("500000y", Some("-009999-01-02T01:59:59Z"));
    }
}
