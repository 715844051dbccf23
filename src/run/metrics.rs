//! Metrics text from the database, for a textfile collector.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::store::Store;
use crate::store::records::SyncState;

type Numbers<L> = Family<L, Gauge<f64, AtomicU64>>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Sync {
    sync: String,
    sync_type: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Rows {
    sync: String,
    sync_type: String,
    change: &'static str,
}

/// Replaces the file as a whole: a collector never reads half of it.
pub fn write_metrics(store: &Store, path: &Path) -> io::Result<()> {
    let states = store.load_states().map_err(io::Error::other)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    // On a full disk half of it may be there.
    let published = fs::write(&draft, render_metrics(&states)).and_then(|()| fs::rename(&draft, path));
    published.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

/// The state of every sync as `OpenMetrics` text.
pub fn render_metrics(states: &[SyncState]) -> String {
    let mut registry = Registry::with_prefix("tongbu");
    let success_at = Numbers::<Sync>::default();
    let failures = Numbers::<Sync>::default();
    let exit_code = Numbers::<Sync>::default();
    let duration = Numbers::<Sync>::default();
    let requests = Numbers::<Sync>::default();
    let running = Numbers::<Sync>::default();
    let died = Numbers::<Sync>::default();
    let rows = Numbers::<Rows>::default();
    registry.register_with_unit(
        "last_success_timestamp",
        "When the last success ended, as Unix time",
        Unit::Seconds,
        success_at.clone(),
    );
    registry.register("consecutive_failures", "Runs since the last success that failed", failures.clone());
    registry.register("last_exit_code", "How the last run ended", exit_code.clone());
    registry.register_with_unit("last_duration", "How long the last run took", Unit::Seconds, duration.clone());
    registry.register("last_requests", "Requests of the last run, retries included", requests.clone());
    registry.register("running", "1 while a run is under way", running.clone());
    registry.register("last_died", "1 where the last run ended without closing its record", died.clone());
    registry.register("last_rows", "Rows of the last run by what became of them", rows.clone());
    for state in states {
        let sync = Sync { sync: state.sync.clone(), sync_type: state.sync_type.clone() };
        if let Some(at) = state.last_success_at {
            success_at.get_or_create(&sync).set(at.as_duration().as_secs_f64());
        }
        failures.get_or_create(&sync).set(number(state.consecutive_failures));
        running.get_or_create(&sync).set(f64::from(u8::from(state.running.is_some())));
        let Some(last) = &state.last else { continue };
        died.get_or_create(&sync).set(f64::from(u8::from(last.is_died())));
        requests.get_or_create(&sync).set(number(u64::try_from(last.request_count).unwrap_or(0)));
        if let (Some(code), Some(span)) = (last.exit_code, last.duration_ms) {
            exit_code.get_or_create(&sync).set(number(u64::try_from(code).unwrap_or(0)));
            duration.get_or_create(&sync).set(number(u64::try_from(span).unwrap_or(0)) / 1000.0);
        }
        let summary = &last.summary;
        for (change, count) in [
            ("total", summary.total),
            ("new", summary.new),
            ("updated", summary.updated),
            ("unchanged", summary.unchanged),
            ("deleted", summary.deleted),
            ("restored", summary.restored),
            ("failed", summary.failed),
        ] {
            let labels = Rows { sync: state.sync.clone(), sync_type: state.sync_type.clone(), change };
            rows.get_or_create(&labels).set(number(count));
        }
    }
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = encode(&mut text, &registry);
    text
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay far below 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::render_metrics;
    use crate::store::records::SyncState;

    #[test]
    fn each_sync_is_exported_with_its_labels() {
        let state = SyncState {
            sync: "fairing".to_owned(),
            sync_type: "fairing".to_owned(),
            running: None,
            last: None,
            last_success_at: "2026-01-01T00:00:00Z".parse().ok(),
            consecutive_failures: 2,
            unread_count: 0,
        };
        let text = render_metrics(&[state]);
        let labels = r#"{sync="fairing",sync_type="fairing"}"#;
        assert!(text.contains(&format!("tongbu_last_success_timestamp_seconds{labels} 1767225600")), "{text}");
        assert!(text.contains(&format!("tongbu_consecutive_failures{labels} 2")), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
