//! RDS, API version 2014-08-15.
//!
//! Source: the vendor's SDK, its models of `DescribeDBInstances`, `DescribeTags`, `DescribeDBInstanceAttribute` and
//! `DescribeSecurityGroupConfiguration`. The list has neither storage, port, security groups nor tags; its total means
//! nothing with tokens. `PolarDB` and `MongoDB` are other APIs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rpc::{paged, rpc_call};
use crate::upstreams::ecs::instance::{InstanceId, Status};
use crate::upstreams::ecs::provider::answer::{Fields, read_page, read_rows, required_rows};
use crate::upstreams::ecs::provider::call::{Call, Endpoint, Page, PageToken};
use crate::upstreams::ecs::provider::catalog::{
    Catalog, Row, Statuses, Supplement, endpoint, first_id, groups_page, no_tags, no_texts, one_patch, patch_page,
    tag_patches,
};
use crate::upstreams::ecs::provider::codes::ProviderError;
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, Cell, Cells, DATABASES, Patch};

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[
        Supplement {
            what: "list tags",
            lists: &[("tags", no_tags)],
            chunk: None,
            is_needed: |_| true,
            call: list_tags,
        },
        Supplement { what: "read attributes", lists: &[], chunk: Some(1), is_needed: |_| true, call: read_attribute },
        Supplement {
            what: "list security groups",
            lists: &[("security_groups", no_texts)],
            chunk: Some(1),
            is_needed: |_| true,
            call: list_groups,
        },
    ],
    find: Some(find),
    is_late: false,
};

const VERSION: &str = "2014-08-15";

/// The most the API answers in a page.
const ROWS_PER_PAGE: &str = "100";

/// From the vendor's table of instance states.
const STATUSES: Statuses = &[
    (Status::Running, &["Running"]),
    (
        Status::Pending,
        &["Creating", "GuardDBInstanceCreating", "INS_CLONING", "Restoring", "Importing", "ImportingFromOthers"],
    ),
    (Status::Starting, &["Rebooting"]),
    (Status::Stopping, &["Stopping"]),
    (Status::Stopped, &["Stopped"]),
    (Status::Terminated, &["Deleting", "Released"]),
    (
        Status::Changing,
        &[
            "DBInstanceClassChanging",
            "TRANSING",
            "TransingToOthers",
            "EngineVersionUpgrading",
            "DBInstanceNetTypeChanging",
            "GuardSwitching",
        ],
    ),
];

/// The host of a region. Some share one.
pub fn default_host(region: &str) -> String {
    const SHARED: [&str; 10] = [
        "cn-qingdao",
        "cn-beijing",
        "cn-hangzhou",
        "cn-shanghai",
        "cn-shenzhen",
        "cn-heyuan",
        "cn-hongkong",
        "ap-southeast-1",
        "us-west-1",
        "us-east-1",
    ];
    if SHARED.contains(&region) || region.contains("finance") || region.contains("-gov") {
        "rds.aliyuncs.com".to_owned()
    } else {
        format!("rds.{region}.aliyuncs.com")
    }
}

fn call<T: 'static>(
    action: &'static str,
    region: &Region,
    parameters: Vec<(String, String)>,
    read: impl Fn(&Value) -> Result<T, ProviderError> + Send + Sync + 'static,
) -> Call<T> {
    rpc_call(VERSION, action, region, parameters, move |answer| read(&answer?)).to(Endpoint::Databases)
}

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let parameters = paged(&[("MaxResults", ROWS_PER_PAGE), ("InstanceLevel", "1")], page);
    call("DescribeDBInstances", region, parameters, |document| {
        let rows = required_rows(document, "/Items/DBInstance")?;
        read_page(document, "NextToken", read_rows(rows, "DBInstanceId", read_database))
    })
}

fn of_instance(id: &InstanceId) -> Vec<(String, String)> {
    vec![("DBInstanceId".to_owned(), id.to_string())]
}

fn list_tags(region: &Region, _rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    call("DescribeTags", region, Vec::new(), |document| {
        let mut patches = Vec::new();
        for tag in required_rows(document, "/Items/TagInfos")?.iter().map(Fields) {
            let ids = tag.texts("/DBInstanceIds/DBInstanceIds").map_err(ProviderError::unreadable)?;
            patches.extend(tag_patches(tag, ids, "TagKey", "TagValue").map_err(ProviderError::unreadable)?);
        }
        Ok(patch_page(patches))
    })
}

