//! Machines, faked: one account's, three on a page.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Query, State};
use axum::{Json, Router, routing::get};
use serde_json::{Value, json};

use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::{FakeServer, Home};

type Rows = Arc<Mutex<Vec<Value>>>;

pub struct Machines {
    pub server: FakeServer,
    base_url: String,
    pub rows: Rows,
}

impl Machines {
    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let machine = |number| json!({"id": format!("m-{number}"), "name": "节点", "cores": 2 * number});
        let rows = Rows::new(Mutex::new((1..=8).map(machine).collect()));
        let (server, base_url) = builder.serve(Router::new().route("/v1/machines", get(page)).with_state(rows.clone()));
        Self { server, base_url, rows }
    }

    pub fn section(&self, home: &Home) -> toml::Table {
        let accounts = json!([{"name": "lab", "token": home.secret("lab", "machines-key")}]);
        toml::Table::try_from(json!({"base_url": self.base_url, "accounts": accounts})).expect("a section is a table")
    }
}

async fn page(State(rows): State<Rows>, Query(query): Query<Vec<(String, usize)>>) -> Json<Value> {
    let (rows, number) = (rows.lock().unwrap_or_else(PoisonError::into_inner), query[0].1);
    let next = (3 * number < rows.len()).then_some(number + 1);
    let machines: Vec<&Value> = rows.iter().skip(3 * (number - 1)).take(3).collect();
    Json(json!({"machines": machines, "total": rows.len(), "next": next}))
}
