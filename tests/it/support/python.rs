//! Python, with the packages of `tests/requirements.txt`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// A program of the environment that `tests/run.sh` makes. Without it there is nothing to test with, which is no success.
pub fn python_program(name: &str) -> PathBuf {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin")).join(name);
    assert!(path.exists(), "{} is missing: run `tests/run.sh` once, which installs it", path.display());
    path
}

/// Runs Python with these arguments and this standard input to its end; what it printed.
#[track_caller]
pub fn run_python(arguments: &[&str], input: &str) -> String {
    let mut python = Command::new(python_program("python"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = python.stdin.take().expect("a pipe");
    let output = thread::scope(|scope| {
        // It may print while it still reads.
        scope.spawn(move || stdin.write_all(input.as_bytes()).expect("python reads"));
        python.wait_with_output().expect("python ends")
    });
    assert!(output.status.success(), "the script failed");
    String::from_utf8(output.stdout).expect("what the scripts print is UTF-8")
}
