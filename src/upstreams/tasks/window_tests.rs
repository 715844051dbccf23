//! The windows on ordinary days, on days that are cut short or doubled, and on any day.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::{Period, Window, day_start, written};

const ZONES: [&str; 8] = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn texts(periods: &[Period]) -> Vec<(String, String)> {
    periods.iter().map(|period| (written(period.from), written(period.to))).collect()
}

fn check(window: Window, now: &str, zone_name: &str, from: &str, to: &str) {
    let zone = zone(zone_name);
    let period = Period::of(window, now.parse().unwrap(), &zone, 3).unwrap();
    assert_eq!(texts(&[period]), [(from.to_owned(), to.to_owned())], "{zone_name} {now}");
    assert_eq!(period.requests(&zone).unwrap(), [period]);
}

#[test]
fn the_windows_follow_the_configured_zone() {
    let (historical, today) = (Window::Historical, Window::Today);
    // 16:30 UTC is already the 18th in Shanghai.
    let now = "2025-10-17T16:30:05.999Z";
    check(historical, now, "Asia/Shanghai", "2025-10-15 00:00:00", "2025-10-17 23:59:59");
    check(today, now, "Asia/Shanghai", "2025-10-18 00:00:00", "2025-10-18 00:30:05");
    check(historical, now, "Europe/Berlin", "2025-10-14 00:00:00", "2025-10-16 23:59:59");
    check(today, now, "Europe/Berlin", "2025-10-17 00:00:00", "2025-10-17 18:30:05");
}

#[test]
fn a_day_without_a_midnight_begins_at_its_first_second() {
    let now = "2017-10-15T12:00:00Z";
    check(Window::Today, now, "America/Sao_Paulo", "2017-10-15 01:00:00", "2017-10-15 10:00:00");
    check(Window::Historical, now, "America/Sao_Paulo", "2017-10-12 00:00:00", "2017-10-14 23:59:59");
    check(
        Window::Historical,
        "2017-10-18T12:00:00Z",
        "America/Sao_Paulo",
        "2017-10-15 01:00:00",
        "2017-10-17 23:59:59",
    );
}

#[test]
fn a_clock_put_back_hides_nothing_that_was_before() {
    // 02:00 to 02:59:59 happened already; now it is 02:10 again.
    check(Window::Today, "2025-10-26T01:10:00Z", "Europe/Berlin", "2025-10-26 00:00:00", "2025-10-26 02:59:59");
    check(Window::Today, "2025-10-26T00:10:00Z", "Europe/Berlin", "2025-10-26 00:00:00", "2025-10-26 02:10:00");
    check(Window::Today, "2025-10-26T01:00:00Z", "Europe/Berlin", "2025-10-26 00:00:00", "2025-10-26 02:59:59");
    check(Window::Today, "2025-10-26T02:00:00Z", "Europe/Berlin", "2025-10-26 00:00:00", "2025-10-26 03:00:00");
}

#[test]
fn a_repair_is_split_into_weeks_and_ends_now() {
    let zone = zone("Europe/Berlin");
    let now = "2025-11-03T09:00:00Z".parse().unwrap();
    let period = Period::repair(date(2025, 10, 6), date(2025, 11, 30), now, &zone).unwrap();
    // The week in which the clock is put back would be an hour too long.
    let expected = [
        ("2025-10-06 00:00:00", "2025-10-12 23:59:59"),
        ("2025-10-13 00:00:00", "2025-10-19 23:59:59"),
        ("2025-10-20 00:00:00", "2025-10-25 23:59:59"),
        ("2025-10-26 00:00:00", "2025-10-31 23:59:59"),
        ("2025-11-01 00:00:00", "2025-11-03 10:00:00"),
    ];
    assert_eq!(texts(&period.requests(&zone).unwrap()), expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
}

#[test]
fn a_repair_that_asks_for_nothing_is_refused() {
    let zone = zone("Asia/Shanghai");
    let now: Timestamp = "2025-10-17T16:30:00Z".parse().unwrap();
    let refused = |from, to| Period::repair(from, to, now, &zone).unwrap_err().to_string();
    assert_eq!(refused(date(2025, 10, 2), date(2025, 10, 1)), "`--from 2025-10-02` is later than `--to 2025-10-01`");
    assert!(refused(date(2025, 10, 19), date(2025, 10, 20)).contains("later than today, 2025-10-18"));
    assert!(refused(Date::MAX, Date::MAX).contains("later than today"));
    assert!(Period::repair(date(2025, 10, 18), date(2025, 10, 18), now, &zone).is_ok());
}

proptest! {
    #[test]
    fn requests_cover_each_second_of_the_window_once_and_are_short_enough(
        zone_name in prop::sample::select(&ZONES[..]), now in 600_000_000i64..2_000_000_000, days in 1..40u32,
        is_today in any::<bool>(), probes in prop::collection::vec(0.0..1.0f64, 40),
    ) {
        let zone = zone(zone_name);
        let now = Timestamp::from_second(now).unwrap();
        let today = zone.to_datetime(now).date();
        let (window, first, last) = if is_today {
            (Window::Today, today, today)
        } else {
            (Window::Historical, today - i64::from(days).days(), today.yesterday().unwrap())
        };
        let requests = Period::of(window, now, &zone, days).unwrap().requests(&zone).unwrap();

        // The changes of the clock, the edges of the days, and anything else, from a day before the window up to now.
        let start = day_start(first, &zone).unwrap().timestamp() - SignedDuration::from_hours(24);
        let length = now.as_second() - start.as_second();
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a place in a window")]
        let anywhere = probes.iter().map(|probe| start + SignedDuration::from_secs((probe * length as f64) as i64));
        let changes = zone.following(start).map(|change| change.timestamp()).take_while(|change| *change <= now);
        let edges = [first, last, today].map(|day| day_start(day, &zone).unwrap().timestamp());
        let later: Vec<Timestamp> = changes.chain(edges).collect();
        let before: Vec<Timestamp> = later.iter().map(|instant| *instant - SignedDuration::from_secs(1)).collect();
        for instant in anywhere.chain(later).chain(before).chain([now]) {
            let reading = zone.to_datetime(instant);
            let holding = requests.iter().filter(|request| (request.from..=request.to).contains(&reading)).count();
            // Where the clock is put back over midnight, the next day has begun already.
            if reading.date() <= last {
                let expected = usize::from(reading.date() >= first);
                prop_assert_eq!(holding, expected, "{} in {:?}", reading, requests);
            }
        }

        let week = SignedDuration::from_hours(7 * 24);
        for request in &requests {
            prop_assert!(request.from <= request.to);
            prop_assert!(request.from.duration_until(request.to) <= week);
            let (from, to) = (request.from.to_zoned(zone.clone()).unwrap(), request.to.to_zoned(zone.clone()).unwrap());
            prop_assert!(from.duration_until(&to) <= week);
        }
        for pair in requests.windows(2) {
            prop_assert!(pair[0].to < pair[1].from);
        }
    }
}
