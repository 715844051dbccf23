//! Reads what an upstream says about when to come back.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Nobody is left alone for longer than this on their word alone: an absurd number must not silence a sync for ever.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a `Retry-After` asks to wait: seconds, or an HTTP date (RFC 9110, 10.2.3) compared with `now`. A date that
/// has passed means no wait, more than a day means a day, and anything else means nothing.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let at = httpdate::parse_http_date(value).ok()?;
        at.duration_since(SystemTime::from(now)).unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{LONGEST, retry_after};
    use crate::mutate::mutated_bytes;

    fn check(value: &str, seconds: Option<u64>) {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        check("0", Some(0));
        check(" 120 ", Some(120));
        check("Fri, 02 Jan 2026 03:05:05 GMT", Some(60));
        check("Friday, 02-Jan-26 03:05:05 GMT", Some(60));
        check("Fri Jan  2 03:05:05 2026", Some(60));
    }

    #[test]
    fn a_date_that_has_passed_means_no_wait() {
        check("Thu, 01 Jan 2026 00:00:00 GMT", Some(0));
        check("Thu, 01 Jan 1970 00:00:00 GMT", Some(0));
    }

    #[test]
    fn more_than_a_day_means_a_day() {
        check("99999999", Some(86_400));
        check("99999999999999999999999999", Some(86_400));
        check("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400));
    }

    #[test]
    fn garbage_means_nothing() {
        for value in ["", " ", "soon", "-5", "1.5", "1e3", "12s", "１２", "0x10", "Fri, 99 Foo 2026 03:05:05 GMT"] {
            check(value, None);
        }
    }

    const TEXTS: &[&[u8]] = &[b"120", b"Fri, 02 Jan 2026 03:05:05 GMT", b"Friday, 02-Jan-26 03:05:05 GMT"];

    proptest! {
        #[test]
        fn whatever_is_sent_the_wait_is_a_day_at_most(
            noise in any::<String>(),
            value in mutated_bytes(TEXTS, &["0", "9", "-", "+", ":", " ", "GMT", "９", "\u{0}"]),
            number in any::<u64>(),
        ) {
            let now = "2026-01-02T03:04:05Z".parse().unwrap();
            for value in [noise.as_str(), &String::from_utf8_lossy(&value)] {
                prop_assert!(retry_after(value, now).is_none_or(|wait| wait <= LONGEST));
            }
            let expected = Duration::from_secs(number).min(LONGEST);
            prop_assert_eq!(retry_after(&number.to_string(), now), Some(expected));
        }
    }
}
