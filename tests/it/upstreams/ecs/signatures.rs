//! The signatures that were sent, computed again from what was received: by the vendors' own packages, not by our code.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::HANGZHOU;
use crate::sandbox::Ecs;
use crate::sandbox::server::Logged;
use crate::support::{Sandbox, run_python};

const SIGNATURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/signatures.py");

/// Every call that a pass may make.
const ACTIONS: [&str; 7] = [
    "aliyun DescribeDisks",
    "aliyun DescribeInstanceStatus",
    "aliyun DescribeInstances",
    "aliyun DescribeRegions",
    "tencent DescribeInstances",
    "tencent DescribeInstancesStatus",
    "tencent DescribeRegions",
];

#[test]
fn the_vendors_packages_sign_every_received_request_as_it_was_signed() {
    let sandbox = Sandbox::small();
    check(&sandbox);
}

#[test]
fn temporary_credentials_are_signed_as_the_vendors_packages_sign_them() {
    let mut sandbox = Sandbox::small();
    let mut section = sandbox.ecs.section(&sandbox.home);
    for account in section["accounts"].as_array_mut().expect("accounts") {
        let token = sandbox.home.secret("sts", "sts-token-5f1c77+/=");
        account.as_table_mut().expect("a table").insert("security_token".to_owned(), token);
    }
    sandbox.home.configure(Ecs::NAME, section);
    check(&sandbox);
    let log = sandbox.ecs.server().log();
    let tokens =
        log.iter().map(|logged| ["x-acs-security-token", "x-tc-token"].map(|name| logged.header(name)).concat());
    assert!(tokens.into_iter().all(|token| token == "sts-token-5f1c77+/="));
}

/// Makes every kind of request, and has all of them signed again.
fn check(sandbox: &Sandbox) {
    sandbox.ecs_pass("").expect(0);
    sandbox.ecs.change(HANGZHOU, |region| "名 *+~'".clone_into(&mut region.machine(1).name));
    sandbox.ecs_pass("--incremental").expect(0);
    sandbox.ecs_pass("--status-only").expect(0);
    // Its last page is requested with a token, and its emptiness is checked.
    sandbox.ecs.cap_pages(5);
    sandbox.ecs.change(HANGZHOU, |region| region.machines.clear());
    sandbox.ecs_pass("").expect(8);

    let log = sandbox.ecs.server().log();
    let actions: BTreeSet<String> =
        log.iter().map(|logged| format!("{} {}", provider(logged), action(logged))).collect();
    assert_eq!(actions, ACTIONS.map(str::to_owned).into());
    assert!(log.iter().any(|logged| logged.parameter("DryRun").is_some()));
    assert!(log.iter().any(|logged| logged.parameter("NextToken").is_some()));

    for (logged, expected) in log.iter().zip(sign_again(sandbox, &log, "")) {
        assert_eq!(logged.header("authorization"), expected, "{} {logged:?}", action(logged));
    }
    for (logged, other) in log.iter().zip(sign_again(sandbox, &log, "x")) {
        assert_ne!(logged.header("authorization"), other, "another secret makes another signature");
    }
}

fn provider(logged: &Logged) -> &'static str {
    if logged.headers.contains_key("x-tc-action") { "tencent" } else { "aliyun" }
}

fn action(logged: &Logged) -> String {
    ["x-acs-action", "x-tc-action"].map(|name| logged.header(name)).concat()
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
    let key = sandbox.ecs.key(if provider == "tencent" { Ecs::TENCENT } else { Ecs::ALIYUN });
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
