//! What `sync` shows of a finished run: its scopes, its counts, what went wrong.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::failure::{self, ErrorDocument, ErrorOutput, ErrorPart};
use crate::cli::runs::{
    DELETED, DURATION, EXIT, FAILED, IDLE, KindPart, MATCHED, NEW, PENDING, ProblemPart, RESTORED, SCOPE, SYNC, TOTAL,
    UNCHANGED, UPDATED, count_cell, problem_line, problem_list, skip_reason, status_word, sync_name,
};
use crate::error::Class;
use crate::exit::Exit;
use crate::present::listing::{self, RowJson, RowsJson};
use crate::present::output::document;
use crate::present::{
    Block, DocumentSchema, Json, Output, Severity, Style, Table, TableColumn, Text, Time, sanitize, text, words,
};
use crate::run::Report;
use crate::store::{Holder, Problem, Status, Summary};
use crate::upstreams::RowChange;
use crate::upstreams::command::Details;
use crate::upstreams::{Failure, ScopeReport};

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<SyncDocument<'static>>("tongbu.sync/1", "sync <upstream>");
pub const ALL_SCHEMA: DocumentSchema = DocumentSchema::of::<SyncAllDocument>("tongbu.sync-all/1", "sync all");

const RUN_LINE: Text =
    text("{}: record {}, {}, {} request{|s}, {} retr{y|ies}", "{}：记录 {}，{}，{} 次请求，{} 次重试");
const DRY_RUN_LINE: Text =
    text("{}: no record, {}, {} request{|s}, {} retr{y|ies}", "{}：无记录，{}，{} 次请求，{} 次重试");
const PREVIEW: Text = text("the first {} of what would change:", "将发生的变更，前 {} 项：");
const TRACE_LINE: Text = text("trace {}", "跟踪 {}");
const SKIPPED_UNTIL: Text = text("{}, until {}", "{}，{} 之后再运行");
const LOCKED_BY: Text = text("locked by {} since {}", "被 {} 锁定，自 {} 起");
const TOTAL_ROW: Text = text("total", "合计");

/// More problems than these are counted, not listed.
const LISTED_PROBLEMS: usize = 20;

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct SyncOutput<'a>(pub &'a Report);

/// The runs of `sync all`: each upstream's report, or why it has none.
#[derive(Debug)]
pub struct SyncAllOutput {
    pub exit: Exit,
    pub runs: Vec<Part>,
}

/// One of them.
#[derive(Debug)]
pub struct Part {
    pub sync: &'static str,
    pub sync_type: &'static str,
    pub run: Result<Report, Failure>,
}

/// One run with what a command of an upstream adds to it.
pub struct PassOutput<'a> {
    pub schema: &'a DocumentSchema,
    pub details: Details,
    pub report: &'a Report,
}

#[derive(Serialize, JsonSchema)]
struct SyncDocument<'a> {
    record_id: i64,
    trace_id: &'a str,
    #[serde(flatten)]
    kind: KindPart<'a>,
    dry_run: bool,
    exit_code: u8,
    exit_name: &'static str,
    start_time: Time,
    end_time: Time,
    duration_ms: u64,
    summary: Summary,
    scopes: Vec<ScopePart<'a>>,
    problems: Vec<ProblemPart<'a>>,
    retries: u64,
    requests: u64,
    retry_count: u64,
    request_count: u64,
    requests_saved: u64,
    warnings: &'a [String],
    /// The first changes that a dry run would make.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<RowsJson<'a, RowChange>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "scope")]
struct ScopePart<'a> {
    scope: &'a str,
    status: Status,
    status_label: &'static str,
    summary: Summary,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<RowJson<'a, Holder>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct SyncAllDocument {
    exit_code: u8,
    exit_name: &'static str,
    #[schemars(schema_with = "runs_schema")]
    runs: Vec<Json>,
}

fn runs_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let run = [SCHEMA, failure::SCHEMA].map(|schema| serde_json::json!({"$ref": format!("#/$defs/{}", schema.key())}));
    schemars::json_schema!({"type": "array", "items": {"oneOf": run}})
}

impl<'a> SyncDocument<'a> {
    fn new(report: &'a Report, style: &'a Style) -> Self {
        Self {
            record_id: report.record.0,
            trace_id: &report.trace_id,
            kind: KindPart::new(report.sync, report.sync_type, report.trigger, report.status, style),
            dry_run: report.dry_run,
            exit_code: report.exit.code(),
            exit_name: report.exit.name(),
            start_time: style.time(report.started_at),
            end_time: style.time(report.ended_at),
            duration_ms: millis(report.duration),
            summary: report.summary,
            scopes: report.scopes.iter().map(|scope| ScopePart::new(scope, style)).collect(),
            problems: ProblemPart::all(&report.problems, style),
            retries: report.retry_count,
            requests: report.request_count,
            retry_count: report.retry_count,
            request_count: report.request_count,
            requests_saved: report.requests_saved,
            warnings: &report.warnings,
            changes: report.dry_run.then(|| RowsJson(&report.preview, style)),
            error: report.failure.as_ref().map(|failure| ErrorPart::new(failure, report.holder.as_ref(), style)),
        }
    }
}

