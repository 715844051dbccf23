//! Runs about a part of a sync: they end only what they worked on, in `status`, the metrics, pings and messages.

use serde_json::Value;

use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

const SERVICE: &str = "/users/user-service";
const AUTH: &str = "/users/unified-auth";

/// One with a webhook that hears of every failure, and two users at every target.
fn watched() -> Sandbox {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook"], 1);
    sandbox.create_users(1..=2);
    sandbox.run("sync users").expect(0);
    sandbox.home.set("users.check_every", "0s");
    sandbox
}

impl Sandbox {
    fn fail_target(&self, path: &str) {
        self.users.server().add(Rule::on(path, Fault::Status(503)));
    }

    /// What the receiver was sent: the events, each with its sync type.
    fn heard(&self) -> Vec<String> {
        let text = |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let sent = self.receiver.take_messages().into_iter();
        sent.map(|(_, message)| format!("{} {}", text(&message, "sync_type"), text(&message, "event"))).collect()
    }

    /// The row of that type in `status`.
    fn state(&self, sync_type: &str) -> Value {
        let status = self.run("status --json").expect(0).json();
        let mut rows = status["syncs"].as_array().expect("rows").iter();
        rows.find(|row| row["sync_type"] == sync_type).unwrap_or_else(|| panic!("no {sync_type}: {status:#}")).clone()
    }

    #[track_caller]
    fn check_failing(&self, sync: &str, sync_type: &str, count: u64, failing: &[&str]) {
        let row = self.state(sync_type);
        assert_eq!(row["consecutive_failures"], count, "{row:#}");
        assert_eq!(row["failing"], Value::from(failing), "{row:#}");
        let sample = format!("tongbu_consecutive_failures{{sync=\"{sync}\",sync_type=\"{sync_type}\"}} {count}.0\n");
        let metrics = self.run("metrics").expect(0).stdout;
        assert!(metrics.contains(&sample), "{sample}: {metrics}");
    }
}

#[test]
fn a_run_of_one_target_ends_only_what_it_worked_on() {
    let sandbox = watched();
    sandbox.fail_target("/users/");
    sandbox.create_users(3..=3);
    sandbox.run("sync users").expect(5);
    assert_eq!(sandbox.heard(), ["users failed"]);
    sandbox.check_failing("users", "users", 1, &["users/deliver"]);
    let before = sandbox.state("users")["last_success_at"].clone();

    sandbox.users.server().clear_faults();
    sandbox.fail_target(AUTH);
    sandbox.run("sync users --target user-service").expect(0);
    assert_eq!(sandbox.heard(), [""; 0], "the other target is not well");
    sandbox.check_failing("users", "users", 1, &["users/deliver"]);
    let row = sandbox.state("users");
    assert_eq!((&row["last_status"], &row["last_success_at"]), (&"success".into(), &before), "{row:#}");
    let table = sandbox.run("status").expect(0).stdout;
    assert!(table.contains("still failing: users/deliver"), "{table}");
    let table = sandbox.run("status --lang zh").expect(0).stdout;
    assert!(table.contains("仍然失败：users/deliver"), "{table}");

    sandbox.users.server().clear_faults();
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.heard(), ["users recovered"]);
    sandbox.check_failing("users", "users", 0, &[]);
}

#[test]
fn a_schedule_with_a_line_for_each_target_reports_each_by_itself() {
    let sandbox = watched();
    sandbox.fail_target(AUTH);
    sandbox.create_users(3..=3);
    let (auth, service) = ("sync users --target unified-auth", "sync users --target user-service");
    sandbox.run(auth).expect(5);
    sandbox.run(service).expect(0);
    assert_eq!(sandbox.heard(), ["users failed"]);
    sandbox.check_failing("users", "users", 1, &["users/deliver/unified-auth"]);
    sandbox.fail_target(SERVICE);
    sandbox.create_users(4..=4);
    sandbox.run(service).expect(5);
    assert_eq!(sandbox.heard(), ["users failed"]);
    sandbox.check_failing("users", "users", 2, &["users/deliver/unified-auth", "users/deliver/user-service"]);

    sandbox.users.server().clear_faults();
    sandbox.run(auth).expect(0);
    assert_eq!(sandbox.heard(), [""; 0]);
    sandbox.check_failing("users", "users", 2, &["users/deliver/user-service"]);
    sandbox.run(service).expect(0);
    assert_eq!(sandbox.heard(), ["users recovered"]);
    sandbox.check_failing("users", "users", 0, &[]);
}

