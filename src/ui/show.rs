//! One record in full.

use serde::Serialize;

use super::Answer;
use super::labels;
use super::log;
use super::records::{RecordPart, render_millis, sync_name};
use super::sync_report::{problem_line, push_list, status_cell};
use super::tables::{render_output, render_pairs, render_table};
use crate::present::Output;
use crate::present::output::Json;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Table, TableColumn};
use crate::store::records::{Record, ScopeRecord};
use crate::store::{Status, Summary};

/// The answer of `records show`.
pub struct RecordAnswer {
    pub record: Record,
    pub scopes: Vec<ScopeRecord>,
    pub changes: Changes,
    /// The run's lines in the log file, where they were asked for.
    pub log: Option<Vec<String>>,
}

/// What a run changed, row by row.
pub enum Changes {
    NotRequested,
    /// Its upstream records none.
    NotRecorded,
    Listed(Box<dyn Output>),
}

impl Answer for RecordAnswer {
    fn render_text(&self, style: &Style) -> String {
        let mut text = render_pairs(&facts(&self.record, style));
        if !self.scopes.is_empty() {
            text.push('\n');
            text.push_str(&render_table(scope_table(&self.scopes, style), style));
        }
        let problems: Vec<_> = self.record.problems.iter().map(problem_line).collect();
        if !problems.is_empty() {
            text.push('\n');
            push_list(&mut text, &problems, usize::MAX, self.record.id.0, style);
        }
        match &self.changes {
            Changes::NotRequested => {}
            Changes::NotRecorded => {
                text.push('\n');
                text.push_str(style.label(labels::NO_CHANGES));
                text.push('\n');
            }
            Changes::Listed(changes) => {
                text.push('\n');
                text.push_str(&render_output(changes.as_ref(), style));
            }
        }
        if let Some(lines) = &self.log {
            text.push('\n');
            for line in lines {
                text.push_str(&log::render_line(line));
                text.push('\n');
            }
        }
        text
    }

    fn document(&self, style: &Style) -> impl Serialize {
        let log = self.log.as_ref().map(|lines| lines.iter().map(|line| parsed(line)).collect());
        ShowDocument {
            schema: "tongbu.record/1",
            record: RecordPart::new(&self.record, style),
            scopes: self.scopes.iter().map(|scope| ScopePart::new(scope, style)).collect(),
            changes: match &self.changes {
                Changes::NotRequested => None,
                Changes::NotRecorded => Some(Json::of(&[(); 0])),
                Changes::Listed(changes) => Some(changes.rows(style)),
            },
            log,
        }
    }
}

#[derive(Debug, Serialize)]
struct ShowDocument<'a> {
    schema: &'static str,
    record: RecordPart<'a>,
    scopes: Vec<ScopePart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Vec<serde_json::Value>>,
}

#[derive(Debug, Serialize)]
struct ScopePart<'a> {
    scope: &'a str,
    status: Status,
    status_label: &'static str,
    reason: Option<&'a str>,
    summary: Summary,
    duration_ms: Option<i64>,
    error: Option<&'a str>,
    token: Option<i64>,
}

impl<'a> ScopePart<'a> {
    fn new(scope: &'a ScopeRecord, style: &Style) -> Self {
        Self {
            scope: &scope.scope,
            status: scope.status,
            status_label: style.label(labels::status(scope.status)),
            reason: scope.reason.as_deref(),
            summary: scope.summary,
            duration_ms: scope.duration_ms,
            error: scope.error.as_deref(),
            token: scope.token,
        }
    }
}

fn facts<'a>(record: &Record, style: &Style) -> Vec<(&'a str, String)> {
    let summary = &record.summary;
    let counts = [
        (labels::TOTAL, summary.total),
        (labels::NEW, summary.new),
        (labels::UPDATED, summary.updated),
        (labels::UNCHANGED, summary.unchanged),
        (labels::DELETED, summary.deleted),
        (labels::RESTORED, summary.restored),
        (labels::MATCHED, summary.matched),
        (labels::PENDING, summary.pending),
        (labels::IDLE, summary.idle),
        (labels::FAILED, summary.failed),
    ];
    let exit = match (record.exit_code, &record.exit_name) {
        (Some(code), Some(name)) => format!("{code} ({})", sanitize(name)),
        (Some(code), None) => code.to_string(),
        (None, _) => String::new(),
    };
    let mut facts = vec![
        (labels::RECORD, record.id.0.to_string()),
        (labels::SYNC, sync_name(&record.sync, &record.sync_type)),
        (labels::TRIGGER, style.label(labels::trigger(record.trigger)).to_owned()),
        (labels::STATUS, style.label(labels::status(record.status)).to_owned()),
        (labels::STARTED, style.local(record.start_time)),
        (labels::ENDED, record.end_time.map(|at| style.local(at)).unwrap_or_default()),
        (labels::DURATION, render_millis(record.duration_ms, style)),
        (labels::EXIT, exit),
        (labels::ERROR, record.error_message.as_deref().map(sanitize).unwrap_or_default()),
    ];
    let is_told = |(label, count): &(labels::Text, u64)| *label == labels::TOTAL || *count > 0;
    facts.extend(counts.into_iter().filter(is_told).map(|(label, count)| (label, count.to_string())));
    facts.extend([
        (labels::REQUESTS, record.request_count.to_string()),
        (labels::RETRIES, record.retry_count.to_string()),
        (labels::TRACE, sanitize(&record.trace_id)),
        (labels::HOST, format!("{} ({})", sanitize(&record.host), record.pid)),
        (labels::VERSION, sanitize(&record.version)),
        (labels::READ, record.read_at.map(|at| style.local(at)).unwrap_or_default()),
    ]);
    facts.retain(|(_, value)| !value.is_empty());
    facts.into_iter().map(|(label, value)| (style.label(label), value)).collect()
}

fn scope_table(scopes: &[ScopeRecord], style: &Style) -> Table {
    let mut table = Table::new(vec![
        TableColumn::text(style.label(labels::SCOPE)),
        TableColumn::text(style.label(labels::STATUS)),
        TableColumn::number(style.label(labels::TOTAL)),
        TableColumn::number(style.label(labels::NEW)),
        TableColumn::number(style.label(labels::UPDATED)),
        TableColumn::number(style.label(labels::DELETED)).hidden_when_blank(),
        TableColumn::number(style.label(labels::FAILED)).hidden_when_blank(),
        TableColumn::number(style.label(labels::DURATION)).droppable(1),
        TableColumn::text(style.label(labels::MESSAGE)).hidden_when_blank(),
    ]);
    for scope in scopes {
        let reason = scope.reason.as_deref().map(|reason| sanitize(labels::skip_reason(reason, style.language)));
        let message = scope.error.as_deref().map(sanitize).or(reason).unwrap_or_default();
        table.push(vec![
            sanitize(&scope.scope).into(),
            status_cell(scope.status, style),
            scope.summary.total.to_string().into(),
            scope.summary.new.to_string().into(),
            scope.summary.updated.to_string().into(),
            scope.summary.deleted.to_string().into(),
            scope.summary.failed.to_string().into(),
            render_millis(scope.duration_ms, style).into(),
            message.into(),
        ]);
    }
    table
}

/// A log line as the document it is, or as text where it is none.
fn parsed(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|_| line.into())
}
