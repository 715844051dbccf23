//! Hostile text through every renderer: harmless for a person's terminal, exact in JSON.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::Answer;
use super::doctor::{Check, CronPart, Difference, DoctorAnswer, Finding};
use super::errors::{ErrorDocument, render_error};
use super::locks::{BreakAnswer, CleanAnswer, LocksAnswer};
use super::notices::{CheckAnswer, CreatedAnswer, NoRunYet, PathsAnswer};
use super::records::RecordsAnswer;
use super::samples;
use super::settings::SettingsAnswer;
use super::show::{Changes, RecordAnswer};
use super::stats::{Stats, StatsAnswer};
use super::status::{StatusAnswer, SyncRow};
use super::sync_report::{SyncAllAnswer, SyncAnswer};
use super::tables::render_output;
use super::{json, log};
use crate::config::{Place, Setting};
use crate::error::Class;
use crate::exit::Exit;
use crate::language::Language;
use crate::present::{self, Output};
use crate::run::Report;
use crate::store::records::{Page, Record};
use crate::store::{Holder, Problem, Status, Summary};
use crate::upstreams::Failure;

/// Every control and formatting character alone and inside text, and sequences that terminals obey.
pub fn hostile_strings() -> Vec<String> {
    let controls = (0..0x20).chain(0x7f..0xa0);
    let formatting = [0xad, 0x61c, 0x180e, 0xfeff, 0xe0001, 0xe0020, 0xe007f];
    let ranges = (0x200b..=0x200f).chain(0x2028..=0x202e).chain(0x2060..=0x206f).chain(0xfff9..=0xfffb);
    let characters: Vec<char> = controls.chain(formatting).chain(ranges).filter_map(char::from_u32).collect();
    let alone = characters.iter().map(|character| format!("{character}x"));
    let inside = characters.iter().map(|character| format!("数据{character}a{character}{character}b"));
    let sequences = [
        "\u{1b}[2J\u{1b}[H",
        "\u{1b}]0;owned\u{7}",
        "\u{1b}]8;;http://evil\u{1b}\\click\u{1b}]8;;\u{1b}\\",
        "\u{1b}P+q544e\u{1b}\\",
        "\u{9b}31mred\u{9b}0m",
        "\u{9d}52;c;ZXZpbA==\u{9c}",
        "a\r\nerror: forged",
        "\u{202e}gnp.exe\u{202c}",
        "\u{2066}\u{2067}nested\u{2069}\u{2069}",
        "{}{}{}",
        "%s%n{0}$(id)`id`",
        "'; DROP TABLE tasks; --",
        "\"quoted\" \\ back\\slash",
        "```\n# heading\n",
        "=cmd|'/c calc'!A0",
        "e\u{301}\u{301}\u{301} zalgo",
        "👨\u{200d}👩\u{200d}👧 family",
        "",
        " ",
        "\t\t\t",
    ];
    let long = ["x".repeat(5000), "宽".repeat(2000), "\u{1b}[1m".repeat(500)];
    alone.chain(inside).chain(sequences.map(ToOwned::to_owned)).chain(long).collect()
}

/// Renders the output of each hostile text both ways and finds the text in its document again.
pub fn check_output(output: impl Fn(&str) -> Box<dyn Output>) {
    for text in hostile_strings() {
        let output = output(&text);
        for (language, width) in [(Language::En, Some(80)), (Language::Zh, None)] {
            let style = samples::style(language, width);
            check_harmless(&text, &render_output(output.as_ref(), &style));
            check_document(&text, &json::scrub_document(present::output::document(output.as_ref(), &style).as_str()));
        }
    }
}

fn check_document(text: &str, document: &str) {
    let parsed: Value = serde_json::from_str(document).unwrap();
    assert!(holds(&parsed, text), "{text:?} is not in {document}");
    assert!(parsed["schema"].is_string(), "{document}");
    assert_eq!(document.lines().count(), 1, "{document:?}");
}

/// Renders the answer both ways and finds the text in its document again.
fn check<A: Answer>(text: &str, answer: &A) {
    for (language, width) in [(Language::En, Some(80)), (Language::Zh, None)] {
        let style = samples::style(language, width);
        check_harmless(text, &answer.render_text(&style));
        check_document(text, &json::render(&answer.document(&style)));
    }
}

