//! `ElastiCache`, Query API version 2015-02-02.
//!
//! Three listings make the set: replication groups, then the clusters that belong to none, then serverless caches. The
//! clusters of a group also tell its version and its security groups. Tags come from the listing of the Resource Groups
//! Tagging API, which names only what has or had tags.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::query::{CODES, parse_set, query_call};
use crate::upstreams::ecs::instance::{InstanceId, Status};
use crate::upstreams::ecs::provider::answer::{Fields, decode_json, read_page, read_rows, required_rows, token_in};
use crate::upstreams::ecs::provider::call::{Call, Endpoint, Page, PageToken, Unsigned};
use crate::upstreams::ecs::provider::catalog::{
    Catalog, Row, Statuses, Supplement, endpoint, no_tags, no_texts, patch_page, read_tags,
};
use crate::upstreams::ecs::provider::codes::ProviderError;
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, CACHES, Cell, Cells, Patch};
use crate::upstreams::mirror::ReadRow;

pub const CATALOG: Catalog = Catalog {
    list,
    supplements: &[
        Supplement {
            what: "list members",
            lists: &[("security_groups", no_texts)],
            chunk: None,
            is_needed: |_| true,
            call: list_members,
        },
        Supplement {
            what: "list tags",
            lists: &[("tags", no_tags)],
            chunk: None,
            is_needed: |_| true,
            call: list_tags,
        },
    ],
    find: None,
    is_late: false,
};

const VERSION: &str = "2015-02-02";

/// The most the APIs answer in a page.
const ROWS_PER_PAGE: &str = "100";

/// From the API's reference.
const STATUSES: Statuses = &[
    (Status::Running, &["available", "snapshotting"]),
    (Status::Pending, &["creating"]),
    (Status::Starting, &["rebooting*", "restoring"]),
    (Status::Changing, &["modifying", "deleting", "upgrading"]),
    (Status::Locked, &["create-failed", "incompatible-*", "restore-failed"]),
    (Status::Terminated, &["deleted"]),
];

/// A part of the set, in the order in which they are read.
#[derive(Clone, Copy)]
struct Part {
    letter: &'static str,
    action: &'static str,
    result: &'static str,
    set: &'static str,
    row: &'static str,
    id: &'static str,
    token: &'static str,
    limit: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        letter: "g",
        action: "DescribeReplicationGroups",
        result: "DescribeReplicationGroupsResult",
        set: "ReplicationGroups",
        row: "ReplicationGroup",
        id: "ReplicationGroupId",
        token: "Marker",
        limit: "MaxRecords",
    },
    Part {
        letter: "c",
        action: "DescribeCacheClusters",
        result: "DescribeCacheClustersResult",
        set: "CacheClusters",
        row: "CacheCluster",
        id: "CacheClusterId",
        token: "Marker",
        limit: "MaxRecords",
    },
    Part {
        letter: "s",
        action: "DescribeServerlessCaches",
        result: "DescribeServerlessCachesResult",
        set: "ServerlessCaches",
        row: "member",
        id: "ServerlessCacheName",
        token: "NextToken",
        limit: "MaxResults",
    },
];

/// The part a page is of, and where it goes on in it.
fn place(page: Option<&PageToken>) -> (usize, Option<&str>) {
    let token = page.map_or("g", |PageToken(token)| token.as_str());
    let part = PARTS.iter().position(|part| token.starts_with(part.letter)).unwrap_or(0);
    (part, token.split_once(':').map(|(_, marker)| marker))
}

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let (number, marker) = place(page);
    describe(number, region, marker, move |rows| match number {
        0 => read_rows(rows, PARTS[0].id, read_group),
        1 => {
            let is_alone = |row: &&Value| row.get("ReplicationGroupId").is_none_or(Value::is_null);
            read_rows(rows.into_iter().filter(is_alone), PARTS[1].id, read_cluster)
        }
        _ => read_rows(rows, PARTS[2].id, read_serverless),
    })
}

