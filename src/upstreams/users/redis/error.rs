//! What can go wrong with Redis; no text of it carries a URL or a secret.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerError};

use super::address::Address;
use crate::error::Class;
use crate::secret::scrub;
use crate::text::safe;
use crate::upstreams;

/// More of what a server says than this does not help.
const MAX_FAULT_CHARACTERS: usize = 300;

/// The server cannot do it now, or not here; later the same command may succeed.
const PASSING: [&str; 11] = [
    "BUSY",
    "CLUSTERDOWN",
    "EXECABORT",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "NOREPLICAS",
    "OOM",
    "READONLY",
    "TRYAGAIN",
    "UNBLOCKED",
];

/// The server is part of a cluster, and the key is on another one.
const CLUSTER: [&str; 3] = ["ASK", "CROSSSLOT", "MOVED"];

/// The text of a server that has no such database.
const NO_DATABASE: &str = "DB index is out of range";

/// What the library says where a server refuses the database that the URL names.
const NO_SWITCH: &str = "refused to switch database";

/// Who we are is unknown, or not enough.
const CREDENTIALS: [&str; 4] = ["DENIED", "NOAUTH", "NOPERM", "WRONGPASS"];

/// The text of a server that has no connection left; its code is that of any error without one.
const TOO_MANY_CLIENTS: &str = "max number of clients reached";

