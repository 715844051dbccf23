//! The only way to the database: one `SQLite` file, opened once, written by one thread under a lease.
//!
//! Reading order: [`Store`] (open, read, write), [`lock`] (leases), [`records`] (runs and their scopes), [`history`]
//! (what they add up to), [`cursors`] (where a scope's next pass resumes), then what they use: [`migrate`], [`oslock`],
//! [`heartbeat`], [`sqlite`].

mod backup;
pub mod cursors;
mod error;
pub mod export;
mod handle;
mod heartbeat;
pub mod history;
mod lock;
mod migrate;
mod options;
mod oslock;
#[cfg(test)]
mod postgres;
mod process;
pub mod records;
mod space;
mod sqlite;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use self::backup::{Restored, StoredCopy};
pub use self::cursors::ScopeState;
pub use self::error::Error;
pub use self::handle::Store;
pub use self::lock::lease::{Acquisition, Lease};
pub use self::lock::types::{Holder, LeaseRequest};
pub use self::migrate::{Component, Migration};
pub use self::options::{Mode, StoreOptions};
pub use self::process::HOST;
pub use self::records::RunRecord;
pub use self::records::types::{Problem, ProblemDetails, RecordId, ScopeEnd, Status, Summary, Trigger};
pub use self::sqlite::health::Health;
pub use self::sqlite::statement::{Reader, Row, Writer};
pub use self::value::Value;
