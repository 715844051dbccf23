//! A request to one of the clouds.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Uri};

/// A request as every cloud needs it.
pub struct ApiRequest<'a> {
    pub method: &'a str,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

impl ApiRequest<'_> {
    /// The header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The decoded parameters of the query.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(self.query().as_bytes()).into_owned().collect()
    }

    pub fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }
}
