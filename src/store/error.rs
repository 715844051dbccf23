//! What can go wrong with the database.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::location::Location;
use super::lock::types::Holder;
use super::postgres::address::AddressError;
use super::server_error::{ServerError, Source};
use super::space;
use crate::error::Class;

/// A database failure, named by what the operator can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lease was taken over by another run; nothing was written.
    #[error("lost the lock `{name}` (token {token}): another run took over")]
    LeaseLost { name: String, token: i64 },
    /// Another process holds the lock that a short write needs.
    #[error("`{}` is locked by {} (pid {} on {})", .0.name, .0.owner, .0.pid, .0.host)]
    Locked(Box<Holder>),
    /// Other processes kept the database locked for the whole time a statement waits.
    #[error("cannot write to the database `{path}`: another process keeps it busy")]
    Busy { path: PathBuf, source: Source },
    /// The file, its directory or its file system cannot be written.
    #[error("cannot write to the database `{path}`: it is read-only here")]
    ReadOnly { path: PathBuf, source: Source },
    /// No space left; `free` is how much there is, where it is known.
    #[error("cannot write to the database `{path}`: the disk is full{}", free_text(*.free))]
    Full { path: PathBuf, free: Option<u64>, source: Source },
    /// The disk or the file system failed at reading, writing or flushing.
    #[error("cannot use the database `{path}`: the disk failed")]
    Disk { path: PathBuf, source: Source },
    /// The file's content is damaged.
    #[error("cannot read the database `{path}`: it is damaged")]
    Corrupt { path: PathBuf, source: Source },
    /// Not a database of tongbu's; `what` is what it is instead.
    #[error("cannot use `{path}` as the database: it is {what}")]
    NotOurs { path: PathBuf, what: String },
    /// Written by a newer tongbu; `what` names what this one does not know.
    #[error("cannot use the database `{database}`: a newer tongbu wrote it ({what})")]
    Newer { database: Location, what: String },
    /// Opened only for reading, and its schema is behind this tongbu.
    #[error("cannot read the database `{database}`: an older tongbu wrote it and it is not upgraded yet")]
    Older { database: Location },
    /// The linked `SQLite` is too old to be trusted with concurrent checkpoints.
    #[error("cannot use SQLite {found}: 3.51.3 or newer is needed")]
    OldSqlite { found: String },
    /// Locks do not hold on network file systems.
    #[error("cannot use the database `{path}`: it is on a network file system ({kind})")]
    NetworkFileSystem { path: PathBuf, kind: String },
    /// The file itself is mounted, not its directory: the files beside it are not shared.
    #[error("cannot use the database `{path}`: the file itself is mounted, without the files beside it")]
    MountPoint { path: PathBuf },
    /// The file has other names, beside which other processes look for the `-wal` file and the locks.
    #[error("cannot use the database `{path}`: it is one file with {count} names (hard links)")]
    HardLinks { path: PathBuf, count: u64 },
    /// Another file, or none, is at the path now: what was written is not there.
    #[error("the database `{path}` was moved, deleted or replaced while it was in use")]
    Replaced { path: PathBuf },
    /// Its content is another one, and no checkpoint wrote it.
    #[error("the database `{path}` was overwritten or touched while it was in use")]
    Overwritten { path: PathBuf },
    /// The log beside the file is of another one, or of one that is gone: `what` says which.
    #[error("cannot use the database `{path}`: {what}")]
    ForeignLog { path: PathBuf, what: &'static str },
    /// What was written last was in the log, and is not where the next run looks for it.
    #[error("the log `{path}-wal` of the database was moved, deleted or overwritten while it was in use")]
    LogLost { path: PathBuf },
    /// The engine cannot make its files beside the database.
    #[error("cannot write to the database `{path}`: its directory `{folder}` is read-only here")]
    Folder { path: PathBuf, folder: PathBuf, source: Source },
    /// Opened only for reading, and there is nothing yet.
    #[error("cannot read the database `{database}`: it does not exist yet")]
    Missing { database: Location },
    /// A copy would replace a file.
    #[error("cannot write `{path}`: it exists already")]
    Exists { path: PathBuf },
    /// The directory of a copy is missing.
    #[error("cannot write `{path}`: there is no directory `{folder}`")]
    NoFolder { path: PathBuf, folder: PathBuf },
    /// A copy that must not become the database.
    #[error("cannot restore `{path}`")]
    Unusable { path: PathBuf, source: Source },
    /// What is to be restored is the database that it would replace.
    #[error("cannot restore `{path}`: it is the present database itself")]
    SameFile { path: PathBuf },
    /// What is copied would mix with what is there.
    #[error("cannot copy into the database `{database}`: it holds records already")]
    Filled { database: Location },
    /// A restored copy would replace a database.
    #[error("there is a database at `{path}`")]
    Occupied { path: PathBuf },
    /// Other processes have the database open that is to be replaced; `users` are those that can be seen.
    #[error("the database `{path}` is in use{}", users_text(.users))]
    InUse { path: PathBuf, users: Vec<i64>, source: Source },
    /// The operating system refused the access.
    #[error("cannot access `{path}`")]
    Io { path: PathBuf, source: Source },
    /// It was opened only for reading.
    #[error("cannot write to the database `{database}`: it was opened only for reading")]
    OpenedToRead { database: Location },
    /// A migration that was applied to this database has another text in this tongbu.
    #[error("cannot use the database `{database}`: its migration `{component}/{migration}` is not the one known here")]
    ChecksumMismatch { database: Location, component: String, migration: String },
    /// A stored value is not of the kind it should be.
    #[error("cannot read the stored value `{found}`: expected {expected}")]
    Value { found: String, expected: &'static str },
    /// The engine failed for a reason that is not in the file.
    #[error("cannot use the database `{database}`: the engine failed")]
    Engine { database: Location, source: Source },
    /// The address of a database server cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A database server failed, or the way to it.
    #[error(transparent)]
    Server(#[from] Box<ServerError>),
    /// A statement is wrong: a bug.
    #[error("cannot run a statement on the database")]
    Statement { source: Source },
}

impl Error {
    pub const fn class(&self) -> Class {
        match self {
            Self::LeaseLost { .. } => Class::LeaseLost,
            Self::Locked(_) | Self::InUse { .. } => Class::Busy,
            Self::Busy { .. }
            | Self::ReadOnly { .. }
            | Self::Full { .. }
            | Self::Disk { .. }
            | Self::Corrupt { .. }
            | Self::NotOurs { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::OldSqlite { .. }
            | Self::NetworkFileSystem { .. }
            | Self::MountPoint { .. }
            | Self::HardLinks { .. }
            | Self::Replaced { .. }
            | Self::Overwritten { .. }
            | Self::ForeignLog { .. }
            | Self::LogLost { .. }
            | Self::Folder { .. }
            | Self::Missing { .. }
            | Self::OpenedToRead { .. }
            | Self::NoFolder { .. }
            | Self::Unusable { .. }
            | Self::Io { .. }
            | Self::ChecksumMismatch { .. }
            | Self::Value { .. }
            | Self::Engine { .. }
            | Self::Server(_) => Class::Database,
            Self::Address(_) => Class::Config,
            Self::Exists { .. } | Self::Filled { .. } | Self::SameFile { .. } | Self::Occupied { .. } => Class::Usage,
            Self::Statement { .. } => Class::Internal,
        }
    }

    /// What to do next, where there is something more exact than the class's own hint.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::LeaseLost { .. }
            | Self::Value { .. }
            | Self::Engine { .. }
            | Self::OpenedToRead { .. }
            | Self::Statement { .. } => None,
            Self::Address(error) => Some(error.hint()),
            Self::Server(error) => Some(error.hint().to_owned()),
            Self::Locked(_) => Some("run again in a moment; see who holds it with `tongbu locks list`".to_owned()),
            Self::Busy { path, .. } => {
                Some(format!("see who has it open with `fuser -v '{}'`, then run again", path.display()))
            }
            Self::ReadOnly { path, .. } => Some(format!(
                "the user who runs tongbu must be able to write the file and its directory: `ls -ld '{}'`",
                folder_of(path)
            )),
            Self::Full { path, .. } => {
                Some(format!("make room (`df -h '{}'`), then run again: what was committed is kept", folder_of(path)))
            }
            Self::Disk { path, .. } => Some(format!(
                "look for the disk's faults (`dmesg | tail`, `df -h '{}'`), then run again: what was committed is kept",
                folder_of(path)
            )),
            Self::Corrupt { path, .. } => Some(format!(
                "a file that was copied over it does that, or a failing disk: move `{}` away with its `-wal` and `-shm` files and restore the last `tongbu backup`",
                path.display()
            )),
            Self::NotOurs { .. } => Some("nothing was changed; give another path with `--db`".to_owned()),
            Self::Newer { .. } | Self::ChecksumMismatch { .. } => {
                Some("nothing was changed; use the tongbu that wrote it, or another path with `--db`".to_owned())
            }
            Self::Older { .. } => Some("run any `tongbu sync`: it upgrades the file first".to_owned()),
            Self::OldSqlite { .. } => Some("install a tongbu built with the bundled SQLite".to_owned()),
            Self::NetworkFileSystem { .. } => Some("give a path on a local disk with `--db`".to_owned()),
            Self::MountPoint { .. } => Some(
                "mount the directory instead of the file, for instance `docker run -v DIRECTORY:DIRECTORY`".to_owned(),
            ),
            Self::HardLinks { path, .. } => Some(format!(
                "find the other names with `find / -xdev -samefile '{}'` and delete all but one; `tongbu backup` makes a \
                 copy",
                path.display()
            )),
            Self::Replaced { path } => {
                Some(format!("put the file back (`ls -li '{}'`), then run again", path.display()))
            }
            Self::Overwritten { .. } => {
                Some("check it with `tongbu doctor`, then run again; if it is damaged or older: `tongbu restore COPY --force`".to_owned())
            }
            Self::ForeignLog { path, .. } => Some(format!(
                "nothing was changed; put the file back beside its log, or `tongbu restore COPY --force`; to go on without what \
                 the log holds: `rm '{0}-wal' '{0}-shm'`",
                path.display()
            )),
            Self::LogLost { path } => Some(format!(
                "what the run stored may be missing: run `tongbu doctor`, then sync again; leave `{0}-wal` and `{0}-shm` alone \
                 while tongbu runs",
                path.display()
            )),
            Self::Folder { folder, .. } => Some(format!(
                "the user who runs tongbu must be able to write the directory: `ls -ld '{}'`",
                folder.display()
            )),
            Self::Missing { .. } => Some("any `tongbu sync` creates it; or give its path with `--db`".to_owned()),
            Self::Exists { path } => Some(format!("give another path, or move `{}` away first", path.display())),
            Self::NoFolder { folder, .. } => {
                Some(format!("make it with `install -d -m 700 '{}'`, or give another path", folder.display()))
            }
            Self::Unusable { .. } => Some("nothing was changed; give another copy".to_owned()),
            Self::SameFile { .. } => Some("give the path of a copy that `tongbu backup` made".to_owned()),
            Self::Filled { .. } => Some("nothing was changed; give one in which nothing was stored yet".to_owned()),
            Self::Occupied { .. } => Some(
                "`tongbu status` shows its state; `--force` replaces it, and keeps it beside the new one".to_owned(),
            ),
            Self::InUse { path, .. } => Some(format!(
                "wait until they have ended, or end them with `kill PID`; `fuser -v '{}'` shows them",
                path.display()
            )),
            Self::Io { path, .. } => Some(format!("see `ls -ld '{}'`", path.display())),
        }
    }

    /// Whether the connection to a server broke off.
    pub(super) fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Server(error) if matches!(**error, ServerError::Lost { .. }))
    }

    /// An [`Io`](Self::Io) about that path, for `map_err`.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| {
            if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
                return Self::Full { free: space::available(&path), path, source: source.into() };
            }
            Self::Io { path, source: source.into() }
        }
    }
}

fn free_text(free: Option<u64>) -> String {
    free.map_or_else(String::new, |bytes| format!(" ({} KiB free)", bytes / 1024))
}

fn users_text(users: &[i64]) -> String {
    let users: Vec<String> = users.iter().map(i64::to_string).collect();
    if users.is_empty() { String::new() } else { format!(" by pid {}", users.join(", ")) }
}

fn folder_of(path: &std::path::Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Self {
        Self::Server(Box::new(error))
    }
}
