//! Huawei Cloud ECS, API version 1.
//!
//! Source: the vendor's SDK, its models of `ListServersDetails`, `ShowServer`, `KeystoneListRegions` and
//! `KeystoneListProjects`. A region's instances are divided into projects, and a listing is complete only if each of
//! them was read to its end. A user who may see some enterprise projects gets only their instances, without an error.
//! More than five bad signatures in a row lock the access key for some minutes, so none is tried again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Fields, decode_json, read_regions, read_rows, read_statuses, required_rows};
use super::call::{Call, Credential, Endpoint, Headers, Page, PageToken, RegionPage, Unsigned};
use super::cloud::Cloud;
use super::codes::{Codes, Kind, ProviderError};
use super::sign::{encode_parameters, sdk};
use crate::upstreams::ecs::instance::{Compared, Details, Disk, DisksKnown, Instance, InstanceId, Status, Tag, digest};
use crate::upstreams::ecs::regions::{KnownRegion, Region};
use crate::upstreams::mirror::Signs;

/// The most the APIs answer in a page.
const ROWS_PER_PAGE: usize = 1000;

/// Vendor's tables of the gateway's error codes; a service has its own besides, whose status decides.
const CODES: Codes = Codes(&[
    (Kind::KeyRejected, &["APIGW.0301", "APIGW.0302", "APIGW.0303", "401"]),
    (Kind::NotPermitted, &["APIGW.0307", "403"]),
    (Kind::Throttled, &["APIGW.0308"]),
    (Kind::UnknownInstance, &["404"]),
    (Kind::Bad, &["APIGW.0101", "APIGW.0201"]),
]);

/// Huawei Cloud.
pub struct Huawei;

/// Where a listing goes on: in which project, and behind which instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    project: usize,
    marker: Option<String>,
    /// How many rows of the project came.
    seen: u64,
    /// How many rows the projects before it have.
    counted: u64,
    /// A project ended before its own count.
    is_short: bool,
}

impl Cloud for Huawei {
    fn default_region(&self) -> &'static str {
        "cn-north-4"
    }

    fn default_host(&self, endpoint: Endpoint, region: &str) -> String {
        match endpoint {
            Endpoint::Regions if region == "eu-west-101" => "iam.eu-west-101.myhuaweicloud.eu".to_owned(),
            Endpoint::Regions => "iam.myhuaweicloud.com".to_owned(),
            Endpoint::Compute
            | Endpoint::Disks
            | Endpoint::Databases
            | Endpoint::Caches
            | Endpoint::Buckets
            | Endpoint::Tags => format!("ecs.{region}.myhuaweicloud.com"),
        }
    }

    fn has_region_endpoint(&self) -> bool {
        true
    }

    fn has_projects(&self) -> bool {
        true
    }

    fn sign(&self, credential: &Credential, unsigned: &Unsigned, host: &str, now: Timestamp, _nonce: &str) -> Headers {
        sdk::sign(credential, unsigned, host, now)
    }

    /// First the regions, then the account's projects page by page, each as a region of its name.
    fn list_regions(&self, default_region: &Region, page: Option<&PageToken>) -> Call<RegionPage> {
        let Some(number) = page.map(|PageToken(number)| number.parse().unwrap_or(1_u64)) else {
            let call = call("KeystoneListRegions", default_region, "/v3/regions".to_owned(), &[], |document| {
                let next = Some(PageToken("1".to_owned()));
                Ok(read_regions(required_rows(document, "/regions")?, next, read_region))
            });
            return call.to(Endpoint::Regions);
        };
        let parameters = [("page", number.to_string()), ("per_page", ROWS_PER_PAGE.to_string())];
        let path = "/v3/projects".to_owned();
        let call = call("KeystoneListProjects", default_region, path, &parameters, move |document| {
            let rows = required_rows(document, "/projects")?;
            let next = (rows.len() >= ROWS_PER_PAGE).then(|| PageToken((number + 1).to_string()));
            // What cannot be read may be a project of any region.
            let projects = rows.iter().map(|row| read_project(Fields(row)).map_err(ProviderError::unreadable));
            Ok(RegionPage { rows: projects.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(), next })
        });
        call.to(Endpoint::Regions)
    }

    /// A region without a project is one that the account does not use. Projects of other names are no region's.
    fn merge_regions(&self, listed: Vec<KnownRegion>) -> Vec<KnownRegion> {
        let (projects, mut regions): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|region| !region.projects.is_empty());
        for project in projects {
            if let Some(region) = regions.iter_mut().find(|region| region.name == project.name) {
                region.projects.extend(project.projects);
            }
        }
        for region in &mut regions {
            region.projects.sort_unstable();
            region.projects.dedup();
            region.is_enabled = !region.is_readable() || !region.projects.is_empty();
        }
        regions
    }

    fn list_instances(&self, region: &Region, page: Option<&PageToken>) -> Call<Page<Instance>> {
        let place: Place = page.and_then(|PageToken(place)| serde_json::from_str(place).ok()).unwrap_or_default();
        let mut parameters = vec![("limit", ROWS_PER_PAGE.to_string())];
        parameters.extend(place.marker.clone().map(|marker| ("marker", marker)));
        let project_count = region.projects.len();
        servers(region, place.project, &parameters, move |document| {
            let rows = required_rows(document, "/servers")?;
            let (next, is_short) = place.after(rows, Fields(document), project_count);
            let mut signs = document.as_object().map(Signs::of).unwrap_or_default();
            // Its count is the project's; rows that came twice make `is_short` none.
            signs.row_count = Some(place.counted + place.count(rows, Fields(document)));
            signs.has_more |= is_short;
            Ok(Page { rows: read_rows(rows, "id", read_instance), next: next.map(Some), total: None, signs })
        })
    }

    /// Ids that the project does not know come back without a status.
    fn list_statuses(&self, region: &Region, ids: &[InstanceId]) -> Vec<Call<BTreeMap<InstanceId, Status>>> {
        let ids = ids.iter().map(InstanceId::as_str).collect::<Vec<_>>().join(",");
        let parameters = [("limit", ROWS_PER_PAGE.to_string()), ("server_id", ids)];
        let of = |project| {
            servers(region, project, &parameters, |document| {
                Ok(read_statuses(required_rows(document, "/servers")?, "id", "status"))
            })
        };
        (0..region.projects.len()).map(of).collect()
    }

    fn find_instance(&self, region: &Region, id: &InstanceId) -> Vec<Call<()>> {
        let path = |project| format!("/v1/{project}/cloudservers/{}", super::sign::percent_encode(id.as_str()));
        region.projects.iter().map(|project| call("ShowServer", region, path(project), &[], |_| Ok(()))).collect()
    }

    fn probe_rights(&self, region: &Region) -> Vec<Call<()>> {
        let one = [("limit", "1".to_owned())];
        (0..region.projects.len()).map(|project| servers(region, project, &one, |_| Ok(()))).collect()
    }
}

