//! What people and programs see, kept as snapshots: English and Chinese, narrow and wide.

use std::fmt::Write as _;
use std::time::Duration;

use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr;

use super::Answer;
use super::doctor::{Check, CronPart, Difference, DoctorAnswer, Finding};
use super::errors::{ErrorDocument, render_error};
use super::json;
use super::locks::{BreakAnswer, CleanAnswer, LocksAnswer};
use super::notices::{BackupAnswer, CheckAnswer, CreatedAnswer, NoRunYet, PathsAnswer, PruneAnswer, ReadAnswer};
use super::records::RecordsAnswer;
use super::samples::{self, style};
use super::settings::SettingsAnswer;
use super::show::{Changes, RecordAnswer};
use super::status::{StatusAnswer, SyncRow};
use super::sync_report::{SyncAllAnswer, SyncAnswer};
use super::tables::render_output;
use crate::config::{Place, Setting};
use crate::error::Class;
use crate::exit::Exit;
use crate::language::Language;
use crate::present::{self, Output, Style};
use crate::run::Report;
use crate::store::{Holder, Problem, Status, Summary};

/// The output in both languages at 80 and 200 columns, and its document: what a snapshot keeps.
pub fn render_everything(output: &dyn Output) -> String {
    let render_text = |style: &Style| render_output(output, style);
    render_all(render_text, present::output::document(output, &style(Language::Zh, None)).as_str())
}

fn render_all(render_text: impl Fn(&Style) -> String, document: &str) -> String {
    let mut all = String::new();
    for (title, language) in [("English", Language::En), ("中文", Language::Zh)] {
        for width in [80, 200] {
            writeln!(all, "== {title}, {width} columns").unwrap();
            all.push_str(&render_text(&style(language, Some(width))));
        }
    }
    let pretty = serde_json::from_str::<serde_json::Value>(document).unwrap();
    writeln!(all, "== JSON\n{pretty:#}").unwrap();
    all
}

/// Keeps both languages at 80 and 200 columns in one snapshot, and the document: the integration tests hold every
/// document of a snapshot against the published schemas.
fn check<A: Answer>(name: &str, answer: &A) {
    let document = json::render(&answer.document(&style(Language::Zh, None)));
    assert_snapshot!(name, render_all(|style| answer.render_text(style), &document));
}

/// In both languages no line of the table is wider than 80 columns.
pub fn tables_fit(render_text: impl Fn(&Style) -> String) {
    for language in [Language::En, Language::Zh] {
        let text = render_text(&style(language, Some(80)));
        let table = text.lines().take_while(|line| !line.contains("record") && !line.contains("记录 "));
        for line in table {
            assert!(line.width() <= 80, "{} columns: {line}", line.width());
        }
    }
}

#[test]
fn a_successful_run() {
    check("sync_success", &SyncAnswer(&samples::report()));
}

#[test]
fn a_run_with_every_kind_of_scope() {
    check("sync_mixed", &SyncAnswer(&samples::mixed_report()));
    tables_fit(|style| SyncAnswer(&samples::mixed_report()).render_text(style));
}

#[test]
fn a_run_that_found_everything_locked() {
    check("sync_locked", &SyncAnswer(&samples::locked_report()));
}

#[test]
fn a_failed_scope_is_told_once() {
    let mut report = samples::mixed_report();
    report.problems = vec![Problem {
        id: None,
        name: None,
        ..samples::problem("fairing/shop-us/responses", "cannot reach the upstream: connection refused")
    }];
    let text = SyncAnswer(&report).render_text(&style(Language::En, None));
    assert_eq!(text.matches("cannot reach the upstream").count(), 1, "{text}");
}

#[test]
fn a_dry_run_with_more_problems_than_are_listed() {
    let problems = (0..25).map(|n| samples::problem("tasks/today", &format!("wrong type of `{n}`"))).collect();
    let report = Report { dry_run: true, problems, ..samples::report() };
    let text = SyncAnswer(&report).render_text(&style(Language::En, Some(80)));
    assert_eq!(text.lines().filter(|line| line.contains("wrong type")).count(), 20);
    assert!(text.contains("and 5 more: `tongbu records show 7`"), "{text}");
    assert!(text.contains("dry run: nothing was written"), "{text}");
}

#[test]
fn all_runs_together() {
    let runs = vec![
        ("fairing", Ok(samples::mixed_report())),
        ("tasks", Ok(samples::report())),
        ("ecs", Err(samples::failure(Class::Config, "`ecs.accounts`: there is none"))),
    ];
    check("sync_all", &SyncAllAnswer { exit: Exit::Config, runs });
}

#[test]
fn a_page_of_records() {
    let answer = RecordsAnswer { page: samples::page(), number: 1, per_page: 20 };
    check("records_list", &answer);
    tables_fit(|style| answer.render_text(style));
}

#[test]
fn one_record() {
    let mut record = samples::record(11, "tasks", "historical", Status::Failed);
    record.problems = vec![samples::problem("tasks/historical", "数据包不存在")];
    let scopes = vec![
        samples::scope_record("tasks/historical", Some("cannot read page 3")),
        samples::scope_record("tasks/historical/repair", None),
    ];
    let line =
        r#"{"timestamp":"2026-01-02T03:04:05Z","level":"INFO","message":"scope ended","scope":"tasks/historical"}"#;
    check(
        "records_show",
        &RecordAnswer { record, scopes, changes: Changes::NotRequested, log: Some(vec![line.to_owned()]) },
    );
}

