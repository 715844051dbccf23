//! Opens the database on a server: nothing changes before it is known to be ours and not newer.

use std::sync::Arc;

use jiff::SignedDuration;

use super::address::Address;
use super::connection::Connection;
use super::facts::{Role, SCHEMA};
use super::io::IoThread;
use super::numbers;
use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::location::Location;
use crate::store::migrate::{Component, Plan};
use crate::store::options::{Mode, TxEnd};
use crate::store::server_error::ServerError;
use crate::store::statement::{Reader, Writer};

/// The first one whose features the statements use.
const OLDEST_VERSION: u32 = 130_000;

/// The lock under which schemas are made and upgraded: any number that nobody else uses.
const MIGRATION_LOCK: i64 = 0x746f_6e67_6275;

/// One row for each gate that transactions come through one after the other.
const GATES: &str = "CREATE TABLE IF NOT EXISTS sync_gates (name TEXT PRIMARY KEY, count INTEGER NOT NULL)";

/// An opened database: migrated, and how far its server's clock is ahead of this machine's.
pub(in crate::store) struct Opened {
    pub(in crate::store) connection: Connection,
    pub(in crate::store) ahead: SignedDuration,
}

/// Opens the database for `mode` with all `components` migrated; `None` for a dry run where there is none yet.
pub(in crate::store) fn open(
    address: &Arc<Address>,
    mode: Mode,
    components: &[Component],
    clock: &Clock,
) -> Result<Option<Opened>, Error> {
    let io = IoThread::spawn().map_err(|error| unreachable(address, error))?;
    let role = if mode == Mode::ReadOnly { Role::Read } else { Role::Write };
    let io = Arc::new(io);
    let mut connection = Connection::connect(address, &io, role)?;
    if connection.session().shares_its_process(address, &io)? {
        return Err(ServerError::Pooled { server: address.to_string() }.into());
    }
    let facts = connection.facts();
    let ahead = SignedDuration::from_millis(facts.now - clock.now().as_millisecond());
    let unfit = |found| Err(ServerError::Unfit { server: address.to_string(), found }.into());
    if facts.version < OLDEST_VERSION {
        return unfit(format!("PostgreSQL {}, and 13 or newer is needed", facts.version / 10_000));
    }
    if facts.encoding != "UTF8" {
        return unfit(format!("encoded in {}, and UTF8 is needed", facts.encoding));
    }
    let database = || Location::Server(Arc::clone(address));
    let found = connection.snapshot(|r| Ok::<_, Error>((inspect(r)?, Plan::load(r, components)?)))?;
    match (found, mode) {
        ((Found::Foreign, _), _) => {
            return unfit(format!("one whose schema `{SCHEMA}` somebody else has filled"));
        }
        ((Found::Nothing | Found::Empty, _), Mode::ReadOnly) => return Err(Error::Missing { database: database() }),
        ((Found::Nothing | Found::Empty, _), Mode::DryRun) => return Ok(None),
        ((Found::Ours, plan), _) if plan.is_empty() => {}
        ((Found::Ours, _), Mode::ReadOnly | Mode::DryRun) => return Err(Error::Older { database: database() }),
        ((Found::Nothing | Found::Empty | Found::Ours, _), Mode::ReadWrite) => {
            migrate(&mut connection, components, clock)?;
        }
    }
    Ok(Some(Opened { connection, ahead }))
}

fn unreachable(address: &Address, error: std::io::Error) -> Error {
    ServerError::Unreachable { server: address.to_string(), source: error.into() }.into()
}

/// What the schema is.
enum Found {
    Nothing,
    Empty,
    Ours,
    Foreign,
}

fn inspect(r: &Reader<'_>) -> Result<Found, Error> {
    let tables = r.first(
        "SELECT (SELECT COUNT(*) FROM pg_catalog.pg_tables AS t WHERE t.schemaname = n.nspname)
         FROM pg_catalog.pg_namespace AS n
         WHERE n.nspname = ?1",
        &[SCHEMA.into()],
        |row| row.int(0),
    )?;
    Ok(match tables {
        None => Found::Nothing,
        Some(0) => Found::Empty,
        Some(_) if r.has_table("schema_migrations")? => Found::Ours,
        Some(_) => Found::Foreign,
    })
}

/// Makes and upgrades the schema in one transaction; others wait and then find it done.
fn migrate(connection: &mut Connection, components: &[Component], clock: &Clock) -> Result<(), Error> {
    connection.transact(
        TxEnd::Commit,
        None,
        |w| {
            w.first("SELECT pg_advisory_xact_lock(?1)", &[MIGRATION_LOCK.into()], |_| Ok(()))?;
            make_schema(w)?;
            Plan::load(w, components)?.apply(w, clock)?;
            // An older tongbu has given numbers without the server's knowledge.
            numbers::save_numbers(w, &numbers::load_numbers(w)?)
        },
        |r, ()| Ok(Plan::load(r, components)?.is_empty()),
    )
}

fn make_schema(w: &Writer<'_>) -> Result<(), Error> {
    // `IF NOT EXISTS` wants the right to make one even where it exists.
    if matches!(inspect(w)?, Found::Nothing) {
        w.execute_batch(&format!("CREATE SCHEMA {SCHEMA}"))?;
    }
    w.execute_batch(GATES)
}
