//! The list of records.

use serde::Serialize;

use super::Answer;
use super::json::{KindPart, ProblemPart};
use super::labels::{self, Text};
use super::sync_report::status_cell;
use super::tables::render_table;
use crate::present::paging::{Paging, PagingPart};
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Table, TableColumn};
use crate::store::Summary;
use crate::store::records::{Page, Record};

/// The answer of `records list`.
#[derive(Debug)]
pub struct RecordsAnswer {
    pub page: Page,
    pub number: u64,
    pub per_page: u64,
}

impl RecordsAnswer {
    const fn paging(&self) -> Paging {
        Paging { number: self.number, per_page: self.per_page, total: self.page.total }
    }
}

impl Answer for RecordsAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.page.records.is_empty() {
            return format!("{}\n", style.label(labels::NO_RECORDS));
        }
        let mut table = Table::new(columns(style));
        for record in &self.page.records {
            table.push(row(record, style));
        }
        let foot: [&dyn std::fmt::Display; 4] =
            [&self.number, &self.paging().page_count(), &self.page.total, &self.page.unread_count];
        format!("{}{}\n", render_table(table, style), labels::PAGE.fill(style.language, &foot))
    }

    fn document(&self, style: &Style) -> impl Serialize {
        ListDocument {
            schema: "tongbu.records/1",
            records: self.page.records.iter().map(|record| RecordPart::new(record, style)).collect(),
            paging: self.paging().part(),
            unread_count: self.page.unread_count,
        }
    }
}

#[derive(Debug, Serialize)]
struct ListDocument<'a> {
    schema: &'static str,
    records: Vec<RecordPart<'a>>,
    #[serde(flatten)]
    paging: PagingPart,
    unread_count: u64,
}

/// A row of `sync_records`, with labels.
#[derive(Debug, Serialize)]
pub struct RecordPart<'a> {
    id: i64,
    #[serde(flatten)]
    kind: KindPart<'a>,
    start_time: String,
    end_time: Option<String>,
    duration_ms: Option<i64>,
    #[serde(flatten)]
    summary: Summary,
    error_message: Option<&'a str>,
    error_details: Vec<ProblemPart<'a>>,
    retry_count: i64,
    max_retries: i64,
    request_count: i64,
    exit_code: Option<i64>,
    exit_name: Option<&'a str>,
    trace_id: &'a str,
    host: &'a str,
    pid: i64,
    version: &'a str,
    is_read: bool,
    read_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl<'a> RecordPart<'a> {
    pub fn new(record: &'a Record, style: &Style) -> Self {
        Self {
            id: record.id.0,
            kind: KindPart::new(&record.sync, &record.sync_type, record.trigger, record.status, style),
            start_time: style.rfc3339(record.start_time),
            end_time: record.end_time.map(|at| style.rfc3339(at)),
            duration_ms: record.duration_ms,
            summary: record.summary,
            error_message: record.error_message.as_deref(),
            error_details: ProblemPart::all(&record.problems, style),
            retry_count: record.retry_count,
            max_retries: record.max_retries,
            request_count: record.request_count,
            exit_code: record.exit_code,
            exit_name: record.exit_name.as_deref(),
            trace_id: &record.trace_id,
            host: &record.host,
            pid: record.pid,
            version: &record.version,
            is_read: record.is_read,
            read_at: record.read_at.map(|at| style.rfc3339(at)),
            created_at: style.rfc3339(record.created_at),
            updated_at: style.rfc3339(record.updated_at),
        }
    }
}

/// `tasks/historical`, or the name alone where there is only one type.
pub fn sync_name(sync: &str, sync_type: &str) -> String {
    if sync == sync_type { sanitize(sync) } else { format!("{}/{}", sanitize(sync), sanitize(sync_type)) }
}

/// A duration as the database keeps it.
pub fn render_millis(millis: Option<i64>, style: &Style) -> String {
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    millis.map(|millis| style.span(std::time::Duration::from_millis(millis))).unwrap_or_default()
}

fn columns(style: &Style) -> Vec<TableColumn> {
    let text = |label: Text| TableColumn::text(style.label(label));
    let number = |label: Text| TableColumn::number(style.label(label));
    vec![
        number(labels::RECORD),
        text(labels::SYNC),
        text(labels::TRIGGER).droppable(3),
        text(labels::STATUS),
        text(labels::STARTED),
        number(labels::DURATION).droppable(1),
        number(labels::TOTAL),
        number(labels::NEW),
        number(labels::UPDATED).droppable(2),
        number(labels::DELETED).hidden_when_blank().droppable(5),
        number(labels::FAILED).hidden_when_blank(),
        number(labels::EXIT).droppable(4),
        text(labels::UNREAD).hidden_when_blank().droppable(6),
    ]
}

fn row(record: &Record, style: &Style) -> Vec<Cell> {
    let summary = &record.summary;
    let start = record.start_time.to_zoned(style.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string();
    vec![
        record.id.0.to_string().into(),
        sync_name(&record.sync, &record.sync_type).into(),
        style.label(labels::trigger(record.trigger)).into(),
        status_cell(record.status, style),
        start.into(),
        render_millis(record.duration_ms, style).into(),
        summary.total.to_string().into(),
        summary.new.to_string().into(),
        summary.updated.to_string().into(),
        summary.deleted.to_string().into(),
        summary.failed.to_string().into(),
        record.exit_code.map(|code| code.to_string()).unwrap_or_default().into(),
        if record.is_read { "" } else { "*" }.into(),
    ]
}
