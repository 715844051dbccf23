//! What is around the connections of a database: its file, or its server.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::connection::Connection;
use super::error::Error;
use super::evidence::Evidence;
use super::location::Location;
use super::migrate::{self, Component};
use super::options::{Mode, StoreOptions};
use super::oslock::LockFolder;
use super::postgres::address::Address;
use super::postgres::connection::Connection as Postgres;
use super::postgres::io::IoThread;
use super::postgres::open as postgres_open;
use super::process::INSTANCE;
use super::sqlite::connection::{Access, Connection as Sqlite};
use super::sqlite::copy::TempDatabase;
use super::sqlite::log;
use super::sqlite::open as sqlite_open;
use crate::clock::Clock;

/// The place of an open database.
pub(super) enum Site {
    File {
        lock_folder: LockFolder,
        /// The real file; a dry run may have a temporary one.
        file: Arc<Path>,
        /// Device and inode of the file.
        identity: (u64, u64),
        /// How it is read.
        read_access: Access,
        _temp_database: Option<TempDatabase>,
    },
    Server {
        address: Arc<Address>,
        io: Arc<IoThread>,
    },
}

/// An open database with its first connection.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) site: Site,
    /// The server's, where there is one.
    pub(super) clock: Clock,
}

/// Opens what is there, and makes it where `mode` says so.
pub(super) fn open(location: &Location, options: StoreOptions) -> Result<Opened, Error> {
    let StoreOptions { clock, mode, components } = options;
    let components: Vec<_> = std::iter::once(migrate::CORE).chain(components).collect();
    let address = match location {
        Location::File(path) => return open_file(path, mode, &components, clock),
        Location::Server(address) => address,
    };
    let Some(opened) = postgres_open::open(address, mode, &components, &clock)? else {
        // Nothing is made on the server: a private file takes its place.
        let nothing = std::env::temp_dir().join(format!("tongbu-{}.db", *INSTANCE));
        return open_file(&nothing, Mode::DryRun, &components, clock);
    };
    let site = Site::Server { address: Arc::clone(address), io: opened.connection.io() };
    let connection = Connection::Postgres(Box::new(opened.connection));
    Ok(Opened { connection, site, clock: clock.ahead(opened.ahead) })
}

fn open_file(path: &Path, mode: Mode, components: &[Component], clock: Clock) -> Result<Opened, Error> {
    let sqlite_open::Opened { connection, temp_database } = sqlite_open::open(path, mode, components, &clock)?;
    let file = Arc::clone(connection.path());
    let site = Site::File {
        lock_folder: LockFolder::beside(&file),
        identity: load_identity(&file).map_err(Error::io(path))?,
        read_access: if mode == Mode::ReadOnly { connection.access() } else { Access::Read },
        file,
        _temp_database: temp_database,
    };
    Ok(Opened { connection: Connection::Sqlite(Box::new(connection)), site, clock })
}

impl Site {
    /// What shows that holders of locks live.
    pub(super) fn evidence(&self) -> Evidence {
        match self {
            Self::File { lock_folder, .. } => Evidence::Files(lock_folder.clone()),
            Self::Server { .. } => Evidence::Server,
        }
    }

    /// Another connection, for reading.
    pub(super) fn connect_reader(&self) -> Result<Connection, Error> {
        match self {
            Self::File { file, read_access, .. } => {
                Sqlite::connect(Arc::clone(file), *read_access).map(|sqlite| Connection::Sqlite(Box::new(sqlite)))
            }
            Self::Server { address, io } => {
                Postgres::reading(address, io).map(|postgres| Connection::Postgres(Box::new(postgres)))
            }
        }
    }

    /// Before the first write.
    pub(super) fn prepare_writing(&self, connection: &mut Connection) {
        if let (Self::File { lock_folder, identity, .. }, Connection::Sqlite(sqlite)) = (self, connection) {
            lock_folder.save_identity(*identity);
            sqlite.use_fair_lock(lock_folder.fair_lock());
        }
    }

    /// Fails where the file at the path is no longer the one that was opened, or its log is not.
    pub(super) fn check(&self, location: &Location, is_written: bool) -> Result<(), Error> {
        let (Self::File { file, identity, .. }, Location::File(path)) = (self, location) else { return Ok(()) };
        if !load_identity(file).is_ok_and(|found| found == *identity) {
            return Err(Error::Replaced { path: path.clone() });
        }
        if is_written && !log::is_intact(file) {
            return Err(Error::LogLost { path: file.to_path_buf() });
        }
        Ok(())
    }
}

fn load_identity(file: &Path) -> std::io::Result<(u64, u64)> {
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}