/// A command that failed, or that could not be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot use the URL of redis: {reason}")]
    Url { reason: Box<str> },

    #[error("cannot keep users in redis under `{}`: {reason}", safe(pattern))]
    Key { pattern: Box<str>, reason: &'static str },

    /// Numbers that a script cannot compare exactly.
    #[error("cannot compare the version {at_ms}, {seq} in redis: a number is 2^53 or more")]
    Version { at_ms: i64, seq: i64 },

    /// No connection: refused, no such host, TLS broken off.
    #[error("cannot connect to redis at `{address}`")]
    Connect {
        address: Address,
        #[source]
        source: Fault,
    },

    /// The other side could not prove who it is; time alone does not mend that.
    #[error("cannot trust the certificate of redis at `{address}`")]
    Certificate {
        address: Address,
        #[source]
        source: Fault,
    },

    #[error("cannot get an answer from redis at `{address}` to {command}: nothing came within {limit:?}")]
    Timeout { address: Address, command: &'static str, limit: Duration },

    /// The connection ended before the answer came; whether the command was executed is not known.
    #[error("cannot get an answer from redis at `{address}` to {command}: the connection was lost")]
    Lost {
        address: Address,
        command: &'static str,
        #[source]
        source: Fault,
    },

    /// The server answered with an error.
    #[error("redis at `{address}` refuses {command}")]
    Refused {
        address: Address,
        command: &'static str,
        /// The first word of its error, `WRONGTYPE`.
        code: Box<str>,
        class: Class,
        #[source]
        source: Fault,
    },

    /// An answer of another shape than the command has.
    #[error("cannot read the answer of redis at `{address}` to {command}: {problem}")]
    Unreadable { address: Address, command: &'static str, problem: &'static str },

    /// The run was cancelled, by signal or because its lease was lost.
    #[error("cancelled while talking to redis at `{address}`")]
    Cancelled { address: Address },

    #[error("cannot go on talking to redis at `{address}`: the run's time is used up")]
    Deadline { address: Address },
}

/// What the library or the server says, without secrets and control characters.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fault(Box<str>);

impl From<Error> for upstreams::Error {
    fn from(error: Error) -> Self {
        upstreams::UpstreamSpecific { class: error.class(), hint: error.hint(), error: Box::new(error) }.into()
    }
}

impl Error {
    pub const fn class(&self) -> Class {
        match self {
            Self::Url { .. } | Self::Key { .. } => Class::Config,
            Self::Connect { .. } | Self::Timeout { .. } | Self::Lost { .. } => Class::Unavailable,
            Self::Refused { class, .. } => *class,
            Self::Version { .. } | Self::Certificate { .. } | Self::Unreadable { .. } => Class::Contract,
            Self::Cancelled { .. } => Class::Interrupted,
            Self::Deadline { .. } => Class::Deadline,
        }
    }

    /// What to do next, where there is something more exact than the class's own hint.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Connect { address, .. } | Self::Timeout { address, .. } | Self::Lost { address, .. } => {
                format!("see what `{}` says", address.ping_command())
            }
            Self::Certificate { address, .. } => format!(
                "check this machine's clock and CA certificates, then see what `{}` says",
                address.ping_command()
            ),
            Self::Url { .. } => "write it as `redis://[user[:password]@]host[:port][/db]`".to_owned(),
            Self::Key { .. } => "write it like `user:{user_id}`".to_owned(),
            Self::Refused { class: Class::Config, .. } => {
                "name a database that the server has, and a server that is no cluster".to_owned()
            }
            Self::Refused { .. }
            | Self::Version { .. }
            | Self::Unreadable { .. }
            | Self::Cancelled { .. }
            | Self::Deadline { .. } => return None,
        })
    }

    /// The server's own code, where it answered with one.
    pub fn code(&self) -> Option<&str> {
        if let Self::Refused { code, .. } = self { Some(code) } else { None }
    }

    /// What failed while the connection was made.
    pub(super) fn connecting(address: &Address, error: RedisError) -> Self {
        let is_distrust = is_certificate(&error);
        // The library keeps what the server answers to SELECT to itself.
        if error.to_string().contains(NO_SWITCH) {
            let (address, source) = (address.clone(), Fault::new(&error));
            let class = if source.0.contains("permission") { Class::Auth } else { Class::Config };
            return Self::Refused { address, command: "SELECT", code: "ERR".into(), class, source };
        }
        let error = Self::of(address, "AUTH", error);
        let Self::Lost { address, source, .. } = error else { return error };
        if is_distrust { Self::Certificate { address, source } } else { Self::Connect { address, source } }
    }

    /// What the library says of a command.
    pub(super) fn of(address: &Address, command: &'static str, error: RedisError) -> Self {
        let (address, kind, source) = (address.clone(), error.kind(), Fault::new(&error));
        if kind == ErrorKind::InvalidClientConfig {
            return Self::Url { reason: source.0 };
        }
        if kind == ErrorKind::AuthenticationFailed && !source.0.contains(TOO_MANY_CLIENTS) {
            return Self::Refused { address, command, code: "WRONGPASS".into(), class: Class::Auth, source };
        }
        if matches!(kind, ErrorKind::Parse | ErrorKind::UnexpectedReturnType) {
            return Self::Unreadable { address, command, problem: "it is not what the command answers" };
        }
        match error.into_server_errors().as_deref() {
            Some([(_, refusal), ..]) => {
                let (code, class) = evaluate(refusal);
                Self::Refused { address, command, code, class, source: Fault::of_server(refusal) }
            }
            // Without an answer of the server's it is the connection.
            Some([]) | None => Self::Lost { address, command, source },
        }
    }
}

impl Fault {
    fn new(error: &RedisError) -> Self {
        Self::cut(&error.to_string())
    }

    fn of_server(refusal: &ServerError) -> Self {
        Self::cut(&format!("{} {}", refusal.code(), refusal.details().unwrap_or_default()))
    }

    fn cut(text: &str) -> Self {
        let text = scrub(text.trim());
        Self(safe(&text).chars().take(MAX_FAULT_CHARACTERS).collect::<String>().into())
    }
}

/// The library shares what failed, and what failed is behind an I/O error.
fn is_certificate(error: &RedisError) -> bool {
    let shared = error.source().and_then(|source| source.downcast_ref::<Arc<dyn StdError + Send + Sync>>());
    let io = shared.and_then(|shared| shared.downcast_ref::<io::Error>()).and_then(io::Error::get_ref);
    matches!(io.and_then(|inner| inner.downcast_ref()), Some(rustls::Error::InvalidCertificate(_)))
}

