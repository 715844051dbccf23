//! What can go wrong with the database.

use crate::error::Class;

/// A database failure, named by what the operator can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lease was taken over by another run; nothing was written.
    #[error("lost the lock `{name}` (token {token}): another run took over")]
    LeaseLost { name: String, token: i64 },
}

impl Error {
    pub const fn class(&self) -> Class {
        match self {
            Self::LeaseLost { .. } => Class::LeaseLost,
        }
    }

    /// What to do next, where there is something more exact than the class's own hint.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
