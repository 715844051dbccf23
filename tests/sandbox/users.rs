//! The services that receive user events, faked: any number of targets at one address, and one that is down.
//!
//! A target is the first part of a path: `POST /users/<target>/…` takes an event, `POST /users/<target>/…/batch`
//! several, and `GET /users/<target>/…/users/<id>` returns what the target holds. `GET /users/ledger` sums it all up.

mod closing;
pub mod ledger;
mod proof;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::runtime::Handle;
use toml::Table;

pub use self::closing::{Closing, ClosingTarget};
use self::ledger::Task;
pub use self::ledger::{Arrival, Holdings, Inversion, Ledger, Requests, Target};
pub use self::proof::Proof;
use crate::sandbox::builder::SandboxBuilder;
use crate::sandbox::connection;
use crate::sandbox::fault::Fault;
use crate::sandbox::home::Home;
use crate::sandbox::server::{FakeServer, Rule};

/// How many connections wait to be accepted by a target that came up.
const BACKLOG: u32 = 1024;

/// Which percentage of the deliveries fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultShares {
    /// The percentage that is answered 503 and not processed.
    pub failed: u64,
    /// The percentage of the others that is processed and not answered.
    pub lost: u64,
    /// How late every answer is.
    pub latency: Duration,
}

/// The running fake.
pub struct Users {
    server: FakeServer,
    base_url: String,
    seed: u64,
    state: Arc<Mutex<TargetsState>>,
    down: Mutex<Option<TcpSocket>>,
    down_url: String,
    handle: Handle,
}

#[derive(Default)]
struct TargetsState {
    ledger: Ledger,
    proofs: BTreeMap<String, Proof>,
    /// Users whose events a target answers with this status.
    refused: BTreeMap<(String, i64), u16>,
    /// Targets that keep another form of a user than they are sent.
    normalizers: BTreeMap<String, fn(&mut Value)>,
}

impl Users {
    pub const NAME: &'static str = "users";
    /// The targets of the configuration.
    pub const AUTH: &'static str = "unified-auth";
    pub const SERVICE: &'static str = "user-service";
    /// The name under which the target that is down serves once it comes up.
    pub const DOWN: &'static str = "down";

    pub fn start(builder: &mut SandboxBuilder<'_>) -> Self {
        let seed = builder.settings.seed;
        let state = Arc::<Mutex<TargetsState>>::default();
        let server = FakeServer::default();
        let base_url = builder.serve_behind(&server, router(&state, &server));
        // Bound and not listening: no other program takes the port, and no answer comes from it.
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let down_url = connection::base_url(socket.local_addr());
        let handle = builder.handle();
        let users = Self { server, base_url, seed, state, down: Mutex::new(Some(socket)), down_url, handle };
        let [bearer, signing] = users.secrets();
        users.require(Self::AUTH, Proof { bearer: Some(bearer), signing: Some(signing), ..Proof::default() });
        users
    }

