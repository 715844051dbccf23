//! What happens while a run goes on, for what draws it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

/// One thing worth showing while it happens. Never needed for the result: a run may be observed by nobody.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Work on a scope began; `total` is how many items are expected, where that is known.
    ScopeStarted { scope: &'a str, total: Option<u64> },
    /// `done` items of the scope are done; `note` names the current one.
    ScopeAdvanced { scope: &'a str, done: u64, total: Option<u64>, note: Option<&'a str> },
    /// The scope waits: for a lock, a retry, a pause.
    ScopeWaiting { scope: &'a str, reason: &'a str, until: Option<Timestamp> },
    /// Work on the scope ended; `outcome` is the status its record row carries.
    ScopeFinished { scope: &'a str, outcome: &'a str },
    /// Something that does not change the verdict but that a person should know.
    Warning { message: &'a str },
}

/// Sees events. Called from several threads, must return at once and must not fail.
pub trait Observer: Send + Sync {
    fn observe(&self, event: &Event<'_>);
}

/// Sees nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _: &Event<'_>) {}
}

tokio::task_local! {
    static SCOPE: (String, Arc<dyn Observer>, AtomicU64);
}

/// Does work of a scope; what it [waits](report_wait) for is shown as the scope's.
pub async fn in_scope<F: Future>(scope: &str, observer: Arc<dyn Observer>, work: F) -> F::Output {
    SCOPE.scope((scope.to_owned(), observer, AtomicU64::new(0)), work).await
}

/// Shows why the scope that is worked on here waits. Outside a scope nobody sees it.
pub fn report_wait(reason: &str, until: Option<Timestamp>) {
    // An error means that there is no scope.
    let _ = SCOPE.try_with(|(scope, observer, _)| observer.observe(&Event::ScopeWaiting { scope, reason, until }));
}

/// Counts a request of the scope that is worked on here.
pub fn count_request() {
    let _ = SCOPE.try_with(|(_, _, requests)| requests.fetch_add(1, Ordering::Relaxed));
}

/// The requests of the scope that is worked on here, so far.
pub fn request_count() -> u64 {
    SCOPE.try_with(|(_, _, requests)| requests.load(Ordering::Relaxed)).unwrap_or_default()
}
