//! How much is still to be delivered to each target, and how deliveries went.

use jiff::Timestamp;
use serde::Serialize;

use super::Answer;
use super::labels::{self, Text};
use super::tables::render_table;
use crate::present::style::{Style, sanitize};
use crate::present::table::{Cell, Table, TableColumn};
use crate::upstreams::users::config::Config;
use crate::upstreams::users::listing::{Queue, Stats};

/// The answer of `users queue`.
#[derive(Debug, Default)]
pub struct QueueAnswer {
    queues: Vec<Queue>,
    queue_size: u64,
    workers: usize,
    enabled: Vec<String>,
}

/// The answer of `users stats`.
#[derive(Debug, Default)]
pub struct StatsAnswer(pub Vec<Stats>);

impl QueueAnswer {
    pub fn new(queues: Vec<Queue>, config: &Config) -> Self {
        Self { queues, queue_size: config.queue_size, workers: config.workers, enabled: config.target_names() }
    }

    fn oldest_at(&self) -> Option<Timestamp> {
        self.queues.iter().filter_map(|queue| queue.oldest_at).min()
    }
}

#[derive(Debug, Serialize)]
struct QueueDocument<'a> {
    schema: &'static str,
    queue_length: u64,
    queue_cap: u64,
    oldest_age: Option<i64>,
    workers: usize,
    enabled: bool,
    targets: Vec<QueuePart<'a>>,
}

#[derive(Debug, Serialize)]
struct QueuePart<'a> {
    target: &'a str,
    enabled: bool,
    queue_length: u64,
    pending: u64,
    retrying: u64,
    dead: u64,
    delivered: u64,
    dropped: u64,
    /// Seconds.
    oldest_age: Option<i64>,
    next_attempt_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct StatsDocument<'a> {
    schema: &'static str,
    #[serde(flatten)]
    all: StatsPart<'a>,
    targets: Vec<StatsPart<'a>>,
}

#[derive(Debug, Serialize)]
struct StatsPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    total_tasks: u64,
    completed_tasks: u64,
    failed_tasks: u64,
    retry_tasks: u64,
    /// Of those that came to an end; between 0 and 1.
    success_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_p50_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_p95_ms: Option<i64>,
}

impl Answer for QueueAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.queues.is_empty() {
            return format!("{}\n", style.label(labels::NO_TARGETS));
        }
        let number = |label: Text| TableColumn::number(style.label(label));
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::TARGET)),
            number(labels::OPEN),
            number(labels::RETRYING),
            number(labels::DEAD),
            number(labels::DELIVERED).droppable(2),
            TableColumn::text(style.label(labels::OLDEST)).hidden_when_blank(),
            TableColumn::text(style.label(labels::NEXT_ATTEMPT)).hidden_when_blank().droppable(1),
        ]);
        for queue in &self.queues {
            let counts = queue.counts;
            let mut row: Vec<Cell> = vec![sanitize(&queue.target).into()];
            row.extend([counts.open(), counts.retrying, counts.dead, counts.delivered].map(|n| n.to_string().into()));
            row.push(queue.oldest_at.map(|at| style.age(at)).unwrap_or_default().into());
            row.push(queue.next_attempt_at.map(|at| style.local(at)).unwrap_or_default().into());
            table.push(row);
        }
        render_table(table, style)
    }

    fn document(&self, style: &Style) -> impl Serialize {
        let age = |at: Timestamp| style.now.duration_since(at).as_secs();
        let targets = self.queues.iter().map(|queue| QueuePart {
            target: &queue.target,
            enabled: self.enabled.contains(&queue.target),
            queue_length: queue.counts.open(),
            pending: queue.counts.pending,
            retrying: queue.counts.retrying,
            dead: queue.counts.dead,
            delivered: queue.counts.delivered,
            dropped: queue.counts.dropped,
            oldest_age: queue.oldest_at.map(age),
            next_attempt_at: queue.next_attempt_at.map(|at| style.rfc3339(at)),
        });
        QueueDocument {
            schema: "tongbu.users-queue/1",
            queue_length: self.queues.iter().map(|queue| queue.counts.open()).sum(),
            queue_cap: self.queue_size,
            oldest_age: self.oldest_at().map(age),
            workers: self.workers,
            enabled: !self.enabled.is_empty(),
            targets: targets.collect(),
        }
    }
}

impl Answer for StatsAnswer {
    fn render_text(&self, style: &Style) -> String {
        if self.0.is_empty() {
            return format!("{}\n", style.label(labels::NO_TARGETS));
        }
        let number = |label: Text| TableColumn::number(style.label(label));
        let mut table = Table::new(vec![
            TableColumn::text(style.label(labels::TARGET)),
            number(labels::TOTAL),
            number(labels::DELIVERED),
            number(labels::DEAD),
            number(labels::RETRYING),
            number(labels::SUCCESS_RATE),
            number(labels::LATENCY_P50).hidden_when_blank().droppable(2),
            number(labels::LATENCY_P95).hidden_when_blank().droppable(1),
        ]);
        for stats in &self.0 {
            let mut row: Vec<Cell> = vec![sanitize(&stats.target).into()];
            row.extend([stats.total, stats.delivered, stats.dead, stats.retrying].map(|n| n.to_string().into()));
            let rate = success_rate(stats.delivered, stats.dead);
            row.push(rate.map(|rate| format!("{:.1}%", rate * 100.0)).unwrap_or_default().into());
            row.extend(
                [stats.latency_p50_ms, stats.latency_p95_ms]
                    .map(|ms| ms.map(|ms| format!("{ms}ms")).unwrap_or_default().into()),
            );
            table.push(row);
        }
        render_table(table, style)
    }

    fn document(&self, _: &Style) -> impl Serialize {
        let sum = |count: fn(&Stats) -> u64| self.0.iter().map(count).sum::<u64>();
        let (completed_tasks, failed_tasks) = (sum(|stats| stats.delivered), sum(|stats| stats.dead));
        StatsDocument {
            schema: "tongbu.users-stats/1",
            all: StatsPart {
                target: None,
                total_tasks: sum(|stats| stats.total),
                completed_tasks,
                failed_tasks,
                retry_tasks: sum(|stats| stats.retrying),
                success_rate: success_rate(completed_tasks, failed_tasks),
                latency_p50_ms: None,
                latency_p95_ms: None,
            },
            targets: self.0.iter().map(StatsPart::new).collect(),
        }
    }
}

impl<'a> StatsPart<'a> {
    fn new(stats: &'a Stats) -> Self {
        Self {
            target: Some(&stats.target),
            total_tasks: stats.total,
            completed_tasks: stats.delivered,
            failed_tasks: stats.dead,
            retry_tasks: stats.retrying,
            success_rate: success_rate(stats.delivered, stats.dead),
            latency_p50_ms: stats.latency_p50_ms,
            latency_p95_ms: stats.latency_p95_ms,
        }
    }
}

/// `None` where nothing came to an end yet.
fn success_rate(delivered: u64, dead: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
    let rate = (delivered + dead > 0).then(|| delivered as f64 / (delivered + dead) as f64);
    rate
}
