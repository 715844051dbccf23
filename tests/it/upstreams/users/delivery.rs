//! What is sent, in which shape, to which target, and when nothing is.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::{TARGET, created, http_target, updated};
use crate::sandbox::users::Proof;
use crate::sandbox::{Fault, Rule, Users};
use crate::support::Sandbox;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
struct Received {
    /// In lower case.
    head: String,
    body: Value,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default()
    }
}

/// A receiver that notes every request and gives these answers, one after the other.
fn receive(statuses: &'static [u16]) -> (String, Arc<Mutex<Vec<Received>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let url = format!("http://{}/sync/user", listener.local_addr().expect("an address"));
    let received = Arc::<Mutex<Vec<Received>>>::default();
    let noted = Arc::clone(&received);
    thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().expect("a connection");
            let request = read_request(&mut stream);
            noted.lock().expect("nobody panicked").push(request);
            write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").expect("it reads");
        }
    });
    (url, received)
}

fn read_request(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).expect("a request");
        assert!(count > 0, "the request ends early");
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if length == body.len().to_string() {
            return Received { head, body: serde_json::from_str(body).expect("JSON") };
        }
    }
}

#[test]
fn a_request_is_as_documented_and_its_key_is_the_same_in_every_attempt() {
    let (url, received) = receive(&[503, 502, 204]);
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([http_target("own", &url)]);
    sandbox.run("users emit user.created --user-id 7 --username anna --email a@b.c").expect(0);
    while sandbox.database().count("user_events") > 0 {
        let outcome = sandbox.run("sync users");
        assert!(matches!(outcome.code, Some(0 | 3 | 5)), "{}", outcome.said());
        if outcome.code == Some(0) && sandbox.states("own") == ["delivered"] {
            break;
        }
    }
    let received = received.lock().expect("nobody panicked").clone();
    assert_eq!(received.len(), 3);
    let event = &sandbox.database().texts("SELECT id || ' ' || occurred_at || ' ' || data FROM user_events")[0];
    let parts: Vec<&str> = event.splitn(3, ' ').collect();
    for request in &received {
        assert!(request.head.starts_with("post /sync/user http/1.1"), "{}", request.head);
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-sync-source", "tongbu"),
            ("x-sync-task-id", "user_sync_7_1"),
            ("x-sync-event-type", "user.created"),
            ("idempotency-key", parts[0]),
        ] {
            assert_eq!(request.header(name), value, "{name}");
        }
        let data: Value = serde_json::from_str(parts[2]).expect("JSON");
        let instant = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant");
        assert_eq!(instant(request.body["timestamp"].as_str().expect("a text")), instant(parts[1]));
        let expected = json!({
            "task_id": "user_sync_7_1",
            "user_id": 7,
            "username": "anna",
            "event_type": "user.created",
            "data": data,
            "timestamp": request.body["timestamp"],
        });
        assert_eq!(request.body, expected);
        assert_eq!(request.body["data"]["user"]["email"], "a@b.c");
    }
}

#[test]
fn the_method_is_the_configured_one() {
    let mut sandbox = Sandbox::small();
    let mut target = http_target(TARGET, &sandbox.users.url(TARGET));
    target.insert("method".to_owned(), "PUT".into());
    sandbox.set_targets([target]);
    sandbox.emit(&created([1]));
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.users.server().log()[0].method, "PUT");
}

