//! The OS lock behind a lease: it only shortens the wait after a crash; safety comes from the token.
//!
//! The folder also holds the files of live runs, `run-…`, the writers' fair lock, and which file was written last. No
//! lease has such a name: a scope's name has a `/`.

use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Access, access};
use xxhash_rust::xxh3::xxh3_64;

use super::error::Error;

/// File systems allow 255 bytes a name; longer lock names end in a digest.
const LONGEST_NAME_BYTES: usize = 200;

/// Of a directory: what is made in it belongs to its group.
const SET_GROUP_ID: u32 = 0o2000;

/// Says which file is at the database's path.
const IDENTITY_FILE: &str = "file";

/// A writer that waits longer goes on without the fair lock and waits no more: its holder may be suspended.
const FAIR_LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// The directory of lock files beside the database, `<db>.locks`.
#[derive(Clone, Debug)]
pub(super) struct LockFolder(PathBuf);

/// A lock file this process has locked; unlocked when it is dropped or the process ends, in whatever way.
///
/// It belongs to the open file, which `std` closes in child processes, and not to the process: two stores in one
/// process exclude each other too.
#[derive(Debug)]
pub(super) struct OsLock {
    file: File,
    inode: i64,
}

/// The lock file of a run: its record counts as alive while the file is locked. Deleted when dropped.
#[derive(Debug)]
pub(super) struct RunLock {
    path: PathBuf,
    _lock: OsLock,
}

/// Writers of several processes that have waited long take turns through this lock. It serves fairness only; the
/// engine keeps writers apart.
///
/// Without it, a process that writes one long transaction after the other takes the engine's lock back before a waiting
/// process tries again: a short write then waited for 2 to 6 long ones, with the engine's own busy timeout for 33 to 73,
/// with this lock for one.
#[derive(Debug)]
pub(super) struct FairLock {
    path: PathBuf,
    patience: Duration,
}

impl LockFolder {
    /// The folder that belongs to the database at this real path.
    pub(super) fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(".locks");
        Self(path.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Lets those who may read or write a file of that mode do so in the folder. Where files in the database's directory
    /// belong to the directory's group, these do, too.
    pub(super) fn set_file_mode(&self, mode: u32) {
        let inherited = self.0.parent().and_then(|parent| parent.metadata().ok());
        let group = inherited.filter(|parent| parent.mode() & SET_GROUP_ID != 0).map(|parent| parent.gid());
        let files = std::fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path());
        let rights = mode | (mode & 0o444) >> 2;
        let folder = (self.0.clone(), group.map_or(rights, |_| rights | SET_GROUP_ID));
        for (path, mode) in std::iter::once(folder).chain(files.map(|file| (file, mode))) {
            // First: a change of the group takes the bit for inherited groups away.
            if let Some(group) = group.filter(|group| path.metadata().is_ok_and(|metadata| metadata.gid() != *group)) {
                let _ = std::os::unix::fs::chown(&path, None, Some(group));
            }
            set_mode(&path, mode);
        }
    }

    /// A lock file that this user cannot open as a run does.
    pub(super) fn find_closed_file(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path());
        files.into_iter().find(|path| path.is_file() && access(path.as_path(), Access::WRITE_OK).is_err())
    }

    /// The never unlinked file of a lease.
    pub(super) fn lease_file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{}.lock", encoded(name)))
    }

    fn run_file(&self, id: i64, trace_id: &str) -> PathBuf {
        self.0.join(format!("run-{id}-{}.lock", encoded(trace_id)))
    }

    /// Device and inode of the file that was written last; `None` where nothing says so.
    pub(super) fn load_identity(&self) -> Option<(u64, u64)> {
        let text = std::fs::read_to_string(self.0.join(IDENTITY_FILE)).ok()?;
        let (device, inode) = text.trim().split_once(':')?;
        Some((device.parse().ok()?, inode.parse().ok()?))
    }

    /// Takes note of the file that is written from now on.
    pub(super) fn save_identity(&self, (device, inode): (u64, u64)) {
        let path = self.0.join(IDENTITY_FILE);
        if self.load_identity() != Some((device, inode))
            && let Err(error) = OsLock::open(&path)
                .and_then(|_| std::fs::write(&path, format!("{device}:{inode}")).map_err(Error::io(&path)))
        {
            tracing::debug!(%error, "cannot note which file is written");
        }
    }

    pub(super) fn fair_lock(&self) -> FairLock {
        FairLock { path: self.0.join("writer.lock"), patience: FAIR_LOCK_PATIENCE }
    }

    /// Locks the file of a run whose record is being inserted. The name has the id as well as the trace id, so it is
    /// never used twice.
    pub(super) fn lock_run(&self, id: i64, trace_id: &str) -> Result<RunLock, Error> {
        let path = self.run_file(id, trace_id);
        match OsLock::try_take(&path)? {
            Some(lock) => Ok(RunLock { path, _lock: lock }),
            None => Err(Error::io(&path)(io::ErrorKind::WouldBlock.into())),
        }
    }

    /// Whether the run has its file locked; `None` where the file cannot be seen: the run deleted it, the folder is
    /// missing, or it is another user's.
    pub(super) fn is_run_locked(&self, id: i64, trace_id: &str) -> Option<bool> {
        let file = File::open(self.run_file(id, trace_id)).ok()?;
        Some(!matches!(OsLock::lock(file), Ok(Some(_))))
    }

    /// Deletes the run files that nobody has locked. Only inside a write transaction: a file is created in the one that
    /// inserts its record.
    pub(super) fn delete_leftover_runs(&self) {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_run = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"));
            if is_run && OsLock::probe(&path).is_some() {
                let _ = std::fs::remove_file(&path);
            }
        }
    }
}

