//! The proxies that the environment names.

use url::Url;

use super::profile::Profile;

/// Which proxy each scheme goes through. The HTTP library reads the same variables; these are for messages, and for the
/// exceptions that it does not know: `*` for addresses, an entry with a port, `*.` before a domain.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<NamedProxy>,
    https: Option<NamedProxy>,
    exceptions: Vec<String>,
}

#[derive(Clone, Debug)]
struct NamedProxy {
    variable: &'static str,
    /// Without user name and password.
    address: String,
}

impl Proxies {
    /// `variable` gives the value of an environment variable.
    pub fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&'static str]| names.iter().find_map(|name| variable(name).map(|value| (*name, value)));
        // An empty variable hides its namesake in small letters.
        let named = |names: &[&'static str]| {
            let (variable, value) = first(names).filter(|(_, value)| !value.is_empty())?;
            Some(NamedProxy { variable, address: address(&value) })
        };
        let all = || named(&["ALL_PROXY", "all_proxy"]);
        let exceptions = first(&["NO_PROXY", "no_proxy"]).map(|(_, hosts)| hosts).unwrap_or_default();
        Self {
            http: named(&["HTTP_PROXY", "http_proxy"]).or_else(all),
            https: named(&["HTTPS_PROXY", "https_proxy"]).or_else(all),
            exceptions: exceptions.split(',').map(|entry| entry.trim().to_ascii_lowercase()).collect(),
        }
    }

    /// Whether the profile's host goes through no proxy, by an exception that the library does not know.
    pub(super) fn is_bypassed(&self, profile: &Profile) -> bool {
        let url = &profile.base_url;
        let (Some(host), port) = (url.host_str(), url.port_or_known_default()) else { return false };
        self.exceptions.iter().any(|entry| {
            let (name, wanted) = split_port(entry);
            let is_below =
                |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            let is_host = name == "*" || name == host || name.strip_prefix("*.").is_some_and(is_below);
            is_host && (wanted.is_none() || wanted == port)
        })
    }

    /// The proxy of the profile's requests and the variable that names it, for a message.
    pub(super) fn describe(&self, profile: &Profile) -> String {
        let proxy = if profile.base_url.scheme() == "http" { &self.http } else { &self.https };
        proxy.as_ref().map_or_else(
            || "the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names".to_owned(),
            |proxy| format!("the proxy `{}` of `{}`", proxy.address, proxy.variable),
        )
    }
}

/// An entry's host, and its port where it has one; the colons of an address are none.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        Some(_) | None => (entry, None),
    }
}

/// Host and port: all that may be shown of a URL that may hold a password.
fn address(value: &str) -> String {
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let parsed = Url::parse(&with_scheme).ok();
    let host = parsed.as_ref().and_then(Url::host_str);
    match (host, parsed.as_ref().and_then(Url::port_or_known_default)) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "(not a URL)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Profile, Proxies};
    use crate::http::profile::tests::profile;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::new(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    fn check(variables: &[(&str, &str)], expected: &str) {
        assert_eq!(proxies(variables).describe(&profile()), expected);
    }

    #[test]
    fn proxy_is_named_with_its_variable_and_without_its_password() {
        check(&[("HTTP_PROXY", "http://me:canary@p.example:3128")], "the proxy `p.example:3128` of `HTTP_PROXY`");
        check(&[("ALL_PROXY", "socks5://me:canary@p.example")], "the proxy `p.example` of `ALL_PROXY`");
        check(
            &[("http_proxy", "me:canary@p.example:80"), ("all_proxy", "q")],
            "the proxy `p.example:80` of `http_proxy`",
        );
        check(&[("HTTP_PROXY", "http://me:can ary@[")], "the proxy `(not a URL)` of `HTTP_PROXY`");
        check(&[("HTTP_PROXY", ""), ("http_proxy", "q"), ("ALL_PROXY", "p:1")], "the proxy `p:1` of `ALL_PROXY`");
        check(&[("HTTPS_PROXY", "p")], "the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names");
    }

    #[test]
    fn exceptions_that_the_library_does_not_know_are_found() {
        let is_bypassed = |exceptions: &str, url: &str| {
            let profile = Profile { base_url: url.parse().unwrap(), ..profile() };
            proxies(&[("no_proxy", exceptions)]).is_bypassed(&profile)
        };
        for (exceptions, url, expected) in [
            ("*", "http://10.0.0.1", true),
            ("b.example, *", "http://a.example", true),
            ("10.0.0.1:80", "http://10.0.0.1", true),
            ("10.0.0.1:81", "http://10.0.0.1", false),
            ("[::1]:8080", "http://[::1]:8080", true),
            ("A.example:443", "https://a.example", true),
            ("*.example", "https://a.example", true),
            ("*.example", "https://example", true),
            ("*.example", "https://badexample", false),
            ("", "http://10.0.0.1", false),
        ] {
            assert_eq!(is_bypassed(exceptions, url), expected, "{exceptions} {url}");
        }
    }
}
