//! The `SQLite` engine: the only place that knows its driver.

mod checkpoint;
pub(super) mod connection;
pub(super) mod copy;
mod fault;
pub(super) mod fill;
mod header;
pub(super) mod health;
pub(super) mod log;
pub(super) mod names;
pub(super) mod numbers;
pub(super) mod open;
mod place;
#[cfg(test)]
pub(super) mod raw;
pub(super) mod restore;
mod seal;
pub(super) mod statement;
