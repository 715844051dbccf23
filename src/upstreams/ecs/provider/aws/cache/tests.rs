//! `ElastiCache`'s answers and parameters.

use super::*;
use crate::upstreams::ecs::provider::codes::Kind;

fn region() -> Region {
    Region::parse("us-east-1").unwrap()
}

fn answer(action: &str, inner: &str) -> String {
    format!("<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>")
}

fn read(token: Option<&str>, action: &str, inner: &str) -> Page<Asset> {
    let token = token.map(|token| PageToken(token.to_owned()));
    list(&region(), token.as_ref()).parse(200, answer(action, inner).as_bytes()).unwrap()
}

const GROUP: &str = "<ReplicationGroup><ReplicationGroupId>session</ReplicationGroupId><Status>available</Status>
    <CacheNodeType>cache.t4g.small</CacheNodeType><MultiAZ>enabled</MultiAZ><Engine>valkey</Engine><NodeGroups><NodeGroup>
    <PrimaryEndpoint><Address>p.example.com</Address><Port>6379</Port></PrimaryEndpoint><NodeGroupMembers>
    <NodeGroupMember><CacheClusterId>session-001</CacheClusterId></NodeGroupMember><NodeGroupMember><CacheClusterId>
    session-002</CacheClusterId></NodeGroupMember></NodeGroupMembers></NodeGroup></NodeGroups></ReplicationGroup>";

const CLUSTERS: &str = "<CacheClusters><CacheCluster><CacheClusterId>session-001</CacheClusterId>
    <ReplicationGroupId>session</ReplicationGroupId><EngineVersion>7.1.0</EngineVersion><SecurityGroups><member>
    <SecurityGroupId>sg-1</SecurityGroupId></member></SecurityGroups></CacheCluster><CacheCluster>
    <CacheClusterId>alone</CacheClusterId><CacheClusterStatus>rebooting cache cluster nodes</CacheClusterStatus>
    <Engine>memcached</Engine><NumCacheNodes>2</NumCacheNodes></CacheCluster></CacheClusters>";

#[test]
fn the_three_listings_are_read_one_after_the_other_to_their_ends() {
    let next = |page: &Page<Asset>| page.next.clone().flatten().map(|PageToken(token)| token);
    let groups = read(
        None,
        "DescribeReplicationGroups",
        &format!("<ReplicationGroups>{GROUP}</ReplicationGroups><Marker>m</Marker>"),
    );
    assert_eq!(next(&groups).as_deref(), Some("g:m"));
    let call = list(&region(), Some(&PageToken("g:m".to_owned())));
    assert_eq!(call.unsigned.body, "Action=DescribeReplicationGroups&Marker=m&MaxRecords=100&Version=2015-02-02");
    assert_eq!(next(&read(Some("g:m"), "DescribeReplicationGroups", "<ReplicationGroups/>")).as_deref(), Some("c"));
    let clusters = read(Some("c"), "DescribeCacheClusters", CLUSTERS);
    assert_eq!(next(&clusters).as_deref(), Some("s"));
    let [Ok(alone)] = clusters.rows.as_slice() else { panic!("{clusters:?}") };
    assert_eq!((alone.id.as_str(), alone.cells["status"].text().as_deref()), ("alone", Some("starting")));
    let last = read(Some("s"), "DescribeServerlessCaches", "<ServerlessCaches/>");
    assert_eq!((next(&last), last.rows.len()), (None, 0));
    let missing = list(&region(), None).parse(200, answer("DescribeReplicationGroups", "").as_bytes());
    assert_eq!(missing.unwrap_err().kind, Kind::Bad);

    let [Ok(group)] = groups.rows.as_slice() else { panic!("{groups:?}") };
    for (column, expected) in [
        ("status", "running"),
        ("endpoints", "[\"private:p.example.com:6379\"]"),
        ("shard_count", "1"),
        ("replica_count", "1"),
        ("multi_az", "1"),
    ] {
        assert_eq!(group.cells.get(column).and_then(Cell::text).as_deref(), Some(expected), "{column}");
    }
}

#[test]
fn members_and_tags_complete_the_groups() {
    let body = answer("DescribeCacheClusters", CLUSTERS);
    let page = list_members(&region(), &[], None).parse(200, body.as_bytes()).unwrap();
    let [Ok(member), Ok(alone)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((member.id.as_str(), alone.id.as_str()), ("session", "alone"));
    assert_eq!(member.cells["security_groups"].text().as_deref(), Some("[\"sg-1\"]"));

    let call = list_tags(&region(), &[], Some(&PageToken("t".to_owned())));
    assert!(call.unsigned.body.contains("\"PaginationToken\":\"t\""), "{}", call.unsigned.body);
    let body = r#"{"PaginationToken":"","ResourceTagMappingList":[{"ResourceARN":
        "arn:aws:elasticache:us-east-1:1:replicationgroup:session","Tags":[{"Key":"env","Value":"prod"}]}]}"#;
    let page = call.parse(200, body.as_bytes()).unwrap();
    let [Ok(patch)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!((patch.id.as_str(), page.next.is_none()), ("session", true));
    assert_eq!(patch.cells["tags"].text().as_deref(), Some("[{\"key\":\"env\",\"value\":\"prod\"}]"));
}
