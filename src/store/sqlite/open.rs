//! Opens the database file: nothing changes before it is known to be ours and not newer.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{Access, BUSY_TIMEOUT, Connection};
use super::copy::TempDatabase;
use super::header::{self, APPLICATION_ID, FORMAT, FileKind};
use super::health::pragma;
use super::log;
use super::place::refuse_unsafe_place;
use super::seal::Seal;
use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::migrate::{Component, Plan};
use crate::store::options::{Mode, TxEnd};

/// Earlier releases could corrupt a WAL database under concurrent checkpoints.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Between two attempts where the engine's busy timeout does not apply.
const RETRY_PAUSE: Duration = Duration::from_millis(2);

/// An opened file: a connection that has been migrated, and the temporary database of a dry run.
pub(in crate::store) struct Opened {
    pub(in crate::store) connection: Connection,
    pub(in crate::store) temp_database: Option<TempDatabase>,
}

/// Opens `path` for `mode` with all `components` migrated.
pub(in crate::store) fn open(
    path: &Path,
    mode: Mode,
    components: &[Component],
    clock: &Clock,
) -> Result<Opened, Error> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::OldSqlite { found: rusqlite::version().to_owned() });
    }
    refuse_unsafe_place(path)?;
    let found = header::inspect(path)?;
    match &found {
        FileKind::Nothing => log::refuse_alone(path, "it was deleted or moved, and its log is still there")?,
        FileKind::Empty(real) => log::refuse_alone(real, "something has emptied it, and its log is still there")?,
        FileKind::Ours(_) => {}
    }
    let is_doubtful = matches!(&found, FileKind::Ours(real) if log::is_doubtful(real));
    let opened = match (found, mode) {
        (FileKind::Ours(real) | FileKind::Empty(real), Mode::ReadWrite) => open_for_writing(&real, components, clock),
        (FileKind::Ours(real), Mode::ReadOnly) => open_for_reading(&real, components),
        (FileKind::Ours(real), Mode::DryRun) => open_for_dry_run(&real, components, clock),
        (FileKind::Nothing, Mode::ReadWrite) => {
            create(path)?;
            let real = path.canonicalize().map_err(Error::io(path))?;
            open_for_writing(&real, components, clock)
        }
        (FileKind::Nothing | FileKind::Empty(_), Mode::ReadOnly) => Err(Error::Missing { database: path.into() }),
        (FileKind::Nothing | FileKind::Empty(_), Mode::DryRun) => {
            let temp_database = TempDatabase::new(path)?;
            create(&temp_database.file())?;
            open_temp_database(temp_database, components, clock)
        }
    };
    opened.map_err(|error| {
        let is_foreign = is_doubtful && matches!(error, Error::Corrupt { .. });
        if is_foreign { log::foreign(path) } else { error }
    })
}

fn open_for_writing(real: &Path, components: &[Component], clock: &Clock) -> Result<Opened, Error> {
    let mut connection = Connection::connect(real.into(), Access::Write)?;
    // Two first runs at once collide where the engine does not wait; every step may be repeated.
    until_not_busy(|| prepare(&mut connection, components, clock))?;
    Ok(Opened { connection, temp_database: None })
}

fn open_for_reading(real: &Path, components: &[Component]) -> Result<Opened, Error> {
    let connect = |access| {
        let connection = Connection::connect(real.into(), access)?;
        let plan = until_not_busy(|| check(&connection, components))?;
        Ok::<_, Error>((connection, plan))
    };
    let (connection, plan) = match connect(Access::Read) {
        // The engine cannot make its files there. Where it needs none the file alone is read; otherwise they are there now.
        Err(Error::Folder { .. }) => {
            let is_alone = Seal::of(real).is_ok_and(|seal| seal.is_some());
            connect(if is_alone { Access::Sealed } else { Access::Read })?
        }
        connected => connected?,
    };
    if !plan.is_empty() {
        return Err(Error::Older { database: real.into() });
    }
    Ok(Opened { connection, temp_database: None })
}

fn open_for_dry_run(real: &Path, components: &[Component], clock: &Clock) -> Result<Opened, Error> {
    let connection = Connection::connect(real.into(), Access::Write)?;
    let plan = until_not_busy(|| check(&connection, components))?;
    if plan.is_empty() {
        return Ok(Opened { connection, temp_database: None });
    }
    // The upgrade cannot be rolled back at the end of each write: it runs on a copy.
    let temp_database = TempDatabase::new(real)?;
    connection.copy_to(&temp_database.file())?;
    open_temp_database(temp_database, components, clock)
}

fn open_temp_database(temp_database: TempDatabase, components: &[Component], clock: &Clock) -> Result<Opened, Error> {
    let Opened { connection, .. } = open_for_writing(&temp_database.file(), components, clock)?;
    Ok(Opened { connection, temp_database: Some(temp_database) })
}

/// Creates an empty file that only its owner can read, and its directories.
fn create(path: &Path) -> Result<(), Error> {
    create_folder(path)?;
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map(drop).map_err(Error::io(path))
}

/// Creates the private directory of a database, where it is missing.
pub(super) fn create_folder(path: &Path) -> Result<(), Error> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::io(folder))
}

fn prepare(connection: &mut Connection, components: &[Component], clock: &Clock) -> Result<(), Error> {
    if pragma(&connection.reader(), "application_id")? == 0 {
        stamp(connection)?;
    }
    let plan = check(connection, components)?;
    set_wal(connection)?;
    if plan.is_empty() {
        return Ok(());
    }
    connection.transact(
        TxEnd::Commit,
        // Read again inside the transaction: another process may have migrated meanwhile.
        |w| Plan::load(w, components)?.apply(w, clock),
        |r, ()| Ok(Plan::load(r, components)?.is_empty()),
    )
}

/// Refuses a file that is not ours or is newer; returns the migrations that are due.
pub(super) fn check(connection: &Connection, components: &[Component]) -> Result<Plan, Error> {
    connection.snapshot(|r| {
        let (id, format) = (pragma(r, "application_id")?, pragma(r, "user_version")?);
        header::check_marks(connection.path(), id, format)?;
        Plan::load(r, components)
    })
}

/// Marks an empty file as ours before it becomes a WAL database, so that the file's header alone identifies it.
fn stamp(connection: &mut Connection) -> Result<(), Error> {
    let path = Arc::clone(connection.path());
    connection.transact(
        TxEnd::Commit,
        |w| {
            let tables = w.first("SELECT COUNT(*) FROM sqlite_schema", &[], |row| row.int(0))?;
            if tables != Some(0) {
                return header::check_marks(&path, pragma(w, "application_id")?, 0);
            }
            w.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"))
        },
        |r, ()| Ok(pragma(r, "application_id")? == APPLICATION_ID),
    )
}

fn set_wal(connection: &Connection) -> Result<(), Error> {
    let mode = connection.reader().first("PRAGMA journal_mode = WAL", &[], |row| Ok(row.text(0)?.to_owned()))?;
    if mode.as_deref() == Some("wal") {
        return Ok(());
    }
    Err(Error::Engine {
        database: (&**connection.path()).into(),
        source: "the file system does not support write-ahead logging".into(),
    })
}

fn until_not_busy<T>(mut attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let began = Instant::now();
    loop {
        match attempt() {
            Err(Error::Busy { .. }) if began.elapsed() < BUSY_TIMEOUT => std::thread::sleep(RETRY_PAUSE),
            outcome => return outcome,
        }
    }
}