impl<'a> ScopePart<'a> {
    fn new(scope: &'a ScopeReport, style: &'a Style) -> Self {
        Self {
            scope: &scope.scope,
            status: scope.status,
            status_label: style.label(status_word(scope.status).label),
            summary: scope.summary,
            duration_ms: millis(scope.duration),
            reason: scope.skipped.map(|(reason, _)| reason.name()),
            until: scope.skipped.and_then(|(_, until)| until).map(|until| style.time(until)),
            lock: scope.holder.as_ref().map(|holder| RowJson(holder, style)),
            error: scope.failure.as_ref().map(|failure| ErrorPart::new(failure, scope.holder.as_ref(), style)),
            note: scope.note.as_deref(),
        }
    }
}

impl Output for SyncOutput<'_> {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let report = self.0;
        let mut blocks = Vec::new();
        if !report.scopes.is_empty() {
            blocks.push(Block::Table(scope_table(report, style)));
        }
        let (status, took) = (style.label(status_word(report.status).label), style.span(report.duration));
        let (requests, retries) = (&report.request_count, &report.retry_count);
        blocks.push(Block::Line(if report.has_record() {
            RUN_LINE.fill(style.language, &[&status, &report.record.0, &took, requests, retries])
        } else {
            DRY_RUN_LINE.fill(style.language, &[&status, &took, requests, retries])
        }));
        blocks.push(Block::Line(TRACE_LINE.fill(style.language, &[&sanitize(&report.trace_id)])));
        if report.dry_run {
            blocks.push(Block::Line(style.label(words::DRY_RUN).to_owned()));
            if !report.preview.is_empty() {
                let first = PREVIEW.fill(style.language, &[&report.preview.len()]);
                blocks.extend([Block::Line(first), Block::Table(listing::table(&report.preview, style))]);
            }
        }
        // The error that follows says who holds that scope's lock.
        let is_error = |scope: &ScopeReport| scope.holder.is_some() && scope.holder == report.holder;
        let is_conflict = report.failure.as_ref().is_some_and(|failure| failure.class == Class::Busy);
        for scope in report.scopes.iter().filter(|scope| !(is_conflict && is_error(scope))) {
            let notes = scope_notes(scope, style);
            blocks.extend(notes.iter().map(|note| Block::Line(format!("{}: {note}", sanitize(&scope.scope)))));
        }
        blocks.extend(problem_list(&problem_lines(report, style), LISTED_PROBLEMS, report.record.0, style));
        blocks.extend(problem_hints(report).into_iter().map(|hint| {
            let (label, hint) = (style.label(words::HINT), style.message(hint));
            Block::Line(format!("{label}: {hint}"))
        }));
        blocks.extend(report.warnings.iter().map(|warning| Block::Notice {
            label: words::WARNING,
            severity: Severity::Warning,
            message: warning.clone(),
        }));
        blocks
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&SyncDocument::new(self.0, style))
    }
}

impl Output for SyncAllOutput {
    fn schema(&self) -> &DocumentSchema {
        &ALL_SCHEMA
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    /// One line per run: each was shown in full when it ended.
    fn blocks(&self, style: &Style) -> Vec<Block> {
        let titles = [SYNC, words::STATUS, EXIT];
        let mut table = Table::new(titles.map(|title| TableColumn::text(style.label(title))).to_vec());
        for Part { sync, sync_type, run } in &self.runs {
            let name = sync_name(sync, sync_type);
            let (status, exit) = match run {
                Ok(report) => (report.status, report.exit),
                Err(failure) => (Status::Failed, Exit::from(failure.class)),
            };
            let exit = format!("{} ({})", exit.code(), exit.name());
            table.push(vec![name.into(), status_word(status).cell(style), exit.into()]);
        }
        vec![Block::Gap, Block::Table(table)]
    }

    fn json(&self, style: &Style) -> Json {
        let run = |Part { sync, run, .. }: &Part| match run {
            Ok(report) => document(&SyncOutput(report), style),
            Err(failure) => {
                let error = ErrorOutput { failure, holder: None };
                Json::of(&ErrorDocument::new(Some(sync), error, style)).into_document(&failure::SCHEMA)
            }
        };
        Json::of(&SyncAllDocument {
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            runs: self.runs.iter().map(run).collect(),
        })
    }
}

impl Output for PassOutput<'_> {
    fn schema(&self) -> &DocumentSchema {
        self.schema
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let run = SyncOutput(self.report).blocks(style);
        self.details.blocks.iter().cloned().chain([Block::Gap]).chain(run).collect()
    }

