//! The steps of a setup, each compared with what is there. Nothing is changed here.

use std::fs;
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use super::args::{Scheduler, SetupArgs};
use super::place::Place;
use super::step::{Action, Note, Owner, State, Step};
use crate::cli::error::Error;
use crate::cli::{crontab, doctor, installed, schedule, systemd};
use crate::config::{Config, SecretRef, starter, template};
use crate::present::{Text, text};
use crate::upstreams;

/// A system crontab; its name must hold no dot.
const CRONTAB: &str = "/etc/cron.d/tongbu";
const UNITS: &str = "/etc/systemd/system";
/// It is there where systemd is what started the machine.
pub const SYSTEMD: &str = "/run/systemd/system";

/// Around our lines in a person's own crontab.
const BEGIN: &str = "# tongbu: begin";
const END: &str = "# tongbu: end";

const LACKS: Text = text(
    "`{}` does not configure `{}` yet: add its section as `tongbu config init --config new.toml` shows it",
    "`{}` 尚未配置 `{}`：请按 `tongbu config init --config new.toml` 所示添加该节",
);
const BOTH: Text = text(
    "`{}` schedules the same jobs: remove it, or every job runs twice",
    "`{}` 已安排了相同的任务：请删除它，否则每项任务都会运行两次",
);
const NO_CRON: Text = text(
    "cron is not installed here: install it (Debian: `apt-get install cron`), or give `--schedule systemd`",
    "本机没有安装 cron：请安装（Debian：`apt-get install cron`），或使用 `--schedule systemd`",
);
const NO_MAIL: Text = text(
    "cron can send no mail here, as there is no `sendmail`: install a mail system (`exim4-daemon-light`, `msmtp-mta`), or \
     add `--notify KIND`",
    "本机没有 `sendmail`，cron 无法发送邮件：请安装邮件系统（`exim4-daemon-light`、`msmtp-mta`），或使用 `--notify KIND`",
);

/// All steps, in their order.
#[derive(Debug, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub notes: Vec<Note>,
    pub is_new_config: bool,
    pub has_receivers: bool,
    /// An upstream that was chosen has to be configured by hand.
    pub is_lacking: bool,
}

/// Plans it for these upstreams.
pub fn plan(args: &SetupArgs, place: &Place, chosen: &[String]) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let path = place.on_disk(&place.config);
    let (text, config_state) = match fs::read_to_string(&path) {
        Ok(text) => (text, State::Present),
        Err(error) if error.kind() == ErrorKind::NotFound => (new_config(args, place, chosen), State::Missing),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let config = place.load(text.clone())?;
    plan.is_new_config = config_state == State::Missing;
    plan.has_receivers = !config.settings().monitor.notify.is_empty();
    for name in chosen.iter().filter(|name| !config.has_section(name)) {
        plan.notes.push(Note::of(LACKS, &[&place.config.display(), name]));
        plan.is_lacking = true;
    }

    if place.is_system && place.root.is_none() {
        let state = if place.account.is_some() { State::Present } else { State::Missing };
        plan.steps.push(Step { what: "user", subject: place.user.clone(), state, action: Action::MakeUser });
    }
    plan.folders(place, &config)?;
    let (mode, owner) = if place.is_system { (0o640, Owner::Group) } else { (0o600, Owner::User) };
    let action = Action::WriteFile { mode, owner, text };
    plan.steps.push(Step { what: "configuration", subject: shown(&place.config), state: config_state, action });
    for secret in secret_files(&config) {
        let state = match fs::metadata(place.on_disk(&secret)) {
            Ok(found) if found.len() > 0 => State::Present,
            Ok(_) => State::Empty,
            Err(_) => State::Missing,
        };
        plan.steps.push(Step { what: "secret", subject: shown(&secret), state, action: Action::WriteSecret });
    }
    match args.schedule.unwrap_or_else(|| Scheduler::of_machine(place)) {
        Scheduler::Cron => plan.crontab(place, &config),
        Scheduler::Systemd => plan.units(place, &config)?,
        Scheduler::None => {}
    }
    Ok(plan)
}

/// The template with what was chosen.
fn new_config(args: &SetupArgs, place: &Place, chosen: &[String]) -> String {
    let value = |path: &Path| toml::Value::from(shown(path)).to_string();
    let own = format!("database = {}\nlog.file = {}\n", value(&place.database), value(&place.log));
    let is_chosen = |name: &str| chosen.iter().any(|chosen| chosen == name);
    let starters = upstreams::all().filter(|known| is_chosen(known.name)).map(|known| known.starter.to_owned());
    let receiver = args
        .notify
        .map(|kind| format!("[[monitor.notify]]\nkind = \"{}\"\nurl = {{ file = \"secrets/alert\" }}\n", kind.name()));
    let lines = [own].into_iter().chain(starters).chain(receiver).collect::<Vec<_>>().join("\n");
    starter(&template(&upstreams::sections()), &lines)
}

/// Every file that a secret of the configuration is to be in.
fn secret_files(config: &Config) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (_, reference) in doctor::references(config) {
        if let SecretRef::File(path) = reference
            && !files.contains(&path)
        {
            files.push(path);
        }
    }
    files
}

