//! The same checks as cron would run them: next to no environment, no terminal.

use std::ffi::OsString;
use std::path::{Path, absolute};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::finding::{Check, Difference, Finding, State};
use super::output::CronDifferences;
use crate::cli::args::GlobalArgs;
use crate::config::env::{self, Environment};
use crate::config::{self, Located};
use crate::error::Class;
use crate::exit::Exit;
use crate::upstreams::Failure;

/// What every cron gives its jobs, crontab(5).
const CRON: [(&str, &str); 2] = [("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh")];

/// What the repetition answers.
#[derive(Deserialize)]
struct Document {
    exit_code: u8,
    checks: Vec<Finding>,
}

/// Runs this program once more as cron would, and compares.
pub fn repeat(globals: &GlobalArgs, is_offline: bool, here: &[Finding]) -> CronDifferences {
    match examine(globals, is_offline) {
        Ok((exit, there)) => CronDifferences { exit, differences: compare(here, there) },
        Err(source) => {
            let failure = Failure::plain(Class::Internal, format!("cannot run this program again: {source}"));
            let finding = Finding::failed(Check::Cron, &failure);
            CronDifferences { exit: finding.exit(), differences: vec![Difference { finding, here: None }] }
        }
    }
}

fn examine(globals: &GlobalArgs, is_offline: bool) -> std::io::Result<(Exit, Vec<Finding>)> {
    let environment = Environment::process();
    let mut command = Command::new(std::env::current_exe()?);
    command.env_clear().envs(CRON).stdin(Stdio::null());
    let home = environment.directory(env::HOME);
    if let Some(home) = &home {
        command.env(env::HOME, home).current_dir(if home.is_dir() { home } else { Path::new("/") });
    }
    if let Some(name) = environment.var(env::LOGNAME).or_else(|| environment.var(env::USER)) {
        command.env(env::LOGNAME, name);
    }
    // The crontab has the flags, too, but not the variables.
    for (flag, path) in [("--config", &globals.config), ("--db", &globals.db)] {
        if let Some(path) = path {
            command.args([OsString::from(flag), absolute(path)?.into()]);
        }
    }
    command.args(["doctor", "--json"]).args(is_offline.then_some("--offline"));
    let output = command.output()?;
    let document: Document = serde_json::from_slice(&output.stdout).map_err(std::io::Error::other)?;
    let exit = Exit::ALL.iter().copied().find(|exit| exit.code() == document.exit_code);
    let mut exit = exit.unwrap_or(Exit::Internal);
    let mut findings = document.checks;
    let given = globals.config.as_deref();
    let there = Environment::fixed(home.iter().map(|home| (env::HOME, home)));
    let there = config::locate_config(given, &there);
    if let Some(here) = config::locate_config(given, &environment)
        && there.is_none_or(|there| there.path != here.path)
    {
        findings.retain(|finding| finding.check != Check::Configuration);
        findings.push(Finding::failed(Check::Configuration, &unseen(&here)));
        exit = exit.worst(Exit::Config);
    }
    if let Some(home) = home.filter(|home| !home.is_dir()) {
        let found = format!("the home `{}` is no directory, and a job begins there", home.display());
        findings.push(Finding::warning(Check::Cron, found, "give the user a home, or set `HOME` in the crontab"));
    }
    Ok((exit, findings))
}

/// A configuration that only this environment leads to.
fn unseen(Located { path, named_by }: &Located) -> Failure {
    let variable = if *named_by == env::TONGBU_CONFIG { env::TONGBU_CONFIG } else { env::XDG_CONFIG_HOME };
    let path = path.display();
    Failure {
        class: Class::Config,
        message: format!("cron does not find `{path}`: it has no `{variable}`"),
        causes: Vec::new(),
        hint: format!("give `--config '{path}'` in the crontab, or set `{variable}` there"),
    }
}

/// What differs there, and what is good here and missing there.
fn compare(here: &[Finding], there: Vec<Finding>) -> Vec<Difference> {
    let is_same = |one: &Finding, other: &Finding| one.check == other.check && one.subject == other.subject;
    let lost = here.iter().filter(|known| known.state == State::Ok && !there.iter().any(|found| is_same(found, known)));
    // The repetition does not look at the schedule.
    let lost = lost.filter(|known| known.check != Check::Schedule);
    let lost = lost.filter(|known| known.subject.is_some() && !is_explained(known, &there)).map(|known| {
        let finding = Finding::warning(known.check, "not checked", "see the other differences");
        Difference { finding: Finding { subject: known.subject.clone(), ..finding }, here: Some(known.state) }
    });
    let lost: Vec<_> = lost.collect();
    let others = there.into_iter().filter_map(|finding| {
        let state = here.iter().find(|known| is_same(known, &finding)).map(|known| known.state);
        // What is good there matters only where it is not good here.
        let differs = state.map_or(finding.state != State::Ok, |state| state != finding.state);
        differs.then_some(Difference { finding, here: state })
    });
    others.chain(lost).collect()
}

/// Whether another finding explains why it is missing: an upstream that cannot be opened explains its accounts, and no
/// configured upstream explains each.
fn is_explained(lost: &Finding, there: &[Finding]) -> bool {
    let upstream = lost.subject.as_deref().and_then(|subject| subject.split('/').next());
    let explains = |finding: &Finding| finding.subject.is_none() || finding.subject.as_deref() == upstream;
    there.iter().any(|finding| finding.check == lost.check && explains(finding))
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::cli::doctor::finding::{Check, Finding};
    use crate::error::Class;
    use crate::upstreams::Failure;

    fn failed(check: Check) -> Finding {
        let error = std::io::Error::other("x");
        Finding::failed(check, &Failure::new(&error, Class::Config, String::new()))
    }

    fn check(here: &[Finding], there: Vec<Finding>, expected: &[(Check, Option<&str>, bool)]) {
        let differences = compare(here, there);
        let found: Vec<_> = differences
            .iter()
            .map(|difference| {
                (difference.finding.check, difference.finding.subject.as_deref(), difference.here.is_some())
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_differences_are_shown() {
        let account = || Finding::ok(Check::Credentials, "answered").of("fairing/eu");
        check(&[account(), failed(Check::Log)], vec![account(), failed(Check::Log)], &[]);
        check(
            &[account()],
            vec![failed(Check::Credentials).of("fairing/eu")],
            &[(Check::Credentials, Some("fairing/eu"), true)],
        );
        check(&[], vec![failed(Check::Secret).of("fairing.token")], &[(Check::Secret, Some("fairing.token"), false)]);
        check(&[failed(Check::Log)], vec![Finding::ok(Check::Log, "")], &[(Check::Log, None, true)]);
        check(&[], vec![Finding::ok(Check::Log, "")], &[]);
        check(
            &[account()],
            vec![failed(Check::Credentials).of("fairing")],
            &[(Check::Credentials, Some("fairing"), false)],
        );
        let nothing = Finding::warning(Check::Credentials, "no upstream is configured", "");
        check(&[account()], vec![nothing], &[(Check::Credentials, None, false)]);
        check(&[account()], vec![], &[(Check::Credentials, Some("fairing/eu"), true)]);
        check(&[Finding::ok(Check::Schedule, "").of("fairing")], vec![], &[]);
    }
}
