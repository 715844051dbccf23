//! RDS's answers and parameters.

use super::*;
use crate::upstreams::ecs::provider::codes::{Kind, ProviderError};
use crate::upstreams::ecs::resources::Cell;

fn region() -> Region {
    Region::parse("us-east-1").unwrap()
}

fn databases(result: &str) -> Result<Page<Asset>, ProviderError> {
    let body = format!(
        "<DescribeDBInstancesResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><DescribeDBInstancesResult>
         {result}</DescribeDBInstancesResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
         </DescribeDBInstancesResponse>"
    );
    list(&region(), None).parse(200, body.as_bytes())
}

const FULL: &str = "<DBInstance><DBInstanceIdentifier>orders-prod</DBInstanceIdentifier>
    <DbiResourceId>db-EXAMPLE</DbiResourceId><DBInstanceStatus>configuring-log-exports</DBInstanceStatus>
    <Engine>postgres</Engine><EngineVersion>16.4</EngineVersion><DBInstanceClass>db.t4g.medium</DBInstanceClass>
    <Endpoint><Address>orders.example.com</Address><Port>5432</Port></Endpoint><AllocatedStorage>100</AllocatedStorage>
    <StorageType>gp3</StorageType><InstanceCreateTime>2025-03-04T08:30:25.123Z</InstanceCreateTime>
    <AvailabilityZone>us-east-1a</AvailabilityZone><SecondaryAvailabilityZone>us-east-1b</SecondaryAvailabilityZone>
    <MultiAZ>true</MultiAZ><PubliclyAccessible>false</PubliclyAccessible><DeletionProtection>false</DeletionProtection>
    <LatestRestorableTime>2025-03-04T08:35:00Z</LatestRestorableTime><Invented><a>1</a></Invented>
    <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status>
    </VpcSecurityGroupMembership></VpcSecurityGroups><DBSubnetGroup><VpcId>vpc-1</VpcId><DBSubnetGroupName>s</DBSubnetGroupName>
    </DBSubnetGroup><ReadReplicaDBInstanceIdentifiers/>
    <TagList><Tag><Key>env</Key><Value>prod</Value></Tag><Tag><Key>alone</Key></Tag></TagList></DBInstance>";

fn shown(asset: &Asset, column: &'static str) -> Option<String> {
    asset.cells.get(column).and_then(Cell::text)
}

#[test]
fn a_full_row_is_normalised() {
    let page = databases(&format!("<DBInstances>{FULL}</DBInstances>")).unwrap();
    let [Ok(asset)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((asset.id.as_str(), page.next.is_none()), ("db-EXAMPLE", true));
    for (column, expected) in [
        ("status", "running"),
        ("status_raw", "configuring-log-exports"),
        ("name", "orders-prod"),
        ("endpoints", "[\"private:orders.example.com:5432\"]"),
        ("class", "db.t4g.medium"),
        ("security_groups", "[\"sg-1\"]"),
        ("storage_gib", "100"),
        ("multi_az", "1"),
        ("tags", "[{\"key\":\"alone\",\"value\":\"\"},{\"key\":\"env\",\"value\":\"prod\"}]"),
        ("replicas", "[]"),
        ("zones", "[\"us-east-1a\",\"us-east-1b\"]"),
        ("created_at", "2025-03-04T08:30:25.123Z"),
        ("role", "primary"),
        ("deletion_protection", "0"),
    ] {
        assert_eq!(shown(asset, column).as_deref(), Some(expected), "{column}");
    }
    let moved = databases(&format!("<DBInstances>{}</DBInstances>", FULL.replace("08:35:00Z", "08:40:00Z"))).unwrap();
    let [Ok(moved)] = moved.rows.as_slice() else { panic!("{moved:?}") };
    assert_eq!(moved.content_hash, asset.content_hash);
}

#[test]
fn a_cluster_owns_the_storage_of_its_members_and_a_bare_row_is_stored() {
    let rows = "<DBInstances><DBInstance><DbiResourceId>db-1</DbiResourceId></DBInstance><DBInstance>
        <DbiResourceId>db-2</DbiResourceId><AllocatedStorage>1</AllocatedStorage><DBClusterIdentifier>c</DBClusterIdentifier>
        <DBInstanceStatus>levitating</DBInstanceStatus></DBInstance><DBInstance/></DBInstances><Marker>m</Marker>";
    let page = databases(rows).unwrap();
    assert_eq!(page.next.clone().flatten(), Some(PageToken("m".to_owned())));
    let [Ok(bare), Ok(member), Err(_)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((shown(bare, "status").as_deref(), bare.unknown_status.as_deref()), (Some("unknown"), None));
    assert_eq!((shown(member, "storage_gib"), shown(member, "role").as_deref()), (None, Some("cluster-member")));
    assert_eq!(member.unknown_status.as_deref(), Some("levitating"));
}

#[test]
fn an_empty_set_is_a_listing_and_a_missing_one_is_none() {
    assert!(databases("<DBInstances/>").unwrap().rows.is_empty());
    assert_eq!(databases("").unwrap_err().kind, Kind::Bad);
    assert_eq!(databases("<DBInstances><Other/></DBInstances>").unwrap_err().kind, Kind::Bad);
    let unsigned = list(&region(), Some(&PageToken("a b".to_owned()))).unsigned;
    assert_eq!(unsigned.body, "Action=DescribeDBInstances&Marker=a%20b&MaxRecords=100&Version=2014-10-31");
    assert_eq!(unsigned.service, "rds");
}
