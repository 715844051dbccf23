//! Every environment variable tongbu reads, and the only place that reads them.
//!
//! Any key below a section can be overridden by `TONGBU_<SECTION>__<KEY>`, with two underscores between the parts:
//! `TONGBU_FAIRING__BASE_URL` is `base_url` in `[fairing]`, `TONGBU_FAIRING__HTTP__RETRIES` is `retries` in
//! `[fairing.http]`. The value is read as TOML where it is TOML (`true`, `5`, `"5"`, `["a", "b"]`,
//! `{ env = "NAME" }`) and as text otherwise; a list is replaced as a whole. Names with single underscores only are
//! never keys.
//!
//! A variable that is set to nothing counts as not set.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The configuration file, where `--config` is not given.
pub const TONGBU_CONFIG: &str = "TONGBU_CONFIG";
/// The database file, where `--db` is not given.
pub const TONGBU_DB: &str = "TONGBU_DB";
/// The language, where `--lang` is not given; wins over `lang` in the file.
pub const TONGBU_LANG: &str = "TONGBU_LANG";
/// The shell that wants to know what can follow; its completion script sets it.
pub const TONGBU_COMPLETE: &str = "TONGBU_COMPLETE";
/// Set to anything: no colour.
pub const NO_COLOR: &str = "NO_COLOR";
/// Set to anything but `0`: colour even where the output is no terminal.
pub const CLICOLOR_FORCE: &str = "CLICOLOR_FORCE";
/// `dumb`: no colour and no bars.
pub const TERM: &str = "TERM";
/// The width of tables, where the output is no terminal.
pub const COLUMNS: &str = "COLUMNS";
/// The locale, before `LC_MESSAGES` and `LANG`.
pub const LC_ALL: &str = "LC_ALL";
/// The locale that names the encoding, before `LANG`.
pub const LC_CTYPE: &str = "LC_CTYPE";
/// The locale of messages, before `LANG`.
pub const LC_MESSAGES: &str = "LC_MESSAGES";
/// The locale.
pub const LANG: &str = "LANG";
/// The user's name, which `doctor --cron` hands on as cron would.
pub const LOGNAME: &str = "LOGNAME";
/// The same, where `LOGNAME` is not set.
pub const USER: &str = "USER";
/// Where `tongbu/config.toml` is looked for, instead of `~/.config`.
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// Where `tongbu/tongbu.db` is kept, instead of `~/.local/state`.
pub const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
/// The home directory; not needed where the paths are given.
pub const HOME: &str = "HOME";
/// Where systemd puts what `LoadCredential=` names.
pub const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// What the name of an overriding variable begins with.
const OVERRIDE_PREFIX: &str = "TONGBU_";
/// The separator between the parts of its key.
const OVERRIDE_SEPARATOR: &str = "__";

/// The variable's value in the process's environment, if it is set, not empty and valid UTF-8.
pub fn var(name: &str) -> Option<String> {
    Environment::process().var(name)
}

/// Where variables are read from: the process, or a fixed set of them.
#[derive(Clone, Default)]
pub struct Environment(Option<Arc<BTreeMap<String, OsString>>>);

/// A variable that overrides a key.
#[derive(Debug)]
pub struct Override {
    pub variable: String,
    /// The dotted key.
    pub key: String,
    pub value: OsString,
}

impl Environment {
    /// The process's own.
    pub const fn process() -> Self {
        Self(None)
    }

    /// These variables and no others.
    pub fn fixed<V: Into<OsString>>(variables: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        Self(Some(Arc::new(variables)))
    }

    /// The value if it is set, not empty and valid UTF-8.
    pub fn var(&self, name: &str) -> Option<String> {
        self.raw(name)?.into_string().ok().filter(|value| !value.is_empty())
    }

    /// The value as a path, if it is set and not empty; need not be UTF-8.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.raw(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// The value as a directory: absolute, as the XDG rules want it, or ignored.
    pub fn directory(&self, name: &str) -> Option<PathBuf> {
        self.path(name).filter(|path| path.is_absolute())
    }

    /// The value as it is, an empty one included.
    #[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
    pub fn raw(&self, name: &str) -> Option<OsString> {
        match &self.0 {
            None => std::env::var_os(name),
            Some(variables) => variables.get(name).cloned(),
        }
    }

    /// The variables that override a key, in the order of their names.
    #[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
    pub fn overrides(&self) -> Vec<Override> {
        let mut overrides: Vec<Override> = match &self.0 {
            None => {
                std::env::vars_os().filter_map(|(name, value)| as_override(name.into_string().ok()?, value)).collect()
            }
            Some(variables) => {
                variables.iter().filter_map(|(name, value)| as_override(name.clone(), value.clone())).collect()
            }
        };
        overrides.sort_by(|a, b| a.variable.cmp(&b.variable));
        overrides
    }
}

impl fmt::Debug for Environment {
    /// Values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Environment(fixed)" } else { "Environment(process)" })
    }
}

fn as_override(variable: String, value: OsString) -> Option<Override> {
    if value.is_empty() {
        return None;
    }
    let key = if variable == TONGBU_LANG {
        "lang".to_owned()
    } else {
        let parts: Vec<_> = variable.strip_prefix(OVERRIDE_PREFIX)?.split(OVERRIDE_SEPARATOR).collect();
        if parts.len() < 2 || parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        parts.join(".").to_lowercase()
    };
    Some(Override { variable, key, value })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::Environment;

    fn check(variable: &'static str, expected: &[&str]) {
        let keys: Vec<_> = Environment::fixed([(variable, "x")]).overrides().into_iter().map(|o| o.key).collect();
        assert_eq!(keys, expected, "{variable}");
    }

    #[test]
    fn two_underscores_make_a_key_and_one_does_not() {
        check("TONGBU_FAIRING__BASE_URL", &["fairing.base_url"]);
        check("TONGBU_FAIRING__HTTP__RETRIES", &["fairing.http.retries"]);
        check("TONGBU_LANG", &["lang"]);
        check("TONGBU_CONFIG", &[]);
        check("TONGBU_DB", &[]);
        check("TONGBU_PING_URL", &[]);
        check("TONGBU_FAIRING__", &[]);
        check("FAIRING__BASE_URL", &[]);
    }

    #[test]
    fn empty_relative_and_undecodable_values_are_handled_without_a_panic() {
        let undecodable = OsString::from_vec(b"/caf\xe9".to_vec());
        let environment = Environment::fixed([
            ("EMPTY", OsString::new()),
            ("RELATIVE", OsString::from("state")),
            ("LATIN1", undecodable.clone()),
        ]);
        assert_eq!(environment.var("EMPTY"), None);
        assert_eq!(environment.raw("EMPTY"), Some(OsString::new()));
        assert_eq!(environment.directory("RELATIVE"), None);
        assert_eq!(environment.var("LATIN1"), None);
        assert_eq!(environment.directory("LATIN1"), Some(undecodable.into()));
        assert_eq!(environment.var("MISSING"), None);
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Environment::fixed([("TOKEN", "hunter2")])), "Environment(fixed)");
    }
}
