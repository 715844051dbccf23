//! How a run is ended from outside: SIGINT, SIGTERM, `--max-runtime`.

use tokio_util::sync::CancellationToken;

/// Shared by everything in the process that waits. The first signal cancels, the second ends the process at once.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    token: CancellationToken,
}

impl Cancel {
    /// Cancelled by the first signal.
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }
}
