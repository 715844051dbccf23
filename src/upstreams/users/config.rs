//! The section `[users]`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::backoff::Backoff;
use crate::config::{Error, HttpSettings, SecretOrPlain, SecretRef, Span, bounds};
use crate::upstreams::accounts::AccountSettings;

/// The placeholder of a user's id in a URL or a key.
pub const USER_ID: &str = "{user_id}";

/// No service takes more events in one request.
const MAX_BATCH: usize = 10_000;

/// A user who expires later than this is not meant to expire.
const MAX_TTL: Span = Span::from_millis(10 * bounds::YEAR);

/// Left of a lease after the last request that may begin: enough to store how it ended.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// Where events come from, where they go, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub source: Source,
    pub redis_url: Option<SecretOrPlain>,
    pub stream: String,
    pub group: String,
    /// Requests in flight at one target.
    #[serde(deserialize_with = "bounds::count::<1, 256, _, _>")]
    pub workers: usize,
    /// Deliveries of one target a pass holds in memory.
    #[serde(deserialize_with = "bounds::count::<1, 1_000_000, _, _>")]
    pub queue_size: u64,
    /// Of one request.
    #[serde(deserialize_with = "bounds::span::<1, { bounds::HOUR }, _>")]
    pub timeout: Span,
    /// After that many a delivery is dead.
    #[serde(deserialize_with = "bounds::count::<1, 10_000, _, _>")]
    pub max_attempts: u32,
    #[serde(deserialize_with = "bounds::span::<1, { bounds::DAY }, _>")]
    pub backoff: Span,
    #[serde(deserialize_with = "bounds::span::<1, { 30 * bounds::DAY }, _>")]
    pub backoff_cap: Span,
    #[serde(deserialize_with = "bounds::span::<0, { 10 * bounds::YEAR }, _>")]
    pub keep_delivered: Span,
    /// Between two checks of the targets inside `sync users`.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::YEAR }, _>")]
    pub check_every: Span,
    /// Whether these repair what they find.
    pub auto_repair: bool,
    #[serde(deserialize_with = "bounds::lock_ttl")]
    pub lock_ttl: Span,
    pub targets: Vec<TargetConfig>,
    /// Of HTTP targets; what it says of retries does not count, for those are the queue's.
    pub http: HttpSettings,
}

/// Where events come from, besides those that are emitted.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Outbox,
    Redis,
}

/// One target.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TargetConfig {
    Http(HttpTargetConfig),
    Redis(RedisTargetConfig),
    Command(CommandTargetConfig),
}

/// A service that takes events by HTTP.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTargetConfig {
    pub name: String,
    #[serde(default = "enabled")]
    pub enabled: bool,
    pub url: String,
    #[serde(default = "post")]
    pub method: String,
    /// Where it shows a user; `{user_id}` is replaced by the id.
    #[serde(default)]
    pub check_url: Option<String>,
    #[serde(default)]
    pub auth: Option<AuthConfig>,
    #[serde(default)]
    pub signing_secret: Option<SecretRef>,
    /// More than 0: up to that many events in one request.
    #[serde(default)]
    pub batch: usize,
}

/// How we show who we are.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum AuthConfig {
    Bearer(SecretRef),
    Basic { username: String, password: SecretRef },
}

/// A Redis that holds each user under a key.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RedisTargetConfig {
    pub name: String,
    #[serde(default = "enabled")]
    pub enabled: bool,
    pub url: SecretOrPlain,
    #[serde(default = "user_key")]
    pub key: String,
    #[serde(default = "a_day")]
    pub ttl: Span,
}

/// A program that takes each event on its standard input.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CommandTargetConfig {
    pub name: String,
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
}

const fn enabled() -> bool {
    true
}

fn post() -> String {
    "POST".to_owned()
}

fn user_key() -> String {
    format!("user:{USER_ID}")
}

