//! Alibaba Cloud ECS, API version 2014-05-26.
//!
//! Source: the vendor's API reference of `DescribeRegions`, `DescribeInstances`, `DescribeDisks` and
//! `DescribeInstanceStatus`. The host does not choose the region, so `RegionId` is always sent; a user without the
//! permission to list gets an empty list, not an error.

mod bucket;
mod cache;
mod database;
mod rpc;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use self::rpc::{paged, rpc_call};
use super::answer::{
    Fields, read_dry_run, read_page, read_regions, read_right, read_rows, read_statuses, required_rows,
};
use super::call::{Call, Credential, Endpoint, Headers, Page, PageToken, RegionPage, Unsigned};
use super::catalog::Catalog;
use super::cloud::Cloud;
use super::codes::ProviderError;
use super::sign::{acs3, oss4};
use crate::upstreams::ecs::disks::{AttachedDisk, DiskScope};
use crate::upstreams::ecs::instance::{Compared, Details, Disk, DisksKnown, Instance, InstanceId, Status, Tag, digest};
use crate::upstreams::ecs::regions::{KnownRegion, Region};
use crate::upstreams::ecs::resources::Resource;

/// The most the API answers in a page.
const INSTANCES_PER_PAGE: &str = "100";
const DISKS_PER_PAGE: &str = "500";
const STATUSES_PER_PAGE: &str = "50";

/// Alibaba Cloud.
pub struct Aliyun;

impl Cloud for Aliyun {
    fn default_region(&self) -> &'static str {
        "cn-hangzhou"
    }

    fn default_host(&self, endpoint: Endpoint, region: &str) -> String {
        match (endpoint, region) {
            (Endpoint::Databases, region) => database::default_host(region),
            (Endpoint::Caches, region) => cache::default_host(region),
            (Endpoint::Buckets, region) => format!("oss-{region}.aliyuncs.com"),
            (_, "cn-hangzhou") => "ecs-cn-hangzhou.aliyuncs.com".to_owned(),
            (_, region) => format!("ecs.{region}.aliyuncs.com"),
        }
    }

    fn status_chunk(&self) -> usize {
        50
    }

    fn wait<'a>(&self, header: &dyn Fn(&str) -> Option<&'a str>) -> Option<Duration> {
        header("x-acs-retry-after").and_then(parse_wait)
    }

    fn sign(&self, credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, nonce: &str) -> Headers {
        match unsigned.service {
            "oss" => oss4::sign(credential, unsigned, now),
            _ => acs3::sign(credential, unsigned, host, now, nonce),
        }
    }

    fn list_regions(&self, default_region: &Region, _page: Option<&PageToken>) -> Call<RegionPage> {
        call("DescribeRegions", default_region, Vec::new(), |answer| {
            Ok(read_regions(required_rows(&answer?, "/Regions/Region")?, None, read_region))
        })
    }

    fn list_instances(&self, region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>> {
        call("DescribeInstances", region, paged(&[("MaxResults", INSTANCES_PER_PAGE)], page), |answer| {
            let document = answer?;
            let rows = required_rows(&document, "/Instances/Instance")?;
            read_page(&document, "NextToken", read_rows(rows, "InstanceId", read_instance))
        })
    }

    fn confirm_authorised(&self, region: &Region) -> Option<Call<()>> {
        Some(call("DescribeInstances", region, vec![("DryRun".to_owned(), "true".to_owned())], read_dry_run))
    }

    /// Of the region or of one instance; the API takes no more than one.
    fn list_disks(
        &self,
        region: &Region,
        of: DiskScope<'_>,
        page: Option<&PageToken>,
    ) -> Option<Call<Page<AttachedDisk>>> {
        let mut parameters = paged(&[("DiskType", "data"), ("MaxResults", DISKS_PER_PAGE)], page);
        if let DiskScope::Of(instances) = of {
            parameters.extend(instances.iter().map(|id| ("InstanceId".to_owned(), id.to_string())));
        }
        Some(call("DescribeDisks", region, parameters, |answer| {
            let document = answer?;
            let rows = required_rows(&document, "/Disks/Disk")?;
            read_page(&document, "NextToken", read_rows(rows, "DiskId", read_disk))
        }))
    }

    fn list_statuses(&self, region: &Region, ids: &[InstanceId]) -> Vec<Call<BTreeMap<InstanceId, Status>>> {
        let numbered = ids.iter().enumerate().map(|(index, id)| (format!("InstanceId.{}", index + 1), id.to_string()));
        let parameters = numbered.chain([("PageSize".to_owned(), STATUSES_PER_PAGE.to_owned())]).collect();
        vec![call("DescribeInstanceStatus", region, parameters, |answer| {
            Ok(read_statuses(required_rows(&answer?, "/InstanceStatuses/InstanceStatus")?, "InstanceId", "Status"))
        })]
    }

    fn catalog(&self, resource: Resource) -> Option<&'static Catalog> {
        match resource {
            Resource::Database => Some(&database::CATALOG),
            Resource::Cache => Some(&cache::CATALOG),
            Resource::Bucket => Some(&bucket::CATALOG),
            Resource::Compute => None,
        }
    }

    /// The last one has no dry run.
    fn probe_rights(&self, region: &Region) -> Vec<Call<()>> {
        let parameter = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        vec![
            call("DescribeInstances", region, parameter("DryRun", "true"), read_dry_run),
            call("DescribeDisks", region, parameter("DryRun", "true"), read_right),
            call("DescribeInstanceStatus", region, parameter("PageSize", "1"), read_right),
        ]
    }
}

