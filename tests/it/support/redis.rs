//! A real Redis of a test's own, which it may kill and start again.
//!
//! `tests/run.sh` puts the server where it is looked for.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::{Client, Cmd, FromRedisValue};
use tempfile::TempDir;

use super::{PATIENCE, poll};

/// Another program may take the port that was just seen to be free.
const ATTEMPTS: usize = 20;

/// A server of a cluster listens on a second port, higher by this.
const CLUSTER_PORTS: u16 = 10_000;

/// Where `tests/run.sh` links the server.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/redis/redis-server");

/// The server, ended with the test.
pub struct RedisServer {
    server: Child,
    directory: TempDir,
    port: u16,
    password: Option<&'static str>,
}

impl RedisServer {
    /// One that forgets everything when it ends.
    pub fn start() -> Self {
        Self::launch("save \"\"\n", None)
    }

    /// One that has every write on disk before it answers.
    pub fn durable() -> Self {
        Self::launch("save \"\"\nappendonly yes\nappendfsync always\n", None)
    }

    /// One that wants a password.
    pub fn locked(password: &'static str) -> Self {
        Self::launch(&format!("save \"\"\nrequirepass {password}\n"), Some(password))
    }

    /// One that is a whole cluster by itself: commands over several slots are refused.
    pub fn cluster() -> Self {
        let server = Self::launch("save \"\"\ncluster-enabled yes\n", None);
        server.ask::<()>("CLUSTER ADDSLOTSRANGE 0 16383");
        poll("the cluster", || server.ask::<String>("CLUSTER INFO").contains("cluster_state:ok"));
        server
    }

    fn launch(config: &str, password: Option<&'static str>) -> Self {
        let directory = tempfile::Builder::new().prefix("tongbu-redis-").tempdir().expect("a temporary directory");
        for _ in 0..ATTEMPTS {
            let port =
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port();
            if port.checked_add(CLUSTER_PORTS).is_none() {
                continue;
            }
            let path = directory.path().display();
            let config = format!("bind 127.0.0.1\nport {port}\ndir {path}\n{config}");
            std::fs::write(directory.path().join("redis.conf"), config).expect("the directory can be written");
            if let Some(server) = spawn(&directory, port) {
                return Self { server, directory, port, password };
            }
        }
        panic!("redis ended at once on {ATTEMPTS} ports");
    }

    /// For the configuration, the password included.
    pub fn url(&self) -> String {
        match self.password {
            Some(password) => format!("redis://:{password}@127.0.0.1:{}", self.port),
            None => format!("redis://127.0.0.1:{}", self.port),
        }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends it without warning, as a crash would.
    pub fn kill(&mut self) {
        self.server.kill().expect("the server can be killed");
        self.server.wait().expect("the server can be waited for");
    }

    /// Starts it again after [`kill`](Self::kill), on the same port, with what is on disk.
    pub fn restart(&mut self) {
        self.server = spawn(&self.directory, self.port).expect("the port is still free");
    }

    /// Lets it write what it holds to disk once an hour, and not otherwise.
    pub fn snapshot_hourly(&self) {
        self.send::<()>(&["CONFIG", "SET", "save", "3600 1"]);
    }

    /// Sends a command without tongbu; its words hold no blanks.
    #[track_caller]
    pub fn ask<T: FromRedisValue>(&self, words: &str) -> T {
        self.send(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Sends a command without tongbu.
    #[track_caller]
    pub fn send<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = Cmd::new();
        for word in words {
            command.arg(word);
        }
        let client = Client::open(self.url()).expect("a URL");
        let mut connection = client.get_connection_with_timeout(PATIENCE).expect("the server listens");
        command.query(&mut connection).unwrap_or_else(|error| panic!("{error}: {words:?}"))
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The running server once it answers; `None` if it has ended instead.
fn spawn(directory: &TempDir, port: u16) -> Option<Child> {
    let mut server = Command::new(PROGRAM)
        .arg(directory.path().join("redis.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {PROGRAM}: {error}; run `tests/run.sh` once"));
    let mut has_ended = false;
    poll("redis", || {
        has_ended = server.try_wait().expect("the server can be looked at").is_some();
        has_ended || answers(port)
    });
    (!has_ended).then_some(server)
}

/// It answers once it has read what is on disk; the demand for a password is an answer too.
fn answers(port: u16) -> bool {
    let ping = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ping().is_ok_and(|answer| answer.starts_with(b"+PONG") || answer.starts_with(b"-NOAUTH"))
}
