//! How each sync stands.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Answer;
use super::labels;
use super::records::sync_name;
use super::sync_report::status_cell;
use super::tables::render_table;
use crate::exit::Exit;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Severity, Table, TableColumn};
use crate::store::Status;
use crate::store::records::Record;
use crate::upstreams;

/// The answer of `status`.
#[derive(Debug)]
pub struct StatusAnswer {
    pub exit: Exit,
    pub rows: Vec<SyncRow>,
}

/// One sync type, run or only configured.
#[derive(Clone, Debug)]
pub struct SyncRow {
    pub sync: String,
    pub sync_type: String,
    pub last: Option<Record>,
    pub last_success_at: Option<Timestamp>,
    pub consecutive_failures: u64,
    pub unread_count: u64,
    /// Of all its scopes together, where a complete read counted them.
    pub row_count: Option<u64>,
    pub not_before: Option<Timestamp>,
    pub next_due: Option<Timestamp>,
    /// The oldest its last success may be.
    pub max_age: Option<Duration>,
}

impl SyncRow {
    /// Whether its last success is older than it may be.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let Some(max_age) = self.max_age else { return false };
        let Some(at) = self.last_success_at else { return true };
        Duration::try_from(now.duration_since(at)).is_ok_and(|age| age > max_age)
    }

    fn running(&self) -> Option<&Record> {
        self.last.as_ref().filter(|record| record.status == Status::Running)
    }
}

impl Answer for StatusAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", style.label(labels::NOTHING_CONFIGURED));
        }
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::SYNC)),
            TableColumn::text(style.label(labels::RESULT)),
            TableColumn::text(style.label(labels::LAST_SUCCESS)),
            TableColumn::number(style.label(labels::FAILURES)).hidden_when_blank(),
            TableColumn::number(style.label(labels::ROWS)).hidden_when_blank(),
            TableColumn::number(style.label(labels::UNREAD)).hidden_when_blank().droppable(2),
            TableColumn::text(style.label(labels::NOT_BEFORE)).hidden_when_blank(),
            TableColumn::text(style.label(labels::NEXT_DUE)).hidden_when_blank().droppable(1),
        ]);
        for row in &self.rows {
            table.push(vec![
                sync_name(&row.sync, &row.sync_type).into(),
                result_cell(row, style),
                success_cell(row, style),
                row.consecutive_failures.to_string().into(),
                row.row_count.map(|count| count.to_string()).unwrap_or_default().into(),
                row.unread_count.to_string().into(),
                row.not_before.map(|at| style.age(at)).unwrap_or_default().into(),
                row.next_due.map(|at| style.age(at.max(style.now))).unwrap_or_default().into(),
            ]);
        }
        render_table(table, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        StatusDocument {
            schema: "tongbu.status/1",
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            syncs: self.rows.iter().map(|row| SyncPart::new(row, style)).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct StatusDocument<'a> {
    schema: &'static str,
    exit_code: u8,
    exit_name: &'static str,
    syncs: Vec<SyncPart<'a>>,
}

#[derive(Debug, Serialize)]
struct SyncPart<'a> {
    sync: &'a str,
    sync_type: &'a str,
    sync_type_label: &'a str,
    running: Option<RunningPart<'a>>,
    last_record_id: Option<i64>,
    last_status: Option<Status>,
    last_status_label: Option<&'static str>,
    last_exit_code: Option<i64>,
    last_end_time: Option<String>,
    last_success_at: Option<String>,
    last_success_age_s: Option<u64>,
    consecutive_failures: u64,
    rows: Option<u64>,
    unread_count: u64,
    not_before: Option<String>,
    next_due: Option<String>,
    is_stale: bool,
}

#[derive(Debug, Serialize)]
struct RunningPart<'a> {
    record_id: i64,
    host: &'a str,
    pid: i64,
    trace_id: &'a str,
    since: String,
}

impl<'a> SyncPart<'a> {
    fn new(row: &'a SyncRow, style: &Style) -> Self {
        let last = row.last.as_ref();
        let age = row.last_success_at.map(|at| style.now.duration_since(at));
        Self {
            sync: &row.sync,
            sync_type: &row.sync_type,
            sync_type_label: upstreams::sync_type_label(&row.sync_type, style.language),
            running: row.running().map(|record| RunningPart {
                record_id: record.id.0,
                host: &record.host,
                pid: record.pid,
                trace_id: &record.trace_id,
                since: style.rfc3339(record.start_time),
            }),
            last_record_id: last.map(|record| record.id.0),
            last_status: last.map(|record| record.status),
            last_status_label: last.map(|record| style.label(labels::status(record.status))),
            last_exit_code: last.and_then(|record| record.exit_code),
            last_end_time: last.and_then(|record| record.end_time).map(|at| style.rfc3339(at)),
            last_success_at: row.last_success_at.map(|at| style.rfc3339(at)),
            last_success_age_s: age.map(|age| u64::try_from(age.as_secs()).unwrap_or_default()),
            consecutive_failures: row.consecutive_failures,
            rows: row.row_count,
            unread_count: row.unread_count,
            not_before: row.not_before.map(|at| style.rfc3339(at)),
            next_due: row.next_due.map(|at| style.rfc3339(at)),
            is_stale: row.is_stale(style.now),
        }
    }
}

fn result_cell(row: &SyncRow, style: &Style) -> Cell {
    if let Some(record) = row.running() {
        let owner = format!("{}-{}", sanitize(&record.host), record.pid);
        return labels::RUNNING_BY.fill(style.language, &[&owner]).into();
    }
    row.last.as_ref().map_or_else(|| style.label(labels::NEVER).into(), |record| status_cell(record.status, style))
}

fn success_cell(row: &SyncRow, style: &Style) -> Cell {
    let age = row.last_success_at.map_or_else(|| style.label(labels::NEVER).to_owned(), |at| style.age(at));
    if row.is_stale(style.now) { Cell::with_severity(age, Severity::Bad) } else { age.into() }
}
