//! The signatures that were sent, computed again from what was received: by the vendors' own packages, not by our code.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{GUANGZHOU, HANGZHOU};
use crate::sandbox::Ecs;
use crate::sandbox::ecs::{Bucket, Database};
use crate::sandbox::server::Logged;
use crate::support::{Sandbox, run_python};

const SIGNATURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/signatures.py");

/// Every call that a pass over the two clouds may make, and every one over the other two.
const ACTIONS: [&str; 19] = [
    "aliyun DescribeDBInstanceAttribute",
    "aliyun DescribeDBInstances",
    "aliyun DescribeDisks",
    "aliyun DescribeInstanceStatus",
    "aliyun DescribeInstances",
    "aliyun DescribeRegions",
    "aliyun DescribeSecurityGroupConfiguration",
    "aliyun DescribeTags",
    "cos acl",
    "cos encryption",
    "cos max-keys",
    "cos tagging",
    "cos versioning",
    "tencent DescribeDBInstances",
    "tencent DescribeDBSecurityGroups",
    "tencent DescribeInstanceSecurityGroup",
    "tencent DescribeInstances",
    "tencent DescribeInstancesStatus",
    "tencent DescribeRegions",
];
const OTHER_ACTIONS: [&str; 7] = [
    "huawei /v1/cloudservers",
    "huawei /v1/cloudservers/detail",
    "huawei /v3/projects",
    "huawei /v3/regions",
    "volcengine DescribeInstances",
    "volcengine DescribeRegions",
    "volcengine DescribeVolumes",
];

#[test]
fn the_vendors_packages_sign_every_received_request_as_it_was_signed() {
    let sandbox = Sandbox::small();
    check(&sandbox);
    let sandbox = Sandbox::small().with_clouds(&[Ecs::HUAWEI, Ecs::VOLCENGINE]);
    check_others(&sandbox);
}

#[test]
fn temporary_credentials_are_signed_as_the_vendors_packages_sign_them() {
    let names = [Ecs::ALIYUN, Ecs::TENCENT, Ecs::HUAWEI, Ecs::VOLCENGINE];
    let mut sandbox = Sandbox::small();
    let mut section = sandbox.ecs.section_with(&sandbox.home, &names);
    for account in section["accounts"].as_array_mut().expect("accounts") {
        let token = sandbox.home.secret("sts", "sts-token-5f1c77+/=");
        account.as_table_mut().expect("a table").insert("security_token".to_owned(), token);
    }
    sandbox.home.configure(Ecs::NAME, section);
    check(&sandbox);
    check_others(&sandbox);
    let log = sandbox.ecs.server().log();
    let names = ["x-acs-security-token", "x-tc-token", "x-security-token", "x-cos-security-token"];
    let tokens = log.iter().map(|logged| names.map(|name| logged.header(name)).concat());
    assert!(tokens.into_iter().all(|token| token == "sts-token-5f1c77+/="));
}

/// Makes every kind of request to the two clouds, and has all of them signed again.
fn check(sandbox: &Sandbox) {
    for region in [HANGZHOU, GUANGZHOU] {
        sandbox.ecs.change(region, |region| {
            region.databases.push(Database::new(1));
            region.caches.push(Database::new(2));
        });
    }
    sandbox.ecs.change_buckets(Ecs::TENCENT, |buckets| buckets.push(Bucket::new(3)));
    pass_over(sandbox, &[Ecs::ALIYUN, Ecs::TENCENT], HANGZHOU);
    sandbox.ecs_pass(&format!("--account {} --resource bucket", Ecs::TENCENT)).expect(0);
    sandbox.ecs.cap_pages(usize::MAX);
    sandbox
        .ecs_pass(&format!("--account {} --account {} --resource database,cache", Ecs::ALIYUN, Ecs::TENCENT))
        .expect(0);
    let log = check_log(sandbox, &ACTIONS);
    assert!(log.iter().any(|logged| logged.parameter("DryRun").is_some()));
    assert!(log.iter().any(|logged| logged.parameter("NextToken").is_some()));
}

/// The same for the other two.
fn check_others(sandbox: &Sandbox) {
    pass_over(sandbox, &[Ecs::HUAWEI, Ecs::VOLCENGINE], "cn-north-4");
    let log = check_log(sandbox, &OTHER_ACTIONS);
    assert!(log.iter().any(|logged| logged.parameter("marker").is_some()));
    assert!(log.iter().any(|logged| logged.parameter("NextToken").is_some()));
}

