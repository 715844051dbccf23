//! The shipped schedule through a day of cron, with a fault in nearly every hour: all who have to hear of it do, once, and a
//! good hour is silent.
//!
//! `COUNT` is how often an hour a job runs at most; 60 runs the schedule as it is.

mod crontab;
mod day;
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::crontab::Job;
use self::day::{Day, Heard};
use self::plan::{Expected, Incident};
use super::Experiment;

#[test]
fn every_failed_hour_is_reported_once_and_good_ones_are_silent() {
    let experiment = Experiment::new("hours", 2);
    let often = usize::try_from(experiment.count).expect("a count");
    let mut day = Day::begin();
    let crontab = day.crontab(often);
    assert!(crontab.jobs.len() > 8, "not every upstream is scheduled");
    let mut watch = Watch::default();
    for hour in 0..24 {
        let mut incidents = Incident::of(hour);
        for minute in 0..60 {
            for job in crontab.due(hour, minute) {
                day.advance_to(hour, minute);
                if minute == 0 {
                    day.operate(&format!("users emit user.created --user-id {} --username u{hour}", day.user()));
                }
                let place = incidents.iter().position(|incident| job.command.contains(incident.job));
                let met = place.map(|place| incidents.remove(place));
                if let Some(met) = met {
                    (met.begin)(&mut day);
                }
                let heard = day.run(&job);
                let at = format!("{hour}:{minute:02} {} ({})", job.command, met.map_or("good", |met| met.name));
                if let Some(met) = met {
                    (met.end)(&mut day);
                }
                watch.check(&day, &job, met.map_or(Expected::Good, |met| met.expected), &heard, &at);
            }
        }
        assert!(incidents.is_empty(), "nothing of {hour}:00 met its fault");
    }
    watch.check_totals(&Seen::of(&day), "in the end");
    watch.check_end(&day);
    let Watch { runs, mails, messages, .. } = &watch;
    experiment.report(&format!(
        "24 hours, {runs} runs, {} incidents, {mails} mails, {messages} messages; every failure was heard once by each, 0 \
         bytes of good runs",
        plan::INCIDENTS.len(),
    ));
}

/// What was heard so far, and so what has to be.
#[derive(Default)]
struct Watch {
    runs: u64,
    mails: u64,
    messages: u64,
    /// How many records `records list --failed` has.
    failed_records: u64,
    /// How many runs ended how, those that ended well left out.
    endings: BTreeMap<String, u64>,
    /// The syncs whose failure the receiver was sent, with no recovery yet.
    failing: BTreeSet<(String, String)>,
    /// The sync whose last run died.
    died: Option<(String, String)>,
    /// The next run of any sync finds that out.
    is_death_new: bool,
}