/// A page of a part; behind its last page comes the first one of the next part.
fn describe<T: 'static>(
    number: usize,
    region: &Region,
    marker: Option<&str>,
    read: impl Fn(Vec<&Value>) -> Vec<ReadRow<T>> + Send + Sync + 'static,
) -> Call<Page<T>> {
    let part = PARTS[number];
    let mut parameters = vec![(part.limit.to_owned(), ROWS_PER_PAGE.to_owned())];
    parameters.extend(marker.map(|marker| (part.token.to_owned(), marker.to_owned())));
    if part.action == "DescribeCacheClusters" {
        parameters.push(("ShowCacheNodeInfo".to_owned(), "true".to_owned()));
    }
    let call = query_call("elasticache", VERSION, part.action, region, parameters, move |answer| {
        let document = answer?;
        let result = document.get(part.result).unwrap_or(&document);
        let mut page = read_page(result, part.token, read(parse_set(result, part.set, part.row)?))?;
        let within = page.next.flatten().map(|PageToken(marker)| format!("{}:{marker}", part.letter));
        let next = within.or_else(|| PARTS.get(number + 1).map(|next| next.letter.to_owned()));
        page.next = next.map(|token| Some(PageToken(token)));
        Ok(page)
    });
    call.to(Endpoint::Caches)
}

/// What the clusters of groups tell of them.
fn list_members(region: &Region, _rows: &[Asset], page: Option<&PageToken>) -> Call<Page<Patch>> {
    let marker = page.map(|PageToken(marker)| marker.as_str());
    let part = PARTS[1];
    let mut parameters = vec![(part.limit.to_owned(), ROWS_PER_PAGE.to_owned())];
    parameters.extend(marker.map(|marker| (part.token.to_owned(), marker.to_owned())));
    let call = query_call("elasticache", VERSION, part.action, region, parameters, move |answer| {
        let document = answer?;
        let result = document.get(part.result).unwrap_or(&document);
        let rows = parse_set(result, part.set, part.row)?;
        read_page(result, part.token, read_rows(rows, part.id, read_member))
    });
    call.to(Endpoint::Caches)
}

fn read_member(row: Fields<'_>) -> Result<Patch, String> {
    let key = row.required_text("CacheClusterId")?;
    let group = row.text("ReplicationGroupId")?.unwrap_or_else(|| key.clone());
    let cells = Cells::from([
        ("version", row.text("EngineVersion")?.into()),
        ("security_groups", Cell::Texts(security_groups(row)?)),
    ]);
    Ok(Patch { key, id: InstanceId(group), cells })
}

fn security_groups(row: Fields<'_>) -> Result<BTreeSet<String>, String> {
    let groups = row.members("SecurityGroups", "member")?;
    groups.into_iter().map(|group| group.required_text("SecurityGroupId")).collect()
}

/// The tags of all caches of the region, page after page.
fn list_tags(region: &Region, _rows: &[Asset], page: Option<&PageToken>) -> Call<Page<Patch>> {
    let token = page.map(|PageToken(token)| token.as_str()).unwrap_or_default();
    let types = ["elasticache:replicationgroup", "elasticache:cluster", "elasticache:serverlesscache"];
    let payload = json!({"PaginationToken": token, "ResourcesPerPage": 100, "ResourceTypeFilters": types});
    let unsigned = Unsigned {
        service: "tagging",
        action: "GetResources",
        target: Some("ResourceGroupsTaggingAPI_20170126.GetResources"),
        region: region.to_string(),
        content_type: Some("application/x-amz-json-1.1"),
        body: payload.to_string(),
        ..Unsigned::default()
    };
    let call = Call::new(unsigned, |status, body| {
        let document = decode_json(&CODES, status, body)?;
        let mut patches = Vec::new();
        for row in required_rows(&document, "/ResourceTagMappingList")? {
            patches.push(read_tagged(Fields(row)).map_err(ProviderError::unreadable)?);
        }
        let next = token_in(&document, "PaginationToken")?;
        Ok(Page { next: next.map(Some), ..patch_page(patches) })
    });
    call.to(Endpoint::Tags)
}

