//! What an HTTP status means.

use crate::error::Class;

/// What to do with an answer of some status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// Read its body.
    Success,
    /// Try again; if it stays so, it is [`Class::Unavailable`].
    Retryable,
    /// Trying again changes nothing.
    Refused(Class),
}

/// The verdict on a status, for every number from 100 to 999.
///
/// 407 comes from a proxy, which this machine's configuration names. Redirects and 1xx are refused because nothing
/// follows them; what is no status at all (600 and above) is refused too.
pub const fn classify(status: u16) -> StatusKind {
    match status {
        200..=299 => StatusKind::Success,
        408 | 425 | 429 | 500 | 502 | 503 | 504 => StatusKind::Retryable,
        500..=599 => StatusKind::Refused(Class::Unavailable),
        401 | 403 => StatusKind::Refused(Class::Auth),
        407 => StatusKind::Refused(Class::Config),
        _ => StatusKind::Refused(Class::Contract),
    }
}

#[cfg(test)]
mod tests {
    use super::{StatusKind, classify};
    use crate::error::Class;

    /// The whole table, written the other way round: by verdict.
    const TABLE: [(StatusKind, &[(u16, u16)]); 5] = [
        (StatusKind::Success, &[(200, 299)]),
        (StatusKind::Retryable, &[(408, 408), (425, 425), (429, 429), (500, 500), (502, 504)]),
        (StatusKind::Refused(Class::Unavailable), &[(501, 501), (505, 599)]),
        (StatusKind::Refused(Class::Auth), &[(401, 401), (403, 403)]),
        (StatusKind::Refused(Class::Config), &[(407, 407)]),
    ];

    #[test]
    fn every_status_from_100_to_999_has_its_verdict() {
        for status in 100..=999 {
            let expected = TABLE
                .iter()
                .find(|(_, ranges)| ranges.iter().any(|(first, last)| (*first..=*last).contains(&status)))
                .map_or(StatusKind::Refused(Class::Contract), |(verdict, _)| *verdict);
            assert_eq!(classify(status), expected, "status {status}");
        }
    }
}
