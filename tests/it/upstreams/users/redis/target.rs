//! One key per user, never an older one.

use std::collections::BTreeSet;
use std::time::Duration;

use tongbu::error::Class;
use tongbu::upstreams::users::redis::{Applied, KeyPattern, ScanCursor, Target};
use tongbu::upstreams::users::user::Version;

use super::connect;
use crate::support::RedisServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn target(server: &RedisServer, pattern: &str) -> Target {
    Target::new(connect(server).await, KeyPattern::parse(pattern).expect("a pattern"), DAY)
}

const fn at(at_ms: i64, seq: i64) -> Version {
    Version { at_ms, seq }
}

#[tokio::test]
async fn version_key_outlives_its_value() {
    let server = RedisServer::start();
    let target = target(&server, "user:{user_id}").await;
    assert_eq!(target.load(7).await.unwrap(), None);
    assert_eq!(target.put(7, at(1000, 1), r#"{"id":7}"#).await.unwrap(), Applied::Done);
    assert_eq!(target.load(7).await.unwrap().as_deref(), Some(r#"{"id":7}"#));
    let ttl: i64 = server.ask("TTL user:7");
    assert!((86_300..=86_400).contains(&ttl), "{ttl}");
    let ttl: i64 = server.ask("TTL {user:7}:version");
    assert!((7 * 86_400 - 100..=7 * 86_400).contains(&ttl), "{ttl}");

    // Every write starts the time anew.
    server.ask::<()>("EXPIRE user:7 10");
    target.put(7, at(1000, 1), r#"{"id":7}"#).await.unwrap();
    assert!(server.ask::<i64>("TTL user:7") > 86_000);
}

#[tokio::test]
async fn keys_of_one_user_share_a_cluster_slot() {
    let server = RedisServer::cluster();
    for pattern in ["user:{user_id}", "{app}:user:{user_id}", "u{user_id}{app}"] {
        let target = target(&server, pattern).await;
        assert_eq!(target.put(7, at(1, 1), "a").await.unwrap(), Applied::Done, "{pattern}");
        assert_eq!(target.remove(7, at(2, 2)).await.unwrap(), Applied::Done, "{pattern}");
    }
}

#[tokio::test]
async fn an_older_event_never_overwrites_a_newer_one() {
    let server = RedisServer::start();
    let target = target(&server, "user:{user_id}").await;
    for (version, json, expected) in [
        (at(1000, 5), "a", Applied::Done),
        (at(1000, 4), "seq is older", Applied::Stale),
        (at(999, 9), "time is older", Applied::Stale),
        (at(1000, 5), "a", Applied::Done),
        (at(1000, 6), "b", Applied::Done),
        (at(1001, 1), "c", Applied::Done),
        (at(1000, 7), "late", Applied::Stale),
        // As texts these would sort the other way round.
        (at(1001, 10), "d", Applied::Done),
        (at(1001, 9), "late", Applied::Stale),
        (at(1_763_740_000_000, (1 << 53) - 2), "e", Applied::Done),
        (at(1_763_740_000_000, (1 << 53) - 1), "f", Applied::Done),
        (at(1_763_740_000_000, (1 << 53) - 2), "late", Applied::Stale),
    ] {
        assert_eq!(target.put(7, version, json).await.unwrap(), expected, "{version:?} {json}");
    }
    assert_eq!(target.load(7).await.unwrap().as_deref(), Some("f"));
    // Another user's version is another matter.
    assert_eq!(target.put(8, at(-1, 1), "old").await.unwrap(), Applied::Done);

    for version in [at(1 << 53, 1), at(1, 1 << 53), at(i64::MIN, 1)] {
        assert_eq!(target.put(7, version, "x").await.unwrap_err().class(), Class::Contract);
    }
}

#[tokio::test]
async fn late_event_does_not_restore_a_deleted_user() {
    let server = RedisServer::start();
    let target = target(&server, "user:{user_id}").await;
    target.put(7, at(1000, 1), "a").await.unwrap();
    assert_eq!(target.remove(7, at(999, 1)).await.unwrap(), Applied::Stale);
    assert_eq!(target.load(7).await.unwrap().as_deref(), Some("a"));
    assert_eq!(target.remove(7, at(1001, 2)).await.unwrap(), Applied::Done);
    assert_eq!(target.remove(7, at(1001, 2)).await.unwrap(), Applied::Done);
    assert_eq!(server.ask::<u64>("EXISTS user:7"), 0);
    assert!(server.ask::<i64>("TTL {user:7}:version") > 6 * 86_400);

    assert_eq!(target.put(7, at(1000, 9), "late").await.unwrap(), Applied::Stale);
    assert_eq!(target.load(7).await.unwrap(), None);
    assert_eq!(target.put(7, at(1002, 3), "again").await.unwrap(), Applied::Done);
    assert_eq!(target.load(7).await.unwrap().as_deref(), Some("again"));
    // An unknown user can be deleted, too.
    assert_eq!(target.remove(9, at(1, 1)).await.unwrap(), Applied::Done);
}

#[tokio::test]
async fn script_is_loaded_again_after_redis_forgets_it() {
    let server = RedisServer::start();
    let target = target(&server, "user:{user_id}").await;
    target.put(7, at(1, 1), "a").await.unwrap();
    server.ask::<()>("SCRIPT FLUSH");
    assert_eq!(target.put(7, at(2, 2), "b").await.unwrap(), Applied::Done);
}

#[tokio::test]
async fn a_scan_finds_every_user_and_nothing_else() {
    let server = RedisServer::start();
    for pattern in ["user:{user_id}", "{app}:user:{user_id}"] {
        server.ask::<()>("FLUSHALL");
        let target = target(&server, pattern).await;
        for user_id in 1..=2500 {
            target.put(user_id, at(1, user_id), "{}").await.unwrap();
        }
        target.remove(2500, at(2, 2500)).await.unwrap();
        server.ask::<()>("MSET user:x 1 user: 1 users:1 1 user:07 1 {app}:user:1:x 1");
        let (mut found, mut from, mut pages) = (BTreeSet::new(), Some(ScanCursor::default()), 0);
        while let Some(cursor) = from {
            let page = target.load_user_ids(cursor).await.unwrap();
            assert!(page.user_ids.len() < 2000, "{} users in one page", page.user_ids.len());
            found.extend(page.user_ids);
            (from, pages) = (page.next, pages + 1);
        }
        assert_eq!(found, (1..2500).collect(), "{pattern}");
        assert!(pages > 1, "all came at once");
    }
}

#[tokio::test]
async fn wrong_key_type_and_full_server_have_their_error_class() {
    let server = RedisServer::start();
    let target = target(&server, "user:{user_id}").await;
    server.ask::<()>("LPUSH user:7 x");
    let error = target.load(7).await.unwrap_err();
    assert_eq!((error.class(), error.code()), (Class::Contract, Some("WRONGTYPE")), "{error:?}");
    // A value that is none of ours is replaced by ours.
    assert_eq!(target.put(7, at(1, 1), "a").await.unwrap(), Applied::Done);
    server.ask::<()>("DEL {user:8}:version");
    server.ask::<()>("LPUSH {user:8}:version x");
    let error = target.put(8, at(1, 1), "a").await.unwrap_err();
    assert_eq!(error.class(), Class::Contract, "{error:?}");

    server.ask::<()>("CONFIG SET maxmemory 1");
    let error = target.put(9, at(1, 1), "a").await.unwrap_err();
    assert_eq!((error.class(), error.code()), (Class::Unavailable, Some("OOM")), "{error:?}");
    server.ask::<()>("CONFIG SET maxmemory 0");
    server.ask::<()>("REPLICAOF 127.0.0.1 1");
    let error = target.put(9, at(1, 1), "a").await.unwrap_err();
    assert_eq!(error.class(), Class::Unavailable, "{error:?}");
}
