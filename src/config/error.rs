//! What can be wrong with the configuration.

use crate::error::Class;

/// A configuration error: what, where, and what to write instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value is missing or wrong; `key` is its dotted path.
    #[error("`{key}`: {reason}")]
    Invalid { key: String, reason: String },
}

impl Error {
    pub const fn class(&self) -> Class {
        Class::Config
    }

    /// What to do next, where there is something more exact than the class's own hint.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
