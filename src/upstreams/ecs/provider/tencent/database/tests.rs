//! CDB's answers and parameters.

use super::*;
use crate::upstreams::ecs::provider::codes::{Kind, ProviderError};
use crate::upstreams::ecs::resources::Cell;

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

fn databases(response: &Value) -> Result<Page<Asset>, ProviderError> {
    list(&region(), None).parse(200, json!({"Response": response}).to_string().as_bytes())
}

fn shown(asset: &Asset, column: &'static str) -> Option<String> {
    asset.cells.get(column).and_then(Cell::text)
}

#[test]
fn a_full_row_is_normalised() {
    let row = json!({
        "InstanceId": "cdb-1", "InstanceName": "orders", "Status": 1, "TaskStatus": 3, "InstanceType": 3, "Cpu": 2,
        "Memory": 4000, "Volume": 100, "Vip": "10.0.1.7", "Vport": 3306, "WanStatus": 1, "WanDomain": "w.example.com",
        "WanPort": 60000, "PayType": 1, "CreateTime": "2025-03-04 16:30:25", "DeadlineTime": "0000-00-00 00:00:00",
        "TagList": [{"TagKey": "env", "TagValue": "prod"}], "ProjectId": 0, "MasterInfo": {"InstanceId": "cdb-0"},
        "RoGroups": [{"RoGroupId": "ro-1"}, {"RoGroupId": null}], "VpcId": 17,
    });
    let page = databases(&json!({"TotalCount": 1, "Items": [row]})).unwrap();
    let [Ok(asset)] = page.rows.as_slice() else { panic!("{page:?}") };
    for (column, expected) in [
        ("status", "changing"),
        ("status_raw", "1"),
        ("endpoints", "[\"private:10.0.1.7:3306\",\"public:w.example.com:60000\"]"),
        ("charge_type", "hourly"),
        ("created_at", "2025-03-04T08:30:25.000Z"),
        ("role", "replica"),
        ("primary_id", "cdb-0"),
        ("replicas", "[\"ro-1\"]"),
        ("tags", "[{\"key\":\"env\",\"value\":\"prod\"}]"),
    ] {
        assert_eq!(shown(asset, column).as_deref(), Some(expected), "{column}");
    }
    assert_eq!(shown(asset, "expired_at"), None);
    assert!(!asset.cells.contains_key("security_groups"));
}

#[test]
fn the_order_is_named_and_a_missing_list_is_no_empty_one() {
    assert_eq!(
        list(&region(), Some(&PageToken("2000".to_owned()))).unsigned.body,
        r#"{"Limit":2000,"Offset":2000,"OrderBy":"instanceId","OrderDirection":"ASC"}"#
    );
    assert!(databases(&json!({"TotalCount": 0, "Items": null})).unwrap().rows.is_empty());
    for response in [json!({}), json!({"TotalCount": 0}), json!({"Items": []})] {
        assert_eq!(databases(&response).unwrap_err().kind, Kind::Bad, "{response}");
    }
}
