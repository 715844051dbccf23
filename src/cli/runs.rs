//! What a run shows of itself, right after it and as a record.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Class;
use crate::language::Language;
use crate::present::style::Time;
use crate::present::{Block, Cell, Severity, Style, Text, Word, cut, sanitize, text};
use crate::store::records::Record;
use crate::store::{Problem, ProblemDetails, Status, Trigger};
use crate::upstreams;

pub const DELETED: Text = text("deleted", "删除");
pub const DURATION: Text = text("duration", "耗时");
pub const EXIT: Text = text("exit", "退出码");
pub const FAILED: Text = text("failed", "失败");
pub const IDLE: Text = text("idle", "闲散");
pub const MATCHED: Text = text("matched", "已匹配");
pub const NEW: Text = text("new", "新增");
pub const NO_RECORDS: Text = text("no matching records", "没有符合条件的记录");
pub const PENDING: Text = text("pending", "待处理");
pub const REASON: Text = text("reason", "原因");
pub const RESTORED: Text = text("restored", "恢复");
pub const RUNS: Text = text("runs", "运行数");
pub const SCOPE: Text = text("scope", "范围");
pub const STARTED: Text = text("start", "开始");
pub const SYNC: Text = text("sync", "同步");
pub const TOTAL: Text = text("total", "总数");
pub const UNCHANGED: Text = text("unchanged", "未变");
pub const UNREAD: Text = text("unread", "未读");
pub const UPDATED: Text = text("updated", "更新");

const AND_MORE: Text = text("and {} more: `tongbu records show {}`", "另有 {} 条：`tongbu records show {}`");
const PROBLEMS: Text = text("problems:", "问题：");

/// What a run is, in its own document.
#[derive(Serialize, JsonSchema)]
pub struct KindPart<'a> {
    sync: &'a str,
    sync_type: &'a str,
    sync_type_label: &'a str,
    trigger_type: Trigger,
    trigger_type_label: &'static str,
    status: Status,
    status_label: &'static str,
}

impl<'a> KindPart<'a> {
    pub fn new(sync: &'a str, sync_type: &'a str, trigger: Trigger, status: Status, style: &Style) -> Self {
        Self {
            sync,
            sync_type,
            sync_type_label: upstreams::sync_type_label(sync_type, style.language),
            trigger_type: trigger,
            trigger_type_label: style.label(trigger_word(trigger).label),
            status,
            status_label: style.label(status_word(status).label),
        }
    }
}

/// One problem of a run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "problem")]
pub struct ProblemPart<'a> {
    scope: &'a str,
    class: Class,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    message: &'a str,
    /// The message once more.
    error: &'a str,
    at: Time,
    #[serde(flatten)]
    details: &'a ProblemDetails,
}

impl<'a> ProblemPart<'a> {
    pub fn all(problems: &'a [Problem], style: &Style) -> Vec<Self> {
        let part = |problem: &'a Problem| Self {
            scope: &problem.scope,
            class: problem.class,
            id: problem.id.as_deref(),
            name: problem.name.as_deref(),
            message: &problem.message,
            error: &problem.message,
            at: style.time(problem.at),
            details: &problem.details,
        };
        problems.iter().map(part).collect()
    }
}

/// The state of a run or scope.
pub const fn status_word(status: Status) -> Word {
    let (label, severity) = match status {
        Status::Running => (text("running", "进行中"), Severity::Plain),
        Status::Success => (text("success", "成功"), Severity::Good),
        Status::Partial => (text("partial", "部分成功"), Severity::Warning),
        Status::Failed => (text("failed", "失败"), Severity::Bad),
        Status::Cancelled => (text("cancelled", "已取消"), Severity::Warning),
        Status::Interrupted => (text("interrupted", "已中断"), Severity::Bad),
        Status::Died => (text("died", "异常终止"), Severity::Bad),
        Status::Skipped => (text("skipped", "已跳过"), Severity::Plain),
    };
    Word::new(status.name(), label, severity)
}

/// The state of a run as a person sees it: one that died is called so, found out by a later one or not.
pub fn record_word(record: &Record) -> Word {
    status_word(if record.is_died() { Status::Died } else { record.status })
}

/// The state of a run as a cell.
pub fn status_cell(record: &Record, style: &Style) -> Cell {
    record_word(record).cell(style)
}

/// Terminals below this width get shorter cells.
pub const NARROW: u16 = 100;

/// Why a run was no success, as far as one cell holds it: its error, or its first problem.
pub fn reason_cell(record: &Record, style: &Style) -> Cell {
    shortened(&style.message(reason(record).unwrap_or_default()), style).into()
}

/// As much of it as one cell holds.
pub fn shortened(text: &str, style: &Style) -> String {
    cut(text, if style.width.is_some_and(|width| width < NARROW) { 24 } else { 60 })
}

/// Why a run was no success.
pub fn reason(record: &Record) -> Option<&str> {
    let is_good = matches!(record.status, Status::Success | Status::Skipped | Status::Running);
    let first = record.problems.first().map(|problem| problem.message.as_str());
    record.error_message.as_deref().or(first).filter(|_| !is_good)
}

/// Who started a run.
pub const fn trigger_word(trigger: Trigger) -> Word {
    let label = match trigger {
        Trigger::Auto => text("auto", "自动"),
        Trigger::Manual => text("manual", "手动"),
    };
    Word::new(trigger.name(), label, Severity::Plain)
}

/// Why a scope did nothing.
pub fn skip_reason(name: &str, language: Language) -> &str {
    match name {
        "adaptive" => text("quiet for long", "长期无变更").label(language),
        "min-interval" => text("synced recently", "间隔未到").label(language),
        "not-before" => text("the upstream requested a pause", "上游要求稍后再试").label(language),
        "locked" => text("another run holds the lock", "被其他运行锁定").label(language),
        other => other,
    }
}

/// `tasks/historical`, or the name alone where there is only one type.
pub fn sync_name(sync: &str, sync_type: &str) -> String {
    if sync == sync_type { sanitize(sync) } else { format!("{}/{}", sanitize(sync), sanitize(sync_type)) }
}

/// A duration as the database keeps it.
pub fn render_millis(millis: Option<i64>, style: &Style) -> String {
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    millis.map(|millis| style.span(Duration::from_millis(millis))).unwrap_or_default()
}

/// A count as a cell.
pub fn count_cell(count: u64) -> Cell {
    count.to_string().into()
}

/// A headed list of problems, the first `limit` of them.
pub fn problem_list(lines: &[String], limit: usize, record: i64, style: &Style) -> Vec<Block> {
    if lines.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Line(style.label(PROBLEMS).to_owned())];
    blocks.extend(lines.iter().take(limit).map(|line| Block::Line(format!("  {line}"))));
    if lines.len() > limit {
        let more = AND_MORE.fill(style.language, &[&(lines.len() - limit), &record]);
        blocks.push(Block::Line(format!("  {more}")));
    }
    blocks
}

/// One problem in one line.
pub fn problem_line(problem: &Problem, style: &Style) -> String {
    let id = problem.id.as_deref().map(|id| format!("{} ", sanitize(id))).unwrap_or_default();
    let name = problem.name.as_deref().map(|name| format!("{} ", sanitize(name))).unwrap_or_default();
    format!("{}  {}  {id}{name}{}", sanitize(&problem.scope), problem.class.name(), style.message(&problem.message))
}
