//! What cron and systemd run on this machine: its jobs, and when each is due.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::schedule;
use crate::config::Config;
use crate::config::env::{self, Environment};

const DAY_MINUTES: i64 = 24 * 60;

/// One line of a crontab, or one timer of systemd, that runs tongbu.
#[derive(Debug)]
pub struct Job {
    /// The words of the command, or the name of the timer with the words of its command.
    pub command: String,
    /// When it runs, where its days are all alike.
    times: Option<Times>,
    /// When its file was changed last, where that can be seen.
    pub since: Option<Timestamp>,
    by: Scheduler,
}

/// Who starts a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheduler {
    Cron,
    Systemd,
}

/// A crontab's text, and when it was changed last, where that can be seen.
type Crontab = (String, Option<Timestamp>);

/// Each of these minutes of each of these hours, both ascending.
#[derive(Debug)]
struct Times {
    minutes: Vec<i8>,
    hours: Vec<i8>,
}

/// Every job here, as far as it can be seen.
pub fn jobs(config: &Config) -> Vec<Job> {
    crontabs().iter().flat_map(jobs_of).chain(timers(config)).collect()
}

/// The names of programs that run crontabs.
const CRON_DAEMONS: [&str; 6] = ["cron", "crond", "anacron", "bcron-sched", "cronie", "fcron"];

/// Where systemd runs crontabs by itself.
const CRONTAB_GENERATOR: &str = "/usr/lib/systemd/system-generators/systemd-crontab-generator";

/// Whether these jobs wait for a cron that does not run. Where other users' processes cannot be seen, nothing is known.
pub fn is_cron_missing(jobs: &[Job]) -> bool {
    let needs_cron = jobs.iter().any(|job| job.by == Scheduler::Cron);
    let name_of = |process: &Path| fs::read_to_string(process.join("comm")).ok();
    if !needs_cron || Path::new(CRONTAB_GENERATOR).exists() || name_of(Path::new("/proc/1")).is_none() {
        return false;
    }
    let mut names = files_below(Path::new("/proc")).into_iter().filter_map(|process| name_of(&process));
    !names.any(|name| CRON_DAEMONS.contains(&name.trim_end()))
}

impl Job {
    /// Whether it runs that sync; with a type, whether it runs that type of it.
    pub fn runs(&self, sync: &str, sync_type: Option<&str>) -> bool {
        // What joins commands is no part of a word.
        let words = self.command.split_whitespace().map(|word| word.trim_matches([';', '&', '|', '(', ')', '\'', '"']));
        let words: Vec<&str> = words.collect();
        let after = |word: &'static str| words.windows(2).filter(move |pair| pair[0] == word).map(|pair| pair[1]);
        let window = after("--window").next();
        let is_type = window.is_none() || sync_type.is_none() || window == sync_type;
        after("sync").any(|of| of == "all" || (of == sync && is_type))
    }

    /// The longest time between two runs, in minutes.
    pub fn gap_minutes(&self) -> Option<i64> {
        let times = self.times.as_ref()?;
        let in_day: Vec<i64> = times.in_day().map(|(hour, minute)| i64::from(hour) * 60 + i64::from(minute)).collect();
        let next = in_day.iter().skip(1).copied().chain([in_day.first()? + DAY_MINUTES]);
        in_day.iter().zip(next).map(|(time, next)| next - time).max()
    }

    /// When it runs first at that instant or later.
    pub fn next(&self, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let times = self.times.as_ref()?;
        let today = from.to_zoned(zone.clone()).date();
        [today, today.checked_add(1.day()).ok()?].into_iter().find_map(|day| {
            let instants = times.in_day().filter_map(|(hour, minute)| {
                let at = day.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?;
                Some(at.timestamp())
            });
            instants.filter(|at| *at >= from).min()
        })
    }
}

impl Times {
    /// The minute and the hour of a crontab, or of a timer that `generate systemd` made.
    fn parse(minute: &str, hour: &str) -> Option<Self> {
        Some(Self { minutes: numbers(minute, 60)?, hours: numbers(hour, 24)? })
    }

    fn in_day(&self) -> impl Iterator<Item = (i8, i8)> {
        self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)))
    }
}

/// The crontabs with a job of ours.
pub fn crontabs_with_jobs() -> Vec<String> {
    crontabs().into_iter().filter(|crontab| !jobs_of(crontab).is_empty()).map(|(text, _)| text).collect()
}

/// The crontab of this user, where there is one.
pub fn own_crontab() -> Option<String> {
    let listed = Command::new("crontab").arg("-l").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let listed = listed.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&listed.stdout).into_owned())
}

/// The crontab of this user and those of the system, as far as they can be read.
fn crontabs() -> Vec<Crontab> {
    let own = own_crontab().map(|text| (text, None)).into_iter();
    let system = std::iter::once(PathBuf::from("/etc/crontab")).chain(files_below(Path::new("/etc/cron.d")));
    own.chain(system.filter_map(|path| Some((fs::read_to_string(&path).ok()?, changed_at(&path))))).collect()
}

fn changed_at(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(path.metadata().ok()?.modified().ok()?).ok()
}

fn jobs_of((crontab, since): &Crontab) -> Vec<Job> {
    let lines = crontab.lines().map(str::trim).filter(|line| !line.starts_with('#') && line.contains("tongbu"));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (times, width) = match fields[..] {
                ["@hourly", ..] => (Times::parse("0", "*"), 1),
                ["@daily" | "@midnight", ..] => (Times::parse("0", "0"), 1),
                [word, ..] if word.starts_with('@') => (None, 1),
                [minute, hour, "*", "*", "*", ..] => (Times::parse(minute, hour), 5),
                _ => (None, 5),
            };
            let command = fields.iter().skip(width).copied().collect::<Vec<_>>().join(" ");
            Job { command, times, since: *since, by: Scheduler::Cron }
        })
        .collect()
}

