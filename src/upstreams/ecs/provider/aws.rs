//! AWS EC2, Query API version 2016-11-15.
//!
//! Source: the vendor's API reference of `DescribeRegions`, `DescribeInstances`, `DescribeVolumes` and
//! `DescribeInstanceStatus`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answer::{Fields, decode_xml, read_dry_run, read_page, read_regions, read_right, read_rows, read_statuses};
use super::call::{Call, Page, PageToken, Unsigned};
use super::codes::{Codes, Kind, ProviderError};
use super::sign::encode_parameters;
use crate::upstreams::ecs::disks::{AttachedDisk, DiskScope};
use crate::upstreams::ecs::instance::{Compared, Details, Disk, DisksKnown, Instance, InstanceId, Status, Tag, digest};
use crate::upstreams::ecs::regions::{KnownRegion, Region};
use crate::upstreams::mirror::BadRow;

pub const DEFAULT_REGION: &str = "us-east-1";

/// The most the API answers in a page; of instances it counts reservations.
const INSTANCES_PER_PAGE: &str = "1000";
const VOLUMES_PER_PAGE: &str = "500";

/// Vendor's tables of common and EC2 error codes.
const CODES: Codes = Codes(&[
    (
        Kind::KeyRejected,
        &[
            "InvalidClientTokenId",
            "UnrecognizedClient*",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "InvalidAccessKeyId*",
            "ExpiredToken*",
        ],
    ),
    // What EC2 says of a wrong key, and of a right one in a region where it is not valid.
    (Kind::KeyDoubted, &["AuthFailure"]),
    (Kind::NotPermitted, &["UnauthorizedOperation", "AccessDenied*", "OptInRequired"]),
    (Kind::ClockOff, &["RequestExpired"]),
    (
        Kind::Throttled,
        &[
            "RequestLimitExceeded",
            "EC2ThrottledException",
            "Throttling*",
            "RequestThrottled*",
            "SlowDown",
            "TooManyRequestsException",
            "BandwidthLimitExceeded",
        ],
    ),
    (Kind::Server, &["InternalError", "InternalFailure", "Unavailable", "ServiceUnavailable"]),
    (Kind::UnknownInstance, &["InvalidInstanceID.NotFound"]),
]);

/// The host of a region, where the account names none; the partition in China has its own domain.
pub fn default_host(region: &str) -> String {
    let country = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("ec2.{region}.amazonaws.com{country}")
}

pub fn list_regions(default_region: &Region) -> Call<Vec<KnownRegion>> {
    call("DescribeRegions", default_region, Vec::new(), |answer| {
        read_regions(required_set(&answer?, "regionInfo")?, read_region)
    })
}

fn read_region(row: Fields<'_>) -> Result<KnownRegion, String> {
    Ok(KnownRegion {
        name: row.required_text("regionName")?,
        label: None,
        endpoint: row.text("regionEndpoint").ok().flatten(),
        is_enabled: row.text("optInStatus")?.as_deref() != Some("not-opted-in"),
    })
}

pub fn list_instances(region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>> {
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

/// The same listing as a dry run: it distinguishes an account that may not list from an empty region.
pub fn confirm_authorised(region: &Region) -> Call<()> {
    call("DescribeInstances", region, vec![("DryRun".to_owned(), "true".to_owned())], read_dry_run)
}

/// Volumes of the region or of some instances; those that are root devices come along.
pub fn list_disks(region: &Region, of: DiskScope<'_>, page: Option<&PageToken>) -> Call<Page<AttachedDisk>> {
    let mut parameters = paged(VOLUMES_PER_PAGE, page);
    if let DiskScope::Of(instances) = of {
        parameters.push(("Filter.1.Name".to_owned(), "attachment.instance-id".to_owned()));
        parameters.extend(numbered("Filter.1.Value", instances));
    }
    call("DescribeVolumes", region, parameters, |answer| {
        let document = answer?;
        let rows = required_set(&document, "volumeSet")?;
        read_page(&document, "nextToken", read_rows(rows, "volumeId", read_volume))
    })
}

pub fn list_statuses(region: &Region, ids: &[InstanceId]) -> Call<BTreeMap<InstanceId, Status>> {
    let mut parameters = vec![("IncludeAllInstances".to_owned(), "true".to_owned())];
    parameters.extend(numbered("InstanceId", ids));
    call("DescribeInstanceStatus", region, parameters, |answer| {
        Ok(read_statuses(required_set(&answer?, "instanceStatusSet")?, "instanceId", "/instanceState/name"))
    })
}

/// The actions of a pass.
pub fn probe_rights(region: &Region) -> Vec<Call<()>> {
    let dry_run = |action| call(action, region, vec![("DryRun".to_owned(), "true".to_owned())], read_right);
    ["DescribeInstances", "DescribeVolumes", "DescribeInstanceStatus"].map(dry_run).into()
}

fn call<T: 'static>(
    action: &'static str,
    region: &Region,
    mut parameters: Vec<(String, String)>,
    read: impl Fn(Result<Value, ProviderError>) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    let version = "2016-11-15";
    parameters
        .extend([("Action", action), ("Version", version)].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let unsigned = Unsigned {
        service: "ec2",
        action,
        version,
        region: region.to_string(),
        content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
        body: encode_parameters(&parameters),
        ..Unsigned::default()
    };
    Call::new(unsigned, move |status, body| read(decode_xml(&CODES, action, status, body)))
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