/// The value of `x-acs-retry-after`, which is in milliseconds.
fn parse_wait(milliseconds: &str) -> Option<Duration> {
    milliseconds.trim().parse().ok().filter(|count| *count > 0).map(Duration::from_millis)
}

/// Sold-out regions still hold what runs there.
fn read_region(row: Fields<'_>) -> Result<KnownRegion, String> {
    Ok(KnownRegion {
        label: row.text("LocalName").ok().flatten(),
        endpoint: row.text("RegionEndpoint").ok().flatten(),
        ..KnownRegion::named(row.required_text("RegionId")?)
    })
}

/// `TotalCount` means nothing where tokens are used.
fn call<T: 'static>(
    action: &'static str,
    region: &Region,
    parameters: Vec<(String, String)>,
    read: impl Fn(Result<Value, ProviderError>) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    rpc_call("2014-05-26", action, region, parameters, read)
}

fn read_instance(row: Fields<'_>) -> Result<Instance, String> {
    let elastic_ip = row.text("/EipAddress/IpAddress")?;
    let public_ip = row.texts("/PublicIpAddress/IpAddress")?.into_iter().next();
    let vpc_ip = row.texts("/VpcAttributes/PrivateIpAddress/IpAddress")?.into_iter().next();
    let classic_ip = row.texts("/InnerIpAddress/IpAddress")?.into_iter().next();
    let tags = row.list("/Tags/Tag")?.map(|tag| {
        let key = tag.text("TagKey")?.unwrap_or_default();
        Ok(Tag { key, value: tag.text("TagValue")?.unwrap_or_default() })
    });
    Ok(Instance {
        id: InstanceId(row.required_text("InstanceId")?),
        compared: Compared {
            status: Status::parse(&row.text("Status")?.unwrap_or_default()),
            name: row.text("InstanceName")?,
            public_ip: elastic_ip.clone().or(public_ip),
            private_ip: vpc_ip.or(classic_ip),
            instance_type: row.text("InstanceType")?,
            security_groups: row.texts("/SecurityGroupIds/SecurityGroupId")?.into_iter().collect(),
            data_disks: BTreeSet::new(),
            tags: tags.collect::<Result<_, String>>()?,
        },
        disks_known: DisksKnown::No,
        details: read_details(row, elastic_ip)?,
        raw: row.0.to_string(),
        content_hash: digest(row.0),
    })
}

fn read_details(row: Fields<'_>, elastic_ip: Option<String>) -> Result<Details, String> {
    Ok(Details {
        host_name: row.text("HostName")?,
        description: row.text("Description")?,
        zone: row.text("ZoneId")?,
        instance_type_family: row.text("InstanceTypeFamily")?,
        cpu_count: row.integer("Cpu")?,
        memory_mib: row.integer("Memory")?,
        os_name: row.text("OSName")?,
        os_type: row.text("OSType")?,
        image_id: row.text("ImageId")?,
        network_type: row.text("InstanceNetworkType")?,
        vpc_id: row.text("/VpcAttributes/VpcId")?,
        subnet_id: row.text("/VpcAttributes/VSwitchId")?,
        elastic_ip,
        charge_type: row.text("InstanceChargeType")?,
        stopped_mode: row.text("StoppedMode")?,
        key_name: row.text("KeyPairName")?,
        created_at: row.time("CreationTime"),
        expired_at: row.time("ExpiredTime"),
        ..Details::default()
    })
}

fn read_disk(row: Fields<'_>) -> Result<AttachedDisk, String> {
    let attachments = row.list("/Attachments/Attachment")?.map(|attachment| attachment.text("InstanceId"));
    let mut instances: BTreeSet<_> =
        attachments.filter_map(Result::transpose).map(|id| id.map(InstanceId)).collect::<Result<_, _>>()?;
    instances.extend(row.text("InstanceId")?.map(InstanceId));
    let disk = Disk {
        id: row.required_text("DiskId")?,
        size_gib: row.integer("Size")?,
        category: row.text("Category")?,
        device: row.text("Device")?,
    };
    Ok(AttachedDisk { disk, instances })
}

#[cfg(test)]
mod tests;
