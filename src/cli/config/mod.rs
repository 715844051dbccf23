//! `config init | path | show | check`.

pub mod output;

use std::path::Path;

use clap::Subcommand;

use self::output::{CHECKED_SCHEMA, CheckedOutput, CheckedPart, PathsOutput};
use super::error::Error;
use super::session::{LogTo, Session};
use crate::config::env::Environment;
use crate::config::{self, Config, SecretRef, Setting};
use crate::exit::Exit;
use crate::http;
use crate::present::Listing;
use crate::run;
use crate::upstreams::{self, Failure, Opening, Registration};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigArgs {
    /// Write a commented configuration to fill in; never over an existing file
    Init,
    /// Show where configuration and database are, and what set each path
    Path,
    /// Show the settings in effect and what set each; secrets only as references
    Show,
    /// Read the configuration and open every configured upstream, without sending anything
    Check,
}

/// Runs one of the `config` commands.
pub fn cmd_config(session: &mut Session, args: &ConfigArgs) -> Result<Exit, Error> {
    match args {
        ConfigArgs::Init => cmd_init(session),
        ConfigArgs::Path => cmd_path(session),
        ConfigArgs::Show => cmd_show(session),
        ConfigArgs::Check => cmd_check(session),
    }
}

fn cmd_init(session: &Session) -> Result<Exit, Error> {
    let path = config::locate_new_config(session.globals.config.as_deref(), &Environment::process())?.path;
    config::write_template(&path, &config::template(&upstreams::sections()))?;
    session.ui.output(&output::created(path));
    Ok(Exit::Ok)
}

fn cmd_path(session: &mut Session) -> Result<Exit, Error> {
    let flag = session.globals.config.clone();
    let located = config::locate_config(flag.as_deref(), &Environment::process());
    let config = session.load_config(LogTo::FlagOnly)?;
    let database = config.locate_database(session.globals.db.as_deref())?;
    session.ui.output(&PathsOutput { config: located, database });
    Ok(Exit::Ok)
}

fn cmd_show(session: &mut Session) -> Result<Exit, Error> {
    let config = session.load_config(LogTo::FlagOnly)?;
    let mut settings = config.describe()?;
    let database = config.describe_database(session.globals.db.as_deref())?;
    settings.retain(|setting| setting.key != database.key);
    settings.insert(0, database);
    for registration in upstreams::all() {
        settings.extend((registration.describe)(&config)?);
    }
    session.ui.output(&Listing::new(settings.into_iter().flat_map(Setting::with_tables).collect()));
    Ok(Exit::Ok)
}

fn cmd_check(session: &mut Session) -> Result<Exit, Error> {
    let (config, mistakes) = session.inspect_config()?;
    let context = http::Context::detached(session.ui.clock().clone(), "");
    let opening = Opening { config: &config, http: &context };
    let mut parts = vec![CheckedPart::new("settings", mistakes.iter().map(failure).collect())];
    let database = match session.database(&config) {
        Ok(place) => directory("database", place.file()),
        Err(error) => Some(error.to_failure()),
    };
    parts.push(CheckedPart::new("database", database.into_iter().collect()));
    let outputs =
        [("log.file", &config.settings().log.file), ("monitor.metrics_file", &config.settings().monitor.metrics_file)];
    let outputs: Vec<_> = outputs.into_iter().filter_map(|(key, path)| directory(key, path.as_deref())).collect();
    if !outputs.is_empty() {
        parts.push(CheckedPart::new("outputs", outputs));
    }
    for registration in configured(&config) {
        parts.push(CheckedPart::new(registration.name, check_all(registration, &opening)));
    }
    let monitor = &config.settings().monitor;
    if monitor.ping_url.is_some() || !monitor.notify.is_empty() {
        let first = run::check_monitor(monitor).err();
        let failures =
            first.into_iter().flat_map(|first| with_lost_secrets(first, &config.describe().unwrap_or_default()));
        parts.push(CheckedPart::new("monitor", failures.collect()));
    }
    let output = CheckedOutput::new(&CHECKED_SCHEMA, parts).reading(config.path());
    session.ui.output(&output);
    Ok(output.exit)
}

