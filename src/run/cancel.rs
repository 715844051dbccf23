//! How a run is ended from outside: SIGINT, SIGTERM, `--max-runtime`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::Class;
use crate::exit::Exit;

/// Shared by everything in the process that waits. The first signal cancels, the second ends the process at once.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    token: CancellationToken,
    /// The exit code of the signal that came; 0 before.
    exit_code: Arc<AtomicU8>,
}

impl Cancel {
    /// Listens to SIGINT and SIGTERM from now on, for the rest of the process.
    pub fn on_signals() -> io::Result<Self> {
        let cancel = Self::default();
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let (mut interrupt, mut terminate) = {
            let _guard = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let heard = cancel.clone();
        let listen = move || {
            runtime.block_on(async {
                loop {
                    let exit = tokio::select! {
                        _ = interrupt.recv() => Exit::Interrupted,
                        _ = terminate.recv() => Exit::Terminated,
                    };
                    heard.signal(exit);
                }
            });
        };
        thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
        Ok(cancel)
    }

    /// Cancelled by the first signal.
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Which signal came.
    pub fn class(&self) -> Option<Class> {
        match self.exit_code.load(Ordering::SeqCst) {
            0 => None,
            code if code == Exit::Interrupted.code() => Some(Class::Interrupted),
            _ => Some(Class::Terminated),
        }
    }

    /// The first signal ends the run in order, the second at once. A lock left behind that way is free at once: its holder
    /// is dead.
    fn signal(&self, exit: Exit) {
        let code = exit.code();
        if self.exit_code.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            #[expect(clippy::disallowed_methods, reason = "a second signal ends the process, whatever it is doing")]
            std::process::exit(i32::from(code));
        }
        self.token.cancel();
    }
}
