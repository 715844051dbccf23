//! Where a Redis is, without what is needed to get in.

use std::fmt;
use std::sync::Arc;

use redis::{Client, ConnectionAddr, IntoConnectionInfo as _};

use crate::secret::Secret;
use crate::text::safe;

/// Host and port, or the path of a socket, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Arc<Place>);

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Tcp { host: String, port: u16, is_tls: bool },
    Socket(String),
}

impl Address {
    /// Parses a URL, or says what is wrong with it. From then on its password is scrubbed from every text, in both its
    /// forms.
    pub(super) fn parse(url: &Secret) -> Result<(Self, Client), Box<str>> {
        // The parser quotes nothing of its input; the library's own errors are not as careful.
        let parsed = url::Url::parse(url.expose()).map_err(|error| format!("not a URL: {error}"))?;
        if !matches!(parsed.scheme(), "redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix") {
            return Err("unsupported URL scheme; use redis, rediss or unix".into());
        }
        if parsed.fragment().is_some() {
            return Err("it must not have a `#`; certificates are always verified".into());
        }
        if let Some(password) = parsed.password() {
            let _encoded = Secret::new(password.to_owned());
        }
        let info = parsed.into_connection_info().map_err(|_| "its user, password or database is malformed")?;
        if let Some(password) = info.redis_settings().password() {
            let _decoded = Secret::new(password.to_owned());
        }
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Place::Tcp { host: host.clone(), port: *port, is_tls: false },
            ConnectionAddr::TcpTls { host, port, .. } => Place::Tcp { host: host.clone(), port: *port, is_tls: true },
            ConnectionAddr::Unix(path) => Place::Socket(path.display().to_string()),
            // The library may come to know more places than there are URLs of.
            _ => return Err("it names no host".into()),
        };
        let client = Client::open(info).map_err(|_| "the client cannot be made")?;
        Ok((Self(Arc::new(place)), client))
    }

    /// A command that shows whether anybody is there.
    pub(super) fn ping_command(&self) -> String {
        format!("{} ping", self.command_line())
    }

    /// How a command line begins that speaks to it.
    pub(super) fn command_line(&self) -> String {
        match &*self.0 {
            Place::Tcp { host, port, is_tls } => {
                format!("redis-cli{} -h {} -p {port}", if *is_tls { " --tls" } else { "" }, safe(host))
            }
            Place::Socket(path) => format!("redis-cli -s {}", safe(path)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Place::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{}]:{port}", safe(host)),
            Place::Tcp { host, port, .. } => write!(f, "{}:{port}", safe(host)),
            Place::Socket(path) => f.write_str(&safe(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::secret::{Secret, scrub};

    fn parse(url: &str) -> Result<String, Box<str>> {
        Address::parse(&Secret::new(url.to_owned())).map(|(address, _)| address.to_string())
    }

    #[test]
    fn a_message_names_host_and_port_only() {
        for (url, expected) in [
            ("redis://localhost", "localhost:6379"),
            ("redis://user:pa%20ss-canary@cache.example:7000/3", "cache.example:7000"),
            ("rediss://:secret-canary@cache.example", "cache.example:6379"),
            ("redis://[::1]:7000", "[::1]:7000"),
            ("unix:///run/redis.sock?pass=socket-canary", "/run/redis.sock"),
        ] {
            assert_eq!(parse(url).unwrap(), expected);
        }
        // The password is known in both its forms, wherever it turns up.
        for form in ["pa%20ss-canary", "pa ss-canary", "secret-canary", "socket-canary"] {
            assert_eq!(scrub(form), "***");
        }
    }

    #[test]
    fn unusable_url_is_not_quoted() {
        for url in [
            "",
            "cache-canary:6379",
            "http://cache-canary",
            "redis://",
            "redis://0.0.0.0",
            "redis://cache-canary/none",
            "redis://cache-canary:99999",
            "rediss://cache-canary#insecure",
        ] {
            let reason = parse(url).unwrap_err();
            assert!(!reason.contains("canary"), "{reason}");
        }
    }
}
