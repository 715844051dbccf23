//! AWS EC2, Query API version 2016-11-15.
//!
//! Source: the vendor's API reference of `DescribeRegions`, `DescribeInstances`, `DescribeVolumes` and
//! `DescribeInstanceStatus`.

mod bucket;
mod cache;
mod database;
mod query;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use self::query::query_call;
use super::answer::{Fields, read_dry_run, read_page, read_regions, read_right, read_rows, read_statuses};
use super::call::{Call, Credential, Endpoint, Headers, Page, PageToken, RegionPage, Unsigned};
use super::catalog::Catalog;
use super::cloud::Cloud;
use super::codes::ProviderError;
use super::sign::sigv4;
use crate::upstreams::ecs::disks::{AttachedDisk, DiskScope};
use crate::upstreams::ecs::instance::{
    Compared, Details, Disk, DisksKnown, Instance, InstanceId, Status, Tag, TypeSpec, digest,
};
use crate::upstreams::ecs::regions::{KnownRegion, Region};
use crate::upstreams::ecs::resources::Resource;
use crate::upstreams::mirror::BadRow;

/// The most the API answers in a page; of instances it counts reservations.
const INSTANCES_PER_PAGE: &str = "1000";
const VOLUMES_PER_PAGE: &str = "500";
const TYPES_PER_PAGE: &str = "100";

/// AWS.
pub struct Aws;

impl Cloud for Aws {
    fn default_region(&self) -> &'static str {
        "us-east-1"
    }

    /// The partition in China has its own domain.
    fn default_host(&self, endpoint: Endpoint, region: &str) -> String {
        let country = if region.starts_with("cn-") { ".cn" } else { "" };
        let service = match endpoint {
            Endpoint::Databases => "rds",
            Endpoint::Caches => "elasticache",
            Endpoint::Buckets => "s3",
            Endpoint::Tags => "tagging",
            Endpoint::Compute | Endpoint::Regions | Endpoint::Disks => "ec2",
        };
        format!("{service}.{region}.amazonaws.com{country}")
    }

    /// A filter takes up to 200 values.
    fn disk_chunk(&self) -> usize {
        200
    }

    fn sign(&self, credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, _nonce: &str) -> Headers {
        sigv4::sign(credential, unsigned, host, now)
    }

    fn list_regions(&self, default_region: &Region, _page: Option<&PageToken>) -> Call<RegionPage> {
        call("DescribeRegions", default_region, Vec::new(), |answer| {
            Ok(read_regions(required_set(&answer?, "regionInfo")?, None, read_region))
        })
    }

    fn list_instances(&self, region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>> {
        call("DescribeInstances", region, paged(INSTANCES_PER_PAGE, page), |answer| {
            let document = answer?;
            let mut rows = Vec::new();
            for reservation in required_set(&document, "reservationSet")? {
                match required_set(reservation, "instancesSet") {
                    Ok(instances) => rows.extend(read_rows(instances, "instanceId", read_instance)),
                    Err(refused) => rows.push(Err(BadRow { id: None, name: None, reason: refused.to_string() })),
                }
            }
            read_page(&document, "nextToken", rows)
        })
    }

    fn confirm_authorised(&self, region: &Region) -> Option<Call<()>> {
        Some(call("DescribeInstances", region, vec![("DryRun".to_owned(), "true".to_owned())], read_dry_run))
    }

    /// Volumes; those that are root devices come along.
    fn list_disks(
        &self,
        region: &Region,
        of: DiskScope<'_>,
        page: Option<&PageToken>,
    ) -> Option<Call<Page<AttachedDisk>>> {
        let mut parameters = paged(VOLUMES_PER_PAGE, page);
        if let DiskScope::Of(instances) = of {
            parameters.push(("Filter.1.Name".to_owned(), "attachment.instance-id".to_owned()));
            parameters.extend(numbered("Filter.1.Value", instances));
        }
        Some(call("DescribeVolumes", region, parameters, |answer| {
            let document = answer?;
            let rows = required_set(&document, "volumeSet")?;
            read_page(&document, "nextToken", read_rows(rows, "volumeId", read_volume))
        }))
    }

    /// By a filter, for a name that is none would have the whole call refused.
    fn list_types(&self, region: &Region, names: &[&String], page: Option<&PageToken>) -> Option<Call<Page<TypeSpec>>> {
        let mut parameters = paged(TYPES_PER_PAGE, page);
        parameters.push(("Filter.1.Name".to_owned(), "instance-type".to_owned()));
        let values = names.iter().zip(1..);
        parameters.extend(values.map(|(name, number)| (format!("Filter.1.Value.{number}"), (*name).clone())));
        Some(call("DescribeInstanceTypes", region, parameters, |answer| {
            let document = answer?;
            let rows = required_set(&document, "instanceTypeSet")?;
            read_page(&document, "nextToken", read_rows(rows, "instanceType", read_type))
        }))
    }

    fn list_statuses(&self, region: &Region, ids: &[InstanceId]) -> Vec<Call<BTreeMap<InstanceId, Status>>> {
        let mut parameters = vec![("IncludeAllInstances".to_owned(), "true".to_owned())];
        parameters.extend(numbered("InstanceId", ids));
        vec![call("DescribeInstanceStatus", region, parameters, |answer| {
            Ok(read_statuses(required_set(&answer?, "instanceStatusSet")?, "instanceId", "/instanceState/name"))
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
        let dry_run = |action| call(action, region, vec![("DryRun".to_owned(), "true".to_owned())], read_right);
        ["DescribeInstances", "DescribeVolumes", "DescribeInstanceStatus"].map(dry_run).into()
    }
}

fn read_region(row: Fields<'_>) -> Result<KnownRegion, String> {
    Ok(KnownRegion {
        endpoint: row.text("regionEndpoint").ok().flatten(),
        is_enabled: row.text("optInStatus")?.as_deref() != Some("not-opted-in"),
        ..KnownRegion::named(row.required_text("regionName")?)
    })
}

fn call<T: 'static>(
    action: &'static str,
    region: &Region,
    parameters: Vec<(String, String)>,
    read: impl Fn(Result<Value, ProviderError>) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    query_call("ec2", "2016-11-15", action, region, parameters, read)
}

fn paged(rows: &str, page: Option<&PageToken>) -> Vec<(String, String)> {
    let token = page.map(|PageToken(token)| ("NextToken".to_owned(), token.clone()));
    [("MaxResults".to_owned(), rows.to_owned())].into_iter().chain(token).collect()
}

fn numbered(name: &str, ids: &[InstanceId]) -> impl Iterator<Item = (String, String)> {
    ids.iter().enumerate().map(move |(index, id)| (format!("{name}.{}", index + 1), id.to_string()))
}

/// A list that is there even when it is empty, which in XML looks like nothing.
fn required_set<'a>(document: &'a Value, name: &str) -> Result<&'a [Value], ProviderError> {
    match document.get(name) {
        Some(Value::Null) => Ok(&[]),
        Some(Value::Array(rows)) => Ok(rows),
        Some(_) | None => Err(ProviderError::unreadable(format!("the answer has no list `{name}`"))),
    }
}

