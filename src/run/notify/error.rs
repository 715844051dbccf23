//! Why a receiver was not reached.

use std::time::Duration;

use crate::error::Class;
use crate::upstreams::Failure;
use crate::{config, http};

/// A receiver that does not answer must not hold the run up.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a receiver was not reached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("its address is not a URL")]
    Address,
    #[error("cannot run the command")]
    Command(#[source] std::io::Error),
    #[error("the command ended with {0}")]
    CommandFailed(std::process::ExitStatus),
    #[error("the command did not end within {} seconds", TIMEOUT.as_secs())]
    CommandTimeout,
    /// The receiver's own code, in a response whose status is good.
    #[error("it refused the message with code {code}: {reason}")]
    Refused { code: i64, reason: String },
    #[error("it refused the message: {0}")]
    Rejected(String),
    #[error("its response does not confirm the message")]
    Unconfirmed,
    #[error("`{0}` must name {1}")]
    Incomplete(String, &'static str),
    #[error("cannot make the mail: {0}")]
    Mail(String),
    #[error("cannot send the mail")]
    Smtp(#[source] lettre::transport::smtp::Error),
}

impl Error {
    pub fn to_failure(&self) -> Failure {
        let class = match self {
            Self::Config(error) => error.class(),
            Self::Http(error) => error.class(),
            Self::Smtp(error) if error.is_permanent() => Class::Contract,
            Self::Smtp(_) | Self::CommandFailed(_) | Self::CommandTimeout => Class::Unavailable,
            Self::Refused { .. } | Self::Rejected(_) | Self::Unconfirmed => Class::Contract,
            Self::Address | Self::Command(_) | Self::Incomplete(..) | Self::Mail(_) => Class::Config,
        };
        let refused = "see what the receiver expects: its keyword, signature or address";
        // Other hints of the client name settings, which a receiver does not have.
        let own = if let Self::Http(error @ (http::Error::Connect { .. } | http::Error::Certificate { .. })) = self {
            error.hint()
        } else {
            None
        };
        let hint = if class == Class::Contract { refused } else { class.hint() };
        Failure::new(self, class, own.unwrap_or_else(|| hint.to_owned()))
    }
}
