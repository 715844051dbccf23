//! One call to a provider: its parameters, how it is signed each time it is sent, how its answer is read.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::codes::ProviderError;
use crate::secret::Secret;
use crate::upstreams::ecs::regions::KnownRegion;
use crate::upstreams::mirror::{self, ReadRow};

/// Names in lower case and values of headers.
pub type Headers = Vec<(&'static str, String)>;

/// What an account proves itself with.
#[derive(Clone, Debug)]
pub struct Credential {
    pub id: Secret,
    pub secret: Secret,
    /// Of temporary credentials.
    pub token: Option<Secret>,
}

/// Everything of a request but its host, its time and its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    pub method: &'static str,
    pub path: Cow<'static, str>,
    /// The path that is signed, where it is not the one that is sent.
    pub signed_path: Option<String>,
    /// Encoded, sorted, without `?`.
    pub query: String,
    pub content_type: Option<&'static str>,
    pub body: String,
    pub service: &'static str,
    pub action: &'static str,
    pub version: &'static str,
    /// What its own host begins with, such as a bucket's name. Where the account names the host, `signed_path` is
    /// sent instead.
    pub subdomain: Option<String>,
    /// The value of the header that names the call, where the service has one.
    pub target: Option<&'static str>,
    /// Empty where the call belongs to no region.
    pub region: String,
}

impl Default for Unsigned {
    fn default() -> Self {
        Self {
            method: "POST",
            path: Cow::Borrowed("/"),
            signed_path: None,
            query: String::new(),
            content_type: None,
            body: String::new(),
            service: "",
            action: "",
            version: "",
            subdomain: None,
            target: None,
            region: String::new(),
        }
    }
}

/// Reads the body of an answer by its HTTP status.
type Read<T> = Box<dyn Fn(u16, &[u8]) -> Result<T, ProviderError> + Send + Sync>;

/// Which of an account's endpoints a call goes to. A provider has a host for each of its services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Endpoint {
    Compute,
    /// Where the provider lists its regions, and the account's projects, elsewhere than its instances.
    Regions,
    /// Of disks, where they are another service than instances.
    Disks,
    Databases,
    Caches,
    Buckets,
    /// Of the tags of all kinds of resource.
    Tags,
}

impl Endpoint {
    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// One call whose answer is a `T`. It may be sent any number of times; each time it is signed afresh.
pub struct Call<T> {
    pub(super) unsigned: Unsigned,
    pub endpoint: Endpoint,
    read: Read<T>,
}

impl<T> Call<T> {
    pub(super) fn new(
        unsigned: Unsigned,
        read: impl Fn(u16, &[u8]) -> Result<T, ProviderError> + Send + Sync + 'static,
    ) -> Self {
        Self { unsigned, endpoint: Endpoint::Compute, read: Box::new(read) }
    }

    /// The same call, for which any answer is a yes.
    pub(super) fn any(self) -> Call<()>
    where
        T: 'static,
    {
        let Self { unsigned, endpoint, read } = self;
        Call { unsigned, endpoint, read: Box::new(move |status, body| read(status, body).map(drop)) }
    }

    /// The same call, to another of the provider's services.
    pub(super) fn to(self, endpoint: Endpoint) -> Self {
        Self { endpoint, ..self }
    }

    /// The provider's name for the call, for logs and errors.
    pub const fn action(&self) -> &'static str {
        self.unsigned.action
    }

    /// What its rate is counted by. Services of other kinds have calls of the same names.
    pub fn api(&self) -> &'static str {
        match (self.endpoint, self.action()) {
            (Endpoint::Caches, "DescribeInstances") => "cache DescribeInstances",
            (Endpoint::Caches, "DescribeSecurityGroupConfiguration") => "cache DescribeSecurityGroupConfiguration",
            (_, action) => action,
        }
    }

    /// Reads an answer, whatever its status.
    pub fn parse(&self, status: u16, body: &[u8]) -> Result<T, ProviderError> {
        (self.read)(status, body)
    }
}

/// A request as it is to be sent, byte for byte. Valid for minutes and, where it carries a nonce, once.
#[derive(Clone)]
pub struct SignedRequest {
    pub method: &'static str,
    /// Scheme, host and port, no path.
    pub origin: String,
    /// Path and query.
    pub target: String,
    /// Without `host` and the content type. They hold the signature and the security token: never logged.
    pub headers: Headers,
    pub content_type: Option<&'static str>,
    pub body: Bytes,
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.origin, self.target)
    }
}

/// Where a listing goes on; opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageToken(pub String);

/// Some of the provider's regions, and where the list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionPage {
    pub rows: Vec<KnownRegion>,
    pub next: Option<PageToken>,
}

/// One page of a listing; the first has no token.
pub type Page<T> = mirror::Page<Option<PageToken>, ReadRow<T>>;

#[cfg(test)]
pub mod tests {
    use super::{Credential, Headers, SignedRequest};
    use crate::secret::Secret;

    /// A credential of plain texts. Use no ordinary words: every secret of the process is masked in every text.
    pub fn credential(id: &str, secret: &str, token: Option<&str>) -> Credential {
        let secret_of = |text: &str| Secret::new(text.to_owned());
        Credential { id: secret_of(id), secret: secret_of(secret), token: token.map(secret_of) }
    }

    /// The header's value; empty where it is missing.
    pub fn header<'a>(headers: &'a Headers, name: &str) -> &'a str {
        headers.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    #[test]
    fn a_signed_request_does_not_show_its_headers() {
        let request = SignedRequest {
            method: "POST",
            origin: "http://127.0.0.1:1".to_owned(),
            target: "/?Action=X".to_owned(),
            headers: vec![("authorization", "Signature=abc".to_owned())],
            content_type: None,
            body: bytes::Bytes::new(),
        };
        assert_eq!(format!("{request:?}"), "POST http://127.0.0.1:1/?Action=X");
    }
}
