//! RDS, Query API version 2014-10-31: one page has everything of its rows.
//!
//! The list also holds the members of Neptune and `DocumentDB`; `engine` says so. A name can be changed, `DbiResourceId`
//! cannot. The storage of a cluster's member is the cluster's.

use std::collections::BTreeSet;

use super::query::{parse_set, query_call};
use crate::upstreams::ecs::instance::Status;
use crate::upstreams::ecs::provider::answer::{Fields, read_page, read_rows};
use crate::upstreams::ecs::provider::call::{Call, Endpoint, Page, PageToken};
use crate::upstreams::ecs::provider::catalog::{Catalog, Row, Statuses, endpoint, read_tags};
use crate::upstreams::ecs::regions::Region;
use crate::upstreams::ecs::resources::{Asset, DATABASES};

pub const CATALOG: Catalog = Catalog { list, supplements: &[], find: None, is_late: false };

/// The most the API answers in a page.
const ROWS_PER_PAGE: &str = "100";

/// It moves every five minutes.
const VOLATILE: &[&str] = &["LatestRestorableTime"];

/// From the user guide.
const STATUSES: Statuses = &[
    (Status::Running, &["available", "backing-up", "configuring-*", "storage-optimization", "storage-config-upgrade"]),
    (Status::Pending, &["creating"]),
    (Status::Starting, &["starting", "rebooting"]),
    (Status::Stopping, &["stopping"]),
    (Status::Stopped, &["stopped"]),
    // It counts as gone when it has left the list.
    (
        Status::Changing,
        &[
            "deleting",
            "modifying",
            "upgrading",
            "maintenance",
            "renaming",
            "converting-to-vpc",
            "moving-to-vpc",
            "resetting-master-credentials",
            "delete-precheck",
        ],
    ),
    (
        Status::Locked,
        &[
            "storage-full",
            "inaccessible-encryption-credentials*",
            "incompatible-*",
            "restore-error",
            "failed",
            "insufficient-capacity",
        ],
    ),
];

fn list(region: &Region, page: Option<&PageToken>) -> Call<Page<Asset>> {
    let marker = page.map(|PageToken(marker)| ("Marker".to_owned(), marker.clone()));
    let parameters = [("MaxRecords".to_owned(), ROWS_PER_PAGE.to_owned())].into_iter().chain(marker).collect();
    let call = query_call("rds", "2014-10-31", "DescribeDBInstances", region, parameters, |answer| {
        let document = answer?;
        let result = document.get("DescribeDBInstancesResult").unwrap_or(&document);
        let rows = parse_set(result, "DBInstances", "DBInstance")?;
        read_page(result, "Marker", read_rows(rows, "DbiResourceId", read_database))
    });
    call.to(Endpoint::Databases)
}

fn read_database(row: Fields<'_>) -> Result<Asset, String> {
    let is_member = row.text("DBClusterIdentifier")?.is_some();
    let net = if row.flag("PubliclyAccessible")? == Some(true) { "public" } else { "private" };
    let address = endpoint(net, row.text("/Endpoint/Address")?, row.integer("/Endpoint/Port")?);
    let groups = row.members("VpcSecurityGroups", "VpcSecurityGroupMembership")?;
    let groups = groups.into_iter().map(|group| group.required_text("VpcSecurityGroupId"));
    let replicas = row.member_texts("ReadReplicaDBInstanceIdentifiers", "ReadReplicaDBInstanceIdentifier")?;
    let primary = row.text("ReadReplicaSourceDBInstanceIdentifier")?;
    let role = match (&primary, is_member) {
        (Some(_), _) => "replica",
        (None, true) => "cluster-member",
        (None, false) => "primary",
    };
    let zones = [row.text("AvailabilityZone")?, row.text("SecondaryAvailabilityZone")?];
    let storage = row.integer("AllocatedStorage")?.filter(|_| !is_member);
    let read = Row::new(&DATABASES, row, "DbiResourceId", VOLATILE)?
        .status(row.text("DBInstanceStatus")?, STATUSES, false)
        .set("name", row.text("DBInstanceIdentifier")?)
        .set("endpoints", address.into_iter().collect::<BTreeSet<_>>())
        .set("class", row.text("DBInstanceClass")?)
        .set("security_groups", groups.collect::<Result<BTreeSet<_>, _>>()?)
        .set("storage_gib", storage)
        .set("storage_type", row.text("StorageType")?)
        .set("engine", row.text("Engine")?)
        .set("version", row.text("EngineVersion")?)
        .set("multi_az", row.flag("MultiAZ")?)
        .set("tags", read_tags(row.members("TagList", "Tag")?, "Key", "Value")?)
        .set("replicas", replicas)
        .set("zone", zones[0].clone())
        .set("zones", zones.into_iter().flatten().collect::<BTreeSet<_>>())
        .set("vpc_id", row.text("/DBSubnetGroup/VpcId")?)
        .set("subnet_id", row.text("/DBSubnetGroup/DBSubnetGroupName")?)
        .set("created_at", row.time("InstanceCreateTime"))
        .set("role", Some(role.to_owned()))
        .set("primary_id", primary.or(row.text("DBClusterIdentifier")?))
        .set("deletion_protection", row.flag("DeletionProtection")?);
    Ok(read.finish())
}

#[cfg(test)]
mod tests;
