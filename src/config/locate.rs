//! Where the configuration and the database are.

use std::path::{Path, PathBuf};

use url::form_urlencoded;

use super::env::{self, Environment};
use super::error::Error;

/// Where a configuration for the whole machine is.
const SYSTEM_CONFIG: &str = "/etc/tongbu/config.toml";

/// What named a path that nothing named.
pub const DEFAULT: &str = "the default";
/// What named a path that the configuration's own key names.
pub const CONFIGURED: &str = "the configuration";

/// A path and what named it (`--db`, `TONGBU_DB`, the configuration, the default).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    pub path: PathBuf,
    pub named_by: &'static str,
}

/// The configuration file: `--config`, `TONGBU_CONFIG`, `$XDG_CONFIG_HOME/tongbu/config.toml` (or below `~/.config`),
/// `/etc/tongbu/config.toml`; the first two need not exist yet, of the others the first that does.
pub fn locate_config(explicit: Option<&Path>, environment: &Environment) -> Option<Located> {
    named("--config", explicit.map(Path::to_owned))
        .or_else(|| named(env::TONGBU_CONFIG, environment.path(env::TONGBU_CONFIG)))
        .or_else(|| user_config(environment).filter(may_exist))
        .or_else(|| named(DEFAULT, Some(SYSTEM_CONFIG.into())).filter(may_exist))
}

/// Where `config init` writes: what is named, else the user's own file, which need not exist.
pub fn locate_new_config(explicit: Option<&Path>, environment: &Environment) -> Result<Located, Error> {
    named("--config", explicit.map(Path::to_owned))
        .or_else(|| named(env::TONGBU_CONFIG, environment.path(env::TONGBU_CONFIG)))
        .or_else(|| user_config(environment))
        .ok_or(Error::NoConfig)
}

/// The database file: `--db`, `TONGBU_DB`, the configuration, `$XDG_STATE_HOME/tongbu/tongbu.db` (or below
/// `~/.local/state`).
pub fn database_path(
    explicit: Option<&Path>,
    configured: Option<&Path>,
    environment: &Environment,
) -> Result<Located, Error> {
    let default = || {
        let state = base_directory(environment, env::XDG_STATE_HOME, ".local/state")?;
        named(DEFAULT, Some(state.join("tongbu/tongbu.db")))
    };
    named_database(explicit, configured, environment)?.or_else(default).ok_or(Error::NoDatabase)
}

/// The database file that `--db`, `TONGBU_DB` or the configuration names.
pub fn named_database(
    explicit: Option<&Path>,
    configured: Option<&Path>,
    environment: &Environment,
) -> Result<Option<Located>, Error> {
    let located = named("--db", explicit.map(Path::to_owned))
        .or_else(|| named(env::TONGBU_DB, environment.path(env::TONGBU_DB)))
        .or_else(|| named(CONFIGURED, configured.map(Path::to_owned)));
    if let Some(Located { path, named_by }) = &located {
        refuse_password(named_by, path)?;
    }
    Ok(located)
}

/// Refuses the address of a server with a password in it: paths are shown, and others see the arguments of a process.
pub fn refuse_password(named_by: &'static str, path: &Path) -> Result<(), Error> {
    if holds_password(&path.to_string_lossy()) { Err(Error::DatabasePassword { named_by }) } else { Ok(()) }
}

/// Whether the address of a database server may hold a password: then it is not shown.
fn holds_password(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://").filter(|_| is_server(address)) else { return false };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let user = place.split(['/']).next().unwrap_or_default().rsplit_once('@').map_or("", |(user, _)| user);
    let decoded = form_urlencoded::parse(query.as_bytes());
    // A `/` or `?` in a password that is not escaped ends the place before its host.
    user.contains(':') || place.matches('@').count() > 1 || decoded.into_iter().any(|(name, _)| name == "password")
}

/// Whether it is the address of a database server and no path.
pub fn is_server(path: &str) -> bool {
    let scheme = path.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| matches!(scheme.as_str(), "postgres" | "postgresql"))
}

fn user_config(environment: &Environment) -> Option<Located> {
    let directory = base_directory(environment, env::XDG_CONFIG_HOME, ".config")?;
    named(DEFAULT, Some(directory.join("tongbu/config.toml")))
}

fn base_directory(environment: &Environment, variable: &str, below_home: &str) -> Option<PathBuf> {
    environment.directory(variable).or_else(|| Some(environment.directory(env::HOME)?.join(below_home)))
}

/// A file whose existence cannot be checked counts: reading it gives the reason.
fn may_exist(located: &Located) -> bool {
    !matches!(located.path.try_exists(), Ok(false))
}

