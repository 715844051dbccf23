//! A throw-away home: configuration, credentials and database of one sandbox. Nothing of the user's own home is used.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// The directory, and the configuration that is written there.
pub struct Home {
    path: PathBuf,
    config: Table,
    /// Whether the directory goes with this value.
    temporary: bool,
}

impl Home {
    pub fn new() -> Self {
        let mut home = Self { path: new_directory(), config: Table::new(), temporary: true };
        home.set("database", home.database().display().to_string());
        home.set("time_zone", "Asia/Shanghai");
        // Tests look at what follows after the retries; they do not wait for them.
        home.set("http.retries", 2);
        home.set("http.backoff", "5ms");
        home.set("http.backoff_cap", "20ms");
        home
    }

    /// A home that was kept, with the configuration that is there.
    pub fn open(path: &Path) -> Self {
        let mut home = Self { path: path.to_owned(), config: Table::new(), temporary: false };
        let config = fs::read_to_string(home.config())
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", home.config().display()));
        home.config = config.parse().unwrap_or_else(|error| panic!("cannot read {}: {error}", home.config().display()));
        home
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn config(&self) -> PathBuf {
        self.path().join("config.toml")
    }

    pub fn database(&self) -> PathBuf {
        self.path().join("tongbu.db")
    }

    /// The configuration, as in the file.
    pub fn config_text(&self) -> String {
        toml::to_string(&self.config).expect("a table is TOML")
    }

    /// Writes an upstream's section.
    pub fn configure(&mut self, section: &str, table: Table) {
        self.config.insert(section.to_owned(), Value::Table(table));
        self.save_config();
    }

    /// Sets one key by its dotted path: `http.retries`.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let (tables, name) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table = &mut self.config;
        for part in tables.split('.').filter(|part| !part.is_empty()) {
            let entry = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            table = entry.as_table_mut().unwrap_or_else(|| panic!("`{part}` of `{key}` is a table"));
        }
        table.insert(name.to_owned(), value.into());
        self.save_config();
    }

    /// Writes a credential and returns the reference to it.
    pub fn secret(&self, name: &str, value: &str) -> Value {
        let path = self.path().join(format!("{name}.secret"));
        write_private(&path, value);
        Value::Table(Table::from_iter([("file".to_owned(), path.display().to_string().into())]))
    }

    /// The program in this home, with an environment as small as cron's.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path())
            .env("LC_ALL", "C.UTF-8")
            .env("TONGBU_CONFIG", self.config())
            .current_dir(self.path());
        command
    }

    /// Keeps the directory when this value is dropped.
    pub fn keep(&mut self) {
        self.temporary = false;
    }

    fn save_config(&self) {
        write_private(&self.config(), &self.config_text());
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.temporary {
            // A test may have removed it, or made it unreadable.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A new directory below the temporary one, for its owner only.
fn new_directory() -> PathBuf {
    loop {
        let path = std::env::temp_dir().join(format!("tongbu-{:08x}", fastrand::u32(..)));
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return path,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => panic!("cannot make {}: {error}", path.display()),
        }
    }
}

fn write_private(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    file.write_all(text.as_bytes()).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