impl Plan {
    /// Whether there is anything to do or to ask about.
    pub fn has_work(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.state, State::Missing | State::Differs))
    }

    fn folders(&mut self, place: &Place, config: &Config) -> Result<(), Error> {
        let mut folders: Vec<(PathBuf, u32, Owner)> = Vec::new();
        let mut add = |path: Option<&Path>, mode, owner| {
            let path = path.unwrap_or(Path::new("/")).to_owned();
            if !folders.iter().any(|(known, ..)| *known == path) {
                folders.push((path, mode, owner));
            }
        };
        add(place.config.parent(), if place.is_system { 0o750 } else { 0o700 }, Owner::Group);
        for secret in secret_files(config) {
            add(secret.parent(), 0o700, Owner::User);
        }
        add(config.locate_database(place.program.database.as_deref())?.path.parent(), 0o700, Owner::User);
        if let Some(log) = &config.settings().log.file {
            add(log.parent(), 0o700, Owner::User);
        }
        for (path, mode, owner) in folders {
            let state = if place.on_disk(&path).is_dir() { State::Present } else { State::Missing };
            let action = Action::MakeFolder { mode, owner };
            self.steps.push(Step { what: "folder", subject: shown(&path), state, action });
        }
        Ok(())
    }

    fn schedule_file(&mut self, place: &Place, path: &Path, text: String) {
        let state = compare(fs::read_to_string(place.on_disk(path)), &text);
        let action = Action::WriteFile { mode: 0o644, owner: Owner::Root, text };
        self.steps.push(Step { what: "schedule", subject: shown(path), state, action });
    }

    fn crontab(&mut self, place: &Place, config: &Config) {
        let groups = schedule::groups(config);
        if place.is_system {
            self.schedule_file(place, Path::new(CRONTAB), crontab::render(&groups, &place.program, &place.user));
            let timers = place.on_disk(&Path::new(UNITS).join("tongbu@.service"));
            self.warn_of_both(&timers);
        } else {
            let before = installed::own_crontab().unwrap_or_default();
            let ours = format!("{BEGIN}\n{}{END}\n", crontab::render_own(&groups, &place.program));
            let (text, state) = merge(&before, &ours);
            let subject = "crontab".to_owned();
            self.steps.push(Step { what: "schedule", subject, state, action: Action::WriteCrontab { text } });
        }
        if place.root.is_none() && !["cron", "crond"].into_iter().any(Place::has_program) {
            self.notes.push(Note::of(NO_CRON, &[]));
        }
        if place.root.is_none() && !Place::has_program("sendmail") && !self.has_receivers {
            self.notes.push(Note::of(NO_MAIL, &[]));
        }
    }

    fn units(&mut self, place: &Place, config: &Config) -> Result<(), Error> {
        if !place.is_system {
            return Err(Error::Usage {
                message: "units of systemd are the system's: only root can set them up".to_owned(),
                hint: "run it as root, or give `--schedule cron`".to_owned(),
            });
        }
        let units = systemd::render(config, &schedule::groups(config), &place.program, &place.user)?;
        let timers = units.iter().filter_map(|(name, _)| name.strip_suffix(".timer").map(|_| name.clone()));
        let names: Vec<String> = timers.collect();
        for (name, text) in units {
            self.schedule_file(place, &Path::new(UNITS).join(name), text);
        }
        let wanted = Path::new(UNITS).join("timers.target.wants");
        let is_enabled = names.iter().all(|name| place.on_disk(&wanted.join(name)).symlink_metadata().is_ok());
        let state = if is_enabled { State::Present } else { State::Missing };
        if place.root.is_none() {
            let (subject, action) = (names.join(" "), Action::EnableTimers { names });
            self.steps.push(Step { what: "timers", subject, state, action });
        }
        self.warn_of_both(&place.on_disk(Path::new(CRONTAB)));
        Ok(())
    }

    fn warn_of_both(&mut self, other: &Path) {
        if other.exists() {
            self.notes.push(Note::of(BOTH, &[&other.display()]));
        }
    }
}

impl Scheduler {
    /// What this machine has.
    fn of_machine(place: &Place) -> Self {
        let has_cron = !place.is_system || place.root.is_some() || Path::new("/etc/cron.d").is_dir();
        if has_cron || !Path::new(SYSTEMD).exists() { Self::Cron } else { Self::Systemd }
    }
}

fn compare(found: Result<String, IoError>, wanted: &str) -> State {
    match found {
        Ok(text) if text == wanted => State::Present,
        Err(error) if error.kind() == ErrorKind::NotFound => State::Missing,
        // What cannot be read is not ours to replace.
        Ok(_) | Err(_) => State::Differs,
    }
}

/// The crontab with our lines, in the place of those that are there.
fn merge(before: &str, ours: &str) -> (String, State) {
    let there = before.split_once(BEGIN).and_then(|(head, rest)| {
        let (_, tail) = rest.split_once(&format!("{END}\n"))?;
        Some((head, tail))
    });
    let Some((head, tail)) = there else {
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        return (format!("{before}{gap}{ours}"), State::Missing);
    };
    let text = format!("{head}{ours}{tail}");
    let state = if text == before { State::Present } else { State::Differs };
    (text, state)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, State, merge};

    fn check(before: &str, expected: &str, expected_state: State) {
        let ours = format!("{BEGIN}\n7 * * * * x\n{END}\n");
        assert_eq!(merge(before, &ours), (expected.replace("OURS", &ours), expected_state));
    }

    #[test]
    fn own_lines_go_into_a_crontab_once() {
        check("", "OURS", State::Missing);
        check("1 * * * * a", "1 * * * * a\nOURS", State::Missing);
        check(&format!("a\n{BEGIN}\n8 * * * * x\n{END}\nb\n"), "a\nOURSb\n", State::Differs);
        check(&format!("a\n{BEGIN}\n7 * * * * x\n{END}\nb\n"), "a\nOURSb\n", State::Present);
    }
}
