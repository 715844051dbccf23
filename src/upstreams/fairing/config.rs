//! The section `[fairing]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{HttpSettings, SecretRef, Span, bounds};

use super::pii;
use crate::upstreams::accounts::TokenAccount;

/// How the key is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// `Authorization: <key>`, what every working client sends.
    #[default]
    Raw,
    /// `Authorization: Bearer <key>`.
    Bearer,
}

/// The section `[fairing]`, with its defaults.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub base_url: String,
    pub auth: Auth,
    /// Scopes at a time.
    #[serde(deserialize_with = "bounds::count::<1, 64, _, _>")]
    pub workers: usize,
    /// A scope whose last success is younger is skipped.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::YEAR }, _>")]
    pub min_interval: Span,
    #[serde(deserialize_with = "bounds::lock_ttl")]
    pub lock_ttl: Span,
    /// Rows a transaction.
    #[serde(deserialize_with = "bounds::count::<1, 100_000, _, _>")]
    pub batch_size: usize,
    /// `limit` of responses.
    #[serde(deserialize_with = "bounds::count::<1, 100_000, _, _>")]
    pub page_size: usize,
    /// More pages than this are an error, never a silent end.
    #[serde(deserialize_with = "bounds::count::<1, 1_000_000_000, _, _>")]
    pub max_pages: u64,
    /// An incremental pass reads everything when the last full read is older.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::YEAR }, _>")]
    pub full_every: Span,
    /// How far behind its cursor an incremental pass begins.
    #[serde(deserialize_with = "bounds::span::<0, { bounds::YEAR }, _>")]
    pub lookback: Span,
    pub pii: pii::Mode,
    /// The HMAC key, needed for `pii = "hash"`.
    pub pii_key: Option<SecretRef>,
    /// Requests a minute and account; the upstream's reported limit is 100.
    #[serde(deserialize_with = "bounds::count::<1, 100_000, _, _>")]
    pub requests_per_minute: u32,
    /// The stores' survey accounts.
    pub accounts: Vec<TokenAccount>,
    pub http: HttpSettings,
}

impl Default for Config {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(60 * 60);
        Self {
            base_url: "https://app.fairing.co".to_owned(),
            auth: Auth::default(),
            workers: 2,
            min_interval: Span(HOUR),
            lock_ttl: Span(HOUR),
            batch_size: 500,
            page_size: 1000,
            max_pages: 100_000,
            full_every: Span(7 * 24 * HOUR),
            lookback: Span(24 * HOUR),
            pii: pii::Mode::default(),
            pii_key: None,
            requests_per_minute: 90,
            accounts: Vec::new(),
            http: HttpSettings::default(),
        }
    }
}