impl Watch {
    fn check(&mut self, day: &Day, job: &Job, expected: Expected, heard: &Heard, at: &str) {
        self.runs += 1;
        self.mails += u64::from(!heard.mail.is_empty());
        self.messages += heard.messages.len() as u64;
        if std::mem::take(&mut self.is_death_new) {
            self.count("died");
        }
        let Some((sync, sync_type)) = job.sync() else {
            heard.expect_silence(0, at);
            return;
        };
        let key = (sync.to_owned(), sync_type.to_owned());
        if self.died.as_ref() == Some(&key) {
            self.died = None;
            assert_eq!(expected, Expected::Good, "{at}: the plan leaves the run after a death alone");
            Self::check_report_of_death(heard, &key, at);
            return;
        }
        match expected {
            Expected::Good => {
                heard.expect_silence(0, at);
                match heard.events()[..] {
                    [] => {}
                    ["recovered"] if self.failing.remove(&key) => {}
                    _ => panic!("{at}: {:#?}", heard.messages),
                }
            }
            Expected::Failure(code) | Expected::Uncalled(code) => {
                heard.expect_mail(code, at);
                let record = self.check_record(&Seen::of(day), &key, code, at);
                let named = heard.mail.matches(&format!("\nrecord {record}: `tongbu records show {record}`\n")).count();
                assert_eq!(named, 1, "{at}: {}", heard.mail);
                let warnings = heard.mail.lines().filter(|line| line.starts_with("warning: cannot ")).count();
                if matches!(expected, Expected::Failure(_)) {
                    heard.expect_call(&key, code, Some(record), at);
                    assert_eq!(warnings, 0, "{at}: {}", heard.mail);
                } else {
                    assert!(heard.messages.is_empty(), "{at}: {:#?}", heard.messages);
                    assert_eq!(warnings, 1, "{at}: {}", heard.mail);
                }
                self.failing.insert(key);
            }
            Expected::Unrecorded(code) => {
                heard.expect_mail(code, at);
                heard.expect_call(&key, code, None, at);
            }
            Expected::MailOnly(code) => {
                heard.expect_mail(code, at);
                assert!(heard.messages.is_empty() && heard.alarms.is_empty(), "{at}: {heard:#?}");
            }
            Expected::Conflict => {
                heard.expect_mail(11, at);
                assert!(heard.messages.is_empty(), "{at}: {heard:#?}");
                self.count("locked");
            }
            Expected::Warning => {
                assert_eq!(heard.outcome.code, Some(0), "{at}: {heard:#?}");
                assert!(heard.mail.starts_with("warning: cannot ping "), "{at}: {}", heard.mail);
                assert!(heard.messages.is_empty(), "{at}: {heard:#?}");
            }
            Expected::Death => {
                assert!(heard.mail.is_empty() && heard.messages.is_empty(), "{at}: {heard:#?}");
                assert_eq!(heard.outcome.signal, Some(9), "{at}: {heard:#?}");
                self.failed_records += 1;
                let seen = Seen::of(day);
                let row = seen.state_of(&key);
                assert_eq!(
                    (&row["last_status"], &row["consecutive_failures"]),
                    (&"died".into(), &1.into()),
                    "{at}: {row:#}"
                );
                assert!(row["last_reason"].is_string(), "{at}: {row:#}");
                assert_eq!(seen.value_of("tongbu_last_died", &key), Some(1.0), "{at}");
                self.check_totals(&seen, at);
                (self.died, self.is_death_new) = (Some(key), true);
                return;
            }
        }
        if matches!(expected, Expected::Unrecorded(_) | Expected::MailOnly(_) | Expected::Conflict | Expected::Warning)
        {
            self.check_totals(&Seen::of(day), at);
        }
    }

    /// The run after one that died: it is good itself, and says what became of the one before.
    fn check_report_of_death(heard: &Heard, key: &(String, String), at: &str) {
        assert_eq!(heard.outcome.code, Some(0), "{at}: {heard:#?}");
        assert_eq!(heard.mail.lines().filter(|line| line.starts_with("warning: ")).count(), 1, "{at}: {}", heard.mail);
        assert!(heard.mail.contains("died") && heard.mail.contains("records show"), "{at}: {}", heard.mail);
        assert_eq!(heard.events(), ["failed", "recovered"], "{at}: {:#?}", heard.messages);
        let message = &heard.messages[0];
        assert_eq!(
            (&message["sync"], &message["sync_type"]),
            (&key.0[..].into(), &key.1[..].into()),
            "{at}: {message:#}"
        );
        assert_eq!(message["status"], "died", "{at}: {message:#}");
    }

