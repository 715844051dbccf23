//! The numbers of the outbox for the metrics: each target's queue and its dead letters.

use super::queries::{load_queue, load_reported_targets};
use super::tables::count_rejections;
use crate::store::Reader;
use crate::upstreams::Error;
use crate::upstreams::metric::{DEAD_LETTERS, Metric, QUEUE_LENGTH, QUEUE_OLDEST, number};

pub fn metrics(r: &Reader<'_>) -> Result<Vec<Metric>, Error> {
    let mut metrics = Vec::new();
    for target in load_reported_targets(r, Vec::new())? {
        let queue = load_queue(r, &target)?;
        let mut add = |name, help, value| metrics.push(Metric::new(name, help, "target", &target, value));
        add(QUEUE_LENGTH, "Deliveries that are still to be made", number(queue.counts.open()));
        add(DEAD_LETTERS, "Deliveries that were given up", number(queue.counts.dead));
        if let Some(at) = queue.oldest_at {
            add(QUEUE_OLDEST, "When the oldest open event came in, as Unix time", at.as_duration().as_secs_f64());
        }
    }
    let rejected = number(count_rejections(r)?);
    metrics.push(Metric {
        name: "rejected_entries",
        help: "Entries of the stream that are no events",
        labels: Vec::new(),
        value: rejected,
    });
    Ok(metrics)
}
