//! The database, its file, its room, and what past runs left in it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{Access, access};
use rustix::process::geteuid;

use super::files::{LEAST_FREE_BYTES, folder_of, obstacle};
use super::finding::{Check, Finding};
use crate::cli::error::Error;
use crate::cli::session::Session;
use crate::config::Config;
use crate::error::Class;
use crate::present::style::render_bytes;
use crate::store::records::RecordId;
use crate::store::{self, Health, Holder, Mode, Store};
use crate::upstreams::Failure;

/// The rights to the database where `database_mode` gives no others.
const PRIVATE_MODE: u32 = 0o600;

/// Room that is short: an upgrade, a backup or a long read beside a writer takes as much again as the database has.
const SHORT_FREE_BYTES: u64 = 256 << 20;

/// Looks at the database; answers when its newest record was made.
pub fn check_database(
    session: &Session,
    config: &Config,
    path: &Path,
    findings: &mut Vec<Finding>,
) -> Option<Timestamp> {
    let allowed = config.settings().database_mode.map_or(PRIVATE_MODE, |mode| mode.0);
    let newest = match session.open_existing(&path.into(), Mode::ReadOnly) {
        Ok(None) => {
            findings.push(missing(path));
            None
        }
        Ok(Some(store)) => {
            findings.push(check_health(&store, path));
            findings.push(check_permissions(path, allowed));
            findings.push(check_lock_folder(path));
            findings.extend(check_leftovers(&store));
            newest_record(&store)
        }
        Err(Error::Store(error @ store::Error::Older { .. })) => {
            let hint = error.hint().unwrap_or_default();
            findings.push(Finding::warning(Check::Database, error.to_string(), hint));
            None
        }
        Err(error) => {
            findings.push(Finding::failed(Check::Database, &error.to_failure()));
            None
        }
    };
    findings.push(check_space(path));
    newest
}

fn missing(path: &Path) -> Finding {
    let hint = "any `tongbu sync` creates it; or give its path with `--db`";
    match obstacle(folder_of(path)) {
        None => Finding::warning(Check::Database, format!("`{}` does not exist yet", path.display()), hint),
        Some(obstacle) => failed(Check::Database, format!("`{}` cannot be made: {obstacle}", path.display()), hint),
    }
}

fn check_health(store: &Store, path: &Path) -> Finding {
    let Health { format, journal_mode, integrity_errors } = match store.check_health() {
        Ok(health) => health,
        Err(error) => return Finding::failed(Check::Database, &Error::from(error).to_failure()),
    };
    if !integrity_errors.is_empty() {
        let hint = store::Error::Corrupt { path: path.to_owned(), source: String::new().into() }.hint();
        return failed(Check::Database, integrity_errors.join("; "), &hint.unwrap_or_default());
    }
    if let Some(denied) = [path, folder_of(path)].iter().find(|part| access(**part, Access::WRITE_OK).is_err()) {
        let hint = format!("the user who runs tongbu must own it: `ls -ld '{}'`", denied.display());
        return failed(Check::Database, format!("cannot write `{}`", denied.display()), &hint);
    }
    if journal_mode != "wal" {
        let found = format!("`{}` is in journal mode `{journal_mode}`", path.display());
        return Finding::warning(Check::Database, found, "any `tongbu sync` sets it back to `wal`");
    }
    let bytes = path.metadata().map_or(0, |metadata| metadata.len());
    Finding::ok(Check::Database, format!("`{}`: {}, format {format}, sound", path.display(), render_bytes(bytes)))
}

