//! What `records show` shows: one record in full.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::output::TRIGGER;
use crate::cli::runs::{
    DELETED, DURATION, EXIT, FAILED, IDLE, MATCHED, NEW, PENDING, RESTORED, RUNS, SCOPE, STARTED, SYNC, TOTAL,
    UNCHANGED, UPDATED, count_cell, problem_line, problem_list, record_word, render_millis, skip_reason, status_word,
    sync_name, trigger_word,
};
use crate::present::listing::{RowJson, RowsJson};
use crate::present::{
    Block, Cell, Column, DocumentSchema, Json, ListingSpec, Output, Severity, Style, Text, listing, sanitize, text,
    words,
};
use crate::store::Summary;
use crate::store::records::{Record, ScopeRecord};
use crate::ui::log;

pub const SCHEMA: DocumentSchema = DocumentSchema::of::<RecordDocument<'static>>("tongbu.record/1", "records show");

/// One record in full.
pub struct RecordOutput {
    pub record: Record,
    pub scopes: Vec<ScopeRecord>,
    pub warnings: Vec<String>,
    /// With `--changes`.
    pub changes: Changes,
    /// The run's lines in the log file, with `--log`.
    pub log: Option<Vec<String>>,
}

/// The rows that a run changed.
pub enum Changes {
    NotRequested,
    /// Its upstream records none.
    NotRecorded,
    Listed(Box<dyn Output>),
}

#[derive(Serialize, JsonSchema)]
struct RecordDocument<'a> {
    record: RowJson<'a, Record>,
    scopes: RowsJson<'a, ScopeRecord>,
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Value>")]
    changes: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Vec<Value>>,
}

impl Output for RecordOutput {
    fn schema(&self) -> &DocumentSchema {
        &SCHEMA
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        let mut parts = vec![vec![Block::Pairs(facts(&self.record, style))]];
        if !self.scopes.is_empty() {
            parts.push(vec![Block::Table(listing::table(&self.scopes, style))]);
        }
        let problems: Vec<_> = self.record.problems.iter().map(|problem| problem_line(problem, style)).collect();
        if !problems.is_empty() {
            parts.push(problem_list(&problems, usize::MAX, self.record.id.0, style));
        }
        if !self.warnings.is_empty() {
            parts.push(self.warnings.iter().map(|message| warning(message)).collect());
        }
        match &self.changes {
            Changes::NotRequested => {}
            Changes::NotRecorded => parts.push(vec![Block::Line(style.label(words::NO_CHANGES).to_owned())]),
            Changes::Listed(changes) => parts.push(changes.blocks(style)),
        }
        parts.extend(
            self.log.as_ref().map(|lines| lines.iter().map(|line| Block::Line(log::render_line(line))).collect()),
        );
        parts.join(&Block::Gap)
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&RecordDocument {
            record: RowJson(&self.record, style),
            scopes: RowsJson(&self.scopes, style),
            warnings: &self.warnings,
            changes: match &self.changes {
                Changes::NotRequested => None,
                Changes::NotRecorded => Some(Json::of(&[(); 0])),
                Changes::Listed(changes) => Some(changes.rows(style)),
            },
            log: self.log.as_ref().map(|lines| lines.iter().map(|line| parsed(line)).collect()),
        })
    }
}

/// A column of scopes.
type C = Column<ScopeRecord>;

impl ListingSpec for ScopeRecord {
    const SCHEMA: DocumentSchema = SCHEMA;
    const KEY: &'static str = "scopes";
    const EMPTY: Text = text("no scopes", "没有范围");
    const COLUMNS: &'static [C] = &[
        C::text("scope", |scope| &scope.scope).titled(SCOPE),
        C::word("status", |scope| status_word(scope.status)).titled(words::STATUS),
        C::nested::<Summary>("summary", |scope| json!(scope.summary)),
        C::cell_only(TOTAL, |scope, _| count_cell(scope.summary.total)).right_aligned(),
        C::cell_only(NEW, |scope, _| count_cell(scope.summary.new)).right_aligned(),
        C::cell_only(UPDATED, |scope, _| count_cell(scope.summary.updated)).right_aligned(),
        C::cell_only(DELETED, |scope, _| count_cell(scope.summary.deleted)).right_aligned().hidden_when_blank(),
        C::cell_only(FAILED, |scope, _| count_cell(scope.summary.failed)).right_aligned().hidden_when_blank(),
        C::optional_integer("duration_ms", |scope| scope.duration_ms)
            .titled(DURATION)
            .drawn(|scope, style| render_millis(scope.duration_ms, style).into())
            .droppable(1),
        C::optional_text("error", |scope| scope.error.as_deref())
            .titled(words::MESSAGE)
            .drawn(message_cell)
            .hidden_when_blank(),
        C::optional_text("reason", |scope| scope.reason.as_deref()),
        C::optional_integer("token", |scope| scope.token),
    ];
}

