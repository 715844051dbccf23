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
    let place = info.location().map(|location| format!(" at {}:{}", location.file(), location.line()));
    panic_text(info.payload()) + &place.unwrap_or_default()
}
