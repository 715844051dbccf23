//! The only way to the database: one `SQLite` file, or one schema of a `PostgreSQL` server, opened once, written by one
//! thread under a lease.
//!
//! Reading order: [`Store`] (open, read, write), [`statement`] (what runs inside), [`lock`] (leases), [`records`] (runs and
//! their scopes), [`history`] (what they add up to), [`cursors`] (where a scope's next pass resumes), then what they use:
//! [`migrate`], [`evidence`], [`heartbeat`], and the engines [`sqlite`] and [`postgres`].

mod backup;
mod connection;
pub mod cursors;
mod error;
mod evidence;
pub mod export;
mod handle;
mod heartbeat;
pub mod history;
mod location;
mod lock;
mod migrate;
mod options;
mod oslock;
mod postgres;
mod process;
pub mod records;
mod server_error;
mod site;
mod space;
mod sqlite;
mod statement;
#[cfg(test)]
mod tests;
mod transfer;
mod value;
mod writer;

pub use self::backup::{Restored, StoredCopy};
pub use self::cursors::ScopeState;
pub use self::error::Error;
pub use self::handle::Store;
pub use self::location::Location;
pub use self::lock::lease::{Acquisition, Lease};
pub use self::lock::types::{Holder, LeaseRequest};
pub use self::migrate::{Component, Migration, VIEW};
pub use self::options::{Mode, StoreOptions};
pub use self::postgres::address::{Address, AddressError};
pub use self::postgres::health::ServerHealth;
pub use self::process::HOST;
pub use self::records::RunRecord;
pub use self::records::types::{Problem, ProblemDetails, RecordId, ScopeEnd, Status, Summary, Trigger};
pub use self::server_error::ServerError;
pub use self::sqlite::health::Health;
pub use self::statement::{Insert, Reader, Row, Writer};
pub use self::transfer::Copied;
pub use self::value::Value;
