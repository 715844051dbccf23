//! One request, and what keeps it at the profile's origin.

use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use url::{Url, form_urlencoded};

use super::error::Error;
use super::label::RequestLabel;
use crate::secret::Secret;

/// They say where a message goes and where it ends; a second opinion on either is how requests are smuggled.
const RESERVED_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

/// One request to be sent. Its path is relative to the profile's base; there is no way to name another origin.
///
/// What is wrong with it (a header value that cannot be sent, a path that leads elsewhere) is an error when it is sent.
#[derive(Clone)]
pub struct Request {
    method: String,
    path: String,
    /// Encoded as it is sent, without its `?`.
    query: String,
    headers: Vec<(&'static str, Value)>,
    body: Option<Bytes>,
    pub(super) rate_limit_key: &'static str,
}

#[derive(Clone)]
enum Value {
    Plain(String),
    Secret(Secret),
}

impl Request {
    /// `path` begins with `/` and may carry a query.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// A request of any method, for those that come from the configuration.
    pub fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: None,
            rate_limit_key: "",
        }
    }

    /// Counts the request under a key: the profile's rate limit holds for each key separately, for upstreams that count calls
    /// of each kind apart.
    #[must_use]
    pub fn rate_limit_key(mut self, rate_limit_key: &'static str) -> Self {
        self.rate_limit_key = rate_limit_key;
        self
    }

    /// Adds a pair to the query, encoded like a form. A name may be given several times.
    #[must_use]
    pub fn query(self, name: &str, value: &str) -> Self {
        let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        self.raw_query(&pair)
    }

    #[must_use]
    pub fn secret_query(self, name: &str, value: &Secret) -> Self {
        self.query(name, value.expose())
    }

    /// Adds text to the query that is already encoded: what RFC 3986 allows in a query is sent byte for byte, as
    /// signatures need it.
    #[must_use]
    pub fn raw_query(mut self, encoded: &str) -> Self {
        if !self.query.is_empty() && !encoded.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(encoded);
        self
    }

    /// Sets a header; `Host` and the lengths are not for a request to choose.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, Value::Plain(value.to_owned())));
        self
    }

    #[must_use]
    pub fn secret_header(mut self, name: &'static str, value: &Secret) -> Self {
        self.headers.push((name, Value::Secret(value.clone())));
        self
    }

    #[must_use]
    pub fn body(mut self, content_type: &str, body: Bytes) -> Self {
        self.body = Some(body);
        self.header("content-type", content_type)
    }

    /// How errors and logs name it: no query, no header.
    pub(super) fn label(&self, upstream: &'static str) -> RequestLabel {
        RequestLabel::new(upstream, &self.method, &self.path)
    }

    /// The request as it goes out, behind the path of `base`.
    pub(super) fn build(self, base: &Url, label: &RequestLabel) -> Result<reqwest::Request, Error> {
        let invalid = |problem| Error::InvalidRequest { request: label.clone(), problem };
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| Error::InvalidMethod { upstream: label.upstream, method: self.method })?;
        let url = join(base, &self.path, &self.query).map_err(invalid)?;
        let mut request = reqwest::Request::new(method, url);
        for (name, value) in self.headers {
            let header =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("it has an invalid header name"))?;
            if RESERVED_HEADERS.contains(&header.as_str()) {
                return Err(invalid("it sets a header that belongs to the connection"));
            }
            let value = value.build().ok_or(Error::InvalidHeader { upstream: label.upstream, name })?;
            request.headers_mut().insert(header, value);
        }
        *request.body_mut() = self.body.map(Into::into);
        Ok(request)
    }
}

