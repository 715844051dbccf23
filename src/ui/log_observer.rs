//! Progress as log lines, where there are no bars.

use crate::progress::{Event, Observer};

/// Writes what it observes to the log: where `-v` or `--log-file` asks for one.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogObserver;

impl Observer for LogObserver {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::ScopeStarted { scope, total } => tracing::info!(scope, total, "scope started"),
            Event::ScopeAdvanced { scope, done, total, note } => {
                tracing::debug!(scope, done, total, note, "scope advanced");
            }
            Event::ScopeWaiting { scope, reason, until } => {
                tracing::info!(scope, until = until.map(tracing::field::display), "scope waits: {reason}");
            }
            Event::ScopeFinished { scope, outcome } => tracing::info!(scope, outcome, "scope ended"),
            Event::Warning { message } => tracing::warn!("{message}"),
        }
    }
}
