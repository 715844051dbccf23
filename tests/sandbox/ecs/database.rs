//! A made-up database, and what the clouds' services answer about it.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::model::{Refused, Region, page};
use super::request::ApiRequest;

/// One database.
#[derive(Clone, Debug)]
pub struct Database {
    pub id: String,
    pub name: String,
    /// As Alibaba Cloud writes it.
    pub status: &'static str,
    /// As Alibaba Cloud writes it.
    pub lock: &'static str,
    pub class: String,
    pub gib: u64,
    pub groups: Vec<String>,
    pub tags: Vec<(String, String)>,
    /// Its row holds nothing but its id.
    pub is_bare: bool,
    /// Its row has a number where a text belongs.
    pub is_garbled: bool,
}

impl Database {
    /// The database of that number.
    pub fn new(number: usize) -> Self {
        Self {
            id: format!("db-{number:04}"),
            name: format!("orders-{number}"),
            status: "Running",
            lock: "Unlock",
            class: "mysql.n2.medium.1".to_owned(),
            gib: 100,
            groups: vec!["sg-db".to_owned()],
            tags: vec![("env".to_owned(), "prod".to_owned())],
            is_bare: false,
            is_garbled: false,
        }
    }
}

/// Alibaba Cloud RDS.
pub fn answer_aliyun(region: &Region, page_cap: usize, request: &ApiRequest<'_>) -> Result<Json, Refused> {
    let parameters = request.parameters();
    let number =
        |name: &str, default: usize| parameters.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let named = || {
        let id = parameters.get("DBInstanceId").map(String::as_str).unwrap_or_default();
        let found = region.databases.iter().find(|database| database.id == id);
        let found = found.ok_or(Refused(StatusCode::NOT_FOUND, "Forbidden.InstanceNotFound"))?;
        if region.is_hidden { Err(Refused(StatusCode::FORBIDDEN, "Forbidden.RAM")) } else { Ok(found) }
    };
    match request.header("x-acs-action") {
        "DescribeDBInstances" => {
            let start = parameters.get("NextToken").and_then(|token| token.strip_prefix("token-")?.parse().ok());
            let size = number("MaxResults", 30).min(100).min(page_cap);
            let (rows, next) = page(region.listed_databases(), start.unwrap_or(0), size, aliyun_row);
            let next = next.map(|next| format!("token-{next}")).unwrap_or_default();
            Ok(json!({"RequestId": "sandbox", "NextToken": next, "TotalRecordCount": 0, "Items": {"DBInstance": rows}}))
        }
        "DescribeTags" => {
            let of = |database: &Database| {
                let tags = database.tags.clone().into_iter();
                tags.map(|(key, value)| {
                    json!({"TagKey": key, "TagValue": value, "DBInstanceIds": {"DBInstanceIds": [database.id]}})
                })
                .collect::<Vec<_>>()
            };
            let tags: Vec<Json> = region.databases.iter().flat_map(of).collect();
            Ok(json!({"RequestId": "sandbox", "Items": {"TagInfos": tags}}))
        }
        "DescribeDBInstanceAttribute" => {
            let database = named()?;
            let row = json!({
                "DBInstanceId": database.id, "DBInstanceStorage": database.gib, "Port": "3306",
                "ConnectionString": format!("{}.mysql.example.com", database.id), "DBInstanceNetType": "Intranet",
            });
            Ok(json!({"RequestId": "sandbox", "Items": {"DBInstanceAttribute": [row]}}))
        }
        "DescribeSecurityGroupConfiguration" => {
            let groups = named()?.groups.iter().map(|id| json!({"SecurityGroupId": id, "NetworkType": "vpc"}));
            Ok(json!({"RequestId": "sandbox", "Items": {"EcsSecurityGroupRelation": groups.collect::<Vec<_>>()}}))
        }
        _ => Err(Refused(StatusCode::NOT_FOUND, "InvalidAction.NotFound")),
    }
}

fn aliyun_row(database: &Database) -> Json {
    if database.is_bare {
        return json!({"DBInstanceId": database.id});
    }
    let name = if database.is_garbled { json!(7) } else { json!(database.name) };
    json!({
        "DBInstanceId": database.id, "DBInstanceDescription": name, "DBInstanceStatus": database.status,
        "DBInstanceType": "Primary", "Engine": "MySQL", "EngineVersion": "8.0", "DBInstanceClass": database.class,
        "DBInstanceCPU": "2", "DBInstanceMemory": 4096, "DBInstanceStorageType": "cloud_essd",
        "InstanceNetworkType": "VPC", "CreateTime": "2025-03-04T08:30:25Z", "ExpireTime": "", "PayType": "Postpaid",
        "LockMode": database.lock, "ZoneId": "cn-hangzhou-MAZ10(h,i)", "VpcId": "vpc-1", "VSwitchId": "vsw-1",
        "MutriORsignle": true, "DeletionProtection": false, "Invented": {"by": ["the sandbox"]},
    })
}

/// Tencent Cloud CDB.
pub fn answer_tencent(region: &Region, page_cap: usize, action: &str, body: &Json) -> Result<Json, Refused> {
    let number = |name: &str| body[name].as_u64().and_then(|number| usize::try_from(number).ok());
    match action {
        "DescribeDBInstances" => {
            let size = number("Limit").unwrap_or(20).min(2000).min(page_cap);
            let databases = region.listed_databases();
            let (rows, _) = page(databases, number("Offset").unwrap_or(0), size, tencent_row);
            Ok(json!({"TotalCount": databases.len() + region.skipped, "Items": rows}))
        }
        "DescribeDBSecurityGroups" => {
            let id = body["InstanceId"].as_str().unwrap_or_default();
            let found = region.databases.iter().find(|database| database.id == id);
            let database = found.ok_or(Refused(StatusCode::OK, "InternalError.InstanceNotFoundError"))?;
            let groups = database.groups.iter().map(|id| json!({"SecurityGroupId": id, "SecurityGroupName": "n"}));
            Ok(json!({"Groups": groups.collect::<Vec<_>>()}))
        }
        _ => Err(Refused(StatusCode::OK, "InvalidAction")),
    }
}

fn tencent_row(database: &Database) -> Json {
    if database.is_bare {
        return json!({"InstanceId": database.id});
    }
    let status = match (database.status, database.lock) {
        ("Running", "Unlock") => 1,
        ("Running", _) => 5,
        ("Creating", _) => 0,
        ("Stopping", _) => 4,
        _ => 99,
    };
    let tags = database.tags.iter().map(|(key, value)| json!({"TagKey": key, "TagValue": value}));
    let name = if database.is_garbled { json!(7) } else { json!(database.name) };
    json!({
        "InstanceId": database.id, "InstanceName": name, "Status": status, "TaskStatus": 0, "InstanceType": 1,
        "EngineType": "InnoDB", "EngineVersion": "8.0", "Cpu": 2, "Memory": 4096, "Volume": database.gib,
        "DeviceType": database.class, "DiskType": "CLOUD_HSSD", "Vip": "10.0.1.7", "Vport": 3306, "WanStatus": 0,
        "UniqVpcId": "vpc-1", "UniqSubnetId": "subnet-1", "VpcId": 17, "Zone": "ap-guangzhou-3", "ProjectId": 0,
        "PayType": 1, "CreateTime": "2025-03-04 16:30:25", "DeadlineTime": "0000-00-00 00:00:00",
        "TagList": tags.collect::<Vec<_>>(), "Invented": {"by": ["the sandbox"]},
    })
}
