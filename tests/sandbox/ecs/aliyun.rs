//! Alibaba Cloud's answers.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::fleet::Machine;
use super::model::{Account, Refused, Region, State, page};
use super::request::ApiRequest;
use super::signature::{canonical, hex, hmac, part, sha256};

/// How far the client's clock may be off.
const CLOCK_SLACK_S: i64 = 15 * 60;

pub fn answer(state: &mut State, request: &ApiRequest<'_>) -> (StatusCode, Json) {
    match verify(state, request).and_then(|id| {
        let account =
            state.account("aliyun", &id).ok_or(Refused(StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound"))?;
        act(account, state.page_cap, request)
    }) {
        Ok(document) => (StatusCode::OK, document),
        Err(Refused(status, code)) => (
            status,
            json!({"Code": code, "Message": "refused by the sandbox", "RequestId": "sandbox", "HostId": "sandbox"}),
        ),
    }
}

/// The id of the key that signed the request.
fn verify(state: &mut State, request: &ApiRequest<'_>) -> Result<String, Refused> {
    let refused = |code| Refused(StatusCode::BAD_REQUEST, code);
    let authorization = request.header("authorization");
    let (id, signed) = (part(authorization, "Credential"), part(authorization, "SignedHeaders"));
    let account = state.account("aliyun", id).ok_or(Refused(StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound"))?;
    let mut sent = request.headers.keys().map(axum::http::HeaderName::as_str).filter(|name| name.starts_with("x-acs-"));
    let is_whole = sent.all(|name| signed.split(';').any(|signed| signed == name));
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha256(canonical(request, signed)));
    let signature = hex(&hmac(account.key.secret.as_bytes(), &to_sign));
    let is_body = request.header("x-acs-content-sha256") == sha256(request.body);
    if !is_whole || !is_body || !signed.split(';').any(|name| name == "host") {
        return Err(refused("IncompleteSignature"));
    }
    if part(authorization, "Signature") != signature {
        return Err(refused("SignatureDoesNotMatch"));
    }
    let at: Timestamp = request.header("x-acs-date").parse().map_err(|_| refused("InvalidTimeStamp.Format"))?;
    if (state.server.now().as_second() - at.as_second()).abs() > CLOCK_SLACK_S {
        return Err(refused("InvalidTimeStamp.Expired"));
    }
    if !state.nonces.insert(request.header("x-acs-signature-nonce").to_owned()) {
        return Err(refused("SignatureNonceUsed"));
    }
    Ok(id.to_owned())
}

fn act(account: &Account, page_cap: usize, request: &ApiRequest<'_>) -> Result<Json, Refused> {
    let parameters = request.parameters();
    let region = || {
        let name = parameters.get("RegionId").map(String::as_str).unwrap_or_default();
        account.regions.get(name).ok_or(Refused(StatusCode::NOT_FOUND, "InvalidRegionId.NotFound"))
    };
    let size = |most: usize| {
        let wanted = parameters.get("MaxResults").and_then(|size| size.parse().ok()).unwrap_or(10);
        page_cap.min(most).min(wanted)
    };
    match request.header("x-acs-action") {
        action if account.denied.contains(action) => Err(Refused(StatusCode::FORBIDDEN, "Forbidden.RAM")),
        _ if request.header("x-acs-version") == "2014-08-15" => {
            super::database::answer_aliyun(region()?, page_cap, request)
        }
        _ if request.header("x-acs-version") == "2015-01-01" => {
            super::cache::answer_aliyun(region()?, page_cap, request)
        }
        "DescribeRegions" => {
            let rows =
                account.regions.keys().map(|name| json!({"RegionId": name, "LocalName": name, "Status": "available"}));
            Ok(json!({"RequestId": "sandbox", "Regions": {"Region": rows.collect::<Vec<_>>()}}))
        }
        "DescribeInstances" | "DescribeDisks" if parameters.contains_key("DryRun") => Err(if region()?.is_hidden {
            Refused(StatusCode::FORBIDDEN, "Forbidden.RAM")
        } else {
            Refused(StatusCode::BAD_REQUEST, "DryRunOperation")
        }),
        "DescribeInstances" => {
            let rows = page(region()?.listed(), start(&parameters), size(100), instance);
            Ok(listing("Instances", "Instance", rows))
        }
        "DescribeDisks" => {
            let wanted = region()?.listed().iter().filter(|machine| wanted(machine, &parameters));
            let disks = wanted.flat_map(|machine| machine.disks.iter().map(move |disk| (machine, disk)));
            let rows = page(&disks.collect::<Vec<_>>(), start(&parameters), size(500), |(machine, disk)| {
                json!({
                    "DiskId": disk.id, "Size": disk.gib, "Category": "cloud_essd", "Device": "/dev/xvdb",
                    "InstanceId": machine.id, "Attachments": {"Attachment": [{"InstanceId": machine.id}]},
                })
            });
            Ok(listing("Disks", "Disk", rows))
        }
        "DescribeInstanceStatus" => Ok(statuses(region()?, &parameters)),
        _ => Err(Refused(StatusCode::NOT_FOUND, "InvalidAction.NotFound")),
    }
}

fn wanted(machine: &Machine, parameters: &BTreeMap<String, String>) -> bool {
    parameters.get("InstanceId").is_none_or(|id| *id == machine.id)
}

fn start(parameters: &BTreeMap<String, String>) -> usize {
    parameters.get("NextToken").and_then(|token| token.strip_prefix("token-")?.parse().ok()).unwrap_or(0)
}

fn listing(set: &str, row: &str, (rows, next): (Vec<Json>, Option<usize>)) -> Json {
    let next = next.map(|next| format!("token-{next}")).unwrap_or_default();
    json!({"RequestId": "sandbox", "NextToken": next, "TotalCount": 0, set: {row: rows}})
}

fn statuses(region: &Region, parameters: &BTreeMap<String, String>) -> Json {
    let wanted: Vec<&String> =
        parameters.iter().filter(|(name, _)| name.starts_with("InstanceId.")).map(|(_, id)| id).collect();
    let known = region.listed().iter().filter(|machine| wanted.contains(&&machine.id));
    let rows: Vec<Json> = known.map(|machine| json!({"InstanceId": machine.id, "Status": machine.status})).collect();
    json!({"RequestId": "sandbox", "InstanceStatuses": {"InstanceStatus": rows}})
}

fn instance(machine: &Machine) -> Json {
    let tags = machine.tags.iter().map(|(key, value)| json!({"TagKey": key, "TagValue": value}));
    let name = if machine.is_garbled { json!(7) } else { json!(machine.name) };
    json!({
        "InstanceId": machine.id, "InstanceName": name, "HostName": machine.name, "Status": machine.status,
        "ZoneId": "zone-a", "InstanceType": machine.kind, "Cpu": 2, "Memory": 8192, "OSName": "Debian 12",
        "CreationTime": machine.created.strftime("%Y-%m-%dT%H:%MZ").to_string(), "ExpiredTime": "2099-12-31T15:59Z",
        "PublicIpAddress": {"IpAddress": machine.public_ip.iter().collect::<Vec<_>>()},
        "EipAddress": {"IpAddress": ""},
        "VpcAttributes": {"VpcId": "vpc-1", "VSwitchId": "vsw-1", "PrivateIpAddress": {"IpAddress": [machine.private_ip]}},
        "SecurityGroupIds": {"SecurityGroupId": machine.groups},
        "Tags": {"Tag": tags.collect::<Vec<_>>()},
    })
}
