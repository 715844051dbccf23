//! CDB for `MySQL`, API version 2017-03-20.
//!
//! Source: the vendor's SDK, its models of `DescribeDBInstances` and `DescribeDBSecurityGroups`. The zone is that of the
//! purchase, whatever moved since. Times are Beijing's. Other engines are other services.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api::{CODES, Listed, beijing_time, read_offset_page, unsigned};
use crate::upstreams::ecs::instance::Status;
use crate::upstreams::ecs::provider::answer::{Fields, decode_json, required_rows};
use crate::upstreams::ecs::provider::call::{Call, Endpoint, Page, PageToken, Unsigned};
use crate::upstreams::ecs::provider::catalog::{
    Catalog, Row, Statuses, Supplement, endpoint, first_id, groups_page, no_texts, read_tags,
};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, DATABASES, Patch};

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[Supplement {
        what: "list security groups",
        lists: &[("security_groups", no_texts)],
        chunk: Some(1),
        is_needed: |_| true,
        call: list_groups,
    }],
    find: None,
    is_late: false,
};

/// The most the API answers in a page.
const ROWS_PER_PAGE: u64 = 2000;

/// The API numbers its states.
const STATUSES: Statuses = &[
    (Status::Pending, &["0"]),
    (Status::Running, &["1"]),
    (Status::Stopping, &["4"]),
    // In the recycle bin.
    (Status::Locked, &["5"]),
];

fn of_service(action: &'static str, region: &Region, payload: &Value) -> Unsigned {
    Unsigned { service: "cdb", version: "2017-03-20", ..unsigned(action, Some(region), payload) }
}

/// The order is always named: by itself it is none that holds still.
fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let offset = page.and_then(|PageToken(offset)| offset.parse().ok()).unwrap_or(0);
    let payload = json!({"Offset": offset, "Limit": ROWS_PER_PAGE, "OrderBy": "instanceId", "OrderDirection": "ASC"});
    let call = Call::new(of_service("DescribeDBInstances", region, &payload), move |status, body| {
        let document = decode_json(&CODES, status, body)?;
        read_offset_page(&document, offset, Listed { set: "/Response/Items", id: "InstanceId" }, read_database)
    });
    call.to(Endpoint::Databases)
}

fn list_groups(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    let id = first_id(rows);
    let unsigned = of_service("DescribeDBSecurityGroups", region, &json!({"InstanceId": id.as_str()}));
    let call = Call::new(unsigned, move |status, body| {
        let document = decode_json(&CODES, status, body)?;
        groups_page(&id, required_rows(&document, "/Response/Groups")?)
    });
    call.to(Endpoint::Databases)
}

fn read_database(row: Fields<'_>) -> Result<Asset, String> {
    let status = row.integer("Status")?;
    let is_changing = status == Some(1) && row.integer("TaskStatus")?.is_some_and(|task| task != 0);
    let public = if row.integer("WanStatus")? == Some(1) {
        endpoint("public", row.text("WanDomain")?, row.integer("WanPort")?)
    } else {
        None
    };
    let private = endpoint("private", row.text("Vip")?, row.integer("Vport")?);
    let role = match row.integer("InstanceType")? {
        Some(1) => Some("primary"),
        Some(2) => Some("disaster"),
        Some(3) => Some("replica"),
        Some(_) | None => None,
    };
    // The inverse of Redis.
    let charge = match row.integer("PayType")? {
        Some(0) => Some("prepaid".to_owned()),
        Some(1) => Some("hourly".to_owned()),
        other => other.map(|number| number.to_string()),
    };
    let groups = row.list("RoGroups")?.map(|group| group.text("RoGroupId"));
    let mut asset = Row::new(&DATABASES, row, "InstanceId", &[])?
        .status(status.map(|status| status.to_string()), STATUSES, false)
        .set("name", row.text("InstanceName")?)
        .set("endpoints", private.into_iter().chain(public).collect::<BTreeSet<_>>())
        .set("class", row.text("DeviceType")?)
        .set("cpu_count", row.integer("Cpu")?)
        .set("memory_mib", row.integer("Memory")?)
        .set("storage_gib", row.integer("Volume")?)
        .set("storage_type", row.text("DiskType")?)
        .set("engine", Some("MySQL".to_owned()))
        .set("version", row.text("EngineVersion")?)
        .set("tags", read_tags(row.list("TagList")?, "TagKey", "TagValue")?)
        .set("replicas", groups.filter_map(Result::transpose).collect::<Result<BTreeSet<_>, _>>()?)
        .set("zone", row.text("Zone")?)
        .set("vpc_id", row.text("UniqVpcId")?)
        .set("subnet_id", row.text("UniqSubnetId")?)
        .set("charge_type", charge)
        .set("created_at", beijing_time(row, "CreateTime"))
        .set("expired_at", beijing_time(row, "DeadlineTime"))
        .set("role", role.map(str::to_owned))
        .set("primary_id", row.text("/MasterInfo/InstanceId")?)
        .set("project", row.integer("ProjectId")?.map(|id| id.to_string()))
        .set("deletion_protection", row.text("DestroyProtect")?.map(|word| word == "on"));
    if is_changing {
        asset = asset.set("status", Some(Status::Changing.name().to_owned()));
    }
    Ok(asset.finish())
}

#[cfg(test)]
mod tests;
