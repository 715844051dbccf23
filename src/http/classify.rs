//! What an HTTP status means.

use crate::error::Class;

/// What to do with an answer of some status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Read its body.
    Good,
    /// Try again; if it stays so, it is [`Class::Unavailable`].
    Retry,
    /// Trying again changes nothing.
    Refused(Class),
}

/// The verdict on a status, for every number from 100 to 999.
pub const fn classify(_status: u16) -> Verdict {
    unimplemented!()
}
