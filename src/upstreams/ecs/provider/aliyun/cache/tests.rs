//! R-KVStore's answers and parameters.

use serde_json::json;

use super::*;
use crate::upstreams::ecs::resources::Cell;

fn region() -> Region {
    Region::parse("cn-hangzhou").unwrap()
}

#[test]
fn rows_are_normalised_and_pages_go_on_to_the_total() {
    let row = json!({
        "InstanceId": "r-1", "InstanceName": "session", "InstanceStatus": "Normal", "InstanceType": "Tair", "Capacity": 1024,
        "EngineVersion": "7.0", "ShardCount": 2, "ReplicaCount": 1, "ReadOnlyCount": "0", "Port": 6379, "ZoneId": "h",
        "ConnectionDomain": "r-1.example.com", "SecondaryZoneId": "i", "CreateTime": "2025-03-04T08:30:25Z",
        "ChargeType": "PostPaid", "Tags": {"Tag": [{"Key": "env", "Value": "prod"}]}, "ReplacateId": "",
    });
    let odd = json!({"InstanceId": "r-2", "InstanceStatus": "LEVITATING"});
    let body = json!({"Instances": {"KVStoreInstance": [row, odd, {"InstanceId": "r-3"}]}, "TotalCount": 53});
    let page = list(&region(), None).parse(200, body.to_string().as_bytes()).unwrap();
    assert_eq!((page.next.clone().flatten(), page.total), (Some(PageToken("2:3".to_owned())), Some(53)));
    let [Ok(asset), Ok(odd), Ok(_)] = page.rows.as_slice() else { panic!("{page:?}") };
    let shown = |column| asset.cells.get(column).and_then(Cell::text);
    for (column, expected) in [
        ("status", "running"),
        ("endpoints", "[\"private:r-1.example.com:6379\"]"),
        ("memory_mib", "1024"),
        ("shard_count", "2"),
        ("multi_az", "1"),
        ("engine", "Tair"),
        ("tags", "[{\"key\":\"env\",\"value\":\"prod\"}]"),
    ] {
        assert_eq!(shown(column).as_deref(), Some(expected), "{column}");
    }
    assert!(shown("expired_at").is_none() && !asset.cells.contains_key("security_groups"));
    assert_eq!(odd.unknown_status.as_deref(), Some("LEVITATING"));
    let last = list(&region(), Some(&PageToken("2:50".to_owned())));
    assert_eq!(last.unsigned.query, "PageNumber=2&PageSize=50&RegionId=cn-hangzhou");
    assert!(last.parse(200, body.to_string().as_bytes()).unwrap().next.is_none());
    for body in [r#"{"Instances":{"KVStoreInstance":[]}}"#, r#"{"TotalCount":0}"#] {
        assert!(list(&region(), None).parse(200, body.as_bytes()).is_err(), "{body}");
    }
    assert_eq!(default_host("cn-beijing"), "r-kvstore.cn-beijing.aliyuncs.com");
    assert_eq!(default_host("cn-hangzhou"), "r-kvstore.aliyuncs.com");
}
