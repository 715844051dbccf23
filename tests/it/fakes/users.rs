//! The targets of user events: what the tests of their delivery rely on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::sandbox::users::{FaultShares, Proof};
use crate::sandbox::{Fault, Rule, Settings, Users};
use crate::support::{PATIENCE, Sandbox, fetch};

const TARGET: &str = Users::SERVICE;

/// Posts a document; the status, or nothing where no answer came.
fn post(url: &str, headers: &[(&str, &str)], document: &Value) -> Option<u16> {
    let url = url::Url::parse(url).expect("a URL");
    let address = (url.host_str().expect("a host"), url.port().expect("a port"));
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout is possible");
    let (path, body) = (&url[url::Position::BeforePath..], document.to_string());
    let headers: String = headers.iter().map(|(name, value)| [*name, ": ", *value, "\r\n"].concat()).collect();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .expect("the fake reads");
    let mut answer = String::new();
    // A connection that ends without an answer may end in a reset.
    let _ = stream.read_to_string(&mut answer);
    answer.get(9..12)?.parse().ok()
}

fn task(user_id: i64, seq: i64, event_type: &str) -> Value {
    json!({
        "task_id": format!("user_sync_{user_id}_{seq}"),
        "user_id": user_id,
        "username": "anna",
        "event_type": event_type,
        "data": {"user": {"id": user_id, "seq": seq}},
        "timestamp": "2026-01-02T03:04:05Z",
    })
}

/// Delivers one event to the target as tongbu does.
fn deliver(sandbox: &Sandbox, user_id: i64, seq: i64, event_type: &str) -> Option<u16> {
    deliver_with(&sandbox.users.url(TARGET), &task(user_id, seq, event_type), &[])
}

fn deliver_with(url: &str, task: &Value, more: &[(&str, &str)]) -> Option<u16> {
    let text = |name: &str| task[name].as_str().expect("a text").to_owned();
    let (id, event_type) = (text("task_id"), text("event_type"));
    let known = [
        ("x-sync-source", "tongbu"),
        ("x-sync-task-id", id.as_str()),
        ("x-sync-event-type", event_type.as_str()),
        ("idempotency-key", id.as_str()),
    ];
    post(url, &[&known, more].concat(), task)
}