#[test]
fn every_target_gets_every_event_with_its_own_credentials() {
    let mut sandbox = Sandbox::small();
    let [auth, mut service] = sandbox.usual_targets();
    let password = sandbox.home.secret("service-password", "open sesame");
    let basic = toml::Table::from_iter([("username".to_owned(), "tongbu".into()), ("password".to_owned(), password)]);
    service.insert("auth".to_owned(), toml::Table::from_iter([("basic".to_owned(), basic.into())]).into());
    sandbox.set_targets([auth, service]);
    let proof = Proof { basic: Some(("tongbu".to_owned(), "open sesame".to_owned())), ..Proof::default() };
    sandbox.users.require(TARGET, proof);

    sandbox.emit(&created(1..=5));
    sandbox.emit(&updated(1..=5, "admin"));
    sandbox.run("users emit user.deleted --user-id 5").expect(0);
    let outcome = sandbox.run("sync users --json").expect(0);
    assert_eq!(outcome.count("updated"), 22);
    for target in [Users::AUTH, TARGET] {
        let (users, requests) =
            sandbox.users.ledger(|ledger| (ledger.target(target).user_ids(), ledger.target(target).requests));
        assert_eq!(users, [1, 2, 3, 4]);
        assert_eq!((requests.single, requests.unauthorized, requests.refused), (11, 0, 0));
        assert_eq!(sandbox.role_at(target, 1).as_deref(), Some("admin"));
    }
    assert_eq!((sandbox.users.duplicates().len(), sandbox.users.order_inversions()), (0, vec![]));
    let queue = sandbox.run("users queue --json").expect(0).json();
    assert_eq!(queue["queue_length"], 0, "{queue:#}");
    let stats = sandbox.run("users stats --json").expect(0).json();
    assert_eq!((&stats["completed_tasks"], &stats["success_rate"]), (&22.into(), &1.0.into()), "{stats:#}");
    sandbox.database().assert_consistent();

    let count = sandbox.users.server().log().len();
    let second = sandbox.run("sync users --json").expect(0);
    assert_eq!((second.count("total"), sandbox.users.server().log().len()), (0, count), "a second pass sends nothing");
}

/// One that takes ten events at a time.
fn batched_target(name: &str, url: &str) -> toml::Table {
    let mut target = http_target(name, url);
    target.insert("batch".to_owned(), 10.into());
    target
}

#[test]
fn a_batch_is_as_documented() {
    let (url, received) = receive(&[200]);
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([batched_target("own", &url)]);
    sandbox.emit(&created([1, 2]));
    sandbox.run("sync users").expect(0);
    let received = received.lock().expect("nobody panicked").clone();
    assert!(received[0].head.starts_with("post /sync/user/batch http/1.1"), "{}", received[0].head);
    assert_eq!((received[0].header("x-sync-batch-size"), received[0].header("x-sync-source")), ("2", "tongbu"));
    let tasks = received[0].body["tasks"].as_array().expect("tasks");
    let ids = sandbox.database().texts("SELECT id FROM user_events ORDER BY seq");
    for ((task, id), user) in tasks.iter().zip(&ids).zip([1, 2]) {
        assert_eq!((&task["user_id"], &task["event_type"]), (&user.into(), &"user.created".into()), "{task:#}");
        assert_eq!(task["task_id"], format!("user_sync_{user}_{user}"));
        assert_eq!(task["idempotency_key"], id.as_str(), "the key an event has when it goes by itself");
    }
    assert!(received[0].body["timestamp"].is_string());
}

#[test]
fn refused_batch_is_split_and_only_the_refused_event_is_dead() {
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([batched_target(TARGET, &sandbox.users.url(TARGET))]);
    sandbox.users.refuse_user(TARGET, 13, 422);
    sandbox.emit(&created(1..=30));
    sandbox.run("sync users").expect(3);
    let requests = sandbox.users.ledger(|ledger| ledger.target(TARGET).requests);
    assert_eq!((requests.batch, requests.single), (3, 10));
    let states = sandbox.states(TARGET);
    assert_eq!(states.iter().filter(|state| *state == "delivered").count(), 29);
    assert_eq!(states[12], "dead");
    assert_eq!(sandbox.users.duplicates().len(), 0);
}

