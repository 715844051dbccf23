//! A program that takes events on its standard input, one run for each event.

use std::io::{self, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

use super::super::config::CommandTargetConfig;
use super::super::redis::Limits;
use super::super::tables::StoredEvent;
use super::answer::{Answer, Cause, Failure};
use super::task::{Task, serialize};
use crate::config::env;
use crate::error::Class;
use crate::secret;
use crate::text::safe;

/// `EX_TEMPFAIL` of sysexits.h: the program cannot take the event now.
const TRY_LATER: i32 = 75;
/// How often it is looked whether the program has ended.
const POLL: Duration = Duration::from_millis(5);
/// What is kept of a program's error output, and how much of it an error shows.
const MAX_OUTPUT_BYTES: u64 = 16 << 10;
const MAX_SHOWN_CHARS: usize = 200;
/// What a program gets of our environment: nothing that may hold a secret.
const VARIABLES: [&str; 7] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// A command target.
pub struct CommandTarget {
    program: String,
    arguments: Vec<String>,
    limits: Limits,
}

/// A program under way. It and what it started are killed where nobody waits for it any more.
struct Running {
    child: Child,
    has_ended: bool,
}

impl CommandTarget {
    pub fn new(config: &CommandTargetConfig, limits: Limits) -> Self {
        let mut words = config.command.iter().cloned();
        Self { program: words.next().unwrap_or_default(), arguments: words.collect(), limits }
    }

    /// Runs the program with the event on its standard input.
    pub async fn send(&self, event: &StoredEvent) -> Answer {
        let task = match Task::of(event) {
            Ok(task) => task.with_key(event),
            Err(error) => return Answer::unreadable(event.seq, &error),
        };
        let program = &self.program;
        let mut running = match self.start(serialize(&task)) {
            Ok(running) => running,
            Err(error) => {
                return failed(Cause::Target, Class::Config, format!("`{program}` cannot be started: {error}"));
            }
        };
        let output = running.child.stderr.take().map(collect);
        let limit = self.limits.timeout;
        match self.wait(&mut running).await {
            Err(error) => failed(Cause::Unclear, Class::Internal, format!("`{program}` was lost: {error}")),
            Ok(Some(status)) => {
                // What it wrote last may still be on its way.
                sleep(if status.success() { Duration::ZERO } else { POLL }).await;
                self.answer(status, &shown(output.as_ref()))
            }
            Ok(None) if self.is_over() => Answer::Ended,
            // The event may be what it cannot get through; the answers to others' events show that.
            Ok(None) => failed(Cause::Unclear, Class::Unavailable, format!("`{program}` did not end within {limit:?}")),
        }
    }

    fn start(&self, document: Vec<u8>) -> io::Result<Running> {
        let variables = VARIABLES.iter().filter_map(|name| Some((name, env::var(name)?)));
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(variables)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A program that does not read its input may still do its work.
            thread::spawn(move || drop(input.write_all(&document)));
        }
        Ok(Running { child, has_ended: false })
    }

    /// How it ended; `None` where it has to be killed: its time, or the run's, is over.
    async fn wait(&self, running: &mut Running) -> io::Result<Option<ExitStatus>> {
        let begun = Instant::now();
        while begun.elapsed() < self.limits.timeout && !self.is_over() {
            if let Some(status) = running.child.try_wait()? {
                running.has_ended = true;
                return Ok(Some(status));
            }
            sleep(POLL).await;
        }
        Ok(None)
    }

    fn is_over(&self) -> bool {
        self.limits.cancel.is_cancelled() || self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn answer(&self, status: ExitStatus, said: &str) -> Answer {
        let program = &self.program;
        match status.code() {
            Some(0) => Answer::Accepted,
            Some(code) => {
                let (cause, class) = match code {
                    TRY_LATER => (Cause::Unclear, Class::Unavailable),
                    _ => (Cause::Permanent, Class::Contract),
                };
                failed(cause, class, format!("`{program}` ended with exit code `{code}`{said}"))
            }
            None => {
                tracing::debug!(program, signal = status.signal(), "killed");
                failed(Cause::Unclear, Class::Unavailable, format!("`{program}` was killed by a signal{said}"))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // It may have ended in between; either way there is nothing left of it afterwards.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let _ = self.child.wait();
    }
}

fn failed(cause: Cause, class: Class, error: String) -> Answer {
    Answer::Failed(Failure { cause, class, error, hint: class.hint().to_owned(), retry_after: None })
}

/// Reads the error output while the program runs: its beginning is kept, the rest is not, and it never has to wait.
fn collect(mut output: ChildStderr) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::<Mutex<Vec<u8>>>::default();
    let shared = Arc::clone(&kept);
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut chunk) {
            let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if (kept.len() as u64) < MAX_OUTPUT_BYTES {
                kept.extend_from_slice(&chunk[..count]);
            }
        }
    });
    kept
}

/// The last line that it wrote, without secrets.
fn shown(output: Option<&Arc<Mutex<Vec<u8>>>>) -> String {
    let bytes = output.map(|output| output.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let line: String = safe(&secret::scrub(line)).chars().take(MAX_SHOWN_CHARS).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}
