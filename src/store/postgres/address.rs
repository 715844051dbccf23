//! The address of a database server: `postgres://user@host,host:port/name?sslmode=…`, never with a password.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use url::form_urlencoded;

use crate::secret::Secret;

const DEFAULT_PORT: u16 = 5432;

/// Where a server is and how it is reached.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) security: Security,
    /// The certificates that the server's is checked against, where not those of this machine.
    pub(super) authorities: Option<PathBuf>,
    shown: String,
}

/// How much of the server's identity is checked, as the parameter `sslmode` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// No TLS.
    Disable,
    /// TLS where the server has it, without a check.
    Prefer,
    /// TLS without a check.
    Require,
    /// The certificate has to be signed by a known authority.
    VerifyAuthority,
    /// The certificate has to be the host's, too.
    VerifyFull,
}

/// Why an address is refused. The address itself is not shown: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the address of the database holds a password")]
    Password,
    #[error("cannot read the address of the database")]
    Syntax,
    #[error("the address of the database names no host")]
    NoHost,
    #[error("the address of the database has an unknown `sslmode`")]
    SslMode,
}

impl AddressError {
    pub(in crate::store) fn hint(self) -> String {
        match self {
            Self::Password => {
                "write it without the password, and where that is: `database_password = { env = \"NAME\" }`".to_owned()
            }
            Self::Syntax | Self::NoHost => "it looks like `postgres://USER@HOST:5432/NAME`".to_owned(),
            Self::SslMode => "it is one of disable, prefer, require, verify-ca, verify-full".to_owned(),
        }
    }
}

impl Address {
    /// Reads an address; the password comes from elsewhere.
    pub fn parse(text: &str, password: Option<&Secret>) -> Result<Self, AddressError> {
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut security, mut authorities) = (None, None);
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sslmode" => security = Some(Security::parse(&value)?),
                "sslrootcert" => authorities = Some(PathBuf::from(&*value)),
                "password" => return Err(AddressError::Password),
                _ => _ = rest.append_pair(&name, &value),
            }
        }
        let mut config: Config = format!("{place}?{}", rest.finish()).parse().map_err(|_| AddressError::Syntax)?;
        if config.get_password().is_some() {
            return Err(AddressError::Password);
        }
        if config.get_hosts().is_empty() {
            return Err(AddressError::NoHost);
        }
        let security = security.unwrap_or_else(|| Security::default_for(config.get_hosts()));
        config.ssl_mode(match security {
            Security::Disable => SslMode::Disable,
            Security::Prefer => SslMode::Prefer,
            Security::Require | Security::VerifyAuthority | Security::VerifyFull => SslMode::Require,
        });
        let shown = shown(&config);
        if let Some(password) = password {
            config.password(password.expose());
        }
        Ok(Self { config, security, authorities, shown })
    }

    /// Every host with its port.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Host, u16)> {
        let ports = self.config.get_ports();
        let port = move |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
        self.config.get_hosts().iter().enumerate().map(move |(at, host)| (host, port(at)))
    }
}

impl Security {
    fn parse(text: &str) -> Result<Self, AddressError> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyAuthority,
            "verify-full" => Self::VerifyFull,
            _ => return Err(AddressError::SslMode),
        })
    }

    /// What leaves this machine is checked.
    fn default_for(hosts: &[Host]) -> Self {
        let is_local = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        };
        if hosts.iter().all(is_local) { Self::Prefer } else { Self::VerifyFull }
    }
}

/// The address for people.
fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let name = match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => form_urlencoded::byte_serialize(folder_name(folder).as_bytes()).collect(),
        };
        match ports.get(at).or(ports.first()) {
            Some(port) if *port != DEFAULT_PORT => format!("{name}:{port}"),
            Some(_) | None => name,
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let name = config.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
    format!("postgres://{user}{hosts}{name}")
}

fn folder_name(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, AddressError, Security};
    use crate::secret::Secret;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, Security), AddressError>) {
        let read = Address::parse(text, Some(&Secret::new("gehe1m".to_owned())));
        if let Ok(address) = &read {
            assert!(!format!("{address:?}{address}").contains("gehe1m"));
        }
        let read = read.map(|address| (address.to_string(), address.security));
        assert_eq!(read, expected.map(|(shown, security)| (shown.to_owned(), security)));
    }

    #[test]
    fn what_leaves_this_machine_is_verified_unless_the_address_says_otherwise() {
        check("postgres://a@db.example/x", Ok(("postgres://a@db.example/x", Security::VerifyFull)));
        check("postgresql://a@10.0.0.1:6000/x", Ok(("postgres://a@10.0.0.1:6000/x", Security::VerifyFull)));
        check("postgres://a@localhost/x", Ok(("postgres://a@localhost/x", Security::Prefer)));
        check("postgres://a@127.0.0.1:5432/x", Ok(("postgres://a@127.0.0.1/x", Security::Prefer)));
        check("postgres://a@%2Frun%2Fpg/x", Ok(("postgres://a@%2Frun%2Fpg/x", Security::Prefer)));
        check("postgres://a@localhost,db/x", Ok(("postgres://a@localhost,db/x", Security::VerifyFull)));
        check("postgres://a@db/x?sslmode=require", Ok(("postgres://a@db/x", Security::Require)));
        check("postgres://a@db/x?sslmode=verify-ca", Ok(("postgres://a@db/x", Security::VerifyAuthority)));
        check("postgres://a@db/x?sslmode=disable&connect_timeout=3", Ok(("postgres://a@db/x", Security::Disable)));
    }

    #[test]
    fn an_address_with_a_password_or_a_mistake_is_refused_and_not_shown() {
        check("postgres://a:gehe1m@db/x", Err(AddressError::Password));
        check("postgres://a@db/x?password=gehe1m", Err(AddressError::Password));
        check("postgres://a@db/x?sslmode=verify", Err(AddressError::SslMode));
        check("postgres://a@db/x?sslmod=verify-full", Err(AddressError::Syntax));
        check("postgres:///x", Err(AddressError::NoHost));
        check("postgres://a@db:port/x", Err(AddressError::Syntax));
    }
}