    pub const fn server(&self) -> &FakeServer {
        &self.server
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where a target takes events.
    pub fn url(&self, target: &str) -> String {
        format!("{}/users/{target}/api/v1/auth/sync/user", self.base_url)
    }

    /// Where a target returns what it holds, with the placeholder `{user_id}`.
    pub fn check_url(&self, target: &str) -> String {
        format!("{}/users/{target}/api/v1/auth/users/{{user_id}}", self.base_url)
    }

    /// A target that refuses connections, until [`come_up`](Self::come_up).
    pub fn down_url(&self) -> String {
        format!("{}/users/{}/sync", self.down_url, Self::DOWN)
    }

    /// From now on the target at [`down_url`](Self::down_url) serves, with the same log and the same ledger.
    pub fn come_up(&self) {
        let socket = self.down.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it is down");
        let _runtime = self.handle.enter();
        let listener = socket.listen(BACKLOG).expect("a bound socket can listen");
        self.handle.spawn(connection::serve(listener, self.server.guard(router(&self.state, &self.server))));
    }

    /// Its part of the configuration: two HTTP targets, the first of which wants a token and a signature.
    pub fn section(&self, home: &Home) -> Table {
        let [bearer, signing] = self.secrets();
        let auth = Table::from_iter([("bearer".to_owned(), home.secret("unified-auth-token", &bearer))]);
        let mut targets = [Self::AUTH, Self::SERVICE].map(|name| {
            Table::from_iter([
                ("name".to_owned(), name.into()),
                ("kind".to_owned(), "http".into()),
                ("url".to_owned(), self.url(name).into()),
                ("check_url".to_owned(), self.check_url(name).into()),
            ])
        });
        targets[0].insert("auth".to_owned(), auth.into());
        targets[0].insert("signing_secret".to_owned(), home.secret("unified-auth-signing", &signing));
        Table::from_iter([
            ("backoff".to_owned(), "20ms".into()),
            ("backoff_cap".to_owned(), "100ms".into()),
            ("targets".to_owned(), targets.map(toml::Value::Table).to_vec().into()),
        ])
    }

    /// Every text that must never be shown.
    pub fn canaries(&self) -> [String; 2] {
        self.secrets()
    }

    /// The credentials that the target wants from now on.
    pub fn require(&self, target: &str, proof: Proof) {
        self.state().proofs.insert(target.to_owned(), proof);
    }

    /// From now on the target answers every event of that user with this status.
    pub fn refuse_user(&self, target: &str, user_id: i64, status: u16) {
        self.state().refused.insert((target.to_owned(), user_id), status);
    }

    /// From now on the target keeps users in its own form.
    pub fn normalize(&self, target: &str, normalize: fn(&mut Value)) {
        self.state().normalizers.insert(target.to_owned(), normalize);
    }

    /// Takes the user's events again.
    pub fn accept_user(&self, target: &str, user_id: i64) {
        self.state().refused.remove(&(target.to_owned(), user_id));
    }

    /// Injects faults from now on; the seed and the order of the deliveries decide which ones fail.
    pub fn inject_faults(&self, shares: FaultShares) {
        let rule = |fault, percent, seed| Rule::on("/users/", fault).for_method("POST").share(percent, seed);
        self.server.add(rule(Fault::Status(503), shares.failed, self.seed));
        self.server.add(rule(Fault::Lost, shares.lost, self.seed ^ u64::MAX));
        self.server.set_latency(shares.latency);
    }

    /// A look into the ledger.
    pub fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.state().ledger)
    }

    /// How many events took effect, at all targets.
    pub fn processed(&self) -> u64 {
        self.ledger(|ledger| ledger.processed())
    }

    /// Target and key of what came again after it had been processed, and how often.
    pub fn duplicates(&self) -> BTreeMap<(String, String), u64> {
        self.ledger(|ledger| ledger.duplicates())
    }

    /// Where the order of a user's events was not kept.
    pub fn order_inversions(&self) -> Vec<Inversion> {
        self.ledger(|ledger| ledger.order_inversions())
    }

    fn secrets(&self) -> [String; 2] {
        ["token", "signing"].map(|name| format!("unified-auth-{name}-canary-{:08x}", self.seed))
    }

    fn state(&self) -> MutexGuard<'_, TargetsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn router(state: &Arc<Mutex<TargetsState>>, server: &FakeServer) -> Router {
    let server = server.clone();
    // Scripts read here how many answers were lost.
    let show = async move |State(state): State<Arc<Mutex<TargetsState>>>| {
        let mut document = state.lock().unwrap_or_else(PoisonError::into_inner).ledger.json();
        document["lost_answers"] = server.lost_count().into();
        Json(document)
    };
    Router::new().route("/users/ledger", get(show)).fallback(answer).with_state(Arc::clone(state))
}

/// Why an event is not taken.
struct Refusal(StatusCode, String);

