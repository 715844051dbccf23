//! The section `[tasks]`.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{self, Error, HttpSettings, SecretRef, Span, bounds};
use crate::secret::Secret;
use crate::zone;

/// The platform's own zone: what its local times mean where no `time_zone` is configured.
pub const DEFAULT_ZONE: &str = "Asia/Shanghai";

/// How the platform is reached and read.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The vendor's, or that of a white-label twin.
    pub base_url: String,
    /// The one way to log in; `username` with `password` is the other.
    pub secret: Option<SecretRef>,
    pub username: Option<String>,
    pub password: Option<SecretRef>,
    pub list_path: String,
    /// The vendor allows no more than 1000.
    #[serde(deserialize_with = "bounds::count::<1, 1_000, _, _>")]
    pub page_size: u32,
    /// Tasks stored in one transaction.
    #[serde(deserialize_with = "bounds::count::<1, 10_000, _, _>")]
    pub batch_size: usize,
    #[serde(deserialize_with = "bounds::lock_ttl")]
    pub lock_ttl: Span,
    /// How many days before today the historical window begins.
    #[serde(deserialize_with = "bounds::count::<1, 3_660, _, _>")]
    pub historical_days: u32,
    pub parameters: Parameters,
    pub fields: Fields,
    pub packages: PackagesConfig,
    pub http: HttpSettings,
}

/// What the list's query parameters are called.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    pub page: String,
    pub page_size: String,
    pub from: String,
    pub to: String,
}

/// What a task's fields are called upstream: the first name with a value wins.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    pub id: Vec<String>,
    pub name: Vec<String>,
    pub state: Vec<String>,
    pub total_number: Vec<String>,
    pub called_number: Vec<String>,
    pub connected_number: Vec<String>,
    pub success_number: Vec<String>,
    pub created_at: Vec<String>,
    pub started_at: Vec<String>,
    pub ended_at: Vec<String>,
}

/// Where packages come from with each pass; without an address only `packages import` brings them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PackagesConfig {
    /// Of a CSV file, or of a list in JSON.
    pub url: Option<String>,
    /// Sent as the header of that name.
    pub authorization: Option<SecretRef>,
    /// Packages that are not in a complete answer are removed.
    pub delete_missing: bool,
}

/// What a token is requested with.
#[derive(Clone, Debug)]
pub enum Credentials {
    Secret(Secret),
    Password { username: String, password: Secret },
}

impl Config {
    /// Checks what the types do not say. The base address is checked where the client is made.
    pub fn check(&self) -> Result<(), Error> {
        for (key, is_valid, reason) in [
            ("list_path", self.list_path.starts_with('/'), "must begin with `/`"),
            ("fields.id", !self.fields.id.is_empty(), "must name at least one field"),
            ("fields.name", !self.fields.name.is_empty(), "must name at least one field"),
        ] {
            if !is_valid {
                return Err(invalid(key, reason));
            }
        }
        self.packages.address().map(drop)
    }

    /// Resolves the one configured way to log in.
    pub fn credentials(&self) -> Result<Credentials, Error> {
        match (&self.secret, &self.username, &self.password) {
            (Some(secret), None, None) => Ok(Credentials::Secret(secret.resolve("tasks.secret")?)),
            (None, Some(username), Some(password)) => {
                Ok(Credentials::Password { username: username.clone(), password: password.resolve("tasks.password")? })
            }
            (None, None, None) => Err(invalid("secret", "is missing: set it, or `username` with `password`")),
            (Some(_), _, _) => {
                Err(invalid("secret", "cannot be set together with `username` or `password`: keep one way"))
            }
            (None, Some(_), None) => Err(invalid("password", "is missing beside `username`")),
            (None, None, Some(_)) => Err(invalid("username", "is missing beside `password`")),
        }
    }
}

impl PackagesConfig {
    /// The address, checked.
    pub fn address(&self) -> Result<Option<Url>, Error> {
        let Some(text) = &self.url else {
            return match (&self.authorization, self.delete_missing) {
                (None, false) => Ok(None),
                (Some(_), _) => Err(invalid("packages.url", "is missing beside `authorization`")),
                (None, true) => Err(invalid("packages.url", "is missing beside `delete_missing`")),
            };
        };
        let url = Url::parse(text).map_err(|error| invalid("packages.url", &format!("not a URL: {error}")))?;
        let is_protected = url.scheme() == "https" || (url.scheme() == "http" && bounds::is_loopback(&url));
        if !is_protected {
            return Err(invalid("packages.url", "must begin with `https://`, or lead to this machine"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let reason = "must not hold a user name or a password: give them as `packages.authorization`";
            return Err(invalid("packages.url", reason));
        }
        Ok(Some(url))
    }
}

/// The zone of the windows and of local times: the configured one, else the platform's.
pub fn zone(config: &config::Config) -> Result<TimeZone, Error> {
    match config.settings().time_zone {
        Some(_) => config.time_zone(),
        None => zone::find(DEFAULT_ZONE).ok_or_else(|| Error::Invalid {
            key: "time_zone".to_owned(),
            reason: format!("cannot use the default `{DEFAULT_ZONE}`: it is not known here"),
        }),
    }
}

fn invalid(key: &str, reason: &str) -> Error {
    Error::Invalid { key: format!("tasks.{key}"), reason: reason.to_owned() }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: "https://open-api.gooki.com".to_owned(),
            secret: None,
            username: None,
            password: None,
            list_path: "/task/list".to_owned(),
            page_size: 1000,
            batch_size: 50,
            lock_ttl: Span::from_secs(30 * 60),
            historical_days: 3,
            parameters: Parameters::default(),
            fields: Fields::default(),
            packages: PackagesConfig::default(),
            http: HttpSettings::default(),
        }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            page: "page".to_owned(),
            page_size: "pageSize".to_owned(),
            from: "startTime".to_owned(),
            to: "endTime".to_owned(),
        }
    }
}

