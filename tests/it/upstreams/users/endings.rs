//! Passes that are ended from outside, and those that another one keeps out.

use rustix::process::Signal;

use super::{TARGET, created, updated};
use crate::sandbox::{Fault, Rule};
use crate::support::{Running, Sandbox, poll};

impl Sandbox {
    /// Starts a pass that has that many answers and waits for the next.
    fn spawn_delivering(&self, arguments: &str, answered: u32) -> Running {
        let server = self.users.server();
        let count = server.count("/");
        server.add(Rule::on("/", Fault::Hold).after(answered).times(1));
        let mut running = self.spawn(arguments);
        running.await_requests(server, count + answered as usize + 1);
        running
    }
}

fn delivering(events: i64) -> Sandbox {
    let mut sandbox = Sandbox::with_one_target();
    sandbox.home.set("users.workers", 1);
    sandbox.emit(&created(1..=events));
    sandbox
}

#[test]
fn what_was_answered_before_a_signal_is_stored_and_the_rest_is_not_lost() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let sandbox = delivering(10);
        let running = sandbox.spawn_delivering("sync users", 4);
        running.signal(signal);
        running.wait().expect(code);
        let states = sandbox.states(TARGET);
        assert_eq!(states.iter().filter(|state| *state == "delivered").count(), 4, "{states:?}");
        assert_eq!(sandbox.database().count("user_deliveries WHERE state = 'pending'"), 6);
        sandbox.users.server().clear_faults();
        sandbox.run("sync users").expect(0);
        assert_eq!(sandbox.users.processed(), 10);
        assert!(sandbox.users.duplicates().len() <= 1, "{:?}", sandbox.users.duplicates());
        sandbox.database().assert_consistent();
    }
}

#[test]
fn pass_ends_at_its_deadline_and_the_next_continues() {
    let sandbox = delivering(5);
    let running = sandbox.spawn_delivering("sync users --max-runtime 1s", 2);
    let outcome = running.wait().expect(10);
    assert!(outcome.took.as_secs_f64() < 4.0, "{:?}", outcome.took);
    sandbox.users.server().clear_faults();
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.users.processed(), 5);
}

#[test]
fn second_pass_is_locked_out_and_the_holder_is_named() {
    let sandbox = Sandbox::small();
    sandbox.emit(&created(1..=3));
    let holder = sandbox.spawn_delivering("sync users", 0);
    let outcome = sandbox.run("sync users").expect(11);
    for part in ["users/deliver", &holder.pid().to_string(), "tongbu locks"] {
        assert!(outcome.stderr.contains(part), "`{part}` is not in: {}", outcome.stderr);
    }
    sandbox.run("sync users --on-lock skip").expect(0);
    // Commands that store events or act on them need not wait for the deliveries.
    sandbox.emit(&updated([1], "admin"));
    sandbox.run("users queue").expect(0);
    sandbox.users.server().clear_faults();
    holder.wait().expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!((sandbox.users.processed(), sandbox.users.order_inversions()), (8, vec![]));
}

#[test]
fn replaced_pass_sends_nothing_after_it_resumes() {
    let mut sandbox = delivering(6);
    // The shortest that is allowed.
    sandbox.home.set("users.timeout", "200ms");
    sandbox.home.set("users.lock_ttl", "11s");
    let stopped = sandbox.spawn_delivering("sync users", 2);
    stopped.signal(Signal::STOP);
    let taken_over = sandbox.run("sync users --on-lock wait=60s").expect(0);
    assert!(taken_over.took.as_secs() >= 5, "the lock was not taken over: {:?}", taken_over.took);
    sandbox.users.server().clear_faults();
    // Something to send, if it did not know better.
    sandbox.emit(&updated(1..=6, "admin"));
    let (content, count) = (sandbox.database().content("user_deliveries"), sandbox.users.server().count("/"));

    stopped.signal(Signal::CONT);
    stopped.wait().expect(13);
    assert_eq!(sandbox.users.server().count("/"), count, "it went on sending");
    let database = sandbox.database();
    assert_eq!(database.content("user_deliveries"), content);
    database.assert_consistent();
    sandbox.run("sync users").expect(0);
    assert_eq!((sandbox.users.processed(), sandbox.users.order_inversions()), (12, vec![]));
    assert!(sandbox.users.duplicates().values().sum::<u64>() <= 1);
}

#[test]
fn killed_pass_is_taken_over_at_once() {
    let sandbox = delivering(6);
    let killed = sandbox.spawn_delivering("sync users", 3);
    killed.signal(Signal::KILL);
    assert_eq!(killed.wait().signal, Some(9));
    sandbox.users.server().clear_faults();
    let next = sandbox.run("sync users").expect(0);
    assert!(next.took.as_secs() < 10, "{:?}", next.took);
    poll("the request that was held", || sandbox.users.processed() == 6);
    assert!(sandbox.users.duplicates().values().sum::<u64>() <= 1);
    sandbox.database().assert_consistent();
}
