//! Getting in, staying in, and what is said when neither is possible.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tongbu::error::Class;
use tongbu::upstreams::users::redis::{Applied, Connection, Error, KeyPattern, Limits, Target};
use tongbu::upstreams::users::user::Version;

use super::{connect, connect_to, connect_within, limits, message};
use crate::support::{RedisServer, serve_self_signed};

const PASSWORD: &str = "redis-password-canary";

fn target(connection: Connection) -> Target {
    Target::new(connection, KeyPattern::parse("user:{user_id}").expect("a pattern"), Duration::from_secs(60))
}

#[tokio::test]
async fn redis_password_is_required_and_never_shown_in_messages() {
    let server = RedisServer::locked(PASSWORD);
    let connection = connect(&server).await;
    let version = Version { at_ms: 1, seq: 1 };
    assert_eq!(target(connection).put(7, version, "a").await.unwrap(), Applied::Done);

    for login in ["", ":wrong-password-canary@", "nobody-canary:wrong-password-canary@"] {
        let error = connect_to(&format!("redis://{login}127.0.0.1:{}", server.port())).await.err().expect("refused");
        let text = message(&error);
        assert_eq!(error.class(), Class::Auth, "{text}");
        assert!(!text.contains("canary") && !format!("{error:?}").contains("canary"), "{text}");
        assert!(text.contains(&format!("127.0.0.1:{}", server.port())), "{text}");
    }
}

#[tokio::test]
async fn database_that_the_server_does_not_have_is_named_as_a_mistake_of_the_configuration() {
    let server = RedisServer::start();
    let error = connect_to(&format!("{}/99", server.url().trim_end_matches('/'))).await.err().expect("refused");
    let text = message(&error);
    assert_eq!(error.class(), Class::Config, "{text}");
    assert!(text.contains("refuses SELECT") && text.contains("name a database that the server has"), "{text}");
}

#[tokio::test]
async fn missing_redis_server_is_unavailable_and_named() {
    let reserved = tokio::net::TcpSocket::new_v4().expect("a socket");
    reserved.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
    let address = reserved.local_addr().expect("an address");
    let error = connect_to(&format!("redis://:{PASSWORD}@{address}")).await.err().expect("refused");
    let text = message(&error);
    assert_eq!(error.class(), Class::Unavailable);
    assert!(text.starts_with(&format!("cannot connect to redis at `{address}`: ")), "{text}");
    assert!(text.ends_with(&format!("`redis-cli -h 127.0.0.1 -p {} ping` says", address.port())), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn untrusted_redis_certificate_fails_without_retry() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = std::thread::spawn(move || serve_self_signed(&listener));
    let error = connect_to(&format!("rediss://:{PASSWORD}@{address}")).await.err().expect("distrust");
    assert!(matches!(error, Error::Certificate { .. }) && error.class() == Class::Contract, "{error:?}");
    assert!(message(&error).starts_with(&format!("cannot trust the certificate of redis at `{address}`: ")));
    serving.join().expect("the server's end");
}

#[tokio::test]
async fn silent_redis_server_costs_one_timeout() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let url = format!("redis://:{PASSWORD}@{}", silent.local_addr().expect("an address"));
    let started = Instant::now();
    let short = Limits { timeout: Duration::from_millis(50), ..limits() };
    let error = connect_within(&url, short).await.err().expect("nothing comes");
    assert!(matches!(error, Error::Timeout { .. }) && error.class() == Class::Unavailable, "{error:?}");

    let deadline = Some(tokio::time::Instant::now() + Duration::from_millis(50));
    let error = connect_within(&url, Limits { deadline, ..limits() }).await.err().expect("nothing comes");
    assert_eq!(error.class(), Class::Deadline);

    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = connect_within(&url, Limits { cancel, ..limits() }).await.err().expect("cancelled");
    assert_eq!(error.class(), Class::Interrupted);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[tokio::test]
async fn connection_recovers_after_redis_restart() {
    let mut server = RedisServer::durable();
    let target = target(connect(&server).await);
    target.put(7, Version { at_ms: 1, seq: 1 }, "a").await.unwrap();
    server.kill();
    for _ in 0..3 {
        let error = target.put(7, Version { at_ms: 2, seq: 2 }, "b").await.unwrap_err();
        assert_eq!(error.class(), Class::Unavailable, "{}", message(&error));
    }
    server.restart();
    assert_eq!(target.load(7).await.unwrap().as_deref(), Some("a"), "what was acknowledged is there");
    // The server has forgotten its scripts, but no version.
    assert_eq!(target.put(7, Version { at_ms: 0, seq: 0 }, "late").await.unwrap(), Applied::Stale);
    assert_eq!(target.put(7, Version { at_ms: 2, seq: 2 }, "b").await.unwrap(), Applied::Done);
}

#[tokio::test]
async fn one_connection_carries_the_commands_of_many_tasks() {
    let server = RedisServer::start();
    let target = target(connect(&server).await);
    let tasks = (0..64_i64).map(|user_id| {
        let target = target.clone();
        tokio::spawn(async move {
            for seq in 0..20 {
                target.put(user_id, Version { at_ms: 1, seq }, &format!("{user_id}/{seq}")).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
    for user_id in 0..64 {
        assert_eq!(target.load(user_id).await.unwrap(), Some(format!("{user_id}/19")));
    }
    let opened: String = server.ask("INFO stats");
    // One of ours, and two that the test makes itself: the ping at the start, and this one.
    let opened = opened.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
    assert!(opened.and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count <= 4), "{opened:?}");
}
