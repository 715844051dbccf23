//! The `PostgreSQL` engine: the only place that knows its driver.
//!
//! The driver's own thread ([`io`]) speaks with the server; the thread that runs a statement waits for it ([`wait`]), also inside
//! an async runtime.

pub(super) mod address;
mod bulk;
pub(super) mod connection;
mod dialect;
mod facts;
mod fault;
pub(super) mod health;
pub(super) mod io;
pub(super) mod liveness;
pub(super) mod names;
pub(super) mod numbers;
pub(super) mod open;
mod pending;
mod pooler;
pub(super) mod session;
mod socket;
mod tls;
pub(super) mod value;
mod wait;