impl Place {
    /// Where the listing goes on behind this page, and whether any project ended before its own count. Without a count
    /// a page that is not full is a project's last.
    fn after(&self, rows: &[Value], document: Fields<'_>, project_count: usize) -> (Option<PageToken>, bool) {
        let seen = self.seen + rows.len() as u64;
        let count = self.count(rows, document);
        let has_more = seen < count;
        let last = rows.last().and_then(|row| Fields(row).text("id").ok().flatten());
        let next = match last {
            Some(marker) if has_more || rows.len() >= ROWS_PER_PAGE => {
                Some(Self { marker: Some(marker), seen, ..self.clone() })
            }
            Some(_) | None => {
                let is_short = self.is_short || has_more;
                let project = self.project + 1;
                if project >= project_count {
                    return (None, is_short);
                }
                Some(Self { project, is_short, counted: self.counted + count, ..Self::default() })
            }
        };
        (next.and_then(|place| serde_json::to_string(&place).ok()).map(PageToken), false)
    }

    /// How many rows the project has: as it says, else as came so far.
    fn count(&self, rows: &[Value], document: Fields<'_>) -> u64 {
        let count = document.integer("count").ok().flatten().and_then(|count| u64::try_from(count).ok());
        count.unwrap_or(self.seen + rows.len() as u64)
    }
}

/// A call for the details of that project's servers.
fn servers<T: 'static>(
    region: &Region,
    project: usize,
    parameters: &[(&str, String)],
    read: impl Fn(&Value) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    let project = region.projects.get(project).map(String::as_str).unwrap_or_default();
    call("ListServersDetails", region, format!("/v1/{project}/cloudservers/detail"), parameters, read)
}

fn call<T: 'static>(
    action: &'static str,
    region: &Region,
    path: String,
    parameters: &[(&str, String)],
    read: impl Fn(&Value) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let unsigned = Unsigned {
        method: "GET",
        path: path.into(),
        service: "ecs",
        action,
        region: region.to_string(),
        query: encode_parameters(&parameters),
        ..Unsigned::default()
    };
    Call::new(unsigned, move |status, body| read(&decode_json(&CODES, status, body)?))
}

