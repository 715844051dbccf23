//! What a run tells the outside: pings to a watchdog, messages to people.

use std::net::TcpListener;

use serde_json::Value;
use toml::Table;

use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

const RUN: &str = "sync tasks --window today --json";
const PATH: &str = "/receiver-canary";
const QUERY: &str = "token=query-canary";

impl Sandbox {
    fn ping(&mut self, address: &str) {
        let reference = self.home.secret("ping", address);
        self.home.set("monitor.ping_url", reference);
    }

    /// Tells these kinds, each at an address that ends in its name.
    fn notify(&mut self, kinds: &[&str], after: i64) {
        let address = format!("{}{PATH}", self.receiver.base_url());
        let told: Vec<toml::Value> = kinds
            .iter()
            .map(|kind| {
                let address = match *kind {
                    "command" => format!("cat > {}", self.home.path().join("told.json").display()),
                    kind => format!("{address}/{kind}?{QUERY}"),
                };
                let url = self.home.secret(kind, &address);
                let entry =
                    [("kind".to_owned(), (*kind).into()), ("url".to_owned(), url), ("after".to_owned(), after.into())];
                Table::from_iter(entry).into()
            })
            .collect();
        self.home.set("monitor.notify", told);
    }

    /// What came in since the last look: method, path and query.
    fn pings(&self) -> Vec<String> {
        let log = self.receiver.server().take_log();
        log.iter().map(|logged| format!("{} {}?{}", logged.method, logged.path, logged.query)).collect()
    }

    fn fail(&self) {
        self.tasks.server().add(Rule::on("/", Fault::Status(503)));
    }

    /// The events told by the last run.
    fn events(&self) -> Vec<Value> {
        self.receiver.take_messages().into_iter().map(|(_, message)| message["event"].clone()).collect()
    }
}

#[test]
fn every_run_pings_its_url_and_a_failed_one_another() {
    let mut sandbox = Sandbox::small();
    let address = format!("{}{PATH}?{QUERY}", sandbox.receiver.base_url());
    sandbox.ping(&address);
    sandbox.run(RUN).expect(0);
    assert_eq!(sandbox.pings(), [format!("GET {PATH}?{QUERY}")]);

    sandbox.fail();
    sandbox.run(RUN).expect(5);
    assert_eq!(sandbox.pings(), [format!("GET {PATH}/fail?{QUERY}")]);
    sandbox.tasks.server().clear_faults();

    // What did nothing says nothing.
    sandbox.run(&format!("{RUN} --dry-run")).expect(0);
    assert_eq!(sandbox.pings(), [""; 0]);
    sandbox.home.set("fairing.min_interval", "1h");
    sandbox.run("sync fairing").expect(0);
    assert_eq!(sandbox.pings().len(), 1);
    assert_eq!(sandbox.run("sync fairing --json").expect(0).json()["status"], "skipped");
    assert_eq!(sandbox.pings(), [""; 0]);
}

#[test]
fn notification_is_sent_after_repeated_failures_and_on_recovery() {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook"], 2);
    sandbox.run(RUN).expect(0);
    assert!(sandbox.events().is_empty(), "a success after nothing was told");
    sandbox.fail();
    let mut told = Vec::new();
    for _ in 0..4 {
        sandbox.run(RUN).expect(5);
        told.push(sandbox.events().len());
    }
    assert_eq!(told, [0, 1, 0, 1], "the second failure, and at each doubling");
    sandbox.tasks.server().clear_faults();
    sandbox.run(RUN).expect(0);
    assert_eq!(sandbox.events(), ["recovered"]);
    sandbox.run(RUN).expect(0);
    assert!(sandbox.events().is_empty(), "a recovery was told twice");
}

