//! Redis's answers and parameters.

use super::*;

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

#[test]
fn rows_are_normalised_and_security_groups_come_for_many_at_once() {
    let row = json!({
        "InstanceId": "crs-1", "InstanceName": "session", "Status": 2, "SubStatus": 1, "Type": 999, "Size": 1024.0,
        "SizeUsed": 3.5, "WanIp": "10.0.1.9", "Port": 6379, "BillingMode": 1, "RedisShardNum": 1, "ZoneId": 100_003,
        "InstanceTags": [{"TagKey": "env", "TagValue": "prod"}], "Tags": ["anti-affinity"],
        "Createtime": "2025-03-04 16:30:25", "CurrentRedisVersion": "6.2", "NodeSet": null,
    });
    let used = |size: f64| {
        let mut row = row.clone();
        row["SizeUsed"] = size.into();
        let body = json!({"Response": {"TotalCount": 1, "InstanceSet": [row]}}).to_string();
        list(&region(), None).parse(200, body.as_bytes()).unwrap()
    };
    let page = used(3.5);
    let [Ok(asset)] = page.rows.as_slice() else { panic!("{page:?}") };
    for (column, expected) in [
        ("status", "locked"),
        ("memory_mib", "1024"),
        ("endpoints", "[\"private:10.0.1.9:6379\"]"),
        ("charge_type", "prepaid"),
        ("zone", "100003"),
        ("created_at", "2025-03-04T08:30:25.000Z"),
        ("tags", "[{\"key\":\"env\",\"value\":\"prod\"}]"),
    ] {
        assert_eq!(asset.cells.get(column).and_then(Cell::text).as_deref(), Some(expected), "{column}");
    }
    let [Ok(later)] = &used(4.5).rows[..] else { panic!("a row") };
    assert_eq!(later.content_hash, asset.content_hash);

    let body = r#"{"Response":{"InstanceSecurityGroupsDetail":[{"InstanceId":"crs-1","SecurityGroupDetails":[
        {"SecurityGroupId":"sg-1"},{"SecurityGroupId":"sg-2"}]}]}}"#;
    let call = list_groups(&region(), std::slice::from_ref(asset), None);
    assert_eq!(call.unsigned.body, r#"{"InstanceIds":["crs-1"]}"#);
    let page = call.parse(200, body.as_bytes()).unwrap();
    let [Ok(patch)] = page.rows.as_slice() else { panic!("{page:?}") };
    assert_eq!(patch.cells["security_groups"].text().as_deref(), Some("[\"sg-1\",\"sg-2\"]"));
    let unsigned = list(&region(), None).unsigned;
    assert_eq!((unsigned.service, unsigned.version), ("redis", "2018-04-12"));
    assert_eq!(unsigned.body, r#"{"Limit":1000,"Offset":0,"OrderBy":"createtime","OrderType":0}"#);
}
