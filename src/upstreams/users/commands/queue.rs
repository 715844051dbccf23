//! `users queue`: what is still to be delivered to each target.

use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::super::config::Config;
use super::super::queries::{TargetQueue, load_queue, load_reported_targets};
use super::words;
use crate::present::listing::{RowsJson, csv, table};
use crate::present::{Block, Column, DocumentSchema, Json, ListingSpec, Output, Style, Text, text};
use crate::store::Mode;
use crate::upstreams::Error;
use crate::upstreams::command::{Answer, Command, CommandContext};

/// How much is still to be delivered
#[derive(Debug, Args)]
pub struct QueueArgs {}

/// The queues of all targets.
#[derive(Debug, Default)]
pub struct Queues {
    targets: Vec<TargetQueue>,
    queue_size: u64,
    workers: usize,
    has_enabled: bool,
}

#[derive(Serialize, JsonSchema)]
struct QueueDocument<'a> {
    queue_length: u64,
    queue_cap: u64,
    /// Seconds.
    oldest_age: Option<i64>,
    oldest_age_s: Option<i64>,
    workers: usize,
    enabled: bool,
    targets: RowsJson<'a, TargetQueue>,
}

impl Queues {
    pub fn new(mut targets: Vec<TargetQueue>, config: &Config) -> Self {
        let enabled = config.target_names();
        for target in &mut targets {
            target.is_enabled = enabled.contains(&target.target);
        }
        Self { targets, queue_size: config.queue_size, workers: config.workers, has_enabled: !enabled.is_empty() }
    }
}

impl Command for QueueArgs {
    const NAME: &'static str = "queue";
    const EXAMPLES: &'static str = "  tongbu users queue\n  tongbu users queue --json";
    const OUTPUTS: &'static [DocumentSchema] = &[TargetQueue::SCHEMA];

    fn run(self, context: &CommandContext<'_>) -> Result<Answer, Error> {
        context.answer(Mode::ReadOnly, Queues::default(), |store| {
            let config: Config = context.config.section("users")?;
            let targets = store.read(|r| {
                let names = load_reported_targets(r, config.target_names())?;
                names.iter().map(|name| load_queue(r, name)).collect::<Result<_, _>>()
            })?;
            Ok(Queues::new(targets, &config))
        })
    }
}

fn age(at: Timestamp, style: &Style) -> i64 {
    style.now.duration_since(at).as_secs()
}

/// A column of queues.
type C = Column<TargetQueue>;

impl ListingSpec for TargetQueue {
    const SCHEMA: DocumentSchema =
        DocumentSchema::list_of::<QueueDocument<'static>>("tongbu.users-queue/1", "users queue");
    const KEY: &'static str = "targets";
    const EMPTY: Text = words::NO_TARGETS;
    const COLUMNS: &'static [C] = &[
        C::text("target", |queue| &queue.target).titled(words::TARGET),
        C::nested::<bool>("enabled", |queue| json!(queue.is_enabled)),
        C::integer("queue_length", |queue| queue.counts.open().cast_signed()).titled(text("open", "待投递")),
        C::integer("pending", |queue| queue.counts.pending.cast_signed()),
        C::integer("retrying", |queue| queue.counts.retrying.cast_signed()).titled(words::RETRYING),
        C::integer("dead", |queue| queue.counts.dead.cast_signed()).titled(words::DEAD),
        C::integer("delivered", |queue| queue.counts.delivered.cast_signed()).titled(words::DELIVERED).droppable(2),
        C::integer("superseded", |queue| queue.counts.superseded.cast_signed()),
        C::integer("dropped", |queue| queue.counts.dropped.cast_signed()),
        C::styled::<Option<i64>>("oldest_age_s", oldest_age),
        C::styled::<Option<i64>>("oldest_age", oldest_age)
            .titled(text("oldest", "最早"))
            .drawn(|queue, style| queue.oldest_at.map(|at| style.age(at)).unwrap_or_default().into())
            .hidden_when_blank(),
        C::optional_time("next_attempt_at", |queue| queue.next_attempt_at)
            .titled(words::NEXT_ATTEMPT)
            .hidden_when_blank()
            .droppable(1),
    ];
}

fn oldest_age(queue: &TargetQueue, style: &Style) -> Json {
    Json::of(&queue.oldest_at.map(|at| age(at, style)))
}

impl Output for Queues {
    fn schema(&self) -> &DocumentSchema {
        const { &TargetQueue::SCHEMA }
    }

    fn blocks(&self, style: &Style) -> Vec<Block> {
        if self.targets.is_empty() {
            return vec![Block::Line(style.label(TargetQueue::EMPTY).to_owned())];
        }
        vec![Block::Table(table(&self.targets, style))]
    }

    fn json(&self, style: &Style) -> Json {
        let oldest_age = self.targets.iter().filter_map(|queue| queue.oldest_at).min().map(|at| age(at, style));
        Json::of(&QueueDocument {
            queue_length: self.targets.iter().map(|queue| queue.counts.open()).sum(),
            queue_cap: self.queue_size,
            oldest_age,
            oldest_age_s: oldest_age,
            workers: self.workers,
            enabled: self.has_enabled,
            targets: RowsJson(&self.targets, style),
        })
    }

    fn csv(&self, style: &Style) -> Option<Vec<u8>> {
        Some(csv(&self.targets, style))
    }
}
