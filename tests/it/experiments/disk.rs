//! Passes whose disk fails them at one of the calls that write, or that are killed there: nothing is damaged, nothing is
//! lost, and the next pass stores what an undisturbed one does.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Experiment;
use super::fixture::{Fixture, Start, Undisturbed};
use crate::sandbox::random::Random;
use crate::support::{Outcome, Running};
use crate::upstreams::contract;

/// What can happen to a call, and whether it happens to every later one as well.
const FAULTS: [(&str, bool); 7] = [
    ("EIO", false),
    ("EIO", true),
    ("ENOSPC", false),
    ("ENOSPC", true),
    ("short", false),
    ("short", true),
    ("kill", false),
];

/// The library that is loaded before all others, and its counter of calls.
pub struct Disk {
    library: PathBuf,
    calls: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    pub fn build() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let library = folder.path().join("disk.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/experiments/disk.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(source);
        let output = compiler.output().expect("`cc` is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { library, calls: folder.path().join("calls"), _folder: folder }
    }

    /// Runs a pass whose call `at` is struck; 0 strikes none.
    fn pass(&self, fixture: &Fixture<'_>, at: u64, (fault, lasts): (&str, bool)) -> Outcome {
        let mut command = fixture.sandbox.command();
        command.args(fixture.line.command.split_whitespace()).arg("--json");
        self.strike(command, &fixture.sandbox.home.database(), at, (fault, lasts))
    }

    /// Runs a command of whose calls on files whose paths begin so one is struck; 0 strikes none.
    pub fn strike(&self, mut command: Command, path: &Path, at: u64, (fault, lasts): (&str, bool)) -> Outcome {
        std::fs::write(&self.calls, 0_u64.to_ne_bytes()).expect("the counter can be set");
        command
            .env("LD_PRELOAD", &self.library)
            .env("DISK_PATH", path)
            .env("DISK_CALLS", &self.calls)
            .env("DISK_AT", at.to_string())
            .env("DISK_FAULT", fault)
            .env("DISK_LASTS", u8::from(lasts).to_string());
        Running::start(command).wait()
    }

    /// How many there were, the struck one included.
    pub fn calls(&self) -> u64 {
        let bytes = std::fs::read(&self.calls).expect("the counter is there");
        u64::from_ne_bytes(bytes.try_into().expect("8 bytes"))
    }
}

#[test]
fn passes_survive_a_disk_that_fails_at_any_call() {
    let lines = contract::fetching().count();
    let experiment = Experiment::new("disk", (2 * FAULTS.len() * lines) as u64);
    let mut random = Random::new(experiment.seed);
    let disk = Disk::build();
    for line in contract::fetching() {
        let (fixture, undisturbed) = Fixture::prepare(line);
        let calls = undisturbed.each_ref().map(|undisturbed| {
            fixture.restore(undisturbed.start);
            disk.pass(&fixture, 0, FAULTS[0]).expect(0);
            disk.calls()
        });
        let mut tally = Tally::default();
        for fault in
            FAULTS.into_iter().cycle().take(usize::try_from(experiment.count).expect("a count").div_ceil(lines))
        {
            let (undisturbed, calls) = *random.pick(&[(&undisturbed[0], calls[0]), (&undisturbed[1], calls[1])]);
            tally.strike(&disk, &fixture, undisturbed, 1 + random.below(calls), fault);
        }
        assert!(tally.failed > 0 && tally.killed > 0, "{}: nothing was struck", line.name);
        experiment.report(&format!("{}: {calls:?} calls a pass; {}", line.name, tally.summary()));
    }
}

/// What came of the faults.
#[derive(Default)]
struct Tally {
    failed: u64,
    killed: u64,
    unharmed: u64,
}

impl Tally {
    fn strike(&mut self, disk: &Disk, fixture: &Fixture<'_>, undisturbed: &Undisturbed, at: u64, fault: (&str, bool)) {
        fixture.restore(undisturbed.start);
        let outcome = disk.pass(fixture, at, fault);
        let what = format!("{fault:?} at call {at} of a pass from {:?}: {outcome:#?}", undisturbed.start);
        match (outcome.code, fault) {
            // What it calls a success is one.
            (Some(0), _) => {
                self.unharmed += 1;
                assert!(fixture.content() == undisturbed.content, "{what}");
            }
            (Some(12), ("EIO" | "ENOSPC", _)) => {
                self.failed += 1;
                let path = fixture.sandbox.home.database().display().to_string();
                let document = outcome.json();
                assert!(document["error"]["message"].as_str().is_some_and(|message| message.contains(&path)), "{what}");
                assert!(document["error"]["hint"].is_string(), "{what}");
                // What it has reported as new is there.
                let reported = document["summary"]["new"].as_u64().unwrap_or(0);
                if reported > 0 && undisturbed.start == Start::Empty {
                    let database = fixture.sandbox.database();
                    let stored: u64 = fixture.line.counted.iter().map(|table| database.count(table)).sum();
                    assert!(reported <= stored, "{reported} reported, {stored} stored: {what}");
                }
            }
            (None, ("kill", _)) if outcome.signal == Some(9) => self.killed += 1,
            _ => panic!("{what}"),
        }
        let status = fixture.check_next(undisturbed);
        let is_right = match status.as_deref() {
            None | Some("interrupted") => outcome.code != Some(0),
            Some("failed") => outcome.code == Some(12),
            // The record was closed; what came after it needs no disk, or the next run does it.
            Some("success") => true,
            Some(_) => false,
        };
        assert!(is_right, "the record of it is {status:?}: {what}");
    }

    fn summary(&self) -> String {
        let Self { failed, killed, unharmed } = self;
        format!(
            "{failed} failed with exit 12, {killed} were killed, {unharmed} came through; 0 rows lost, doubled or partial"
        )
    }
}
