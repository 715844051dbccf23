//! What a notification says: to people as text in their language, to programs as a document.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::state::PreviousState;
use crate::config::Config;
use crate::error::Class;
use crate::exit::Exit;
use crate::present::{DocumentSchema, Style, Text, text};
use crate::run::report::Report;
use crate::store::records::Record;
use crate::store::{HOST, Status};
use crate::upstreams;
use crate::zone;

pub const NOTIFICATION_SCHEMA: DocumentSchema =
    DocumentSchema::of::<Notification>("tongbu.notification/1", "[[monitor.notify]] of kind webhook or command");

const FAILED: Text = text("tongbu: {} failed on {} ({}, exit {})", "tongbu：{} 失败，主机 {}（{}，退出码 {}）");
const DIED: Text = text("tongbu: {} died on {}", "tongbu：{} 异常终止，主机 {}");
const RECOVERED: Text = text("tongbu: {} recovered on {}", "tongbu：{} 已恢复，主机 {}");
const TEST: Text = text("tongbu: test message from {}", "tongbu：来自主机 {} 的测试消息");
const TEST_LINE: Text = text("notifications arrive", "通知可以送达");
const SINCE: Text = text("failed {} time{|s} in a row since {}", "连续失败 {} 次，自 {} 起");
const RECORD: Text = text("record {}: tongbu records show {}", "记录 {}：tongbu records show {}");
const NO_RECORD: Text = text("no record: the database cannot be used", "没有记录：数据库无法使用");
const LIMIT: Text = text("tongbu: {} on {} exceeds `monitor.{}`", "tongbu：{}（主机 {}）超过 `monitor.{}`");
const RESOLVED: Text =
    text("tongbu: {} on {} no longer exceeds `monitor.{}`", "tongbu：{}（主机 {}）不再超过 `monitor.{}`");
const ITEMS: Text = text("{} item{|s} failed", "{} 条失败");

/// Why a notification is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NotifyEvent {
    Failed,
    Recovered,
    /// A limit of `[monitor]` is exceeded.
    Limit,
    /// It no longer is.
    Resolved,
    /// `tongbu notify test`.
    Test,
}

/// Everything a receiver is given.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "notification")]
pub struct Notification {
    event: NotifyEvent,
    /// The host tongbu runs on.
    host: String,
    sync: String,
    sync_type: String,
    status: Status,
    exit_code: u8,
    exit_name: &'static str,
    /// The first scope that failed; it names the account.
    scope: Option<String>,
    class: Option<Class>,
    /// The first reason.
    message: Option<String>,
    hint: Option<String>,
    /// `null` where no record could be written.
    record_id: Option<i64>,
    trace_id: String,
    /// Failed runs in a row before this one.
    failed_before: u64,
    /// When the first of the failed runs began.
    failing_since: Option<String>,
    ended_at: String,
    end_time: String,
    /// What people read, in the configured language.
    pub text: String,
}

impl Notification {
    pub fn of(event: NotifyEvent, report: &Report, previous: &PreviousState, config: &Config) -> Self {
        let first = first_failure(report);
        let since = previous.failing_since.unwrap_or(report.started_at);
        let style = style(config, report.ended_at);
        let mut notification = Self {
            event,
            host: HOST.clone(),
            sync: report.sync.to_owned(),
            sync_type: report.sync_type.to_owned(),
            status: report.status,
            exit_code: report.exit.code(),
            exit_name: report.exit.name(),
            scope: first.scope,
            class: first.class,
            message: first.message.or_else(|| {
                let failed = report.summary.failed;
                (failed > 0).then(|| ITEMS.fill(style.language, &[&failed]))
            }),
            hint: report.failure.as_ref().map(|failure| failure.hint.clone()),
            record_id: report.has_record().then_some(report.record.0),
            trace_id: report.trace_id.clone(),
            failed_before: previous.consecutive_failures,
            failing_since: Some(since.to_string()),
            ended_at: report.ended_at.to_string(),
            end_time: report.ended_at.to_string(),
            text: String::new(),
        };
        notification.text = notification.render(since, &style);
        notification
    }

