//! Messages to people: when they are sent, in which form, what they say, and how it shows that they did not arrive.

use std::net::TcpListener;

use serde_json::Value;
use toml::Table;

use crate::sandbox::{Fault, Rule};
use crate::support::Sandbox;

const RUN: &str = "sync tasks --window today --json";
const PATH: &str = "/receiver-canary";
const QUERY: &str = "token=query-canary";

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

impl Sandbox {
    pub fn ping(&mut self, address: &str) {
        let reference = self.home.secret("ping", address);
        self.home.set("monitor.ping_url", reference);
    }

    /// Notifies these kinds, each at an address that ends in its name.
    pub fn notify(&mut self, kinds: &[&str], after: i64) {
        let address = format!("{}{PATH}", self.receiver.base_url());
        let sent: Vec<toml::Value> = kinds
            .iter()
            .map(|kind| {
                let address = match *kind {
                    "command" => format!("cat > {}", self.home.path().join("message.json").display()),
                    kind => format!("{address}/{kind}?{QUERY}"),
                };
                let url = self.home.secret(kind, &address);
                let entry =
                    [("kind".to_owned(), (*kind).into()), ("url".to_owned(), url), ("after".to_owned(), after.into())];
                Table::from_iter(entry).into()
            })
            .collect();
        self.home.set("monitor.notify", sent);
    }

    /// What came in since the last look: method, path and query.
    pub fn pings(&self) -> Vec<String> {
        let log = self.receiver.server().take_log();
        log.iter().map(|logged| format!("{} {}?{}", logged.method, logged.path, logged.query)).collect()
    }

    pub fn fail(&self) {
        self.tasks.server().add(Rule::on("/", Fault::Status(503)));
    }

    /// The events sent by the last run.
    fn events(&self) -> Vec<Value> {
        self.receiver.take_messages().into_iter().map(|(_, message)| message["event"].clone()).collect()
    }
}

#[test]
fn notification_is_sent_after_repeated_failures_and_on_recovery() {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook"], 2);
    sandbox.run(RUN).expect(0);
    assert!(sandbox.events().is_empty(), "a success after nothing was sent");
    sandbox.fail();
    let mut sent = Vec::new();
    for _ in 0..4 {
        sandbox.run(RUN).expect(5);
        sent.push(sandbox.events().len());
    }
    assert_eq!(sent, [0, 1, 0, 1], "the second failure, and at each doubling");
    sandbox.tasks.server().clear_faults();
    sandbox.run(RUN).expect(0);
    assert_eq!(sandbox.events(), ["recovered"]);
    sandbox.run(RUN).expect(0);
    assert!(sandbox.events().is_empty(), "a recovery was sent twice");
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
    assert!(!message.to_string().contains(secret.as_str()), "`{secret}` is in a message");
    sandbox.run(RUN).expect(6);
    assert!(sandbox.events().is_empty(), "sent again");
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
            other => panic!("{other:?} was sent"),
        };
        let text = text.as_str().unwrap_or_default();
        assert!(
            text.starts_with(&format!("tongbu: tasks/today failed on {} (unavailable, exit 5)\n", host())),
            "{text}"
        );
        assert!(text.contains("\ntasks/today: 503 Service Unavailable from `GET"), "{path}: {text}");
        assert!(text.contains("\nfailed 1 time in a row since 20"), "{path}: {text}");
        assert!(text.contains("\nrecord 1: tongbu records show 1\n"), "{path}: {text}");
    }
    let sent = std::fs::read(sandbox.home.path().join("message.json")).expect("the command was run");
    let sent: Value = serde_json::from_slice(&sent).expect("a document");
    assert_eq!((&sent["schema"], &sent["exit_name"]), (&"tongbu.notification/1".into(), &"unavailable".into()));
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

