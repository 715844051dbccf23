//! What an HTTP status means.

use crate::error::Class;

/// What to do with an answer of some status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Read its body.
    Good,
    /// Try again; if it stays so, it is [`Class::Unavailable`].
    Retry,
    /// Trying again changes nothing.
    Refused(Class),
}

/// The verdict on a status, for every number from 100 to 999.
///
/// 407 comes from a proxy, which this machine's configuration names. Redirects and 1xx are refused because nothing
/// follows them; what is no status at all (600 and above) is refused too.
pub const fn classify(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Good,
        408 | 425 | 429 | 500 | 502 | 503 | 504 => Verdict::Retry,
        500..=599 => Verdict::Refused(Class::Unavailable),
        401 | 403 => Verdict::Refused(Class::Auth),
        407 => Verdict::Refused(Class::Config),
        _ => Verdict::Refused(Class::Contract),
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, classify};
    use crate::error::Class;

    /// The whole table, written the other way round: by verdict.
    const TABLE: [(Verdict, &[(u16, u16)]); 5] = [
        (Verdict::Good, &[(200, 299)]),
        (Verdict::Retry, &[(408, 408), (425, 425), (429, 429), (500, 500), (502, 504)]),
        (Verdict::Refused(Class::Unavailable), &[(501, 501), (505, 599)]),
        (Verdict::Refused(Class::Auth), &[(401, 401), (403, 403)]),
        (Verdict::Refused(Class::Config), &[(407, 407)]),
    ];

    #[test]
    fn every_status_from_100_to_999_has_its_verdict() {
        for status in 100..=999 {
            let expected = TABLE
                .iter()
                .find(|(_, ranges)| ranges.iter().any(|(first, last)| (*first..=*last).contains(&status)))
                .map_or(Verdict::Refused(Class::Contract), |(verdict, _)| *verdict);
            assert_eq!(classify(status), expected, "status {status}");
        }
    }
}
