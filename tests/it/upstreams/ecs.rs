//! Cloud instances: what a pass brings over, and what one region's trouble leaves alone.

mod adaptive;
mod aws;
mod buckets;
mod caches;
mod churn;
mod databases;
mod deletions;
mod listings;
mod others;
mod reading;
mod signatures;
mod troubles;

use serde_json::Value;

use crate::sandbox::{Ecs, Fault, Rule};
use crate::support::{Outcome, Sandbox};

const HANGZHOU: &str = "cn-hangzhou";
const BEIJING: &str = "cn-beijing";
const GUANGZHOU: &str = "ap-guangzhou";

impl Sandbox {
    /// The same with only these accounts of clouds.
    pub fn with_clouds(mut self, names: &[&str]) -> Self {
        let section = self.ecs.section_with(&self.home, names);
        self.home.configure(Ecs::NAME, section);
        self
    }

    /// A pass over the clouds with these flags, its report as JSON.
    fn ecs_pass(&self, flags: &str) -> Outcome {
        self.run(&format!("sync ecs --json {flags}"))
    }

    /// The live rows of a region.
    fn instances_in(&self, region: &str) -> u64 {
        self.database().count(&format!("ecs_instances WHERE deleted_at IS NULL AND region = '{region}'"))
    }

    /// The changes of an instance as `kind field: before → after`, in their order.
    fn changes_of(&self, id: &str) -> Vec<String> {
        let sql = format!(
            "SELECT kind || ' ' || coalesce(field, '') || ': ' || coalesce(before, '') || ' → ' || coalesce(after, '')
             FROM ecs_changes
             WHERE instance = '{id}'
             ORDER BY id"
        );
        let rows = self.database().rows(&sql);
        let text =
            |row: &Vec<_>| if let rusqlite::types::Value::Text(text) = &row[0] { Some(text.clone()) } else { None };
        rows.iter().filter_map(text).collect()
    }

    /// From now on every request that names the region meets this fault.
    fn trouble(&self, region: &str, fault: Fault) {
        self.ecs.server().add(Rule::on("/", fault).mentioning(region));
    }
}

/// How that scope ended.
#[track_caller]
fn scope(outcome: &Outcome, name: &str) -> Value {
    let document = outcome.json();
    let found = document["scopes"].as_array().into_iter().flatten().find(|scope| scope["scope"] == name).cloned();
    found.unwrap_or_else(|| panic!("no scope `{name}` in {document:#}"))
}

/// New, updated, unchanged, deleted, restored.
#[track_caller]
fn check_counts(outcome: &Outcome, expected: [u64; 5]) {
    let counts = ["new", "updated", "unchanged", "deleted", "restored"].map(|name| outcome.count(name));
    assert_eq!(counts, expected, "{}", outcome.stdout);
}
