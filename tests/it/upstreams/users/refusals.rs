//! A Redis that refuses every command, as target and as source.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use toml::{Table, Value};

use super::{created, http_target};
use crate::support::Sandbox;

/// What servers answer, and what it means: the exit code of a pass that can do nothing else.
const REFUSALS: [(&str, i32); 14] = [
    ("NOAUTH Authentication required.", 6),
    ("NOPERM this user has no permissions to run the 'evalsha' command", 6),
    ("DENIED Redis is running in protected mode because protected mode is enabled", 6),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", 7),
    ("ERR unknown command", 7),
    ("READONLY You can't write against a read only replica.", 5),
    ("OOM command not allowed when used memory > 'maxmemory'.", 5),
    ("LOADING Redis is loading the dataset in memory", 5),
    ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", 5),
    ("MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.", 5),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 5),
    ("NOREPLICAS Not enough good replicas to write.", 5),
    ("ERR max number of clients reached", 5),
    ("MOVED 3999 127.0.0.1:6381", 4),
];

/// Answers every command but those that only set up a connection with this error; its URL.
fn refusing(error: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("a port").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream, error));
        }
    });
    format!("redis://127.0.0.1:{port}")
}

/// Ends when the client goes away.
fn serve(mut stream: &TcpStream, error: &str) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let count = length(&mut reader)?;
        let mut words = Vec::new();
        for _ in 0..count {
            let mut word = vec![0; length(&mut reader)? + 2];
            reader.read_exact(&mut word).ok()?;
            words.push(String::from_utf8_lossy(&word).trim().to_uppercase());
        }
        let answer = match words.first()?.as_str() {
            "CLIENT" | "SELECT" => "+OK\r\n".to_owned(),
            _ => format!("-{error}\r\n"),
        };
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

/// The number of `*3` or `$7`.
fn length(reader: &mut impl BufRead) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.trim().get(1..)?.parse().ok()
}

fn cache(url: &str) -> Table {
    Table::from_iter(
        [("name", "cache"), ("kind", "redis"), ("url", url)].map(|(key, value)| (key.to_owned(), Value::from(value))),
    )
}

#[test]
fn redis_target_that_refuses_loses_nothing_and_is_named_by_what_it_says() {
    for (error, code) in REFUSALS {
        let mut sandbox = Sandbox::small();
        sandbox.set_targets([cache(&refusing(error))]);
        sandbox.home.set("users.max_attempts", 2);
        sandbox.emit(&created(1..=5));
        for _ in 0..3 {
            let outcome = sandbox.run("sync users --force --json");
            // What is wrong with one key alone is that event's.
            let expected = if code == 7 { vec![Some(3), Some(code)] } else { vec![Some(code)] };
            assert!(expected.contains(&outcome.code), "{error}: {}", outcome.said());
            let word = error.split(' ').next().expect("a word");
            assert!(outcome.stdout.contains(word) || code == 7, "{error}: {}", outcome.stdout);
            let hint = "a server that is no cluster";
            assert!(code != 4 || outcome.stdout.contains(hint), "{error}: {}", outcome.stdout);
        }
        let database = sandbox.database();
        assert_eq!(database.count("user_events"), 5);
        assert_eq!(database.count("user_deliveries WHERE state = 'delivered'"), 0, "{error}");
        if code != 7 {
            assert_eq!(database.count("user_deliveries WHERE state = 'dead'"), 0, "{error}");
        }
        let other = http_target("other", &sandbox.users.url(super::TARGET));
        sandbox.set_targets([cache(&refusing(error)), other]);
        sandbox.run("sync users --force");
        let delivered = "user_deliveries WHERE state = 'delivered' AND target = 'other'";
        assert_eq!(sandbox.database().count(delivered), 5, "{error}: the other target goes on");
    }
}

#[test]
fn redis_stream_that_refuses_keeps_no_stored_event_back() {
    for (error, code) in REFUSALS {
        let mut sandbox = Sandbox::with_one_target();
        sandbox.emit(&created(1..=3));
        sandbox.home.set("users.source", "redis");
        sandbox.home.set("users.redis_url", refusing(error));
        let outcome = sandbox.run("sync users --json");
        assert!(!matches!(outcome.code, Some(0..=2) | None), "{error}: {}", outcome.said());
        let classes = ["unavailable", "auth", "contract", "config"];
        let class = classes[[5, 6, 7, 4].iter().position(|known| *known == code).expect("a class")];
        assert!(outcome.stdout.contains(&format!("\"{class}\"")), "{error} is {class}: {}", outcome.stdout);
        assert_eq!(sandbox.database().count("user_deliveries WHERE state = 'delivered'"), 3, "{error}");
        let published = sandbox.spawn_fed("users emit - --to-stream", &created([9])).wait();
        assert_eq!(published.code, Some(code), "{error}: {}", published.said());
    }
}
