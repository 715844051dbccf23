//! What differs from provider to provider.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::call::{Call, Credential, Endpoint, Headers, Page, PageToken, RegionPage, Unsigned};
use super::catalog::Catalog;
use crate::upstreams::ecs::disks::{AttachedDisk, DiskScope};
use crate::upstreams::ecs::instance::{Instance, InstanceId, Status, TypeSpec};
use crate::upstreams::ecs::regions::{KnownRegion, Region};
use crate::upstreams::ecs::resources::Resource;

/// What a provider does in its own way: its hosts, its signature, its calls.
pub trait Cloud: Sync {
    /// The region whose endpoint lists the regions, where the account names none.
    fn default_region(&self) -> &'static str;

    /// The host of that service in a region, where the account names none.
    fn default_host(&self, endpoint: Endpoint, region: &str) -> String;

    /// Whether regions are listed at a separate endpoint.
    fn has_region_endpoint(&self) -> bool {
        false
    }

    /// Whether calls to that service go to one host, whatever the region.
    fn lists_at_one_host(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Regions && self.has_region_endpoint()
    }

    /// Whether an account's instances in a region are divided into projects, each with its own listing.
    fn has_projects(&self) -> bool {
        false
    }

    /// Requests per second that every account may send to one API; `None` where the configuration's default is right.
    fn default_qps(&self) -> Option<u32> {
        None
    }

    /// How many instances one listing of disks may name.
    fn disk_chunk(&self) -> usize {
        1
    }

    /// How many instances one call for statuses may name.
    fn status_chunk(&self) -> usize {
        100
    }

    /// How long an answer's headers ask to wait, beside `Retry-After`; `header` finds one by its lower-case name.
    fn wait<'a>(&self, _header: &dyn Fn(&str) -> Option<&'a str>) -> Option<Duration> {
        None
    }

    /// The headers that authorise a request to `host` (its port included, where it is not the scheme's own), now. A
    /// nonce is used once.
    fn sign(&self, credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, nonce: &str) -> Headers;

    /// A page of the provider's regions, those the account has not enabled marked so.
    fn list_regions(&self, default_region: &Region, page: Option<&PageToken>) -> Call<RegionPage>;

    /// The regions that all these pages list.
    fn merge_regions(&self, listed: Vec<KnownRegion>) -> Vec<KnownRegion> {
        listed
    }

    /// A page of the region's instances: the first, or where the last one said the listing goes on.
    fn list_instances(&self, region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>>;

    /// A page of disks; `None` where the instances' own rows hold everything.
    fn list_disks(
        &self,
        _region: &Region,
        _of: DiskScope<'_>,
        _page: Option<&PageToken>,
    ) -> Option<Call<Page<AttachedDisk>>> {
        None
    }

    /// A page of what instances of these types have; `None` where the instances' own rows say it.
    fn list_types(
        &self,
        _region: &Region,
        _names: &[&String],
        _page: Option<&PageToken>,
    ) -> Option<Call<Page<TypeSpec>>> {
        None
    }

    /// The statuses of at most [`status_chunk`](Self::status_chunk) instances, in as many calls as the region has
    /// projects. An id the provider does not know is either in no answer or fails the call as
    /// [`Kind::UnknownInstance`].
    fn list_statuses(&self, region: &Region, ids: &[InstanceId]) -> Vec<Call<BTreeMap<InstanceId, Status>>>;

    /// Asks whether the account may list instances at all, for a listing that came empty; an answer is a yes. `None`
    /// where the provider has no such call.
    fn confirm_authorised(&self, _region: &Region) -> Option<Call<()>> {
        None
    }

    /// Asks for one instance by its id, for a listing that came empty where the provider hides what the account may not
    /// see: an answer means that it is still there. None where the provider refuses instead, or has a better call.
    fn find_instance(&self, _region: &Region, _id: &InstanceId) -> Vec<Call<()>> {
        Vec::new()
    }

    /// How that kind of resource is listed; `None` where it is not known here.
    fn catalog(&self, _resource: Resource) -> Option<&'static Catalog> {
        None
    }

    /// The actions of a pass besides the list of regions, each as the cheapest call that shows whether it is allowed.
    fn probe_rights(&self, region: &Region) -> Vec<Call<()>>;
}
