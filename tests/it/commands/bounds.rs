//! Settings out of bounds: every number and every span of the configuration is refused with its key and what is allowed.

use toml::{Table, Value};

use crate::support::Sandbox;

const YEAR: i64 = 366 * 24 * 60 * 60;

/// Every bounded key with a value below its bounds and one above them. Spans are in seconds, the smallest one in
/// milliseconds.
fn out_of_bounds() -> Vec<(&'static str, Value)> {
    let spans = [
        ("log.keep", Some("59m"), 10 * YEAR),
        ("records.keep", None, 10 * YEAR),
        ("history.keep", Some("1h"), 100 * YEAR),
        ("history.changes", Some("1h"), 100 * YEAR),
        ("monitor.max_queue_age", Some("0s"), YEAR),
        ("http.connect_timeout", Some("0s"), 3_600),
        ("http.read_timeout", Some("0s"), 3_600),
        ("http.total_timeout", Some("0s"), 86_400),
        ("http.backoff", None, 3_600),
        ("http.backoff_cap", None, 86_400),
        ("fairing.min_interval", None, YEAR),
        ("fairing.lock_ttl", Some("0s"), 7 * 86_400),
        ("fairing.full_every", None, YEAR),
        ("fairing.lookback", None, YEAR),
        ("fairing.http.total_timeout", Some("0s"), 86_400),
        ("douban.interval", None, 3_600),
        ("douban.lock_ttl", Some("0s"), 7 * 86_400),
        ("douban.not_before_after_block", None, 30 * 86_400),
        ("tasks.lock_ttl", Some("0s"), 7 * 86_400),
        ("ecs.lock_ttl", Some("0s"), 7 * 86_400),
        ("ecs.regions_ttl", None, YEAR),
        ("ecs.min_interval", None, 86_400),
        ("ecs.max_interval", None, 86_400),
        ("users.timeout", Some("0s"), 3_600),
        ("users.backoff", Some("0s"), 86_400),
        ("users.backoff_cap", Some("0s"), 30 * 86_400),
        ("users.keep_delivered", None, 10 * YEAR),
        ("users.check_every", None, YEAR),
        ("users.lock_ttl", Some("0s"), 7 * 86_400),
        ("tmdb.full_every", None, YEAR),
        ("tmdb.lock_ttl", Some("0s"), 7 * 86_400),
    ];
    let counts = [
        ("http.retries", -1, 100),
        ("monitor.max_dead_letters", -1, 1_000_000_000),
        ("fairing.workers", 0, 64),
        ("fairing.batch_size", 0, 100_000),
        ("fairing.page_size", 0, 100_000),
        ("fairing.max_pages", 0, 1_000_000_000),
        ("fairing.requests_per_minute", 0, 100_000),
        ("douban.limit", 0, 10_000),
        ("tasks.page_size", 0, 1_000),
        ("tasks.batch_size", 0, 10_000),
        ("tasks.historical_days", 0, 3_660),
        ("ecs.concurrency", 0, 256),
        ("ecs.qps", 0, 10_000),
        ("users.workers", 0, 256),
        ("users.queue_size", 0, 1_000_000),
        ("users.max_attempts", 0, 10_000),
        ("tmdb.days_back", -1, 36_500),
        ("tmdb.days_ahead", -1, 3_650),
        ("tmdb.requests_per_second", 0, 10_000),
    ];
    let mut values = vec![("http.max_body", 1_023.into()), ("http.max_body", "1025GiB".into())];
    values.extend([("log.max_size", 1_023.into()), ("log.max_size", "1025GiB".into())]);
    for (key, below, max) in spans {
        values.extend(below.map(|below| (key, below.into())));
        values.push((key, format!("{}s", max + 1).into()));
        values.push((key, "-1s".into()));
    }
    for (key, below, max) in counts {
        values.extend([(key, below.into()), (key, (max + 1).into())]);
    }
    values
}

#[test]
fn every_setting_out_of_bounds_is_refused_with_its_key() {
    let mut sandbox = Sandbox::small();
    let usual: Table = sandbox.home.config_text().parse().expect("the configuration is TOML");
    for (key, value) in out_of_bounds() {
        let section = key.split('.').next().unwrap_or_default();
        sandbox.home.set(key, value.clone());
        let run = if ["http", "log", "records", "history", "monitor"].contains(&section) { "fairing" } else { section };
        let run = if run == "tasks" { "tasks --window today" } else { run };
        for command in ["config check".to_owned(), format!("sync {run}")] {
            let said = sandbox.run(&command).expect(4).said();
            let is_named = said.contains(&format!("`{key}` must be "));
            let is_in_bounds = said.contains(" to ") && said.contains(", not ");
            assert!(is_named && (is_in_bounds || said.contains("a span of time")), "{key} = {value}: {said}");
        }
        let table = usual.get(section).and_then(Value::as_table).cloned().unwrap_or_default();
        sandbox.home.configure(section, table);
    }
}

#[test]
fn every_number_and_span_of_the_configuration_is_bounded() {
    let sandbox = Sandbox::small();
    let bounded: Vec<_> = out_of_bounds().into_iter().map(|(key, _)| key).collect();
    let document = sandbox.run("config show --json").expect(0).json();
    for setting in document["settings"].as_array().expect("settings") {
        let key = setting["key"].as_str().expect("a key");
        let is_span = setting["value"].as_str().is_some_and(|text| {
            text.starts_with(|first: char| first.is_ascii_digit()) && text.ends_with(['s', 'm', 'h', 'd', 'B', '0'])
        });
        let below_http = key.split_once('.').is_some_and(|(_, rest)| rest.starts_with("http."));
        if (setting["value"].is_number() || is_span) && !below_http {
            assert!(bounded.contains(&key), "`{key}` has no bounds");
        }
    }
}
