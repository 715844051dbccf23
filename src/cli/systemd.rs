//! `generate systemd`: a service template, and a timer for each job.

use std::path::Path;

use super::error::Error;
use super::examples;
use super::schedule::{Entry, Group, Program, word};
use crate::config::Config;

/// The instance's name is its job's; [`sync_of`] is what the template does with it.
const TEMPLATE: &str = "tongbu@.service";

/// A unit file by its path below `/etc/systemd/system`.
pub type Unit = (String, String);

/// The template, and the units of what is active.
pub fn render(config: &Config, groups: &[Group], program: &Program, user: &str) -> Result<Vec<Unit>, Error> {
    let mut units = vec![(TEMPLATE.to_owned(), template(config, program, user)?)];
    for group in groups.iter().filter(|group| group.is_active) {
        for entry in &group.entries {
            if entry.command != sync_of(&entry.name) {
                units.push((format!("tongbu@{}.service.d/job.conf", entry.name), job(entry)));
            }
            units.push((format!("tongbu@{}.timer", entry.name), timer(group.about, entry)));
        }
    }
    Ok(units)
}

/// What the template runs unless a drop-in says otherwise.
fn sync_of(instance: &str) -> String {
    format!("sync {instance} --trigger auto -q")
}

fn template(config: &Config, program: &Program, user: &str) -> Result<String, Error> {
    let (path, flags, sync) = (&program.path, &program.flags, examples::fill("{sync}"));
    // systemd sets the directory's mode at every start: a group that may use the database keeps its way to it.
    let (folder, mask) = match config.settings().database_mode.map(|mode| mode.0 & 0o066) {
        None | Some(0) => ("0700", "0077"),
        Some(shared) if shared & 0o020 == 0 => ("2750", "0027"),
        Some(_) => ("2770", "0007"),
    };
    let mut writable = String::new();
    if let Some(folder) = program.database.as_deref().and_then(Path::parent) {
        writable = format!("ReadWritePaths={}\n", word(folder)?);
    }
    Ok(format!(
        "\
# One pass of tongbu: `systemctl start tongbu@{sync}` makes one now, `systemctl list-timers 'tongbu@*'` shows the next.
# Made by `tongbu generate systemd`; changes are best made with `systemctl edit tongbu@.service`.

[Unit]
Description=tongbu %i
Documentation=man:tongbu(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
# What is run; a job that is no plain sync has its own in tongbu@JOB.service.d/.
Environment=\"TONGBU_JOB={}\"
ExecStart={path}{flags} $TONGBU_JOB
# Longer than --max-runtime is by itself. SIGTERM ends a run in good order.
TimeoutStartSec=75min

# The database is /var/lib/tongbu/tongbu.db unless the configuration, --db or TONGBU_DB names another.
StateDirectory=tongbu
StateDirectoryMode={folder}
Environment=XDG_STATE_HOME=/var/lib
LogsDirectory=tongbu
UMask={mask}
{writable}# Other files it writes (a log, metrics, another database) need their directories here.
#ReadWritePaths=/var/lib/node_exporter

# A secret {{ credential = \"{sync}-token\" }} in the configuration is read from here by root, and only for this service.
#LoadCredential={sync}-token:/etc/tongbu/credentials/{sync}-token

# A {{ command = \"…\" }} for a secret, or of [[monitor.notify]], runs behind these walls too.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
",
        sync_of("%i")
    ))
}

fn job(Entry { name, command, .. }: &Entry) -> String {
    format!("# What tongbu@{name}.service runs.\n[Service]\nEnvironment=\"TONGBU_JOB={command}\"\n")
}

fn timer(about: &str, Entry { name, times, .. }: &Entry) -> String {
    let (calendar, delay) = (calendar(times), delay(times));
    format!(
        "\
# {about}
[Unit]
Description=When tongbu@{name}.service is due

[Timer]
OnCalendar={calendar}
# The same for every run of this timer, so that none comes before its minimum interval is over.
RandomizedDelaySec={delay}s
FixedRandomDelay=yes
AccuracySec=1s
# What was missed while the machine was off is made up for.
Persistent=true

[Install]
WantedBy=timers.target
"
    )
}

/// The times of a crontab as systemd writes them.
fn calendar(times: &str) -> String {
    let mut fields = times.split(' ').map(|field| field.split(',').map(part).collect::<Vec<_>>().join(","));
    let (minutes, hours) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    format!("*-*-* {hours}:{minutes}:00")
}

/// `*`, `7`, `9-23` or `3-59/5`.
fn part(text: &str) -> String {
    let (span, step) = text.split_once('/').unwrap_or((text, ""));
    let span = match span.split_once('-') {
        Some((from, to)) => format!("{from:0>2}..{to:0>2}"),
        None if span == "*" && step.is_empty() => "*".to_owned(),
        None if span == "*" => "00".to_owned(),
        None => format!("{span:0>2}"),
    };
    if step.is_empty() { span } else { format!("{span}/{step}") }
}

/// Spreads machines that share a schedule, in seconds: by less than two of its times lie apart.
fn delay(times: &str) -> u64 {
    let is_within_the_hour = times.split(' ').next().is_some_and(|minutes| minutes.contains(['*', '/', ',', '-']));
    if is_within_the_hour { 10 } else { 120 }
}

#[cfg(test)]
mod tests {
    use super::{calendar, delay};
    use crate::config::Config;
    use crate::upstreams::{self, INTERVAL_SLACK};

    fn check(times: &str, expected: &str, expected_delay: u64) {
        assert_eq!((calendar(times).as_str(), delay(times)), (expected, expected_delay));
    }

    /// Even where each run is delayed at random: the units of earlier versions were by up to five minutes.
    #[test]
    fn no_delay_brings_a_run_before_its_minimum_interval_is_over() {
        let config = Config::defaults();
        for known in upstreams::all() {
            let Some(interval) = (known.min_interval)(&config).unwrap() else { continue };
            for job in known.schedule.jobs {
                let tolerated = (interval / INTERVAL_SLACK).as_secs();
                assert!(delay(job.times).max(5 * 60) < tolerated, "{} {}", known.name, job.times);
            }
        }
    }

    #[test]
    fn the_times_of_a_crontab_become_a_calendar() {
        check("7 * * * *", "*-*-* *:07:00", 120);
        check("23 2,10,18 * * *", "*-*-* 02,10,18:23:00", 120);
        check("17 0-3,5-23 * * *", "*-*-* 00..03,05..23:17:00", 120);
        check("3-59/5 * * * *", "*-*-* *:03..59/5:00", 10);
        check("*/10 * * * *", "*-*-* *:00/10:00", 10);
        check("* * * * *", "*-*-* *:*:00", 10);
    }
}