    /// The failure is the newest of the failed records, and what `status` and the metrics show of its sync; its number.
    fn check_record(&mut self, seen: &Seen, key: &(String, String), code: i32, at: &str) -> i64 {
        let record = &seen.failed["records"][0];
        let id = record["id"].as_i64().unwrap_or_default();
        assert_eq!((&record["sync"], &record["sync_type"]), (&key.0[..].into(), &key.1[..].into()), "{at}: {record:#}");
        assert_eq!(record["exit_code"], code, "{at}: {record:#}");
        assert_eq!(record["is_read"], false, "{at}: {record:#}");
        let row = seen.state_of(key);
        assert_eq!((&row["last_record_id"], &row["last_exit_code"]), (&id.into(), &code.into()), "{at}: {row:#}");
        assert_eq!(row["consecutive_failures"], 1, "{at}: {row:#}");
        assert!(row["last_reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{at}: {row:#}");
        assert_eq!(seen.value_of("tongbu_last_exit_code", key), Some(f64::from(code)), "{at}");
        assert_eq!(seen.value_of("tongbu_consecutive_failures", key), Some(1.0), "{at}");
        self.failed_records += 1;
        self.count(record["exit_name"].as_str().unwrap_or_default());
        self.check_totals(seen, at);
        id
    }

    fn count(&mut self, ending: &str) {
        *self.endings.entry(ending.to_owned()).or_default() += 1;
    }

    /// Nothing else failed, by the records and by the metrics.
    fn check_totals(&self, seen: &Seen, at: &str) {
        assert_eq!(seen.failed["total"], self.failed_records, "{at}");
        let mut endings = BTreeMap::new();
        for line in seen.metrics.lines().filter(|line| line.starts_with("tongbu_runs_total{")) {
            let (labels, value) = line.rsplit_once(' ').expect("a sample");
            let ending = labels.split("exit=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("its label");
            if ending != "ok" {
                let whole = value.split('.').next().unwrap_or_default();
                *endings.entry(ending.to_owned()).or_insert(0) += whole.parse::<u64>().expect("a count");
            }
        }
        assert_eq!(endings, self.endings, "{at}");
    }

    /// Everything is well again but for what has not run since.
    fn check_end(&self, day: &Day) {
        day.sandbox.database().assert_consistent();
        let left: Vec<_> = self.failing.iter().map(|(_, sync_type)| sync_type.as_str()).collect();
        assert_eq!(left, ["historical"], "these did not recover");
        for row in day.ask("status")["syncs"].as_array().expect("rows") {
            let expected = i32::from(row["sync_type"] == "historical");
            assert_eq!(row["consecutive_failures"], expected, "{row:#}");
        }
    }
}

impl Heard {
    /// Neither cron nor the watchdog has anything to say.
    fn expect_silence(&self, code: i32, at: &str) {
        assert_eq!(self.outcome.code, Some(code), "{at}: {self:#?}");
        assert_eq!(self.mail, "", "{at}");
        assert!(self.alarms.is_empty(), "{at}: {:?}", self.alarms);
    }

    /// One mail, with one error.
    fn expect_mail(&self, code: i32, at: &str) {
        assert_eq!(self.outcome.code, Some(code), "{at}: {self:#?}");
        assert_eq!(self.mail.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{at}: {}", self.mail);
    }

    /// The watchdog and the receiver of notifications know, by one message each.
    fn expect_call(&self, (sync, sync_type): &(String, String), code: i32, record: Option<i64>, at: &str) {
        assert_eq!(self.alarms, [format!("/watchdog/{sync}-{sync_type}/fail")], "{at}");
        assert_eq!(self.events(), ["failed"], "{at}: {:#?}", self.messages);
        let message = &self.messages[0];
        assert_eq!(
            (&message["sync"], &message["sync_type"]),
            (&sync[..].into(), &sync_type[..].into()),
            "{at}: {message:#}"
        );
        assert_eq!((&message["exit_code"], message["record_id"].as_i64()), (&code.into(), record), "{at}: {message:#}");
    }

    fn events(&self) -> Vec<&str> {
        self.messages.iter().map(|message| message["event"].as_str().unwrap_or_default()).collect()
    }
}

/// What an operator sees: `status`, the newest of the failed records and their number, the metrics.
struct Seen {
    status: Value,
    failed: Value,
    metrics: String,
}

impl Seen {
    fn of(day: &Day) -> Self {
        let failed = day.ask("records list --failed --per-page 1");
        Self { status: day.ask("status"), failed, metrics: day.operate("metrics").stdout }
    }

    /// The row of the sync in `status`.
    fn state_of(&self, (sync, sync_type): &(String, String)) -> &Value {
        let mut rows = self.status["syncs"].as_array().expect("rows").iter();
        let row = rows.find(|row| row["sync"] == sync[..] && row["sync_type"] == sync_type[..]);
        row.unwrap_or_else(|| panic!("{sync}/{sync_type} is not in {:#}", self.status))
    }

    /// The sample of the metric for the sync.
    fn value_of(&self, name: &str, (sync, sync_type): &(String, String)) -> Option<f64> {
        let sample = format!("{name}{{sync=\"{sync}\",sync_type=\"{sync_type}\"}} ");
        self.metrics.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok())
    }
}
