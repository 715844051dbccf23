//! How much room is left on the database's disk.

use std::path::Path;

/// Free bytes for this user on the file system of `path`; `None` where it is unknown.
pub(super) fn available(path: &Path) -> Option<u64> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir())?;
    let room = rustix::fs::statvfs(folder).ok()?;
    Some(room.f_bavail.saturating_mul(room.f_frsize))
}
