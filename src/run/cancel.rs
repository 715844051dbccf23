//! How a run is ended from outside: SIGHUP, SIGINT, SIGTERM, `--max-runtime`.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::Class;
use crate::exit::Exit;

/// What is done before a second signal ends the process takes no longer than this.
const EXIT_PATIENCE: Duration = Duration::from_millis(100);
const EXIT_POLL: Duration = Duration::from_millis(5);
/// Signals that come within this are one: a terminal or a wrapper sends the same to a process and to its group.
const ONE_SIGNAL: Duration = Duration::from_secs(1);

/// Shared by everything in the process that waits. The first signal cancels, a later one ends the process at once.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    token: CancellationToken,
    /// The exit code of the signal that came; 0 before.
    exit_code: Arc<AtomicU8>,
    /// When it came.
    came_at: Arc<OnceLock<Instant>>,
    /// What is done before the second signal ends the process.
    before_exit: Option<fn()>,
}

impl Cancel {
    /// Listens to SIGHUP, SIGINT and SIGTERM from now on, for the rest of the process. An ignored SIGHUP stays ignored:
    /// `nohup` means that the run goes on. `before_exit` is called where a second one ends the process at once.
    pub fn on_signals(before_exit: fn()) -> io::Result<Self> {
        let cancel = Self { before_exit: Some(before_exit), ..Self::default() };
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let (mut hangup, mut interrupt, mut terminate) = {
            let _guard = runtime.enter();
            let hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
            (hangup, signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let heard = cancel.clone();
        let listen = move || {
            runtime.block_on(async {
                loop {
                    let hung_up = async {
                        match &mut hangup {
                            Some(hangup) => hangup.recv().await,
                            None => std::future::pending().await,
                        }
                    };
                    let exit = tokio::select! {
                        _ = hung_up => Exit::Hangup,
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
            code if code == Exit::Hangup.code() => Some(Class::Hangup),
            code if code == Exit::Interrupted.code() => Some(Class::Interrupted),
            _ => Some(Class::Terminated),
        }
    }

    /// The first signal ends the run in order, one that is sent again at once. A lock left behind that way is free at once: its holder
    /// is dead.
    fn signal(&self, exit: Exit) {
        let code = exit.code();
        let came_at = *self.came_at.get_or_init(Instant::now);
        if self.exit_code.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            if came_at.elapsed() < ONE_SIGNAL {
                return;
            }
            if let Some(before_exit) = self.before_exit {
                let done = thread::spawn(before_exit);
                let begun = Instant::now();
                // A terminal that takes no more output must not keep the process.
                while !done.is_finished() && begun.elapsed() < EXIT_PATIENCE {
                    thread::sleep(EXIT_POLL);
                }
            }
            #[expect(clippy::disallowed_methods, reason = "a second signal ends the process, whatever it is doing")]
            std::process::exit(i32::from(code));
        }
        self.token.cancel();
    }
}

/// Whether the process was started with SIGHUP ignored, by the mask in `/proc`; its lowest bit is SIGHUP.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| mask.trim().ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']))
}
