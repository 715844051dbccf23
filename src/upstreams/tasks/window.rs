//! Which periods of local time to request.
//!
//! The upstream takes readings of its wall clock, second by second and both ends included, at most seven days apart.
//! Days are counted on the calendar, never as 24 hours: a day may have 23 or 25, or begin at 01:00.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use strum::IntoStaticStr;

use crate::upstreams::Error;

/// The upstream refuses a longer request.
const MAX_REQUEST_DAYS: i64 = 7;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Which of the windows a pass is for; its words in scopes, in records and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Window {
    /// The days before today
    Historical,
    /// Today up to now
    Today,
}

/// A stretch of wall clock readings, to the second, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: DateTime,
    pub to: DateTime,
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {}", written(self.from), written(self.to))
    }
}

impl Period {
    /// The window as it is at `now`: for `historical` the `historical_days` days before today, whole; for `today`
    /// the day from its first second up to now.
    pub fn of(window: Window, now: Timestamp, zone: &TimeZone, historical_days: u32) -> Result<Self, Error> {
        let today = zone.to_datetime(now).date();
        readable(match window {
            Window::Historical => today
                .checked_sub(i64::from(historical_days).days())
                .and_then(|first| Self::whole_days(first, today.yesterday()?, zone)),
            Window::Today => {
                day_start(today, zone).map(|start| Self { from: start.datetime(), to: latest_reading(now, zone) })
            }
        })
    }

    /// Whole days for a repair, the last one included and none beyond `now`.
    pub fn repair(from: Date, to: Date, now: Timestamp, zone: &TimeZone) -> Result<Self, Error> {
        if from > to {
            return Err(usage(format!("`--from {from}` is later than `--to {to}`")));
        }
        let today = zone.to_datetime(now).date();
        if from > today {
            return Err(usage(format!("`--from {from}` is later than today, {today} in `{}`", zone_name(zone))));
        }
        let days = readable(Self::whole_days(from, to, zone))?;
        Ok(Self { to: days.to.min(latest_reading(now, zone)), ..days })
    }

    /// The requests that cover the period: one after the other, without overlap, each a whole number of days but the
    /// last, none longer than the upstream takes.
    pub fn requests(self, zone: &TimeZone) -> Result<Vec<Self>, Error> {
        let mut requests = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let (to, next) = readable(request_end(from.date(), zone))?;
            requests.push(Self { from, to: to.min(self.to) });
            from = next;
        }
        Ok(requests)
    }

    fn whole_days(first: Date, last: Date, zone: &TimeZone) -> Result<Self, jiff::Error> {
        let start = day_start(first, zone)?;
        let end = day_start(last.tomorrow()?, zone)?;
        Ok(Self { from: start.datetime(), to: end.checked_sub(SECOND)?.datetime() })
    }
}

/// The upstream's way to write a reading: `2025-10-17 09:00:00`.
pub fn written(reading: DateTime) -> String {
    reading.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The last reading of a request that begins on `first`, and the first reading after it.
///
/// Seven days, or six where a clock put back makes seven longer than 168 hours: which of the two the upstream measures
/// is not known.
fn request_end(first: Date, zone: &TimeZone) -> Result<(DateTime, DateTime), jiff::Error> {
    let start = day_start(first, zone)?;
    let mut next = day_start(first.checked_add(MAX_REQUEST_DAYS.days())?, zone)?;
    if start.duration_until(&next) > SignedDuration::from_hours(24 * MAX_REQUEST_DAYS) {
        next = day_start(first.checked_add((MAX_REQUEST_DAYS - 1).days())?, zone)?;
    }
    Ok((next.checked_sub(SECOND)?.datetime(), next.datetime()))
}

/// The first instant of a day, which need not read 00:00. Noon leads there even where midnight is left out.
fn day_start(day: Date, zone: &TimeZone) -> Result<Zoned, jiff::Error> {
    day.at(12, 0, 0, 0).to_zoned(zone.clone())?.start_of_day()
}

/// The latest reading the clock has shown up to `now`. After it was put back it shows earlier ones again, and what
/// happened before that must still be requested.
fn latest_reading(now: Timestamp, zone: &TimeZone) -> DateTime {
    let reading = |at: Timestamp| zone.to_datetime(Timestamp::from_second(at.as_second()).unwrap_or(at));
    let change = now.checked_add(SECOND).ok().and_then(|soon| zone.preceding(soon).next());
    let before_change = change.and_then(|change| change.timestamp().checked_sub(SECOND).ok()).map(reading);
    before_change.map_or_else(|| reading(now), |before| before.max(reading(now)))
}

fn readable<T>(result: Result<T, jiff::Error>) -> Result<T, Error> {
    result.map_err(|error| usage(format!("cannot work out the window: {error}")))
}

fn usage(message: String) -> Error {
    let hint = Some("give days of the calendar, as in `--from 2025-10-01 --to 2025-10-07`".to_owned());
    Error::Usage { message, hint }
}

fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("the system's zone")
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
