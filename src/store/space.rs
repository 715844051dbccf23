//! How much room is left on the database's disk.

use std::path::Path;

/// Free bytes for this user on the file system of `path`; `None` where it is unknown.
pub(super) fn available(path: &Path) -> Option<u64> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir())?;
    fs2::available_space(folder).ok()
}
