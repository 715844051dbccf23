//! Names a request in errors and logs.

use std::fmt;

use crate::secret::scrub;
use crate::text::safe;

/// Upstream, method and path of a request, never its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLabel {
    pub upstream: &'static str,
    pub method: Box<str>,
    pub path: Box<str>,
}

impl RequestLabel {
    pub(super) fn new(upstream: &'static str, method: &str, path: &str) -> Self {
        let cleaned = |text: &str| safe(&scrub(text)).into();
        Self { upstream, method: cleaned(method), path: cleaned(path) }
    }
}

impl fmt::Display for RequestLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{} {}`", self.method, self.path)
    }
}
