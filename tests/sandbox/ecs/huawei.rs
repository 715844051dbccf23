//! Huawei Cloud's answers: a region's machines are divided among the account's projects in it.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::fleet::Machine;
use super::model::{Account, Refused, Region, State, page};
use super::request::ApiRequest;
use super::signature::{canonical_of, compact_time, hex, hmac, part, sha256};

/// How far the client's clock may be off.
const CLOCK_SLACK_S: i64 = 15 * 60;

/// The projects' names and ids. The first region has two; one project belongs to no region, one is closed.
const PROJECTS: [(&str, &str); 5] = [
    ("cn-north-4", "0a1b2c3d4e5f"),
    ("cn-north-4_shop", "1a1b2c3d4e5f"),
    ("cn-east-3", "2a1b2c3d4e5f"),
    ("cn-east-3_closed", "3a1b2c3d4e5f"),
    ("MOS", "4a1b2c3d4e5f"),
];

pub fn answer(state: &mut State, request: &ApiRequest<'_>) -> (StatusCode, Json) {
    match verify(state, request).and_then(|account| act(account, state.page_cap, request)) {
        Ok(document) => (StatusCode::OK, document),
        Err(Refused(status, code)) if code.starts_with("APIGW") => {
            (status, json!({"error_code": code, "error_msg": "refused by the sandbox", "request_id": "sandbox"}))
        }
        Err(Refused(status, code)) => (status, json!({"error": {"code": code, "message": "refused by the sandbox"}})),
    }
}

fn verify<'a>(state: &'a State, request: &ApiRequest<'_>) -> Result<&'a Account, Refused> {
    let refused = || Refused(StatusCode::UNAUTHORIZED, "APIGW.0301");
    let authorization = request.header("authorization");
    let (id, signed) = (part(authorization, "Access"), part(authorization, "SignedHeaders"));
    let account = state.account("huawei", id).ok_or_else(refused)?;
    let at = request.header("x-sdk-date");
    let seconds = compact_time(at).ok_or_else(refused)?;
    let path = format!("{}/", request.uri.path());
    let to_sign = format!("SDK-HMAC-SHA256\n{at}\n{}", sha256(canonical_of(&path, request, signed)));
    let is_signed = |name: &str| signed.split(';').any(|signed| signed == name);
    let is_whole = ["host", "x-sdk-date"].into_iter().all(is_signed)
        && (request.header("x-security-token").is_empty() || is_signed("x-security-token"));
    let is_timely = (state.server.now().as_second() - seconds).abs() <= CLOCK_SLACK_S;
    let expected = hex(&hmac(account.key.secret.as_bytes(), &to_sign));
    if is_whole && is_timely && part(authorization, "Signature") == expected { Ok(account) } else { Err(refused()) }
}

fn act(account: &Account, page_cap: usize, request: &ApiRequest<'_>) -> Result<Json, Refused> {
    let denied = |action: &str| account.denied.contains(action).then_some(Refused(StatusCode::FORBIDDEN, "Pap.0001"));
    let parts: Vec<&str> = request.uri.path().trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["v3", "regions"] => denied("KeystoneListRegions").map_or_else(|| Ok(regions(account)), Err),
        ["v3", "projects"] => denied("KeystoneListProjects").map_or_else(|| Ok(projects(account, request)), Err),
        ["v1", project, "cloudservers", "detail"] => match denied("ListServersDetails") {
            Some(refused) => Err(refused),
            None => list(account, project, page_cap, request),
        },
        ["v1", project, "cloudservers", id] => {
            let (region, machines) = machines(account, project)?;
            match machines.into_iter().find(|machine| machine.id == *id) {
                Some(_) if region.is_hidden => Err(Refused(StatusCode::FORBIDDEN, "Ecs.0001")),
                Some(machine) => Ok(json!({"server": server(machine)})),
                None => Err(Refused(StatusCode::NOT_FOUND, "Ecs.0114")),
            }
        }
        _ => Err(Refused(StatusCode::NOT_FOUND, "APIGW.0101")),
    }
}

fn regions(account: &Account) -> Json {
    let rows = account.regions.keys().copied().chain(["af-south-1"]);
    let rows = rows.map(|name| json!({"id": name, "type": "public", "locales": {"zh-cn": name, "en-us": name}}));
    json!({"regions": rows.collect::<Vec<_>>()})
}

