//! Notifications as mail, in a real conversation with a server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use toml::Table;

use crate::support::Sandbox;

/// A server for one mail. It refuses the sender where it is given a refusal.
struct MailServer {
    port: u16,
    conversation: Receiver<Vec<String>>,
}

impl MailServer {
    fn start(refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, conversation) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Nobody listens any more when the test has ended.
                let _ = sender.send(converse(&stream, refusal));
            }
        });
        Self { port, conversation }
    }
}

/// Everything the client said.
fn converse(stream: &TcpStream, refusal: Option<&str>) -> Vec<String> {
    let mut said = Vec::new();
    let reply = |text: &str| {
        let mut out = stream;
        write!(out, "{text}\r\n").expect("the client listens");
    };
    reply("220 mail.test ESMTP");
    let mut is_data = false;
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { break };
        said.push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            _ if is_data => {
                if line == "." {
                    is_data = false;
                    reply("250 taken");
                }
            }
            "EHLO" => reply("250-mail.test\r\n250 AUTH PLAIN LOGIN"),
            "AUTH" => reply("235 welcome"),
            "MAIL" => reply(refusal.unwrap_or("250 ok")),
            "RCPT" | "NOOP" => reply("250 ok"),
            "DATA" => {
                is_data = true;
                reply("354 go on");
            }
            "QUIT" => {
                reply("221 bye");
                break;
            }
            _ => reply("502 what"),
        }
    }
    said
}

impl Sandbox {
    fn mail(&mut self, address: &str, to: &[&str]) {
        let url = self.home.secret("mail", address);
        let to: Vec<toml::Value> = to.iter().map(|to| (*to).into()).collect();
        let entry = Table::from_iter([
            ("kind".to_owned(), "email".into()),
            ("url".to_owned(), url),
            ("from".to_owned(), "tongbu <tongbu@example.com>".into()),
            ("to".to_owned(), to.into()),
            ("after".to_owned(), 1.into()),
        ]);
        self.home.set("monitor.notify", vec![toml::Value::from(entry)]);
    }
}

#[test]
fn failure_is_mailed_to_every_receiver() {
    let server = MailServer::start(None);
    let mut sandbox = Sandbox::small();
    sandbox.mail(&format!("smtp://robot:pass%2Fcanary@127.0.0.1:{}", server.port), &["a@example.com", "b@example.com"]);
    sandbox.fail();
    let outcome = sandbox.run("sync tasks --window today -q").expect(5);
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    let said = server.conversation.recv().expect("a conversation");
    // AUTH PLAIN of \0robot\0pass/canary.
    for line in [
        "AUTH PLAIN AHJvYm90AHBhc3MvY2FuYXJ5",
        "MAIL FROM:<tongbu@example.com>",
        "RCPT TO:<a@example.com>",
        "RCPT TO:<b@example.com>",
        "From: tongbu <tongbu@example.com>",
    ] {
        assert!(said.iter().any(|said| said.starts_with(line)), "`{line}` is not in {said:#?}");
    }
    let text = said.join("\n");
    assert!(text.contains("Subject: tongbu: tasks/today failed on "), "{text}");
    assert!(text.contains("record 1: tongbu records show 1"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn chinese_mail_is_encoded() {
    let server = MailServer::start(None);
    let mut sandbox = Sandbox::small();
    sandbox.home.set("lang", "zh");
    sandbox.mail(&format!("smtp://127.0.0.1:{}", server.port), &["a@example.com"]);
    sandbox.run("notify test --kind email").expect(0);
    let said = server.conversation.recv().expect("a conversation");
    assert!(said.iter().all(|line| line.is_ascii()), "{said:#?}");
    assert!(said.iter().any(|line| line.starts_with("Subject: =?utf-8?")), "{said:#?}");
    assert!(said.iter().all(|line| !line.starts_with("AUTH")), "{said:#?}");
}

#[test]
fn mail_that_is_refused_is_a_warning() {
    let server = MailServer::start(Some("550 no such sender, says canary"));
    let mut sandbox = Sandbox::small();
    sandbox.mail(&format!("smtp://robot:says%20canary@127.0.0.1:{}", server.port), &["a@example.com"]);
    sandbox.fail();
    let outcome = sandbox.run("sync tasks --window today -q").expect(5);
    let warning = "warning: cannot notify `monitor.notify[0]`: cannot send the mail: ";
    assert!(outcome.stderr.contains(warning) && outcome.stderr.contains("550"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("says canary"), "{}", outcome.stderr);
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    sandbox.mail(&format!("smtp://127.0.0.1:{nobody}"), &["a@example.com"]);
    assert!(sandbox.run("notify test").expect(5).stdout.contains("cannot send the mail"));
}

#[test]
fn mail_server_is_part_of_what_doctor_checks() {
    let server = MailServer::start(None);
    let mut sandbox = Sandbox::small();
    sandbox.mail(&format!("smtp://robot:canary-1@127.0.0.1:{}", server.port), &["a@example.com"]);
    let checked = sandbox.run("doctor").expect(0);
    assert!(checked.stdout.contains("the mail server answered"), "{}", checked.stdout);
    let said = server.conversation.recv().expect("a conversation");
    assert!(said.iter().any(|line| line.starts_with("AUTH")), "{said:#?}");
    assert!(said.iter().all(|line| !line.starts_with("MAIL")), "{said:#?}");
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    sandbox.mail(&format!("smtp://127.0.0.1:{nobody}"), &["a@example.com"]);
    let document = sandbox.run("doctor --json").expect(5).json();
    assert!(document.to_string().contains("monitor.notify[0]"), "{document:#}");
    assert!(!sandbox.run("doctor --offline").expect(0).stdout.contains("mail server"));
}

#[test]
fn password_is_not_sent_in_the_clear_and_addresses_are_checked() {
    let mut sandbox = Sandbox::small();
    for (address, to, reason) in [
        ("smtp://robot:canary@mail.example.com", "a@example.com", "a password needs"),
        ("smtps://robot:canary@mail.example.com", "nobody", "not a mail address"),
        ("imap://mail.example.com", "a@example.com", "not a URL"),
    ] {
        sandbox.mail(address, &[to]);
        let outcome = sandbox.run("config check").expect(4);
        assert!(outcome.stdout.contains(reason) && !outcome.stdout.contains("canary"), "{}", outcome.stdout);
    }
    sandbox.mail("smtps://robot:canary@mail.example.com", &["a@example.com"]);
    sandbox.run("config check").expect(0);
    sandbox.mail("smtps://robot:canary@mail.example.com", &[]);
    assert!(sandbox.run("config check").expect(4).stdout.contains("at least one receiver"));
}
