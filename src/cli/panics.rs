//! Panics, remembered instead of printed.

use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use crate::error::Class;
use crate::upstreams::{Failure, panic_text};

/// What the last panic said, and where.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// From now on a panic prints nothing; [`failure`] returns it.
pub fn remember() {
    std::panic::set_hook(Box::new(|info| {
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(describe(info));
    }));
}

/// The last panic as an error.
pub fn failure() -> Failure {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
    Failure::plain(Class::Internal, format!("panicked: {}", last.as_deref().unwrap_or("without a message")))
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map(|location| format!(" at {}:{}", short_path(location.file()), location.line()));
    panic_text(info.payload()) + &place.unwrap_or_default()
}

/// A crate's file from the crate's folder on: where it was built is nobody's business.
fn short_path(path: &str) -> &str {
    let source = path.rfind("/src/").filter(|_| path.starts_with('/'));
    source.map_or(path, |source| &path[path[..source].rfind('/').map_or(0, |slash| slash + 1)..])
}

#[cfg(test)]
mod tests {
    use super::short_path;

    #[test]
    fn a_panic_does_not_say_where_the_program_was_built() {
        assert_eq!(
            short_path("/home/me/.cargo/registry/src/index/tokio-1.2.3/src/signal/unix.rs"),
            "tokio-1.2.3/src/signal/unix.rs"
        );
        assert_eq!(short_path("src/cli/mod.rs"), "src/cli/mod.rs");
    }
}
