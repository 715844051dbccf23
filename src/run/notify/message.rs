//! What a notification says: to people as text in their language, to programs as a document.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{Exceeded, Limit};
use super::news::{News, NotifyEvent, subjects_of};
use crate::config::Config;
use crate::error::Class;
use crate::exit::Exit;
use crate::language::Language;
use crate::present::{DocumentSchema, Style, Text, text};
use crate::run::report::Report;
use crate::store::records::Record;
use crate::store::{HOST, Problem, Status};
use crate::upstreams;
use crate::zone;

pub const NOTIFICATION_SCHEMA: DocumentSchema =
    DocumentSchema::of::<Notification>("tongbu.notification/1", "[[monitor.notify]] of kind webhook or command");

const FAILED: Text = text("tongbu: {} failed on {} ({}, exit {})", "tongbu：{} 失败，主机 {}（{}，退出码 {}）");
const PARTIAL: Text =
    text("tongbu: {} ended as partial on {} ({}, exit {})", "tongbu：{} 部分成功，主机 {}（{}，退出码 {}）");
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
    pub fn of(event: NotifyEvent, report: &Report, news: &News, config: &Config) -> Self {
        let first = first_failure(report, &news.subjects);
        let style = style(config, report.ended_at);
        let failed = report.summary.failed;
        let items = (failed > 0 && event == NotifyEvent::Failed).then(|| ITEMS.fill(Language::En, &[&failed]));
        let mut notification = Self {
            event,
            scope: first.scope,
            class: first.class,
            message: first.message.or(items),
            hint: first.hint,
            failed_before: news.count.saturating_sub(u64::from(event == NotifyEvent::Failed)),
            failing_since: Some(news.since.to_string()),
            ..Self::of_report(report, config)
        };
        notification.text = notification.render(news, &style);
        notification
    }

    /// What an earlier run could not say itself.
    pub fn of_death(died: &Record, news: &News, config: &Config, now: Timestamp) -> Self {
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
            failed_before: news.count.saturating_sub(1),
            failing_since: Some(news.since.to_string()),
            ..Self::test(config, now)
        };
        notification.text = notification.render(news, &style(config, now));
        notification
    }

    /// `exceeded` is what the target exceeds the limit by; nothing where it no longer does.
    pub fn of_limit(
        limit: &Limit,
        target: &str,
        exceeded: Option<&Exceeded>,
        report: &Report,
        config: &Config,
    ) -> Self {
        let style = style(config, report.ended_at);
        let (event, head) =
            if exceeded.is_some() { (NotifyEvent::Limit, LIMIT) } else { (NotifyEvent::Resolved, RESOLVED) };
        let subject = if target.is_empty() { report.sync.to_owned() } else { format!("{}/{target}", report.sync) };
        let head = head.fill(style.language, &[&subject, &*HOST, &limit.name()]);
        let said = |style: &Style| exceeded.map(|exceeded| limit.describe(exceeded, style));
        Self {
            event,
            scope: (!target.is_empty()).then_some(subject),
            text: [Some(head), said(&style)].into_iter().flatten().collect::<Vec<_>>().join("\n"),
            message: said(&Style { language: Language::En, ..style }),
            ..Self::of_report(report, config)
        }
    }

    fn of_report(report: &Report, config: &Config) -> Self {
        Self {
            sync: report.sync.to_owned(),
            sync_type: report.sync_type.to_owned(),
            status: report.status,
            exit_code: report.exit.code(),
            exit_name: report.exit.name(),
            record_id: report.has_record().then_some(report.record.0),
            trace_id: report.trace_id.clone(),
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

    fn render(&self, news: &News, style: &Style) -> String {
        let language = style.language;
        let name =
            if self.sync == self.sync_type { self.sync.clone() } else { format!("{}/{}", self.sync, self.sync_type) };
        let mut lines = vec![match (self.event, self.status) {
            (_, Status::Died) => DIED.fill(language, &[&name, &self.host]),
            (NotifyEvent::Failed, status) => {
                let head = if status == Status::Partial { PARTIAL } else { FAILED };
                head.fill(language, &[&name, &self.host, &self.exit_name, &self.exit_code])
            }
            (_, _) => RECOVERED.fill(language, &[&name, &self.host]),
        }];
        let scope = self.scope.as_deref().unwrap_or_default();
        lines.extend(self.message.as_ref().map(|message| {
            let is_named = scope.is_empty() || message.contains(scope);
            let message = style.messages.translate(message);
            if is_named { message } else { format!("{scope}: {message}") }
        }));
        lines.push(SINCE.fill(language, &[&news.count, &style.local(news.since)]));
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
    hint: Option<String>,
}

/// What is news first: the failure behind the exit code with its scope, or the most severe problem.
fn first_failure(report: &Report, news: &[String]) -> First {
    let is_news = |scope: &str| news.iter().any(|subject| subject == scope);
    let is_whole = news.is_empty() || is_news("");
    if let Some(failure) = &report.failure
        && (is_whole || report.failed_scope().is_some_and(is_news))
    {
        return First {
            scope: report.failed_scope().map(str::to_owned),
            class: Some(failure.class),
            message: Some(failure.full_message()),
            hint: Some(failure.hint.clone()),
        };
    }
    let is_its = |problem: &&Problem| subjects_of(problem, &report.scopes).iter().any(|subject| is_news(subject));
    let first = report.problems.iter().find(is_its).or(report.problems.first());
    let first = first.map(|problem| First {
        scope: Some(problem.scope.clone()),
        class: Some(problem.class),
        message: Some(problem.message.clone()),
        hint: Some(problem.class.hint().to_owned()),
    });
    first.unwrap_or_default()
}

pub fn style(config: &Config, now: Timestamp) -> Style {
    // A zone that is unknown may be what the notification is about.
    let zone = config.time_zone().unwrap_or_else(|_| zone::system());
    let language = config.language(None);
    let messages = upstreams::messages(language);
    Style { language, messages, zone, now, width: None, is_wide: false, names_left_out: false, colour: false }
}
