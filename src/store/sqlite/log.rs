//! The write-ahead log beside a database file: whether the two belong together.
//!
//! A log holds pages of one content of one file. The engine does not notice when another file is put in its place: it
//! writes the pages into whatever is there.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::store::error::Error;
use crate::store::oslock::LockFolder;

/// What a log begins with, but for its last bit: <https://www.sqlite.org/fileformat2.html#walformat>.
const MAGIC: u32 = 0x377f_0682;

/// The check of a larger file takes longer than a person waits: it is not made for what a checkpoint explains.
const LARGE_BYTES: u64 = 32 << 20;

/// A checkpoint takes less than this from the last page of the log to the last one of the file.
const CHECKPOINT_SECONDS: i64 = 2;

/// The log of the database at that path.
pub(super) fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

/// Refuses a place where a database is missing or empty and its log is not: the two would never come together again.
pub(super) fn refuse_alone(path: &Path, what: &'static str) -> Result<(), Error> {
    match content(&beside(path)) {
        Some(_) => Err(Error::ForeignLog { path: path.to_owned(), what }),
        None => Ok(()),
    }
}

/// Whether the log may be of another file: this one is not the one that was written last, or it was changed after its
/// log, by a checkpoint or by who copied something over it.
pub(super) fn is_doubtful(database: &Path) -> bool {
    let (Some(log), Ok(file)) = (content(&beside(database)), database.metadata()) else { return false };
    let written = LockFolder::beside(database).load_identity();
    if written.is_some_and(|written| written != (file.dev(), file.ino())) {
        return true;
    }
    let span = if file.len() > LARGE_BYTES { CHECKPOINT_SECONDS } else { 0 };
    (file.ctime(), file.ctime_nsec()) > (log.mtime() + span, log.mtime_nsec())
}

/// The error where file and log make no sound database together.
pub(super) fn foreign(database: &Path) -> Error {
    let what = "its log is not of this file, which was replaced or copied over";
    Error::ForeignLog { path: database.to_owned(), what }
}

/// Whether the log that a connection writes is still there, and one.
pub(in crate::store) fn is_intact(database: &Path) -> bool {
    let mut first = [0; 4];
    match File::open(beside(database)) {
        Ok(mut log) if log.metadata().is_ok_and(|log| log.len() > 0) => {
            log.read_exact(&mut first).is_ok() && u32::from_be_bytes(first) & !1 == MAGIC
        }
        Ok(_) => true,
        // Another user's cannot be looked at.
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn content(log: &Path) -> Option<Metadata> {
    log.metadata().ok().filter(|log| log.len() > 0)
}
