//! Backups in a directory under names by their time, and a backup as the database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::Error;
use super::evidence::Evidence;
use super::handle::Store;
use super::location::Location;
use super::lock::rows as lock_rows;
use super::migrate;
use super::options::StoreOptions;
use super::oslock::LockFolder;
use super::process;
use super::records::dead;
use super::sqlite::copy;
use super::sqlite::restore::Restoring;

/// The time in the name of a copy: sorted by name, copies are sorted by age.
const STAMP: &str = "%Y%m%dT%H%M%S.%3fZ";

/// What a killed backup left is deleted once it is that old.
const LEFTOVER_AGE: Duration = Duration::from_secs(3600);

/// A copy in a directory.
#[derive(Debug)]
pub struct StoredCopy {
    pub path: PathBuf,
    pub bytes: u64,
    /// The older copies that were deleted, oldest first.
    pub deleted: Vec<PathBuf>,
}

/// A backup that is the database now.
#[derive(Debug)]
pub struct Restored {
    pub bytes: u64,
    /// Where the database that it replaced is.
    pub kept: Option<PathBuf>,
}

impl Store {
    /// [`back_up`](Self::back_up) into a directory, under a name by the time. Then deletes all copies of such names but
    /// the newest `keep`.
    ///
    /// A name is always later than every other: where the clock went back, the order still holds.
    pub fn back_up_into(
        from: &Location,
        folder: &Path,
        keep: Option<usize>,
        options: &StoreOptions,
    ) -> Result<StoredCopy, Error> {
        let clock = &options.clock;
        loop {
            let newest = load_copies(folder)?.last().map(|(at, _)| *at);
            let at = newest.map_or(clock.now(), |newest| clock.now().max(newest + SignedDuration::from_millis(1)));
            let target = folder.join(format!("tongbu-{}.db", stamp(at)));
            let bytes = match Self::back_up(from, &target, options) {
                // Another backup took the name.
                Err(Error::Exists { .. }) => continue,
                copied => copied?,
            };
            let deleted = keep.map_or(Ok(Vec::new()), |keep| prune(folder, &target, keep))?;
            return Ok(StoredCopy { path: target, bytes, deleted });
        }
    }

    /// Makes `copy` the database at `path`. An existing database needs `is_forced`, must not be in use, and is kept
    /// aside.
    pub fn restore(path: &Path, copy: &Path, is_forced: bool, options: StoreOptions) -> Result<Restored, Error> {
        let StoreOptions { clock, components, .. } = options;
        let components: Vec<_> = std::iter::once(migrate::CORE).chain(components).collect();
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let evidence = Evidence::Files(LockFolder::beside(&real));
        let mut aside = real.into_os_string();
        aside.push(format!(".before-restore-{}", stamp(clock.now())));
        let aside = PathBuf::from(aside);
        let restoring =
            Restoring { database: path, copy, aside: aside.clone(), is_forced, components: &components, clock: &clock };
        let (bytes, is_kept) = restoring.restore(
            |r| lock_rows::load_live(r, &evidence, &clock),
            |w| {
                lock_rows::save_all_released(w)?;
                dead::save_all_interrupted(w, &clock)
            },
        )?;
        Ok(Restored { bytes, kept: is_kept.then_some(aside) })
    }
}

fn stamp(at: Timestamp) -> String {
    at.strftime(STAMP).to_string()
}

/// The time in exactly such a name.
fn time_of(name: &str) -> Option<Timestamp> {
    let stamped = name.strip_prefix("tongbu-")?.strip_suffix(".db")?;
    let at = DateTime::strptime("%Y%m%dT%H%M%S%.fZ", stamped).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (stamp(at) == stamped).then_some(at)
}

/// The copies in a directory, oldest first.
fn load_copies(folder: &Path) -> Result<Vec<(Timestamp, PathBuf)>, Error> {
    let mut copies = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        if let Some(at) = entry.file_name().to_str().and_then(time_of)
            && entry.file_type().is_ok_and(|kind| kind.is_file())
        {
            copies.push((at, entry.path()));
        }
    }
    copies.sort_unstable();
    Ok(copies)
}

fn prune(folder: &Path, new: &Path, keep: usize) -> Result<Vec<PathBuf>, Error> {
    delete_leftovers(folder);
    let copies = load_copies(folder)?;
    let surplus = copies.len().saturating_sub(keep);
    let old: Vec<PathBuf> = copies.into_iter().take(surplus).map(|(_, path)| path).filter(|path| path != new).collect();
    for path in &old {
        match std::fs::remove_file(path) {
            // Another backup deleted it.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(path)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(old)
}

/// Deletes the drafts of backups that were killed. One that stays does no harm but to the room on the disk.
fn delete_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_dead = name
            .to_str()
            .and_then(copy::parse_draft)
            .is_some_and(|(target, pid)| time_of(target).is_some() && process::is_gone(pid));
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_dead && age.is_some_and(|age| age > LEFTOVER_AGE) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{stamp, time_of};

    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(time_of(name).map(stamp).as_deref(), expected, "{name}");
    }

    #[test]
    fn only_exact_names_are_copies() {
        check("tongbu-20261128T041905.007Z.db", Some("20261128T041905.007Z"));
        for other in [
            "tongbu-20261128T041905Z.db",
            "tongbu-2026-11-28.db",
            "tongbu-20261328T041905.007Z.db",
            "tongbu-20261128T041905.007Z.db.gz",
            "tongbu-20261128T041905.0070Z.db",
            ".tongbu-20261128T041905.007Z.db.0.7.partial",
            "tongbu.db",
        ] {
            check(other, None);
        }
    }
}
