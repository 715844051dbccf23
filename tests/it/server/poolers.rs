//! A pooler before the server.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use tongbu::store::{Error, Mode, ServerError};

use super::{held, numbers, open_at, put, try_acquire};
use crate::support::{PostgresDatabase, Sandbox, poll};

/// A pooler of the test's own.
struct Pooler {
    port: u16,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Pooler {
    fn start(mode: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let port = port.expect("a port").port();
        let server = PostgresDatabase::port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\nserver_reset_query = DISCARD ALL\n"
        );
        // `any` logs in as the user of the address, who has to be named.
        let settings = settings.replace(&format!("port={server}\n"), &format!("port={server} user=postgres\n"));
        let file = folder.path().join("pooler.ini");
        std::fs::write(&file, settings).expect("the settings can be written");
        let mut command = Command::new("pgbouncer");
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            for path in [folder.path(), &file] {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
                std::fs::set_permissions(path, mode).expect("it is ours");
            }
            command.uid(65_534).gid(65_534);
        }
        let process = command.spawn().expect("pgbouncer is installed: see `tests/run.sh`");
        poll("the pooler", || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        Self { port, process, _folder: folder }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_pooler_of_sessions_changes_nothing() {
    let database = PostgresDatabase::create();
    let pooler = Pooler::start("session");
    let store = open_at(&database.url_at(pooler.port), Mode::ReadWrite).expect("it passes");
    let lease = held(try_acquire(&store).await);
    for number in 0..5 {
        put(&store, &lease, number).await.expect("it holds the lock");
    }
    store.release(lease, None).await.expect("it is released");
    assert_eq!(numbers(&database), [0, 1, 2, 3, 4]);
}

#[test]
fn a_run_through_a_pooler_of_sessions_succeeds_and_is_noticed() {
    let database = PostgresDatabase::create();
    let pooler = Pooler::start("session");
    let (sandbox, url) = (Sandbox::small(), database.url_at(pooler.port));
    sandbox.run(&format!("sync tasks --window historical --db {url}")).expect(0);
    let looked = sandbox.run(&format!("doctor --offline --db {url}"));
    assert!(looked.stdout.contains("pooler"), "{}", looked.stdout);
}

#[test]
fn a_pooler_of_transactions_is_refused_with_what_to_do() {
    let database = PostgresDatabase::create();
    let pooler = Pooler::start("transaction");
    let url = database.url_at(pooler.port);
    for mode in [Mode::ReadWrite, Mode::ReadOnly, Mode::DryRun] {
        let opened = open_at(&url, mode).map(drop);
        assert!(
            matches!(&opened, Err(Error::Server(error)) if matches!(**error, ServerError::Pooled { .. })),
            "{opened:?}"
        );
    }
    let sandbox = Sandbox::small();
    let refused = sandbox.run(&format!("sync tasks --window historical --db {url}")).expect(12);
    assert!(refused.stderr.contains("pool_mode = session"), "{}", refused.stderr);
    let schemas = database.psql("SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'tongbu'");
    assert_eq!(schemas.stdout.trim(), "0");
}

#[tokio::test]
async fn an_id_that_no_index_holds_is_said_so() {
    let database = PostgresDatabase::create();
    let store = open_at(&database.url(), Mode::ReadWrite).expect("the server is there");
    let lease = held(try_acquire(&store).await);
    // The server compresses.
    let long: String = (0..9_000).map(|_| fastrand::alphanumeric()).collect();
    let refused = store
        .write(&lease, move |w| w.execute("INSERT INTO sync_cursors (scope) VALUES (?1)", &[(&long).into()]).map(drop))
        .await;
    assert!(
        matches!(&refused, Err(Error::Server(error)) if matches!(**error, ServerError::TooLong { .. })),
        "{refused:?}"
    );
}