/// The id is what the resource's name ends with.
fn read_tagged(row: Fields<'_>) -> Result<Patch, String> {
    let key = row.required_text("ResourceARN")?;
    let id = key.rsplit(':').next().unwrap_or_default().to_owned();
    let tags = Cell::Tags(read_tags(row.list("Tags")?, "Key", "Value")?);
    Ok(Patch { key, id: InstanceId(id), cells: [("tags", tags)].into() })
}

fn address(row: Fields<'_>, path: &str) -> Result<Option<String>, String> {
    Ok(endpoint("private", row.text(&format!("{path}/Address"))?, row.integer(&format!("{path}/Port"))?))
}

fn read_group(row: Fields<'_>) -> Result<Asset, String> {
    let shards = row.members("NodeGroups", "NodeGroup")?;
    let mut addresses = BTreeSet::new();
    addresses.extend(address(row, "/ConfigurationEndpoint")?);
    let mut members = 0_i64;
    for shard in &shards {
        addresses.extend(address(*shard, "/PrimaryEndpoint")?);
        addresses.extend(address(*shard, "/ReaderEndpoint")?);
        members += i64::try_from(shard.members("NodeGroupMembers", "NodeGroupMember")?.len()).unwrap_or(0);
    }
    let shard_count = i64::try_from(shards.len()).ok().filter(|count| *count > 0);
    let replicas = shard_count.map(|shards| (members / shards - 1).max(0));
    let is_multi = row.text("MultiAZ")?.map(|word| word == "enabled");
    let asset = Row::new(&CACHES, row, "ReplicationGroupId", &[])?
        .status(row.text("Status")?, STATUSES, false)
        .set("name", row.text("Description")?)
        .set("endpoints", addresses)
        .set("class", row.text("CacheNodeType")?)
        .set("shard_count", shard_count)
        .set("replica_count", replicas)
        .set("engine", row.text("Engine")?)
        .set("multi_az", is_multi)
        .set("created_at", row.time("ReplicationGroupCreateTime"))
        .set("role", Some("replication-group".to_owned()));
    Ok(asset.finish())
}

fn read_cluster(row: Fields<'_>) -> Result<Asset, String> {
    let mut addresses = BTreeSet::new();
    addresses.extend(address(row, "/ConfigurationEndpoint")?);
    for node in row.members("CacheNodes", "CacheNode")? {
        addresses.extend(address(node, "/Endpoint")?);
    }
    let asset = Row::new(&CACHES, row, "CacheClusterId", &[])?
        .status(row.text("CacheClusterStatus")?, STATUSES, false)
        .set("name", row.text("CacheClusterId")?)
        .set("endpoints", addresses)
        .set("class", row.text("CacheNodeType")?)
        .set("shard_count", row.integer("NumCacheNodes")?)
        .set("engine", row.text("Engine")?)
        .set("zone", row.text("PreferredAvailabilityZone")?)
        .set("subnet_id", row.text("CacheSubnetGroupName")?)
        .set("created_at", row.time("CacheClusterCreateTime"))
        .set("role", Some("cluster".to_owned()));
    Ok(asset.finish())
}

fn read_serverless(row: Fields<'_>) -> Result<Asset, String> {
    let mut addresses = BTreeSet::new();
    addresses.extend(address(row, "/Endpoint")?);
    addresses.extend(address(row, "/ReaderEndpoint")?);
    let asset = Row::new(&CACHES, row, "ServerlessCacheName", &[])?
        .status(row.text("Status")?, STATUSES, false)
        .set("name", row.text("ServerlessCacheName")?)
        .set("endpoints", addresses)
        .set("security_groups", row.member_texts("SecurityGroupIds", "SecurityGroupId")?)
        .set("engine", row.text("Engine")?)
        .set("version", row.text("FullEngineVersion")?)
        .set("created_at", row.time("CreateTime"))
        .set("role", Some("serverless".to_owned()));
    Ok(asset.finish())
}

#[cfg(test)]
mod tests;
