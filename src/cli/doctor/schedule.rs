//! Whether what is configured is scheduled here, and whether its schedule was kept.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::finding::{Check, Finding};
use crate::cli::installed::{self, Job};
use crate::config::Config;
use crate::present::Style;
use crate::store::records::Filter;
use crate::store::{HOST, Store, Trigger};
use crate::upstreams;

/// How often a job is taken to run whose times are not known.
const DAY_MINUTES: i64 = 24 * 60;

/// A scheduled run may begin this much late: cron wakes once a minute, timers spread theirs.
const TOLERANCE_MINUTES: i64 = 15;

/// Where cron looks for what delivers its mail.
const SENDMAIL: &str = "/usr/sbin/sendmail";

/// One finding for each configured upstream; one for all where nothing is scheduled here, or nobody runs the schedule.
pub fn check_schedule(config: &Config, store: Option<&Store>, style: &Style) -> Vec<Finding> {
    let jobs = installed::jobs(config);
    let configured: Vec<_> = upstreams::all().filter(|known| known.is_in_use(config)).collect();
    if jobs.is_empty() && !configured.is_empty() {
        let found = "no crontab and no timer of systemd here runs tongbu";
        let hint = "print one with `tongbu generate cron` or `tongbu generate systemd`";
        return vec![Finding::warning(Check::Schedule, found, hint)];
    }
    let mut findings = Vec::new();
    if installed::is_cron_missing(&jobs) {
        let hint = "start it (`systemctl enable --now cron`), or install it first (`apt-get install cron`)";
        findings.push(Finding::warning(Check::Schedule, "a crontab runs tongbu, and no cron is running", hint));
    }
    findings.extend(configured.iter().map(|known| check_one(known.name, &jobs, store, style).of(known.name)));
    findings
}

/// Whether what a failed job prints reaches anybody. Timers send no mail: systemd's journal keeps what they print.
pub fn check_mail(config: &Config) -> Option<Finding> {
    let crontabs = installed::crontabs_with_jobs();
    if crontabs.is_empty() {
        return None;
    }
    let is_silent = |text: &String| {
        text.lines().any(|line| matches!(line.replace(' ', "").as_str(), "MAILTO=" | "MAILTO=\"\"" | "MAILTO=''"))
    };
    let found = if crontabs.iter().any(is_silent) {
        "`MAILTO` is empty in the crontab: what a failed job prints is thrown away".to_owned()
    } else if !Path::new(SENDMAIL).exists() {
        format!("there is no `{SENDMAIL}`: cron throws away what a failed job prints")
    } else {
        return Some(Finding::ok(Check::Mail, format!("cron hands what a failed job prints to `{SENDMAIL}`")));
    };
    if !config.settings().monitor.notify.is_empty() {
        return Some(Finding::ok(Check::Mail, format!("{found}; `[[monitor.notify]]` reports failures")));
    }
    let hint = "install a mail system (Debian: `exim4-daemon-light` or `msmtp-mta`), or add a `[[monitor.notify]]`";
    Some(Finding::warning(Check::Mail, found, hint))
}

fn check_one(sync: &str, jobs: &[Job], store: Option<&Store>, style: &Style) -> Finding {
    let Some(job) =
        jobs.iter().filter(|job| job.runs(sync, None)).min_by_key(|job| job.gap_minutes().unwrap_or(DAY_MINUTES))
    else {
        let hint = "add a job as `tongbu generate cron` prints it";
        return Finding::warning(Check::Schedule, "no crontab and no timer here runs it", hint);
    };
    let hint = "look at cron's mail, `systemctl status cron` and `systemctl list-timers`";
    let is_late = |since: Timestamp| {
        let gap = job.gap_minutes().unwrap_or(DAY_MINUTES);
        style.now.duration_since(since) > SignedDuration::from_mins(2 * gap + TOLERANCE_MINUTES)
    };
    let filter = Filter { sync: Some(sync.to_owned()), trigger: Some(Trigger::Auto), ..Filter::default() };
    let page = store.and_then(|store| store.load_page(&filter, 1, 1).ok());
    let last = page.and_then(|page| page.records.into_iter().next());
    // A run on another machine, or from before this schedule, was none of its runs.
    let begun = last.filter(|last| last.host == *HOST).map(|last| last.updated_at.max(last.start_time));
    let Some(begun) = begun.filter(|begun| job.since.is_none_or(|since| since <= *begun)) else {
        return match job.since.filter(|since| !is_late(*since)) {
            Some(since) => Finding::ok(Check::Schedule, format!("made at {}, not due yet", style.local(since))),
            None => Finding::warning(Check::Schedule, format!("scheduled, and never ran by it: {}", job.command), hint),
        };
    };
    if job.gap_minutes().is_some() && is_late(begun) {
        let found = format!("scheduled, but it last ran by it at {}", style.local(begun));
        return Finding::warning(Check::Schedule, found, hint);
    }
    Finding::ok(Check::Schedule, format!("last ran by its schedule at {}", style.local(begun)))
}
