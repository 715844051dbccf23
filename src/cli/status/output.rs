//! What `status` shows: the state of each sync.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::cli::runs::{
    EXIT, REASON, SYNC, UNREAD, reason, reason_cell, shortened, status_cell, status_word, sync_name,
};
use crate::exit::Exit;
use crate::present::listing::RowsJson;
use crate::present::{
    Block, Cell, Column, DocumentSchema, Json, ListingSpec, Output, Severity, Style, Text, Time, listing, sanitize,
    text,
};
use crate::store::records::{Record, SyncState};
use crate::upstreams::sync_type_label;

const STALE: Text = text("stale", "过期");
const NEVER: Text = text("never", "从未");
const OVER: Text = text("well since then", "此后已恢复");
pub const STILL_FAILS: Text = text("still failing: {}", "仍然失败：{}");
const RUNNING_BY: Text = text("running: {}", "进行中：{}");

/// The state of every sync.
#[derive(Debug)]
pub struct StatusOutput {
    pub exit: Exit,
    pub rows: Vec<SyncRow>,
}

/// One sync type, run or only configured.
#[derive(Clone, Debug, Default)]
pub struct SyncRow {
    pub state: SyncState,
    /// Of all its scopes together, where a complete read counted them.
    pub row_count: Option<u64>,
    pub not_before: Option<Timestamp>,
    /// When its minimum interval and a requested pause are over.
    pub next_due: Option<Timestamp>,
    /// Scopes that are not due yet because nothing changed there for long.
    pub quiet_scopes: Vec<QuietScope>,
    /// When the schedule of this machine runs it then.
    pub next_run: Option<Timestamp>,
    /// The oldest its last success may be.
    pub max_age: Option<Duration>,
}

/// A scope that is not due yet because nothing changed there for long.
#[derive(Clone, Debug)]
pub struct QuietScope {
    pub scope: String,
    pub last_changed_at: Option<Timestamp>,
    pub next_due: Timestamp,
}

impl SyncRow {
    /// Whether its last success is older than it may be. One as far in the future is from a clock that was ahead, and
    /// says nothing about its age.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let Some(max_age) = self.max_age else { return false };
        let Some(at) = self.state.last_success_at else { return true };
        now.duration_since(at).unsigned_abs() > max_age
    }
}

/// A column of syncs.
type C = Column<SyncRow>;

