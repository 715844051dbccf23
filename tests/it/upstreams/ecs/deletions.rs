//! What is deleted, and what must not be.

use serde_json::json;

use super::{BEIJING, GUANGZHOU, HANGZHOU, check_counts, scope};
use crate::sandbox::{Fault, Rule, Settings};
use crate::support::Sandbox;

#[test]
fn an_instance_that_is_gone_becomes_a_tombstone_and_may_come_back() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    let mut machine = None;
    sandbox.ecs.change(BEIJING, |region| machine = Some(region.machines.remove(5)));
    let machine = machine.expect("it was there");
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 35, 1, 0]);
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 35, 0, 0]);
    sandbox.ecs.change(BEIJING, |region| region.machines.push(machine.clone()));
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 35, 0, 1]);
    let kinds: Vec<String> = sandbox.changes_of(&machine.id);
    assert_eq!(kinds, ["added :  → ", "deleted :  → ", "restored :  → "]);
}

#[test]
fn truncated_listing_deletes_nothing() {
    let sandbox = Sandbox::start(Settings { instances: 30, ..Settings::default() });
    sandbox.ecs_pass("").expect(0);
    sandbox.ecs.cap_pages(10);
    sandbox.ecs.change(HANGZHOU, |region| drop(region.machines.remove(0)));
    let cut = Rule::on("/", Fault::Cut(100)).mentioning(HANGZHOU).mentioning("DescribeInstances").after(2);
    sandbox.ecs.server().add(cut);
    let outcome = sandbox.ecs_pass("").expect(3);
    check_counts(&outcome, [0, 0, 60, 0, 0]);
    assert_eq!(scope(&outcome, "ecs/prod/cn-hangzhou")["error"]["class"], "unavailable");
    assert_eq!(sandbox.instances_in(HANGZHOU), 30);

    sandbox.ecs.server().clear_faults();
    check_counts(&sandbox.ecs_pass("").expect(0), [0, 0, 89, 1, 0]);
}

#[test]
fn a_listing_that_contradicts_its_total_deletes_nothing() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    sandbox.ecs.change(GUANGZHOU, |region| region.skipped = 2);
    let outcome = sandbox.ecs_pass("").expect(3);
    assert_eq!(outcome.count("deleted"), 0);
    assert_eq!(scope(&outcome, "ecs/game/ap-guangzhou")["status"], "partial");
    assert_eq!(sandbox.instances_in(GUANGZHOU), 12);
}

#[test]
fn an_empty_region_is_deleted_only_when_that_is_accepted() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    for region in [HANGZHOU, GUANGZHOU] {
        sandbox.ecs.change(region, |region| region.machines.clear());
    }
    sandbox.ecs.server().take_log();
    sandbox.ecs_pass("").expect(8);
    assert_eq!([HANGZHOU, GUANGZHOU].map(|region| sandbox.instances_in(region)), [12, 12]);
    let log = sandbox.ecs.server().take_log();
    let asked_again = log.iter().filter(|logged| logged.parameter("DryRun").as_deref() == Some("true"));
    assert_eq!(asked_again.count(), 1, "only one of the two clouds has a dry run");
    check_counts(&sandbox.ecs_pass("--accept-deletes 12").expect(0), [0, 0, 12, 24, 0]);
    assert_eq!([HANGZHOU, BEIJING].map(|region| sandbox.instances_in(region)), [0, 12]);
}

#[test]
fn empty_listing_without_permission_is_an_auth_error() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    for region in [HANGZHOU, BEIJING] {
        sandbox.ecs.change(region, |region| region.is_hidden = true);
    }
    sandbox.ecs_pass("--account prod --accept-deletes 100").expect(6);
    assert_eq!([HANGZHOU, BEIJING].map(|region| sandbox.instances_in(region)), [12, 12]);
    assert_eq!(sandbox.database().count("ecs_changes WHERE kind = 'deleted'"), 0);
}

#[test]
fn unreadable_row_is_a_problem_and_not_a_deletion() {
    let sandbox = Sandbox::small();
    sandbox.ecs_pass("").expect(0);
    for region in [BEIJING, GUANGZHOU] {
        sandbox.ecs.change(region, |region| {
            region.machine(2).is_garbled = true;
            "renamed".clone_into(&mut region.machine(3).name);
        });
    }
    let outcome = sandbox.ecs_pass("").expect(3);
    check_counts(&outcome, [0, 2, 32, 0, 0]);
    assert_eq!(outcome.count("failed"), 2);
    assert_eq!(sandbox.instances_in(BEIJING), 12);
}

#[test]
fn totals_that_differ_between_pages_delete_no_live_instance() {
    let sandbox = Sandbox::small();
    let pages = |pages: &[(std::ops::Range<usize>, u64)]| {
        sandbox.ecs.server().clear_faults();
        for (rows, total) in pages {
            let rows: Vec<_> = rows.clone().map(|number| json!({"InstanceId": format!("ins-{number:04}")})).collect();
            let body = json!({"Response": {"TotalCount": total, "InstanceSet": rows, "RequestId": "r"}}).to_string();
            let rule = Rule::on("/", Fault::Bytes(body.into_bytes())).mentioning("DescribeInstances");
            sandbox.ecs.server().add(rule.mentioning(GUANGZHOU).times(1));
        }
        sandbox.ecs_pass("--account game --regions ap-guangzhou")
    };
    let whole = [(0..100, 250), (100..200, 250), (200..250, 250)];
    // The first instance is destroyed after page 1: the others move up, and one of them is on no page.
    let drifted = [(0..100, 250), (101..201, 249), (201..250, 249)];
    let steady = [(1..101, 249), (101..201, 249), (201..250, 249)];
    check_counts(&pages(&whole).expect(0), [250, 0, 0, 0, 0]);
    let outcome = pages(&[drifted.clone(), drifted.clone()].concat()).expect(3);
    assert!(outcome.stdout.contains("250 rows in all, then 249"), "{}", outcome.stdout);
    assert_eq!((outcome.count("deleted"), sandbox.instances_in(GUANGZHOU)), (0, 250));
    check_counts(&pages(&[drifted, steady].concat()).expect(0), [0, 0, 249, 1, 0]);
    assert_eq!(sandbox.changes_of("ins-0000"), ["added :  → ", "deleted :  → "]);
    assert_eq!(sandbox.changes_of("ins-0100"), ["added :  → "]);
}