fn read_region(row: Fields<'_>) -> Result<KnownRegion, String> {
    Ok(KnownRegion { label: row.text("/locales/zh-cn").ok().flatten(), ..KnownRegion::named(row.required_text("id")?) })
}

/// The project as a part of the region whose name is its own, or begins its own; none where it is not enabled.
fn read_project(row: Fields<'_>) -> Result<Option<KnownRegion>, String> {
    let (id, name) = (row.required_text("id")?, row.required_text("name")?);
    let is_usable =
        row.0.get("enabled") != Some(&Value::Bool(false)) && row.0.get("is_domain") != Some(&Value::Bool(true));
    let region = name.split_once('_').map_or(name.as_str(), |(region, _)| region).to_owned();
    Ok(is_usable.then(|| KnownRegion { projects: vec![id], ..KnownRegion::named(region) }))
}

/// The addresses of an instance: whether it is one of the internet, and the address.
struct Address {
    is_public: bool,
    is_primary: bool,
    text: Option<String>,
}

/// Its addresses of version 4, in all its networks.
fn read_addresses(row: Fields<'_>) -> Result<Vec<Address>, String> {
    let mut addresses = Vec::new();
    for network in row.0.get("addresses").and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys) {
        let networks = row.0.get("addresses").unwrap_or(&Value::Null);
        for address in Fields(networks).list(network)? {
            if address.text("version").ok().flatten().as_deref() != Some("6") {
                addresses.push(Address {
                    is_public: address.text("OS-EXT-IPS:type")?.as_deref() == Some("floating"),
                    is_primary: address.0.get("primary") == Some(&Value::Bool(true)),
                    text: address.text("addr")?,
                });
            }
        }
    }
    addresses.sort_by_key(|address| !address.is_primary);
    Ok(addresses)
}

fn read_instance(row: Fields<'_>) -> Result<Instance, String> {
    let addresses = read_addresses(row)?;
    let first = |is_public| {
        addresses.iter().find(|address| address.is_public == is_public).and_then(|address| address.text.clone())
    };
    let groups = row.list("security_groups")?.map(|group| Ok(group.text("id")?.or(group.text("name")?)));
    let groups = groups.collect::<Result<Vec<_>, String>>()?;
    Ok(Instance {
        id: InstanceId(row.required_text("id")?),
        compared: Compared {
            status: Status::parse(&row.text("status")?.unwrap_or_default()),
            name: row.text("name")?,
            public_ip: first(true),
            private_ip: first(false),
            instance_type: row.text("/flavor/id")?,
            security_groups: groups.into_iter().flatten().collect(),
            data_disks: read_disks(row)?,
            tags: row.texts("tags")?.iter().map(|tag| read_tag(tag)).collect(),
        },
        disks_known: DisksKnown::Fully,
        details: Details {
            host_name: row.text("OS-EXT-SRV-ATTR:hostname")?,
            description: row.text("description")?,
            zone: row.text("OS-EXT-AZ:availability_zone")?,
            cpu_count: row.integer("/flavor/vcpus")?,
            memory_mib: row.integer("/flavor/ram")?,
            os_name: row.text("/metadata/image_name")?,
            os_type: row.text("/metadata/os_type")?,
            image_id: row.text("/image/id")?,
            vpc_id: row.text("/metadata/vpc_id")?,
            elastic_ip: first(true),
            charge_type: row.text("/metadata/charging_mode")?.map(|mode| charge_type(&mode).to_owned()),
            key_name: row.text("key_name")?,
            created_at: row.time("created"),
            launched_at: row.time("OS-SRV-USG:launched_at"),
            ..Details::default()
        },
        raw: row.0.to_string(),
        content_hash: digest(row.0),
    })
}

/// The API numbers the ways to pay.
fn charge_type(mode: &str) -> &str {
    match mode {
        "0" => "postPaid",
        "1" => "prePaid",
        "2" => "spot",
        other => other,
    }
}

/// `key=value`, or a key alone.
fn read_tag(tag: &str) -> Tag {
    let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
    Tag { key: key.to_owned(), value: value.to_owned() }
}

/// The attached volumes but the system's. Their sizes are not in the row.
fn read_disks(row: Fields<'_>) -> Result<BTreeSet<Disk>, String> {
    let mut disks = BTreeSet::new();
    for volume in row.list("os-extended-volumes:volumes_attached")? {
        if volume.text("bootIndex")?.as_deref() != Some("0")
            && let Some(id) = volume.text("id")?
        {
            disks.insert(Disk { id, size_gib: None, category: None, device: volume.text("device")? });
        }
    }
    Ok(disks)
}

#[cfg(test)]
mod tests;