impl Default for Fields {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        Self {
            id: names(&["id", "taskId"]),
            name: names(&["taskName", "TaskName", "name"]),
            state: names(&["state"]),
            total_number: names(&["totalNumber"]),
            called_number: names(&["calledNumber"]),
            connected_number: names(&["connectedNumber"]),
            success_number: names(&["successNumber"]),
            created_at: names(&["createTime"]),
            started_at: names(&["startTime"]),
            ended_at: names(&["endTime"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Config, Fields, Parameters, zone};

    fn read(text: &str) -> Config {
        toml::from_str(text).unwrap()
    }

    fn check(text: &str, expected: &str) {
        let config = read(text);
        let error = config.check().err().or_else(|| config.credentials().err()).unwrap();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_empty_section_has_the_documented_defaults() {
        let config = read("");
        config.check().unwrap();
        assert_eq!(config.base_url, "https://open-api.gooki.com");
        assert_eq!((config.list_path.as_str(), config.page_size, config.batch_size), ("/task/list", 1000, 50));
        assert_eq!((config.lock_ttl.0, config.historical_days), (Duration::from_secs(1800), 3));
    }

    #[test]
    fn a_field_keeps_the_defaults_of_the_others() {
        let fields: Fields = toml::from_str(r#"name = ["title"]"#).unwrap();
        assert_eq!(fields, Fields { name: vec!["title".to_owned()], ..Fields::default() });
        let parameters: Parameters = toml::from_str(r#"page = "pageNo""#).unwrap();
        assert_eq!(parameters, Parameters { page: "pageNo".to_owned(), ..Parameters::default() });
        assert!(toml::from_str::<Fields>(r#"nmae = ["title"]"#).is_err());
    }

    #[test]
    fn a_value_that_cannot_work_is_refused_by_its_key() {
        check("list_path = \"task\"", "`tasks.list_path`: must begin with `/`");
        check("fields.id = []", "`tasks.fields.id`: must name at least one field");
    }

    #[test]
    fn packages_come_over_https_or_from_this_machine() {
        for url in
            ["https://bi.example.com/p.csv?x=1", "http://127.0.0.1:8080/p", "http://[::1]/p", "http://localhost/p"]
        {
            assert!(read(&format!("packages.url = \"{url}\"")).packages.address().unwrap().is_some(), "{url}");
        }
        let unprotected = "`tasks.packages.url`: must begin with `https://`, or lead to this machine";
        check("packages.url = \"http://bi.example.com/p.csv\"", unprotected);
        check("packages.url = \"file:///p.csv\"", unprotected);
        check("packages.url = \"http://127.0.0.1.example.com/\"", unprotected);
        check("packages.url = \"p.csv\"", "`tasks.packages.url`: not a URL: relative URL without a base");
        check(
            "packages.url = \"https://a:b@example.com/\"",
            "`tasks.packages.url`: must not hold a user name or a password: give them as `packages.authorization`",
        );
        check("packages.delete_missing = true", "`tasks.packages.url`: is missing beside `delete_missing`");
        check("packages.authorization = { env = \"P\" }", "`tasks.packages.url`: is missing beside `authorization`");
    }

    #[test]
    fn there_is_one_way_to_log_in() {
        check("", "`tasks.secret`: is missing: set it, or `username` with `password`");
        check("username = \"u\"", "`tasks.password`: is missing beside `username`");
        check("password = { env = \"P\" }", "`tasks.username`: is missing beside `password`");
        check(
            "username = \"u\"\nsecret = { env = \"S\" }",
            "`tasks.secret`: cannot be set together with `username` or `password`: keep one way",
        );
    }

    #[test]
    fn the_template_is_a_section_that_can_be_read() {
        let template = include_str!("template.toml");
        let all: String =
            template.lines().map(|line| line.strip_prefix('#').unwrap_or(line).to_owned() + "\n").collect();
        let all: String =
            all.lines().filter(|line| !line.starts_with(' ')).map(|line| line.to_owned() + "\n").collect();
        let mut table: toml::Table = toml::from_str(&all).unwrap();
        let config: Config = table.remove("tasks").unwrap().try_into().unwrap();
        assert!(table.is_empty());
        config.check().unwrap();
        assert_eq!((config.parameters, config.fields), (Parameters::default(), Fields::default()));
    }

    #[test]
    fn the_zone_is_the_platforms_unless_configured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        for (text, expected) in [("", "Asia/Shanghai"), ("time_zone = \"Europe/Berlin\"", "Europe/Berlin")] {
            std::fs::write(&path, text).unwrap();
            let config = crate::config::load(Some(&path), &[], &crate::config::env::Environment::process()).unwrap();
            assert_eq!(zone(&config).unwrap().iana_name(), Some(expected));
        }
    }
}
