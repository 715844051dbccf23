use insta::assert_snapshot;

use super::{Part, SyncAllOutput, SyncOutput};
use crate::cli::samples::{
    failure, failure_of, holder_of, locked_report, mixed_report, problem, problem_of, report, scope,
};
use crate::error::Class;
use crate::exit::Exit;
use crate::language::Language;
use crate::present::style::samples::style;
use crate::run::Report;
use crate::store::{Problem, Status, Summary};
use crate::ui::tables::render_output;
use crate::ui::{injection_tests, snapshots};

fn text_of(report: &Report) -> String {
    render_output(&SyncOutput(report), &style(Language::En, None))
}

#[test]
fn a_run_is_shown_with_every_kind_of_scope() {
    assert_snapshot!("success", snapshots::render_everything(&SyncOutput(&report())));
    assert_snapshot!("mixed", snapshots::render_everything(&SyncOutput(&mixed_report())));
    assert_snapshot!("locked", snapshots::render_everything(&SyncOutput(&locked_report())));
    snapshots::tables_fit(|style| render_output(&SyncOutput(&mixed_report()), style));
}

#[test]
fn all_runs_are_summed_up_together() {
    let part = |sync, sync_type, run| Part { sync, sync_type, run };
    let runs = vec![
        part("fairing", "fairing", Ok(mixed_report())),
        part("tasks", "historical", Ok(report())),
        part("ecs", "ecs", Err(failure(Class::Config, "`ecs.accounts`: there is none"))),
    ];
    assert_snapshot!("all", snapshots::render_everything(&SyncAllOutput { exit: Exit::Config, runs }));
}

/// `expected`: how often the report shows the message of its failure, which follows as the error.
fn check_repetition(report: &Report, expected: usize) {
    let text = text_of(report);
    assert_eq!(text.matches("cannot reach the upstream").count(), expected, "{text}");
}

#[test]
fn the_error_that_follows_is_not_among_the_problems() {
    let failed = |scope: &str| Problem {
        id: None,
        name: None,
        ..problem(scope, "cannot reach the upstream: connection refused")
    };
    let of = |problems| Report { problems, ..mixed_report() };
    check_repetition(&of(vec![failed("fairing/shop-us/responses")]), 0);
    check_repetition(&of(Vec::new()), 0);
    // The error names no scope.
    check_repetition(&of(vec![failed("fairing/shop-us/responses"), failed("fairing/shop-us/questions")]), 2);
    // No error follows a success.
    check_repetition(&Report { exit: Exit::Ok, ..of(vec![failed("fairing/shop-us/responses")]) }, 1);
}

#[test]
fn only_the_first_problems_are_listed() {
    let problems = (0..25).map(|n| problem("tasks/today", &format!("wrong type of `{n}`"))).collect();
    let report = Report { dry_run: true, problems, ..report() };
    let text = text_of(&report);
    assert_eq!(text.lines().filter(|line| line.contains("wrong type")).count(), 20);
    assert!(text.contains("and 5 more: `tongbu records show 7`"), "{text}");
    assert!(text.contains("dry run: nothing was written"), "{text}");
}

#[test]
fn a_run_without_scopes_has_no_table() {
    let text = text_of(&Report { scopes: Vec::new(), summary: Summary::default(), ..report() });
    assert_eq!(text, "success: record 7, 15.0s, 3 requests, 0 retries\ntrace 0123456789abcdef\n");
}

fn report_of(text: &str) -> Report {
    let mut scope = scope(text, Status::Failed, Summary::default());
    scope.note = Some(text.to_owned());
    scope.failure = Some(failure_of(text));
    scope.holder = Some(holder_of(text));
    Report {
        trace_id: text.to_owned(),
        scopes: vec![scope],
        problems: vec![problem_of(text)],
        warnings: vec![text.to_owned()],
        failure: Some(failure_of(text)),
        holder: Some(holder_of(text)),
        exit: Exit::Contract,
        ..report()
    }
}

#[test]
fn hostile_text_of_a_run_is_harmless() {
    for text in injection_tests::hostile_strings() {
        let report = report_of(&text);
        injection_tests::check_shown(&text, &SyncOutput(&report));
        let runs = vec![
            Part { sync: "tasks", sync_type: "historical", run: Ok(report) },
            Part { sync: "ecs", sync_type: "ecs", run: Err(failure_of(&text)) },
        ];
        injection_tests::check_shown(&text, &SyncAllOutput { exit: Exit::Contract, runs });
    }
}
