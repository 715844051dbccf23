//! RDS's answers and parameters.

use serde_json::json;

use super::*;

fn region() -> Region {
    Region::parse("cn-hangzhou").unwrap()
}

fn shown(asset: &Asset, column: &'static str) -> Option<String> {
    asset.cells.get(column).and_then(Cell::text)
}

#[test]
fn a_full_row_is_normalised_and_the_follow_ups_complete_it() {
    let row = json!({
        "DBInstanceId": "rm-1", "DBInstanceDescription": "orders", "DBInstanceStatus": "Running", "LockMode": "ManualLock",
        "DBInstanceType": "Readonly", "Engine": "MySQL", "EngineVersion": "8.0", "DBInstanceCPU": "2",
        "DBInstanceMemory": 4096, "ZoneId": "cn-hangzhou-MAZ10(h,i)", "MasterInstanceId": "rm-0", "ExpireTime": "",
        "CreateTime": "2025-03-04T08:30:25Z", "MutriORsignle": true,
        "ReadOnlyDBInstanceIds": {"ReadOnlyDBInstanceId": [{"DBInstanceId": "rr-1"}]},
    });
    let body = json!({"Items": {"DBInstance": [row]}, "NextToken": "", "TotalRecordCount": 9}).to_string();
    let page = list(&region(), None).parse(200, body.as_bytes()).unwrap();
    let [Ok(asset)] = page.rows.as_slice() else { panic!("{page:?}") };
    let mut asset = asset.clone();
    // What the list does not tell is unknown, not empty.
    for column in ["storage_gib", "endpoints", "security_groups", "tags"] {
        assert!(!asset.cells.contains_key(column), "{column}");
    }
    let answers = [
        (
            list_tags(&region(), &[], None),
            json!({"Items": {"TagInfos": [
                {"TagKey": "a", "TagValue": "1", "DBInstanceIds": {"DBInstanceIds": ["rm-1", "rm-2"]}},
                {"TagKey": "b", "TagValue": "2", "DBInstanceIds": {"DBInstanceIds": ["rm-1"]}},
            ]}}),
        ),
        (
            read_attribute(&region(), std::slice::from_ref(&asset), None),
            json!({"Items": {"DBInstanceAttribute": [
                {"DBInstanceStorage": 100, "Port": "3306", "ConnectionString": "rm-1.example.com"},
            ]}}),
        ),
        (
            list_groups(&region(), std::slice::from_ref(&asset), None),
            json!({"Items": {"EcsSecurityGroupRelation": [{"SecurityGroupId": "sg-1"}, {"SecurityGroupId": "sg-2"}]}}),
        ),
    ];
    for (call, body) in answers {
        let page = call.parse(200, body.to_string().as_bytes()).unwrap();
        for patch in page.rows.into_iter().flatten().filter(|patch| patch.id.as_str() == "rm-1") {
            asset.apply(patch.cells);
        }
    }
    for (column, expected) in [
        ("status", "locked"),
        ("lock_mode", "ManualLock"),
        ("role", "replica"),
        ("primary_id", "rm-0"),
        ("cpu_count", "2"),
        ("zones", "[\"cn-hangzhou-h\",\"cn-hangzhou-i\"]"),
        ("replicas", "[\"rr-1\"]"),
        ("storage_gib", "100"),
        ("endpoints", "[\"private:rm-1.example.com:3306\"]"),
        ("security_groups", "[\"sg-1\",\"sg-2\"]"),
        ("tags", "[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":\"2\"}]"),
    ] {
        assert_eq!(shown(&asset, column).as_deref(), Some(expected), "{column}");
    }
    assert_eq!(shown(&asset, "expired_at"), None);
}

#[test]
fn calls_go_to_the_services_own_host_with_their_region() {
    for (region, host) in [
        ("cn-hangzhou", "rds.aliyuncs.com"),
        ("cn-chengdu", "rds.cn-chengdu.aliyuncs.com"),
        ("cn-shanghai-finance-1", "rds.aliyuncs.com"),
    ] {
        assert_eq!(default_host(region), host);
    }
    let unsigned = list(&region(), Some(&PageToken("n".to_owned()))).unsigned;
    assert_eq!(unsigned.query, "InstanceLevel=1&MaxResults=100&NextToken=n&RegionId=cn-hangzhou");
    assert_eq!((unsigned.version, unsigned.action), ("2014-08-15", "DescribeDBInstances"));
    let gone = find(&region(), &InstanceId::from("rm-1")).parse(200, br#"{"Items":{"DBInstanceAttribute":[]}}"#);
    assert_eq!(gone.unwrap_err().kind, crate::upstreams::ecs::provider::codes::Kind::UnknownInstance);
}
