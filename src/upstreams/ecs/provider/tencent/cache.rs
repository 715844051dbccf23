//! Redis, API version 2018-04-12.
//!
//! Source: the vendor's SDK, its models of `DescribeInstances` and `DescribeInstanceSecurityGroup`. The type of an
//! instance is a number to which new ones are added. `WanIp` is the private address.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api::{CODES, Listed, beijing_time, read_offset_page, unsigned};
use crate::upstreams::ecs::instance::{InstanceId, Status};
use crate::upstreams::ecs::provider::answer::{Fields, decode_json, required_rows};
use crate::upstreams::ecs::provider::call::{Call, Endpoint, Page, PageToken, Unsigned};
use crate::upstreams::ecs::provider::catalog::{
    Catalog, Row, Statuses, Supplement, endpoint, no_texts, patch_page, read_tags,
};
use crate::upstreams::ecs::provider::codes::ProviderError;
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, CACHES, Cell, Patch};

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[Supplement {
        what: "list security groups",
        lists: &[("security_groups", no_texts)],
        chunk: Some(100),
        is_needed: |_| true,
        call: list_groups,
    }],
    find: None,
    is_late: false,
};

/// The most the API answers in a page; every offset has to be a multiple of it.
const ROWS_PER_PAGE: u64 = 1000;

/// The API numbers its states.
const STATUSES: Statuses = &[
    (Status::Pending, &["0"]),
    (Status::Changing, &["1"]),
    (Status::Running, &["2"]),
    (Status::Locked, &["-2"]),
    (Status::Terminated, &["-3"]),
];

/// What is used of it moves all the time.
const VOLATILE: &[&str] = &["SizeUsed"];

fn of_service(action: &'static str, region: &Region, payload: &Value) -> Unsigned {
    Unsigned { service: "redis", version: "2018-04-12", ..unsigned(action, Some(region), payload) }
}

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let offset = page.and_then(|PageToken(offset)| offset.parse().ok()).unwrap_or(0);
    let payload = json!({"Limit": ROWS_PER_PAGE, "Offset": offset, "OrderBy": "createtime", "OrderType": 0});
    let call = Call::new(of_service("DescribeInstances", region, &payload), move |status, body| {
        let document = decode_json(&CODES, status, body)?;
        read_offset_page(&document, offset, Listed { set: "/Response/InstanceSet", id: "InstanceId" }, read_cache)
    });
    call.to(Endpoint::Caches)
}

fn list_groups(region: &Region, rows: &[Asset], _page: Option<&PageToken>) -> Call<Page<Patch>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let unsigned = of_service("DescribeInstanceSecurityGroup", region, &json!({"InstanceIds": ids}));
    let call = Call::new(unsigned, |status, body| {
        let document = decode_json(&CODES, status, body)?;
        let rows = required_rows(&document, "/Response/InstanceSecurityGroupsDetail")?;
        let patches = rows.iter().map(|row| read_groups(Fields(row)).map_err(ProviderError::unreadable));
        Ok(patch_page(patches.collect::<Result<_, _>>()?))
    });
    call.to(Endpoint::Caches)
}

fn read_groups(row: Fields<'_>) -> Result<Patch, String> {
    let id = row.required_text("InstanceId")?;
    let groups = row.list("SecurityGroupDetails")?.map(|group| group.required_text("SecurityGroupId"));
    let groups = Cell::Texts(groups.collect::<Result<_, _>>()?);
    Ok(Patch { key: id.clone(), id: InstanceId(id), cells: [("security_groups", groups)].into() })
}

fn read_cache(row: Fields<'_>) -> Result<Asset, String> {
    let is_full = row.integer("SubStatus")? == Some(1);
    let port = row.integer("Port")?;
    let private = endpoint("private", row.text("WanIp")?, port);
    // The address names its port itself.
    let public = endpoint("public", row.text("WanAddress")?, None);
    // The inverse of CDB.
    let charge = match row.integer("BillingMode")? {
        Some(0) => Some("postpaid".to_owned()),
        Some(1) => Some("prepaid".to_owned()),
        other => other.map(|number| number.to_string()),
    };
    let zones = row.list("NodeSet")?.map(|node| node.integer("ZoneId"));
    let zones = zones.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().map(|zone| zone.to_string());
    let zones: BTreeSet<String> = zones.collect();
    let asset = Row::new(&CACHES, row, "InstanceId", VOLATILE)?
        .status(row.integer("Status")?.map(|status| status.to_string()), STATUSES, is_full)
        .set("name", row.text("InstanceName")?)
        .set("endpoints", private.into_iter().chain(public).collect::<BTreeSet<_>>())
        .set("class", row.text("ProductType")?)
        .set("memory_mib", row.whole("Size")?)
        .set("shard_count", row.integer("RedisShardNum")?)
        .set("replica_count", row.integer("RedisReplicasNum")?)
        .set("engine", row.text("Engine")?)
        .set("version", row.text("CurrentRedisVersion")?)
        .set("charge_type", charge)
        .set("multi_az", Some(zones.len() > 1))
        .set("tags", read_tags(row.list("InstanceTags")?, "TagKey", "TagValue")?)
        .set("zone", row.integer("ZoneId")?.map(|zone| zone.to_string()))
        .set("zones", zones)
        .set("vpc_id", row.text("UniqVpcId")?)
        .set("subnet_id", row.text("UniqSubnetId")?)
        .set("created_at", beijing_time(row, "Createtime"))
        .set("expired_at", beijing_time(row, "DeadlineTime"))
        .set("project", row.integer("ProjectId")?.map(|id| id.to_string()))
        .set("deletion_protection", row.flag("DeleteProtectionSwitch")?);
    Ok(asset.finish())
}

#[cfg(test)]
mod tests;
