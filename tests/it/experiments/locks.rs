//! Many processes and one lock: never two holders at once, no token left out, nobody sees a busy database.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use tongbu::clock::Clock;
use tongbu::store::{Acquisition, LeaseRequest, Mode, Store, StoreOptions};

use super::{Experiment, number};
use crate::sandbox::random::Random;
use crate::support::Running;

const LOCK: &str = "experiments/lock";

/// The folder and the share of the processes that compete: this test program, started again for one of its tests.
const FOLDER: &str = "TONGBU_EXPERIMENT_FOLDER";
/// Of each process, as long as there are no more than 64.
const TURNS: u64 = 25;
const SHARE: &str = "TONGBU_EXPERIMENT_SHARE";

#[test]
fn processes_hold_one_lock_one_after_the_other() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        compete(Path::new(&folder), number(SHARE).expect("a share"));
    } else {
        check_turns(&Experiment::new("locks", 200));
    }
}

fn check_turns(experiment: &Experiment) {
    let processes = (experiment.count / TURNS).clamp(8, 64);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let competitor = |number: u64| {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command
            .args(["--exact", "experiments::locks::processes_hold_one_lock_one_after_the_other", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(SHARE, (experiment.count / processes + u64::from(number < experiment.count % processes)).to_string());
        Running::start(command)
    };
    let competitors: Vec<Running> = (0..processes).map(competitor).collect();
    for competitor in competitors {
        competitor.wait().expect(0);
    }
    let took = experiment.began.elapsed();
    let log = fs::read_to_string(folder.path().join("tokens")).expect("the witness's log is there");
    let tokens: Vec<u64> = log.lines().map(|line| line.parse().expect("a token")).collect();
    assert_eq!(tokens, (1..=experiment.count).collect::<Vec<_>>(), "in the order they were held");
    experiment.report(&format!(
        "{processes} processes, {} acquisitions, 0 overlaps, tokens dense, 0 errors; {:.2} ms each",
        tokens.len(),
        took.as_secs_f64() * 1000.0 / f64::from(u32::try_from(experiment.count).expect("a count"))
    ));
}

/// Holds the lock a number of times. The witness is a file that only one at a time can make.
fn compete(folder: &Path, share: u64) {
    let witness = folder.join("witness");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let options = StoreOptions { clock: Clock::system(), mode: Mode::ReadWrite, components: Vec::new() };
    let store = Store::open(folder.join("tongbu.db"), options).expect("the store opens");
    let mut random = Random::new(std::process::id().into());
    let mut held = 0;
    while held < share {
        let request = LeaseRequest {
            name: LOCK,
            ttl: Duration::from_secs(60),
            trace_id: "experiment",
            record: None,
            has_own_rows: false,
        };
        let lease = match runtime.block_on(store.acquire(request)).expect("an answer") {
            Acquisition::Held(lease) => lease,
            Acquisition::Busy(_) => {
                // As long as the commands that change a few rows.
                thread::sleep(Duration::from_millis(10 + random.below(20)));
                continue;
            }
        };
        OpenOptions::new().write(true).create_new(true).open(&witness).expect("nobody else holds the lock");
        let mut log = OpenOptions::new().append(true).create(true).open(folder.join("tokens")).expect("the log opens");
        writeln!(log, "{}", lease.token()).expect("the log can be written");
        fs::remove_file(&witness).expect("the witness is there");
        runtime.block_on(store.release(lease, None)).expect("the lock is released");
        held += 1;
    }
}