/// The failure of a setting that names a directory and means a file.
fn directory(key: &str, path: Option<&Path>) -> Option<Failure> {
    let path = path.filter(|path| path.is_dir())?;
    let reason = format!("`{}` is a directory, and has to be a file", path.display());
    Some(failure(&config::Error::Invalid { key: key.to_owned(), reason }))
}

/// All that cannot be read in its section; where all can, what opening it says.
fn check_all(registration: &Registration, opening: &Opening<'_>) -> Vec<Failure> {
    let mistakes = (registration.mistakes)(opening.config);
    if mistakes.is_empty() && !registration.is_in_use(opening.config) {
        return Vec::new();
    }
    if mistakes.is_empty() {
        let first = check_one(registration, opening).err();
        let settings = || (registration.describe)(opening.config).unwrap_or_default();
        return first.into_iter().flat_map(|first| with_lost_secrets(first, &settings())).collect();
    }
    mistakes.iter().map(failure).collect()
}

/// The failure, and every other secret among these settings that is not where it should be. Commands are not run again.
fn with_lost_secrets(first: Failure, settings: &[Setting]) -> Vec<Failure> {
    let references = settings.iter().flat_map(Setting::references);
    let resolved = references.filter(|(_, reference)| !matches!(reference, SecretRef::Command(_)));
    let lost = resolved.filter_map(|(key, reference)| reference.resolve(&key).err());
    let mut failures = vec![first];
    for lost in lost.map(|error| failure(&error)) {
        if !failures[0].full_message().contains(&lost.message) {
            failures.push(lost);
        }
    }
    failures
}

fn failure(error: &config::Error) -> Failure {
    Failure::new(error, error.class(), error.hint().unwrap_or_default())
}

/// Opens the upstream with every account it has, and lets go of it again.
pub fn check_one(registration: &Registration, opening: &Opening<'_>) -> Result<(), Failure> {
    (registration.check)(opening).map_err(|error| Failure::from(&error))
}

fn configured(config: &Config) -> impl Iterator<Item = &'static Registration> {
    upstreams::all().filter(|registration| config.has_section(registration.name))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::config::env::Environment;
    use crate::config::{load, template};
    use crate::error::Class;
    use crate::mutate::mutated_bytes;
    use crate::upstreams;

    /// The whole template with every key in force.
    static TEXTS: LazyLock<[&'static [u8]; 1]> = LazyLock::new(|| {
        let in_force = |line: &str| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => key.to_owned(),
            _ => line.to_owned(),
        };
        let lines: Vec<String> = template(&upstreams::sections()).lines().map(in_force).collect();
        [lines.join("\n").leak().as_bytes()]
    });

    const SNIPPETS: &[&str] = &[
        "[", "]", "[[", "{", "}", "=", "\"", "'", "\"\"\"", "#", "\n", ".", ",", "-1", "1e999", "\\", "\u{0}",
        "\u{202e}", "0s",
    ];

    proptest! {
        #[test]
        fn any_file_is_read_or_refused_by_name(text in mutated_bytes(&*TEXTS, SNIPPETS)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("config.toml");
            std::fs::write(&path, text).unwrap();
            let sections = upstreams::sections();
            let name = path.display().to_string();
            match load(Some(&path), &sections, &Environment::fixed([("HOME", "/nowhere")])) {
                Ok(config) => {
                    for registration in upstreams::all() {
                        if let Err(error) = (registration.describe)(&config) {
                            prop_assert!(error.class() == Class::Config && error.to_string().contains(&name), "{error}");
                        }
                    }
                }
                Err(error) => prop_assert!(error.class() == Class::Config && error.to_string().contains(&name), "{error}"),
            }
        }
    }
}
