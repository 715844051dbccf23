//! What Fairing is asked, and where its answers lead.
//!
//! Shapes and parameters: the public documentation of `GET /api/questions` and `GET /api/responses`, and what its
//! working clients do.

use jiff::Timestamp;
use strum::{Display, IntoStaticStr, VariantArray};
use url::Url;

use super::config::{Auth, Config};
use crate::http::{Client, Request, Response};
use crate::secret::Secret;
use crate::upstreams::Error;

/// What the oldest API version accepts as `limit`.
pub const OLD_PAGE_SIZE: usize = 100;

/// What an account has; its name is the last part of the scope's name, and of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Kind {
    Questions,
    Responses,
}

/// Which rows to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub kind: Kind,
    /// `limit`; left out where `None`.
    pub page_size: Option<usize>,
    /// Only rows updated since, oldest first.
    pub updated_since: Option<Timestamp>,
}

impl Query {
    /// Path and query of the first page.
    pub fn target(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(limit) = self.page_size {
            query.append_pair("limit", &limit.to_string());
        }
        if let Some(since) = self.updated_since {
            query.append_pair("updated_at_min", &format!("{since:.6}"));
            query.append_pair("sort", "updated_at_asc");
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/api/{}{mark}{query}", self.kind)
    }
}

/// One account's door to the upstream.
#[derive(Clone, Debug)]
pub struct Api {
    pub client: Client,
    authorization: Secret,
}

impl Api {
    pub fn new(client: Client, auth: Auth, token: Secret) -> Self {
        let authorization = match auth {
            Auth::Raw => token,
            Auth::Bearer => Secret::new(format!("Bearer {}", token.expose())),
        };
        Self { client, authorization }
    }

    /// Sends once; answers when the head of a good answer is there.
    pub async fn fetch(&self, target: &str) -> Result<Response, Error> {
        let request = Request::get(target)
            .header("accept", "application/json")
            .secret_header("authorization", &self.authorization);
        Ok(self.client.send(request).await?.error_for_status()?)
    }
}

/// Path and query of the page that `next` names on the page `current`. The key is never sent to the origin `next` names:
/// only what follows it counts.
pub fn next_target(next: &str, current: &str, config: &Config) -> Result<String, Error> {
    let odd = |reason: String| Error::Contract { context: "cannot follow `next`".to_owned(), reason };
    let base = Url::parse(&format!("{}{current}", config.base_url.trim_end_matches('/')))
        .map_err(|error| odd(error.to_string()))?;
    let url = base.join(next).map_err(|error| odd(error.to_string()))?;
    let root = Url::parse(&config.base_url).map_err(|error| odd(error.to_string()))?;
    let prefix = root.path().trim_end_matches('/');
    let path = url.path().strip_prefix(prefix).filter(|path| path.starts_with('/')).unwrap_or(url.path());
    let list = |path: &str| path.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
    if !path.starts_with("/api/") || list(path) != current.split('?').next().and_then(list) {
        return Err(odd(format!("`{path}` is no path of this list")));
    }
    Ok(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

/// Whether both name one page: the order of parameters and how their letters are escaped mean nothing.
pub fn is_same_page(one: &str, other: &str) -> bool {
    let parts = |target: &str| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut parameters: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        parameters.sort();
        (path.trim_end_matches('/').to_owned(), parameters)
    };
    parts(one) == parts(other)
}

#[cfg(test)]
mod tests {
    use super::{Config, Kind, Query, is_same_page, next_target};

    #[test]
    fn one_page_may_be_written_in_several_ways() {
        for (one, other, expected) in [
            ("/api/responses?a=1&b=2", "/api/responses?b=2&a=1", true),
            ("/api/responses?a=x%2fy+z", "/api/responses/?a=x/y%20z", true),
            ("/api/responses", "/api/responses?", true),
            ("/api/responses?a=1", "/api/responses?a=2", false),
            ("/api/responses?a=1", "/api/responses?a=1&b=", false),
            ("/api/responses?a=B", "/api/responses?a=b", false),
            ("/api/responses?a=1", "/api/questions?a=1", false),
        ] {
            assert_eq!(is_same_page(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_path_and_query_of_next_are_followed() {
        let config = Config { base_url: "http://127.0.0.1:9/mirror".to_owned(), ..Config::default() };
        for (next, expected) in [
            ("https://app.fairing.co/api/responses?after=a%20b", Some("/api/responses?after=a%20b")),
            ("http://evil.example/api/responses", Some("/api/responses")),
            ("/api/responses?x=1", Some("/api/responses?x=1")),
            ("/mirror/api/responses?x=1", Some("/api/responses?x=1")),
            ("?after=3", Some("/api/responses?after=3")),
            ("responses?after=3", Some("/api/responses?after=3")),
            ("//evil.example/api/responses?after=3", Some("/api/responses?after=3")),
            ("https://app.fairing.co/api/v2/responses/?after=3", Some("/api/v2/responses/?after=3")),
            ("https://app.fairing.co/admin", None),
            ("/api/questions?after=3", None),
            ("/api/?after=3", None),
            ("javascript:alert(1)", None),
            ("http://[", None),
        ] {
            assert_eq!(next_target(next, "/api/responses?limit=100", &config).ok().as_deref(), expected, "{next}");
        }
    }

    #[test]
    fn the_first_page_carries_only_what_is_asked() {
        let since = "2026-01-02T03:04:05.6Z".parse().ok();
        for (kind, page_size, updated_since, expected) in [
            (Kind::Questions, None, None, "/api/questions"),
            (Kind::Responses, Some(1000), None, "/api/responses?limit=1000"),
            (
                Kind::Responses,
                Some(100),
                since,
                "/api/responses?limit=100&updated_at_min=2026-01-02T03%3A04%3A05.600000Z&sort=updated_at_asc",
            ),
        ] {
            assert_eq!(Query { kind, page_size, updated_since }.target(), expected);
        }
    }
}