fn named(named_by: &'static str, path: Option<PathBuf>) -> Option<Located> {
    path.filter(|path| !path.as_os_str().is_empty()).map(|path| Located { path, named_by })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::load;
    use super::{Located, locate_config, locate_new_config};
    use crate::config::env::Environment;

    fn check(located: Option<&Located>, expected: Option<(&Path, &str)>) {
        assert_eq!(located.map(|located| (located.path.as_path(), located.named_by)), expected);
    }

    #[test]
    fn the_configuration_is_the_first_that_is_named_or_exists() {
        let home = tempfile::tempdir().unwrap();
        let xdg = tempfile::tempdir().unwrap();
        let of_home = home.path().join(".config/tongbu/config.toml");
        let of_xdg = xdg.path().join("tongbu/config.toml");
        let bare = Environment::fixed([("HOME", home.path())]);
        let full = Environment::fixed([
            ("HOME", home.path()),
            ("XDG_CONFIG_HOME", xdg.path()),
            ("TONGBU_CONFIG", Path::new("c.toml")),
        ]);
        let no_variable = Environment::fixed([("HOME", home.path()), ("XDG_CONFIG_HOME", xdg.path())]);

        check(locate_config(Some(Path::new("x.toml")), &full).as_ref(), Some((Path::new("x.toml"), "--config")));
        check(locate_config(None, &full).as_ref(), Some((Path::new("c.toml"), "TONGBU_CONFIG")));
        check(locate_new_config(None, &no_variable).ok().as_ref(), Some((&of_xdg, "the default")));
        check(locate_new_config(None, &bare).ok().as_ref(), Some((&of_home, "the default")));
        for path in [&of_home, &of_xdg] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        check(locate_config(None, &bare).as_ref(), Some((&of_home, "the default")));
        check(locate_config(None, &no_variable).as_ref(), Some((&of_xdg, "the default")));
    }

    #[test]
    fn the_database_is_the_first_that_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        fs::write(&file, "database = \"mine.db\"\n").unwrap();
        let check_database = |explicit: Option<&str>, file: Option<&Path>, environment: &Environment, expected| {
            let config = load(file.or(Some(Path::new("/dev/null"))), &[], environment).unwrap();
            check(config.locate_database(explicit.map(Path::new)).ok().as_ref(), expected);
        };
        let full = Environment::fixed([("TONGBU_DB", "v.db"), ("XDG_STATE_HOME", "/state"), ("HOME", "/home/a")]);
        check_database(Some("f.db"), Some(&file), &full, Some((Path::new("f.db"), "--db")));
        check_database(None, Some(&file), &full, Some((Path::new("v.db"), "TONGBU_DB")));
        let state = Environment::fixed([("XDG_STATE_HOME", "/state"), ("HOME", "/home/a")]);
        let mine = directory.path().join("mine.db");
        check_database(None, Some(&file), &state, Some((&mine, "the configuration")));
        check_database(None, None, &state, Some((Path::new("/state/tongbu/tongbu.db"), "the default")));
        let home = Environment::fixed([("HOME", "/home/a"), ("XDG_STATE_HOME", "relative")]);
        let at_home = Path::new("/home/a/.local/state/tongbu/tongbu.db");
        check_database(None, None, &home, Some((at_home, "the default")));
    }

    #[test]
    fn an_address_of_a_server_that_holds_a_password_is_refused_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        let refused = |explicit: Option<&str>, environment: &Environment| {
            let config = load(Some(&file), &[], environment).unwrap();
            let error = config.locate_database(explicit.map(Path::new)).unwrap_err();
            assert!(!error.to_string().contains("geheim"), "{error}");
            error.to_string()
        };
        let nothing = Environment::fixed([("HOME", "/home/a")]);
        for address in [
            "postgres://a:geheim@db/x",
            "postgresql://db?password=geheim",
            "Postgres://a:geheim@db",
            "POSTGRESQL://:geheim@/x",
        ] {
            fs::write(&file, "").unwrap();
            assert!(refused(Some(address), &nothing).contains("--db"));
            let variable = Environment::fixed([("TONGBU_DB", address), ("HOME", "/home/a")]);
            assert!(refused(None, &variable).contains("TONGBU_DB"));
            fs::write(&file, format!("database = \"{address}\"\n")).unwrap();
            assert!(refused(None, &nothing).contains("the configuration"));
        }
    }

    #[test]
    fn without_a_home_paths_that_are_given_still_work() {
        let nothing = Environment::fixed([("HOME", "")]);
        let config = load(Some(Path::new("/dev/null")), &[], &nothing).unwrap();
        check(config.locate_database(Some(Path::new("f.db"))).ok().as_ref(), Some((Path::new("f.db"), "--db")));
        let error = config.locate_database(None).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("give it with `--db FILE` or `TONGBU_DB=FILE`"));
        assert!(locate_new_config(None, &nothing).is_err());
    }
}
