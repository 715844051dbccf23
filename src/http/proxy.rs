//! The proxies that the environment names.

use url::Url;

use super::profile::Profile;

/// Which proxy each scheme goes through. The HTTP library reads the same variables; these are for messages, and for
/// `NO_PROXY=*`, which it applies to names only.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<NamedProxy>,
    https: Option<NamedProxy>,
    is_bypassed: bool,
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
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()).map(|value| (*name, value)))
        };
        let named = |names: &[&'static str]| {
            first(names).map(|(variable, value)| NamedProxy { variable, address: address(&value) })
        };
        Self {
            http: named(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            https: named(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            is_bypassed: first(&["NO_PROXY", "no_proxy"])
                .is_some_and(|(_, hosts)| hosts.split(',').any(|host| host.trim() == "*")),
        }
    }

    /// Whether no host goes through a proxy.
    pub(super) const fn is_bypassed(&self) -> bool {
        self.is_bypassed
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
    use super::Proxies;
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
        check(&[("HTTPS_PROXY", "p")], "the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names");
    }

    #[test]
    fn a_star_among_the_exceptions_bypasses_every_proxy() {
        for (value, expected) in [("*", true), ("a.example, *", true), ("*.a.example", false), ("", false)] {
            assert_eq!(proxies(&[("no_proxy", value)]).is_bypassed(), expected, "{value}");
        }
    }
}
