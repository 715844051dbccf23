//! User events: where they come from and where they are brought to.

mod redis;
