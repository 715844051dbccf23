//! A watchdog or a chat room, faked: accepts every message and keeps it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::Uri;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::server::FakeServer;

/// The running fake.
pub struct Receiver {
    server: FakeServer,
    base_url: String,
    messages: Messages,
}

type Messages = Arc<Mutex<Vec<(String, Value)>>>;

impl Receiver {
    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let messages = Messages::default();
        let (server, base_url) = builder.serve(Router::new().fallback(take).with_state(Arc::clone(&messages)));
        Self { server, base_url, messages }
    }

    pub const fn server(&self) -> &FakeServer {
        &self.server
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Every JSON body so far with the path it was sent to, the oldest first.
    pub fn take_messages(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Confirms it as the robots do, each by its own key.
async fn take(State(messages): State<Messages>, uri: Uri, body: String) -> Json<Value> {
    if let Ok(message) = serde_json::from_str(&body) {
        messages.lock().unwrap_or_else(PoisonError::into_inner).push((uri.path().to_owned(), message));
    }
    Json(json!({"errcode": 0, "errmsg": "ok", "code": 0, "msg": "success", "ok": true}))
}