impl FairLock {
    /// Waits for the lock, which is held as long as the returned value exists; `None` where it did not come in time or
    /// cannot be taken.
    pub(super) fn wait(&mut self, mut pause: impl FnMut()) -> Option<OsLock> {
        let began = Instant::now();
        loop {
            match OsLock::open(&self.path).map(OsLock::lock) {
                Ok(Ok(None)) if began.elapsed() < self.patience => pause(),
                Ok(Ok(None)) => {
                    self.patience = Duration::ZERO;
                    return None;
                }
                Ok(Ok(lock)) => return lock,
                // The file cannot be created, or the file system does not support locks.
                Ok(Err(_)) | Err(_) => return None,
            }
        }
    }
}

impl OsLock {
    /// Locks the file, created where it is missing; `None` where somebody else has it locked or the file system does
    /// not support locks.
    pub(super) fn try_take(path: &Path) -> Result<Option<Self>, Error> {
        Ok(Self::lock(Self::open(path)?).ok().flatten())
    }

    /// The inode of an existing lock file nobody holds.
    pub(super) fn probe(path: &Path) -> Option<i64> {
        Self::lock(File::open(path).ok()?).ok()?.map(|lock| lock.inode)
    }

    fn open(path: &Path) -> Result<File, Error> {
        let open = || OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(path);
                DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::io(folder))?;
                open()
            }
            opened => opened,
        };
        let file = file.map_err(Error::io(path))?;
        // In a folder that is shared its files are; a mask of the process would take that from a new one.
        let shared = path.parent().and_then(|folder| folder.metadata().ok()).map(|folder| folder.mode() & 0o666);
        if let Some(mode) = shared.filter(|mode| mode & 0o077 != 0) {
            set_mode(path, mode);
        }
        Ok(file)
    }

    /// Identifies the locked file: a file created again after a deletion says nothing about the holder of the first.
    pub(super) const fn inode(&self) -> i64 {
        self.inode
    }

    /// `None` where somebody else has it locked.
    #[expect(clippy::disallowed_methods, reason = "files are locked here and nowhere else")]
    fn lock(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => {
                let inode = file.metadata()?.ino().cast_signed();
                Ok(Some(Self { file, inode }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Changes the rights where they differ; without effect where the file is another user's.
pub(super) fn set_mode(path: &Path, mode: u32) {
    if path.metadata().is_ok_and(|metadata| metadata.mode() & (0o777 | mode) != mode) {
        let _ = std::fs::set_permissions(path, Permissions::from_mode(mode));
    }
}

impl Drop for OsLock {
    fn drop(&mut self) {
        // Unlocked explicitly, because a child between fork and exec may still have the open file.
        let _ = self.file.unlock();
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Before it is unlocked: no other process ever locks this name.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A lock's name as a file name: `/` and all but plain letters, digits, `.`, `_` and `-` in percent encoding.
fn encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len() + 8);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    if encoded.len() > LONGEST_NAME_BYTES {
        encoded.truncate(LONGEST_NAME_BYTES);
        let _ = write!(encoded, "~{:016x}", xxh3_64(name.as_bytes()));
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{FairLock, LockFolder, OsLock, encoded};

    fn check(name: &str, expected: &str) {
        assert_eq!(encoded(name), expected);
    }

    #[test]
    fn lock_names_become_file_names() {
        check("fairing/shop-eu/responses", "fairing%2Fshop-eu%2Fresponses");
        check("../x", "..%2Fx");
        check("问", "%E9%97%AE");
        let [one, other] = ["一", "二"].map(|last| encoded(&format!("{}{last}", "长".repeat(90))));
        assert!(one.len() < 255 && one != other);
    }

    #[test]
    fn a_lock_is_exclusive_until_dropped_even_inside_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = LockFolder::beside(&folder.path().join("tongbu.db")).lease_file("a/b");
        let first = OsLock::try_take(&path).unwrap().unwrap();
        assert!(OsLock::try_take(&path).unwrap().is_none());
        assert_eq!(OsLock::probe(&path), None);
        let inode = first.inode();
        drop(first);
        assert_eq!(OsLock::probe(&path), Some(inode));
    }

    #[test]
    fn a_recreated_lock_file_has_another_inode_while_the_old_one_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let old = OsLock::try_take(&path).unwrap().unwrap();
        std::fs::remove_file(&path).unwrap();
        let recreated = OsLock::try_take(&path).unwrap().unwrap();
        assert_ne!(old.inode(), recreated.inode());
    }

    #[test]
    fn the_fair_lock_does_not_wait_where_its_file_cannot_be_created() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut fair_lock = LockFolder(file.path().to_owned()).fair_lock();
        assert!(fair_lock.wait(|| panic!("nothing to wait for")).is_none());
    }

    #[test]
    fn a_fair_lock_that_is_never_released_is_waited_for_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("writer.lock");
        let suspended = OsLock::try_take(&path).unwrap().unwrap();
        let mut fair_lock = FairLock { path, patience: Duration::from_millis(5) };
        let mut waits = [0, 0, 0];
        for wait in &mut waits[..2] {
            let lock = fair_lock.wait(|| {
                *wait += 1;
                std::thread::sleep(Duration::from_millis(1));
            });
            assert!(lock.is_none());
        }
        drop(suspended);
        assert!(fair_lock.wait(|| waits[2] += 1).is_some());
        assert!(waits[0] > 0 && waits[1..] == [0, 0], "{waits:?}");
    }
}