const fn a_day() -> Span {
    Span::from_secs(24 * 60 * 60)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            source: Source::Outbox,
            redis_url: None,
            stream: "user_events".to_owned(),
            group: "tongbu".to_owned(),
            workers: 3,
            queue_size: 1000,
            timeout: Span::from_secs(30),
            max_attempts: 8,
            backoff: Span::from_secs(5),
            backoff_cap: Span::from_secs(60 * 60),
            keep_delivered: Span::from_secs(7 * 24 * 60 * 60),
            check_every: Span::from_secs(5 * 60),
            auto_repair: true,
            lock_ttl: Span::from_secs(30 * 60),
            targets: Vec::new(),
            http: HttpSettings::default(),
        }
    }
}

impl Config {
    /// Checks what the types cannot; resolves nothing.
    pub fn check(&self) -> Result<(), Error> {
        for (key, is_valid, reason) in [
            ("backoff_cap", self.backoff_cap.0 >= self.backoff.0, "must not be shorter than `backoff`"),
            (
                "lock_ttl",
                self.lock_ttl.0 > 2 * self.margin(),
                "must be longer than two requests may take: more than twice `timeout`, and 10s more",
            ),
            (
                "redis_url",
                self.source == Source::Outbox || self.redis_url.is_some(),
                "is missing: `source = \"redis\"` needs it",
            ),
            ("stream", !self.stream.is_empty(), "must not be empty"),
            ("group", !self.group.is_empty(), "must not be empty"),
        ] {
            if !is_valid {
                return Err(invalid(key, reason));
            }
        }
        self.targets.iter().try_for_each(TargetConfig::check)
    }

    pub fn backoff(&self) -> Backoff {
        Backoff { first: self.backoff.0, cap: self.backoff_cap.0 }
    }

    /// No request begins when less than this is left of the lease.
    pub fn margin(&self) -> Duration {
        self.timeout.0 + LEASE_MARGIN
    }

    /// The names of the targets that are there: one that is not enabled is not.
    pub fn target_names(&self) -> Vec<String> {
        self.targets.iter().filter(|target| target.is_enabled()).map(|target| target.name().to_owned()).collect()
    }
}

impl AccountSettings for TargetConfig {
    const KEY: &'static str = "targets";
    const NOUN: &'static str = "target";

    fn name(&self) -> &str {
        match self {
            Self::Http(target) => &target.name,
            Self::Redis(target) => &target.name,
            Self::Command(target) => &target.name,
        }
    }

    fn is_enabled(&self) -> bool {
        match self {
            Self::Http(target) => target.enabled,
            Self::Redis(target) => target.enabled,
            Self::Command(target) => target.enabled,
        }
    }
}

impl TargetConfig {
    fn check(&self) -> Result<(), Error> {
        match self {
            Self::Command(target) => match target.command.first() {
                Some(program) if program.starts_with('/') => Ok(()),
                Some(_) | None => Err(invalid(&self.key("command"), "must begin with the absolute path of a program")),
            },
            Self::Http(target) => {
                parse_url(&target.url, &self.key("url"))?;
                if !METHODS.contains(&target.method.as_str()) {
                    return Err(invalid(&self.key("method"), format!("must be one of {}", METHODS.join(", "))));
                }
                if let Some(check_url) = &target.check_url {
                    let key = self.key("check_url");
                    if !check_url.contains(USER_ID) {
                        return Err(invalid(&key, format!("must hold `{USER_ID}` where the user's number goes")));
                    }
                    parse_url(&check_url.replace(USER_ID, "1"), &key)?;
                }
                self.check_bounds("batch", target.batch, 0, MAX_BATCH)
            }
            Self::Redis(target) => {
                let key = self.key("key");
                if target.key.matches(USER_ID).count() != 1 {
                    return Err(invalid(&key, format!("must hold `{USER_ID}` once, where the user's number goes")));
                }
                self.check_bounds("ttl", target.ttl, Span::from_secs(1), MAX_TTL)
            }
        }
    }

    /// Serde loses the key of a setting below `kind`.
    fn check_bounds<T: Copy + PartialOrd + fmt::Display>(
        &self,
        setting: &str,
        value: T,
        min: T,
        max: T,
    ) -> Result<(), Error> {
        bounds::within(value, min, max).map(drop).map_err(|reason| invalid(&self.key(setting), reason))
    }

