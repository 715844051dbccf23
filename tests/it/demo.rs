//! The demonstration of the program `sandbox`, and the commands that it prints in the end.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The program by itself: without a terminal, in an environment as empty as cron's.
fn hermetic(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").stdin(Stdio::null());
    command
}

fn demonstrate(arguments: &[&str]) -> (Output, String) {
    let output =
        hermetic(env!("CARGO_BIN_EXE_sandbox")).arg("demo").args(arguments).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

/// The commands after the text `heading`: indented lines up to the next text.
fn commands<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, rest) = text.split_once(heading).unwrap_or_else(|| panic!("`{heading}` is not in: {text}"));
    let lines = rest.lines().skip(1).skip_while(|line| line.is_empty());
    lines.map_while(|line| line.strip_prefix("  ")).collect()
}

/// A line typed in a shell.
fn shell(line: &str) -> Command {
    let mut command = hermetic("sh");
    command.args(["-c", line]);
    command
}

/// The fakes under way; killed if the test ends before them.
struct Fakes(Child);

impl Fakes {
    /// Waits until they serve.
    fn start(line: &str) -> Self {
        let mut child = shell(&format!("exec {line}")).stdout(Stdio::piped()).spawn().expect("a shell");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let fakes = Self(child);
        let lines: Vec<String> =
            stdout.lines().map_while(Result::ok).take_while(|line| !line.contains("Ctrl-C")).collect();
        assert!(lines.iter().any(|line| line.starts_with("# fairing: http://127.0.0.1:")), "{lines:#?}");
        fakes
    }

    fn interrupt(&mut self) {
        kill_process(Pid::from_child(&self.0), Signal::INT).expect("the fakes run");
        self.0.wait().expect("the fakes end");
    }
}

impl Drop for Fakes {
    fn drop(&mut self) {
        // They may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_command_that_the_demo_prints_works_as_typed() {
    let (output, text) = demonstrate(&[]);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for part in ["fairing", "douban", "tasks", "ecs", "users"] {
        assert!(text.contains(&format!("$ tongbu sync {part}")), "`{part}` is not synced in: {text}");
    }
    for part in ["exit 0 (ok)", "exit 3 (partial)", "exit 11 (locked)"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let matched = text.lines().filter(|line| line.contains("  matched  ")).count();
    assert!(matched > 3, "{matched} tasks are matched in: {text}");

    let [serve] = commands(&text, "Start the fakes again")[..] else { panic!("not one command to serve in: {text}") };
    let others = commands(&text, "Then try more");
    let [remove] = commands(&text, "Remove it all")[..] else { panic!("not one command to remove in: {text}") };
    let (export, others) = others.split_first().expect("commands");
    let home = remove.rsplit(' ').next().expect("a path").to_owned();

    let mut fakes = Fakes::start(serve);
    assert!(others.len() > 10, "{others:#?}");
    for line in others {
        let output = shell(&format!("{export}\n{line}")).output().expect("a shell");
        assert!(output.status.success(), "{line}: {output:#?}");
        if line.ends_with("sync fairing --json") {
            let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let [total, unchanged] = ["total", "unchanged"].map(|name| document["summary"][name].as_u64());
            assert_eq!((total, unchanged), (Some(245), Some(245)), "the fakes have other data: {document:#}");
        }
    }
    fakes.interrupt();
    assert!(shell(remove).status().expect("a shell").success());
    assert!(!std::path::Path::new(&home).exists());
}

#[test]
fn the_demo_speaks_chinese_throughout() {
    let (output, text) = demonstrate(&["--lang", "zh"]);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let [remove] = commands(&text, "最后全部删除")[..] else { panic!("not one command to remove in: {text}") };
    assert!(shell(remove).status().expect("a shell").success());
    for part in ["同步", "退出码 0（ok）", "退出码 3（partial）：", "退出码 11（locked）："] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    // What is no command, no address and no data of the fakes is in Chinese.
    let is_prose = |line: &&str| {
        let words = line.split(' ').filter(|word| word.len() > 1 && word.chars().all(|sign| sign.is_ascii_lowercase()));
        !line.starts_with(['$', ' ']) && words.count() > 3
    };
    let english: Vec<&str> = text.lines().filter(is_prose).collect();
    assert!(english.is_empty(), "{english:#?}");
}

#[test]
fn the_demo_fails_when_a_step_does_not_end_as_expected() {
    // An empty list of films is a failure of `sync douban`.
    let (output, text) = demonstrate(&["--films", "0"]);
    let [remove] = commands(&text, "Remove it all")[..] else { panic!("not one command to remove in: {text}") };
    assert!(shell(remove).status().expect("a shell").success());
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (_, failures) = text.split_once("The demonstration failed:").expect("the failures");
    assert!(failures.contains("`tongbu sync douban` ended with"), "{failures}");
}

#[test]
fn a_directory_without_a_sandbox_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut serve = hermetic(env!("CARGO_BIN_EXE_sandbox"));
    let output = serve.args(["serve", "--home"]).arg(directory.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("sandbox.json: No such file"), "{output:?}");
}