/// The file and those beside it that hold the same rows.
fn check_permissions(path: &Path, allowed: u32) -> Finding {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let mut shared = [path.to_owned(), beside("-wal"), beside("-shm")].into_iter().filter_map(|file| {
        let metadata = file.metadata().ok()?;
        let is_open = metadata.mode() & 0o077 & !allowed != 0;
        is_open.then_some((file, metadata))
    });
    match shared.next() {
        None if allowed == PRIVATE_MODE => Finding::ok(Check::Permissions, "only its owner can read the database"),
        None => Finding::ok(Check::Permissions, format!("as `database_mode` says: {allowed:03o}")),
        // Its owner's configuration says who may.
        Some((file, metadata)) if metadata.uid() != geteuid().as_raw() => Finding::ok(
            Check::Permissions,
            format!("`{}` is another user's, mode {:03o}", file.display(), metadata.mode() & 0o777),
        ),
        Some((file, metadata)) => Finding::warning(
            Check::Permissions,
            format!("`{}` is open to its group or to others (mode {:03o})", file.display(), metadata.mode() & 0o777),
            format!("run `chmod {allowed:03o} '{}'`", file.display()),
        ),
    }
}

fn check_space(path: &Path) -> Finding {
    let Some(free) = Store::free_space(path) else {
        return Finding::ok(Check::FreeSpace, "unknown until the directory exists");
    };
    let size = path.metadata().map_or(0, |metadata| metadata.len());
    let found = render_bytes(free);
    let hint = format!("make room: `df -h '{}'`", folder_of(path).display());
    if free < LEAST_FREE_BYTES {
        failed(Check::FreeSpace, found, &hint)
    } else if free < size.max(SHORT_FREE_BYTES) {
        Finding::warning(Check::FreeSpace, found, hint)
    } else {
        Finding::ok(Check::FreeSpace, found)
    }
}

fn check_lock_folder(database: &Path) -> Finding {
    let folder = Store::lock_directory(database);
    let shown = folder.display();
    if let Some(file) = Store::find_closed_lock_file(database) {
        let found = format!("cannot write `{}`", file.display());
        let hint =
            format!("its owner gives it to the group: `chgrp --reference='{0}' '{0}.locks'/*`", database.display());
        return failed(Check::LockFolder, found, &hint);
    }
    match obstacle(&folder) {
        None if folder.exists() => Finding::ok(Check::LockFolder, format!("`{shown}`")),
        None => Finding::ok(Check::LockFolder, format!("`{shown}` is created by the first run")),
        Some(obstacle) => {
            failed(Check::LockFolder, obstacle, &format!("move `{shown}` away while no run is under way"))
        }
    }
}

/// Locks and records of runs that did not end by themselves.
pub(super) fn check_leftovers(store: &Store) -> Vec<Finding> {
    let load = || Ok((store.load_locks()?, store.load_dead_runs()?));
    let (locks, dead_runs) = match load() {
        Ok(loaded) => loaded,
        Err(error) => return vec![Finding::failed(Check::Locks, &Error::Store(error).to_failure())],
    };
    vec![check_locks(&locks), check_records(&dead_runs)]
}

fn check_locks(locks: &[Holder]) -> Finding {
    let (stale, held): (Vec<&Holder>, _) = locks.iter().filter(|lock| !lock.released).partition(|lock| lock.is_stale);
    let names = |locks: &[&Holder]| locks.iter().map(|lock| format!("`{}`", lock.name)).collect::<Vec<_>>().join(", ");
    if !stale.is_empty() {
        // They hold nobody up: the next run takes them over.
        return Finding::warning(Check::Locks, format!("stale: {}", names(&stale)), "run `tongbu locks clean`");
    }
    let found = if held.is_empty() { "none is held".to_owned() } else { format!("held: {}", names(&held)) };
    Finding::ok(Check::Locks, found)
}

fn check_records(dead_runs: &[RecordId]) -> Finding {
    if dead_runs.is_empty() {
        return Finding::ok(Check::Records, "none is left unfinished");
    }
    let ids = dead_runs.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", ");
    Finding::warning(Check::Records, format!("left unfinished: {ids}"), "run `tongbu locks clean`")
}

pub(super) fn newest_record(store: &Store) -> Option<Timestamp> {
    let states = store.load_states().ok()?;
    states
        .into_iter()
        .flat_map(|state| state.running.into_iter().chain(state.last))
        .map(|record| record.created_at)
        .max()
}

fn failed(check: Check, found: String, hint: &str) -> Finding {
    Finding::failed(check, &Failure { hint: hint.to_owned(), ..Failure::plain(Class::Database, found) })
}
