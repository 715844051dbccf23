//! What of a run is news to a receiver: plain values in, plain values out.
//!
//! A receiver has a row for each scope that fails, and one with an empty subject for the sync as a whole. A row counts
//! the failed runs in a row. Failures are reported when there have been as many as the receiver wants, at each doubling
//! of that, and at once where credentials are rejected. A report that did not arrive is due again. The recovery is
//! reported when nothing fails any more, to receivers of a report only. What `status` shows is kept as a receiver's rows
//! are, and nothing is sent to that one.

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
            let new = || ReportRow::new(receiver, subject, self.began_at);
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

    /// What is news where another type of the sync failed before, and this run has worked on what failed.
    pub fn news_of_other_type(&self, rows: Vec<ReportRow>) -> News {
        let (gone, kept): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| self.is_well(&row.subject));
        if gone.is_empty() { News::nothing(self.began_at) } else { self.recovery(gone, kept) }
    }

    fn has_recovered(&self, subject: &str) -> bool {
        let is_other = |scope: &ScopeReport| {
            let is_below = is_account(subject) && is_within(&scope.scope, subject);
            scope.scope != subject && !is_within(subject, &scope.scope) && !is_below
        };
        let is_gone =
            || subject != WHOLE && self.is_whole && self.status == Status::Success && self.scopes.iter().all(is_other);
        self.is_well(subject) || is_gone()
    }

    /// Whether this run has worked on it, and nothing of it failed. A scope that left parts of it out says nothing of
    /// these, and one whose name only begins with another's nothing of that one.
    fn is_well(&self, subject: &str) -> bool {
        if subject == WHOLE || self.failed.contains_key(subject) {
            return false;
        }
        if let Some(own) = self.scopes.iter().find(|scope| scope.scope == subject) {
            return own.status == Status::Success && own.parts.is_none();
        }
        self.scopes.iter().any(|scope| {
            if let Some(parts) = &scope.parts {
                return is_done(scope) && parts.iter().any(|part| part_of(&scope.scope, part) == subject);
            }
            let is_of_account = is_account(subject) && is_within(&scope.scope, subject);
            let is_part = self.is_whole && is_within(subject, &scope.scope);
            (scope.status == Status::Success && is_of_account) || (is_part && is_done(scope))
        })
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
        for subject in subjects_of(problem, &report.scopes) {
            add(subject, problem.class);
        }
    }
    for scope in &report.scopes {
        let class = match &scope.failure {
            Some(failure) if failure.class != Class::Busy => failure.class,
            None if scope.summary.failed > 0 && !report.problems.iter().any(|problem| problem.scope == scope.scope) => {
                Class::Contract
            }
            Some(_) | None => continue,
        };
        for subject in worked_on(&scope.scope, &report.scopes) {
            add(subject, class);
        }
    }
    let own = report.failure.as_ref().filter(|_| report.failed_scope().is_none());
    add(WHOLE.to_owned(), own.map_or(Class::Contract, |failure| failure.class));
    failed
}

/// What a problem is about: the part of its scope that fails by itself, else what of the scope was worked on.
pub fn subjects_of(problem: &Problem, scopes: &[ScopeReport]) -> Vec<String> {
    let part = problem.details.get(PROBLEM_PART).and_then(serde_json::Value::as_str);
    part.map_or_else(|| worked_on(&problem.scope, scopes), |part| vec![part_of(&problem.scope, part)])
}

/// The scope, or its parts where others were left out.
fn worked_on(name: &str, scopes: &[ScopeReport]) -> Vec<String> {
    let parts = scopes.iter().find(|scope| scope.scope == name).and_then(|scope| scope.parts.as_ref());
    parts.map_or_else(|| vec![name.to_owned()], |parts| parts.iter().map(|part| part_of(name, part)).collect())
}

fn part_of(scope: &str, part: &str) -> String {
    format!("{scope}/{part}")
}

/// Whether it is an account as a whole, which could not be opened or whose scopes could not be listed.
fn is_account(subject: &str) -> bool {
    subject.matches('/').count() == 1
}

fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
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
    use std::collections::BTreeMap;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{Outcome, has_round};
    use crate::store::{Status, Summary};
    use crate::upstreams::ScopeReport;

    /// `name` succeeded, `-name` was skipped, `~name` ended in part, `name:a` succeeded for that part of it alone.
    fn scope(text: &str) -> ScopeReport {
        let status = match text.chars().next() {
            Some('-') => Status::Skipped,
            Some('~') => Status::Partial,
            _ => Status::Success,
        };
        let (name, part) = text.trim_start_matches(['-', '~']).split_once(':').unzip();
        ScopeReport {
            scope: name.unwrap_or_else(|| text.trim_start_matches(['-', '~'])).to_owned(),
            status,
            summary: Summary::default(),
            duration: Duration::ZERO,
            skipped: None,
            holder: None,
            failure: None,
            note: None,
            parts: part.map(|part| vec![part.to_owned()]),
        }
    }

    /// Whether a good run with these scopes ends the failure of that subject.
    #[track_caller]
    fn check(subject: &str, scopes: &str, is_whole: bool, expected: bool) {
        let scopes: Vec<_> = scopes.split(' ').map(scope).collect();
        let (failed, began_at) = (BTreeMap::new(), Timestamp::UNIX_EPOCH);
        let outcome = Outcome { failed, scopes: &scopes, status: Status::Success, is_whole, began_at };
        assert_eq!(outcome.has_recovered(subject), expected, "{subject}");
    }

    #[test]
    fn a_failure_ends_with_a_run_that_has_worked_on_it() {
        check("ecs/a/r", "ecs/a/r ecs/b/r", true, true);
        check("ecs/a/r", "ecs/b/r", false, false);
        check("ecs/a", "ecs/a/r", false, true);
        check("ecs/a", "-ecs/a/r", true, false);
        check("ecs/gone", "ecs/a/r", true, true);
        check("ecs/gone", "ecs/a/r", false, false);
        // A pause that the upstream wanted, or a lock that another run holds.
        check("ecs/a/r", "-ecs/a/r ecs/b/r", true, false);
    }

    #[test]
    fn scopes_below_another_are_no_part_of_it() {
        check("ecs/a/r", "-ecs/a/r ecs/a/r/database", true, false);
        check("ecs/a/r", "ecs/a/r/database", false, false);
        check("ecs/a/r/database", "ecs/a/r -ecs/a/r/database", true, false);
        check("ecs/a/r/database", "ecs/a/r", false, false);
    }

    #[test]
    fn parts_of_a_scope_end_one_by_one() {
        check("users/deliver/a", "users/deliver", true, true);
        check("users/deliver/a", "~users/deliver", true, true);
        check("users/deliver/a", "users/deliver:a", false, true);
        check("users/deliver/a", "users/deliver:b", false, false);
        check("users/deliver", "users/deliver:a", false, false);
    }

    #[test]
    fn failures_are_due_at_the_number_and_at_its_doublings() {
        let due = |after| (1..=13).filter(|level| has_round(level - 1, *level, after)).collect::<Vec<u64>>();
        assert_eq!(due(1), [1, 2, 4, 8]);
        assert_eq!(due(3), [3, 6, 12]);
        assert!(has_round(0, 5, 3), "a report that did not arrive is due again");
        assert!(!has_round(3, 5, 3));
    }
}