    fn json(&self, style: &Style) -> Json {
        self.details.json.with("run", &document(&SyncOutput(self.report), style))
    }
}

fn scope_table(report: &Report, style: &Style) -> Table {
    let number = |label: Text| TableColumn::number(style.label(label));
    let mut table = Table::new(vec![
        TableColumn::text(style.label(SCOPE)),
        TableColumn::text(style.label(words::STATUS)),
        number(TOTAL),
        number(NEW),
        number(UPDATED),
        number(UNCHANGED).hidden_when_blank().droppable(2),
        number(DELETED).hidden_when_blank(),
        number(RESTORED).hidden_when_blank(),
        number(MATCHED).hidden_when_blank().droppable(1),
        number(PENDING).hidden_when_blank(),
        number(IDLE).hidden_when_blank().droppable(3),
        number(FAILED).hidden_when_blank(),
        number(DURATION).droppable(4),
    ]);
    let mut push = |name: String, status: Status, summary: &Summary, duration| {
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
        let mut row = vec![name.into(), status_word(status).cell(style)];
        row.extend(counts.map(count_cell));
        row.push(style.span(duration).into());
        table.push(row);
    };
    for scope in &report.scopes {
        push(sanitize(&scope.scope), scope.status, &scope.summary, scope.duration);
    }
    if report.scopes.len() > 1 {
        push(style.label(TOTAL_ROW).to_owned(), report.status, &report.summary, report.duration);
    }
    table
}

fn scope_notes(scope: &ScopeReport, style: &Style) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(holder) = &scope.holder {
        let held = [&sanitize(&holder.owner) as &dyn std::fmt::Display, &style.local(holder.locked_at)];
        notes.push(LOCKED_BY.fill(style.language, &held));
    } else if let Some((reason, until)) = scope.skipped {
        let reason = skip_reason(reason.name(), style.language);
        notes.push(match until {
            Some(until) => SKIPPED_UNTIL.fill(style.language, &[&reason, &style.local(until)]),
            None => reason.to_owned(),
        });
    }
    notes.extend(scope.note.as_deref().map(|note| style.message(note)));
    notes
}

/// The problems, and the failures of scopes that no problem repeats; without the one that follows as the run's error.
fn problem_lines(report: &Report, style: &Style) -> Vec<String> {
    let failed = report.scopes.iter().filter_map(|scope| Some((scope, scope.failure.as_ref()?)));
    let failed = failed.filter(|(_, failure)| failure.class != Class::Busy);
    let unlisted = failed.filter(|(scope, failure)| {
        !report.problems.iter().any(|problem| problem.scope == scope.scope && repeats(problem, failure))
    });
    let unlisted: Vec<_> = unlisted.collect();
    let error = report.failure.as_ref().filter(|_| report.exit != Exit::Ok);
    // Where several scopes failed in the same way each is listed: the error names no scope.
    let is_single = error.is_some_and(|error| {
        let problem_count = report.problems.iter().filter(|problem| repeats(problem, error)).count();
        problem_count + unlisted.iter().filter(|(_, failure)| *failure == error).count() == 1
    });
    let error = error.filter(|_| is_single);
    let scopes = unlisted.into_iter().filter(|(_, failure)| Some(*failure) != error);
    let scopes = scopes.map(|(scope, failure)| {
        format!("{}  {}  {}", sanitize(&scope.scope), failure.class.name(), style.message(&failure.message))
    });
    let problems = report.problems.iter().filter(|problem| !error.is_some_and(|error| repeats(problem, error)));
    scopes.chain(problems.map(|problem| problem_line(problem, style))).collect()
}

/// What to do about the problems, where no error follows that says it. The hint of a wrong answer is to look at the record,
/// which the last line names.
fn problem_hints(report: &Report) -> BTreeSet<&'static str> {
    let is_said = report.failure.is_some() || report.exit == Exit::Ok;
    let classes = report.problems.iter().map(|problem| problem.class);
    classes.filter(|class| !is_said && *class != Class::Contract).map(Class::hint).collect()
}

/// Whether the problem says the same: its message is the whole chain of errors, a failure's only its head.
pub fn repeats(problem: &Problem, failure: &Failure) -> bool {
    problem.id.is_none() && problem.message.starts_with(&failure.message)
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