impl ListingSpec for SyncRow {
    const SCHEMA: DocumentSchema = DocumentSchema::list_of::<StatusDocument<'static>>("tongbu.status/1", "status");
    const KEY: &'static str = "syncs";
    const EMPTY: Text = text("no upstream is configured and none ever ran", "尚未配置任何上游，也没有运行记录");
    const COLUMNS: &'static [C] = &[
        C::text("sync", |row| &row.state.sync)
            .titled(SYNC)
            .drawn(|row, _| sync_name(&row.state.sync, &row.state.sync_type).into()),
        C::labelled("sync_type", |row| &row.state.sync_type, sync_type_label),
        C::styled::<Option<RunningPart<'static>>>("running", |row, style| {
            Json::of(&row.state.running.as_ref().map(|record| RunningPart::new(record, style)))
        }),
        C::optional_integer("last_record_id", |row| row.state.last.as_ref().map(|record| record.id.0)),
        C::optional_word("last_status", |row| row.state.last.as_ref().map(|record| status_word(record.status)))
            .titled(text("last result", "上次结果"))
            .drawn(result_cell),
        C::optional_integer("last_exit_code", |row| row.state.last.as_ref().and_then(|record| record.exit_code))
            .titled(EXIT)
            .hidden_when_blank(),
        C::optional_time("last_end_time", |row| row.state.last.as_ref().and_then(|record| record.end_time)),
        C::optional_time("last_success_at", |row| row.state.last_success_at)
            .titled(text("last success", "上次成功"))
            .drawn(success_cell),
        C::styled::<Option<u64>>("last_success_age_s", |row, style| {
            let age = row.state.last_success_at.map(|at| style.now.duration_since(at));
            Json::of(&age.map(|age| u64::try_from(age.as_secs()).unwrap_or_default()))
        }),
        C::count("consecutive_failures", |row| row.state.consecutive_failures)
            .titled(text("failures", "连续失败"))
            .hidden_when_blank()
            .droppable(3),
        C::optional_count("rows", |row| row.row_count).titled(text("rows", "行数")).hidden_when_blank().droppable(2),
        C::count("unread_count", |row| row.state.unread_count).titled(UNREAD).hidden_when_blank().droppable(4),
        C::optional_time("not_before", |row| row.not_before)
            .titled(text("not before", "不早于"))
            .drawn(|row, style| row.not_before.map(|at| style.age(at)).unwrap_or_default().into())
            .hidden_when_blank(),
        C::optional_time("next_due", |row| row.next_due)
            .titled(text("next due", "下次应运行"))
            .drawn(due_cell)
            .hidden_when_blank()
            .droppable(1),
        C::styled::<Vec<QuietPart<'static>>>("quiet_scopes", |row, style| {
            Json::of(&row.quiet_scopes.iter().map(|scope| QuietPart::new(scope, style)).collect::<Vec<_>>())
        })
        .titled(text("quiet", "静默"))
        .drawn(|row, _| if row.quiet_scopes.is_empty() { "".into() } else { row.quiet_scopes.len().to_string().into() })
        .hidden_when_blank()
        .droppable(5),
        C::optional_time("next_run", |row| row.next_run),
        C::styled::<bool>("is_stale", |row, style| Json::of(&row.is_stale(style.now)))
            .titled(STALE)
            .drawn(stale_cell)
            .hidden_when_blank(),
        C::optional_text("last_reason", |row| row.state.last.as_ref().and_then(reason))
            .titled(REASON)
            .drawn(why_cell)
            .hidden_when_blank(),
        C::nested::<Vec<String>>("failing", |row| json!(row.state.failing)),
    ];
}

#[derive(Serialize, JsonSchema)]
struct StatusDocument<'a> {
    exit_code: u8,
    exit_name: &'static str,
    syncs: RowsJson<'a, SyncRow>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct RunningPart<'a> {
    record_id: i64,
    host: &'a str,
    pid: i64,
    trace_id: &'a str,
    since: Time,
    start_time: Time,
}

