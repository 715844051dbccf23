//! Commands that change a few rows, several at once: they wait for each other, though not for ever.

use std::time::Duration;

use crate::sandbox::Tasks;
use crate::support::{Running, Sandbox};

const LOCK: &str = "tasks/matches";

impl Sandbox {
    /// Makes the lock look as this process holds it.
    fn hold(&self) {
        let sql = "UPDATE sync_locks
                   SET released = 0, pid = ?2, owner = 'somebody', expires_boot_ms = expires_boot_ms + 600000
                   WHERE name = ?1";
        assert_eq!(self.change_lock(sql, Some(std::process::id())), 1);
    }

    fn let_go(&self) {
        assert_eq!(self.change_lock("UPDATE sync_locks SET released = 1 WHERE name = ?1", None), 1);
    }

    fn change_lock(&self, sql: &str, pid: Option<u32>) -> usize {
        let database = rusqlite::Connection::open(self.home.database()).expect("the database is there");
        database.busy_timeout(Duration::from_secs(10)).expect("a timeout is possible");
        match pid {
            Some(pid) => database.execute(sql, (LOCK, pid)),
            None => database.execute(sql, (LOCK,)),
        }
        .expect("the lock can be changed")
    }
}

#[test]
fn decisions_made_at_the_same_time_are_all_stored() {
    let sandbox = Sandbox::small();
    sandbox.run("sync tasks --window today").expect(0);
    let first = 20_000 + Tasks::HISTORICAL;
    let running: Vec<Running> =
        (first..first + Tasks::TODAY).map(|id| sandbox.spawn(&format!("tasks idle {id}"))).collect();
    for running in running {
        running.wait().expect(0);
    }
    assert_eq!(sandbox.database().count("task_matches WHERE state = 'idle'"), Tasks::TODAY);
    sandbox.database().assert_consistent();
}

#[test]
fn decision_waits_for_another_and_names_its_process() {
    let sandbox = Sandbox::small();
    sandbox.run("sync tasks --window today").expect(0);
    let (one, other) = (20_000 + Tasks::HISTORICAL, 20_001 + Tasks::HISTORICAL);
    sandbox.run(&format!("tasks idle {one}")).expect(0);
    sandbox.hold();
    let mut waiting = sandbox.spawn(&format!("tasks idle {other}"));
    let refused = sandbox.run(&format!("tasks idle {one} --json")).expect(11);
    assert!(refused.took >= Duration::from_secs(10), "gave up after {:?}", refused.took);
    let error = refused.json()["error"].clone();
    assert_eq!((&error["class"], &error["lock"]["name"]), (&"busy".into(), &LOCK.into()), "{error:#}");
    assert_eq!((&error["lock"]["pid"], &error["lock"]["locked_by"]), (&std::process::id().into(), &"somebody".into()));
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("tongbu locks break tasks/matches")), "{error:#}");

    while !waiting.has_ended() {}
    waiting.wait().expect(11);
    let mut waiting = sandbox.spawn(&format!("tasks idle {other}"));
    // It ends by itself only after ten seconds; before that it is let go.
    for _ in 0..100 {
        assert!(!waiting.has_ended(), "did not wait");
    }
    sandbox.let_go();
    let done = waiting.wait().expect(0);
    assert!(done.took < Duration::from_secs(10), "waited {:?}", done.took);
    assert_eq!(sandbox.database().count("task_matches WHERE state = 'idle'"), 2);
}