#[test]
fn event_keeps_its_key_when_its_batch_is_split() {
    let mut sandbox = Sandbox::small();
    sandbox.set_targets([batched_target(TARGET, &sandbox.users.url(TARGET))]);
    // No second attempt in the first pass.
    sandbox.home.set("users.backoff", "1s");
    sandbox.home.set("users.backoff_cap", "1s");
    // The answer is lost in both attempts of the batch, which is then sent event by event.
    sandbox.users.server().add(Rule::on("/users/", Fault::Lost).times(2));
    sandbox.emit(&created(1..=4));
    sandbox.run("sync users").expect(0);
    let requests = sandbox.users.ledger(|ledger| ledger.target(TARGET).requests);
    assert_eq!((requests.batch, requests.single, sandbox.users.processed()), (2, 4, 4));
    assert_eq!(sandbox.users.duplicates().len(), 4, "the target took the same event for another");
}

#[test]
fn disabled_target_gets_everything_once_enabled() {
    let mut sandbox = Sandbox::small();
    let [auth, service] = sandbox.usual_targets();
    let mut disabled = auth.clone();
    disabled.insert("enabled".to_owned(), false.into());
    sandbox.set_targets([disabled, service.clone()]);
    sandbox.emit(&created(1..=5));
    sandbox.run("sync users").expect(0);
    assert_eq!((sandbox.requests(Users::AUTH), sandbox.requests(TARGET)), (0, 5));
    assert_eq!(sandbox.database().count("user_deliveries WHERE target = 'unified-auth'"), 0);
    sandbox.run("sync users --target unified-auth").expect(2);
    sandbox.set_targets([auth, service]);
    sandbox.run("sync users").expect(0);
    assert_eq!((sandbox.requests(Users::AUTH), sandbox.requests(TARGET)), (5, 5));
}

#[test]
fn chosen_target_must_exist() {
    let mut sandbox = Sandbox::small();
    sandbox.emit(&created([1]));
    let outcome = sandbox.run("sync users --target nobody").expect(2);
    for part in ["no target `nobody` is enabled", Users::AUTH, TARGET] {
        assert!(outcome.stderr.contains(part), "`{part}` is not in: {}", outcome.stderr);
    }
    sandbox.run(&format!("sync users --target {TARGET}")).expect(0);
    assert_eq!((sandbox.requests(Users::AUTH), sandbox.requests(TARGET)), (0, 1));
    sandbox.set_targets([]);
    let outcome = sandbox.run("sync users").expect(4);
    assert!(outcome.stderr.contains("[[users.targets]]"), "{}", outcome.stderr);
}

#[test]
fn a_dry_run_sends_nothing_and_changes_nothing() {
    let sandbox = Sandbox::small();
    sandbox.emit(&created(1..=5));
    let before = sandbox.database_bytes();
    let outcome = sandbox.run("sync users --dry-run --json").expect(0);
    assert_eq!(outcome.count("pending"), 10);
    assert!(sandbox.users.server().log().is_empty());
    assert!(sandbox.database_bytes() == before, "a dry run changed the database");
}

#[test]
fn old_deliveries_are_pruned_and_their_numbers_are_not_reused() {
    let mut sandbox = Sandbox::with_one_target();
    sandbox.users.refuse_user(TARGET, 2, 422);
    sandbox.home.set("users.keep_delivered", "1ms");
    sandbox.emit(&created(1..=3));
    sandbox.run("sync users").expect(3);
    assert_eq!(sandbox.emit(&created([4])).json()["last_seq"], 4);
    sandbox.run("sync users").expect(3);
    let database = sandbox.database();
    assert_eq!(database.texts("SELECT state FROM user_deliveries ORDER BY seq"), ["dead", "delivered"]);
    assert_eq!((database.count("user_events"), database.count("users")), (2, 4));
    sandbox.run("users events drop --all").expect(0);
    sandbox.run("sync users").expect(0);
    sandbox.run("sync users").expect(0);
    assert_eq!(sandbox.database().count("user_events"), 0);
    assert_eq!(sandbox.run("users events list --json").expect(0).json()["total"], 0);
    assert_eq!(sandbox.emit(&created([5])).json()["last_seq"], 5);
}
