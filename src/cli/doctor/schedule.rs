//! Whether what is configured is scheduled here, and whether its schedule was kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};

use super::finding::{Check, Finding};
use crate::config::Config;
use crate::config::env::{self, Environment};
use crate::store::records::Filter;
use crate::store::{Store, Trigger};
use crate::upstreams;

const DAY_MINUTES: i64 = 24 * 60;

/// A scheduled run may begin this much late: cron wakes once a minute, timers spread theirs.
const TOLERANCE_MINUTES: i64 = 15;

/// One line of a crontab, or one timer of systemd, that runs tongbu.
struct Job {
    /// The words of the command, or the name of the timer.
    command: String,
    /// The longest time between two runs; `None` where that is not known from the line.
    gap_minutes: Option<i64>,
}

/// One finding for each configured upstream; one for all where nothing is scheduled here.
pub fn check_schedule(config: &Config, store: Option<&Store>, now: Timestamp) -> Vec<Finding> {
    let jobs: Vec<Job> = crontabs().iter().flat_map(|text| jobs_of(text)).chain(timers()).collect();
    let configured: Vec<_> = upstreams::all().filter(|known| config.has_section(known.name)).collect();
    if jobs.is_empty() && !configured.is_empty() {
        let found = "no crontab and no timer of systemd here runs tongbu";
        let hint = "print one with `tongbu generate cron` or `tongbu generate systemd`";
        return vec![Finding::warning(Check::Schedule, found, hint)];
    }
    configured.iter().map(|known| check_one(known.name, &jobs, store, now).of(known.name)).collect()
}

fn check_one(sync: &str, jobs: &[Job], store: Option<&Store>, now: Timestamp) -> Finding {
    let Some(job) = jobs.iter().filter(|job| job.runs(sync)).min_by_key(|job| job.gap_minutes.unwrap_or(DAY_MINUTES))
    else {
        let hint = "add a job as `tongbu generate cron` prints it";
        return Finding::warning(Check::Schedule, "no crontab and no timer here runs it", hint);
    };
    let hint = "look at cron's mail, `systemctl status cron` and `systemctl list-timers`";
    let filter = Filter { sync: Some(sync.to_owned()), trigger: Some(Trigger::Auto), ..Filter::default() };
    let page = store.and_then(|store| store.load_page(&filter, 1, 1).ok());
    let Some(last) = page.and_then(|page| page.records.into_iter().next()) else {
        return Finding::warning(Check::Schedule, format!("scheduled, and never ran by it: {}", job.command), hint);
    };
    let begun = last.updated_at.max(last.start_time);
    let late = |gap| now.duration_since(begun) > SignedDuration::from_mins(2 * gap + TOLERANCE_MINUTES);
    if job.gap_minutes.is_some_and(late) {
        return Finding::warning(Check::Schedule, format!("scheduled, but it last ran by it at {begun}"), hint);
    }
    Finding::ok(Check::Schedule, format!("last ran by its schedule at {begun}"))
}

impl Job {
    fn runs(&self, sync: &str) -> bool {
        let words: Vec<&str> = self.command.split_whitespace().collect();
        words.windows(2).any(|pair| pair[0] == "sync" && (pair[1] == sync || pair[1] == "all"))
    }
}

/// The crontab of this user and those of the system, as far as they can be read.
fn crontabs() -> Vec<String> {
    let own = Command::new("crontab").arg("-l").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let own = own.into_iter().filter(|output| output.status.success());
    let own = own.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let system = std::iter::once(PathBuf::from("/etc/crontab")).chain(files_below(Path::new("/etc/cron.d")));
    own.chain(system.filter_map(|path| fs::read_to_string(path).ok())).collect()
}

fn jobs_of(crontab: &str) -> Vec<Job> {
    let lines = crontab.lines().map(str::trim).filter(|line| !line.starts_with('#') && line.contains("tongbu"));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            Job { command: fields.iter().skip(5).copied().collect::<Vec<_>>().join(" "), gap_minutes: gap(&fields) }
        })
        .collect()
}

/// The timers of systemd that are enabled: `tongbu@fairing.timer`, `tongbu@tasks-today.timer`.
fn timers() -> Vec<Job> {
    let environment = Environment::process();
    let own = environment.directory(env::XDG_CONFIG_HOME);
    let own = own.or_else(|| Some(environment.directory(env::HOME)?.join(".config")));
    let folders = [Some(PathBuf::from("/etc")), own].into_iter().flatten().zip(["systemd/system", "systemd/user"]);
    let files = folders.flat_map(|(base, below)| files_below(&base.join(below).join("timers.target.wants")));
    files
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("tongbu@")?.strip_suffix(".timer")?.to_owned();
            let sync = name.split('-').next().unwrap_or_default();
            Some(Job { command: format!("tongbu@{name}.timer sync {sync}"), gap_minutes: None })
        })
        .collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The longest time between two runs of a line whose days are all alike.
fn gap(fields: &[&str]) -> Option<i64> {
    let [minute, hour, "*", "*", "*", ..] = fields else { return None };
    let (minutes, hours) = (numbers(minute, 60)?, numbers(hour, 24)?);
    let times: Vec<i64> = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect();
    let first = times.first()?;
    let next = times.iter().skip(1).copied().chain([first + DAY_MINUTES]);
    times.iter().zip(next).map(|(time, next)| next - time).max()
}

/// The numbers below `end` that a field of a crontab means, ascending.
fn numbers(field: &str, end: i64) -> Option<Vec<i64>> {
    let mut numbers = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step: usize = step.parse().ok().filter(|step| *step > 0)?;
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (0, end - 1),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None => (range.parse().ok()?, range.parse().ok()?),
        };
        numbers.extend((from..=to).step_by(step).filter(|number| (0..end).contains(number)));
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::jobs_of;

    fn check(line: &str, sync: &str, expected: Option<i64>) {
        let jobs = jobs_of(line);
        assert!(jobs.iter().any(|job| job.runs(sync)), "{line}");
        assert_eq!(jobs[0].gap_minutes, expected, "{line}");
    }

    #[test]
    fn longest_gap_of_a_line_is_found() {
        check("7 * * * * sync tongbu sync fairing -q", "fairing", Some(60));
        check("* * * * * tongbu sync users", "users", Some(1));
        check("3-59/5 * * * * tongbu sync users", "users", Some(5));
        check("0 1,10,15,21 * * * tongbu sync tasks --window historical", "tasks", Some(540));
        check("30 */8 * * * /opt/tongbu --db /x.db sync all", "douban", Some(480));
        check("30 4 * * 1 tongbu sync douban", "douban", None);
        check("@hourly tongbu tongbu tongbu tongbu sync fairing", "fairing", None);
        assert!(jobs_of("#7 * * * * tongbu sync fairing\n7 * * * * backup\n").is_empty());
    }
}
