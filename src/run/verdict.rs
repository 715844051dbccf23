//! What a run's scopes and problems add up to.

use crate::error::Class;
use crate::exit::Exit;
use crate::store::{Status, Summary};
use crate::upstreams::{Failure, PassOutcome, ScopeReport};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: Status,
    pub exit: Exit,
    /// The failure behind the exit code.
    pub failure: Option<Failure>,
}

/// How the operator wants the outcome judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerdictPolicy {
    /// *partial* is a success.
    pub allow_partial: bool,
    /// Nothing changed is exit 9.
    pub error_on_no_change: bool,
}

/// Adds up a pass. `fatal` is what ended it before its scopes were done.
///
/// - A fatal failure, a bug and a withheld deletion are the verdict, even if everything else succeeded.
/// - Otherwise a run in which something was stored and something failed is *partial*, and one in which everything failed
///   has the most severe class of its scopes.
/// - A scope that another run holds counts only where nothing else was done.
pub fn verdict(outcome: &PassOutcome, fatal: Option<Failure>, summary: &Summary, policy: VerdictPolicy) -> Verdict {
    if let Some(fatal) = fatal {
        return Verdict { status: fatal.status(), exit: fatal.class.into(), failure: Some(fatal) };
    }
    let failures: Vec<Failure> = outcome.scopes.iter().filter_map(failure_with_scope).collect();
    let worst = |only: fn(&Failure) -> bool| {
        failures.iter().filter(|failure| only(failure)).reduce(|worst, other| {
            let (one, two) = (Exit::from(worst.class), Exit::from(other.class));
            if one.worst(two) == one { worst } else { other }
        })
    };
    if let Some(failure) = worst(|failure| matches!(failure.class, Class::Internal | Class::Guard)) {
        return Verdict { status: failure.status(), exit: failure.class.into(), failure: Some(failure.clone()) };
    }
    let did_something = outcome.scopes.iter().any(has_stored);
    let failure = worst(|failure| failure.class != Class::Busy).or_else(|| worst(|_| true));
    match failure {
        Some(failure) if !did_something => {
            // A conflict is no failure of the sync.
            let status = if failure.class == Class::Busy { Status::Skipped } else { Status::Failed };
            return Verdict { status, exit: failure.class.into(), failure: Some(failure.clone()) };
        }
        Some(failure) if failure.class != Class::Busy => return partial(Some(failure.clone()), policy),
        Some(_) | None => {}
    }
    if summary.failed > 0 || !outcome.problems.is_empty() {
        return partial(None, policy);
    }
    let is_skipped = outcome.scopes.iter().all(|scope| scope.status == Status::Skipped);
    let exit = if policy.error_on_no_change && !summary.is_changed() { Exit::Unchanged } else { Exit::Ok };
    Verdict { status: if is_skipped { Status::Skipped } else { Status::Success }, exit, failure: None }
}

/// Why the command line is refused, where nothing came of it: such a run is none.
pub fn refusal(outcome: &PassOutcome, fatal: Option<&Failure>) -> Option<Failure> {
    let is_usage = |failure: &&Failure| failure.class == Class::Usage;
    if fatal.is_some() {
        return fatal.filter(is_usage).cloned();
    }
    let mut failures = outcome.scopes.iter().map(|scope| scope.failure.as_ref().filter(is_usage));
    let first = failures.next()??;
    failures.all(|failure| failure.is_some()).then(|| first.clone())
}

fn partial(failure: Option<Failure>, policy: VerdictPolicy) -> Verdict {
    let exit = if policy.allow_partial { Exit::Ok } else { Exit::Partial };
    Verdict { status: Status::Partial, exit, failure }
}

/// The scope's failure, whose message begins with the scope.
fn failure_with_scope(ScopeReport { scope, failure, .. }: &ScopeReport) -> Option<Failure> {
    let failure = failure.clone()?;
    if failure.message.contains(scope.as_str()) {
        return Some(failure);
    }
    // Errors of the HTTP client begin with the upstream, which the scope's name does too.
    let upstream = scope.split('/').next().unwrap_or_default();
    let rest = failure.message.strip_prefix(upstream).and_then(|rest| rest.strip_prefix(": "));
    let message = format!("{scope}: {}", rest.unwrap_or(&failure.message));
    Some(Failure { message, ..failure })
}

