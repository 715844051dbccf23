//! Volcengine ECS, API version 2020-04-01.
//!
//! Source: the vendor's SDK, its models of `DescribeRegions`, `DescribeInstances` and `DescribeVolumes`. Errors may come
//! with a good status. `open.volcengineapi.com` answers for every service, too, as `endpoint`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::answer::{Fields, decode_json, read_page, read_regions, read_rows, read_statuses, required_rows, token_in};
use super::call::{Call, Credential, Endpoint, Headers, Page, PageToken, RegionPage, Unsigned};
use super::catalog::NumberedPage;
use super::cloud::Cloud;
use super::codes::{Codes, Kind, ProviderError};
use super::sign::{encode_parameters, sigv4};
use crate::upstreams::ecs::disks::{AttachedDisk, DiskScope};
use crate::upstreams::ecs::instance::{Compared, Details, Disk, DisksKnown, Instance, InstanceId, Status, Tag, digest};
use crate::upstreams::ecs::regions::{KnownRegion, Region};

/// The most the API answers in a page.
const ROWS_PER_PAGE: u64 = 100;

/// Vendor's table of common error codes.
const CODES: Codes = Codes(&[
    (
        Kind::KeyRejected,
        &[
            "InvalidAccessKey*",
            "InvalidCredential",
            "InvalidAuthorization",
            "InvalidSecretToken",
            "MissingAuthenticationToken",
            "MissingSignature",
            "SignatureDoesNotMatch",
        ],
    ),
    (Kind::NotPermitted, &["AccessDenied*", "LackProjectPolicy", "Forbidden*"]),
    (Kind::ClockOff, &["InvalidTimestamp"]),
    (Kind::Throttled, &["FlowLimitExceeded*", "AccountFlowLimitExceeded*"]),
    (Kind::Server, &["InternalError*", "InternalServiceError", "ServiceUnavailable*"]),
    (Kind::UnknownInstance, &["InvalidInstance*.NotFound"]),
    (Kind::Region, &["InvalidRegion*"]),
]);

/// Volcengine.
pub struct Volcengine;

impl Cloud for Volcengine {
    fn default_region(&self) -> &'static str {
        "cn-beijing"
    }

    fn default_host(&self, endpoint: Endpoint, region: &str) -> String {
        let service = if endpoint == Endpoint::Disks { "storage-ebs" } else { "ecs" };
        format!("{service}.{region}.volcengineapi.com")
    }

    /// The vendor's own tool keeps to this.
    fn default_qps(&self) -> Option<u32> {
        Some(4)
    }

    fn sign(&self, credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, _nonce: &str) -> Headers {
        sigv4::sign_volcengine(credential, unsigned, host, now)
    }

    fn list_regions(&self, default_region: &Region, page: Option<&PageToken>) -> Call<RegionPage> {
        call("DescribeRegions", default_region, paged(page), |document| {
            let next = token_in(result(document), "NextToken")?;
            Ok(read_regions(required_rows(document, "/Result/Regions")?, next, |row| {
                Ok(KnownRegion::named(row.required_text("RegionId")?))
            }))
        })
    }

    fn list_instances(&self, region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>> {
        call("DescribeInstances", region, paged(page), |document| {
            let rows = read_rows(set(document, "/Result/Instances")?, "InstanceId", read_instance);
            read_page(result(document), "NextToken", rows)
        })
    }

    /// Of the region or of one instance, by page numbers.
    fn list_disks(
        &self,
        region: &Region,
        of: DiskScope<'_>,
        page: Option<&PageToken>,
    ) -> Option<Call<Page<AttachedDisk>>> {
        let at = NumberedPage::of(page);
        let mut parameters = at.parameters(ROWS_PER_PAGE);
        parameters.push(("Kind".to_owned(), "data".to_owned()));
        if let DiskScope::Of(instances) = of {
            parameters.extend(instances.iter().map(|id| ("InstanceId".to_owned(), id.to_string())));
        }
        let mut call = call("DescribeVolumes", region, parameters, move |document| {
            let rows = read_rows(set(document, "/Result/Volumes")?, "VolumeId", read_volume);
            at.read(result(document), rows)
        });
        call.unsigned.service = "storage_ebs";
        Some(call.to(Endpoint::Disks))
    }

    fn list_statuses(&self, region: &Region, ids: &[InstanceId]) -> Vec<Call<BTreeMap<InstanceId, Status>>> {
        let named = ids.iter().enumerate().map(|(index, id)| (format!("InstanceIds.{}", index + 1), id.to_string()));
        vec![call("DescribeInstances", region, paged(None).into_iter().chain(named).collect(), |document| {
            Ok(read_statuses(set(document, "/Result/Instances")?, "InstanceId", "Status"))
        })]
    }

    fn probe_rights(&self, region: &Region) -> Vec<Call<()>> {
        let one = vec![("MaxResults".to_owned(), "1".to_owned())];
        let mut volumes = call("DescribeVolumes", region, NumberedPage::of(None).parameters(ROWS_PER_PAGE), |_| Ok(()));
        volumes.unsigned.service = "storage_ebs";
        vec![call("DescribeInstances", region, one, |_| Ok(())), volumes.to(Endpoint::Disks)]
    }
}

