//! The limits of `[monitor]`: what an upstream's own numbers may be.

use std::time::Duration;

use crate::config::MonitorSettings;
use crate::present::{Style, Text, text};
use crate::upstreams::metric::{DEAD_LETTERS, Metric, QUEUE_OLDEST, number};

const TOO_OLD: Text =
    text("the oldest entry for {} has waited for {}, more than {}", "{} 最早的条目已等待 {}，超过 {}");
const TOO_MANY: Text = text("{} dead letter{|s} at {}, more than {}", "死信 {} 条，位于 {}，超过 {}");

/// A limit with what exceeds it; nothing where nothing does.
pub struct Limit {
    pub name: &'static str,
    pub exceeded: Option<String>,
}

/// Every limit that is configured.
pub fn evaluate(settings: &MonitorSettings, metrics: &[Metric], style: &Style) -> Vec<Limit> {
    let mut limits = Vec::new();
    if let Some(limit) = settings.max_queue_age {
        let age = |metric: &Metric| {
            let now = style.now.as_duration().as_secs_f64();
            Duration::try_from_secs_f64(now - metric.value).unwrap_or_default()
        };
        let is_over = |metric: &Metric| age(metric) > limit.0;
        let exceeded = of(metrics, QUEUE_OLDEST).find(|metric| is_over(metric)).map(|metric| {
            let limit = style.span(limit.0);
            TOO_OLD.fill(style.language, &[&label(metric), &style.span(age(metric)), &limit])
        });
        limits.push(Limit { name: "max_queue_age", exceeded });
    }
    if let Some(limit) = settings.max_dead_letters {
        let exceeded = of(metrics, DEAD_LETTERS)
            .find(|metric| metric.value > number(limit))
            .map(|metric| TOO_MANY.fill(style.language, &[&metric.value, &label(metric), &limit]));
        limits.push(Limit { name: "max_dead_letters", exceeded });
    }
    limits
}

fn of<'a>(metrics: &'a [Metric], name: &'static str) -> impl Iterator<Item = &'a Metric> {
    metrics.iter().filter(move |metric| metric.name == name)
}

fn label(metric: &Metric) -> &str {
    metric.labels.first().map(|(_, value)| value.as_str()).unwrap_or_default()
}