#[test]
fn robot_that_refuses_with_status_200_was_not_notified() {
    for (kind, answer, reason) in [
        (
            "dingtalk",
            r#"{"errcode":310000,"errmsg":"keywords not in content"}"#,
            "code 310000: keywords not in content",
        ),
        ("wecom", r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, "code 93000: invalid webhook url"),
        ("feishu", r#"{"code":19021,"msg":"sign match fail"}"#, "code 19021: sign match fail"),
        ("feishu", r#"{"StatusCode":9499,"StatusMessage":"Bad Request"}"#, "code 9499: Bad Request"),
        ("dingtalk", "<html>log in</html>", "its response does not confirm the message"),
        ("slack", r#"{"ok":false,"error":"channel_not_found"}"#, "it refused the message: channel_not_found"),
        ("slack", "<html>log in</html>", "its response does not confirm the message"),
    ] {
        let mut sandbox = Sandbox::small();
        sandbox.notify(&[kind], 1);
        sandbox.fail();
        sandbox.receiver.server().always(Fault::Instead("application/json", answer));
        let outcome = sandbox.run("sync tasks --window today -q").expect(5);
        let warning = "warning: cannot notify `monitor.notify[0]`: ";
        assert!(outcome.stderr.contains(warning) && outcome.stderr.contains(reason), "{}", outcome.stderr);
        let record = sandbox.run("records show 1 --json").expect(0).json();
        assert!(record["warnings"][0].as_str().is_some_and(|text| text.contains(reason)), "{record:#}");
        assert!(sandbox.run("records show 1").expect(0).stdout.contains(reason));
        let table = sandbox.run("notify test").expect(7).stdout;
        assert!(table.contains("what to do") && table.contains("see what the receiver expects"), "{table}");
        let table = sandbox.run("notify test --lang zh").expect(7).stdout;
        assert!(table.contains("处理办法") && !table.contains("see what"), "{table}");
        let tested = sandbox.run("notify test --json").expect(7).json();
        assert_eq!((&tested["schema"], &tested["parts"][0]["ok"]), (&"tongbu.notify-test/1".into(), &false.into()));
        assert!(!outcome.said().contains("canary"), "{}", outcome.said());
    }
}

#[test]
fn receiver_that_cannot_be_reached_is_shown_with_what_to_do() {
    let mut sandbox = Sandbox::small();
    let entry = |kind: &str, address: &str| {
        let url = sandbox.home.secret(kind, address);
        toml::Value::from(Table::from_iter([("kind".to_owned(), kind.into()), ("url".to_owned(), url)]))
    };
    let receivers = vec![entry("webhook", "http://127.0.0.1:9/x"), entry("command", "exit 7")];
    sandbox.home.set("monitor.notify", receivers);
    let table = sandbox.run("notify test").expect(5).stdout;
    for words in ["see what `curl -sS -o /dev/null http://127.0.0.1:9` says", "the command ended with exit status: 7"] {
        assert!(table.contains(words), "{words}: {table}");
    }
}

#[test]
fn slack_confirms_by_the_word_ok() {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["slack", "webhook"], 1);
    sandbox.receiver.server().always(Fault::Instead("text/plain", "ok"));
    sandbox.run("notify test").expect(0);
}

#[test]
fn signed_robots_get_a_signature_of_the_time_and_the_secret() {
    let mut sandbox = Sandbox::small();
    let address = format!("{}{PATH}", sandbox.receiver.base_url());
    let entries = ["dingtalk", "feishu"].map(|kind| {
        let url = sandbox.home.secret(kind, &format!("{address}/{kind}?access_token=abc"));
        let secret = sandbox.home.secret(&format!("{kind}-sign"), "SECsign-canary");
        toml::Value::from(Table::from_iter([
            ("kind".to_owned(), kind.into()),
            ("url".to_owned(), url),
            ("secret".to_owned(), secret),
        ]))
    });
    sandbox.home.set("monitor.notify", entries.to_vec());
    sandbox.run("notify test").expect(0);
    let log = sandbox.receiver.server().take_log();
    let (dingtalk, feishu) = (&log[0], &log[1]);
    assert_eq!(dingtalk.parameter("access_token").as_deref(), Some("abc"));
    let timestamp = dingtalk.parameter("timestamp").expect("a timestamp");
    assert_eq!(timestamp.len(), 13, "milliseconds: {timestamp}");
    assert_eq!(dingtalk.parameter("sign"), Some(signature("SECsign-canary", &format!("{timestamp}\nSECsign-canary"))));
    assert!(feishu.parameter("sign").is_none());
    let body = sandbox.receiver.take_messages().remove(1).1;
    let timestamp = body["timestamp"].as_str().expect("a timestamp");
    assert_eq!(timestamp.len(), 10, "seconds: {timestamp}");
    assert_eq!(body["sign"], signature(&format!("{timestamp}\nSECsign-canary"), ""), "{body:#}");
    assert!(!body.to_string().contains("canary"), "{body:#}");
}

/// Base64 of HMAC-SHA256, by a program that is not ours.
fn signature(key: &str, message: &str) -> String {
    let script = "import base64,hashlib,hmac,json,sys; key,message=json.load(sys.stdin); \
                  print(json.dumps(base64.b64encode(hmac.new(key.encode(),message.encode(),hashlib.sha256).digest()).decode()))";
    let input = serde_json::json!([key, message]).to_string();
    serde_json::from_str(&crate::support::run_python(&["-c", script], &input)).expect("a text")
}

#[test]
fn test_message_is_sent_to_every_receiver_or_to_those_of_a_kind() {
    let mut sandbox = Sandbox::small();
    let error = sandbox.run("notify test").expect(2);
    assert!(error.stderr.contains("no receiver is configured"), "{}", error.stderr);
    sandbox.notify(&["webhook", "slack", "wecom"], 3);
    let table = sandbox.run("notify test").expect(0).stdout;
    assert!(table.contains("monitor.notify[2] (wecom)"), "{table}");
    let messages = sandbox.receiver.take_messages();
    assert_eq!(messages.len(), 3, "{messages:#?}");
    assert_eq!((&messages[0].1["event"], &messages[0].1["schema"]), (&"test".into(), &"tongbu.notification/1".into()));
    assert_eq!(sandbox.run("notify test --kind slack -q").expect(0).said(), "");
    assert_eq!(sandbox.receiver.take_messages().len(), 1);
    let error = sandbox.run("notify test --kind feishu").expect(2);
    assert!(error.stderr.contains("no receiver of kind `feishu`"), "{}", error.stderr);
    sandbox.receiver.server().always(Fault::Status(503));
    let failed = sandbox.run("notify test -q").expect(5);
    assert!(failed.said().contains("503"), "{}", failed.said());
    assert!(!sandbox.home.database().exists(), "testing made a database");
}

#[test]
fn notification_names_what_a_person_needs_in_the_configured_language() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("lang", "zh");
    sandbox.home.set("time_zone", "Asia/Shanghai");
    sandbox.notify(&["webhook"], 1);
    sandbox.fairing.server().always(Fault::Status(401));
    sandbox.run("sync fairing --account shop-us").expect(6);
    sandbox.run("sync fairing --account shop-us").expect(6);
    let message = sandbox.receiver.take_messages().remove(0).1;
    assert_eq!((&message["host"], &message["class"]), (&host().into(), &"auth".into()), "{message:#}");
    assert!(message["scope"].as_str().is_some_and(|scope| scope.starts_with("fairing/shop-us/")), "{message:#}");
    let text = message["text"].as_str().expect("a text");
    for part in ["tongbu：fairing 失败", "fairing/shop-us/", "401 Unauthorized", "连续失败 1 次", "+08:00 起", "记录 1"]
    {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    assert!(message["failing_since"].is_string(), "{message:#}");
}

#[test]
fn configuration_check_looks_the_credentials_of_receivers_up() {
    let mut sandbox = Sandbox::small();
    sandbox.run("config check").expect(0);
    sandbox.home.set("monitor.ping_url", Table::from_iter([("env".to_owned(), "NO_SUCH_PING".into())]));
    let outcome = sandbox.run("config check").expect(4);
    assert!(outcome.stdout.contains("monitor") && outcome.stdout.contains("NO_SUCH_PING"), "{}", outcome.stdout);
    sandbox.ping("http://127.0.0.1:1/x");
    sandbox.run("config check").expect(0);
    for (kind, address) in [("webhook", "no address"), ("email", "smtp://127.0.0.1:25")] {
        let url = sandbox.home.secret("receiver", address);
        let entry = Table::from_iter([("kind".to_owned(), kind.into()), ("url".to_owned(), url)]);
        sandbox.home.set("monitor.notify", vec![toml::Value::from(entry)]);
        let outcome = sandbox.run("config check").expect(4);
        assert!(outcome.stdout.contains("monitor"), "{}", outcome.stdout);
    }
}

#[test]
fn runs_that_end_at_their_deadline_are_notified_like_failures() {
    let mut sandbox = Sandbox::small();
    sandbox.notify(&["webhook"], 2);
    sandbox.tasks.server().always(Fault::Hold);
    let mut sent = Vec::new();
    for _ in 0..2 {
        sandbox.run("sync tasks --window today --max-runtime 300ms").expect(10);
        sent.push(sandbox.events().len());
    }
    assert_eq!(sent, [0, 1]);
    sandbox.tasks.server().clear_faults();
    sandbox.run(RUN).expect(0);
    assert_eq!(sandbox.events(), ["recovered"]);
}

#[test]
fn command_that_hangs_holds_no_run_up() {
    let mut sandbox = Sandbox::small();
    let url = sandbox.home.secret("hangs", "exec sleep 600");
    let entry = [("kind".to_owned(), "command".into()), ("url".to_owned(), url)];
    sandbox.home.set("monitor.notify", vec![toml::Value::from(Table::from_iter(entry))]);
    let outcome = sandbox.run("notify test").expect(5);
    assert!(outcome.took.as_secs() < 30 && outcome.stdout.contains("did not end within 10 seconds"), "{outcome:?}");
}
