//! Opens the database file: nothing is changed before it is known to be ours and not newer.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::connection::{Access, BUSY_TIMEOUT, Connection, Ending};
use super::copy::StandIn;
use super::header::{self, APPLICATION_ID, FORMAT, Found};
use crate::clock::Clock;
use crate::store::migrate::{Component, Plan};
use crate::store::{Error, Mode};

/// Earlier releases could corrupt a WAL database under concurrent checkpoints.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Between two attempts at what the engine does not wait for by itself.
const RETRY_PAUSE: Duration = Duration::from_millis(2);

/// An opened file: a connection that has been migrated, and what stands in for the file in a dry run.
pub(in crate::store) struct Opened {
    pub(in crate::store) connection: Connection,
    pub(in crate::store) stand_in: Option<StandIn>,
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
    header::refuse_network(path)?;
    match (header::inspect(path)?, mode) {
        (Found::Ours(real) | Found::Empty(real), Mode::ReadWrite) => open_for_writing(&real, components, clock),
        (Found::Ours(real), Mode::ReadOnly) => open_for_reading(&real, components),
        (Found::Ours(real), Mode::DryRun) => open_for_dry_run(&real, components, clock),
        (Found::Nothing, Mode::ReadWrite) => {
            create(path)?;
            let real = path.canonicalize().map_err(Error::io(path))?;
            open_for_writing(&real, components, clock)
        }
        (Found::Nothing | Found::Empty(_), Mode::ReadOnly) => Err(Error::Missing { path: path.to_owned() }),
        (Found::Nothing | Found::Empty(_), Mode::DryRun) => {
            let stand_in = StandIn::new()?;
            create(&stand_in.file())?;
            open_stand_in(stand_in, components, clock)
        }
    }
}

fn open_for_writing(real: &Path, components: &[Component], clock: &Clock) -> Result<Opened, Error> {
    let mut connection = Connection::connect(real.into(), Access::Write)?;
    // Two first runs at once get in each other's way where the engine does not wait: all of it may be repeated.
    until_not_busy(|| prepare(&mut connection, components, clock))?;
    Ok(Opened { connection, stand_in: None })
}

fn open_for_reading(real: &Path, components: &[Component]) -> Result<Opened, Error> {
    let connection = Connection::connect(real.into(), Access::Read)?;
    let plan = until_not_busy(|| check(&connection, components))?;
    if !plan.is_empty() {
        return Err(Error::Older { path: real.to_owned() });
    }
    Ok(Opened { connection, stand_in: None })
}

fn open_for_dry_run(real: &Path, components: &[Component], clock: &Clock) -> Result<Opened, Error> {
    let connection = Connection::connect(real.into(), Access::Write)?;
    let plan = until_not_busy(|| check(&connection, components))?;
    if plan.is_empty() {
        return Ok(Opened { connection, stand_in: None });
    }
    // The upgrade itself cannot be rolled back at the end of each write: a copy takes it.
    let stand_in = StandIn::new()?;
    connection.copy_to(&stand_in.file())?;
    open_stand_in(stand_in, components, clock)
}

fn open_stand_in(stand_in: StandIn, components: &[Component], clock: &Clock) -> Result<Opened, Error> {
    let Opened { connection, .. } = open_for_writing(&stand_in.file(), components, clock)?;
    Ok(Opened { connection, stand_in: Some(stand_in) })
}

/// Creates an empty file that only its owner can read, and its directories.
fn create(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::io(folder))?;
    }
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map(drop).map_err(Error::io(path))
}

fn prepare(connection: &mut Connection, components: &[Component], clock: &Clock) -> Result<(), Error> {
    if pragma(connection, "application_id")? == 0 {
        stamp(connection)?;
    }
    let plan = check(connection, components)?;
    set_wal(connection)?;
    if plan.is_empty() {
        return Ok(());
    }
    connection.transact(
        Ending::Commit,
        // Read again inside the transaction: another process may have migrated meanwhile.
        |w| Plan::load(w, components)?.apply(w, clock),
        |r, ()| Ok(Plan::load(r, components)?.is_empty()),
    )
}

/// Refuses what is not ours or newer; answers which migrations are due.
fn check(connection: &Connection, components: &[Component]) -> Result<Plan, Error> {
    connection.snapshot(|r| {
        let (id, format) = (pragma(connection, "application_id")?, pragma(connection, "user_version")?);
        header::check_marks(connection.path(), id, format)?;
        Plan::load(r, components)
    })
}

/// Marks an empty file as ours before it becomes a WAL database, so that a file's header alone tells whose it is.
fn stamp(connection: &mut Connection) -> Result<(), Error> {
    connection.transact(
        Ending::Commit,
        |w| {
            let tables = w.first("SELECT COUNT(*) FROM sqlite_schema", &[], |row| row.int(0))?;
            if tables != Some(0) {
                return header::check_marks(w.path(), w.pragma("application_id")?, 0);
            }
            w.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"))
        },
        |r, ()| Ok(r.pragma("application_id")? == APPLICATION_ID),
    )
}

fn set_wal(connection: &Connection) -> Result<(), Error> {
    let mode = connection.reader().first("PRAGMA journal_mode = WAL", &[], |row| Ok(row.text(0)?.to_owned()))?;
    if mode.as_deref() == Some("wal") {
        return Ok(());
    }
    Err(Error::Engine {
        path: connection.path().to_path_buf(),
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

fn pragma(connection: &Connection, name: &str) -> Result<i32, Error> {
    connection.reader().pragma(name)
}