/// The timers of systemd that are enabled: `tongbu@fairing.timer`, `tongbu@tasks-today.timer`.
fn timers(config: &Config) -> Vec<Job> {
    let environment = Environment::process();
    let own = environment.directory(env::XDG_CONFIG_HOME);
    let own = own.or_else(|| Some(environment.directory(env::HOME)?.join(".config")));
    let folders = [Some(PathBuf::from("/etc")), own].into_iter().flatten().zip(["systemd/system", "systemd/user"]);
    let files: Vec<_> =
        folders.flat_map(|(base, below)| files_below(&base.join(below).join("timers.target.wants"))).collect();
    if files.is_empty() {
        return Vec::new();
    }
    let entries: Vec<_> = schedule::groups(config).into_iter().flat_map(|group| group.entries).collect();
    files
        .iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("tongbu@")?.strip_suffix(".timer")?;
            let known = entries.iter().find(|entry| entry.name == name).map(|entry| entry.command.clone());
            let command = known.unwrap_or_else(|| format!("sync {}", name.split('-').next().unwrap_or_default()));
            let times = fs::read_to_string(path).ok().and_then(|unit| times_of_timer(&unit));
            let command = format!("tongbu@{name}.timer {command}");
            Some(Job { command, times, since: changed_at(path), by: Scheduler::Systemd })
        })
        .collect()
}

/// The only calendar of a timer: `*-*-* 09..23:37:00`.
fn times_of_timer(unit: &str) -> Option<Times> {
    let mut calendars = unit.lines().filter_map(|line| line.strip_prefix("OnCalendar="));
    let calendar = calendars.next().filter(|_| calendars.next().is_none())?;
    let (hour, rest) = calendar.strip_prefix("*-*-* ")?.split_once(':')?;
    Times::parse(&rest.strip_suffix(":00")?.replace("..", "-"), &hour.replace("..", "-"))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The numbers below `end` that a field means, ascending.
fn numbers(field: &str, end: i8) -> Option<Vec<i8>> {
    let mut numbers = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, ""));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (0, end - 1),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            // A step without an end goes on to the last.
            None => (range.parse().ok()?, if step.is_empty() { range.parse().ok()? } else { end - 1 }),
        };
        let step = if step.is_empty() { 1 } else { step.parse::<usize>().ok().filter(|step| *step > 0)? };
        numbers.extend((from..=to).step_by(step).filter(|number| (0..end).contains(number)));
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Job, jobs_of, times_of_timer};

    fn jobs_in(crontab: &str) -> Vec<Job> {
        jobs_of(&(crontab.to_owned(), None))
    }

    fn check(line: &str, sync: &str, gap: Option<i64>, next: Option<&str>) {
        let jobs = jobs_in(line);
        assert!(jobs.iter().any(|job| job.runs(sync, None)), "{line}");
        assert_eq!(jobs[0].gap_minutes(), gap, "{line}");
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let found = jobs[0].next("2026-03-04T15:59:30Z".parse().unwrap(), &zone);
        assert_eq!(found.map(|at| at.to_zoned(zone).strftime("%d %H:%M").to_string()).as_deref(), next, "{line}");
    }

    #[test]
    fn longest_gap_and_next_run_of_a_line_are_found() {
        check("7 * * * * sync tongbu sync fairing -q", "fairing", Some(60), Some("05 00:07"));
        check("* * * * * tongbu sync users", "users", Some(1), Some("05 00:00"));
        check("3-59/5 * * * * tongbu sync users", "users", Some(5), Some("05 00:03"));
        check("0 1,10,15,21 * * * tongbu sync tasks --window historical", "tasks", Some(540), Some("05 01:00"));
        check("30 */8 * * * /opt/tongbu --db /x.db sync all", "douban", Some(480), Some("05 00:30"));
        check("30 4 * * 1 tongbu sync douban", "douban", None, None);
        check("@hourly root tongbu sync fairing -q", "fairing", Some(60), Some("05 00:00"));
        check("@daily tongbu sync fairing", "fairing", Some(1440), Some("05 00:00"));
        check("@reboot tongbu sync fairing", "fairing", None, None);
        check("7 * * * * cd /srv; tongbu sync fairing; tongbu sync douban", "douban", Some(60), Some("05 00:07"));
        assert!(jobs_in("#7 * * * * tongbu sync fairing\n7 * * * * backup\n").is_empty());
    }

    #[test]
    fn type_of_a_job_is_its_window() {
        let check = |line: &str, sync_type: &str, expected: bool| {
            assert_eq!(jobs_in(line)[0].runs("tasks", Some(sync_type)), expected, "{line} {sync_type}");
        };
        check("7 * * * * tongbu sync tasks --window today", "today", true);
        check("7 * * * * tongbu sync tasks --window today", "historical", false);
        check("7 * * * * tongbu sync all", "historical", true);
    }

    #[test]
    fn calendar_of_a_timer_is_read() {
        let check = |calendar: &str, expected: Option<(usize, usize)>| {
            let times = times_of_timer(&format!("[Timer]\nOnCalendar={calendar}\nRandomizedDelaySec=10s\n"));
            assert_eq!(times.map(|times| (times.hours.len(), times.minutes.len())), expected, "{calendar}");
        };
        check("*-*-* *:07:00", Some((24, 1)));
        check("*-*-* 09..23:37:00", Some((15, 1)));
        check("*-*-* 02,10,18:03..59/5:00", Some((3, 12)));
        check("*-*-* *:00/5:00", Some((24, 12)));
        check("Mon *-*-* 04:30:00", None);
        check("hourly", None);
    }
}
