//! The limits of `[monitor]`: what an upstream's own numbers may be, each target's by itself.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::MonitorSettings;
use crate::present::{Style, Text, text};
use crate::store::records::ReportRow;
use crate::upstreams::metric::{DEAD_LETTERS, Metric, QUEUE_OLDEST};

const TOO_OLD: Text =
    text("the oldest entry for {} has waited for {}, more than {}", "{} 最早的条目已等待 {}，超过 {}");
const TOO_MANY: Text = text("{} dead letter{|s} at {}, more than {}", "死信 {} 条，位于 {}，超过 {}");

/// One limit that is configured.
#[derive(Clone, Copy)]
pub enum Limit {
    QueueAge(Duration),
    DeadLetters(u64),
}

/// What exceeds a limit.
pub struct Exceeded {
    /// The target.
    pub subject: String,
    /// Milliseconds, or a count.
    pub level: u64,
}

/// Every limit that is configured.
pub fn configured(settings: &MonitorSettings) -> impl Iterator<Item = Limit> {
    let age = settings.max_queue_age.map(|limit| Limit::QueueAge(limit.0));
    age.into_iter().chain(settings.max_dead_letters.map(Limit::DeadLetters))
}

impl Limit {
    /// Its key in the configuration.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::QueueAge(_) => "max_queue_age",
            Self::DeadLetters(_) => "max_dead_letters",
        }
    }

    /// Everything that exceeds it.
    pub fn exceeded(&self, metrics: &[Metric], now: Timestamp) -> Vec<Exceeded> {
        let (metric_name, limit) = match self {
            Self::QueueAge(limit) => (QUEUE_OLDEST, millis(*limit)),
            Self::DeadLetters(limit) => (DEAD_LETTERS, *limit),
        };
        let level = |metric: &Metric| match self {
            Self::QueueAge(_) => millis(positive(now.as_duration().as_secs_f64() - metric.value)),
            Self::DeadLetters(_) => positive(metric.value).as_secs(),
        };
        let own = metrics.iter().filter(|metric| metric.name == metric_name);
        let all = own.map(|metric| {
            let target = metric.labels.first().map(|(_, value)| value.clone());
            Exceeded { subject: target.unwrap_or_default(), level: level(metric) }
        });
        all.filter(|exceeded| exceeded.level > limit).collect()
    }

    /// By what it is exceeded.
    pub fn describe(&self, exceeded: &Exceeded, style: &Style) -> String {
        let Exceeded { subject, level } = exceeded;
        match self {
            Self::QueueAge(limit) => {
                let age = style.span(Duration::from_millis(*level));
                TOO_OLD.fill(style.language, &[subject, &age, &style.span(*limit)])
            }
            Self::DeadLetters(limit) => TOO_MANY.fill(style.language, &[level, subject, limit]),
        }
    }
}

impl Exceeded {
    /// What is kept once the receiver has heard of it.
    pub fn row(&self, receiver: &str, since: Timestamp) -> ReportRow {
        ReportRow {
            receiver: receiver.to_owned(),
            subject: self.subject.clone(),
            level: self.level,
            reported: self.level,
            is_auth: false,
            since,
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A number of seconds, or of anything else.
fn positive(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or_default()
}