fn projects(account: &Account, request: &ApiRequest<'_>) -> Json {
    let is_first = request.parameters().get("page").is_none_or(|page| page == "1");
    let is_known = |name: &str| name == "MOS" || account.regions.contains_key(region_of(name));
    let rows = PROJECTS.iter().filter(|(name, _)| is_first && is_known(name)).map(|(name, id)| {
        json!({"id": id, "name": name, "domain_id": "d", "enabled": !name.ends_with("_closed"), "is_domain": false})
    });
    json!({"projects": rows.collect::<Vec<_>>(), "links": {"next": null, "previous": null}})
}

fn region_of(project: &str) -> &str {
    project.split('_').next().unwrap_or_default()
}

/// The project's region, and which of its machines are its own: those that remain when its number is divided.
fn machines<'a>(account: &'a Account, id: &str) -> Result<(&'a Region, Vec<&'a Machine>), Refused> {
    let unknown = || Refused(StatusCode::FORBIDDEN, "APIGW.0307");
    let (name, _) = PROJECTS.iter().find(|(_, known)| *known == id).ok_or_else(unknown)?;
    let region = account.regions.get(region_of(name)).ok_or_else(unknown)?;
    let of_region = |(known, _): &&(&str, &str)| region_of(known) == region_of(name) && !known.ends_with("_closed");
    let siblings: Vec<_> = PROJECTS.iter().filter(of_region).collect();
    let place = siblings.iter().position(|(known, _)| known == name).ok_or_else(unknown)?;
    let owned = region.machines.iter().enumerate().filter(|(index, _)| index % siblings.len() == place);
    Ok((region, owned.map(|(_, machine)| machine).collect()))
}

fn list(account: &Account, project: &str, page_cap: usize, request: &ApiRequest<'_>) -> Result<Json, Refused> {
    let (region, machines) = machines(account, project)?;
    let parameters = request.parameters();
    if let Some(ids) = parameters.get("server_id") {
        let row = |id: &str| match machines.iter().find(|machine| machine.id == id) {
            Some(machine) => server(machine),
            None => json!({"id": id, "name": null, "status": null, "flavor": null, "fault": {"code": 404}}),
        };
        return Ok(json!({"servers": ids.split(',').map(row).collect::<Vec<_>>()}));
    }
    let total = if region.is_hidden { 0 } else { machines.len() };
    let shown = &machines[..total - region.skipped.min(total)];
    let start = parameters
        .get("marker")
        .map_or(Some(0), |marker| shown.iter().position(|machine| machine.id == *marker).map(|place| place + 1));
    let size = parameters.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25).min(1000).min(page_cap);
    let start = start.ok_or(Refused(StatusCode::BAD_REQUEST, "Ecs.0005"))?;
    let (rows, _) = page(shown, start, size, |machine| server(machine));
    Ok(json!({"servers": rows, "count": total}))
}

fn server(machine: &Machine) -> Json {
    if machine.is_bare {
        return json!({"id": machine.id});
    }
    let status = match machine.status {
        "Running" => "ACTIVE".to_owned(),
        "Stopped" => "SHUTOFF".to_owned(),
        other => other.to_uppercase(),
    };
    let name = if machine.is_garbled { json!(7) } else { json!(machine.name) };
    let fixed = json!({"addr": machine.private_ip, "version": "4", "OS-EXT-IPS:type": "fixed", "primary": true});
    let floating =
        machine.public_ip.iter().map(|ip| json!({"addr": ip, "version": "4", "OS-EXT-IPS:type": "floating"}));
    let disks = machine.disks.iter().map(|disk| json!({"id": disk.id, "bootIndex": null, "device": "/dev/vdb"}));
    let addresses: Vec<Json> = std::iter::once(fixed).chain(floating).collect();
    let volumes: Vec<Json> = std::iter::once(json!({"id": "root", "bootIndex": "0"})).chain(disks).collect();
    let tags = machine.tags.iter().map(|(key, value)| format!("{key}={value}"));
    json!({
        "id": machine.id, "name": name, "status": status, "created": machine.created.to_string(),
        "flavor": {"id": machine.kind, "vcpus": "2", "ram": "8192"},
        "addresses": {"vpc-1": addresses},
        "security_groups": machine.groups.iter().map(|id| json!({"id": id, "name": "n"})).collect::<Vec<_>>(),
        "os-extended-volumes:volumes_attached": volumes,
        "tags": tags.collect::<Vec<_>>(), "OS-EXT-AZ:availability_zone": "zone-a",
        "metadata": {"charging_mode": "0", "vpc_id": "vpc-1", "os_type": "Linux"},
    })
}
