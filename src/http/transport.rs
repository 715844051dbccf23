//! Converts the HTTP library's errors to ours.

use std::error::Error as StdError;
use std::io;

use super::error::{Error, Phase};
use super::label::RequestLabel;
use super::shared::Shared;
use crate::error::{causes, find_cause};

/// The text of the library's error, whose type is private, for a tunnel refused with 407.
const PROXY_AUTH: &str = "tunnel error: proxy authorization required";

/// The error of a request that was sent, or whose response could not be read.
pub(super) fn from_transport(error: reqwest::Error, request: &RequestLabel, shared: &Shared) -> Error {
    let profile = &shared.profile;
    // The library prints the whole URL, credentials in its query included.
    let source = error.without_url();
    let request = request.clone();
    match Fault::of(&source) {
        Fault::Certificate => Error::Certificate { upstream: profile.name, origin: profile.origin(), source },
        Fault::ConnectTimeout => {
            Error::Timeout { request, phase: Phase::Connect, limit: profile.connect_timeout.min(profile.read_timeout) }
        }
        Fault::ProxyAuth => {
            Error::ProxyAuth { upstream: profile.name, proxy: shared.context.proxies.describe(profile) }
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
    ProxyAuth,
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
            } else if causes(error).any(|cause| cause.to_string() == PROXY_AUTH) {
                Self::ProxyAuth
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
