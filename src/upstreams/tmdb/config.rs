//! The section `[tmdb]`.

use serde::{Deserialize, Serialize};

use crate::config::{HttpSettings, SecretRef, Span, bounds};

/// The section `[tmdb]`, with its defaults.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub base_url: String,
    /// What a poster's path is put behind: the address with one of the sizes.
    pub image_url: String,
    /// The API read access token.
    pub token: Option<SecretRef>,
    /// The language of titles and summaries, such as `zh-CN`.
    pub language: String,
    /// Where that language has none, the first of these that has one.
    pub fallback_languages: Vec<String>,
    /// Only films that were in the cinemas of this country, such as `CN`; empty: all.
    pub region: String,
    /// Films released this many days before today are listed.
    #[serde(deserialize_with = "bounds::count::<0, 36_500, _, _>")]
    pub days_back: u16,
    /// Films to be released this many days after today are listed.
    #[serde(deserialize_with = "bounds::count::<0, 3_650, _, _>")]
    pub days_ahead: u16,
    /// Whether films of other sources are looked for by their `IMDb` ids.
    pub find_others: bool,
    /// An incremental pass lists everything when the last full pass is older.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::YEAR }, _>")]
    pub full_every: Span,
    #[serde(deserialize_with = "bounds::count::<1, 10_000, _, _>")]
    pub requests_per_second: u32,
    #[serde(deserialize_with = "bounds::lock_ttl")]
    pub lock_ttl: Span,
    pub http: HttpSettings,
}

impl Default for Config {
    fn default() -> Self {
        const HOUR_SECONDS: u64 = 60 * 60;
        Self {
            base_url: "https://api.themoviedb.org/3".to_owned(),
            image_url: "https://image.tmdb.org/t/p/w500".to_owned(),
            token: None,
            language: "zh-CN".to_owned(),
            fallback_languages: ["zh-CN", "zh-TW", "en-US"].map(str::to_owned).to_vec(),
            region: String::new(),
            days_back: 30,
            days_ahead: 30,
            find_others: true,
            full_every: Span::from_secs(24 * HOUR_SECONDS),
            requests_per_second: 10,
            lock_ttl: Span::from_secs(HOUR_SECONDS / 2),
            http: HttpSettings::default(),
        }
    }
}