    /// What an earlier run could not say itself.
    pub fn of_death(died: &Record, previous: &PreviousState, config: &Config, now: Timestamp) -> Self {
        let since = previous.failing_since.unwrap_or(died.start_time);
        let mut notification = Self {
            event: NotifyEvent::Failed,
            sync: died.sync.clone(),
            sync_type: died.sync_type.clone(),
            status: Status::Died,
            exit_code: Exit::Internal.code(),
            exit_name: Exit::Internal.name(),
            class: Some(Class::Internal),
            message: died.error_message.clone(),
            record_id: Some(died.id.0),
            trace_id: died.trace_id.clone(),
            failed_before: previous.consecutive_failures.saturating_sub(1),
            failing_since: Some(since.to_string()),
            ..Self::test(config, now)
        };
        notification.text = notification.render(since, &style(config, now));
        notification
    }

    /// `exceeded` says by what; nothing where the limit no longer is.
    pub fn of_limit(name: &str, exceeded: Option<String>, report: &Report, config: &Config) -> Self {
        let style = style(config, report.ended_at);
        let (event, head) =
            if exceeded.is_some() { (NotifyEvent::Limit, LIMIT) } else { (NotifyEvent::Resolved, RESOLVED) };
        let head = head.fill(style.language, &[&report.sync, &*HOST, &name]);
        Self {
            event,
            sync: report.sync.to_owned(),
            sync_type: report.sync_type.to_owned(),
            status: report.status,
            exit_code: report.exit.code(),
            exit_name: report.exit.name(),
            record_id: report.has_record().then_some(report.record.0),
            trace_id: report.trace_id.clone(),
            text: [Some(head), exceeded.clone()].into_iter().flatten().collect::<Vec<_>>().join("\n"),
            message: exceeded,
            ..Self::test(config, report.ended_at)
        }
    }

    pub fn test(config: &Config, now: Timestamp) -> Self {
        let style = style(config, now);
        Self {
            event: NotifyEvent::Test,
            host: HOST.clone(),
            sync: "notify".to_owned(),
            sync_type: "test".to_owned(),
            status: Status::Success,
            exit_code: Exit::Ok.code(),
            exit_name: Exit::Ok.name(),
            scope: None,
            class: None,
            message: None,
            hint: None,
            record_id: None,
            trace_id: String::new(),
            failed_before: 0,
            failing_since: None,
            ended_at: now.to_string(),
            end_time: now.to_string(),
            text: format!("{}\n{}", TEST.fill(style.language, &[&*HOST]), style.label(TEST_LINE)),
        }
    }

    fn render(&self, since: Timestamp, style: &Style) -> String {
        let language = style.language;
        let name =
            if self.sync == self.sync_type { self.sync.clone() } else { format!("{}/{}", self.sync, self.sync_type) };
        let is_failed = self.event == NotifyEvent::Failed;
        let mut lines = vec![if self.status == Status::Died {
            DIED.fill(language, &[&name, &self.host])
        } else if is_failed {
            FAILED.fill(language, &[&name, &self.host, &self.exit_name, &self.exit_code])
        } else {
            RECOVERED.fill(language, &[&name, &self.host])
        }];
        let scope = self.scope.as_deref().unwrap_or_default();
        lines.extend(self.message.as_ref().map(|message| {
            let is_named = scope.is_empty() || message.contains(scope);
            let message = style.messages.translate(message);
            if is_named { message } else { format!("{scope}: {message}") }
        }));
        let count = self.failed_before + u64::from(is_failed);
        lines.push(SINCE.fill(language, &[&count, &style.local(since)]));
        lines.push(match self.record_id {
            Some(record) => RECORD.fill(language, &[&record, &record]),
            None => style.label(NO_RECORD).to_owned(),
        });
        lines.extend(self.hint.as_deref().map(|hint| style.messages.translate(hint)));
        lines.join("\n")
    }
}

/// The first thing that failed.
#[derive(Default)]
struct First {
    scope: Option<String>,
    class: Option<Class>,
    message: Option<String>,
}

/// The failure behind the exit code with its scope; without one the most severe problem.
fn first_failure(report: &Report) -> First {
    if let Some(failure) = &report.failure {
        return First {
            scope: report.failed_scope().map(str::to_owned),
            class: Some(failure.class),
            message: Some(failure.full_message()),
        };
    }
    let first = report.problems.first().map(|problem| First {
        scope: Some(problem.scope.clone()),
        class: Some(problem.class),
        message: Some(problem.message.clone()),
    });
    first.unwrap_or_default()
}

pub fn style(config: &Config, now: Timestamp) -> Style {
    // A zone that is unknown may be what the notification is about.
    let zone = config.time_zone().unwrap_or_else(|_| zone::system());
    let language = config.language(None);
    Style { language, messages: upstreams::messages(language), zone, now, width: None, is_wide: false, colour: false }
}
