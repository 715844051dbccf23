//! The database on a server, shared by several hosts.

mod bulk;
mod commits;
mod leases;
mod outages;
mod passes;
mod poolers;
mod proxy;

use std::sync::Arc;
use std::time::Duration;

use tongbu::clock::Clock;
use tongbu::store::{
    Acquisition, Address, Component, Error, Lease, LeaseRequest, Location, Migration, Mode, Store, StoreOptions,
};

use crate::support::PostgresDatabase;

/// What the tests write: one number a row.
const SAMPLE: Component = Component {
    name: "sample",
    migrations: &[Migration {
        name: "0001_create",
        sql: "CREATE TABLE numbers (number INTEGER NOT NULL PRIMARY KEY) STRICT;",
    }],
};

const NAME: &str = "sample/numbers";

fn open_at(url: &str, mode: Mode) -> Result<Store, Error> {
    let address = Address::parse(url, None)?;
    let options = StoreOptions { clock: Clock::system(), mode, components: vec![SAMPLE] };
    Store::open(Location::Server(Arc::new(address)), options)
}

fn open(database: &PostgresDatabase) -> Store {
    open_at(&database.url(), Mode::ReadWrite).expect("the server is there")
}

async fn try_acquire(store: &Store) -> Acquisition {
    let request = LeaseRequest {
        name: NAME,
        ttl: Duration::from_secs(1_800),
        trace_id: "trace",
        record: None,
        has_own_rows: false,
    };
    store.acquire(request).await.expect("the server answers")
}

#[track_caller]
fn held(acquisition: Acquisition) -> Lease {
    match acquisition {
        Acquisition::Held(lease) => lease,
        Acquisition::Busy(holder) => panic!("busy: {holder:?}"),
    }
}

async fn put(store: &Store, lease: &Lease, number: i64) -> Result<(), Error> {
    store.write(lease, move |w| w.execute("INSERT INTO numbers (number) VALUES (?1)", &[number.into()]).map(drop)).await
}

fn numbers(database: &PostgresDatabase) -> Vec<i64> {
    let printed = database.psql("SELECT number FROM tongbu.numbers ORDER BY number");
    printed.stdout.lines().map(|line| line.parse().expect("a number")).collect()
}

/// Ends every connection to the database but the one that says so.
fn cut_off_all(database: &PostgresDatabase) {
    database.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
}