fn message_cell(scope: &ScopeRecord, style: &Style) -> Cell {
    let reason = scope.reason.as_deref().map(|reason| skip_reason(reason, style.language));
    style.message(scope.error.as_deref().or(reason).unwrap_or_default()).into()
}

fn warning(message: &str) -> Block {
    Block::Notice { label: words::WARNING, severity: Severity::Warning, message: message.to_owned() }
}

fn facts(record: &Record, style: &Style) -> Vec<(String, String)> {
    let summary = &record.summary;
    let counts = [
        (NEW, summary.new),
        (UPDATED, summary.updated),
        (UNCHANGED, summary.unchanged),
        (DELETED, summary.deleted),
        (RESTORED, summary.restored),
        (MATCHED, summary.matched),
        (PENDING, summary.pending),
        (IDLE, summary.idle),
        (FAILED, summary.failed),
    ];
    let exit = match (record.exit_code, &record.exit_name) {
        (Some(code), Some(name)) => format!("{code} ({})", sanitize(name)),
        (Some(code), None) => code.to_string(),
        (None, _) => String::new(),
    };
    let local = |at: Option<jiff::Timestamp>| at.map(|at| style.local(at)).unwrap_or_default();
    let mut facts = vec![
        (words::RECORD, record.id.0.to_string()),
        (SYNC, sync_name(&record.sync, &record.sync_type)),
        (TRIGGER, style.label(trigger_word(record.trigger).label).to_owned()),
        (words::STATUS, style.label(record_word(record).label).to_owned()),
        (RUNS, Some(record.run_count).filter(|count| *count > 1).map(|count| count.to_string()).unwrap_or_default()),
        (STARTED, style.local(record.start_time)),
        (text("ended", "结束"), local(record.end_time)),
        (DURATION, render_millis(record.duration_ms, style)),
        (EXIT, exit),
        (words::ERROR, style.message(record.error_message.as_deref().unwrap_or_default())),
        (TOTAL, summary.total.to_string()),
    ];
    facts.extend(counts.into_iter().filter(|(_, count)| *count > 0).map(|(label, count)| (label, count.to_string())));
    facts.extend([
        (text("requests", "请求数"), record.request_count.to_string()),
        (text("retries", "重试"), record.retry_count.to_string()),
        (text("trace", "跟踪"), sanitize(&record.trace_id)),
        (text("host", "主机"), format!("{} ({})", sanitize(&record.host), record.pid)),
        (text("version", "版本"), sanitize(&record.version)),
        (text("read", "已读"), local(record.read_at)),
    ]);
    facts.retain(|(_, value)| !value.is_empty());
    facts.into_iter().map(|(label, value)| (style.label(label).to_owned(), value)).collect()
}

/// A log line as the document it is, or as text where it is none.
fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| line.into())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{Changes, RecordOutput};
    use crate::cli::samples::{problem, record, record_of, scope_record};
    use crate::present::Listing;
    use crate::store::Status;
    use crate::ui::{injection_tests, snapshots};

    #[test]
    fn a_record_is_shown_with_its_scopes_problems_and_log() {
        let mut record = record(11, "tasks", "historical", Status::Failed);
        record.problems = vec![problem("tasks/historical", "数据包不存在")];
        let scopes = vec![
            scope_record("tasks/historical", Some("cannot read page 3")),
            scope_record("tasks/historical/repair", None),
        ];
        let line =
            r#"{"timestamp":"2026-01-02T03:04:05Z","level":"INFO","message":"scope ended","scope":"tasks/historical"}"#;
        let output = RecordOutput {
            record,
            scopes,
            warnings: vec!["cannot ping `monitor.ping_url`: 502".to_owned()],
            changes: Changes::NotRequested,
            log: Some(vec![line.to_owned()]),
        };
        assert_snapshot!("show", snapshots::render_everything(&output));
    }

    #[test]
    fn hostile_text_of_a_record_is_harmless() {
        injection_tests::check_output(|text| {
            Box::new(RecordOutput {
                record: record_of(text),
                scopes: vec![scope_record(text, Some(text))],
                warnings: vec![text.to_owned()],
                changes: Changes::Listed(Box::new(Listing::new(vec![record_of(text)]))),
                log: Some(vec![text.to_owned()]),
            })
        });
    }
}
