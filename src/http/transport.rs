//! Tells from a transport error what it means to us.

use std::error::Error as StdError;
use std::io;

use super::error::{Error, Phase, RequestLabel};
use super::profile::Profile;

/// The error of a request of which something, or nothing, was answered.
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
        Fault::Truncated => Error::Truncated { request, source },
        Fault::Decode => Error::Decode { request, source },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Certificate,
    ConnectTimeout,
    Connect,
    NotHttp,
    Truncated,
    Decode,
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
        if let Some(hyper) = find::<hyper::Error>(error) {
            return if hyper.is_parse() || is_bad_framing(hyper) { Self::NotHttp } else { Self::Truncated };
        }
        // Without the connection's error in the chain, what failed in a body is its decompression; a compressed
        // stream that ends early was cut by whoever stands behind the server that framed it properly.
        let is_eof = find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
        if error.is_decode() && !is_eof { Self::Decode } else { Self::Truncated }
    }
}

/// Chunks that are none are reported as I/O errors of the input.
fn is_bad_framing(error: &hyper::Error) -> bool {
    find::<io::Error>(error)
        .is_some_and(|error| matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
}

fn is_certificate(error: &(dyn StdError + 'static)) -> bool {
    matches!(find(error), Some(rustls::Error::InvalidCertificate(_)))
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref::<T>())
}

/// An error and what is behind it. An I/O error does not name the error it wraps as its source, but that one's.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
        None => error.source(),
    })
}
