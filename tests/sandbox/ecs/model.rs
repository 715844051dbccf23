//! What the clouds have: accounts with their keys, regions and machines.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::Value as Json;

use super::bucket::Bucket;
use super::database::Database;
use super::fleet::Machine;
use crate::sandbox::server::FakeServer;

/// One region of an account.
#[derive(Clone, Debug, Default)]
pub struct Region {
    pub machines: Vec<Machine>,
    pub databases: Vec<Database>,
    pub caches: Vec<Database>,
    /// The account may not list here: an empty answer, not an error.
    pub is_hidden: bool,
    /// How many rows fewer are listed than the total says.
    pub skipped: usize,
}

/// The credentials of an account.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

/// One account of one cloud.
pub struct Account {
    pub name: &'static str,
    pub provider: &'static str,
    pub key: Key,
    /// It is there only for the tests that name it.
    pub is_extra: bool,
    pub regions: BTreeMap<&'static str, Region>,
    /// Of all regions.
    pub buckets: Vec<Bucket>,
    /// The actions that its key may not call.
    pub denied: BTreeSet<&'static str>,
}

/// Everything the clouds answer from.
pub struct State {
    pub accounts: Vec<Account>,
    /// A page holds no more rows, whatever the request says.
    pub page_cap: usize,
    pub nonces: BTreeSet<String>,
    /// Knows the time.
    pub server: FakeServer,
}

/// A refusal with the provider's error code.
pub struct Refused(pub StatusCode, pub &'static str);

impl State {
    /// The account whose key signed the request.
    pub fn account(&self, provider: &str, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.provider == provider && account.key.id == id)
    }
}

impl Region {
    /// The machine with that number.
    pub fn machine(&mut self, number: usize) -> &mut Machine {
        &mut self.machines[number]
    }

    /// What a listing of databases shows.
    pub fn listed_databases(&self) -> &[Database] {
        if self.is_hidden {
            &[]
        } else {
            &self.databases[..self.databases.len() - self.skipped.min(self.databases.len())]
        }
    }

    /// What a listing shows.
    pub fn listed(&self) -> &[Machine] {
        if self.is_hidden { &[] } else { &self.machines[..self.machines.len() - self.skipped.min(self.machines.len())] }
    }
}

/// `size` rows from `start` on, and where the next page starts.
pub fn page<T>(rows: &[T], start: usize, size: usize, json: impl Fn(&T) -> Json) -> (Vec<Json>, Option<usize>) {
    let end = (start + size).min(rows.len());
    let page = rows.get(start..end).unwrap_or_default();
    (page.iter().map(json).collect(), (end < rows.len()).then_some(end))
}
