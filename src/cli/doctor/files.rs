//! The configuration, the secrets it refers to, and the files a run writes beside its database.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access};
use url::Url;

use super::finding::{Check, Finding};
use crate::cli::session::{LogTo, Session};
use crate::config::env::Environment;
use crate::config::{self, Config, SecretRef, bounds};
use crate::store::Store;
use crate::upstreams::{self, Failure};

/// Where less is free, what is written is lost soon.
pub const LEAST_FREE_BYTES: u64 = 16 << 20;

/// Any right to write of the group or of others.
const SHARED_WRITE_MODE: u32 = 0o022;

/// Loads the configuration; where it cannot be loaded there is nothing more to look at.
pub fn check_configuration(session: &mut Session, findings: &mut Vec<Finding>) -> Option<Config> {
    let located = config::locate_config(session.globals.config.as_deref(), &Environment::process());
    let config = match session.load_config(LogTo::FlagOnly) {
        Ok(config) => config,
        Err(error) => {
            findings.push(Finding::failed(Check::Configuration, &error.to_failure()));
            return None;
        }
    };
    findings.push(match located {
        None => Finding::warning(
            Check::Configuration,
            "no configuration file found; using defaults",
            "write one with `tongbu config init`, or name yours with `--config FILE`",
        ),
        Some(located) => {
            let path = located.path.display();
            // `/dev/null` holds nothing, no matter who writes it.
            let file = located.path.metadata().ok().filter(std::fs::Metadata::is_file);
            let mode = file.map_or(0, |metadata| metadata.mode());
            if mode & SHARED_WRITE_MODE == 0 {
                Finding::ok(Check::Configuration, format!("`{path}` ({})", located.named_by))
            } else {
                // It can name commands, which then run as this user.
                let found = format!("`{path}` can be changed by its group or by others (mode {:03o})", mode & 0o777);
                Finding::warning(Check::Configuration, found, format!("run `chmod go-w '{path}'`"))
            }
        }
    });
    Some(config)
}

/// Every reference to a secret, by its key.
pub fn references(config: &Config) -> Vec<(String, SecretRef)> {
    let mut settings = config.describe().unwrap_or_default();
    for registration in upstreams::all().filter(|known| config.has_section(known.name)) {
        // A section that cannot be read is reported where its credentials are checked.
        settings.extend((registration.describe)(config).unwrap_or_default());
    }
    settings.iter().flat_map(config::Setting::references).collect()
}

/// Resolves every reference, whether a pass would need it or not: those that fail one by one, the others together.
pub fn check_secrets(config: &Config) -> Vec<Finding> {
    let mut good_count = 0;
    let mut findings = Vec::new();
    for (key, reference) in references(config) {
        match reference.resolve(&key) {
            Ok(_) => good_count += 1,
            Err(error) => {
                let failure = Failure::new(&error, error.class(), remedy(&key, &reference));
                findings.push(Finding::failed(Check::Secret, &failure).of(key));
            }
        }
    }
    if good_count > 0 {
        findings.insert(0, Finding::ok(Check::Secret, format!("{good_count} found")));
    }
    findings
}

fn remedy(key: &str, reference: &SecretRef) -> String {
    match reference {
        SecretRef::File(path) if !path.exists() => config::fill_in(path),
        SecretRef::Env(name) => format!("set `{name}` where tongbu runs, or let `{key}` be {{ file = \"…\" }}"),
        SecretRef::File(path) => format!("see `ls -l '{}'`: a file of its owner alone, `chmod 600`", path.display()),
        SecretRef::Command(line) => format!("run it by hand: `{line}`"),
        SecretRef::Credential(name) => format!("let systemd load it: `LoadCredential={name}:PATH`"),
    }
}

/// Addresses beyond this machine that are spoken to without encryption.
pub fn check_addresses(config: &Config) -> Vec<Finding> {
    let configured = upstreams::all().filter(|known| config.has_section(known.name));
    let settings = configured.flat_map(|known| (known.describe)(config).unwrap_or_default());
    let plain = settings.flat_map(|setting| setting.texts()).filter(|(_, text)| is_plain_and_remote(text));
    plain
        .map(|(key, _)| {
            let found = "is not encrypted: credentials and data can be read and changed on the way";
            let hint = "give an address that begins with `https://` (for Redis `rediss://`)";
            Finding::warning(Check::Encryption, found, hint).of(key)
        })
        .collect()
}

fn is_plain_and_remote(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    matches!(url.scheme(), "http" | "redis") && url.has_host() && !bounds::is_loopback(&url)
}

/// The log and the metrics, where they are configured.
pub fn check_outputs(session: &Session, config: &Config) -> Vec<Finding> {
    let log = session.log_file(config).map(|file| file.path);
    let metrics = config.settings().monitor.metrics_file.clone();
    let mut findings = Vec::new();
    for (check, path) in [(Check::Log, log), (Check::MetricsFile, metrics)] {
        let Some(path) = path else { continue };
        let folder = folder_of(&path);
        findings.push(match obstacle(folder) {
            None if check == Check::MetricsFile && !folder.exists() => {
                let hint = format!("make it: `install -d '{}'`", folder.display());
                Finding::warning(check, format!("there is no directory `{}`", folder.display()), hint)
            }
            None if Store::free_space(&path).is_some_and(|free| free < LEAST_FREE_BYTES) => {
                let hint = format!("make room: `df -h '{}'`", folder.display());
                Finding::warning(check, format!("`{}`: the disk is full", path.display()), hint)
            }
            None => Finding::ok(check, format!("`{}`", path.display())),
            Some(obstacle) => {
                let hint = format!(
                    "give another path, or the user who runs tongbu the right: `ls -ld '{}'`",
                    folder.display()
                );
                Finding::warning(check, obstacle, hint)
            }
        });
    }
    findings
}

/// Why nothing can be made in that directory, if so; one that is missing can be made where its parent allows it.
pub fn obstacle(folder: &Path) -> Option<String> {
    let existing = folder.ancestors().find(|part| part.as_os_str().is_empty() || part.symlink_metadata().is_ok())?;
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    if !existing.is_dir() {
        return Some(format!("`{}` is no directory", existing.display()));
    }
    let denied = access(existing, Access::WRITE_OK | Access::EXEC_OK).err()?;
    Some(format!("cannot write into `{}`: {}", existing.display(), std::io::Error::from(denied)))
}

pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