async fn answer(
    State(state): State<Arc<Mutex<TargetsState>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let answered = match (method.as_str(), parts.as_slice()) {
        ("GET", ["users", target, .., "users", user_id]) => state.show(target, user_id, &headers),
        ("POST" | "PUT" | "PATCH", ["users", target, .., last]) => {
            state.take(target, *last == "batch", &headers, &body)
        }
        _ => Err(Refusal(StatusCode::NOT_FOUND, "no such path".to_owned())),
    };
    match answered {
        Ok(document) => Json(document).into_response(),
        Err(Refusal(status, message)) => (status, Json(json!({"message": message}))).into_response(),
    }
}

impl TargetsState {
    /// What the target holds of the user.
    fn show(&mut self, target: &str, user_id: &str, headers: &HeaderMap) -> Result<Value, Refusal> {
        if let Some(Proof { bearer, basic, .. }) = self.proofs.get(target) {
            // There is no body to sign.
            let proof = Proof { bearer: bearer.clone(), basic: basic.clone(), signing: None };
            proof.check(headers, b"").map_err(|reason| Refusal(StatusCode::UNAUTHORIZED, reason.to_owned()))?;
        }
        let user = user_id.parse().ok().and_then(|user_id| self.ledger.target(target).user(user_id));
        user.cloned().ok_or_else(|| Refusal(StatusCode::NOT_FOUND, "no such user".to_owned()))
    }

    /// Takes one event or a batch: all of it or nothing.
    fn take(&mut self, target: &str, is_batch: bool, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
        let requests = &mut self.ledger.target(target).requests;
        *(if is_batch { &mut requests.batch } else { &mut requests.single }) += 1;
        if let Some(Err(reason)) = self.proofs.get(target).map(|proof| proof.check(headers, body)) {
            self.ledger.target(target).requests.unauthorized += 1;
            return Err(Refusal(StatusCode::UNAUTHORIZED, reason.to_owned()));
        }
        match self.read(target, is_batch, headers, body) {
            Ok(tasks) => {
                let accepted = tasks.len();
                let normalize = self.normalizers.get(target);
                let target = self.ledger.target(target);
                for mut task in tasks {
                    if let (Some(normalize), Some(user)) = (normalize, task.data.get_mut("user")) {
                        normalize(user);
                    }
                    target.process(task);
                }
                Ok(json!({"accepted": accepted}))
            }
            Err(refusal) => {
                self.ledger.target(target).requests.refused += 1;
                Err(refusal)
            }
        }
    }

    /// The events of the request, if none of them is refused.
    fn read(&self, target: &str, is_batch: bool, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Task>, Refusal> {
        let bad = |reason: String| Refusal(StatusCode::BAD_REQUEST, reason);
        let document: Value = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
        let tasks = if is_batch { batch(&document, headers) } else { single(&document, headers) }.map_err(bad)?;
        let refused = |task: &Task| self.refused.get(&(target.to_owned(), task.user_id)).copied();
        match tasks.iter().find_map(refused) {
            None => Ok(tasks),
            Some(status) => {
                let status = StatusCode::from_u16(status).expect("a status");
                Err(Refusal(status, "this user is refused".to_owned()))
            }
        }
    }
}

fn single(document: &Value, headers: &HeaderMap) -> Result<Vec<Task>, String> {
    let task = Task::parse(document, Some(header(headers, "idempotency-key")?))?;
    header(headers, "x-sync-source")?;
    for (name, field) in [("x-sync-task-id", "task_id"), ("x-sync-event-type", "event_type")] {
        if document[field] != header(headers, name)? {
            return Err(format!("`{name}` is not the body's `{field}`"));
        }
    }
    Ok(vec![task])
}

fn batch(document: &Value, headers: &HeaderMap) -> Result<Vec<Task>, String> {
    header(headers, "x-sync-source")?;
    document["timestamp"].as_str().ok_or("`timestamp` is missing")?;
    let tasks = document["tasks"].as_array().ok_or("`tasks` is missing")?;
    if header(headers, "x-sync-batch-size")?.parse() != Ok(tasks.len()) {
        return Err("`x-sync-batch-size` is not the number of tasks".to_owned());
    }
    tasks.iter().map(|task| Task::parse(task, task["idempotency_key"].as_str())).collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| format!("header `{name}` is missing"))
}