impl<'a> RunningPart<'a> {
    fn new(record: &'a Record, style: &Style) -> Self {
        Self {
            record_id: record.id.0,
            host: &record.host,
            pid: record.pid,
            trace_id: &record.trace_id,
            since: style.time(record.start_time),
            start_time: style.time(record.start_time),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct QuietPart<'a> {
    scope: &'a str,
    last_changed_at: Option<Time>,
    next_due: Time,
}

impl<'a> QuietPart<'a> {
    fn new(scope: &'a QuietScope, style: &Style) -> Self {
        Self {
            scope: &scope.scope,
            last_changed_at: scope.last_changed_at.map(|at| style.time(at)),
            next_due: style.time(scope.next_due),
        }
    }
}

impl Output for StatusOutput {
    fn schema(&self) -> &DocumentSchema {
        const { &SyncRow::SCHEMA }
    }

    fn is_quiet_on_success(&self) -> bool {
        true
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        listing::blocks(&self.rows, style)
    }

    fn json(&self, style: &Style) -> Json {
        Json::of(&StatusDocument {
            exit_code: self.exit.code(),
            exit_name: self.exit.name(),
            syncs: RowsJson(&self.rows, style),
        })
    }

    fn csv(&self, style: &Style) -> Option<Vec<u8>> {
        Some(listing::csv(&self.rows, style))
    }
}

fn result_cell(row: &SyncRow, style: &Style) -> Cell {
    if let Some(record) = &row.state.running {
        let owner = format!("{}-{}", sanitize(&record.host), record.pid);
        return RUNNING_BY.fill(style.language, &[&owner]).into();
    }
    let Some(record) = &row.state.last else { return style.label(NEVER).into() };
    let cell = status_cell(record, style);
    if row.state.is_over { cell.text.into() } else { cell }
}

/// Why the last run was no success, or what fails besides what it was about.
fn why_cell(row: &SyncRow, style: &Style) -> Cell {
    let SyncState { last, is_over, failing, .. } = &row.state;
    let Some(record) = last else { return "".into() };
    match reason(record) {
        Some(_) if *is_over => style.label(OVER).into(),
        None if !failing.is_empty() => {
            shortened(&STILL_FAILS.fill(style.language, &[&sanitize(&failing.join(", "))]), style).into()
        }
        Some(_) | None => reason_cell(record, style),
    }
}

fn stale_cell(row: &SyncRow, style: &Style) -> Cell {
    if row.is_stale(style.now) { Cell::with_severity(style.label(STALE), Severity::Bad) } else { "".into() }
}

fn due_cell(row: &SyncRow, style: &Style) -> Cell {
    row.next_run.or(row.next_due).map(|at| style.age(at.max(style.now))).unwrap_or_default().into()
}

fn success_cell(row: &SyncRow, style: &Style) -> Cell {
    let age = row.state.last_success_at.map_or_else(|| style.label(NEVER).to_owned(), |at| style.age(at));
    if row.is_stale(style.now) { Cell::with_severity(age, Severity::Bad) } else { age.into() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::{QuietScope, StatusOutput, SyncRow};
    use crate::cli::samples::{record, record_of};
    use crate::exit::Exit;
    use crate::present::style::samples::at;
    use crate::store::Status;
    use crate::store::records::{Record, SyncState};
    use crate::ui::tables::render_output;
    use crate::ui::{injection_tests, snapshots};

    fn row(sync: &str, sync_type: &str, last: Option<Record>) -> SyncRow {
        let has_run = last.is_some();
        let state = SyncState {
            sync: sync.to_owned(),
            sync_type: sync_type.to_owned(),
            running: last.clone().filter(|record| record.status == Status::Running),
            last: last.filter(|record| record.status != Status::Running),
            last_success_at: has_run.then(|| at(-11_520)),
            unread_count: 1,
            ..SyncState::default()
        };
        SyncRow {
            state,
            row_count: has_run.then_some(200_000),
            not_before: None,
            next_due: has_run.then(|| at(600)),
            quiet_scopes: Vec::new(),
            next_run: (sync == "fairing").then(|| at(900)),
            max_age: Some(Duration::from_secs(7200)),
        }
    }

    #[test]
    fn each_sync_is_shown_with_its_state() {
        let of = |sync, sync_type, status| row(sync, sync_type, Some(record(7, sync, sync_type, status)));
        let mut blocked = of("douban", "douban", Status::Failed);
        blocked.state.consecutive_failures = 3;
        let blocked = SyncRow { not_before: Some(at(1800)), max_age: None, ..blocked };
        let quiet = QuietScope {
            scope: "ecs/prod/cn-beijing".to_owned(),
            last_changed_at: Some(at(-250_000)),
            next_due: at(9000),
        };
        let ecs = SyncRow { quiet_scopes: vec![quiet], ..of("ecs", "ecs", Status::Success) };
        let rows = vec![
            of("fairing", "fairing", Status::Running),
            blocked,
            of("tasks", "historical", Status::Success),
            row("tasks", "today", None),
            ecs,
        ];
        let output = StatusOutput { exit: Exit::Stale, rows };
        assert_snapshot!("status", snapshots::render_everything(&output));
        snapshots::tables_fit(|style| render_output(&output, style));
    }

    #[test]
    fn hostile_syncs_are_harmless() {
        for status in [Status::Running, Status::Failed] {
            injection_tests::check_output(|text| {
                let last = Record { status, ..record_of(text) };
                let quiet = QuietScope { scope: text.to_owned(), last_changed_at: None, next_due: at(60) };
                let row = SyncRow { quiet_scopes: vec![quiet], ..row(text, text, Some(last)) };
                Box::new(StatusOutput { exit: Exit::Stale, rows: vec![row] })
            });
        }
    }
}
