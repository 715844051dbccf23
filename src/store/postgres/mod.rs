//! The `PostgreSQL` engine, as far as it exists: tests only, until a whole pass over it is right.

mod dialect;
