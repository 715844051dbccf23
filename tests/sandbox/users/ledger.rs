//! What the targets received: every arrival, in order, and the users that they hold since.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// How many examples of duplicates and inversions are shown.
const SHOWN: usize = 10;

/// One event, as it came in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub user_id: i64,
    /// Behind the user in `user_sync_<uid>_<seq>`.
    pub seq: i64,
    /// Its key had been processed before: after a lost answer it is sent again.
    pub is_duplicate: bool,
}

/// An event that came after a later one of its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inversion {
    pub target: String,
    pub user_id: i64,
    pub seq: i64,
    /// What had come before it.
    pub after: i64,
}

/// The requests of a target, whatever their result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    pub single: u64,
    pub batch: u64,
    /// Its credentials or its signature were wrong.
    pub unauthorized: u64,
    /// Its shape was wrong, or one of its users is refused.
    pub refused: u64,
}

/// What one target received, and what it holds.
#[derive(Default)]
pub struct Target {
    pub requests: Requests,
    /// Everything that was processed or recognised as a duplicate, in order.
    pub arrivals: Vec<Arrival>,
    /// How often each key came.
    keys: HashMap<String, u64>,
    users: BTreeMap<i64, Value>,
}

/// All targets.
#[derive(Default)]
pub struct Ledger(BTreeMap<String, Target>);

/// The users of every target.
pub type Holdings = BTreeMap<String, BTreeMap<i64, Value>>;

/// An event in the shape it is sent in.
#[derive(Clone, Debug)]
pub struct Task {
    pub user_id: i64,
    pub seq: i64,
    pub key: String,
    pub event_type: String,
    pub data: Value,
}

impl Task {
    /// Reads a task; the reason if it is none. In a batch, where no header names its key, its id is its key.
    pub fn parse(task: &Value, key: Option<&str>) -> Result<Self, String> {
        let text = |name: &str| task[name].as_str().ok_or_else(|| format!("`{name}` is missing in {task}"));
        let id = text("task_id")?;
        let user_id = task["user_id"].as_i64().ok_or("`user_id` is missing")?;
        let seq = id.strip_prefix(&format!("user_sync_{user_id}_")).and_then(|seq| seq.parse().ok());
        let seq = seq.ok_or_else(|| format!("`{id}` is no id of a task of user {user_id}"))?;
        text("timestamp")?;
        let event_type = text("event_type")?.to_owned();
        Ok(Self { user_id, seq, key: key.unwrap_or(id).to_owned(), event_type, data: task["data"].clone() })
    }
}

impl Ledger {
    /// The target of that name; it comes into being on first use.
    pub fn target(&mut self, name: &str) -> &mut Target {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Target::default());
        }
        self.0.get_mut(name).expect("it was put there")
    }

    /// What every target holds, for [`restore`](Self::restore).
    pub fn holdings(&self) -> Holdings {
        self.0.iter().map(|(name, target)| (name.clone(), target.users.clone())).collect()
    }

    /// Gives the targets what they held.
    pub fn restore(&mut self, holdings: Holdings) {
        for (name, users) in holdings {
            self.target(&name).users = users;
        }
    }

    /// How many events took effect, at all targets.
    pub fn processed(&self) -> u64 {
        self.0.values().map(Target::processed).sum()
    }

    /// Target and key of each event that came again after it had been processed, and how often.
    pub fn duplicates(&self) -> BTreeMap<(String, String), u64> {
        let again = |(name, target): (&String, &Target)| {
            let again = target.keys.iter().filter(|(_, count)| **count > 1);
            again.map(|(key, count)| ((name.clone(), key.clone()), count - 1)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(again).collect()
    }

    /// Where the order of a user's events was not kept; duplicates count too.
    pub fn order_inversions(&self) -> Vec<Inversion> {
        self.0.iter().flat_map(|(name, target)| target.order_inversions(name)).collect()
    }

    /// The counts, for a script, with the first of what should not be.
    pub fn json(&self) -> Value {
        let (duplicates, inversions) = (self.duplicates(), self.order_inversions());
        let again = duplicates.iter().map(|((target, key), count)| json!([target, key, count]));
        json!({
            "processed": self.processed(),
            "duplicates": duplicates.values().sum::<u64>(),
            "order_inversions": inversions.len(),
            "first_duplicates": again.take(SHOWN).collect::<Vec<_>>(),
            "first_inversions": inversions.iter().take(SHOWN).collect::<Vec<_>>(),
            "targets": self.0.iter().map(|(name, target)| (name.clone(), target.json())).collect::<Map<_, _>>(),
        })
    }
}

impl Target {
    /// Processes the event, unless its key has been.
    pub fn process(&mut self, task: Task) {
        let Task { user_id, seq, key, event_type, data } = task;
        let count = self.keys.entry(key).or_default();
        *count += 1;
        let is_duplicate = *count > 1;
        self.arrivals.push(Arrival { user_id, seq, is_duplicate });
        if is_duplicate {
            return;
        }
        if event_type == "user.deleted" {
            self.users.remove(&user_id);
            return;
        }
        let mut user = data["user"].clone();
        if let Some(status) = data.get("new_status") {
            user["status"] = status.clone();
        }
        self.users.insert(user_id, user);
    }

    /// Lets every event take effect that comes again.
    pub fn forget_keys(&mut self) {
        self.keys.clear();
    }

    /// How many events took effect.
    pub fn processed(&self) -> u64 {
        self.keys.len() as u64
    }

    /// What the target holds of the user.
    pub fn user(&self, user_id: i64) -> Option<&Value> {
        self.users.get(&user_id)
    }

    /// Every user the target holds.
    pub fn user_ids(&self) -> Vec<i64> {
        self.users.keys().copied().collect()
    }

    /// Changes behind tongbu's back what the target holds; `None` removes it.
    pub fn set_user(&mut self, user_id: i64, user: Option<Value>) {
        match user {
            Some(user) => self.users.insert(user_id, user),
            None => self.users.remove(&user_id),
        };
    }

    fn order_inversions(&self, name: &str) -> Vec<Inversion> {
        let mut last: HashMap<i64, i64> = HashMap::new();
        let mut found = Vec::new();
        for Arrival { user_id, seq, .. } in &self.arrivals {
            let last = last.entry(*user_id).or_insert(i64::MIN);
            if seq < last {
                found.push(Inversion { target: name.to_owned(), user_id: *user_id, seq: *seq, after: *last });
            }
            *last = *seq.max(last);
        }
        found
    }

    fn json(&self) -> Value {
        json!({
            "requests": self.requests,
            "processed": self.processed(),
            "duplicates": self.arrivals.iter().filter(|arrival| arrival.is_duplicate).count(),
            "users": self.users.len(),
        })
    }
}
