//! The stream: nothing is lost between a reading and its acknowledgement.

use std::time::Duration;

use tongbu::error::Class;
use tongbu::upstreams::users::redis::{Connection, Entry, Group, Source, consumer_name, publish};

use super::{connect, message};
use crate::support::RedisServer;

const STREAM: &str = "user_events";

fn group(host: &str) -> Group {
    Group { stream: STREAM.to_owned(), name: "tongbu".to_owned(), consumer: consumer_name(host) }
}

async fn source(server: &RedisServer, host: &str) -> Source {
    Source::open(connect(server).await, group(host)).await.expect("the group can be made")
}

async fn publish_numbers(connection: &Connection, numbers: impl Iterator<Item = u64>) -> Vec<String> {
    let events: Vec<String> = numbers.map(|number| number.to_string()).collect();
    publish(connection, STREAM, &events).await.expect("the stream takes them")
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.event.as_ref().expect("an event").parse().expect("a number")).collect()
}

fn ids(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

/// The consumers of the group, by name.
fn consumers(server: &RedisServer) -> Vec<String> {
    let consumers: Vec<std::collections::BTreeMap<String, redis::Value>> =
        server.ask("XINFO CONSUMERS user_events tongbu");
    let name = |consumer: &std::collections::BTreeMap<String, redis::Value>| {
        redis::from_redis_value(consumer["name"].clone()).expect("a name")
    };
    let mut names: Vec<String> = consumers.iter().map(name).collect();
    names.sort();
    names
}

fn pending(server: &RedisServer) -> u64 {
    server.ask::<(u64, redis::Value, redis::Value, redis::Value)>("XPENDING user_events tongbu").0
}

#[tokio::test]
async fn every_event_is_read_once_in_order_and_also_those_from_before_the_group() {
    let server = RedisServer::start();
    let connection = connect(&server).await;
    assert_eq!(publish_numbers(&connection, 0..3).await.len(), 3);
    let mut source = source(&server, "a").await;
    publish_numbers(&connection, 3..5).await;
    let first = source.read(4).await.unwrap();
    assert_eq!(numbers(&first), [0, 1, 2, 3]);
    assert_eq!(numbers(&source.read(4).await.unwrap()), [4]);
    assert_eq!(source.read(4).await.unwrap(), []);
    assert_eq!(pending(&server), 5);
    assert_eq!(source.ack(&ids(&first)).await.unwrap(), 4);
    assert_eq!(source.ack(&ids(&first)).await.unwrap(), 0, "again is no error");
    assert_eq!(pending(&server), 1);
    assert!(publish(&connection, STREAM, &[""; 0]).await.unwrap().is_empty());
}

#[tokio::test]
async fn unacknowledged_entries_are_read_again_by_the_next_pass() {
    let server = RedisServer::start();
    let connection = connect(&server).await;
    publish_numbers(&connection, 0..10).await;
    let mut died = source(&server, "a").await;
    let stored = died.read(4).await.unwrap();
    died.read(3).await.unwrap();
    died.ack(&ids(&stored[..2])).await.unwrap();
    drop(died);

    let mut next = source(&server, "a").await;
    let mut seen = Vec::new();
    loop {
        let entries = next.read(3).await.unwrap();
        if entries.is_empty() {
            break;
        }
        seen.extend(numbers(&entries));
        next.ack(&ids(&entries)).await.unwrap();
    }
    assert_eq!(seen, (2..10).collect::<Vec<_>>());
    assert_eq!(pending(&server), 0);
}

#[tokio::test]
async fn unacknowledged_entries_do_not_block_new_ones() {
    let server = RedisServer::start();
    publish_numbers(&connect(&server).await, 0..6).await;
    source(&server, "a").await.read(4).await.unwrap();
    let mut next = source(&server, "a").await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.extend(numbers(&next.read(2).await.unwrap()));
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn stale_entries_of_another_consumer_are_taken_over() {
    let server = RedisServer::start();
    publish_numbers(&connect(&server).await, 0..7).await;
    source(&server, "gone").await.read(5).await.unwrap();
    let mut source = source(&server, "a").await;
    assert_eq!(source.claim_stale(Duration::from_secs(3600), 10).await.unwrap(), []);

    let mut seen = Vec::new();
    loop {
        let entries = source.claim_stale(Duration::ZERO, 2).await.unwrap();
        if entries.is_empty() {
            break;
        }
        assert!(entries.len() <= 2);
        seen.extend(numbers(&entries));
        source.ack(&ids(&entries)).await.unwrap();
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    assert_eq!(numbers(&source.read(10).await.unwrap()), [5, 6]);
    // The next claim begins anew.
    assert_eq!(numbers(&source.claim_stale(Duration::ZERO, 10).await.unwrap()), [5, 6]);
}

#[tokio::test]
async fn an_entry_that_was_deleted_while_it_was_pending_is_acknowledged() {
    let server = RedisServer::start();
    let connection = connect(&server).await;
    let published = publish_numbers(&connection, 0..6).await;
    source(&server, "a").await.read(3).await.unwrap();
    source(&server, "gone").await.read(3).await.unwrap();
    for id in [0, 1, 3, 5] {
        server.ask::<u64>(&format!("XDEL user_events {}", published[id]));
    }
    let mut source = source(&server, "a").await;
    // In chunks of one, so that a whole chunk is deleted.
    assert_eq!(numbers(&source.read(1).await.unwrap()), [2]);
    assert_eq!(source.read(1).await.unwrap(), []);
    assert_eq!(numbers(&source.claim_stale(Duration::ZERO, 1).await.unwrap()), [2]);
    assert_eq!(numbers(&source.claim_stale(Duration::ZERO, 1).await.unwrap()), [4]);
    assert_eq!(source.claim_stale(Duration::ZERO, 1).await.unwrap(), []);
    assert_eq!(pending(&server), 2);
}

#[tokio::test]
async fn invalid_entry_is_described_and_hides_no_other() {
    let server = RedisServer::start();
    let mut source = source(&server, "a").await;
    let connection = connect(&server).await;
    publish_numbers(&connection, 0..1).await;
    server.ask::<String>("XADD user_events * evnt secret-canary more x");
    let client = redis::Client::open(server.url()).expect("a URL");
    let mut add = redis::cmd("XADD");
    add.arg(STREAM).arg("*").arg(b"\xff\xfe").arg(b"\xff").arg("event").arg(b"\xc3\x28");
    let _: String = add.query(&mut client.get_connection().expect("the server listens")).expect("any bytes are taken");
    publish_numbers(&connection, 1..2).await;
    let entries = source.read(10).await.unwrap();
    let events: Vec<_> = entries.iter().map(|entry| entry.event.as_deref().map_err(String::as_str)).collect();
    let expected = [Ok("0"), Err("no field `event`, only `evnt`, `more`"), Err("field `event` is not UTF-8"), Ok("1")];
    assert_eq!(events, expected);
    assert_eq!(source.ack(&ids(&entries)).await.unwrap(), 4);
}

#[tokio::test]
async fn destroyed_group_or_deleted_stream_is_created_again() {
    let server = RedisServer::start();
    let connection = connect(&server).await;
    let mut source = source(&server, "a").await;
    publish_numbers(&connection, 0..2).await;
    assert_eq!(numbers(&source.read(10).await.unwrap()), [0, 1]);
    server.ask::<u64>("XGROUP DESTROY user_events tongbu");
    assert_eq!(numbers(&source.read(10).await.unwrap()), [0, 1], "what was not acknowledged comes again");
    server.ask::<u64>("DEL user_events");
    assert_eq!(source.claim_stale(Duration::ZERO, 10).await.unwrap(), []);
    publish_numbers(&connection, 2..3).await;
    assert_eq!(numbers(&source.read(10).await.unwrap()), [2]);
    // Made by another meanwhile.
    Source::open(connection, group("b")).await.expect("the group is there");
}

#[tokio::test]
async fn nothing_is_lost_when_the_server_is_killed_in_the_middle() {
    let mut server = RedisServer::durable();
    let connection = connect(&server).await;
    publish_numbers(&connection, 0..20).await;
    let mut source = source(&server, "a").await;
    let first = source.read(5).await.unwrap();
    source.ack(&ids(&first)).await.unwrap();
    source.read(5).await.unwrap();
    server.kill();
    let error = source.read(5).await.unwrap_err();
    assert_eq!(error.class(), Class::Unavailable, "{}", message(&error));
    assert_eq!(source.ack(&["1-0".to_owned()]).await.unwrap_err().class(), Class::Unavailable);
    let refused = publish(&connection, STREAM, &["x"]).await.unwrap_err();
    assert_eq!(refused.class(), Class::Unavailable, "{}", message(&refused));
    server.restart();
    // The same source goes on, the next pass sees what it left.
    assert_eq!(numbers(&source.read(5).await.unwrap()), [10, 11, 12, 13, 14]);
    let mut next = Source::open(connect(&server).await, group("a")).await.unwrap();
    assert_eq!(numbers(&next.read(100).await.unwrap()), (5..15).collect::<Vec<_>>());
    assert_eq!(numbers(&next.read(100).await.unwrap()), (15..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_events_are_published_read_and_acknowledged_in_chunks() {
    let server = RedisServer::start();
    let connection = connect(&server).await;
    for start in (0..6000).step_by(1000) {
        publish_numbers(&connection, start..start + 1000).await;
    }
    let mut source = source(&server, "a").await;
    let mut seen = Vec::new();
    loop {
        let entries = source.read(2500).await.unwrap();
        if entries.is_empty() {
            break;
        }
        seen.extend(numbers(&entries));
        assert_eq!(source.ack(&ids(&entries)).await.unwrap(), entries.len() as u64);
    }
    assert_eq!(seen, (0..6000).collect::<Vec<_>>());
    assert_eq!(pending(&server), 0);
}

#[tokio::test]
async fn key_of_another_type_is_a_contract_error() {
    let server = RedisServer::start();
    server.ask::<()>("SET user_events x");
    let connection = connect(&server).await;
    let error = publish(&connection, STREAM, &["x"]).await.unwrap_err();
    assert_eq!((error.class(), error.code()), (Class::Contract, Some("WRONGTYPE")), "{}", message(&error));
    let error = Source::open(connection, group("a")).await.err().expect("it is no stream");
    assert_eq!(error.class(), Class::Contract, "{}", message(&error));
}

#[tokio::test]
async fn only_consumers_without_pending_entries_are_removed() {
    let server = RedisServer::start();
    publish_numbers(&connect(&server).await, 0..3).await;
    let mut source = source(&server, "a").await;
    self::source(&server, "busy").await.read(1).await.unwrap();
    assert_eq!(source.read(1).await.unwrap().len(), 1);
    for name in ["tongbu-gone", "tongbu-gone-too", "another-program"] {
        server.ask::<u64>(&format!("XGROUP CREATECONSUMER user_events tongbu {name}"));
    }
    assert_eq!(source.remove_idle_consumers().await.unwrap(), 2);
    assert_eq!(consumers(&server), ["another-program", "tongbu-a", "tongbu-busy"]);
    // Its entry can still be taken over.
    assert_eq!(source.claim_stale(Duration::ZERO, 10).await.unwrap().len(), 2);
    assert_eq!(source.remove_idle_consumers().await.unwrap(), 1);
    // From the beginning again.
    let entries = [source.claim_stale(Duration::ZERO, 10).await, source.claim_stale(Duration::ZERO, 10).await];
    source.ack(&entries.map(|entries| ids(&entries.unwrap())).concat()).await.unwrap();
    assert_eq!(source.remove_idle_consumers().await.unwrap(), 1);
    assert_eq!((consumers(&server), pending(&server)), (vec!["another-program".to_owned()], 0));
    assert_eq!(numbers(&source.read(10).await.unwrap()), [2], "it makes its consumer again");
}