    /// The dotted path of one of its settings, without the section.
    fn key(&self, setting: &str) -> String {
        format!("targets.{}.{setting}", self.name())
    }

    /// The dotted path of one of its settings, with the section.
    pub fn full_key(&self, setting: &str) -> String {
        format!("users.{}", self.key(setting))
    }
}

/// Those that carry an event in their body.
const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];

fn parse_url(text: &str, key: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| invalid(key, format!("not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(key, "unsupported URL scheme; use http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(key, "holds a user name or a password: write `auth = { basic = … }` instead"));
    }
    Ok(url)
}

fn invalid(key: &str, reason: impl Into<String>) -> Error {
    Error::Invalid { key: format!("users.{key}"), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::{Config, TargetConfig};

    const HTTP: &str = r#"
        name = "auth"
        kind = "http"
        url = "http://127.0.0.1:8207/sync"
    "#;
    const REDIS: &str = r#"
        name = "cache"
        kind = "redis"
        url = "redis://127.0.0.1:6379"
    "#;

    const COMMAND: &str = r#"
        name = "own"
        kind = "command"
        command = ["/usr/bin/true", "a b"]
    "#;

    fn target(text: &str) -> TargetConfig {
        toml::from_str(text).unwrap()
    }

    fn check(text: &str, expected: Result<(), &str>) {
        let config = Config { targets: vec![target(text)], ..Config::default() };
        let checked = config.check().map_err(|error| error.to_string());
        match expected {
            Ok(()) => assert_eq!(checked, Ok(()), "{text}"),
            Err(part) => assert!(checked.clone().is_err_and(|message| message.contains(part)), "{text}: {checked:?}"),
        }
    }

    #[test]
    fn setting_that_cannot_work_is_named() {
        check(HTTP, Ok(()));
        check(REDIS, Ok(()));
        check(COMMAND, Ok(()));
        check(&COMMAND.replace("/usr/bin/true", "true"), Err("users.targets.own.command"));
        check(&COMMAND.replace(r#""/usr/bin/true", "a b""#, ""), Err("users.targets.own.command"));
        check(&HTTP.replace("http://", "ftp://"), Err("users.targets.auth.url"));
        check(&HTTP.replace("http://", "http://me:pw@"), Err("`auth = { basic = … }`"));
        check(&format!("{HTTP}\ncheck_url = \"http://127.0.0.1/users\""), Err("users.targets.auth.check_url"));
        check(&format!("{HTTP}\ncheck_url = \"http://127.0.0.1/users/{{user_id}}\""), Ok(()));
        check(&format!("{REDIS}\nttl = \"0s\""), Err("`users.targets.cache.ttl`: must be from 1s to 3660d, not 0"));
        check(&format!("{HTTP}\nbatch = 10001"), Err("`users.targets.auth.batch`: must be from 0 to 10000, not 10001"));
        check(&format!("{REDIS}\nkey = \"user\""), Err("users.targets.cache.key"));
        assert!(toml::from_str::<TargetConfig>(&format!("{HTTP}\nurll = \"x\"")).is_err());
        assert!(toml::from_str::<TargetConfig>(&REDIS.replace("//", "//:hunter2@")).is_err());
    }

    #[test]
    fn disabled_target_is_not_listed() {
        let both = vec![target(&format!("{HTTP}\nenabled = false")), target(REDIS)];
        assert_eq!(Config { targets: both, ..Config::default() }.target_names(), ["cache"]);
    }

    #[test]
    fn a_lease_outlasts_the_requests_made_under_it() {
        let short: Config = toml::from_str("lock_ttl = \"70s\"").unwrap();
        assert!(short.check().is_err_and(|error| error.to_string().contains("users.lock_ttl")));
        let redis: Config = toml::from_str("source = \"redis\"").unwrap();
        assert!(redis.check().is_err_and(|error| error.to_string().contains("users.redis_url")));
    }
}