#[test]
fn locks_of_every_state() {
    let stale = Holder { is_stale: true, ..samples::holder("douban/movies") };
    let released = Holder { released: true, ..samples::holder("users/deliver") };
    let answer = LocksAnswer(vec![samples::holder("fairing/shop-eu/responses"), stale.clone(), released]);
    check("locks_list", &answer);
    tables_fit(|style| answer.render_text(style));
    check("locks_clean", &CleanAnswer { cleaned: vec![stale], is_dry_run: true });
    check("locks_break", &BreakAnswer(samples::holder("tasks/today")));
    check("locks_none", &LocksAnswer(Vec::new()));
}

#[test]
fn how_each_sync_stands() {
    let row = |sync: &str, sync_type: &str, status: Option<Status>| SyncRow {
        sync: sync.to_owned(),
        sync_type: sync_type.to_owned(),
        last: status.map(|status| samples::record(7, sync, sync_type, status)),
        last_success_at: status.map(|_| samples::at(-11_520)),
        consecutive_failures: 0,
        unread_count: 1,
        row_count: status.map(|_| 200_000),
        not_before: None,
        next_due: status.map(|_| samples::at(600)),
        max_age: Some(Duration::from_secs(7200)),
    };
    let blocked = SyncRow {
        not_before: Some(samples::at(1800)),
        consecutive_failures: 3,
        max_age: None,
        ..row("douban", "douban", Some(Status::Failed))
    };
    let rows = vec![
        row("fairing", "fairing", Some(Status::Running)),
        blocked,
        row("tasks", "historical", Some(Status::Success)),
        row("tasks", "today", None),
    ];
    let answer = StatusAnswer { exit: Exit::Stale, rows };
    check("status", &answer);
    tables_fit(|style| answer.render_text(style));
}

#[test]
fn small_answers() {
    let failure = samples::failure(Class::Config, "`fairing.accounts`: there is none");
    let parts = vec![("database".to_owned(), Ok(())), ("fairing".to_owned(), Err(failure))];
    check("config_check", &CheckAnswer { exit: Exit::Config, parts });
    check("records_prune", &PruneAnswer { count: 12, is_dry_run: true });
    check("backup", &BackupAnswer { path: "/backup/tongbu.db".into(), byte_count: 1_600_000 });
    check("config_init", &CreatedAnswer("/etc/tongbu/config.toml".into()));
    let database = ("/var/lib/tongbu/tongbu.db".into(), "the configuration");
    check("config_path", &PathsAnswer { config: Some(("/nowhere/config.toml".into(), "--config")), database });
    let setting = |key: &str, value: serde_json::Value, place| Setting { key: key.to_owned(), value, place };
    let settings = vec![
        setting("lang", "auto".into(), None),
        setting(
            "fairing.accounts",
            serde_json::json!([{"token": {"env": "TOKEN"}}]),
            Some(Place::Variable("X".into())),
        ),
    ];
    check("config_show", &SettingsAnswer(settings));
    let empty = ReadAnswer { count: 0 };
    check("no_run_yet", &NoRunYet { database: std::path::Path::new("/var/lib/tongbu/tongbu.db"), empty });
}

#[test]
fn what_the_doctor_found() {
    let refused =
        Finding::failed(Check::Credentials, &samples::failure(Class::Auth, "fairing refuses our credentials"));
    let findings = vec![
        Finding::ok(Check::Sqlite, "3.51.3"),
        Finding::warning(Check::Locks, "stale: `douban/movies`", "run `tongbu locks clean`"),
        refused.of("fairing/shop-eu"),
    ];
    let unset = Finding::failed(Check::Secret, &samples::failure(Class::Config, "the variable `TOKEN` is not set"));
    let differences = vec![Difference { finding: unset.of("fairing.accounts[0].token"), here: None }];
    let cron = Some(CronPart { exit: Exit::Config, differences });
    check("doctor", &DoctorAnswer { exit: Exit::Config, findings, cron });
    let same = Some(CronPart { exit: Exit::Ok, differences: Vec::new() });
    let answer = DoctorAnswer { exit: Exit::Ok, findings: vec![Finding::ok(Check::Clock, "in step")], cron: same };
    check("doctor_same", &answer);
}

#[test]
fn errors() {
    let locked = samples::locked_report();
    let failure = samples::failure(Class::Unavailable, "cannot fetch `/api/responses` of `shop-eu`");
    let mut all = String::new();
    for language in [Language::En, Language::Zh] {
        let style = style(language, Some(80));
        all.push_str(&render_error(&failure, None, &style));
        all.push_str(&render_error(locked.failure.as_ref().unwrap(), locked.holder.as_ref(), &style));
    }
    let document = json::render(&ErrorDocument::new(&failure, None, &style(Language::En, None)));
    writeln!(all, "== JSON\n{document}").unwrap();
    assert_snapshot!("errors", all);
}

#[test]
fn a_lock_name_that_a_shell_would_split_is_quoted() {
    let holder = samples::holder("fairing/my shop's/responses");
    let hint = super::errors::lock_hint(&holder);
    assert!(hint.contains(r"tongbu locks break 'fairing/my shop'\''s/responses' --token 7"), "{hint}");
}

#[test]
fn a_sync_with_nothing_to_tell_has_no_table() {
    let report = Report { scopes: Vec::new(), summary: Summary::default(), ..samples::report() };
    let text = SyncAnswer(&report).render_text(&style(Language::En, None));
    assert_eq!(text, "success: record 7, 15.0s, 3 requests, 0 retries, trace 0123456789abcdef\n");
}
