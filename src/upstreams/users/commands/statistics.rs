//! `users stats`: the results of the deliveries to each target.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::config::Config;
use super::super::queries::{TargetStats, load_reported_targets, load_stats};
use super::words;
use crate::present::{Block, DocumentSchema, Json, Output, Style, Table, TableColumn, Text, sanitize, text};
use crate::store::Mode;
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext};

/// The results of past deliveries
#[derive(Debug, Args)]
pub struct StatsArgs {}

/// The statistics of all targets.
#[derive(Debug, Default)]
pub struct Statistics(pub Vec<TargetStats>);

#[derive(Serialize, JsonSchema)]
struct StatsDocument<'a> {
    #[serde(flatten)]
    all: StatsPart<'a>,
    targets: Vec<StatsPart<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct StatsPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    total_tasks: u64,
    completed_tasks: u64,
    failed_tasks: u64,
    retry_tasks: u64,
    total: u64,
    delivered: u64,
    dead: u64,
    retrying: u64,
    /// Of the completed and failed ones; between 0 and 1.
    success_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_p50_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_p95_ms: Option<i64>,
}

impl Command for StatsArgs {
    const NAME: &'static str = "stats";
    const EXAMPLES: &'static str = "  tongbu users stats\n  tongbu users stats --json";
    const OUTPUTS: &'static [DocumentSchema] =
        &[DocumentSchema::of::<StatsDocument<'static>>("tongbu.users-stats/1", "users stats")];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        context.answer(Mode::ReadOnly, Statistics::default(), |store| {
            let enabled = context.config.section::<Config>("users")?.target_names();
            let stats = store.read(|r| {
                let names = load_reported_targets(r, enabled)?;
                names.iter().map(|name| load_stats(r, name)).collect::<Result<_, _>>()
            })?;
            Ok(Statistics(stats))
        })
    }
}

impl Output for Statistics {
    fn schema(&self) -> &DocumentSchema {
        &StatsArgs::OUTPUTS[0]
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        if self.0.is_empty() {
            return vec![Block::Line(style.label(words::NO_TARGETS).to_owned())];
        }
        let number = |label: Text| TableColumn::number(style.label(label));
        let mut table = Table::new(vec![
            TableColumn::text(style.label(words::TARGET)),
            number(text("total", "总数")),
            number(words::DELIVERED),
            number(words::DEAD),
            number(words::RETRYING),
            number(text("success rate", "成功率")),
            number(text("p50", "p50")).hidden_when_blank().droppable(2),
            number(text("p95", "p95")).hidden_when_blank().droppable(1),
        ]);
        let millis = |ms: Option<i64>| ms.map(|ms| format!("{ms}ms")).unwrap_or_default();
        for stats in &self.0 {
            let rate = success_rate(stats).map(|rate| format!("{:.1}%", rate * 100.0)).unwrap_or_default();
            table.push(vec![
                sanitize(&stats.target).into(),
                stats.total.to_string().into(),
                stats.delivered.to_string().into(),
                stats.dead.to_string().into(),
                stats.retrying.to_string().into(),
                rate.into(),
                millis(stats.latency_p50_ms).into(),
                millis(stats.latency_p95_ms).into(),
            ]);
        }
        vec![Block::Table(table)]
    }

    fn json(&self, _: &Style) -> Json {
        let mut sum = TargetStats::default();
        for stats in &self.0 {
            sum.delivered += stats.delivered;
            sum.dead += stats.dead;
            sum.retrying += stats.retrying;
            sum.total += stats.total;
        }
        let all = StatsPart { target: None, ..StatsPart::new(&sum) };
        Json::of(&StatsDocument { all, targets: self.0.iter().map(StatsPart::new).collect() })
    }
}

impl<'a> StatsPart<'a> {
    fn new(stats: &'a TargetStats) -> Self {
        Self {
            target: Some(&stats.target),
            total_tasks: stats.total,
            completed_tasks: stats.delivered,
            failed_tasks: stats.dead,
            retry_tasks: stats.retrying,
            total: stats.total,
            delivered: stats.delivered,
            dead: stats.dead,
            retrying: stats.retrying,
            success_rate: success_rate(stats),
            latency_p50_ms: stats.latency_p50_ms,
            latency_p95_ms: stats.latency_p95_ms,
        }
    }
}

/// `None` where nothing is completed or failed yet.
fn success_rate(stats: &TargetStats) -> Option<f64> {
    let ended = stats.delivered + stats.dead;
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
    let rate = (ended > 0).then(|| stats.delivered as f64 / ended as f64);
    rate
}
