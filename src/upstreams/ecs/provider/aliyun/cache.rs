//! Redis and Tair (R-KVStore), API version 2015-01-01.
//!
//! Source: the vendor's SDK, its models of `DescribeInstances`, `DescribeSecurityGroupConfiguration` and
//! `DescribeInstanceAttribute`. There are page numbers only, so the number of different rows has to equal the total.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rpc::rpc_call;
use crate::upstreams::ecs::instance::{InstanceId, Status};
use crate::upstreams::ecs::provider::answer::{Fields, read_rows, required_rows};
use crate::upstreams::ecs::provider::call::{Call, Endpoint, Page, PageToken};
use crate::upstreams::ecs::provider::catalog::{
    Catalog, NumberedPage, Row, Statuses, Supplement, endpoint, first_id, groups_page, no_texts, read_tags,
};
use crate::upstreams::ecs::provider::codes::ProviderError;
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, CACHES, Patch};

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[Supplement {
        what: "list security groups",
        lists: &[("security_groups", no_texts)],
        chunk: Some(1),
        is_needed: |_| true,
        call: list_groups,
    }],
    find: Some(find),
    is_late: false,
};

/// The most the API answers in a page.
const ROWS_PER_PAGE: u64 = 50;

/// From the vendor's SDK and documentation.
const STATUSES: Statuses = &[
    (Status::Running, &["Normal"]),
    (Status::Pending, &["Creating"]),
    (Status::Starting, &["Rebooting", "HASwitching"]),
    (
        Status::Changing,
        &[
            "Changing",
            "Flushing",
            "Transforming",
            "Migrating",
            "ZoneMigrating",
            "BackupRecovering",
            "MinorVersionUpgrading",
            "MajorVersionUpgrading",
            "NetworkModifying",
            "SSLModifying",
            "CleaningUpExpiredData",
        ],
    ),
    (Status::Locked, &["Inactive"]),
    (Status::Terminated, &["Released"]),
];

/// The host of a region.
pub fn default_host(region: &str) -> String {
    if region == "cn-hangzhou" || region.contains("finance") {
        "r-kvstore.aliyuncs.com".to_owned()
    } else {
        format!("r-kvstore.{region}.aliyuncs.com")
    }
}

fn call<T: 'static>(
    action: &'static str,
    region: &Region,
    parameters: Vec<(String, String)>,
    read: impl Fn(&Value) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    rpc_call("2015-01-01", action, region, parameters, move |answer| read(&answer?)).to(Endpoint::Caches)
}

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let at = NumberedPage::of(page);
    call("DescribeInstances", region, at.parameters(ROWS_PER_PAGE), move |document| {
        let rows = read_rows(required_rows(document, "/Instances/KVStoreInstance")?, "InstanceId", read_cache);
        at.read(document, rows)
    })
}

fn list_groups(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    let id = first_id(rows);
    call("DescribeSecurityGroupConfiguration", region, of_instance(&id), move |document| {
        groups_page(&id, required_rows(document, "/Items/EcsSecurityGroupRelation")?)
    })
}

fn find(region: &Region, id: &InstanceId) -> Call<()> {
    call("DescribeInstanceAttribute", region, of_instance(id), |document| {
        let rows = required_rows(document, "/Instances/DBInstanceAttribute")?;
        rows.first().map(drop).ok_or_else(ProviderError::gone)
    })
}

fn of_instance(id: &InstanceId) -> Vec<(String, String)> {
    vec![("InstanceId".to_owned(), id.to_string())]
}

fn read_cache(row: Fields<'_>) -> Result<Asset, String> {
    let address = endpoint("private", row.text("ConnectionDomain")?, row.integer("Port")?);
    let zones = [row.text("ZoneId")?, row.text("SecondaryZoneId")?];
    let asset = Row::new(&CACHES, row, "InstanceId", &[])?
        .status(row.text("InstanceStatus")?, STATUSES, false)
        .set("name", row.text("InstanceName")?)
        .set("endpoints", address.into_iter().collect::<BTreeSet<_>>())
        .set("class", row.text("InstanceClass")?)
        .set("memory_mib", row.integer("Capacity")?)
        .set("shard_count", row.integer("ShardCount")?)
        .set("replica_count", row.integer("ReplicaCount")?)
        .set("engine", row.text("InstanceType")?)
        .set("version", row.text("EngineVersion")?)
        .set("charge_type", row.text("ChargeType")?)
        .set("multi_az", Some(zones[1].is_some()))
        .set("tags", read_tags(row.list("/Tags/Tag")?, "Key", "Value")?)
        .set("zone", zones[0].clone())
        .set("zones", zones.into_iter().flatten().collect::<BTreeSet<_>>())
        .set("vpc_id", row.text("VpcId")?)
        .set("subnet_id", row.text("VSwitchId")?)
        .set("network_type", row.text("NetworkType")?)
        .set("created_at", row.time("CreateTime"))
        .set("expired_at", row.time("EndTime"))
        .set("role", row.text("ArchitectureType")?)
        .set("project", row.text("ResourceGroupId")?);
    Ok(asset.finish())
}

#[cfg(test)]
mod tests;
