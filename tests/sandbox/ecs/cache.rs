//! What the clouds' services answer about caches, which are made up as databases are.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::database::Database;
use super::model::{Refused, Region, page};
use super::request::ApiRequest;

/// Alibaba Cloud R-KVStore.
pub fn answer_aliyun(region: &Region, page_cap: usize, request: &ApiRequest<'_>) -> Result<Json, Refused> {
    let parameters = request.parameters();
    let number =
        |name: &str, default: usize| parameters.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let named = || {
        let id = parameters.get("InstanceId").map(String::as_str).unwrap_or_default();
        let found = region.caches.iter().find(|cache| cache.id == id);
        found.ok_or(Refused(StatusCode::NOT_FOUND, "InvalidInstanceId.NotFound"))
    };
    match request.header("x-acs-action") {
        "DescribeInstances" => {
            let size = number("PageSize", 30).min(50).min(page_cap);
            let (rows, _) = page(&region.caches, (number("PageNumber", 1) - 1) * size, size, aliyun_row);
            let total = region.caches.len() + region.skipped;
            Ok(json!({"RequestId": "sandbox", "TotalCount": total, "Instances": {"KVStoreInstance": rows}}))
        }
        "DescribeSecurityGroupConfiguration" => {
            let groups = named()?.groups.iter().map(|id| json!({"SecurityGroupId": id, "NetType": "vpc"}));
            Ok(json!({"RequestId": "sandbox", "Items": {"EcsSecurityGroupRelation": groups.collect::<Vec<_>>()}}))
        }
        "DescribeInstanceAttribute" => {
            let row = aliyun_row(named()?);
            Ok(json!({"RequestId": "sandbox", "Instances": {"DBInstanceAttribute": [row]}}))
        }
        _ => Err(Refused(StatusCode::NOT_FOUND, "InvalidAction.NotFound")),
    }
}

fn aliyun_row(cache: &Database) -> Json {
    if cache.is_bare {
        return json!({"InstanceId": cache.id});
    }
    let status = if cache.status == "Running" { "Normal" } else { cache.status };
    let tags = cache.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    let name = if cache.is_garbled { json!(7) } else { json!(cache.name) };
    json!({
        "InstanceId": cache.id, "InstanceName": name, "InstanceStatus": status, "InstanceType": "Redis",
        "EngineVersion": "7.0", "InstanceClass": cache.class, "Capacity": cache.gib * 1024, "ReadOnlyCount": "0",
        "ConnectionDomain": format!("{}.redis.example.com", cache.id), "Port": 6379, "ZoneId": "cn-hangzhou-h",
        "ChargeType": "PostPaid", "CreateTime": "2025-03-04T08:30:25Z", "Tags": {"Tag": tags.collect::<Vec<_>>()},
        "Invented": {"by": ["the sandbox"]},
    })
}

/// Tencent Cloud Redis.
pub fn answer_tencent(region: &Region, page_cap: usize, action: &str, body: &Json) -> Result<Json, Refused> {
    let number = |name: &str| body[name].as_u64().and_then(|number| usize::try_from(number).ok());
    match action {
        "DescribeInstances" => {
            let size = number("Limit").unwrap_or(20).min(1000).min(page_cap);
            let (rows, _) = page(&region.caches, number("Offset").unwrap_or(0), size, tencent_row);
            Ok(json!({"TotalCount": region.caches.len() + region.skipped, "InstanceSet": rows}))
        }
        "DescribeInstanceSecurityGroup" => {
            let ids: Vec<&str> =
                body["InstanceIds"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            let named = region.caches.iter().filter(|cache| ids.contains(&cache.id.as_str()));
            let rows = named.map(|cache| {
                let groups: Vec<Json> = cache.groups.iter().map(|id| json!({"SecurityGroupId": id})).collect();
                json!({"InstanceId": cache.id, "SecurityGroupDetails": groups})
            });
            Ok(json!({"InstanceSecurityGroupsDetail": rows.collect::<Vec<_>>()}))
        }
        _ => Err(Refused(StatusCode::OK, "InvalidAction")),
    }
}

fn tencent_row(cache: &Database) -> Json {
    if cache.is_bare {
        return json!({"InstanceId": cache.id});
    }
    let status = match cache.status {
        "Running" => 2,
        "Creating" => 0,
        "Changing" => 1,
        _ => 99,
    };
    let tags = cache.tags.iter().map(|(key, value)| json!({"TagKey": key, "TagValue": value}));
    let name = if cache.is_garbled { json!(7) } else { json!(cache.name) };
    json!({
        "InstanceId": cache.id, "InstanceName": name, "Status": status, "SubStatus": 0, "Type": 17,
        "ProductType": cache.class, "Engine": "Redis", "CurrentRedisVersion": "6.2", "Size": cache.gib * 1024,
        "WanIp": "10.0.1.9", "Port": 6379, "ZoneId": 100_003, "BillingMode": 0, "Createtime": "2025-03-04 16:30:25",
        "DeadlineTime": "0000-00-00 00:00:00", "InstanceTags": tags.collect::<Vec<_>>(), "Tags": [],
        "Invented": {"by": ["the sandbox"]},
    })
}
