//! Volcengine's answers: an error may come with any status.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::fleet::Machine;
use super::model::{Account, Refused, State, page};
use super::request::ApiRequest;
use super::signature::{canonical, compact_time, hex, hmac, part, sha256};

/// How far the client's clock may be off.
const CLOCK_SLACK_S: i64 = 15 * 60;

pub fn answer(state: &mut State, request: &ApiRequest<'_>) -> (StatusCode, Json) {
    match verify(state, request).and_then(|account| act(account, state.page_cap, request)) {
        Ok(result) => (StatusCode::OK, json!({"ResponseMetadata": {"RequestId": "sandbox"}, "Result": result})),
        Err(Refused(status, code)) => {
            let error = json!({"Code": code, "CodeN": 100_000, "Message": "refused by the sandbox"});
            (status, json!({"ResponseMetadata": {"RequestId": "sandbox", "Error": error}}))
        }
    }
}

fn verify<'a>(state: &'a State, request: &ApiRequest<'_>) -> Result<&'a Account, Refused> {
    let refused = |code| Refused(StatusCode::BAD_REQUEST, code);
    let authorization = request.header("authorization");
    let (credential, signed) = (part(authorization, "Credential"), part(authorization, "SignedHeaders"));
    let (id, scope) = credential.split_once('/').ok_or_else(|| refused("InvalidAuthorization"))?;
    let account = state.account("volcengine", id).ok_or_else(|| refused("InvalidAccessKey"))?;
    let at = request.header("x-date");
    let seconds = compact_time(at).ok_or_else(|| refused("InvalidTimestamp"))?;
    if (state.server.now().as_second() - seconds).abs() > CLOCK_SLACK_S {
        return Err(refused("InvalidTimestamp"));
    }
    let to_sign = format!("HMAC-SHA256\n{at}\n{scope}\n{}", sha256(canonical(request, signed)));
    let first = account.key.secret.clone().into_bytes();
    let key = scope.split('/').fold(first, |key, part| hmac(&key, part));
    let is_signed = |name: &str| signed.split(';').any(|signed| signed == name);
    let is_whole = ["host", "x-content-sha256", "x-date"].into_iter().all(is_signed)
        && (request.header("x-security-token").is_empty() || is_signed("x-security-token"));
    let is_body = request.header("x-content-sha256") == sha256(request.body);
    if !is_whole || !is_body || part(authorization, "Signature") != hex(&hmac(&key, &to_sign)) {
        return Err(refused("SignatureDoesNotMatch"));
    }
    Ok(account)
}

fn act(account: &Account, page_cap: usize, request: &ApiRequest<'_>) -> Result<Json, Refused> {
    let parameters = request.parameters();
    let number = |name: &str, default| parameters.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let scope = part(request.header("authorization"), "Credential").split('/').nth(2).unwrap_or_default();
    let region = || account.regions.get(scope).ok_or(Refused(StatusCode::NOT_FOUND, "InvalidRegion.NotFound"));
    let size = number("MaxResults", 20_usize).min(100).min(page_cap);
    let start = parameters.get("NextToken").and_then(|token| token.strip_prefix("token-")?.parse().ok()).unwrap_or(0);
    let next = |next: Option<usize>| next.map(|next| format!("token-{next}")).unwrap_or_default();
    match parameters.get("Action").map(String::as_str).unwrap_or_default() {
        action if account.denied.contains(action) => Err(Refused(StatusCode::FORBIDDEN, "AccessDenied")),
        "DescribeRegions" => {
            let names: Vec<_> = account.regions.keys().collect();
            let (rows, end) = page(&names, start, size, |name| json!({"RegionId": name}));
            Ok(json!({"Regions": rows, "NextToken": next(end)}))
        }
        "DescribeInstances" => {
            let wanted: Vec<&Machine> =
                region()?.listed().iter().filter(|machine| is_wanted(machine, &parameters)).collect();
            let (rows, end) = page(&wanted, start, size, |machine| instance(machine));
            Ok(json!({"Instances": rows, "NextToken": next(end), "TotalCount": wanted.len()}))
        }
        "DescribeVolumes" => {
            let of = |machine: &&Machine| parameters.get("InstanceId").is_none_or(|id| *id == machine.id);
            let machines = region()?.listed().iter().filter(of);
            let disks: Vec<_> =
                machines.flat_map(|machine| machine.disks.iter().map(move |disk| (machine, disk))).collect();
            let size = number("PageSize", 10).min(100);
            let (rows, _) = page(&disks, (number("PageNumber", 1) - 1) * size, size, |(machine, disk)| {
                json!({
                    "VolumeId": disk.id, "InstanceId": machine.id, "Size": disk.gib.to_string(), "Kind": "data",
                    "VolumeType": "ESSD_PL0", "Status": "attached",
                })
            });
            Ok(json!({"Volumes": rows, "TotalCount": disks.len() + region()?.skipped}))
        }
        _ => Err(Refused(StatusCode::NOT_FOUND, "InvalidActionOrVersion")),
    }
}

/// Named by its id, where any is.
fn is_wanted(machine: &Machine, parameters: &BTreeMap<String, String>) -> bool {
    let mut named = parameters.iter().filter(|(name, _)| name.starts_with("InstanceIds.")).map(|(_, id)| id).peekable();
    named.peek().is_none() || named.any(|id| *id == machine.id)
}

fn instance(machine: &Machine) -> Json {
    if machine.is_bare {
        return json!({"InstanceId": machine.id});
    }
    let tags = machine.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    let name = if machine.is_garbled { json!(7) } else { json!(machine.name) };
    json!({
        "InstanceId": machine.id, "InstanceName": name, "Invented": {"by": ["the sandbox"]}, "Status": machine.status.to_uppercase(),
        "InstanceTypeId": machine.kind, "Cpus": 2, "MemorySize": 8192, "OsName": "Debian 12", "ZoneId": "zone-a",
        "CreatedAt": machine.created.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(), "ExpiredAt": "",
        "EipAddress": machine.public_ip.as_ref().map(|ip| json!({"AllocationId": "eip-1", "IpAddress": ip})),
        "NetworkInterfaces": [{
            "Type": "primary", "PrimaryIpAddress": machine.private_ip, "SubnetId": "subnet-1",
            "SecurityGroupIds": machine.groups,
        }],
        "Tags": tags.chain([json!({"Key": "volc:project", "Value": "default"})]).collect::<Vec<_>>(),
    })
}
