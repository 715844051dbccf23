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

/// When a file was written last, and what shows which checkpoints have written to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    stamp: Stamp,
    /// The log, by its salts, and how many of its pages are in the file.
    checkpoints: ([u8; 8], i64),
}

impl Written {
    /// `load_copied` finds how many pages of the log are in the file. `None` where there is no log.
    pub(super) fn load(database: &Path, load_copied: impl FnOnce() -> Option<i64>) -> Option<Self> {
        // The file first: a checkpoint that writes meanwhile shows in the pages.
        let stamp = stamp(database)?;
        // The engine has no lock on the log. Those on its other files end when anybody in this process closes one.
        let (mut head, mut salts) = ([0; 24], [0; 8]);
        File::open(beside(database)).and_then(|mut log| log.read_exact(&mut head)).ok()?;
        salts.copy_from_slice(&head[16..]);
        let copied = load_copied().filter(|copied| *copied >= 0)?;
        Some(Self { stamp, checkpoints: (salts, copied) })
    }

    /// Whether the same file was written since then.
    pub(super) fn is_touched(&self, database: &Path) -> bool {
        stamp(database).is_some_and(|now| now.file == self.stamp.file && now != self.stamp)
    }

    /// Whether something else than a checkpoint has written between the two.
    pub(super) fn is_unexplained(&self, now: &Self) -> bool {
        self.checkpoints == now.checkpoints && self.stamp != now.stamp
    }
}

/// Which file it is, and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    at: (i64, i64),
}

fn stamp(database: &Path) -> Option<Stamp> {
    let file = database.metadata().ok()?;
    Some(Stamp { file: (file.dev(), file.ino()), size: file.len(), at: (file.mtime(), file.mtime_nsec()) })
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