fn read_instance(row: Fields<'_>) -> Result<Instance, String> {
    let tags = row.list("tagSet")?.map(|tag| {
        let key = tag.text("key")?.unwrap_or_default();
        Ok(Tag { key, value: tag.text("value")?.unwrap_or_default() })
    });
    let tags: BTreeSet<Tag> = tags.collect::<Result<_, String>>()?;
    let groups = row.list("groupSet")?.map(|group| group.required_text("groupId"));
    let root_device = row.text("rootDeviceName")?;
    Ok(Instance {
        id: InstanceId(row.required_text("instanceId")?),
        compared: Compared {
            status: Status::parse(&row.text("/instanceState/name")?.unwrap_or_default()),
            name: tags.iter().find(|tag| tag.key == "Name").map(|tag| tag.value.clone()),
            public_ip: row.text("ipAddress")?,
            private_ip: row.text("privateIpAddress")?,
            instance_type: row.text("instanceType")?,
            security_groups: groups.collect::<Result<_, _>>()?,
            data_disks: read_mapping(row, root_device.as_deref())?,
            tags,
        },
        disks_known: DisksKnown::Named,
        details: Details {
            zone: row.text("/placement/availabilityZone")?,
            // The API names a platform only for Windows.
            os_type: Some(row.text("platform")?.unwrap_or_else(|| "linux".to_owned())),
            os_name: row.text("platformDetails")?,
            image_id: row.text("imageId")?,
            vpc_id: row.text("vpcId")?,
            subnet_id: row.text("subnetId")?,
            key_name: row.text("keyName")?,
            root_device,
            launched_at: row.time("launchTime"),
            ..Details::default()
        },
        raw: row.0.to_string(),
        content_hash: digest(row.0),
    })
}

/// The mapped volumes but the root device's.
fn read_mapping(row: Fields<'_>, root_device: Option<&str>) -> Result<BTreeSet<Disk>, String> {
    let mut disks = BTreeSet::new();
    for mapping in row.list("blockDeviceMapping")? {
        let device = mapping.text("deviceName")?;
        if let Some(id) = mapping.text("/ebs/volumeId")?
            && (root_device.is_none() || device.as_deref() != root_device)
        {
            disks.insert(Disk { id, size_gib: None, category: None, device });
        }
    }
    Ok(disks)
}

fn read_type(row: Fields<'_>) -> Result<TypeSpec, String> {
    Ok(TypeSpec {
        instance_type: row.required_text("instanceType")?,
        cpu_count: row.integer("/vCpuInfo/defaultVCpus")?,
        memory_mib: row.integer("/memoryInfo/sizeInMiB")?,
    })
}

fn read_volume(row: Fields<'_>) -> Result<AttachedDisk, String> {
    let attachments: Vec<_> = row.list("attachmentSet")?.collect();
    let device = attachments.first().map(|first| first.text("device")).transpose()?.flatten();
    let instances = attachments.iter().map(|attachment| attachment.required_text("instanceId").map(InstanceId));
    let disk = Disk {
        id: row.required_text("volumeId")?,
        size_gib: row.integer("size")?,
        category: row.text("volumeType")?,
        device,
    };
    Ok(AttachedDisk { disk, instances: instances.collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests;
