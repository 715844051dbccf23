//! The section `[douban]`.

use serde::{Deserialize, Serialize};

use crate::config::{HttpSettings, SecretRef, Span, bounds};

/// The section `[douban]`, with its defaults. It may be left out altogether.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the explore list and the mobile site's JSON live.
    pub list_url: String,
    /// Where the films' pages live, and the other list.
    pub page_url: String,
    /// How many of the newest films are listed.
    #[serde(deserialize_with = "bounds::count::<1, 10_000, _, _>")]
    pub limit: usize,
    /// Between two requests, at least; also after a failure.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::HOUR }, _>")]
    pub interval: Span,
    #[serde(deserialize_with = "bounds::lock_ttl")]
    pub lock_ttl: Span,
    /// How long nothing is fetched after a block.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::DAY }, _>")]
    pub not_before_after_block: Span,
    /// Sent as it is, to both origins.
    pub cookie: Option<SecretRef>,
    pub http: HttpSettings,
}

impl Default for Config {
    fn default() -> Self {
        const MINUTE_SECONDS: u64 = 60;
        Self {
            list_url: "https://m.douban.com".to_owned(),
            page_url: "https://movie.douban.com".to_owned(),
            limit: 80,
            interval: Span::from_secs(2),
            lock_ttl: Span::from_secs(30 * MINUTE_SECONDS),
            not_before_after_block: Span::from_secs(30 * MINUTE_SECONDS),
            cookie: None,
            http: HttpSettings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_template_holds_every_key_with_its_default() {
        let lines = include_str!("template.toml").lines();
        let keys = lines.filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')));
        let uncommented = keys.collect::<Vec<_>>().join("\n");
        let mut table: toml::Table = uncommented.parse().unwrap();
        let section = table.remove("douban").unwrap();
        for key in ["list_url", "page_url", "limit", "interval", "lock_ttl", "not_before_after_block", "cookie"] {
            assert!(section.get(key).is_some(), "{key}");
        }
        let parsed: Config = section.try_into().unwrap();
        // There is no default cookie; the template shows one by example.
        let parsed = Config { cookie: None, ..parsed };
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Config::default()));
    }
}
