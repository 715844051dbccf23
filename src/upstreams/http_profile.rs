//! How an upstream's settings become a profile of the HTTP client.

use super::error::Error;
use crate::{config, http};

/// An upstream's HTTP profile from its settings.
pub fn http_profile(
    name: &'static str,
    base_url: &str,
    settings: &config::HttpSettings,
    rate_limit: Option<http::RateLimit>,
) -> Result<http::Profile, Error> {
    let invalid = |reason: String| config::Error::Invalid { key: format!("{name}.base_url"), reason };
    let base_url = url::Url::parse(base_url).map_err(|error| invalid(format!("not a URL: {error}")))?;
    if !matches!(base_url.scheme(), "http" | "https") {
        return Err(invalid("unsupported URL scheme; use http or https".to_owned()).into());
    }
    Ok(http::Profile {
        name,
        base_url,
        connect_timeout: settings.connect_timeout.0,
        read_timeout: settings.read_timeout.0,
        total_timeout: settings.total_timeout.0,
        max_body: settings.max_body.0,
        retries: settings.retries,
        backoff: settings.backoff.0,
        backoff_cap: settings.backoff_cap.0,
        jitter: http::Jitter::Full,
        rate_limit,
    })
}