fn call<T: 'static>(
    action: &'static str,
    region: &Region,
    mut parameters: Vec<(String, String)>,
    read: impl Fn(&Value) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    let version = "2020-04-01";
    parameters
        .extend([("Action", action), ("Version", version)].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let unsigned = Unsigned {
        method: "GET",
        service: "ecs",
        action,
        version,
        region: region.to_string(),
        query: encode_parameters(&parameters),
        ..Unsigned::default()
    };
    Call::new(unsigned, move |status, body| read(&decode_json(&CODES, status, body)?))
}

fn paged(page: Option<&PageToken>) -> Vec<(String, String)> {
    let token = page.map(|PageToken(token)| ("NextToken".to_owned(), token.clone()));
    [("MaxResults".to_owned(), ROWS_PER_PAGE.to_string())].into_iter().chain(token).collect()
}

fn result(document: &Value) -> &Value {
    document.get("Result").unwrap_or(&Value::Null)
}

/// The rows of a listing, which is null where there are none.
fn set<'a>(document: &'a Value, pointer: &str) -> Result<&'a [Value], ProviderError> {
    let is_empty = || Fields(result(document)).integer("TotalCount") == Ok(Some(0));
    match document.pointer(pointer) {
        Some(Value::Null) if is_empty() => Ok(&[]),
        Some(_) | None => required_rows(document, pointer),
    }
}

fn read_instance(row: Fields<'_>) -> Result<Instance, String> {
    let interfaces: Vec<_> = row.list("NetworkInterfaces")?.collect();
    let is_primary = |interface: &&Fields<'_>| interface.text("Type") == Ok(Some("primary".to_owned()));
    let primary = interfaces.iter().find(is_primary).or(interfaces.first()).copied().unwrap_or(Fields(&Value::Null));
    let groups = interfaces.iter().map(|interface| interface.texts("SecurityGroupIds"));
    let elastic_ip = row.text("/EipAddress/IpAddress")?;
    Ok(Instance {
        id: InstanceId(row.required_text("InstanceId")?),
        compared: Compared {
            status: Status::parse(&row.text("Status")?.unwrap_or_default()),
            name: row.text("InstanceName")?,
            public_ip: elastic_ip.clone(),
            private_ip: primary.text("PrimaryIpAddress")?,
            instance_type: row.text("InstanceTypeId")?,
            security_groups: groups.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
            data_disks: read_local_disks(row)?,
            tags: read_tags(row)?,
        },
        disks_known: DisksKnown::No,
        details: Details {
            host_name: row.text("Hostname")?.or(row.text("HostName")?),
            description: row.text("Description")?,
            zone: row.text("ZoneId")?,
            cpu_count: row.integer("Cpus")?,
            memory_mib: row.integer("MemorySize")?,
            os_name: row.text("OsName")?,
            os_type: row.text("OsType")?,
            image_id: row.text("ImageId")?,
            vpc_id: row.text("VpcId")?,
            subnet_id: primary.text("SubnetId")?,
            elastic_ip,
            charge_type: row.text("InstanceChargeType")?,
            stopped_mode: row.text("StoppedMode")?,
            key_name: row.text("KeyPairName")?,
            created_at: row.time("CreatedAt"),
            expired_at: row.time("ExpiredAt"),
            ..Details::default()
        },
        raw: row.0.to_string(),
        content_hash: digest(row.0),
    })
}

/// The account's own tags: those of the provider are mixed in.
fn read_tags(row: Fields<'_>) -> Result<BTreeSet<Tag>, String> {
    let mut tags = BTreeSet::new();
    for tag in row.list("Tags")? {
        let key = tag.text("Key")?.unwrap_or_default();
        if !key.starts_with("volc:") && !key.starts_with("sys:") {
            tags.insert(Tag { key, value: tag.text("Value")?.unwrap_or_default() });
        }
    }
    Ok(tags)
}

/// Disks of the host itself have no id and are not among the volumes: they are numbered.
fn read_local_disks(row: Fields<'_>) -> Result<BTreeSet<Disk>, String> {
    /// No machine has more.
    const MOST: i64 = 64;
    let mut disks = BTreeSet::new();
    for volume in row.list("LocalVolumes")? {
        for _ in 0..volume.integer("Count")?.unwrap_or(1).min(MOST) {
            let id = format!("local-{}", disks.len() + 1);
            let (size_gib, category) = (volume.integer("Size")?, volume.text("VolumeType")?);
            disks.insert(Disk { id, size_gib, category, device: None });
        }
    }
    Ok(disks)
}

fn read_volume(row: Fields<'_>) -> Result<AttachedDisk, String> {
    let disk = Disk {
        id: row.required_text("VolumeId")?,
        size_gib: row.integer("Size")?,
        category: row.text("VolumeType")?,
        device: None,
    };
    Ok(AttachedDisk { disk, instances: row.text("InstanceId")?.map(InstanceId).into_iter().collect() })
}

#[cfg(test)]
mod tests;
