//! Reading a file where nothing can be made beside it, hence without locks: right as long as the file stays as it is.

use std::fmt::Write as _;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The state of a file that is read without locks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seal {
    file: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl Seal {
    /// `None` where others have it open or a killed process left a `-wal` file: then the file is not all there is.
    pub(super) fn of(path: &Path) -> io::Result<Option<Self>> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        if Path::new(&log).metadata().is_ok_and(|log| log.len() > 0) {
            return Ok(None);
        }
        let metadata = path.metadata()?;
        Ok(Some(Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        }))
    }

    /// Whether nobody has written meanwhile.
    pub(super) fn is_intact(&self, path: &Path) -> bool {
        Self::of(path).is_ok_and(|now| now.as_ref() == Some(self))
    }
}

/// The engine's name for a file that it need not lock.
pub(super) fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri + "?immutable=1"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Seal, immutable_uri};

    #[test]
    fn a_path_is_escaped_in_the_engines_name() {
        assert_eq!(immutable_uri(Path::new("/a b/%?#.db")), "file:/a%20b/%25%3F%23.db?immutable=1");
    }

    #[test]
    fn a_seal_breaks_when_the_file_changes_or_gets_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        std::fs::write(&path, "one").unwrap();
        let seal = Seal::of(&path).unwrap().unwrap();
        assert!(seal.is_intact(&path));
        std::fs::write(folder.path().join("t.db-wal"), "log").unwrap();
        assert!(!seal.is_intact(&path) && Seal::of(&path).unwrap().is_none());
        std::fs::remove_file(folder.path().join("t.db-wal")).unwrap();
        std::fs::write(&path, "other").unwrap();
        assert!(!seal.is_intact(&path));
    }
}
