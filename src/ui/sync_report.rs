//! What a finished run says: its scopes, its counts, what went wrong.

use serde::Serialize;

use super::Answer;
use super::errors::render_line;
use super::json::{ErrorPart, KindPart, LockPart, ProblemPart};
use super::labels::{self, Text};
use super::records::sync_name;
use super::tables::render_table;
use crate::exit::Exit;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Severity, Table, TableColumn};
use crate::run::Report;
use crate::store::{Problem, Status, Summary};
use crate::upstreams::{Failure, ScopeReport};

/// More problems than these are counted, not listed.
const LISTED_PROBLEMS: usize = 20;

/// The answer of `sync <upstream>`.
#[derive(Clone, Copy, Debug)]
pub struct SyncAnswer<'a>(pub &'a Report);

/// The answer of `sync all`: each upstream's run, or why it has none.
#[derive(Debug)]
pub struct SyncAllAnswer {
    pub exit: Exit,
    pub runs: Vec<(&'static str, Result<Report, Failure>)>,
}

impl Answer for SyncAnswer<'_> {
    const IS_OUTCOME: bool = true;

    fn render_text(&self, style: &Style) -> String {
        render_report(self.0, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        SyncDocument::new(self.0, style)
    }
}

impl Answer for SyncAllAnswer {
    const IS_OUTCOME: bool = true;

    /// One line per run: each was already told in full when it ended.
    fn render_text(&self, style: &Style) -> String {
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::SYNC)),
            TableColumn::text(style.label(labels::STATUS)),
            TableColumn::text(style.label(labels::EXIT)),
        ]);
        for (sync, run) in &self.runs {
            let (name, status, exit) = match run {
                Ok(report) => (sync_name(report.sync, report.sync_type), report.status, report.exit),
                Err(failure) => ((*sync).to_owned(), Status::Failed, Exit::from(failure.class)),
            };
            let exit = format!("{} ({})", exit.code(), exit.name());
            table.push(vec![name.into(), status_cell(status, style), exit.into()]);
        }
        format!("\n{}", render_table(table, style))
    }

    fn document(&self, style: &Style) -> impl Serialize {
        let entry = |(sync, run): &'_ (&'static str, Result<Report, Failure>)| match run {
            Ok(report) => serde_json::to_value(SyncDocument::new(report, style)),
            Err(failure) => serde_json::to_value(AbsentRun::new(sync, failure, style)),
        };
        SyncAllDocument {
            schema: "tongbu.sync-all/1",
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            runs: self.runs.iter().map(entry).collect::<Result<_, _>>().unwrap_or_default(),
        }
    }
}

/// A run, as a document.
#[derive(Debug, Serialize)]
pub struct SyncDocument<'a> {
    schema: &'static str,
    record_id: i64,
    trace_id: &'a str,
    #[serde(flatten)]
    kind: KindPart<'a>,
    dry_run: bool,
    exit_code: u8,
    exit_name: &'static str,
    start_time: String,
    end_time: String,
    duration_ms: u64,
    summary: Summary,
    scopes: Vec<ScopePart<'a>>,
    problems: Vec<ProblemPart<'a>>,
    retries: u64,
    requests: u64,
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
}

#[derive(Debug, Serialize)]
struct ScopePart<'a> {
    scope: &'a str,
    status: Status,
    status_label: &'static str,
    summary: Summary,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<LockPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct SyncAllDocument {
    schema: &'static str,
    exit_code: u8,
    exit_name: &'static str,
    runs: Vec<serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct AbsentRun<'a> {
    schema: &'static str,
    sync: &'a str,
    exit_code: u8,
    exit_name: &'static str,
    error: ErrorPart<'a>,
}

impl<'a> AbsentRun<'a> {
    fn new(sync: &'a str, failure: &'a Failure, style: &Style) -> Self {
        let exit = Exit::from(failure.class);
        let error = ErrorPart::new(failure, None, style);
        Self { schema: "tongbu.error/1", sync, exit_code: exit.code(), exit_name: exit.name(), error }
    }
}

impl<'a> SyncDocument<'a> {
    pub fn new(report: &'a Report, style: &Style) -> Self {
        Self {
            schema: "tongbu.sync/1",
            record_id: report.record.0,
            trace_id: &report.trace_id,
            kind: KindPart::new(report.sync, report.sync_type, report.trigger, report.status, style),
            dry_run: report.dry_run,
            exit_code: report.exit.code(),
            exit_name: report.exit.name(),
            start_time: style.rfc3339(report.started_at),
            end_time: style.rfc3339(report.ended_at),
            duration_ms: millis(report.duration),
            summary: report.summary,
            scopes: report.scopes.iter().map(|scope| ScopePart::new(scope, style)).collect(),
            problems: ProblemPart::all(&report.problems, style),
            retries: report.retry_count,
            requests: report.request_count,
            warnings: &report.warnings,
            error: report.failure.as_ref().map(|failure| ErrorPart::new(failure, report.holder.as_ref(), style)),
        }
    }
}

impl<'a> ScopePart<'a> {
    fn new(scope: &'a ScopeReport, style: &Style) -> Self {
        Self {
            scope: &scope.scope,
            status: scope.status,
            status_label: style.label(labels::status(scope.status)),
            summary: scope.summary,
            duration_ms: millis(scope.duration),
            reason: scope.skipped.map(|(reason, _)| reason.name()),
            until: scope.skipped.and_then(|(_, until)| until).map(|until| style.rfc3339(until)),
            lock: scope.holder.as_ref().map(|holder| LockPart::new(holder, style)),
            error: scope.failure.as_ref().map(|failure| ErrorPart::new(failure, scope.holder.as_ref(), style)),
            note: scope.note.as_deref(),
        }
    }
}

