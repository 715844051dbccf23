//! A server that restarts, one behind TLS, and clocks that are off.

use std::time::Duration;

use crate::support::{PostgresDatabase, PostgresServer, Sandbox, poll};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.cert.pem");

#[test]
fn a_pass_during_which_the_server_restarts_loses_and_doubles_nothing() {
    let sandbox = Sandbox::small();
    let server = PostgresServer::start();
    let url = server.url();
    sandbox.run(&format!("sync douban --db {url}")).expect(0);
    sandbox.fairing.server().set_latency(Duration::from_millis(300));
    let running = sandbox.spawn(&format!("sync fairing --db {url}"));
    let held = "SELECT COUNT(*) FROM tongbu.sync_locks WHERE released = 0";
    poll("a lock", || server.psql(held).stdout.trim().parse().is_ok_and(|count: u64| count > 0));
    server.restart();
    let outcome = running.wait();
    assert!(matches!(outcome.code, Some(0 | 12)), "{:?} {}", outcome.code, outcome.stderr);
    sandbox.fairing.server().set_latency(Duration::ZERO);
    sandbox.run(&format!("sync fairing --force --db {url}")).expect(0);
    let counts = server.psql("SELECT COUNT(*), COUNT(DISTINCT (account, id)) FROM tongbu.fairing_responses");
    assert_eq!(counts.stdout.trim(), "165|165");
    assert_eq!(server.psql(held).stdout.trim(), "0");
}

#[test]
fn a_certificate_is_checked_with_its_authority_and_its_host() {
    let sandbox = Sandbox::small();
    let server = PostgresServer::start_with_tls();
    server.put("server.crt", include_bytes!("../../fixtures/tls/localhost.cert.pem"));
    server.put("server.key", include_bytes!("../../fixtures/tls/localhost.key.pem"));
    server.psql("ALTER SYSTEM SET ssl = on");
    server.restart();
    let port = server.port();
    let sync = |host: &str, query: &str| {
        sandbox.run(&format!("sync douban --force --db postgres://postgres@{host}:{port}/postgres?{query}"))
    };
    let own = format!("sslrootcert={AUTHORITY}");
    sync("localhost", &format!("sslmode=verify-full&{own}")).expect(0);
    // The certificate is not this host's.
    let refused = sync("127.0.0.1", &format!("sslmode=verify-full&{own}")).expect(12);
    assert!(refused.stderr.contains("cannot make a safe connection"), "{}", refused.stderr);
    sync("127.0.0.1", &format!("sslmode=verify-ca&{own}")).expect(0);
    // Nobody knows who has signed it.
    sync("localhost", "sslmode=verify-full").expect(12);
    sync("localhost", "sslmode=require").expect(0);
    let encrypted = "SELECT COUNT(*) FROM tongbu.sync_records";
    assert_eq!(server.psql(encrypted).stdout.trim(), "3");
}

#[test]
fn a_host_whose_clock_is_off_robs_no_lock_and_cleans_none() {
    let sandbox = Sandbox::small();
    let database = PostgresDatabase::create();
    let url = database.url();
    sandbox.run(&format!("sync douban --db {url}")).expect(0);
    sandbox.tasks.server().set_latency(Duration::from_secs(4));
    let running = sandbox.spawn(&format!("sync tasks --window historical --db {url}"));
    let held = "SELECT COUNT(*) FROM tongbu.sync_locks WHERE released = 0";
    poll("a lock", || database.psql(held).stdout.trim() == "1");
    for offset in ["+600", "-600"] {
        let busy = sandbox.run_at(offset, &format!("sync tasks --window historical --db {url}"));
        assert_eq!(busy.code, Some(11), "{offset}: {}", busy.stderr);
        let cleaned = sandbox.run_at(offset, &format!("locks clean --json --db {url}")).expect(0);
        assert_eq!(cleaned.json()["cleaned"].as_array().map(Vec::len), Some(0), "{offset}");
    }
    running.wait().expect(0);
}

#[test]
fn locks_cleaned_on_two_hosts_at_once_are_cleaned_once() {
    let sandbox = Sandbox::small();
    let database = PostgresDatabase::create();
    let url = database.url();
    sandbox.run(&format!("sync fairing --db {url}")).expect(0);
    for _ in 0..5 {
        // Their holder is gone, and so is its connection.
        database
            .psql("UPDATE tongbu.sync_locks SET released = 0, token = token + 1, backend = '1 1', record_id = NULL");
        let runs = [0, 1].map(|_| sandbox.spawn(&format!("locks clean --json --db {url}")));
        let cleaned = runs.map(|run| run.wait().expect(0).json()["cleaned"].as_array().map_or(0, Vec::len));
        assert_eq!(cleaned.iter().sum::<usize>(), 4, "{cleaned:?}");
    }
}
