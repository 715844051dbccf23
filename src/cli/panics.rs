//! Panics, remembered instead of printed.

use std::any::Any;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use crate::error::Class;
use crate::upstreams::Failure;

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
    Failure {
        class: Class::Internal,
        message: format!("panicked: {}", last.as_deref().unwrap_or("no message")),
        causes: Vec::new(),
        hint: Class::Internal.hint().to_owned(),
    }
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let message = text_of(info.payload()).unwrap_or("no message");
    match info.location() {
        Some(location) => format!("{message} at {}:{}", location.file(), location.line()),
        None => message.to_owned(),
    }
}

/// What `panic!` was given: a literal, or a made text.
fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