fn pass_over(sandbox: &Sandbox, accounts: &[&str], emptied: &str) {
    let flags = accounts.iter().map(|name| format!("--account {name}")).collect::<Vec<_>>().join(" ");
    sandbox.ecs.server().take_log();
    sandbox.ecs.cap_pages(usize::MAX);
    sandbox.ecs_pass(&flags).expect(0);
    sandbox.ecs.change(emptied, |region| "名 *+~'".clone_into(&mut region.machine(1).name));
    sandbox.ecs_pass(&format!("{flags} --incremental")).expect(0);
    sandbox.ecs_pass(&format!("{flags} --status-only")).expect(0);
    // Its last page is requested with a token, and its emptiness is checked.
    sandbox.ecs.cap_pages(5);
    sandbox.ecs.change(emptied, |region| region.machines.clear());
    sandbox.ecs_pass(&flags).expect(8);
}

/// Holds the requests against the packages' signatures; what they were.
fn check_log(sandbox: &Sandbox, expected_actions: &[&str]) -> Vec<Logged> {
    let log = sandbox.ecs.server().log();
    let actions: BTreeSet<String> =
        log.iter().map(|logged| format!("{} {}", provider(logged), action(logged))).collect();
    assert_eq!(actions, expected_actions.iter().map(|&action| action.to_owned()).collect());
    for (logged, expected) in log.iter().zip(sign_again(sandbox, &log, "")) {
        assert_eq!(logged.header("authorization"), expected, "{} {logged:?}", action(logged));
    }
    for (logged, other) in log.iter().zip(sign_again(sandbox, &log, "x")) {
        assert_ne!(logged.header("authorization"), other, "another secret makes another signature");
    }
    log
}

fn provider(logged: &Logged) -> &'static str {
    if logged.header("authorization").starts_with("q-sign-algorithm") {
        return "cos";
    }
    let marks = [("x-tc-action", "tencent"), ("x-sdk-date", "huawei"), ("x-date", "volcengine")];
    let found = marks.into_iter().find(|(header, _)| logged.headers.contains_key(*header));
    found.map_or("aliyun", |(_, provider)| provider)
}

/// The call's name; where it has none, its path without what differs.
fn action(logged: &Logged) -> String {
    if provider(logged) == "cos" {
        return logged.query.split(['=', '&']).next().unwrap_or_default().to_owned();
    }
    if provider(logged) != "huawei" {
        let named = ["x-acs-action", "x-tc-action"].map(|name| logged.header(name)).concat();
        return logged.parameter("Action").unwrap_or(named);
    }
    let is_fixed = |part: &&str| ["", "v1", "v3", "regions", "projects", "cloudservers", "detail"].contains(part);
    logged.path.split('/').filter(is_fixed).collect::<Vec<_>>().join("/")
}

/// The `Authorization` each request should carry if the accounts' secrets, with `more` behind them, are what signed it.
fn sign_again(sandbox: &Sandbox, log: &[Logged], more: &str) -> Vec<String> {
    let lines: Vec<String> = log.iter().map(|logged| line(sandbox, logged, more)).collect();
    let signed: Vec<String> = run_python(&[SIGNATURES], &lines.join("\n")).lines().map(str::to_owned).collect();
    assert_eq!(signed.len(), log.len());
    signed
}

/// The request as the script reads it.
fn line(sandbox: &Sandbox, logged: &Logged, more: &str) -> String {
    let provider = provider(logged);
    let key = sandbox.ecs.key(match provider {
        "tencent" | "cos" => Ecs::TENCENT,
        "huawei" => Ecs::HUAWEI,
        "volcengine" => Ecs::VOLCENGINE,
        _ => Ecs::ALIYUN,
    });
    let headers: Map<String, Value> =
        logged.headers.keys().map(|name| (name.to_string(), logged.header(name.as_str()).into())).collect();
    let request = json!({
        "provider": provider,
        "method": logged.method,
        "path": logged.path,
        "query": logged.query,
        "headers": headers,
        "body": String::from_utf8_lossy(&logged.body),
        "id": key.id,
        "secret": format!("{}{more}", key.secret),
    });
    request.to_string()
}
