//! For whom and where it is set up: a user of the system, the person who runs it, or a folder that becomes a system.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio};

use rustix::process::{getegid, geteuid};

use super::args::SetupArgs;
use crate::cli::error::Error;
use crate::cli::schedule::Program;
use crate::cli::session::Session;
use crate::config::env::{self, Environment};
use crate::config::{self, Config};
use crate::upstreams;

const SYSTEM_USER: &str = "tongbu";
const SYSTEM_HOME: &str = "/var/lib/tongbu";
const SYSTEM_CONFIG: &str = "/etc/tongbu/config.toml";
const SYSTEM_LOG: &str = "/var/log/tongbu/tongbu.jsonl";

/// Where programs of the system are.
const PROGRAM_FOLDERS: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// Everything that differs between the three.
#[derive(Debug)]
pub struct Place {
    /// Below which the files go, where that is not `/`. Nothing there has an owner, and nothing is run.
    pub root: Option<PathBuf>,
    /// Whether the jobs are the system's and run as a user of their own; otherwise they are the person's.
    pub is_system: bool,
    pub user: String,
    /// `None` where that user does not exist yet.
    pub account: Option<Account>,
    pub home: PathBuf,
    pub config: PathBuf,
    pub database: PathBuf,
    pub log: PathBuf,
    pub program: Program,
}

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    pub home: PathBuf,
}

impl Place {
    pub fn find(session: &Session, args: &SetupArgs) -> Result<Self, Error> {
        let environment = Environment::process();
        let whole = |path: PathBuf| absolute(&path).map_err(|source| Error::Read { path, source });
        let root = args.root.clone().map(whole).transpose()?;
        let is_system = geteuid().is_root() || root.is_some();
        let mut program = Program::of(session)?;
        let (named_config, database) = (program.config.clone(), program.database.clone());
        if !is_system {
            let name = own_name();
            if args.user.as_ref().is_some_and(|user| *user != name) {
                return Err(Error::Usage {
                    message: format!("only root can set up jobs of another user than `{name}`"),
                    hint: "run it as root, or leave out `--user`".to_owned(),
                });
            }
            // What cron does not have does not count.
            let home = environment.directory(env::HOME).ok_or(config::Error::NoConfig)?;
            let bare = Environment::fixed([(env::HOME, &home)]);
            let config = config::locate_new_config(named_config.as_deref(), &bare)?.path;
            let database = database.unwrap_or_else(|| home.join(".local/state/tongbu/tongbu.db"));
            let account = Some(Account { uid: geteuid().as_raw(), gid: getegid().as_raw(), home: home.clone() });
            let log = database.with_file_name("tongbu.jsonl");
            return Ok(Self { root, is_system, user: name, account, home, config, database, log, program });
        }
        let user = args.user.clone().unwrap_or_else(|| SYSTEM_USER.to_owned());
        let account = if root.is_some() { None } else { find_account(&user) };
        let home = account.as_ref().map_or_else(|| SYSTEM_HOME.into(), |account| account.home.clone());
        match &root {
            Some(root) => {
                let installed = PROGRAM_FOLDERS.map(|folder| Path::new(folder).join("tongbu"));
                let installed = installed.into_iter().find(|path| below(root, path).exists());
                program.path = installed.map_or(program.path, |path| path.display().to_string());
            }
            None => check_reachable(&user, account.as_ref())?,
        }
        let config = named_config.unwrap_or_else(|| SYSTEM_CONFIG.into());
        let database = database.unwrap_or_else(|| Path::new(SYSTEM_HOME).join("tongbu.db"));
        Ok(Self { root, is_system, user, account, home, config, database, log: SYSTEM_LOG.into(), program })
    }

    /// Where the file is now that will be at this path.
    pub fn on_disk(&self, path: &Path) -> PathBuf {
        self.root.as_ref().map_or_else(|| path.to_owned(), |root| below(root, path))
    }

    /// The configuration from this text, as the jobs will see it.
    pub fn load(&self, text: String) -> Result<Config, Error> {
        let environment = Environment::fixed([(env::HOME, &self.home)]);
        Ok(config::load_text(&self.config, text, &upstreams::sections(), &environment)?)
    }

    /// Whether the machine has that program.
    pub fn has_program(name: &str) -> bool {
        PROGRAM_FOLDERS.iter().any(|folder| Path::new(folder).join(name).exists())
    }
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn own_name() -> String {
    let environment = Environment::process();
    environment.var(env::LOGNAME).or_else(|| environment.var(env::USER)).unwrap_or_else(|| geteuid().to_string())
}

/// The user as the system's own program finds it, in whatever directory the users are.
pub fn find_account(name: &str) -> Option<Account> {
    let found =
        Command::new("getent").args(["passwd", name]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    parse_account(&String::from_utf8_lossy(&found.stdout), name)
}

fn parse_account(text: &str, name: &str) -> Option<Account> {
    let fields: Vec<&str> = text.lines().next()?.split(':').collect();
    let [known, _, uid, gid, _, home, ..] = fields.as_slice() else { return None };
    (*known == name).then_some(())?;
    Some(Account { uid: uid.parse().ok()?, gid: gid.parse().ok()?, home: home.into() })
}

/// The jobs run this program as that user, who has to get to it.
fn check_reachable(user: &str, account: Option<&Account>) -> Result<(), Error> {
    let own = std::env::current_exe().map_err(|source| Error::Read { path: "/proc/self/exe".into(), source })?;
    let is_open = |part: &Path| {
        let metadata = fs::metadata(part);
        metadata
            .is_ok_and(|found| found.mode() & 0o001 != 0 || account.is_some_and(|account| account.uid == found.uid()))
    };
    let is_root = account.is_some_and(|account| account.uid == 0);
    match own.ancestors().find(|part| !is_open(part)).filter(|_| !is_root) {
        None => Ok(()),
        Some(closed) => Err(Error::Usage {
            message: format!(
                "the user `{user}` cannot run `{}`: `{}` is closed to others",
                own.display(),
                closed.display()
            ),
            hint: format!(
                "run `install -m 755 '{}' /usr/local/bin/tongbu`, then `/usr/local/bin/tongbu setup`",
                own.display()
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, parse_account};

    #[test]
    fn account_is_read_from_a_line_of_passwd() {
        let line = "sync:x:998:997:A, B:/var/lib/sync:/usr/sbin/nologin\n";
        let expected = Account { uid: 998, gid: 997, home: "/var/lib/sync".into() };
        assert_eq!(parse_account(line, "sync"), Some(expected));
        assert_eq!(parse_account(line, "other"), None);
        for wrong in ["", "sync", "sync:x:a:1::/:"] {
            assert_eq!(parse_account(wrong, "sync"), None, "{wrong}");
        }
    }
}
