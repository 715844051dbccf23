//! The providers: one file each, and what they share.
//!
//! A [`Cloud`] makes [`Call`]s, an [`Account`] says where they go and signs them; a [`Call`] reads its own answers.
//! Nothing here sends anything, so requests and answers are tested without a network. Reading order: [`call`],
//! [`cloud`], [`aliyun`], then [`sign`], [`answer`] and [`codes`].

pub mod answer;
mod bucket;
pub mod call;
pub mod catalog;
mod cloud;
pub mod codes;
mod endpoint;
mod sign;
mod xml;

mod aliyun;
mod aws;
mod huawei;
mod tencent;
mod volcengine;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

pub use self::call::{Call, Credential, Endpoint, Page, PageToken, RegionPage, SignedRequest};
pub use self::catalog::Catalog;
pub use self::cloud::Cloud;
pub use self::codes::{Kind, ProviderError};
pub use self::endpoint::{Origin, Template};

use super::regions::Region;

/// Whose cloud it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, EnumIter, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Provider {
    Aliyun,
    Aws,
    Tencent,
    Huawei,
    Volcengine,
}

impl Provider {
    /// The word in the configuration and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// What it does in its own way.
    pub const fn cloud(self) -> &'static dyn Cloud {
        match self {
            Self::Aliyun => &aliyun::Aliyun,
            Self::Aws => &aws::Aws,
            Self::Tencent => &tencent::Tencent,
            Self::Huawei => &huawei::Huawei,
            Self::Volcengine => &volcengine::Volcengine,
        }
    }
}

/// One account of one provider, with its credential at hand.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub provider: Provider,
    pub credential: Credential,
    pub default_region: Region,
    /// Instead of the provider's own hosts.
    pub endpoints: BTreeMap<Endpoint, Template>,
}

impl Account {
    pub const fn cloud(&self) -> &'static dyn Cloud {
        self.provider.cloud()
    }

    /// Where the call goes.
    pub fn origin<T>(&self, call: &Call<T>) -> Origin {
        let region = &call.unsigned.region;
        let default = || {
            let host = self.cloud().default_host(call.endpoint, region);
            Origin::https(call.unsigned.subdomain.iter().fold(host, |host, subdomain| format!("{subdomain}.{host}")))
        };
        self.endpoints.get(&call.endpoint).map_or_else(default, |template| template.fill(region))
    }

    /// The request to send now. Sign again for every try: the time is part of it, and a nonce is accepted once.
    pub fn sign<T>(&self, call: &Call<T>, now: Timestamp, nonce: &str) -> SignedRequest {
        let unsigned = &call.unsigned;
        let origin = self.origin(call);
        let query = if unsigned.query.is_empty() { String::new() } else { format!("?{}", unsigned.query) };
        let is_path_style = unsigned.subdomain.is_some() && self.endpoints.contains_key(&call.endpoint);
        let path = unsigned.signed_path.as_deref().filter(|_| is_path_style).unwrap_or(&unsigned.path);
        SignedRequest {
            method: unsigned.method,
            target: format!("{path}{query}"),
            headers: self.cloud().sign(&self.credential, unsigned, &origin.host, now, nonce),
            content_type: unsigned.content_type,
            body: Bytes::from(unsigned.body.clone()),
            origin: origin.url(),
        }
    }
}

#[cfg(test)]
mod tests;
