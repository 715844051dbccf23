//! Tencent Cloud CVM, API version 2017-03-12.
//!
//! Source: the vendor's API reference of `DescribeRegions` (version 2022-06-27), `DescribeInstances` and
//! `DescribeInstancesStatus`. Errors come with HTTP status 200. Offsets may skip rows while the fleet changes, so the
//! number of different instances has to equal `TotalCount`.

mod api;
mod bucket;
mod cache;
mod database;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use self::api::{CODES, Listed, read_offset_page, unsigned};
use super::answer::{Fields, decode_json, read_regions, read_right, read_statuses, required_rows};
use super::call::{Call, Credential, Endpoint, Headers, Page, PageToken, RegionPage, Unsigned};
use super::catalog::Catalog;
use super::cloud::Cloud;
use super::sign::{cos, tc3};
use crate::upstreams::ecs::instance::{Compared, Details, Disk, DisksKnown, Instance, InstanceId, Status, Tag, digest};
use crate::upstreams::ecs::regions::{KnownRegion, Region};
use crate::upstreams::ecs::resources::Resource;

/// The most the API answers in a page.
const ROWS_PER_PAGE: u64 = 100;

/// Tencent Cloud.
pub struct Tencent;

impl Cloud for Tencent {
    fn default_region(&self) -> &'static str {
        "ap-guangzhou"
    }

    fn default_host(&self, endpoint: Endpoint, region: &str) -> String {
        match endpoint {
            Endpoint::Buckets => bucket::default_host(region),
            Endpoint::Regions => "region.tencentcloudapi.com".to_owned(),
            Endpoint::Databases => "cdb.tencentcloudapi.com".to_owned(),
            Endpoint::Caches => "redis.tencentcloudapi.com".to_owned(),
            Endpoint::Compute | Endpoint::Disks | Endpoint::Tags => "cvm.tencentcloudapi.com".to_owned(),
        }
    }

    fn has_region_endpoint(&self) -> bool {
        true
    }

    /// The host of a region would list that region's buckets only.
    fn lists_at_one_host(&self, endpoint: Endpoint) -> bool {
        matches!(endpoint, Endpoint::Regions | Endpoint::Buckets)
    }

    fn sign(&self, credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, _nonce: &str) -> Headers {
        if unsigned.service == bucket::SERVICE {
            return cos::sign(credential, unsigned, host, now);
        }
        tc3::sign(credential, unsigned, host, now)
    }

    fn list_regions(&self, _default_region: &Region, _page: Option<&PageToken>) -> Call<RegionPage> {
        let unsigned = Unsigned {
            service: "region",
            version: "2022-06-27",
            region: String::new(),
            ..unsigned("DescribeRegions", None, &json!({"Product": "cvm"}))
        };
        let call = Call::new(unsigned, |status, body| {
            let document = decode_json(&CODES, status, body)?;
            Ok(read_regions(required_rows(&document, "/Response/RegionSet")?, None, read_region))
        });
        call.to(Endpoint::Regions)
    }

    /// A page is named by its offset.
    fn list_instances(&self, region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>> {
        let offset = page.and_then(|PageToken(offset)| offset.parse().ok()).unwrap_or(0);
        let unsigned = unsigned("DescribeInstances", Some(region), &json!({"Limit": ROWS_PER_PAGE, "Offset": offset}));
        let listed = Listed { set: "/Response/InstanceSet", id: "InstanceId" };
        Call::new(unsigned, move |status, body| {
            read_offset_page(&decode_json(&CODES, status, body)?, offset, listed, read_instance)
        })
    }

    fn list_statuses(&self, region: &Region, ids: &[InstanceId]) -> Vec<Call<BTreeMap<InstanceId, Status>>> {
        let ids: Vec<_> = ids.iter().map(InstanceId::as_str).collect();
        let payload = json!({"InstanceIds": ids, "Limit": ROWS_PER_PAGE, "Offset": 0});
        vec![Call::new(unsigned("DescribeInstancesStatus", Some(region), &payload), |status, body| {
            let document = decode_json(&CODES, status, body)?;
            let rows = required_rows(&document, "/Response/InstanceStatusSet")?;
            Ok(read_statuses(rows, "InstanceId", "InstanceState"))
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

    fn probe_rights(&self, region: &Region) -> Vec<Call<()>> {
        let one = |action| {
            let unsigned = unsigned(action, Some(region), &json!({"Limit": 1, "Offset": 0}));
            Call::new(unsigned, |status, body| read_right(decode_json(&CODES, status, body)))
        };
        ["DescribeInstances", "DescribeInstancesStatus"].map(one).into()
    }
}

fn read_region(row: Fields<'_>) -> Result<KnownRegion, String> {
    Ok(KnownRegion {
        label: row.text("RegionName").ok().flatten(),
        is_enabled: row.text("RegionState")?.as_deref() != Some("UNAVAILABLE"),
        ..KnownRegion::named(row.required_text("Region")?)
    })
}

fn read_instance(row: Fields<'_>) -> Result<Instance, String> {
    let tags = row.list("Tags")?.map(|tag| {
        let key = tag.text("Key")?.unwrap_or_default();
        Ok(Tag { key, value: tag.text("Value")?.unwrap_or_default() })
    });
    Ok(Instance {
        id: InstanceId(row.required_text("InstanceId")?),
        compared: Compared {
            status: Status::parse(&row.text("InstanceState")?.unwrap_or_default()),
            name: row.text("InstanceName")?,
            public_ip: row.texts("PublicIpAddresses")?.into_iter().next(),
            private_ip: row.texts("PrivateIpAddresses")?.into_iter().next(),
            instance_type: row.text("InstanceType")?,
            security_groups: row.texts("SecurityGroupIds")?.into_iter().collect(),
            data_disks: read_disks(row)?,
            tags: tags.collect::<Result<_, String>>()?,
        },
        disks_known: DisksKnown::Fully,
        details: Details {
            zone: row.text("/Placement/Zone")?,
            cpu_count: row.integer("CPU")?,
            // The API counts GiB.
            memory_mib: row.integer("Memory")?.map(|gib| gib.saturating_mul(1024)),
            os_name: row.text("OsName")?,
            image_id: row.text("ImageId")?,
            vpc_id: row.text("/VirtualPrivateCloud/VpcId")?,
            subnet_id: row.text("/VirtualPrivateCloud/SubnetId")?,
            charge_type: row.text("InstanceChargeType")?,
            stopped_mode: row.text("StopChargingMode")?,
            created_at: row.time("CreatedTime"),
            expired_at: row.time("ExpiredTime"),
            ..Details::default()
        },
        raw: row.0.to_string(),
        content_hash: digest(row.0),
    })
}

/// Disks of the host itself have no id. They are numbered, the smallest first, so that two alike stay two.
fn read_disks(row: Fields<'_>) -> Result<BTreeSet<Disk>, String> {
    let mut disks = row.list("DataDisks")?.map(read_disk).collect::<Result<Vec<_>, _>>()?;
    disks.sort();
    let local = disks.iter_mut().filter(|disk| disk.id.is_empty());
    local.enumerate().for_each(|(index, disk)| disk.id = format!("local-{}", index + 1));
    Ok(disks.into_iter().collect())
}

fn read_disk(row: Fields<'_>) -> Result<Disk, String> {
    Ok(Disk {
        id: row.text("DiskId")?.unwrap_or_default(),
        size_gib: row.integer("DiskSize")?,
        category: row.text("DiskType")?,
        device: None,
    })
}

#[cfg(test)]
mod tests;