fn held(sandbox: &Sandbox, user_id: i64) -> (u16, Value) {
    let url = sandbox.users.check_url(TARGET).replace("{user_id}", &user_id.to_string());
    let (status, body) = fetch(&url, "");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[test]
fn ledger_counts_duplicates_and_inversions() {
    let sandbox = Sandbox::small();
    assert_eq!(held(&sandbox, 1).0, 404);
    for (user_id, seq, event_type) in
        [(1, 1, "user.created"), (2, 2, "user.created"), (1, 3, "user.updated"), (1, 3, "user.updated")]
    {
        assert_eq!(deliver(&sandbox, user_id, seq, event_type), Some(200));
    }
    assert_eq!(held(&sandbox, 1), (200, json!({"id": 1, "seq": 3})));
    assert_eq!((sandbox.users.processed(), sandbox.users.order_inversions()), (3, vec![]));
    let key = (TARGET.to_owned(), "user_sync_1_3".to_owned());
    assert_eq!(sandbox.users.duplicates(), [(key, 1)].into());

    deliver(&sandbox, 1, 2, "user.deleted");
    assert_eq!(held(&sandbox, 1).0, 404);
    deliver(&sandbox, 1, 3, "user.updated");
    let inversions = sandbox.users.order_inversions();
    assert_eq!(inversions.iter().map(|found| (found.user_id, found.seq, found.after)).collect::<Vec<_>>(), [(1, 2, 3)]);
    assert_eq!(held(&sandbox, 1).0, 404, "a duplicate takes no effect");
    sandbox.users.ledger(|ledger| ledger.target(TARGET).set_user(1, Some(json!({"id": 1}))));
    assert_eq!(sandbox.users.ledger(|ledger| ledger.target(TARGET).user_ids()), [1, 2]);

    let (status, body) = fetch(&format!("{}/users/ledger", sandbox.users.base_url()), "");
    let ledger: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((status, &ledger["processed"], &ledger["duplicates"]), (200, &4.into(), &2.into()), "{ledger:#}");
    assert_eq!(ledger["targets"][TARGET]["requests"]["single"], 6, "{ledger:#}");
    assert_eq!(ledger["order_inversions"], 1);
}

#[test]
fn a_batch_is_taken_as_a_whole_or_not_at_all() {
    let sandbox = Sandbox::small();
    let url = sandbox.users.url(TARGET) + "/batch";
    let body = json!({
        "tasks": [task(1, 1, "user.created"), task(2, 2, "user.created"), task(1, 3, "user.updated")],
        "timestamp": "2026-01-02T03:04:05Z",
    });
    let headers = [("x-sync-source", "tongbu"), ("x-sync-batch-size", "3")];
    sandbox.users.refuse_user(TARGET, 2, 422);
    assert_eq!(post(&url, &headers, &body), Some(422));
    assert_eq!(sandbox.users.processed(), 0);
    sandbox.users.accept_user(TARGET, 2);
    assert_eq!(post(&url, &headers, &body), Some(200));
    assert_eq!((sandbox.users.processed(), sandbox.users.duplicates().len()), (3, 0));
    assert_eq!(post(&url, &[headers[0], ("x-sync-batch-size", "2")], &body), Some(400));
}

#[test]
fn a_request_that_is_not_as_documented_is_refused() {
    let sandbox = Sandbox::small();
    let (url, good) = (sandbox.users.url(TARGET), task(1, 1, "user.created"));
    let mut wrong = good.clone();
    wrong["task_id"] = "user_sync_2_1".into();
    assert_eq!(deliver_with(&url, &wrong, &[]), Some(400));
    assert_eq!(post(&url, &[("x-sync-source", "tongbu")], &good), Some(400));
    assert_eq!(sandbox.users.processed(), 0);
    assert_eq!(deliver_with(&url, &good, &[]), Some(200));
}

#[test]
fn only_correct_credentials_and_signatures_are_accepted() {
    let sandbox = Sandbox::small();
    let (url, task) = (sandbox.users.url(TARGET), task(1, 1, "user.created"));
    let proof = Proof {
        bearer: None,
        basic: Some(("sync".to_owned(), "open sesame".to_owned())),
        signing: Some("key".to_owned()),
    };
    sandbox.users.require(TARGET, proof);
    let timestamp = ("x-sync-timestamp", "1767323045");
    let signature = Proof::sign("key", timestamp.1, task.to_string().as_bytes());
    let other = Proof::sign("other", timestamp.1, task.to_string().as_bytes());
    let basic = ("authorization", "Basic c3luYzpvcGVuIHNlc2FtZQ==");
    let signature = ("x-sync-signature", signature.as_str());
    for headers in [
        vec![],
        vec![basic],
        vec![basic, timestamp],
        vec![basic, signature],
        vec![timestamp, signature],
        vec![basic, timestamp, ("x-sync-signature", other.as_str())],
        vec![basic, ("x-sync-timestamp", "1767323046"), signature],
        vec![("authorization", "Basic c3luYzpvcGVu"), timestamp, signature],
    ] {
        assert_eq!(deliver_with(&url, &task, &headers), Some(401), "{headers:?}");
    }
    assert_eq!(deliver_with(&url, &task, &[basic, timestamp, signature]), Some(200));
    assert_eq!(sandbox.users.ledger(|ledger| ledger.target(TARGET).requests.unauthorized), 8);
    // The expected value comes from `openssl dgst -sha256 -hmac key`.
    assert_eq!(
        Proof::sign("key", "1", b"{}"),
        "sha256=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
    );
}

#[test]
fn a_lost_answer_is_processed_and_never_sent() {
    let sandbox = Sandbox::small();
    sandbox.users.server().add(Rule::on("/users/", Fault::Lost).times(1));
    assert_eq!(deliver(&sandbox, 1, 1, "user.created"), None);
    assert_eq!((sandbox.users.processed(), sandbox.users.server().lost_count()), (1, 1));
    assert_eq!(deliver(&sandbox, 1, 1, "user.created"), Some(200));
    assert_eq!(sandbox.users.duplicates().len(), 1);
    let ledger = fetch(&format!("{}/users/ledger", sandbox.users.base_url()), "").1;
    assert_eq!(serde_json::from_slice::<Value>(&ledger).expect("JSON")["lost_answers"], 1);
}

#[test]
fn same_seed_fails_the_same_deliveries() {
    let outcomes = |seed| {
        let sandbox = Sandbox::start(Settings { seed, ..Settings::default() });
        sandbox.users.inject_faults(FaultShares { failed: 10, lost: 5, latency: Duration::ZERO });
        let outcomes: Vec<_> = (0..300).map(|seq| deliver(&sandbox, 1, seq, "user.updated")).collect();
        let count = |expected| outcomes.iter().filter(|outcome| **outcome == expected).count();
        let counts = [count(Some(503)), count(None), count(Some(200))];
        assert!((15..=50).contains(&counts[0]) && (5..=30).contains(&counts[1]), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 300);
        assert_eq!(sandbox.users.server().lost_count(), counts[1] as u64);
        // A failed one was not processed, a lost one was.
        assert_eq!(sandbox.users.processed(), (counts[1] + counts[2]) as u64);
        outcomes
    };
    assert_eq!(outcomes(3), outcomes(3));
    assert_ne!(outcomes(3), outcomes(4));
}

#[test]
fn a_target_that_is_down_refuses_connections_until_it_comes_up() {
    let sandbox = Sandbox::small();
    let (url, task) = (sandbox.users.down_url(), task(1, 1, "user.created"));
    assert_eq!(deliver_with(&url, &task, &[]), None);
    sandbox.users.come_up();
    assert_eq!(deliver_with(&url, &task, &[]), Some(200));
    assert_eq!(sandbox.users.ledger(|ledger| ledger.target(Users::DOWN).user_ids()), [1]);
}

#[test]
fn server_without_a_log_still_answers() {
    let sandbox = Sandbox::small();
    sandbox.users.server().keep_no_log();
    assert_eq!(deliver(&sandbox, 1, 1, "user.created"), Some(200));
    assert_eq!(sandbox.users.server().count("/"), 0);
}