fn has_stored(scope: &ScopeReport) -> bool {
    matches!(scope.status, Status::Success | Status::Partial)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Verdict, VerdictPolicy, verdict};
    use crate::error::Class;
    use crate::exit::Exit;
    use crate::store::{Status, Summary};
    use crate::upstreams::{Failure, PassOutcome, ScopeReport, SkipReason};

    /// `+` is a scope that succeeded, `-` one that was not due, `?` one skipped because it is locked; anything else is
    /// the class of its failure.
    fn scope(result: &str) -> ScopeReport {
        let class = result.parse().ok();
        ScopeReport {
            scope: result.to_owned(),
            status: match (result, class) {
                ("+", _) => Status::Success,
                ("-" | "?", _) | (_, Some(Class::Busy)) => Status::Skipped,
                (_, Some(Class::Guard)) => Status::Partial,
                _ => Status::Failed,
            },
            summary: Summary::default(),
            duration: Duration::ZERO,
            skipped: (result == "-").then_some((SkipReason::MinInterval, None)),
            holder: None,
            failure: class.map(failure),
            note: None,
            parts: None,
        }
    }

    fn failure(class: Class) -> Failure {
        Failure { class, message: String::new(), causes: Vec::new(), hint: String::new() }
    }

    fn check(scopes: &str, exit: Exit, status: Status) {
        let outcome = PassOutcome { scopes: scopes.split_whitespace().map(scope).collect(), ..PassOutcome::default() };
        let Verdict { status: found, exit: code, failure } =
            verdict(&outcome, None, &Summary::default(), VerdictPolicy::default());
        assert_eq!((code, found), (exit, status), "{scopes}");
        assert_eq!(failure.is_some(), exit != Exit::Ok, "{scopes}");
    }

    #[test]
    fn scopes_are_added_up_to_one_verdict() {
        check("+ +", Exit::Ok, Status::Success);
        check("- -", Exit::Ok, Status::Skipped);
        check("+ -", Exit::Ok, Status::Success);
        check("? ?", Exit::Ok, Status::Skipped);
        check("", Exit::Ok, Status::Skipped);
        check("+ unavailable", Exit::Partial, Status::Partial);
        check("+ auth contract", Exit::Partial, Status::Partial);
        check("- unavailable", Exit::Unavailable, Status::Failed);
        check("auth unavailable", Exit::Auth, Status::Failed);
        check("unavailable contract", Exit::Contract, Status::Failed);
        check("+ guard", Exit::Guard, Status::Partial);
        check("guard auth", Exit::Guard, Status::Partial);
        check("+ internal guard", Exit::Internal, Status::Failed);
    }

    #[test]
    fn a_held_scope_counts_only_where_nothing_was_done() {
        check("+ busy", Exit::Ok, Status::Success);
        check("busy busy", Exit::Locked, Status::Skipped);
        check("- busy", Exit::Locked, Status::Skipped);
        check("busy unavailable", Exit::Unavailable, Status::Failed);
        check("+ busy unavailable", Exit::Partial, Status::Partial);
    }

    #[test]
    fn a_fatal_failure_is_the_verdict() {
        for (class, status) in [
            (Class::Terminated, Status::Cancelled),
            (Class::Hangup, Status::Cancelled),
            (Class::Deadline, Status::Cancelled),
            (Class::LeaseLost, Status::Interrupted),
            (Class::Database, Status::Failed),
        ] {
            let outcome = PassOutcome { scopes: vec![scope("+"), scope("guard")], ..PassOutcome::default() };
            let found = verdict(&outcome, Some(failure(class)), &Summary::default(), VerdictPolicy::default());
            assert_eq!((found.exit, found.status), (class.into(), status));
        }
    }

    #[test]
    fn verdict_policy_changes_the_exit_code_but_not_the_status() {
        let outcome = PassOutcome { scopes: vec![scope("+"), scope("auth")], ..PassOutcome::default() };
        let lenient = VerdictPolicy { allow_partial: true, error_on_no_change: false };
        let found = verdict(&outcome, None, &Summary::default(), lenient);
        assert_eq!((found.exit, found.status), (Exit::Ok, Status::Partial));

        let outcome = PassOutcome { scopes: vec![scope("+")], ..PassOutcome::default() };
        let strict = VerdictPolicy { allow_partial: false, error_on_no_change: true };
        let found = verdict(&outcome, None, &Summary { unchanged: 5, ..Summary::default() }, strict);
        assert_eq!((found.exit, found.status), (Exit::Unchanged, Status::Success));
        let found = verdict(&outcome, None, &Summary { new: 1, ..Summary::default() }, strict);
        assert_eq!(found.exit, Exit::Ok);
    }

    #[test]
    fn failure_names_the_scope_once() {
        for (message, expected) in [
            ("fairing: 401 Unauthorized from `GET /x`", "fairing/a/questions: 401 Unauthorized from `GET /x`"),
            ("cannot connect to fairing", "fairing/a/questions: cannot connect to fairing"),
            ("`fairing/a/questions` is locked", "`fairing/a/questions` is locked"),
        ] {
            let failure = Failure { message: message.to_owned(), ..failure(Class::Auth) };
            let scopes =
                vec![ScopeReport { scope: "fairing/a/questions".to_owned(), failure: Some(failure), ..scope("auth") }];
            let outcome = PassOutcome { scopes, ..PassOutcome::default() };
            let found = verdict(&outcome, None, &Summary::default(), VerdictPolicy::default());
            assert_eq!(found.failure.map(|failure| failure.message).as_deref(), Some(expected));
        }
    }

    #[test]
    fn an_item_that_failed_makes_a_run_partial() {
        let outcome = PassOutcome { scopes: vec![scope("+")], ..PassOutcome::default() };
        let summary = Summary { failed: 1, ..Summary::default() };
        let found = verdict(&outcome, None, &summary, VerdictPolicy::default());
        assert_eq!((found.exit, found.status), (Exit::Partial, Status::Partial));
    }
}