fn check_harmless(text: &str, rendered: &str) {
    let raw =
        rendered.chars().find(|character| *character != '\n' && crate::text::safe(&character.to_string()).len() > 4);
    assert_eq!(raw, None, "{text:?} came out as {rendered:?}");
    assert!(!rendered.contains("\nerror: forged"), "{rendered:?}");
    assert!(rendered.is_empty() || rendered.ends_with('\n'), "{rendered:?}");
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(held) => held == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|field| holds(field, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn hostile_failure(text: &str) -> Failure {
    Failure {
        class: Class::Contract,
        message: text.to_owned(),
        causes: vec![text.to_owned(), text.to_owned()],
        hint: text.to_owned(),
    }
}

fn hostile_problem(text: &str) -> Problem {
    Problem { id: Some(text.to_owned()), name: Some(text.to_owned()), ..samples::problem(text, text) }
}

fn hostile_holder(text: &str) -> Holder {
    let text = || text.to_owned();
    Holder { owner: text(), host: text(), trace_id: text(), ..samples::holder(&text()) }
}

fn hostile_report(text: &str) -> Report {
    let mut scope = samples::scope(text, Status::Failed, Summary::default());
    scope.note = Some(text.to_owned());
    scope.failure = Some(hostile_failure(text));
    scope.holder = Some(hostile_holder(text));
    Report {
        trace_id: text.to_owned(),
        scopes: vec![scope],
        problems: vec![hostile_problem(text)],
        warnings: vec![text.to_owned()],
        failure: Some(hostile_failure(text)),
        holder: Some(hostile_holder(text)),
        exit: Exit::Contract,
        ..samples::report()
    }
}

fn hostile_record(text: &str) -> Record {
    Record {
        sync_type: text.to_owned(),
        error_message: Some(text.to_owned()),
        problems: vec![hostile_problem(text)],
        exit_name: Some(text.to_owned()),
        trace_id: text.to_owned(),
        host: text.to_owned(),
        version: text.to_owned(),
        ..samples::record(7, text, text, Status::Running)
    }
}

fn hostile_row(text: &str, status: Status) -> SyncRow {
    SyncRow {
        sync: text.to_owned(),
        sync_type: text.to_owned(),
        last: Some(Record { status, ..hostile_record(text) }),
        last_success_at: None,
        consecutive_failures: 1,
        unread_count: 1,
        row_count: Some(1),
        not_before: None,
        next_due: None,
        max_age: Some(Duration::from_secs(1)),
    }
}

fn check_runs(text: &str) {
    check(text, &SyncAnswer(&hostile_report(text)));
    let runs = vec![("tasks", Ok(hostile_report(text))), ("ecs", Err(hostile_failure(text)))];
    check(text, &SyncAllAnswer { exit: Exit::Contract, runs });
}

fn check_records(text: &str) {
    let page = || Page { records: vec![hostile_record(text)], total: 1, unread_count: 1 };
    check(text, &RecordsAnswer { page: page(), number: 1, per_page: 20 });
    let empty = RecordsAnswer { page: page(), number: 1, per_page: 20 };
    check(text, &NoRunYet { database: Path::new(text), empty });
    let scopes = vec![samples::scope_record(text, Some(text))];
    check(
        text,
        &RecordAnswer {
            record: hostile_record(text),
            scopes,
            changes: Changes::NotRecorded,
            log: Some(vec![text.to_owned()]),
        },
    );
    let ended = Record { status: Status::Success, ..hostile_record(text) };
    check(text, &StatsAnswer { since: samples::at(0), stats: Stats::of(&[ended]) });
    for status in [Status::Running, Status::Failed] {
        check(text, &StatusAnswer { exit: Exit::Stale, rows: vec![hostile_row(text, status)] });
    }
}

fn check_rest(text: &str) {
    check(text, &LocksAnswer(vec![hostile_holder(text)]));
    check(text, &CleanAnswer { cleaned: vec![hostile_holder(text)], is_dry_run: true });
    check(text, &BreakAnswer(hostile_holder(text)));
    check(text, &CreatedAnswer(PathBuf::from(text)));
    let database = (PathBuf::from(text), "the default");
    check(text, &PathsAnswer { config: Some(database.clone()), database });
    check(text, &CheckAnswer { exit: Exit::Config, parts: vec![(text.to_owned(), Err(hostile_failure(text)))] });
    let place = Some(Place::Variable(text.to_owned()));
    let finding = || Finding::failed(Check::Secret, &hostile_failure(text)).of(text);
    let differences = vec![Difference { finding: finding(), here: None }];
    let cron = Some(CronPart { exit: Exit::Ok, differences });
    check(text, &DoctorAnswer { exit: Exit::Ok, findings: vec![finding()], cron });
    check(text, &SettingsAnswer(vec![Setting { key: text.to_owned(), value: text.into(), place }]));
}

fn check_errors(text: &str) {
    let style = samples::style(Language::Zh, None);
    let (failure, holder) = (hostile_failure(text), hostile_holder(text));
    check_harmless(text, &render_error(&failure, Some(&holder), &style));
    check_harmless(text, &render_error(&failure, None, &style));
    let document: Value = serde_json::from_str(&json::render(&ErrorDocument::new(&failure, None, &style))).unwrap();
    assert_eq!(document["error"]["message"], text);
    let line = serde_json::json!({"level": text, "message": text, "other": text, text: text}).to_string();
    check_harmless(text, &(log::render_line(&line) + "\n"));
}

#[test]
fn hostile_text_is_harmless_for_a_person_and_exact_for_a_program() {
    let strings = hostile_strings();
    assert!(strings.len() >= 200, "{}", strings.len());
    for text in &strings {
        check_runs(text);
        check_records(text);
        check_rest(text);
        check_errors(text);
    }
}