#[test]
fn a_run_of_one_account_leaves_the_other_ones_failure_in_status_and_pings_nothing() {
    let mut sandbox = watched();
    let address = format!("{}/ping", sandbox.receiver.base_url());
    sandbox.ping(&address);
    sandbox.home.secret("shop-us", "no such token");
    let pings = |sandbox: &Sandbox| -> Vec<String> {
        sandbox.pings().into_iter().filter(|sent| sent.starts_with("GET ")).collect()
    };
    sandbox.run("sync fairing").expect(3);
    assert_eq!(pings(&sandbox), ["GET /ping/fail?"]);
    sandbox.run("sync fairing --account shop-eu").expect(0);
    assert_eq!(pings(&sandbox), [""; 0], "the watchdog would turn green");
    let failing = ["fairing/shop-us/questions", "fairing/shop-us/responses"];
    sandbox.check_failing("fairing", "fairing", 1, &failing);
    sandbox.run("sync fairing").expect(3);
    sandbox.check_failing("fairing", "fairing", 2, &failing);
    sandbox.home.secret("shop-us", &sandbox.fairing.token("shop-us"));
    pings(&sandbox);
    sandbox.run("sync fairing --account shop-us").expect(0);
    assert_eq!(pings(&sandbox), ["GET /ping?"]);
    sandbox.check_failing("fairing", "fairing", 0, &[]);
}

#[test]
fn a_failed_check_by_hand_is_over_once_a_scheduled_one_finds_nothing() {
    let sandbox = watched();
    let lose = |user: i64| {
        sandbox.users.ledger(|ledger| ledger.target(Users::SERVICE).set_user(user, None));
    };
    lose(1);
    sandbox.run("check users --target user-service").expect(3);
    assert_eq!(sandbox.heard(), ["check failed"]);
    sandbox.check_failing("users", "check", 1, &["users/check/user-service"]);
    // One of another target says nothing of this one.
    sandbox.run("sync users --target unified-auth").expect(0);
    assert_eq!(sandbox.heard(), [""; 0]);
    sandbox.check_failing("users", "check", 1, &["users/check/user-service"]);
    // This one repairs it.
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.heard(), ["check recovered"]);
    sandbox.check_failing("users", "check", 0, &[]);
    let row = sandbox.state("check");
    assert_eq!((&row["last_status"], &row["unread_count"]), (&"partial".into(), &1.into()), "it did end so: {row:#}");
    let table = sandbox.run("status").expect(0).stdout;
    assert!(table.contains("well since then"), "{table}");

    // What fails later is news again.
    sandbox.run("sync users").expect(0);
    lose(2);
    sandbox.run("check users").expect(3);
    assert_eq!(sandbox.heard(), ["check failed"]);
    sandbox.check_failing("users", "check", 1, &["users/check/user-service"]);
    sandbox.run("check users --repair").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.heard(), ["check recovered"]);
    sandbox.check_failing("users", "check", 0, &[]);
}

#[test]
fn a_run_of_one_type_says_nothing_of_another_ones_failure() {
    let sandbox = watched();
    sandbox.fail();
    sandbox.run("sync tasks --window today").expect(5);
    sandbox.tasks.server().clear_faults();
    sandbox.run("sync tasks --window historical").expect(0);
    assert_eq!(sandbox.heard(), ["today failed"]);
    sandbox.check_failing("tasks", "today", 1, &["tasks/today"]);
    sandbox.run("sync tasks --window today").expect(0);
    assert_eq!(sandbox.heard(), ["today recovered"]);
}

#[test]
fn a_check_of_one_target_does_not_put_off_that_of_the_others() {
    let mut sandbox = watched();
    sandbox.home.set("users.check_every", "1h");
    let checks = |sandbox: &Sandbox, path: &str| {
        sandbox
            .users
            .server()
            .take_log()
            .iter()
            .filter(|logged| logged.method == "GET" && logged.path.starts_with(path))
            .count()
    };
    sandbox.run("sync users --force").expect(0);
    checks(&sandbox, "/");
    let database = rusqlite::Connection::open(sandbox.home.database()).expect("the database opens");
    let long_ago = "2020-01-01T00:00:00.000Z";
    let sql = "UPDATE sync_cursors SET last_success_at = ?1 WHERE scope = 'users/check'";
    database.execute(sql, [long_ago]).expect("it is written");
    database.execute("UPDATE user_targets SET checked_at = ?1", [long_ago]).expect("it is written");
    drop(database);
    for expected in [1, 0] {
        sandbox.run("sync users --target user-service").expect(0);
        assert_eq!(checks(&sandbox, SERVICE).min(1), expected, "it is checked as often as all are");
    }
    sandbox.run("sync users").expect(0);
    assert!(checks(&sandbox, AUTH) > 0, "nobody has checked this one for long");
}
