//! What of a run is news to a receiver: plain values in, plain values out.
//!
//! A receiver has a row for each scope that fails, and one with an empty subject for the sync as a whole. A row counts
//! the failed runs in a row. Failures are reported when there have been as many as the receiver wants, at each doubling
//! of that, and at once where credentials are rejected. A report that did not arrive is due again. The recovery is
//! reported when nothing fails any more, to receivers of a report only.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Class;
use crate::exit::Exit;
use crate::run::report::Report;
use crate::store::records::{Record, ReportRow};
use crate::store::{Problem, Status};
use crate::upstreams::{PROBLEM_PART, ScopeReport};

/// The subject of the sync as a whole.
const WHOLE: &str = "";

/// Why a notification is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NotifyEvent {
    Failed,
    Recovered,
    /// A limit of `[monitor]` is exceeded.
    Limit,
    /// It no longer is.
    Resolved,
    /// `tongbu notify test`.
    Test,
}

/// What a run says about its scopes.
pub struct Outcome<'a> {
    /// What failed, and whether its credentials were rejected; empty where the run succeeded.
    failed: BTreeMap<String, bool>,
    scopes: &'a [ScopeReport],
    status: Status,
    /// Whether the run left nothing out that is configured.
    is_whole: bool,
    began_at: Timestamp,
}

/// What a receiver is sent of a run, and what its rows become.
pub struct News {
    pub event: Option<NotifyEvent>,
    /// Failed runs in a row, this one included.
    pub count: u64,
    /// When the first of them began.
    pub since: Timestamp,
    /// The subjects whose failure is news.
    pub subjects: Vec<String>,
    failing: Vec<ReportRow>,
    rejected: Vec<String>,
    gone: Vec<ReportRow>,
}

impl<'a> Outcome<'a> {
    /// `None` where the run says nothing: it was skipped, or a person ended it.
    pub fn of(report: &'a Report) -> Option<Self> {
        let failed = match report.status {
            Status::Success => BTreeMap::new(),
            Status::Cancelled if report.exit != Exit::Deadline => return None,
            Status::Failed | Status::Partial | Status::Cancelled | Status::Interrupted => failed_subjects(report),
            Status::Running | Status::Died | Status::Skipped => return None,
        };
        let Report { scopes, status, is_whole, started_at, .. } = report;
        Some(Self { failed, scopes, status: *status, is_whole: *is_whole, began_at: *started_at })
    }

    /// That of a run that could not say how it ended.
    pub fn of_death(died: &Record) -> Outcome<'static> {
        let failed = BTreeMap::from([(WHOLE.to_owned(), false)]);
        Outcome { failed, scopes: &[], status: Status::Died, is_whole: false, began_at: died.start_time }
    }

    /// What is news to the receiver that these rows are of, and that wants to hear after that number of failures.
    pub fn news(&self, rows: Vec<ReportRow>, receiver: &str, after: u32) -> News {
        let (gone, mut kept): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| self.has_recovered(&row.subject));
        if self.failed.is_empty() {
            return self.recovery(gone, kept);
        }
        let mut news = News { gone, ..News::nothing(self.began_at) };
        for (subject, is_auth) in &self.failed {
            let new = || ReportRow {
                receiver: receiver.to_owned(),
                subject: subject.clone(),
                level: 0,
                reported: 0,
                is_auth: false,
                since: self.began_at,
            };
            let place = kept.iter().position(|row| row.subject == *subject);
            let mut row = place.map_or_else(new, |place| kept.swap_remove(place));
            row.level += 1;
            let is_rejected = *is_auth && !row.is_auth;
            if is_rejected || has_round(row.reported, row.level, u64::from(after.max(1))) {
                news.event = Some(NotifyEvent::Failed);
                news.subjects.push(subject.clone());
            }
            if *is_auth {
                news.rejected.push(subject.clone());
            }
            if subject == WHOLE {
                (news.count, news.since) = (row.level, row.since);
            }
            news.failing.push(row);
        }
        news
    }

    /// A success ends what is reported of the sync as a whole once no scope fails any more.
    fn recovery(&self, mut gone: Vec<ReportRow>, kept: Vec<ReportRow>) -> News {
        let (whole, failing): (Vec<_>, Vec<_>) = kept.into_iter().partition(|row| row.subject == WHOLE);
        let mut news = News::nothing(self.began_at);
        if failing.is_empty() {
            if let Some(row) = whole.first() {
                (news.count, news.since) = (row.level, row.since);
                news.event = (row.reported > 0).then_some(NotifyEvent::Recovered);
            }
            gone.extend(whole);
        }
        News { gone, ..news }
    }

    fn has_recovered(&self, subject: &str) -> bool {
        if subject == WHOLE || self.failed.contains_key(subject) {
            return false;
        }
        let is_within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        let has_succeeded = |scope: &ScopeReport| {
            let is_it = scope.scope == subject || is_within(&scope.scope, subject);
            let is_part = self.is_whole && is_within(subject, &scope.scope);
            (scope.status == Status::Success && is_it) || (is_part && is_done(scope))
        };
        let is_absent = || self.scopes.iter().all(|scope| scope.scope != subject && !is_within(subject, &scope.scope));
        self.scopes.iter().any(has_succeeded) || (self.is_whole && self.status == Status::Success && is_absent())
    }
}

