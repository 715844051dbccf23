//! `generate alerts`: rules for Prometheus.

use std::fmt::Write as _;

use super::error::Error;
use super::sync::matches_of;
use crate::config::Config;
use crate::upstreams;

/// Seconds of a day.
const DAY: u64 = 86_400;
/// Seconds of an hour.
const HOUR: u64 = 3600;
/// A sync is stale after this number of its longest pauses, and a while for the run itself.
const MISSED_RUNS: u64 = 2;
const GRACE: u64 = 900;

const HEAD: &str = "\
# Alert rules for Prometheus, made by `tongbu generate alerts`. They expect the metrics that `metrics_file` in [monitor]
# leaves for the textfile collector of node_exporter.
groups:
  - name: tongbu
    rules:
";

/// The rules that hold whatever is configured: name, expression, how long it must hold, what it says.
const RULES: [(&str, &str, &str, &str); 6] = [
    (
        "TongbuFailing",
        "tongbu_consecutive_failures >= 3",
        "0m",
        "{{ $labels.sync }}/{{ $labels.sync_type }} failed {{ $value }} times in a row",
    ),
    (
        "TongbuDied",
        "tongbu_last_died == 1",
        "0m",
        "the last run of {{ $labels.sync }}/{{ $labels.sync_type }} ended without closing its record",
    ),
    (
        "TongbuDeadLetters",
        "tongbu_dead_letters > 0",
        "0m",
        "{{ $value }} dead letters of {{ $labels.sync }} at {{ $labels.target }}",
    ),
    (
        "TongbuQueueOld",
        "time() - tongbu_queue_oldest_timestamp_seconds > 3600",
        "5m",
        "{{ $labels.target }} has waited for an event of {{ $labels.sync }} for {{ $value | humanizeDuration }}",
    ),
    (
        "TongbuQueueLong",
        "tongbu_queue_length > 10000",
        "30m",
        "{{ $value }} deliveries of {{ $labels.sync }} wait for {{ $labels.target }}",
    ),
    ("TongbuMetricsMissing", "absent(tongbu_consecutive_failures)", "1h", "no metrics of tongbu arrive"),
];

/// The whole file: a rule of each configured sync for its schedule, then the others. Without a configuration every
/// upstream counts.
pub fn render(config: &Config) -> Result<String, Error> {
    let mut text = HEAD.to_owned();
    // Where nothing is configured, the ready schedule runs everything once an hour.
    let is_any = upstreams::all().any(|known| known.is_in_use(config));
    for known in upstreams::all().filter(|known| !is_any || known.is_in_use(config)) {
        let interval = (known.min_interval)(config).ok().flatten().map_or(0, |interval| interval.as_secs());
        let mut by_type: Vec<(&str, Vec<u64>)> = Vec::new();
        for job in known.schedule.jobs {
            let sync_type = (known.sync_type)(&matches_of(known, job.flags)?)?;
            match by_type.iter_mut().find(|(name, _)| *name == sync_type) {
                Some((_, minutes)) => minutes.extend(minutes_of(job.times)),
                None => by_type.push((sync_type, minutes_of(job.times))),
            }
        }
        for (sync_type, minutes) in by_type {
            let pause = if is_any { longest_pause(minutes) } else { HOUR };
            let limit = pause.max(interval) * MISSED_RUNS + GRACE;
            let labels = format!("{{sync=\"{}\",sync_type=\"{sync_type}\"}}", known.name);
            let expression = format!("time() - tongbu_last_success_timestamp_seconds{labels} > {limit}");
            let summary = "the last success of {{ $labels.sync }}/{{ $labels.sync_type }} is \
                           {{ $value | humanizeDuration }} old";
            // Rules that differ in nothing but their expression would count as the same one.
            let labels = format!("\n          sync: {}\n          sync_type: {sync_type}", known.name);
            rule(&mut text, "TongbuStale", &expression, "0m", &labels, summary);
        }
    }
    for (name, expression, span, summary) in RULES {
        rule(&mut text, name, expression, span, "", summary);
    }
    Ok(text)
}

fn rule(text: &mut String, name: &str, expression: &str, span: &str, labels: &str, summary: &str) {
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "      - alert: {name}
        expr: {expression}
        for: {span}
        labels:
          severity: warning{labels}
        annotations:
          summary: 'tongbu on {{{{ $labels.instance }}}}: {summary}'
"
    );
}

/// The minutes of a day at which the first two fields of a crontab are met.
fn minutes_of(times: &str) -> Vec<u64> {
    let mut fields = times.split(' ');
    let (minutes, hours) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    let minutes = values_of(minutes, 59);
    values_of(hours, 23).iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect()
}

/// `*`, `7`, `9-23`, `3-59/5` and lists of these.
fn values_of(field: &str, last: u64) -> Vec<u64> {
    let number = |text: &str| text.parse().unwrap_or_default();
    let values = field.split(',').flat_map(|part| {
        let (span, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match span.split_once('-') {
            Some((from, to)) => (number(from), number(to)),
            None if span == "*" => (0, last),
            None => (number(span), number(span)),
        };
        (from..=to).step_by(usize::try_from(number(step)).unwrap_or(1).max(1))
    });
    values.collect()
}

/// The longest time between two of these minutes, in seconds, over midnight too.
fn longest_pause(mut minutes: Vec<u64>) -> u64 {
    minutes.sort_unstable();
    let over_midnight = minutes.first().zip(minutes.last()).map(|(first, last)| first + DAY / 60 - last);
    let pauses = minutes.windows(2).map(|pair| pair[1] - pair[0]);
    pauses.chain(over_midnight).max().unwrap_or(DAY / 60) * 60
}

#[cfg(test)]
mod tests {
    use super::{longest_pause, minutes_of};

    fn check(times: &[&str], hours: u64, minutes: u64) {
        let all = times.iter().flat_map(|times| minutes_of(times)).collect();
        assert_eq!(longest_pause(all), (hours * 60 + minutes) * 60, "{times:?}");
    }

    #[test]
    fn longest_pause_of_a_schedule_is_found_over_midnight_too() {
        check(&["7 * * * *"], 1, 0);
        check(&["* * * * *"], 0, 1);
        check(&["3-59/5 * * * *"], 0, 5);
        check(&["23 2,10,18 * * *"], 8, 0);
        check(&["29 1,10,15,21 * * *"], 9, 0);
        check(&["37 9-23 * * *"], 10, 0);
        check(&["17 0-3,5-23 * * *", "17 4 * * *"], 1, 0);
        check(&["41 3 * * *"], 24, 0);
    }
}
