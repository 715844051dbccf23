//! Where an account's calls go, as its configuration writes it.

use url::Url;

/// The placeholder of the region's name.
const PLACEHOLDER: &str = "{region}";

/// A region's name while the rest is checked: host names allow it, none contains it.
const DUMMY_REGION: &str = "tongbu-stand-in";

/// Scheme, host and port, the region's name left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    scheme: String,
    /// With the port only where it is not the scheme's own: this is what is sent as `Host`, and signed.
    host: String,
}

/// Where one call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub scheme: String,
    pub host: String,
}

impl Template {
    /// Reads `https://ecs.{region}.aliyuncs.com` or the like; `{region}` is optional, a path is not possible.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url =
            Url::parse(&text.replace(PLACEHOLDER, DUMMY_REGION)).map_err(|error| format!("not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("must begin with `https://` or `http://`".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or a password".to_owned());
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("must be scheme, host and port only".to_owned());
        }
        let host = url.host_str().unwrap_or_default().replace(DUMMY_REGION, PLACEHOLDER);
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { scheme: url.scheme().to_owned(), host: format!("{host}{port}") })
    }

    /// Whether it differs from region to region.
    pub fn has_region(&self) -> bool {
        self.host.contains(PLACEHOLDER)
    }

    /// The origin for that region.
    pub fn fill(&self, region: &str) -> Origin {
        Origin { scheme: self.scheme.clone(), host: self.host.replace(PLACEHOLDER, region) }
    }
}

impl Origin {
    /// A provider's own host.
    pub fn https(host: impl Into<String>) -> Self {
        Self { scheme: "https".to_owned(), host: host.into() }
    }

    /// As a URL without a path.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    fn check(text: &str, expected: Result<&str, &str>) {
        let filled = Template::parse(text).map(|template| template.fill("cn-x").url());
        match expected {
            Ok(url) => assert_eq!(filled.as_deref(), Ok(url), "{text}"),
            Err(part) => assert!(filled.is_err_and(|reason| reason.contains(part)), "{text}"),
        }
    }

    #[test]
    fn region_and_port_find_their_place() {
        check("https://ecs.{region}.aliyuncs.com", Ok("https://ecs.cn-x.aliyuncs.com"));
        check("https://ecs.{region}.aliyuncs.com:443/", Ok("https://ecs.cn-x.aliyuncs.com"));
        check("http://127.0.0.1:5000", Ok("http://127.0.0.1:5000"));
        check("http://127.0.0.1:80", Ok("http://127.0.0.1"));
        check("http://[::1]:5000", Ok("http://[::1]:5000"));
        check("HTTP://LocalHost:443", Ok("http://localhost:443"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        check("ecs.aliyuncs.com", Err("not a URL"));
        check("http://127.0.0.1:{region}", Err("not a URL"));
        check("ftp://host", Err("must begin"));
        check("https://user:pass@host", Err("password"));
        check("https://host/path", Err("only"));
        check("https://host/?a=b", Err("only"));
    }
}