fn render_report(report: &Report, style: &Style) -> String {
    let mut text = String::new();
    if !report.scopes.is_empty() {
        text.push_str(&render_table(scope_table(report, style), style));
    }
    let run: [&dyn std::fmt::Display; 6] = [
        &style.label(labels::status(report.status)),
        &report.record.0,
        &style.span(report.duration),
        &report.request_count,
        &report.retry_count,
        &sanitize(&report.trace_id),
    ];
    push(&mut text, &labels::RUN_LINE.fill(style.language, &run));
    if report.dry_run {
        push(&mut text, style.label(labels::DRY_RUN));
    }
    for scope in &report.scopes {
        for note in scope_notes(scope, style) {
            push(&mut text, &format!("{}: {note}", sanitize(&scope.scope)));
        }
    }
    push_problems(&mut text, report, style);
    for warning in &report.warnings {
        text.push_str(&render_line(labels::WARNING, warning, Severity::Warning, style));
    }
    text
}

fn scope_table(report: &Report, style: &Style) -> Table {
    let number = |label: Text| TableColumn::number(style.label(label));
    let mut columns =
        vec![TableColumn::text(style.label(labels::SCOPE)), TableColumn::text(style.label(labels::STATUS))];
    columns.extend([
        number(labels::TOTAL),
        number(labels::NEW),
        number(labels::UPDATED),
        number(labels::UNCHANGED).hidden_when_blank().droppable(2),
        number(labels::DELETED).hidden_when_blank(),
        number(labels::RESTORED).hidden_when_blank(),
        number(labels::MATCHED).hidden_when_blank().droppable(1),
        number(labels::PENDING).hidden_when_blank(),
        number(labels::IDLE).hidden_when_blank().droppable(3),
        number(labels::FAILED).hidden_when_blank(),
        number(labels::DURATION).droppable(4),
    ]);
    let mut table = Table::new(columns);
    for scope in &report.scopes {
        table.push(scope_row(&sanitize(&scope.scope), scope.status, &scope.summary, style.span(scope.duration), style));
    }
    if report.scopes.len() > 1 {
        let name = style.label(labels::TOTAL_ROW);
        table.push(scope_row(name, report.status, &report.summary, style.span(report.duration), style));
    }
    table
}

fn scope_row(name: &str, status: Status, summary: &Summary, duration: String, style: &Style) -> Vec<Cell> {
    let counts = [
        summary.total,
        summary.new,
        summary.updated,
        summary.unchanged,
        summary.deleted,
        summary.restored,
        summary.matched,
        summary.pending,
        summary.idle,
        summary.failed,
    ];
    let mut row = vec![name.into(), status_cell(status, style)];
    row.extend(counts.map(|count| Cell::from(count.to_string())));
    row.push(duration.into());
    row
}

/// A status as a table shows it.
pub fn status_cell(status: Status, style: &Style) -> Cell {
    let tone = match status {
        Status::Success => Severity::Good,
        Status::Failed | Status::Interrupted => Severity::Bad,
        Status::Partial | Status::Cancelled => Severity::Warning,
        Status::Running | Status::Skipped => Severity::Plain,
    };
    Cell::with_severity(style.label(labels::status(status)), tone)
}

fn scope_notes(scope: &ScopeReport, style: &Style) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((reason, until)) = scope.skipped {
        let reason = labels::skip_reason(reason.name(), style.language);
        notes.push(match until {
            Some(until) => labels::SKIPPED_UNTIL.fill(style.language, &[&reason, &style.local(until)]),
            None => reason.to_owned(),
        });
    }
    notes.extend(scope.note.as_deref().map(sanitize));
    notes
}

/// The problems, and the failures of scopes that no problem tells of.
fn push_problems(text: &mut String, report: &Report, style: &Style) {
    let is_told = |scope: &ScopeReport, failure: &Failure| {
        let of_scope = report.problems.iter().filter(|problem| problem.scope == scope.scope && problem.id.is_none());
        // A problem's message is the whole chain of errors, a failure's only its head.
        of_scope.into_iter().any(|problem| problem.message.starts_with(&failure.message))
    };
    let untold = report.scopes.iter().filter_map(|scope| {
        let failure = scope.failure.as_ref().filter(|failure| !is_told(scope, failure))?;
        Some(format!("{}  {}  {}", sanitize(&scope.scope), failure.class.name(), sanitize(&failure.message)))
    });
    let lines: Vec<String> = untold.chain(report.problems.iter().map(problem_line)).collect();
    push_list(text, &lines, LISTED_PROBLEMS, report.record.0, style);
}

/// A headed list of problems, the first `limit` of them.
pub fn push_list(text: &mut String, lines: &[String], limit: usize, record: i64, style: &Style) {
    if lines.is_empty() {
        return;
    }
    push(text, style.label(labels::PROBLEMS));
    for line in lines.iter().take(limit) {
        push(text, &format!("  {line}"));
    }
    if lines.len() > limit {
        let more = labels::AND_MORE.fill(style.language, &[&(lines.len() - limit), &record]);
        push(text, &format!("  {more}"));
    }
}

/// One problem in one line.
pub fn problem_line(problem: &Problem) -> String {
    let id = problem.id.as_deref().map(|id| format!("{} ", sanitize(id))).unwrap_or_default();
    let name = problem.name.as_deref().map(|name| format!("{} ", sanitize(name))).unwrap_or_default();
    format!("{}  {}  {id}{name}{}", sanitize(&problem.scope), problem.class.name(), sanitize(&problem.message))
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
