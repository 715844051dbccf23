//! Consistent copies of a live database: a file copy of one in use would be corrupt.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::connection::{Access, Connection};
use super::header::{self, FileKind};
use super::place::refuse_unsafe_place;
use crate::store::error::Error;
use crate::store::options::TxEnd;
use crate::store::space;
use crate::store::statement::Writer;
use crate::store::value::Value;

impl Connection {
    /// Writes a compact copy of the database into `file`, which must be missing or empty.
    pub(super) fn copy_to(&self, file: &Path) -> Result<(), Error> {
        let name = file
            .to_str()
            .ok_or_else(|| Error::Value { found: file.display().to_string(), expected: "a path in UTF-8" })?;
        create_private(file)?;
        match self.reader().first("VACUUM INTO ?1", &[Value::Text(name)], |_| Ok(())) {
            // The error is about the copy's disk.
            Err(Error::Full { source, .. }) => {
                Err(Error::Full { free: space::available(file), path: file.to_owned(), source })
            }
            copied => copied.map(drop),
        }
    }
}

/// Copies the database at `path` to `target`: checked, flushed to disk, then renamed to its name; an existing file
/// stays. `clean` edits the copy before it is checked. Returns the size of the copy in bytes.
pub(in crate::store) fn back_up(
    path: &Path,
    target: &Path,
    clean: impl FnOnce(&Writer<'_>) -> Result<(), Error>,
) -> Result<u64, Error> {
    refuse_unsafe_place(path)?;
    let FileKind::Ours(real) = header::inspect(path)? else { return Err(Error::Missing { database: path.into() }) };
    check_target(target)?;
    let draft = Draft::beside(target)?;
    Connection::connect(real.into(), Access::Write)?.copy_to(&draft.0)?;
    Connection::connect(draft.0.as_path().into(), Access::Write)?.transact(TxEnd::Commit, clean, |_, ()| Ok(false))?;
    finish(&draft, target)
}

/// Refuses a target that exists, or whose directory does not.
pub(super) fn check_target(target: &Path) -> Result<(), Error> {
    if target.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: target.to_owned() });
    }
    if !folder_of(target).is_dir() {
        return Err(Error::NoFolder { path: target.to_owned(), folder: folder_of(target).to_owned() });
    }
    Ok(())
}

/// Checks a draft and makes it the target; returns its size in bytes.
pub(super) fn finish(draft: &Draft, target: &Path) -> Result<u64, Error> {
    check_integrity(&draft.0)?;
    let flushed = File::open(&draft.0).and_then(|file| file.sync_all().and_then(|()| file.metadata()));
    let bytes = flushed.map_err(Error::io(target))?.len();
    publish(&draft.0, target)?;
    flush_folder(target)?;
    Ok(bytes)
}

/// Makes sure that the names in the folder of that file survive a power loss.
pub(super) fn flush_folder(path: &Path) -> Result<(), Error> {
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
}

pub(super) fn check_integrity(file: &Path) -> Result<(), Error> {
    let connection = Connection::connect(file.into(), Access::Read)?;
    let result = connection.reader().first("PRAGMA integrity_check(1)", &[], |row| Ok(row.text(0)?.to_owned()))?;
    match result.as_deref() {
        Some("ok") => Ok(()),
        other => Err(Error::Corrupt {
            path: file.to_owned(),
            source: other.unwrap_or("the integrity check returned nothing").to_owned().into(),
        }),
    }
}

/// Renames without replacing where the file system can; elsewhere the check beforehand has to suffice.
pub(super) fn publish(draft: &Path, target: &Path) -> Result<(), Error> {
    match renameat_with(CWD, draft, CWD, target, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(Error::Exists { path: target.to_owned() }),
        Err(Errno::INVAL | Errno::NOSYS) => std::fs::rename(draft, target).map_err(Error::io(target)),
        Err(error) => Err(Error::io(target)(error.into())),
    }
}

fn create_private(file: &Path) -> Result<(), Error> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    opened.map(drop).map_err(|error| {
        if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
            let folder = folder_of(file).to_owned();
            return Error::Folder { path: file.to_owned(), folder, source: error.into() };
        }
        Error::io(file)(error)
    })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// An unfinished copy beside its target; removed unless it was renamed.
pub(super) struct Draft(PathBuf);

/// The target's name and the process, from the name of a [`Draft`] or of what the engine keeps beside it.
pub(in crate::store) fn parse_draft(name: &str) -> Option<(&str, i64)> {
    let (draft, companion) = name.strip_prefix('.')?.rsplit_once(".partial")?;
    let (target, pid) = ["", "-journal", "-wal", "-shm"].contains(&companion).then_some(draft)?.rsplit_once('.')?;
    Some((target.rsplit_once('.')?.0, pid.parse().ok()?))
}

impl Draft {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The file stays.
    pub(super) fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }

    pub(super) fn beside(target: &Path) -> Result<Self, Error> {
        let name = target
            .file_name()
            .ok_or_else(|| Error::Value { found: target.display().to_string(), expected: "the path of a file" })?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        // Random, because a killed process may have had the same id.
        hidden.push(format!(".{:08x}.{}.partial", fastrand::u32(..), std::process::id()));
        Ok(Self(target.with_file_name(hidden)))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A private directory with the database that a dry run uses instead of the real one; removed when dropped.
pub(in crate::store) struct TempDatabase(PathBuf);

impl TempDatabase {
    /// In the temporary directory; where that cannot be written, beside the database.
    pub(super) fn new(database: &Path) -> Result<Self, Error> {
        let beside = database.ancestors().skip(1).find(|folder| folder.is_dir());
        Self::new_in(&std::env::temp_dir()).or_else(|error| beside.map_or(Err(error), Self::new_in))
    }

    fn new_in(place: &Path) -> Result<Self, Error> {
        let mut last = None;
        // A name may be left from a process that was killed and had the same id.
        for attempt in 0..100 {
            let folder = place.join(format!("tongbu-dry-run-{}-{attempt}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(Self(folder)),
                Err(error) => last = Some(error),
            }
        }
        Err(Error::io(place)(last.unwrap_or_else(|| ErrorKind::AlreadyExists.into())))
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("tongbu.db")
    }
}

impl Drop for TempDatabase {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
