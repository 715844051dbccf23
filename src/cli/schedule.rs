//! What a ready schedule runs, and when: one list behind the crontab and the timers of systemd.

use std::path::{Path, PathBuf, absolute};

use super::error::Error;
use super::session::Session;
use crate::config;
use crate::config::Config;
use crate::config::env::{self, Environment};
use crate::upstreams::{self, Job, Registration};

/// Jobs with one comment above them.
#[derive(Debug)]
pub struct Group {
    pub about: &'static str,
    /// Whether they are to run; the others are only shown.
    pub is_active: bool,
    pub entries: Vec<Entry>,
}

/// One scheduled command.
#[derive(Debug)]
pub struct Entry {
    /// One word that names it among all: `tasks-historical`.
    pub name: String,
    /// The five fields of a crontab.
    pub times: &'static str,
    /// What follows after `tongbu`, with its flags.
    pub command: String,
}

/// How the jobs call this program.
#[derive(Debug)]
pub struct Program {
    pub path: String,
    /// ` --config …` and ` --db …`, where a scheduler would not find them by itself.
    pub flags: String,
    /// The files behind them.
    pub config: Option<PathBuf>,
    pub database: Option<PathBuf>,
}

/// What is scheduled where nothing is configured yet: it fits every configuration.
const EVERYTHING: (&str, &str) = (
    "Every configured upstream, one after the other: hourly. Replace it with the lines of those you use, where each is to \
     have its own times.",
    "7 * * * *",
);

/// What is done besides syncing: its comment, its words, its times.
const CHORES: [(&str, [&str; 2], &str); 2] = [
    ("Locks whose holder is gone: every five minutes.", ["locks", "clean"], "3-59/5 * * * *"),
    ("Records older than `keep` in [records]: daily.", ["records", "prune"], "41 3 * * *"),
];

/// Everything there is to run, in the order of the upstreams; active is what the configuration has.
pub fn groups(config: &Config) -> Vec<Group> {
    let is_configured = |known: &Registration| known.is_in_use(config);
    let is_any = upstreams::all().any(is_configured);
    let (about, times) = EVERYTHING;
    let all = Job { name: "", times, flags: &[] };
    let everything = (!is_any).then(|| Group { about, is_active: true, entries: vec![sync_entry("all", &all)] });
    let syncs = upstreams::all().filter(|known| !known.schedule.jobs.is_empty()).map(|known| Group {
        about: known.schedule.about,
        is_active: is_configured(known),
        entries: known.schedule.jobs.iter().map(|job| sync_entry(known.name, job)).collect(),
    });
    let chores = CHORES.map(|(about, words, times)| {
        let entry = Entry { name: words.join("-"), times, command: format!("{} -q", words.join(" ")) };
        Group { about, is_active: is_any, entries: vec![entry] }
    });
    everything.into_iter().chain(syncs).chain(chores).collect()
}

fn sync_entry(upstream: &str, job: &Job) -> Entry {
    let name = if job.name.is_empty() { upstream.to_owned() } else { format!("{upstream}-{}", job.name) };
    let words = ["sync", upstream].into_iter().chain(job.flags.iter().copied()).chain(["--trigger", "auto", "-q"]);
    Entry { name, times: job.times, command: words.collect::<Vec<_>>().join(" ") }
}

impl Program {
    /// This program with the files this invocation names by flags or variables: a scheduler gives neither.
    pub fn of(session: &Session) -> Result<Self, Error> {
        let environment = Environment::process();
        let whole = |path: PathBuf| {
            let is_server = config::is_server(&path.to_string_lossy());
            if is_server { Ok(path) } else { absolute(&path).map_err(|source| Error::Read { path, source }) }
        };
        let config = session.globals.config.clone().or_else(|| environment.path(env::TONGBU_CONFIG));
        let config = config.map(whole).transpose()?;
        let database = session.named_database(None)?.map(whole).transpose()?;
        let own = std::env::current_exe().map_err(|source| Error::Read { path: "/proc/self/exe".into(), source })?;
        let mut flags = String::new();
        for (flag, path) in [("--config", &config), ("--db", &database)] {
            if let Some(path) = path {
                flags.extend([" ", flag, " ", &word(path)?]);
            }
        }
        Ok(Self { path: word(&own)?, flags, config, database })
    }
}

/// The path as one word of a crontab and of a unit alike. What either would take for more than text is refused: cron
/// ends a command at `%`, systemd expands it.
pub fn word(path: &Path) -> Result<String, Error> {
    let is_plain = |sign: char| sign.is_alphanumeric() || "/-_.,:@+=".contains(sign);
    let is_harmless = |sign: char| !sign.is_control() && !"%\"'\\$`".contains(sign);
    match path.to_str() {
        Some(text) if text.chars().all(is_plain) => Ok(text.to_owned()),
        Some(text) if text.chars().all(|sign| is_plain(sign) || is_harmless(sign)) => Ok(format!("\"{text}\"")),
        Some(_) | None => Err(Error::Usage {
            message: format!("cannot put `{}` into a schedule: a sign in it means something there", path.display()),
            hint: "give a path of letters, digits, blanks and `/-_.,:@+=`".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{groups, word};
    use crate::cli::command;
    use crate::config::Config;

    fn check(path: &str, expected: Option<&str>) {
        assert_eq!(word(Path::new(path)).ok().as_deref(), expected, "{path}");
    }

    #[test]
    fn a_path_is_one_harmless_word_or_refused() {
        check("/usr/local/bin/tongbu", Some("/usr/local/bin/tongbu"));
        check("/home/影/a b;c.toml", Some("\"/home/影/a b;c.toml\""));
        for refused in ["/a%b", "/a\"b", "/a'b", "/a\\b", "/a$b", "/a`b", "/a\nb"] {
            check(refused, None);
        }
    }

    #[test]
    fn every_job_has_a_name_of_its_own_and_a_command_that_parses() {
        let entries: Vec<_> = groups(&Config::defaults()).into_iter().flat_map(|group| group.entries).collect();
        let names: BTreeSet<_> = entries.iter().map(|entry| &entry.name).collect();
        assert_eq!(names.len(), entries.len());
        for entry in &entries {
            let words = format!("tongbu {}", entry.command);
            assert!(command().try_get_matches_from(words.split(' ')).is_ok(), "{words}");
        }
    }
}