fn read_attribute(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    let id = first_id(rows);
    call("DescribeDBInstanceAttribute", region, of_instance(&id), move |document| {
        let rows = required_rows(document, "/Items/DBInstanceAttribute")?;
        let row = Fields(rows.first().ok_or_else(ProviderError::gone)?);
        let cells = read_attributes(row).map_err(ProviderError::unreadable)?;
        Ok(one_patch(&id, cells))
    })
}

fn read_attributes(row: Fields<'_>) -> Result<Cells, String> {
    let net = if row.text("DBInstanceNetType")?.as_deref() == Some("Internet") { "public" } else { "private" };
    let address = endpoint(net, row.text("ConnectionString")?, row.integer("Port")?);
    Ok([
        ("storage_gib", row.integer("DBInstanceStorage")?.into()),
        ("endpoints", Cell::Texts(address.into_iter().collect())),
    ]
    .into())
}

fn list_groups(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    let id = first_id(rows);
    call("DescribeSecurityGroupConfiguration", region, of_instance(&id), move |document| {
        groups_page(&id, required_rows(document, "/Items/EcsSecurityGroupRelation")?)
    })
}

fn find(region: &Region, id: &InstanceId) -> Call<()> {
    call("DescribeDBInstanceAttribute", region, of_instance(id), |document| {
        let rows = required_rows(document, "/Items/DBInstanceAttribute")?;
        rows.first().map(drop).ok_or_else(ProviderError::gone)
    })
}

fn read_database(row: Fields<'_>) -> Result<Asset, String> {
    let lock = row.text("LockMode")?;
    let is_locked = lock.as_deref().is_some_and(|lock| lock != "Unlock");
    let role = match row.text("DBInstanceType")?.as_deref() {
        Some("Primary") => Some("primary"),
        Some("Readonly") => Some("replica"),
        Some("Guard") => Some("disaster"),
        Some("Temp") => Some("temporary"),
        Some(_) | None => None,
    };
    let replicas = row.list("/ReadOnlyDBInstanceIds/ReadOnlyDBInstanceId")?.map(|id| id.required_text("DBInstanceId"));
    let primary = match row.text("MasterInstanceId")? {
        Some(id) => Some(id),
        None => row.text("TempDBInstanceId")?,
    };
    let zone = row.text("ZoneId")?;
    let asset = Row::new(&DATABASES, row, "DBInstanceId", &[])?
        .status(row.text("DBInstanceStatus")?, STATUSES, is_locked)
        .set("name", row.text("DBInstanceDescription")?)
        .set("class", row.text("DBInstanceClass")?)
        .set("cpu_count", row.integer("DBInstanceCPU")?)
        .set("memory_mib", row.integer("DBInstanceMemory")?)
        .set("storage_type", row.text("DBInstanceStorageType")?)
        .set("engine", row.text("Engine")?)
        .set("version", row.text("EngineVersion")?)
        .set("lock_mode", lock)
        .set("multi_az", row.flag("MutriORsignle")?)
        .set("replicas", replicas.collect::<Result<BTreeSet<_>, _>>()?)
        .set("zones", zone.as_deref().map(zones).unwrap_or_default())
        .set("zone", zone)
        .set("vpc_id", row.text("VpcId")?)
        .set("subnet_id", row.text("VSwitchId")?)
        .set("network_type", row.text("InstanceNetworkType")?)
        .set("charge_type", row.text("PayType")?)
        .set("created_at", row.time("CreateTime"))
        .set("expired_at", row.time("ExpireTime"))
        .set("role", role.map(str::to_owned))
        .set("primary_id", primary)
        .set("project", row.text("ResourceGroupId")?)
        .set("deletion_protection", row.flag("DeletionProtection")?);
    Ok(asset.finish())
}

/// The zones of `cn-hangzhou-MAZ10(h,i)`, or the one zone.
fn zones(zone: &str) -> BTreeSet<String> {
    match zone.split_once("-MAZ").and_then(|(region, rest)| Some((region, rest.split_once('(')?.1))) {
        Some((region, letters)) => {
            letters.trim_end_matches(')').split(',').map(|letter| format!("{region}-{}", letter.trim())).collect()
        }
        None => [zone.to_owned()].into(),
    }
}

#[cfg(test)]
mod tests;