#[test]
fn rejected_credentials_are_notified_at_once_and_only_once() {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook"], 3);
    let canaries = sandbox.tasks.canaries().map(str::to_owned);
    let echo = format!("refused was {}", canaries.join(" and "));
    sandbox.tasks.style(|style| style.login_refusal = Some((401, echo)));
    sandbox.run(RUN).expect(6);
    let messages = sandbox.receiver.take_messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let (path, message) = &messages[0];
    assert_eq!(*path, format!("{PATH}/webhook"));
    assert_eq!((&message["event"], &message["exit_code"]), (&"failed".into(), &6.into()), "{message:#}");
    assert_eq!((&message["sync"], &message["sync_type"]), (&"tasks".into(), &"today".into()));
    assert!(message["message"].as_str().is_some_and(|text| text.contains("refused was")), "{message:#}");
    let secret = &canaries[0];
    assert!(!message.to_string().contains(secret.as_str()), "`{secret}` is told");
    sandbox.run(RUN).expect(6);
    assert!(sandbox.events().is_empty(), "told again");
    sandbox.tasks.style(|style| style.login_refusal = None);
    sandbox.run(RUN).expect(0);
    assert_eq!(sandbox.events(), ["recovered"]);
}

#[test]
fn every_receiver_kind_gets_its_own_format() {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook", "dingtalk", "wecom", "feishu", "slack", "command"], 1);
    sandbox.fail();
    sandbox.run(RUN).expect(5);
    let messages = sandbox.receiver.take_messages();
    assert_eq!(messages.len(), 5, "{messages:#?}");
    for (path, message) in messages {
        let text = match path.rsplit('/').next() {
            Some("webhook") => {
                assert_eq!(message["schema"], "tongbu.notification/1");
                continue;
            }
            Some("dingtalk" | "wecom") => {
                assert_eq!(message["msgtype"], "text");
                &message["text"]["content"]
            }
            Some("feishu") => {
                assert_eq!(message["msg_type"], "text");
                &message["content"]["text"]
            }
            Some("slack") => &message["text"],
            other => panic!("{other:?} was told"),
        };
        let text = text.as_str().unwrap_or_default();
        assert!(text.starts_with("tongbu: today failed (unavailable, exit 5, 1 in a row): "), "{path}: {text}");
    }
    let told = std::fs::read(sandbox.home.path().join("told.json")).expect("the command was run");
    let told: Value = serde_json::from_slice(&told).expect("a document");
    assert_eq!((&told["schema"], &told["exit_name"]), (&"tongbu.notification/1".into(), &"unavailable".into()));
}

#[test]
fn unreachable_receiver_is_a_warning_without_its_address() {
    let mut sandbox = Sandbox::small();
    // A port that was free a moment ago and that nobody listens on.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    sandbox.ping(&format!("http://127.0.0.1:{port}{PATH}?{QUERY}"));
    sandbox.notify(&["webhook"], 1);
    sandbox.receiver.server().always(Fault::Status(500));
    let mut said = String::new();

    let outcome = sandbox.run(&format!("{RUN} --log-file tongbu.jsonl")).expect(0);
    let document = outcome.json();
    assert_eq!((&document["status"], document["warnings"].as_array().map(Vec::len)), (&"success".into(), Some(1)));
    let warning = document["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.starts_with("cannot ping `monitor.ping_url`: "), "{warning}");
    said.push_str(&outcome.said());

    sandbox.fail();
    let outcome = sandbox.run(&format!("{RUN} --log-file tongbu.jsonl")).expect(5);
    let document = outcome.json();
    assert_eq!(document["warnings"].as_array().map(Vec::len), Some(2), "{document:#}");
    assert!(document["warnings"][1].as_str().is_some_and(|text| text.starts_with("cannot notify `monitor.notify[0]`")));
    assert_eq!(sandbox.database().records().last().map(|record| record.exit_code), Some(Some(5)));
    said.push_str(&outcome.said());
    said.push_str(&sandbox.run("sync tasks --window today -vv").expect(5).said());
    for file in std::fs::read_dir(sandbox.home.path()).expect("the home").flatten() {
        if file.path().extension().is_some_and(|extension| extension == "jsonl") {
            said.push_str(&std::fs::read_to_string(file.path()).expect("a log"));
        }
    }
    for canary in ["receiver-canary", "query-canary"] {
        assert!(!said.contains(canary), "`{canary}` is shown: {said}");
        let bytes = sandbox.database_bytes();
        assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "`{canary}` is stored");
    }
}
