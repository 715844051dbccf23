//! Metrics text from the database, for a textfile collector.

use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::store::Store;
use crate::store::records::{self, SyncState};
use crate::upstreams::metric::number;
use crate::upstreams::{self, Error};

type Labels = Vec<(&'static str, String)>;

/// One metric with the values of all its labels, in a fixed order.
#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    samples: Vec<(Labels, f64)>,
}

/// Every family that has a value.
#[derive(Debug, Default)]
struct Families(Vec<Family>);

impl Families {
    fn gauge(&mut self, name: &'static str, help: &'static str, labels: Labels, value: f64) {
        self.add(name, help, MetricType::Gauge, labels, value);
    }

    fn add(&mut self, name: &'static str, help: &'static str, kind: MetricType, labels: Labels, value: f64) {
        match self.0.iter_mut().find(|family| family.name == name) {
            Some(family) => family.samples.push((labels, value)),
            None => self.0.push(Family { name, help, kind, samples: vec![(labels, value)] }),
        }
    }

    /// The state of one sync.
    fn add_state(&mut self, state: &SyncState) {
        let labels = || sync_labels(&state.sync, &state.sync_type);
        if let Some(at) = state.last_success_at {
            let help = "When the last success ended, as Unix time";
            self.gauge("last_success_timestamp_seconds", help, labels(), at.as_duration().as_secs_f64());
        }
        let failures = number(state.consecutive_failures);
        self.gauge("consecutive_failures", "Failed runs since the last success", labels(), failures);
        self.gauge("unread_records", "Records nobody has read", labels(), number(state.unread_count));
        let running = f64::from(u8::from(state.running.is_some()));
        self.gauge("running", "1 while a run is under way", labels(), running);
        let Some(last) = &state.last else { return };
        let died = f64::from(u8::from(last.is_died()));
        self.gauge("last_died", "1 where the last run ended without closing its record", labels(), died);
        let count = |count| number(u64::try_from(count).unwrap_or(0));
        self.gauge("last_requests", "Requests of the last run, retries included", labels(), count(last.request_count));
        if let (Some(code), Some(span)) = (last.exit_code, last.duration_ms) {
            self.gauge("last_exit_code", "How the last run ended", labels(), count(code));
            self.gauge("last_duration_seconds", "How long the last run took", labels(), count(span) / 1000.0);
        }
        let summary = &last.summary;
        for (change, count) in summary.changes() {
            let mut labels = labels();
            labels.push(("change", change.to_owned()));
            self.gauge("last_rows", "Rows of the last run by what became of them", labels, number(count));
        }
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in &self.0 {
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, family.kind)?;
            for (labels, value) in &family.samples {
                if labels.is_empty() {
                    metric.encode_gauge(value)?;
                    continue;
                }
                let mut sample = metric.encode_family(labels)?;
                if matches!(family.kind, MetricType::Counter) {
                    sample.encode_counter::<NoLabelSet, _, f64>(value, None)?;
                } else {
                    sample.encode_gauge(value)?;
                }
            }
        }
        Ok(())
    }
}

/// The collector is another user.
const FILE_MODE: u32 = 0o644;

/// Replaces the file as a whole: a collector never reads half of it.
pub fn write_metrics(store: &Store, path: &Path) -> io::Result<()> {
    let text = render_metrics(store).map_err(io::Error::other)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    // On a full disk half of it may be there.
    let published = fs::write(&draft, text)
        .and_then(|()| fs::set_permissions(&draft, Permissions::from_mode(FILE_MODE)))
        .and_then(|()| fs::rename(&draft, path));
    published.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

/// The state of every sync, the sums of all runs, and every upstream's own numbers as `OpenMetrics` text.
pub fn render_metrics(store: &Store) -> Result<String, Error> {
    let mut families = Families::default();
    for state in store.load_states()? {
        families.add_state(&state);
    }
    let locks = store.load_locks()?;
    let live = locks.iter().filter(|lock| !lock.released && !lock.is_stale).count() as u64;
    families.gauge("locks", "Locks that a live run holds", Vec::new(), number(live));
    for counter in store.read(records::load_counters)? {
        add_counter(&mut families, &counter);
    }
    for known in upstreams::all() {
        let Some(metrics_of) = known.metrics else { continue };
        for metric in store.read(metrics_of)? {
            let labels = [("sync", known.name.to_owned())].into_iter().chain(metric.labels).collect();
            families.gauge(metric.name, metric.help, labels, metric.value);
        }
    }
    Ok(render(families))
}

/// The text where there is no database yet.
pub fn render_no_metrics() -> String {
    render(Families::default())
}

fn render(families: Families) -> String {
    let mut registry = Registry::with_prefix("tongbu");
    registry.register_collector(Box::new(families));
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = encode(&mut text, &registry);
    text
}

fn add_counter(families: &mut Families, counter: &records::CounterRow) {
    let mut labels = sync_labels(&counter.sync, &counter.sync_type);
    let value = number(counter.value);
    let mut labelled = |label: &'static str| labels.push((label, counter.label.clone()));
    let (name, help, value) = match counter.name.as_str() {
        "runs" => {
            labelled("exit");
            ("runs", "Runs by how they ended", value)
        }
        "rows" => {
            labelled("change");
            ("rows", "Rows by what became of them", value)
        }
        "problems" => {
            labelled("class");
            ("problems", "Problems by their class", value)
        }
        "requests" => ("requests", "Requests, retries included", value),
        "retries" => ("retries", "Retries", value),
        "throttles" => ("throttles", "Answers that there were too many requests", value),
        "api_us" => {
            ("api_seconds", "Time spent waiting for upstreams, requests at the same time counted each", value / 1e6)
        }
        "last_api_us" => {
            let help = "Time the last run spent waiting for upstreams, requests at the same time counted each";
            return families.gauge("last_api_seconds", help, labels, value / 1e6);
        }
        // One of a newer tongbu.
        _ => return,
    };
    families.add(name, help, MetricType::Counter, labels, value);
}

fn sync_labels(sync: &str, sync_type: &str) -> Labels {
    vec![("sync", sync.to_owned()), ("sync_type", sync_type.to_owned())]
}
