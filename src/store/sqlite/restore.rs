//! Puts a copy in the place of the database: at any moment the old one or the new one is there, whole.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::connection::{Access, Connection};
use super::copy::{Draft, check_integrity, flush_folder, publish};
use super::header::{self, FileKind};
use super::numbers::{load_numbers, save_numbers};
use super::open::{self, Opened, create_folder};
use super::place::refuse_unsafe_place;
use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::lock::types::Holder;
use crate::store::migrate::Component;
use crate::store::options::{Mode, TxEnd};
use crate::store::process;
use crate::store::statement::{Reader, Writer};

/// How long readers that are about to end are waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// What the engine keeps beside a database: each belongs to one content of it.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What is restored from where, with what beside it.
pub(in crate::store) struct Restoring<'a> {
    pub(in crate::store) database: &'a Path,
    pub(in crate::store) copy: &'a Path,
    /// The name under which the present database is kept.
    pub(in crate::store) aside: PathBuf,
    pub(in crate::store) is_forced: bool,
    pub(in crate::store) components: &'a [Component],
    pub(in crate::store) clock: &'a Clock,
}

impl Restoring<'_> {
    /// Restores; `holder` finds who holds a lock in the present database, `clean` ends in the new one what nobody goes on
    /// with. Returns the size, and whether there was a database, which is kept aside.
    pub(in crate::store) fn restore(
        &self,
        holder: impl Fn(&Reader<'_>) -> Result<Option<Holder>, Error>,
        clean: impl FnOnce(&Writer<'_>) -> Result<(), Error>,
    ) -> Result<(u64, bool), Error> {
        refuse_unsafe_place(self.database)?;
        let present = match header::inspect(self.database)? {
            FileKind::Nothing => None,
            FileKind::Empty(real) | FileKind::Ours(real) => Some(real),
        };
        let copy = self.copy.canonicalize().map_err(Error::io(self.copy))?;
        if present.as_ref() == Some(&copy) {
            return Err(Error::SameFile { path: self.copy.to_owned() });
        }
        self.check_copy().map_err(|source| Error::Unusable { path: self.copy.to_owned(), source: source.into() })?;
        if present.is_some() && !self.is_forced {
            return Err(Error::Occupied { path: self.database.to_owned() });
        }
        let target = present.as_deref().unwrap_or(self.database);
        if present.is_none() {
            create_folder(target)?;
        }
        let draft = Draft::beside(target)?;
        let seized = present.as_deref().map(|real| seize(real, holder)).transpose()?;
        let numbers = match &seized {
            Some(Some(seized)) => load_numbers(&seized.reader()).unwrap_or_default(),
            Some(None) | None => Vec::new(),
        };
        Connection::connect(copy.into(), Access::Write)?.copy_to(draft.path())?;
        self.prepare(draft.path(), &numbers, clean)?;
        let bytes = finish(draft.path(), present.as_deref())?;
        for companion in COMPANIONS {
            let (old, kept) = (beside(target, companion), beside(&self.aside, companion));
            if old.symlink_metadata().is_ok() {
                publish(&old, &kept)?;
            }
        }
        if present.is_some() {
            self.swap(draft, target)?;
        } else {
            publish(draft.path(), target)?;
        }
        flush_folder(target)?;
        Ok((bytes, present.is_some()))
    }

    fn check_copy(&self) -> Result<(), Error> {
        let refuse = |what: &str| Error::NotOurs { path: self.copy.to_owned(), what: what.to_owned() };
        let FileKind::Ours(real) = header::inspect(self.copy)? else { return Err(refuse("an empty file")) };
        let connection = Connection::connect(real.as_path().into(), Access::Read)?;
        open::check(&connection, self.components)?;
        if !connection.reader().has_table("schema_migrations")? {
            return Err(refuse("a database in which nothing was stored yet"));
        }
        check_integrity(&real)
    }

    /// Upgrades the draft, so that every command works at once, and cleans it.
    fn prepare(
        &self,
        draft: &Path,
        numbers: &[(String, i64)],
        clean: impl FnOnce(&Writer<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Opened { mut connection, .. } = open::open(draft, Mode::ReadWrite, self.components, self.clock)?;
        connection.transact(
            TxEnd::Commit,
            |w| {
                clean(w)?;
                save_numbers(w, numbers)
            },
            |_, ()| Ok(false),
        )
    }

    /// Exchanges the two files in one step, so that neither name is ever missing, and then names the old one.
    fn swap(&self, draft: Draft, target: &Path) -> Result<(), Error> {
        match renameat_with(CWD, draft.path(), CWD, target, RenameFlags::EXCHANGE) {
            // From here on the draft is the old database.
            Ok(()) => publish(&draft.keep(), &self.aside),
            Err(Errno::INVAL | Errno::NOSYS) => {
                std::fs::hard_link(target, &self.aside).map_err(Error::io(&self.aside))?;
                std::fs::rename(draft.path(), target).map_err(Error::io(target))
            }
            Err(error) => Err(Error::io(target)(error.into())),
        }
    }
}

/// Makes one file of the database and its WAL, and keeps every other process out of it as long as the connection lives;
/// `None` for one too damaged for that, which nobody has open.
///
/// The engine leaves WAL mode only where no other connection is open. Who opened the file a moment ago waits, and is then
/// refused by the engine, because the file is no longer at its path.
fn seize(
    real: &Path,
    holder: impl Fn(&Reader<'_>) -> Result<Option<Holder>, Error>,
) -> Result<Option<Connection>, Error> {
    let began = Instant::now();
    let found = real.metadata().map_err(Error::io(real))?.ino();
    let in_use = |source| Error::InUse { path: real.to_owned(), users: process::users_of(real), source };
    let seized = Connection::connect(real.into(), Access::Write).and_then(|connection| {
        loop {
            match connection.seize() {
                Ok(()) => return Ok(connection),
                Err(Error::Busy { source, .. }) => {
                    // The rows of an older or a damaged database cannot be read: who has it open is then all there is.
                    if let Ok(Some(holder)) = holder(&connection.reader()) {
                        return Err(Error::Locked(holder.into()));
                    }
                    if began.elapsed() > PATIENCE {
                        return Err(in_use(source));
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    });
    match seized {
        Ok(_) if real.metadata().map_err(Error::io(real))?.ino() != found => {
            Err(Error::Replaced { path: real.to_owned() })
        }
        Ok(connection) => Ok(Some(connection)),
        Err(error @ (Error::Corrupt { .. } | Error::NotOurs { .. } | Error::ForeignLog { .. }))
            if process::users_of(real).is_empty() =>
        {
            tracing::warn!(%error, "the present database cannot be read");
            Ok(None)
        }
        Err(error @ (Error::Corrupt { .. } | Error::NotOurs { .. } | Error::ForeignLog { .. })) => {
            Err(in_use(error.into()))
        }
        Err(error) => Err(error),
    }
}

/// Checks the draft, gives it the mode and the owner of what it replaces, flushes it; returns its size.
fn finish(draft: &Path, present: Option<&Path>) -> Result<u64, Error> {
    check_integrity(draft)?;
    if beside(draft, COMPANIONS[0]).exists() {
        return Err(Error::Engine { database: draft.into(), source: "its WAL is still there".into() });
    }
    let io = || Error::io(draft);
    let file = File::open(draft).map_err(io())?;
    let own = file.metadata().map_err(io())?;
    if let Some(present) = present {
        let old = present.metadata().map_err(Error::io(present))?;
        if (old.uid(), old.gid()) != (own.uid(), own.gid()) {
            chown(draft, Some(old.uid()), Some(old.gid())).map_err(io())?;
        }
        file.set_permissions(PermissionsExt::from_mode(old.mode() & 0o777)).map_err(io())?;
    }
    file.sync_all().map_err(io())?;
    Ok(own.len())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
