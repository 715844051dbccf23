//! User events, brought to other services.

pub mod redis;