impl Value {
    /// `None` if it holds what no header may: a line break, a control character, anything but ASCII.
    fn build(&self) -> Option<HeaderValue> {
        match self {
            Self::Plain(text) => HeaderValue::from_str(text).ok(),
            Self::Secret(secret) => {
                let mut value = HeaderValue::from_str(secret.expose()).ok()?;
                value.set_sensitive(true);
                Some(value)
            }
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

/// The URL of a path behind the base's, which it can leave neither by origin nor by `..`.
fn join(base: &Url, path: &str, query: &str) -> Result<Url, &'static str> {
    if !path.starts_with('/') {
        return Err("its path does not begin with `/`");
    }
    let prefix = base.path().trim_end_matches('/');
    let mut url = base.clone();
    url.set_fragment(None);
    url.set_path(&format!("{prefix}{path}"));
    url.set_query((!query.is_empty()).then_some(query));
    let inside = url.path().strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    if !inside || url.origin() != base.origin() {
        return Err("its path leads out of the configured base");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use url::Url;

    use super::Request;
    use crate::error::Class;
    use crate::secret::Secret;

    fn build(base: &str, request: Request) -> Result<reqwest::Request, super::Error> {
        let label = request.label("fairing");
        request.build(&Url::parse(base).unwrap(), &label)
    }

    fn check(base: &str, request: Request, expected: &str) {
        assert_eq!(build(base, request).unwrap().url().as_str(), expected);
    }

    fn check_refused(request: Request, class: Class, expected: &str) {
        let error = build("http://127.0.0.1:1/base", request).unwrap_err();
        assert_eq!((error.class(), error.to_string().as_str()), (class, expected));
    }

    #[test]
    fn a_path_stands_behind_the_base() {
        check("https://a.example", Request::get("/api/x"), "https://a.example/api/x");
        check("https://a.example/", Request::get("/api/x"), "https://a.example/api/x");
        check("http://a.example:81/v1/", Request::get("/x"), "http://a.example:81/v1/x");
        check("http://a.example/v1?old#part", Request::get("/x"), "http://a.example/v1/x");
        check("http://a.example", Request::get("/a b/%2F/影"), "http://a.example/a%20b/%2F/%E5%BD%B1");
    }

    #[test]
    fn queries_add_up_and_raw_ones_keep_their_bytes() {
        let request = Request::get("/x?a=1").query("名", "b c&d").query("名", "2").raw_query("e=%7E~-_.%2A%20f");
        check("http://a.example", request, "http://a.example/x?a=1&%E5%90%8D=b+c%26d&%E5%90%8D=2&e=%7E~-_.%2A%20f");
        check("http://a.example", Request::get("/x").raw_query(""), "http://a.example/x");
    }

    #[test]
    fn no_path_reaches_another_origin() {
        for path in ["//evil.example/x", "/\\evil.example/x", "/@evil.example/", "/x?u=http://evil.example", "/:80/"] {
            let url = build("http://a.example", Request::get(path)).unwrap().url().clone();
            assert_eq!(url.host_str(), Some("a.example"), "{path}");
        }
        for path in ["http://evil.example/x", "evil.example", "@evil.example/", ":81/x", ""] {
            let error = build("http://a.example", Request::get(path)).unwrap_err();
            assert_eq!(error.class(), Class::Contract, "{path}");
        }
        for path in ["/../x", "/%2e%2e/x", "/..\\x", "/y/../../x", "/.."] {
            let error = build("http://a.example/base", Request::get(path)).unwrap_err();
            assert_eq!(error.class(), Class::Contract, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_named_without_its_value() {
        let key = Secret::new("line\nbreak".to_owned());
        check_refused(
            Request::get("/x").secret_header("authorization", &key),
            Class::Config,
            "cannot send header `authorization` to fairing: its value holds a line break or a character that is not ASCII",
        );
        check_refused(Request::new("GE T", "/x"), Class::Config, "cannot send to fairing by method `GE T`");
        check_refused(
            Request::get("/x?key=1").header("Host", "evil.example"),
            Class::Contract,
            "fairing: cannot send `GET /x`: it sets a header that belongs to the connection",
        );
    }

    #[test]
    fn secrets_are_marked_and_a_later_header_wins() {
        let key = Secret::new("request-canary".to_owned());
        let request = Request::post("/x")
            .secret_header("authorization", &key)
            .secret_query("token", &key)
            .body("text/plain", Bytes::from_static(b"hi"))
            .header("content-type", "application/json");
        assert!(!format!("{request:?}").contains("canary"));
        let built = build("http://a.example", request).unwrap();
        assert!(built.headers()["authorization"].is_sensitive());
        assert_eq!(built.headers()["content-type"], "application/json");
        assert_eq!(built.body().unwrap().as_bytes(), Some(b"hi".as_slice()));
    }
}
