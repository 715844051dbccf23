//! User events: where they come from and where they are brought to.

mod blame;
mod check;
mod command;
mod delivery;
mod emit;
mod endings;
mod kills;
mod letters;
mod order;
mod redis;
mod refusals;
mod secrecy;
mod stream;
mod troubles;

use serde_json::json;
use toml::{Table, Value};

use crate::sandbox::Users;
use crate::support::{Outcome, RedisServer, Sandbox};

/// A target that wants no proof.
const TARGET: &str = Users::SERVICE;

/// A line for each user: its creation.
fn created(users: impl IntoIterator<Item = i64>) -> String {
    let line = |user: i64| {
        json!({"type": "user.created", "user_id": user, "username": format!("user{user}"), "email": "a@b.c"})
            .to_string()
            + "\n"
    };
    users.into_iter().map(line).collect()
}

/// A line for each user: another role.
fn updated(users: impl IntoIterator<Item = i64>, role: &str) -> String {
    let line = |user: i64| {
        json!({"type": "user.updated", "user_id": user, "data": {"user": {"role": role}}}).to_string() + "\n"
    };
    users.into_iter().map(line).collect()
}

/// A target of the configuration, by HTTP and without anything else.
fn http_target(name: &str, url: &str) -> Table {
    Table::from_iter(
        [("name", name), ("kind", "http"), ("url", url)].map(|(key, value)| (key.to_owned(), value.into())),
    )
}

fn redis_target(name: &str, server: &RedisServer) -> Table {
    let pairs = [("name", name.to_owned()), ("kind", "redis".to_owned()), ("url", server.url())];
    Table::from_iter(pairs.map(|(key, value)| (key.to_owned(), value.into())))
}

impl Sandbox {
    /// One whose only target wants no proof and does not show what it holds.
    fn with_one_target() -> Self {
        let mut sandbox = Self::small();
        let url = sandbox.users.url(TARGET);
        sandbox.set_targets([http_target(TARGET, &url)]);
        sandbox
    }

    fn set_targets(&mut self, targets: impl IntoIterator<Item = Table>) {
        let targets: Vec<Value> = targets.into_iter().map(Value::Table).collect();
        self.home.set("users.targets", targets);
    }

    /// The targets it began with, to change them.
    fn usual_targets(&self) -> [Table; 2] {
        let section = self.users.section(&self.home);
        let targets = section["targets"].as_array().expect("a list").iter();
        let targets: Vec<Table> = targets.map(|target| target.as_table().expect("a table").clone()).collect();
        targets.try_into().expect("two")
    }

    /// Stores these events.
    #[track_caller]
    fn emit(&self, lines: &str) -> Outcome {
        self.spawn_fed("users emit - --json", lines).wait().expect(0)
    }

    /// The state of each event at the target, by `seq`.
    #[track_caller]
    fn states(&self, target: &str) -> Vec<String> {
        let sql = format!("SELECT state FROM user_deliveries WHERE target = '{target}' ORDER BY seq");
        self.database().texts(&sql)
    }

    /// How many deliveries are still to be made, what is not enqueued yet included.
    #[track_caller]
    fn open_count(&self) -> u64 {
        self.run("users queue --json").expect(0).json()["queue_length"].as_u64().expect("a count")
    }

    /// Passes until nothing is left to deliver, whatever goes wrong in them.
    #[track_caller]
    fn sync_all(&self) {
        let mut passes = 0;
        while self.open_count() > 0 {
            passes += 1;
            assert!(passes <= 200, "{:?}", self.states(TARGET));
            self.run("sync users");
        }
    }

    /// How many requests came at the target, of both kinds.
    fn requests(&self, target: &str) -> u64 {
        let requests = self.users.ledger(|ledger| ledger.target(target).requests);
        requests.single + requests.batch
    }

    /// Has the user been brought to that role at the target?
    fn role_at(&self, target: &str, user: i64) -> Option<String> {
        self.users.ledger(|ledger| Some(ledger.target(target).user(user)?["role"].as_str()?.to_owned()))
    }
}
