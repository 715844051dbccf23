//! The binary, run in a sandbox.

use std::io::{Read, Seek as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{PATIENCE, poll};
use crate::sandbox::{FakeServer, Sandbox};

/// A finished process.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; a process ended by a signal has none.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// The most memory it had in RAM, as far as it was seen.
    pub peak_bytes: u64,
}

/// A process under way; killed if the test ends before it.
pub struct Running {
    pid: Pid,
    ended: Receiver<(ExitStatus, String, String)>,
    started: Instant,
    peak_bytes: u64,
    ending: Option<(ExitStatus, String, String)>,
}

impl Sandbox {
    /// Runs `tongbu` with these words to its end.
    pub fn run(&self, arguments: &str) -> Outcome {
        self.spawn(arguments).wait()
    }

    /// Starts `tongbu` with these words.
    pub fn spawn(&self, arguments: &str) -> Running {
        let mut command = self.command();
        command.args(arguments.split_whitespace());
        Running::start(command)
    }

    /// What a shell may put after these words; the last one is begun, and may be empty.
    pub fn complete(&self, words: &[&str]) -> Outcome {
        let mut command = self.command();
        command.env("TONGBU_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        command.args(["--", "tongbu"]).args(words);
        Running::start(command).wait()
    }

    /// Starts `tongbu` with these words and this on its stdin.
    pub fn spawn_fed(&self, arguments: &str, input: &str) -> Running {
        // Without a name, so that it is no file of the home.
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(input.as_bytes()).and_then(|()| file.rewind()).expect("a file can be written");
        let mut command = self.command();
        command.args(arguments.split_whitespace());
        Running::start_fed(command, file.into())
    }

    /// `tongbu` without arguments, in this sandbox's home and environment; with the example, its program.
    pub fn command(&self) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_tongbu"));
        let name = if self.example.is_some() { "tongbu-example" } else { "tongbu" };
        self.home.command(&program.with_file_name(name))
    }
}

impl Running {
    pub fn start(command: Command) -> Self {
        Self::start_fed(command, Stdio::null())
    }

    /// Runs it to its end.
    pub fn start_with(command: &mut Command) -> Outcome {
        Self::begin(command, Stdio::null()).wait()
    }

    pub fn start_fed(mut command: Command, input: Stdio) -> Self {
        Self::begin(&mut command, input)
    }

    fn begin(command: &mut Command, input: Stdio) -> Self {
        let command = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let pid = Pid::from_child(&child);
        let (sender, ended) = channel();
        thread::spawn(move || {
            let ending = collect(&mut child);
            // Nobody waits any more if the test has failed meanwhile.
            let _ = sender.send(ending);
        });
        Self { pid, ended, started: Instant::now(), peak_bytes: 0, ending: None }
    }

    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the process is there");
    }

    /// Kills it, unless it is ending by itself just now.
    pub fn kill(&self) {
        let _ = kill_process(self.pid, Signal::KILL);
    }

    /// Waits for its end; longer than [`PATIENCE`] is a failure.
    pub fn wait(mut self) -> Outcome {
        while !self.has_ended() {
            self.watch();
        }
        let (status, stdout, stderr) = self.ending.take().expect("it has ended");
        let (took, peak_bytes) = (self.started.elapsed(), self.peak_bytes);
        // It has ended: nothing is left to be killed.
        self.ending = Some((status, String::new(), String::new()));
        Outcome { code: status.code(), signal: status.signal(), stdout, stderr, took, peak_bytes }
    }

    /// Waits until the server has received `count` requests; they must come before the process ends.
    #[track_caller]
    pub fn await_requests(&mut self, server: &FakeServer, count: usize) {
        poll("a request", || {
            let has_come = server.count("/") >= count;
            assert!(has_come || !self.has_ended(), "ended before request {count}: {:?}", self.ending);
            has_come
        });
    }

    /// Whether it has ended by now, or does so within a moment.
    pub fn has_ended(&mut self) -> bool {
        if self.ending.is_none() {
            match self.ended.recv_timeout(Duration::from_millis(2)) {
                Ok(ending) => self.ending = Some(ending),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("the thread that waits for the process has panicked"),
            }
        }
        self.ending.is_some()
    }

    /// Measures how much memory it needs.
    fn watch(&mut self) {
        assert!(self.started.elapsed() < PATIENCE, "the process is still running after {PATIENCE:?}");
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        self.peak_bytes = self.peak_bytes.max(peak.unwrap_or(0_u64) * 1024);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ending.is_none() && self.ended.try_recv().is_err() {
            self.kill();
        }
    }
}

/// Reads both streams at once, so that neither pipe fills up, and waits.
fn collect(child: &mut Child) -> (ExitStatus, String, String) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let errors = thread::spawn(move || read(stderr));
    let output = read(stdout);
    let errors = errors.join().expect("the reader does not panic");
    (child.wait().expect("the process can be waited for"), output, errors)
}

fn read(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    stream.expect("a pipe").read_to_end(&mut bytes).expect("a pipe can be read");
    String::from_utf8(bytes).expect("what tongbu prints is UTF-8")
}

impl Outcome {
    /// Fails, showing everything, unless it ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "signal {:?}\nstdout: {}\nstderr: {}", self.signal, self.stdout, self.stderr);
        self
    }

    /// The one JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is no JSON document ({error}):\n{}\n{}", self.stdout, self.stderr))
    }

    /// One count of the summary in `--json`.
    #[track_caller]
    pub fn count(&self, name: &str) -> u64 {
        let document = self.json();
        document["summary"][name].as_u64().unwrap_or_else(|| panic!("no `summary.{name}` in {document:#}"))
    }

    /// Both outputs.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
