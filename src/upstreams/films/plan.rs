//! Whose details are due, and in which order.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::film::{DetailStatus, FilmId};

/// How long a film that is gone is left alone.
const GONE_PAUSE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What decides whether a film's details are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: FilmId,
    pub list_rank: Option<u32>,
    pub detail_status: DetailStatus,
    pub detail_at: Option<Timestamp>,
    pub first_seen_at: Timestamp,
}

/// Which films to fetch: those without details, those gone long enough ago, and, where `refresh_after` is given,
/// those whose details are older. Newest first: in the list's order, then those that have left it, last seen first.
pub fn plan_details(candidates: Vec<Candidate>, refresh_after: Option<Duration>, now: Timestamp) -> Vec<FilmId> {
    let mut due: Vec<Candidate> =
        candidates.into_iter().filter(|candidate| is_due(candidate, refresh_after, now)).collect();
    due.sort_by_key(|candidate| {
        let rank = candidate.list_rank.unwrap_or(u32::MAX);
        // Among films seen at the same moment, the higher number is the later one.
        let id = candidate.id.as_str();
        (rank, Reverse(candidate.first_seen_at), Reverse((id.len(), id.to_owned())))
    });
    due.into_iter().map(|candidate| candidate.id).collect()
}

fn is_due(candidate: &Candidate, refresh_after: Option<Duration>, now: Timestamp) -> bool {
    match candidate.detail_status {
        DetailStatus::Missing | DetailStatus::Blocked | DetailStatus::Parse => true,
        DetailStatus::Gone => is_older(candidate.detail_at, GONE_PAUSE, now),
        DetailStatus::Ok => refresh_after.is_some_and(|span| is_older(candidate.detail_at, span, now)),
    }
}

/// Whether the span has passed since. An instant in the future, as a corrected clock leaves it, counts as passed: the
/// film would otherwise wait for the clock to come back.
fn is_older(at: Option<Timestamp>, span: Duration, now: Timestamp) -> bool {
    at.is_none_or(|at| {
        let age = now.duration_since(at);
        age.is_negative() || age >= SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{Candidate, plan_details};
    use crate::upstreams::films::film::{DetailStatus, FilmId};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn now() -> Timestamp {
        "2026-01-20T00:00:00Z".parse().unwrap()
    }

    fn candidate(id: &str, rank: Option<u32>, status: DetailStatus, asked_days_ago: Option<i64>) -> Candidate {
        Candidate {
            id: FilmId::parse(id).unwrap(),
            list_rank: rank,
            detail_status: status,
            detail_at: asked_days_ago.map(|days| now() - jiff::SignedDuration::from_hours(24 * days)),
            first_seen_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        }
    }

    fn check(candidates: Vec<Candidate>, refresh_after: Option<Duration>, expected: &[&str]) {
        let planned = plan_details(candidates, refresh_after, now());
        let planned: Vec<&str> = planned.iter().map(FilmId::as_str).collect();
        assert_eq!(planned, expected);
    }

    #[test]
    fn films_without_details_are_due_newest_first() {
        let older = Candidate {
            first_seen_at: "2025-12-01T00:00:00Z".parse().unwrap(),
            ..candidate("999", None, DetailStatus::Missing, None)
        };
        check(
            vec![
                older,
                candidate("98", None, DetailStatus::Missing, None),
                candidate("100", None, DetailStatus::Parse, Some(0)),
                candidate("5", Some(1), DetailStatus::Blocked, Some(0)),
                candidate("4", Some(0), DetailStatus::Missing, None),
                candidate("3", Some(2), DetailStatus::Ok, Some(300)),
            ],
            None,
            &["4", "5", "100", "98", "999"],
        );
    }

    #[test]
    fn a_gone_film_is_left_alone_for_seven_days() {
        check(
            vec![
                candidate("1", Some(0), DetailStatus::Gone, Some(6)),
                candidate("2", Some(1), DetailStatus::Gone, Some(7)),
                candidate("3", Some(2), DetailStatus::Gone, Some(-1)),
            ],
            Some(Duration::ZERO),
            &["2", "3"],
        );
    }

    #[test]
    fn details_are_refreshed_only_on_request() {
        let films = || {
            vec![
                candidate("1", Some(0), DetailStatus::Ok, Some(29)),
                candidate("2", Some(1), DetailStatus::Ok, Some(30)),
            ]
        };
        check(films(), Some(30 * DAY), &["2"]);
        check(films(), None, &[]);
    }
}
