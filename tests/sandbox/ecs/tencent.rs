//! Tencent Cloud's answers: errors come with status 200.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::fleet::Machine;
use super::model::{Account, Refused, State, page};
use super::request::ApiRequest;
use super::signature::{canonical, hex, hmac, part, sha256};

/// How far the client's clock may be off.
const CLOCK_SLACK_S: i64 = 5 * 60;

pub fn answer(state: &mut State, request: &ApiRequest<'_>) -> (StatusCode, Json) {
    let outcome = verify(state, request).and_then(|account| act(account, state.page_cap, request));
    let document = match outcome {
        Ok(document) => document,
        Err(Refused(_, code)) => json!({"Error": {"Code": code, "Message": "refused by the sandbox"}}),
    };
    let mut answer = json!({"Response": document});
    answer["Response"]["RequestId"] = "sandbox".into();
    (StatusCode::OK, answer)
}

fn verify<'a>(state: &'a State, request: &ApiRequest<'_>) -> Result<&'a Account, Refused> {
    let refused = |code| Refused(StatusCode::OK, code);
    let authorization = request.header("authorization");
    let (credential, signed) = (part(authorization, "Credential"), part(authorization, "SignedHeaders"));
    let (id, scope) = credential.split_once('/').ok_or_else(|| refused("AuthFailure.InvalidAuthorization"))?;
    let account = state.account("tencent", id).ok_or_else(|| refused("AuthFailure.SecretIdNotFound"))?;
    let at = request.header("x-tc-timestamp");
    let seconds: i64 = at.parse().map_err(|_| refused("AuthFailure.SignatureExpire"))?;
    if (state.server.now().as_second() - seconds).abs() > CLOCK_SLACK_S {
        return Err(refused("AuthFailure.SignatureExpire"));
    }
    let to_sign = format!("TC3-HMAC-SHA256\n{at}\n{scope}\n{}", sha256(canonical(request, signed)));
    let first = format!("TC3{}", account.key.secret).into_bytes();
    let key = scope.split('/').fold(first, |key, part| hmac(&key, part));
    let is_whole = ["content-type", "host"].iter().all(|name| signed.split(';').any(|signed| signed == *name));
    if !is_whole || part(authorization, "Signature") != hex(&hmac(&key, &to_sign)) {
        return Err(refused("AuthFailure.SignatureFailure"));
    }
    Ok(account)
}

fn act(account: &Account, page_cap: usize, request: &ApiRequest<'_>) -> Result<Json, Refused> {
    let refused = |code| Refused(StatusCode::OK, code);
    let body: Json = serde_json::from_slice(request.body).map_err(|_| refused("InvalidParameter"))?;
    let region = || account.regions.get(request.header("x-tc-region")).ok_or_else(|| refused("UnsupportedRegion"));
    match request.header("x-tc-action") {
        action if account.denied.contains(action) => Err(refused("UnauthorizedOperation")),
        "DescribeRegions" => {
            let rows = account.regions.keys();
            let rows = rows.map(|name| json!({"Region": name, "RegionName": name, "RegionState": "AVAILABLE"}));
            Ok(json!({"TotalCount": account.regions.len(), "RegionSet": rows.collect::<Vec<_>>()}))
        }
        action if request.header("x-tc-version") == "2018-04-12" => {
            super::cache::answer_tencent(region()?, page_cap, action, &body)
        }
        action if request.header("x-tc-version") == "2017-03-20" => {
            super::database::answer_tencent(region()?, page_cap, action, &body)
        }
        "DescribeInstances" => {
            let region = region()?;
            let number = |name: &str| body[name].as_u64().and_then(|number| usize::try_from(number).ok());
            let size = number("Limit").unwrap_or(20).min(100).min(page_cap);
            let (rows, _) = page(region.listed(), number("Offset").unwrap_or(0), size, instance);
            Ok(json!({"TotalCount": region.listed().len() + region.skipped, "InstanceSet": rows}))
        }
        "DescribeInstancesStatus" => {
            let machines = region()?.listed();
            let ids: Vec<&str> =
                body["InstanceIds"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            let found: Vec<Json> = machines
                .iter()
                .filter(|machine| ids.contains(&machine.id.as_str()))
                .map(|machine| json!({"InstanceId": machine.id, "InstanceState": machine.status.to_uppercase()}))
                .collect();
            if found.len() < ids.len() {
                return Err(refused("InvalidInstanceId.NotFound"));
            }
            Ok(json!({"TotalCount": found.len(), "InstanceStatusSet": found}))
        }
        _ => Err(refused("InvalidAction")),
    }
}

fn instance(machine: &Machine) -> Json {
    let tags = machine.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    let disk = |disk: &super::fleet::Disk| json!({"DiskId": disk.id, "DiskSize": disk.gib, "DiskType": "CLOUD_SSD"});
    let disks: Vec<Json> = machine.disks.iter().map(disk).collect();
    let name = if machine.is_garbled { json!(7) } else { json!(machine.name) };
    json!({
        "InstanceId": machine.id, "InstanceName": name, "InstanceState": machine.status.to_uppercase(),
        "InstanceType": machine.kind, "CPU": 2, "Memory": 8, "Placement": {"Zone": "zone-1"},
        "PrivateIpAddresses": [machine.private_ip],
        "PublicIpAddresses": machine.public_ip.as_ref().map(|ip| vec![ip]),
        "SecurityGroupIds": machine.groups, "DataDisks": if disks.is_empty() { Json::Null } else { disks.into() },
        "Tags": tags.collect::<Vec<_>>(), "VirtualPrivateCloud": {"VpcId": "vpc-1", "SubnetId": "subnet-1"},
        "ImageId": "img-1", "OsName": "Debian 12", "CreatedTime": machine.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "ExpiredTime": null,
    })
}