impl News {
    const fn nothing(since: Timestamp) -> Self {
        Self {
            event: None,
            count: 0,
            since,
            subjects: Vec::new(),
            failing: Vec::new(),
            rejected: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// What to keep and what to delete, once it is known whether the receiver was reached.
    pub fn into_rows(self, is_reached: bool) -> (Vec<ReportRow>, Vec<ReportRow>) {
        let Self { event, mut failing, rejected, gone, .. } = self;
        match event {
            Some(NotifyEvent::Recovered) if !is_reached => return (Vec::new(), Vec::new()),
            Some(NotifyEvent::Failed) if is_reached => {
                for row in &mut failing {
                    row.reported = row.level;
                    row.is_auth |= rejected.contains(&row.subject);
                }
            }
            Some(_) | None => {}
        }
        (failing, gone)
    }
}

/// Everything that failed: the sync as a whole, its scopes, and parts of them that fail by themselves. A lock that
/// another run holds is no failure.
fn failed_subjects(report: &Report) -> BTreeMap<String, bool> {
    let mut failed = BTreeMap::new();
    let mut add = |subject: String, class: Class| *failed.entry(subject).or_default() |= class == Class::Auth;
    for problem in &report.problems {
        add(subject_of(problem), problem.class);
    }
    for scope in &report.scopes {
        match &scope.failure {
            Some(failure) if failure.class != Class::Busy => add(scope.scope.clone(), failure.class),
            None if scope.summary.failed > 0 && !report.problems.iter().any(|problem| problem.scope == scope.scope) => {
                add(scope.scope.clone(), Class::Contract);
            }
            Some(_) | None => {}
        }
    }
    let own = report.failure.as_ref().filter(|_| report.failed_scope().is_none());
    add(WHOLE.to_owned(), own.map_or(Class::Contract, |failure| failure.class));
    failed
}

/// What a problem is about: its scope, or the part of it that fails by itself.
pub fn subject_of(problem: &Problem) -> String {
    let part = problem.details.get(PROBLEM_PART).and_then(serde_json::Value::as_str);
    part.map_or_else(|| problem.scope.clone(), |part| format!("{}/{part}", problem.scope))
}

/// Whether the scope was worked on to its end.
const fn is_done(scope: &ScopeReport) -> bool {
    matches!(scope.status, Status::Success | Status::Partial)
}

/// Whether a number after `reported`, up to `level`, is `after` or a doubling of it.
fn has_round(reported: u64, level: u64, after: u64) -> bool {
    let rounds = std::iter::successors(Some(after), |round| round.checked_mul(2));
    rounds.take_while(|round| *round <= level).any(|round| round > reported)
}

#[cfg(test)]
mod tests {
    use super::has_round;

    #[test]
    fn failures_are_due_at_the_number_and_at_its_doublings() {
        let due = |after| (1..=13).filter(|level| has_round(level - 1, *level, after)).collect::<Vec<u64>>();
        assert_eq!(due(1), [1, 2, 4, 8]);
        assert_eq!(due(3), [3, 6, 12]);
        assert!(has_round(0, 5, 3), "a report that did not arrive is due again");
        assert!(!has_round(3, 5, 3));
    }
}