/// The code of a server's error and what it means to us.
fn evaluate(refusal: &ServerError) -> (Box<str>, Class) {
    let (code, details) = (refusal.code(), refusal.details().unwrap_or_default());
    // Before Redis 7 an error inside a script has the code `ERR`, and its own code behind a minus.
    let inner = || details.split_whitespace().filter_map(|word| word.strip_prefix('-'));
    let code = if code == "ERR" { inner().find(|word| is_known(word)).unwrap_or(code) } else { code };
    let class = if CREDENTIALS.contains(&code) {
        Class::Auth
    } else if PASSING.contains(&code) || details.contains(TOO_MANY_CLIENTS) {
        Class::Unavailable
    } else if CLUSTER.contains(&code) || details.contains(NO_DATABASE) {
        Class::Config
    } else {
        Class::Contract
    };
    (code.into(), class)
}

fn is_known(code: &str) -> bool {
    PASSING.contains(&code) || CREDENTIALS.contains(&code)
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, RedisError, make_extension_error};

    use super::Error;
    use crate::error::Class;
    use crate::secret::Secret;
    use crate::upstreams::users::redis::address::Address;

    fn address() -> Address {
        Address::parse(&Secret::new("redis://cache.example:6380".to_owned())).unwrap().0
    }

    /// What the server says → the class.
    fn check(code: &str, details: &str, expected: Class) {
        let refusal = make_extension_error(code.to_owned(), Some(details.to_owned()));
        let error = Error::of(&address(), "SET", refusal);
        assert_eq!(error.class(), expected, "{code} {details}: {error:?}");
    }

    #[test]
    fn what_a_server_says_has_a_class() {
        check("NOAUTH", "Authentication required.", Class::Auth);
        check("WRONGPASS", "invalid username-password pair or user is disabled.", Class::Auth);
        check("NOPERM", "this user has no permissions to run the 'set' command", Class::Auth);
        check("LOADING", "Redis is loading the dataset in memory", Class::Unavailable);
        check("READONLY", "You can't write against a read only replica.", Class::Unavailable);
        check("CLUSTERDOWN", "The cluster is down", Class::Unavailable);
        check("OOM", "command not allowed when used memory > 'maxmemory'.", Class::Unavailable);
        check("MISCONF", "Redis is configured to save RDB snapshots, but it is unable to", Class::Unavailable);
        check("ERR", "max number of clients reached", Class::Unavailable);
        check("ERR", "Error running script (call to f_12): @user_script:1: -OOM command not", Class::Unavailable);
        check("WRONGTYPE", "Operation against a key holding the wrong kind of value", Class::Contract);
        check("MOVED", "3999 127.0.0.1:6381", Class::Config);
        check("ERR", "DB index is out of range", Class::Config);
        check("ERR", "unknown command 'XAUTOCLAIM'", Class::Contract);
    }

    #[test]
    fn a_text_is_harmless_and_without_secrets() {
        let _password = Secret::new("hunter2-canary".to_owned());
        let refusal = make_extension_error("ERR".to_owned(), Some("with hunter2-canary\u{1b}[31m".to_owned()));
        let error = Error::of(&address(), "SET", refusal);
        assert_eq!(error.to_string(), "redis at `cache.example:6380` refuses SET");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "ERR with ***\\u{1b}[31m");
    }

    #[test]
    fn without_an_answer_the_connection_was_lost_or_never_made() {
        let dropped = || RedisError::from((ErrorKind::Io, "broken pipe"));
        assert!(matches!(Error::of(&address(), "SET", dropped()), Error::Lost { .. }));
        assert!(matches!(Error::connecting(&address(), dropped()), Error::Connect { .. }));
        let database = (ErrorKind::UnexpectedReturnType, "Redis server refused to switch database");
        assert_eq!(Error::connecting(&address(), database.into()).class(), Class::Config);
        let full = (ErrorKind::AuthenticationFailed, "refused", "max number of clients reached".to_owned());
        assert_eq!(Error::connecting(&address(), full.into()).class(), Class::Unavailable);
    }
}
