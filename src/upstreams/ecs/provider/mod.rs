//! The providers: one file each, and what they share.
//!
//! An [`Account`] makes [`Call`]s and signs them; a [`Call`] reads its own answers. Nothing here sends anything, so
//! requests and answers are tested without a network. Reading order: [`call`], [`aliyun`], then [`sign`], [`answer`]
//! and [`codes`].

pub mod answer;
pub mod call;
pub mod codes;
mod endpoint;
mod sign;
mod xml;

mod aliyun;
mod aws;
mod tencent;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub use self::call::{Call, Credential, Page, PageToken, SignedRequest};
pub use self::codes::{Kind, ProviderError};
pub use self::endpoint::{Origin, Template};

use self::call::{Endpoint, Sign};
use super::disks::{AttachedDisk, DiskScope};
use super::instance::{Instance, InstanceId, Status};
use super::regions::{KnownRegion, Region};

/// Whose cloud it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Provider {
    Aliyun,
    Aws,
    Tencent,
}

impl Provider {
    /// The word in the configuration and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// The region whose endpoint lists the regions, where the account names none.
    pub const fn default_region(self) -> &'static str {
        match self {
            Self::Aliyun => aliyun::DEFAULT_REGION,
            Self::Aws => aws::DEFAULT_REGION,
            Self::Tencent => tencent::DEFAULT_REGION,
        }
    }

    /// Whether regions are listed at a separate endpoint.
    pub const fn has_region_endpoint(self) -> bool {
        match self {
            Self::Tencent => true,
            Self::Aliyun | Self::Aws => false,
        }
    }

    /// How many instances one listing of disks may name.
    pub const fn disk_chunk(self) -> usize {
        match self {
            Self::Aliyun => 1,
            // A filter takes up to 200 values.
            Self::Aws | Self::Tencent => 200,
        }
    }

    /// How many instances one call for statuses may name.
    pub const fn status_chunk(self) -> usize {
        match self {
            Self::Aliyun => 50,
            Self::Aws | Self::Tencent => 100,
        }
    }

    /// How long an answer's headers ask to wait, beside `Retry-After`; `header` finds one by its lower-case name.
    pub fn wait<'a>(self, header: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
        match self {
            Self::Aliyun => header("x-acs-retry-after").and_then(aliyun::parse_wait),
            Self::Aws | Self::Tencent => None,
        }
    }

    const fn sign(self) -> Sign {
        match self {
            Self::Aliyun => sign::acs3::sign,
            Self::Aws => sign::sigv4::sign,
            Self::Tencent => sign::tc3::sign,
        }
    }

    fn default_origin(self, endpoint: Endpoint, region: &str) -> Origin {
        Origin::https(match (self, endpoint) {
            (Self::Aliyun, _) => aliyun::default_host(region),
            (Self::Aws, _) => aws::default_host(region),
            (Self::Tencent, Endpoint::Compute) => tencent::DEFAULT_HOST.to_owned(),
            (Self::Tencent, Endpoint::Regions) => tencent::DEFAULT_REGION_HOST.to_owned(),
        })
    }
}

/// One account of one provider, with its credential at hand.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub provider: Provider,
    pub credential: Credential,
    pub default_region: Region,
    /// Instead of the provider's own.
    pub endpoint: Option<Template>,
    /// Instead of the provider's own, where it lists its regions elsewhere.
    pub region_endpoint: Option<Template>,
}

impl Account {
    /// The provider's regions, those the account has not enabled marked so.
    pub fn list_regions(&self) -> Call<Vec<KnownRegion>> {
        match self.provider {
            Provider::Aliyun => aliyun::list_regions(&self.default_region),
            Provider::Aws => aws::list_regions(&self.default_region),
            Provider::Tencent => tencent::list_regions(),
        }
    }

    /// A page of the region's instances: the first, or where the last one said the listing goes on.
    pub fn list_instances(&self, region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>> {
        match self.provider {
            Provider::Aliyun => aliyun::list_instances(region, page),
            Provider::Aws => aws::list_instances(region, page),
            Provider::Tencent => tencent::list_instances(region, page),
        }
    }

    /// A page of disks; `None` where the instances' own rows hold everything.
    pub fn list_disks(
        &self,
        region: &Region,
        of: DiskScope<'_>,
        page: Option<&PageToken>,
    ) -> Option<Call<Page<AttachedDisk>>> {
        match self.provider {
            Provider::Aliyun => Some(aliyun::list_disks(region, of, page)),
            Provider::Aws => Some(aws::list_disks(region, of, page)),
            Provider::Tencent => None,
        }
    }

    /// The statuses of at most [`Provider::status_chunk`] instances. An id the provider does not know is either not in
    /// the answer or fails the call as [`Kind::UnknownInstance`].
    pub fn list_statuses(&self, region: &Region, ids: &[InstanceId]) -> Call<BTreeMap<InstanceId, Status>> {
        match self.provider {
            Provider::Aliyun => aliyun::list_statuses(region, ids),
            Provider::Aws => aws::list_statuses(region, ids),
            Provider::Tencent => tencent::list_statuses(region, ids),
        }
    }

    /// Asks whether the account may list instances at all, for a listing that came empty; an answer is a yes. `None`
    /// where the provider refuses instead of hiding.
    pub fn confirm_authorised(&self, region: &Region) -> Option<Call<()>> {
        match self.provider {
            Provider::Aliyun => Some(aliyun::confirm_authorised(region)),
            Provider::Aws => Some(aws::confirm_authorised(region)),
            Provider::Tencent => None,
        }
    }

    /// The actions of a pass besides the list of regions, each as the cheapest call that shows whether it is allowed.
    pub fn probe_rights(&self, region: &Region) -> Vec<Call<()>> {
        match self.provider {
            Provider::Aliyun => aliyun::probe_rights(region),
            Provider::Aws => aws::probe_rights(region),
            Provider::Tencent => tencent::probe_rights(region),
        }
    }

    /// Where the call goes.
    pub fn origin<T>(&self, call: &Call<T>) -> Origin {
        let template = match call.endpoint {
            Endpoint::Compute => &self.endpoint,
            Endpoint::Regions => &self.region_endpoint,
        };
        let region = &call.unsigned.region;
        let default = || self.provider.default_origin(call.endpoint, region);
        template.as_ref().map_or_else(default, |template| template.fill(region))
    }

    /// The request to send now. Sign again for every try: the time is part of it, and a nonce is accepted once.
    pub fn sign<T>(&self, call: &Call<T>, now: Timestamp, nonce: &str) -> SignedRequest {
        let unsigned = &call.unsigned;
        let origin = self.origin(call);
        let query = if unsigned.query.is_empty() { String::new() } else { format!("?{}", unsigned.query) };
        SignedRequest {
            method: unsigned.method,
            target: format!("{}{query}", unsigned.path),
            headers: self.provider.sign()(&self.credential, unsigned, &origin.host, now, nonce),
            content_type: unsigned.content_type,
            body: Bytes::from(unsigned.body.clone()),
            origin: origin.url(),
        }
    }
}

#[cfg(test)]
mod tests;
