//! Converts the HTTP library's errors to ours.

use std::error::Error as StdError;
use std::io;

use super::error::{Error, Phase};
use super::label::RequestLabel;
use super::profile::Profile;
use crate::error::find_cause;

/// The error of a request that was sent, or whose response could not be read.
pub(super) fn from_transport(error: reqwest::Error, request: &RequestLabel, profile: &Profile) -> Error {
    // The library prints the whole URL, credentials in its query included.
    let source = error.without_url();
    let request = request.clone();
    match Fault::of(&source) {
        Fault::Certificate => Error::Certificate { upstream: profile.name, origin: profile.origin(), source },
        Fault::ConnectTimeout => {
            Error::Timeout { request, phase: Phase::Connect, limit: profile.connect_timeout.min(profile.read_timeout) }
        }
        Fault::Connect => Error::Connect { upstream: profile.name, origin: profile.origin(), source },
        Fault::NotHttp => Error::NotHttp { request, source },
        Fault::Truncated => Error::Truncated { request, source: Some(source) },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Certificate,
    ConnectTimeout,
    Connect,
    NotHttp,
    Truncated,
}

impl Fault {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_connect() {
            return if is_certificate(error) {
                Self::Certificate
            } else if error.is_timeout() {
                Self::ConnectTimeout
            } else {
                Self::Connect
            };
        }
        match find_cause::<hyper::Error>(error) {
            Some(hyper) if hyper.is_parse() || is_bad_framing(hyper) => Self::NotHttp,
            Some(_) | None => Self::Truncated,
        }
    }
}

/// Invalid chunks are reported as I/O errors of the input.
fn is_bad_framing(error: &hyper::Error) -> bool {
    find_cause::<io::Error>(error)
        .is_some_and(|error| matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
}

fn is_certificate(error: &(dyn StdError + 'static)) -> bool {
    matches!(find_cause(error), Some(rustls::Error::InvalidCertificate(_)))
}
